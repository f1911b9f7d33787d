//! The `[managed]` table of `config.toml`: a key for inference, and whose it is. The rest of the file is the user's.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, TableLike, value};
use zeroize::Zeroizing;

use super::super::FormatError;
use super::super::replace::{self, Symlink};
use crate::secret::{ApiKey, Fingerprint};

const TABLE: &str = "managed";

/// The keys of the table and the words of the credential's values behind them.
const KEYS: &[(&str, &str)] = &[(PROVIDER, "cloud"), ("gateway_user_id", "user_id"), ("gateway_model_id", "model_id")];
const PROVIDER: &str = "gateway_provider";

/// The clouds that the tool knows; with any other word there it fails.
const CLOUDS: &[&str] = &["lambda", "nebius", "yotta"];

/// The file beside the tokens.
pub(super) fn file(tokens: &Path) -> PathBuf {
    tokens.with_file_name("config.toml")
}

/// A document that is complete but for the time.
pub(super) struct Prepared {
    document: DocumentMut,
    mark: String,
}

impl Prepared {
    /// Reads the file beside `tokens` and puts the key in.
    pub(super) fn new(tokens: &Path, key: &ApiKey, values: &BTreeMap<String, String>) -> Result<Self, FormatError> {
        let path = file(tokens);
        let mut document = read(&path)?.unwrap_or_default();
        let table = document.entry(TABLE).or_insert_with(|| Item::Table(Table::new()));
        let table = table.as_table_like_mut().ok_or_else(|| FormatError::unreadable(&path, "`managed` is no table"))?;
        // EXPOSE: a link is a copy of the credential in the form of another tool
        put(table, "gateway_api_key", key.expose());
        for (name, word) in KEYS {
            let value = values.get(*word).map(String::as_str);
            match if *name == PROVIDER { value.and_then(cloud) } else { value } {
                Some(text) => put(table, name, text),
                None => drop(table.remove(name)),
            }
        }
        Ok(Self { document, mark: mark(key.fingerprint()) })
    }

    /// Writes it. The answer is what [`withdraw`] recognises it by.
    pub(super) fn write(mut self, tokens: &Path) -> Result<String, FormatError> {
        // The tokens have been written this moment, which is all the clock that is needed.
        let written = tokens.metadata().map_err(|error| FormatError::io(tokens, error))?.mtime();
        let time = jiff::Timestamp::from_second(written).unwrap_or_default().to_string();
        if let Some(table) = self.document.get_mut(TABLE).and_then(Item::as_table_like_mut) {
            put(table, "synced_at", &time);
        }
        let text = Zeroizing::new(self.document.to_string());
        replace::write(&file(tokens), &text, Symlink::Replaced)?;
        Ok(self.mark)
    }
}

/// Takes the key out of the file beside `tokens` when it is still the marked one.
pub(super) fn withdraw(tokens: &Path, marked: &str) -> Result<(), FormatError> {
    let path = file(tokens);
    let Some(mut document) = read(&path)? else { return Ok(()) };
    let Some(table) = document.get_mut(TABLE).and_then(Item::as_table_like_mut) else { return Ok(()) };
    let key = table.get("gateway_api_key").and_then(Item::as_str);
    if key.is_none_or(|key| mark(Fingerprint::of(key.as_bytes())) != marked) {
        return Ok(());
    }
    for name in KEYS.iter().map(|(name, _)| *name).chain(["synced_at", "gateway_api_key"]) {
        table.remove(name);
    }
    if table.is_empty() {
        document.remove(TABLE);
    }
    let text = Zeroizing::new(document.to_string());
    if text.trim().is_empty() { replace::remove(&path) } else { replace::write(&path, &text, Symlink::Replaced) }
}

/// The address of the service that the file names.
pub(super) fn base(path: &Path) -> Option<String> {
    let document = read(path).ok()??;
    document.get("controlplane_base")?.as_str().map(|base| base.trim_end_matches('/').to_owned())
}

/// Whether the file holds a key.
pub(super) fn has_key(path: &Path) -> bool {
    let document = read(path).ok().flatten().unwrap_or_default();
    let in_table = |name: &str| document.get(name)?.as_table_like()?.get("gateway_api_key")?.as_str().map(str::len);
    [TABLE, "overrides"].iter().any(|name| in_table(name).is_some_and(|length| length > 0))
}

fn read(path: &Path) -> Result<Option<DocumentMut>, FormatError> {
    let Some(text) = replace::read(path)? else { return Ok(None) };
    // The parser's own words quote the file.
    text.parse().map(Some).map_err(|_| FormatError::unreadable(path, "it is no TOML"))
}

/// The tool's word for a cloud, which the service calls `CLOUD_PROVIDER_NEBIUS` or the like.
fn cloud(text: &str) -> Option<&'static str> {
    let word = text.strip_prefix("CLOUD_PROVIDER_").unwrap_or(text).to_lowercase();
    CLOUDS.iter().copied().find(|cloud| *cloud == word)
}

/// Sets a value, keeping the comment behind it.
fn put(table: &mut dyn TableLike, name: &str, text: &str) {
    let mut new = value(text);
    if let (Some(old), Some(new)) = (table.get(name).and_then(Item::as_value), new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    table.insert(name, new);
}

fn mark(fingerprint: Fingerprint) -> String {
    crate::link::hex(&fingerprint.0)
}
