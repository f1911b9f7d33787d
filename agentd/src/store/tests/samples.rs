//! Records and places that the tests share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::private;
use crate::secret::{AccessToken, ApiKey, ClientSecret, Fingerprint, RefreshToken};
use crate::store::record::{Attempt, Grant, Oauth, Record, RecordId, Settings};
use crate::store::{Loaded, Location, OpenError, Store};
use crate::supervise::Tasks;

/// A directory with a store in it, which is opened and closed as a daemon would.
pub(super) struct Place {
    home: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let place = Self { home: tempfile::tempdir().expect("a temporary directory") };
        private::directory(&place.directory()).expect("it can be made");
        place
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.directory().join("store.redb")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.directory().join("store.key")
    }

    pub(super) fn open(&self, tasks: &Tasks) -> Result<(Store, Loaded), OpenError> {
        Store::open(Location::File { database: self.database(), key: self.key() }, tasks)
    }

    /// What the next daemon would find.
    pub(super) async fn found(&self) -> Result<Loaded, OpenError> {
        let tasks = Tasks::root();
        let (store, loaded) = self.open(&tasks)?;
        end(store, tasks).await;
        Ok(loaded)
    }

    /// Puts `records` in and closes the store.
    pub(super) async fn fill(&self, records: impl IntoIterator<Item = Record>) {
        let tasks = Tasks::root();
        let (store, _) = self.open(&tasks).expect("it opens");
        for record in records {
            store.put(record).await.expect("it is written");
        }
        end(store, tasks).await;
    }
}

/// Closes the store and waits until its file is closed.
pub(super) async fn end(store: Store, tasks: Tasks) {
    store.close();
    assert!(tasks.stop(Duration::from_secs(30)).await, "the writer ends");
}

/// A key's record, the smallest there is.
pub(super) fn key(id: u64, sequence: u64) -> Record {
    Record {
        grant: Some(Grant::Key {
            key: Arc::new(ApiKey::new(format!("canary-key-{id}-{sequence}"))),
            expires_at: None,
            logged_in_at: 1_790_000_000,
            account: BTreeMap::new(),
        }),
        ..Record::bare(RecordId(id), sequence, &format!("profile-{id}"), "key")
    }
}

/// A record with everything in it.
pub(super) fn full(id: u64, sequence: u64) -> Record {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Record {
        settings: Some(Settings {
            issuer: "https://issuer.example".to_owned(),
            client_id: "agent".to_owned(),
            client_secret: Some(Arc::new(ClientSecret::new("canary-client-\"secret\"\\".to_owned()))),
            client_key: None,
            registration: None,
            scope: Some("openid offline_access".to_owned()),
            resources: vec!["https://api.example/".to_owned()],
            ca_file: Some("/etc/agentd/ca.pem".to_owned()),
            redirect_port: Some(8400),
            redirect_uri: Some("http://127.0.0.1:8400/callback".to_owned()),
            endpoints: map(&[("token", "https://issuer.example/token")]),
            auth_params: map(&[("prompt", "consent")]),
        }),
        grant: Some(Grant::Oauth(Box::new(Oauth {
            refresh_token: Some(Arc::new(RefreshToken::new("canary-refresh-1".to_owned()))),
            access_token: Arc::new(AccessToken::new("canary-access-1".to_owned())),
            token_type: "Bearer".to_owned(),
            issued_at: 1_790_000_000,
            life: Some(3600),
            scope: Some("openid".to_owned()),
            requested_scope: Some("openid offline_access".to_owned()),
            logged_in_at: 1_789_000_000,
            refreshed_at: Some(1_790_000_001),
            generation: 7,
            authentication: "basic".to_owned(),
            token_endpoint: "https://issuer.example/token".to_owned(),
            revocation_endpoint: Some("https://issuer.example/revoke".to_owned()),
            reach: None,
            userinfo_endpoint: None,
            account: map(&[("email", "ada@example.org"), ("name", "Ada “L”"), ("sub", "1234")]),
        }))),
        login_required: Some("rotation-uncertain".to_owned()),
        attempt: Some(Attempt { presented: Fingerprint::of(b"canary-refresh-1"), first_at: 1_790_000_100, tries: 2 }),
        ..Record::bare(RecordId(id), sequence, "work", "authorization-code")
    }
}

/// Everything in a record, secrets included, as one text to compare.
pub(super) fn text(record: &Record) -> String {
    String::from_utf8(record.encode().to_vec()).expect("JSON").trim_end().to_owned()
}
