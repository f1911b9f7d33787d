//! Stores filled with logins that nobody made, for measurements that need many.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agentd::secret::{AccessToken, RefreshToken};
use agentd::store::record::{Grant, Oauth, Record, RecordId, Settings};
use agentd::store::{Location, Store};
use agentd::supervise::Tasks;
use futures_util::future::try_join_all;
use harness::sandbox::Sandbox;

/// Characters of an opaque access token.
pub(crate) const OPAQUE: usize = 50;
/// Characters of a signed access token.
pub(crate) const SIGNED: usize = 1000;
/// Characters of a refresh token.
const REFRESH_TOKEN: usize = 200;
/// Where nobody listens: the discard port.
const NOBODY: &str = "http://127.0.0.1:9";

/// The name of the login with this number.
pub(crate) fn name(number: usize) -> String {
    format!("profile-{number}")
}

/// A sandbox whose store holds `logins` logins at an issuer that is down, with fresh access tokens of `length` characters.
pub(crate) async fn sandbox(logins: usize, length: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let (tasks, paths) = (Tasks::root(), sandbox.paths());
    let location = Location::File { database: paths.store(), key: paths.key() };
    let (store, _) = Store::open(location, &tasks).expect("the sandbox is writable");
    try_join_all((0..logins).map(|number| store.put(record(number, length)))).await.expect("the sandbox has room");
    store.close();
    drop(store);
    assert!(tasks.stop(Duration::from_mins(1)).await, "the store is closed");
    sandbox
}

fn record(number: usize, length: usize) -> Record {
    let now = jiff::Timestamp::now().as_second();
    let settings = Settings {
        issuer: NOBODY.to_owned(),
        client_id: "bench".to_owned(),
        scope: Some("openid profile offline_access".to_owned()),
        ..Settings::default()
    };
    let oauth = Oauth {
        refresh_token: Some(Arc::new(RefreshToken::new(format!("{number:0>REFRESH_TOKEN$}")))),
        access_token: Arc::new(AccessToken::new(format!("{number:0>length$}"))),
        token_type: "Bearer".to_owned(),
        issued_at: now,
        life: Some(3600),
        scope: Some("openid profile offline_access".to_owned()),
        requested_scope: None,
        logged_in_at: now,
        refreshed_at: None,
        generation: 1,
        authentication: "none".to_owned(),
        token_endpoint: format!("{NOBODY}/token"),
        revocation_endpoint: Some(format!("{NOBODY}/revoke")),
        reach: None,
        userinfo_endpoint: None,
        account: BTreeMap::from([("sub".to_owned(), format!("subject-{number}"))]),
    };
    Record {
        settings: Some(settings),
        grant: Some(Grant::Oauth(Box::new(oauth))),
        ..Record::bare(RecordId(number as u64 + 1), 1, &name(number), "authorization-code")
    }
}
