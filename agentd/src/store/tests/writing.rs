//! The writer: order, group commit, failure and recovery.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::{join_all, poll_immediate};

use super::fault::{Disk, Handle};
use super::samples::{end, key, text};
use crate::secret::{SealingKey, random};
use crate::store::cipher::Cipher;
use crate::store::database::{self, Reading};
use crate::store::record::RecordId;
use crate::store::{Kind, Location, OpenError, Store, WriteError, load};
use crate::supervise::Tasks;

const NAME: &str = "/on/the/faulty/disk";

fn cipher() -> Cipher {
    Cipher::new(&SealingKey::new(zeroize::Zeroizing::new([7; 32])))
}

/// An empty store on `disk`.
pub(crate) fn on(disk: &Arc<Disk>, tasks: &Tasks) -> Store {
    let path = Path::new(NAME);
    let database = database::initialise(path, Handle(Arc::clone(disk)), &load::seal_check(&cipher())).unwrap();
    let again = Arc::clone(disk);
    let reopen = Box::new(move || {
        database::over(Handle(Arc::clone(&again))).map_err(|error| OpenError::database(Path::new(NAME), error))
    });
    Store::start(path.to_owned(), cipher(), database, reopen, HashMap::new(), tasks).unwrap()
}

fn content(disk: &Arc<Disk>) -> Vec<String> {
    let database = database::over(Handle(Arc::clone(disk))).unwrap();
    let reading = Reading::of(Path::new(NAME), &database).unwrap();
    load::read(&reading, &cipher()).unwrap().loaded.records.iter().map(text).collect()
}

#[tokio::test]
async fn a_stale_sequence_is_refused_and_does_not_spoil_its_neighbours() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let store = on(&disk, &tasks);
    store.put(key(1, 5)).await.unwrap();
    for stale in [0, 4, 5] {
        assert_eq!(store.put(key(1, stale)).await, Err(WriteError::Stale));
    }
    let (older, newer, other) = tokio::join!(store.put(key(1, 3)), store.put(key(1, 6)), store.put(key(2, 1)));
    assert_eq!((older, newer, other), (Err(WriteError::Stale), Ok(()), Ok(())));
    assert!(store.healthy(), "a refused record is no failure of the disk");
    end(store, tasks).await;
    assert_eq!(content(&disk), [text(&key(1, 6)), text(&key(2, 1))]);
}

#[tokio::test]
async fn two_hundred_writes_at_once_share_a_few_transactions() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let store = on(&disk, &tasks);
    disk.hold_flushes(true);
    let mut writes: Vec<_> = (0..200).map(|id| Box::pin(tokio::task::unconstrained(store.put(key(id, 1))))).collect();
    // Each is queued while the first transaction cannot end.
    for write in &mut writes {
        assert!(poll_immediate(write).await.is_none());
    }
    let before = disk.flushes.load(Ordering::SeqCst);
    disk.hold_flushes(false);
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    let flushes = disk.flushes.load(Ordering::SeqCst) - before;
    // Two transactions, and what the database flushes when its file grows.
    assert!(flushes <= 8, "{flushes} flushes");
    end(store, tasks).await;
    assert_eq!(content(&disk).len(), 200);
}

#[tokio::test]
async fn a_full_disk_is_shown_and_left_behind_by_the_next_write_that_succeeds() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let store = on(&disk, &tasks);
    store.put(key(1, 1)).await.unwrap();
    assert!(store.healthy());

    disk.set_full(true);
    for _ in 0..3 {
        let error = store.put(key(1, 2)).await.expect_err("the disk is full");
        assert!(matches!(error, WriteError::Unwritable { .. }), "{error}");
        assert!(error.to_string().contains(NAME));
        assert!(!store.healthy());
    }
    disk.set_full(false);
    assert!(!store.healthy(), "nothing was written yet");
    store.put(key(1, 2)).await.expect("the same record may be written again");
    assert!(store.healthy());
    assert_eq!(store.put(key(1, 2)).await, Err(WriteError::Stale));
    end(store, tasks).await;
    assert_eq!(content(&disk), [text(&key(1, 2))]);
}

#[tokio::test]
async fn a_write_whose_caller_has_gone_is_written() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let store = on(&disk, &tasks);
    disk.hold_flushes(true);
    assert!(poll_immediate(Box::pin(store.put(key(1, 1)))).await.is_none());
    disk.hold_flushes(false);
    end(store, tasks).await;
    assert_eq!(content(&disk), [text(&key(1, 1))]);
}

#[tokio::test]
async fn a_closed_store_takes_nothing_and_dropping_the_last_handle_closes() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let store = on(&disk, &tasks);
    let other = store.clone();
    end(store, tasks).await;
    assert_eq!(other.put(key(1, 1)).await, Err(WriteError::Closed));

    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    drop(on(&disk, &tasks));
    assert!(tasks.stop(std::time::Duration::from_secs(30)).await);
}

#[tokio::test]
async fn memory_keeps_nothing_and_is_always_well() {
    let tasks = Tasks::root();
    let (store, loaded) = Store::open(Location::Memory, &tasks).unwrap();
    assert_eq!((store.kind(), store.path(), tasks.running()), (Kind::Memory, None, 0));
    assert!(loaded.records.is_empty() && loaded.current.is_none() && loaded.highest.is_none());
    store.put(key(1, 1)).await.unwrap();
    store.remove(RecordId(1)).await.unwrap();
    store.select(Some(RecordId(1)), &BTreeMap::new()).await.unwrap();
    assert!(store.healthy());
}

#[test]
fn nothing_of_a_record_shows_in_its_sealed_form() {
    let record = key(1, 1);
    let subject = crate::store::cipher::Subject::Record(record.id);
    let cipher = Cipher::new(&SealingKey::new(random()));
    let sealed = cipher.seal(subject, 1, 1, &record.encode());
    for canary in [&b"canary"[..], b"profile-1"] {
        assert!(!sealed.windows(canary.len()).any(|window| window == canary));
    }
    assert_eq!((sealed.len() - 49) % 256, 0, "the length says little");
}
