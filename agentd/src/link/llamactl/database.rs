//! `profiles.db`: its layout, and the rows in it. What is overwritten or deleted is wiped from the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use zeroize::Zeroizing;

use super::super::json::Object;
use super::super::{FormatError, inspect, replace};
use crate::secret::Fingerprint;

/// The tool holds it for moments only.
const PATIENCE: Duration = Duration::from_secs(2);

/// The layout since the columns for a browser login were added.
const VERSION: i64 = 2;

/// What the tool itself makes of an empty file.
const LAYOUT: &str = "
    CREATE TABLE profiles (name TEXT NOT NULL, api_url TEXT NOT NULL, project_id TEXT NOT NULL, api_key TEXT,
        api_key_id TEXT, device_oidc TEXT, id TEXT, PRIMARY KEY (name, api_url));
    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE environments (api_url TEXT PRIMARY KEY, requires_auth INTEGER NOT NULL, min_llamactl_version TEXT);
    CREATE UNIQUE INDEX idx_profiles_id ON profiles(id);
    INSERT INTO settings VALUES ('current_environment_api_url', 'https://api.cloud.llamaindex.ai');
    INSERT INTO environments VALUES ('https://api.cloud.llamaindex.ai', 1, NULL);
    PRAGMA user_version = 2;
";

/// Which profile, and which service, a command without either is about.
pub(super) const PROFILE: &str = "current_profile";
pub(super) const ENVIRONMENT: &str = "current_environment_api_url";

/// The database, open.
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
    version: i64,
}

/// A row of `profiles`.
pub(super) struct Row {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) api_url: String,
    pub(super) project: String,
    pub(super) api_key: Option<Zeroizing<String>>,
    pub(super) api_key_id: Option<String>,
    pub(super) device: Option<Zeroizing<String>>,
}

impl Row {
    /// Whether its key is the one with this fingerprint.
    pub(super) fn is(&self, credential: Fingerprint) -> bool {
        self.api_key.as_ref().is_some_and(|key| Fingerprint::of(key.as_bytes()) == credential)
    }

    /// What came of a device login.
    pub(super) fn device(&self) -> Option<Object> {
        Object::parse(self.device.as_deref()?)
    }

    /// Whether it is what an import left: the access token with this fingerprint, and nothing to refresh it with.
    pub(super) fn is_left_of(&self, credential: Fingerprint) -> bool {
        self.device().is_some_and(|device| {
            let token = device.text("device_access_token").map(|token| Fingerprint::of(token.as_bytes()));
            device.text("device_refresh_token").is_none() && token == Some(credential)
        })
    }
}

impl Database {
    /// Opens it; `None` when there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, FormatError> {
        if !replace::check(path)? {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "secure_delete", true)?;
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        };
        let (connection, version) = open().map_err(|error| trouble(path, &error))?;
        Ok(Some(Self { connection, path: path.to_owned(), version }))
    }

    /// Opens it to write a credential into it, private and with the present layout; it is made where missing.
    pub(super) fn prepare(path: &Path) -> Result<Self, FormatError> {
        if !replace::check(path)? {
            replace::write(path, "", replace::Symlink::Followed)?;
        }
        replace::tighten(&inspect::exposed(&[path]))?;
        let gone = || FormatError::io(path, "it has vanished");
        let mut database = Self::open(path)?.ok_or_else(gone)?;
        if database.version == 0 && !database.has_tables()? {
            database.transact(|transaction| transaction.execute_batch(LAYOUT))?;
            database.version = VERSION;
        }
        if database.version < VERSION {
            return Err(FormatError::unreadable(
                path,
                "it has the layout of an older `llamactl`; run a present one once",
            ));
        }
        Ok(database)
    }

    /// Whether an older version of the tool made it.
    pub(super) fn is_old(&self) -> bool {
        self.version < VERSION
    }

    /// All profiles.
    pub(super) fn rows(&self) -> Result<Vec<Row>, FormatError> {
        if !self.has_tables()? {
            return Ok(Vec::new());
        }
        rows(&self.connection, !self.is_old()).map_err(|error| trouble(&self.path, &error))
    }

    /// Does something as a whole or not at all.
    pub(super) fn transact<T>(
        &mut self,
        what: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, FormatError> {
        let done = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = what(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        done().map_err(|error| trouble(&self.path, &error))
    }

    fn has_tables(&self) -> Result<bool, FormatError> {
        let found = self.connection.table_exists(None, "profiles");
        found.map_err(|error| trouble(&self.path, &error))
    }
}

/// All profiles, for use within a transaction; `whole` when the layout is the present one.
pub(super) fn rows(connection: &Connection, whole: bool) -> rusqlite::Result<Vec<Row>> {
    let columns = if whole { "api_key_id, device_oidc, id" } else { "NULL, NULL, NULL" };
    let all = format!("SELECT name, api_url, project_id, api_key, {columns} FROM profiles ORDER BY name, api_url");
    let mut statement = connection.prepare(&all)?;
    let rows = statement.query_map([], |row| {
        Ok(Row {
            name: row.get(0)?,
            api_url: row.get(1)?,
            project: row.get(2)?,
            api_key: row.get::<_, Option<String>>(3)?.filter(|key| !key.is_empty()).map(Zeroizing::new),
            api_key_id: row.get(4)?,
            device: row.get::<_, Option<String>>(5)?.filter(|device| !device.is_empty()).map(Zeroizing::new),
            id: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// Puts a row in, in place of the one with its name and service; an identifier that is there stays.
pub(super) fn put(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let key = row.api_key.as_ref().map(|key| key.as_str());
    let device = row.device.as_ref().map(|device| device.as_str());
    let id = row.id.clone().unwrap_or_else(identifier);
    connection.execute(
        "INSERT INTO profiles (name, api_url, project_id, api_key, api_key_id, device_oidc, id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (name, api_url) DO UPDATE SET project_id = ?3, api_key = ?4, api_key_id = ?5, device_oidc = ?6,
         id = COALESCE(id, ?7)",
        params![row.name, row.api_url, row.project, key, row.api_key_id, device, id],
    )?;
    Ok(())
}

/// Takes a row out.
pub(super) fn delete(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM profiles WHERE name = ?1 AND api_url = ?2", params![row.name, row.api_url])?;
    Ok(())
}

/// A setting.
pub(super) fn setting(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Changes a setting.
pub(super) fn set(connection: &Connection, key: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => connection.execute("INSERT OR REPLACE INTO settings VALUES (?1, ?2)", [key, value])?,
        None => connection.execute("DELETE FROM settings WHERE key = ?1", [key])?,
    };
    Ok(())
}

/// A random identifier in the form of RFC 9562 §5.4.
fn identifier() -> String {
    let mut bytes = *crate::secret::random::<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = crate::link::hex(&bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

fn trouble(path: &Path, error: &rusqlite::Error) -> FormatError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            FormatError::unreadable(path, "it is no sound SQLite database")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            FormatError::io(path, "another program keeps it locked")
        }
        Some(_) => FormatError::io(path, error),
        None => FormatError::unreadable(path, "a row has not the form it should have"),
    }
}
