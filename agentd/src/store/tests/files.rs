//! Real files: what a restart finds, and what is refused.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use redb::{ReadableTable as _, TableDefinition};

use super::samples::{Place, end, full, key, text};
use crate::store::record::RecordId;
use crate::store::{Kind, OpenError, PrivateError, WriteError};
use crate::supervise::Tasks;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// Changes the tables behind the store's back.
fn tamper(path: &Path, change: impl FnOnce(&mut redb::Table<'_, &str, &[u8]>, &mut redb::Table<'_, u64, &[u8]>)) {
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&mut transaction.open_table(META).unwrap(), &mut transaction.open_table(RECORDS).unwrap());
    transaction.commit().unwrap();
}

fn sealed(records: &redb::Table<'_, u64, &[u8]>, id: u64) -> Vec<u8> {
    records.get(id).unwrap().expect("it is there").value().to_vec()
}

#[tokio::test]
async fn a_restart_finds_what_was_written() {
    let (place, tasks) = (Place::new(), Tasks::root());
    let (store, loaded) = place.open(&tasks).unwrap();
    assert!(loaded.records.is_empty() && loaded.damaged == 0);
    assert_eq!((store.kind(), store.path()), (Kind::File, Some(place.database().as_path())));
    store.put(key(1, 1)).await.unwrap();
    store.put(full(2, 8)).await.unwrap();
    store.put(key(3, 1)).await.unwrap();
    store.put(key(1, 2)).await.unwrap();
    store.remove(RecordId(3)).await.unwrap();
    store.remove(RecordId(99)).await.unwrap();
    store.select(Some(RecordId(2)), &BTreeMap::new()).await.unwrap();
    end(store, tasks).await;

    let tasks = Tasks::root();
    let (store, loaded) = place.open(&tasks).unwrap();
    let texts: Vec<_> = loaded.records.iter().map(text).collect();
    assert_eq!(texts, [text(&key(1, 2)), text(&full(2, 8))]);
    assert_eq!((loaded.current, loaded.damaged, loaded.highest), (Some(RecordId(2)), 0, Some(RecordId(2))));
    assert_eq!(store.put(full(2, 8)).await, Err(WriteError::Stale), "sequences survive a restart");
    store.select(None, &BTreeMap::new()).await.unwrap();
    end(store, tasks).await;
    assert_eq!(place.found().await.unwrap().current, None);
    for file in [place.database(), place.key()] {
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
    }
}

#[tokio::test]
async fn a_copy_taken_while_it_is_open_has_what_was_acknowledged() {
    let (place, crashed, tasks) = (Place::new(), Place::new(), Tasks::root());
    let (store, _) = place.open(&tasks).unwrap();
    store.put(key(1, 1)).await.unwrap();
    // As after a kill: the file was never closed.
    fs::copy(place.database(), crashed.database()).unwrap();
    fs::copy(place.key(), crashed.key()).unwrap();
    let loaded = crashed.found().await.unwrap();
    assert_eq!(loaded.records.iter().map(text).collect::<Vec<_>>(), [text(&key(1, 1))]);
    end(store, tasks).await;
}

#[tokio::test]
async fn a_wrong_key_is_told_from_damage_and_changes_nothing() {
    let (place, other) = (Place::new(), Place::new());
    place.fill([key(1, 1)]).await;
    other.fill([]).await;
    fs::copy(other.key(), place.key()).unwrap();
    let before = fs::read(place.database()).unwrap();
    let error = place.found().await.expect_err("the key is another's");
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("store.key")));
    assert!(before == fs::read(place.database()).unwrap());
}

#[tokio::test]
async fn a_missing_key_is_never_replaced() {
    let place = Place::new();
    place.fill([key(1, 1)]).await;
    fs::remove_file(place.key()).unwrap();
    assert!(matches!(place.found().await, Err(OpenError::KeyMissing { .. })));
    assert!(!place.key().exists());
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let place = Place::new();
    place.fill([key(1, 1)]).await;
    tamper(&place.database(), |meta, _| drop(meta.insert("format", [2_u8].as_slice()).unwrap()));
    let before = fs::read(place.database()).unwrap();
    let error = place.found().await.expect_err("format 2 is not known");
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
    assert!(before == fs::read(place.database()).unwrap());
}

#[tokio::test]
async fn one_flipped_bit_costs_one_record_which_is_left_as_it_is() {
    let place = Place::new();
    place.fill([key(1, 1), key(2, 1), key(3, 1)]).await;
    let mut flipped = Vec::new();
    tamper(&place.database(), |_, records| {
        flipped = sealed(records, 3);
        flipped[60] ^= 4;
        drop(records.insert(3, flipped.as_slice()).unwrap());
    });
    let tasks = Tasks::root();
    let (store, loaded) = place.open(&tasks).unwrap();
    assert_eq!(loaded.records.iter().map(|record| record.id.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((loaded.damaged, loaded.highest), (1, Some(RecordId(3))));
    assert_eq!(store.put(key(3, 1000)).await, Err(WriteError::Stale), "nothing is written over it");
    end(store, tasks).await;
    tamper(&place.database(), |_, records| assert_eq!(sealed(records, 3), flipped));
}

#[tokio::test]
async fn swapped_and_renumbered_records_are_noticed() {
    let place = Place::new();
    place.fill([key(1, 1), key(2, 1), key(3, 1)]).await;
    tamper(&place.database(), |_, records| {
        let (one, two, mut three) = (sealed(records, 1), sealed(records, 2), sealed(records, 3));
        three[8] = 9;
        for (id, value) in [(1, two), (2, one), (3, three)] {
            drop(records.insert(id, value.as_slice()).unwrap());
        }
    });
    let loaded = place.found().await.unwrap();
    assert_eq!((loaded.records.len(), loaded.damaged), (0, 3));
}

#[tokio::test]
async fn a_damaged_check_value_does_not_cost_the_records() {
    let place = Place::new();
    place.fill([key(1, 1)]).await;
    tamper(&place.database(), |meta, _| drop(meta.insert("check", [0_u8; 60].as_slice()).unwrap()));
    assert_eq!(place.found().await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_file_cut_anywhere_is_damaged_or_whole_and_never_a_panic() {
    let place = Place::new();
    place.fill((0..20).map(|id| full(id, 1))).await;
    let whole = fs::read(place.database()).unwrap();
    for part in [0, 1, 100, 4096, 5000, whole.len() / 2, whole.len() - 1] {
        fs::write(place.database(), &whole[..part]).unwrap();
        let error = place.found().await.expect_err("it is cut short");
        assert!(matches!(error, OpenError::Damaged { .. }), "{part} bytes: {error}");
        assert!(error.to_string().contains("store.redb") && error.hint().is_some());
    }
    fs::write(place.database(), vec![7; 100_000]).unwrap();
    assert!(matches!(place.found().await, Err(OpenError::Damaged { .. })));
}

#[tokio::test]
async fn a_second_opener_is_turned_away() {
    let (place, tasks) = (Place::new(), Tasks::root());
    let (store, _) = place.open(&tasks).unwrap();
    assert!(matches!(place.found().await, Err(OpenError::Busy { .. })));
    end(store, tasks).await;
    place.found().await.expect("the first has closed it");
}

#[tokio::test]
async fn open_and_linked_paths_are_refused() {
    let place = Place::new();
    place.fill([]).await;
    let exposed = |error: Result<_, OpenError>| matches!(error, Err(OpenError::Path(PrivateError::Exposed { .. })));
    for (path, good, bad) in
        [(place.database(), 0o600, 0o604), (place.key(), 0o600, 0o640), (place.directory(), 0o700, 0o755)]
    {
        fs::set_permissions(&path, Permissions::from_mode(bad)).unwrap();
        assert!(exposed(place.found().await), "{}", path.display());
        fs::set_permissions(&path, Permissions::from_mode(good)).unwrap();
    }
    for path in [place.database(), place.key()] {
        let aside = path.with_extension("aside");
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        assert!(matches!(place.found().await, Err(OpenError::Path(PrivateError::Kind { .. }))), "{}", path.display());
        fs::rename(&aside, &path).unwrap();
    }
    place.found().await.expect("all is as it was");
}

#[tokio::test]
async fn what_a_crash_left_of_a_first_start_is_begun_again() {
    let place = Place::new();
    for name in ["store.key.new", "store.redb.new"] {
        fs::write(place.directory().join(name), "half").unwrap();
    }
    place.fill([key(1, 1)]).await;
    assert_eq!(place.found().await.unwrap().records.len(), 1);
    assert_eq!(fs::read_dir(place.directory()).unwrap().count(), 2);
}
