//! Opening: finds or makes key and file, recognises a wrong key and a newer format before anything is changed, and reads
//! every record.
//!
//! One record that does not open costs that record alone. The database may panic on a file that was altered behind its
//! back; that is caught here and reported as damage.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use redb::Database;

use super::Loaded;
use super::cipher::{Cipher, Subject};
use super::database::{self, FORMAT, Reading};
use super::error::OpenError;
use super::key;
use super::record::{self, Choice, Record, RecordId};
use crate::private;

const CHECK: &[u8] = b"agentd store";

/// What a file holds.
pub(super) struct Found {
    pub(super) loaded: Loaded,
    /// The sequence of every stored record; beyond reach for a damaged one, so that it is never overwritten.
    pub(super) sequences: HashMap<RecordId, u64>,
}

/// Opens or makes the file at `path` under the key at `key_path`.
pub(super) fn open(path: &Path, key_path: &Path) -> Result<(Cipher, Database, Found), OpenError> {
    private::directory(private::parent(path))?;
    private::directory(private::parent(key_path))?;
    // A link whose target is gone counts as there: it is refused when it is opened.
    let exists = path.symlink_metadata().is_ok();
    let cipher = match (key::read(key_path)?, exists) {
        (Some(key), _) => Cipher::new(&key),
        (None, false) => Cipher::new(&key::create(key_path)?),
        (None, true) => {
            return Err(OpenError::KeyMissing { database: path.to_owned(), key: key_path.to_owned() });
        }
    };
    let attempt = AssertUnwindSafe(|| {
        if !exists {
            database::create(path, &seal_check(&cipher))?;
        }
        database::inspect(path, |reading| verify(reading, &cipher, path, key_path))?;
        let database = database::open(path)?;
        let reading = Reading::of(path, &database)?;
        verify(&reading, &cipher, path, key_path)?;
        let found = read(&reading, &cipher)?;
        Ok((database, found))
    });
    let (database, found) =
        std::panic::catch_unwind(attempt).unwrap_or_else(|_| Err(OpenError::damaged(path, "its pages do not fit")))?;
    Ok((cipher, database, found))
}

/// The value by which a wrong key is recognised.
pub(super) fn seal_check(cipher: &Cipher) -> Vec<u8> {
    cipher.seal(Subject::Check, FORMAT, 0, CHECK)
}

/// The note of which record is current.
pub(super) fn seal_current(cipher: &Cipher, id: u64) -> Vec<u8> {
    cipher.seal(Subject::Current, FORMAT, 0, &id.to_be_bytes())
}

/// The choices of each provider.
pub(super) fn seal_choices(cipher: &Cipher, choices: &BTreeMap<String, Choice>) -> Vec<u8> {
    cipher.seal(Subject::Choices, FORMAT, 0, &record::choices::encode(choices))
}

fn verify(reading: &Reading<'_>, cipher: &Cipher, path: &Path, key_path: &Path) -> Result<(), OpenError> {
    match reading.format()?.as_deref() {
        Some([FORMAT]) => {}
        Some([found]) if *found > FORMAT => {
            return Err(OpenError::Newer { path: path.to_owned(), found: *found, known: FORMAT });
        }
        _ => return Err(OpenError::damaged(path, "it does not say its format")),
    }
    let check = reading.check()?.unwrap_or_default();
    if cipher.open(Subject::Check, &check).is_ok() {
        return Ok(());
    }
    // The check value itself may be what is damaged: a key that opens a record is the right one.
    let mut right = false;
    reading.records(|id, sealed| {
        right = cipher.open(Subject::Record(id), sealed).is_ok();
        !right
    })?;
    if right { Ok(()) } else { Err(OpenError::WrongKey { database: path.to_owned(), key: key_path.to_owned() }) }
}

/// Reads everything.
pub(super) fn read(reading: &Reading<'_>, cipher: &Cipher) -> Result<Found, OpenError> {
    let mut loaded = Loaded::default();
    let mut sequences = HashMap::new();
    reading.records(|id, sealed| {
        loaded.highest = Some(id);
        if let Some(record) = open_record(cipher, id, sealed) {
            sequences.insert(id, record.sequence);
            loaded.records.push(record);
        } else {
            tracing::error!(record = id.0, "a stored record does not open; it is left as it is");
            sequences.insert(id, u64::MAX);
            loaded.damaged += 1;
        }
        true
    })?;
    if let Some(sealed) = reading.current()? {
        let plain = cipher.open(Subject::Current, &sealed).ok().map(|opened| opened.plain);
        loaded.current = plain.and_then(|plain| Some(RecordId(u64::from_be_bytes(plain.as_slice().try_into().ok()?))));
        if loaded.current.is_none() {
            tracing::error!("the note of which profile is current does not open");
            loaded.damaged += 1;
        }
    }
    if let Some(sealed) = reading.choices()? {
        let plain = cipher.open(Subject::Choices, &sealed).ok().map(|opened| opened.plain);
        if let Some(choices) = plain.and_then(|plain| record::choices::decode(&plain)) {
            loaded.choices = choices;
        } else {
            tracing::error!("the note of the choices of each provider does not open");
            loaded.damaged += 1;
        }
    }
    Ok(Found { loaded, sequences })
}

fn open_record(cipher: &Cipher, id: RecordId, sealed: &[u8]) -> Option<Record> {
    let opened = cipher.open(Subject::Record(id), sealed).ok()?;
    let record = Record::decode(opened.version, &opened.plain).ok()?;
    // The seal vouches for both; a record that says otherwise was made by a faulty program.
    (record.id == id && record.sequence == opened.sequence).then_some(record)
}
