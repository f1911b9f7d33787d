//! A key in a variable of the client's environment stands in where no credential is saved: for one call, stored nowhere.

use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::sandbox::Sandbox;
use harness::service::{Baseten, Fault, Service};
use harness::stage;
use harness::wire;
use proto::login::LoginRequest;
use proto::provider::Method;
use proto::secret::Secret;
use serde_json::Value;

const KEY: &str = "canary-key-of-ci-0002";
const SAVED: &str = "canary-key-saved-0003";

struct Ci {
    sandbox: Sandbox,
    service: Service<Baseten>,
    daemon: Process,
}

impl Ci {
    /// The environment in use is a service on loopback that accepts the key.
    fn new() -> Self {
        let (sandbox, service) = (Sandbox::new(), Service::launch(Baseten::default()));
        service.follow_real_time();
        service.add_key(KEY);
        service.add_key(SAVED);
        let ci = Self { daemon: Process::start(&sandbox), sandbox, service };
        drop(ci.plain(&["env", "add", "lab", ci.service.url(), "--provider", "baseten"]).ok());
        drop(ci.plain(&["env", "switch", "lab", "--provider", "baseten"]).ok());
        ci
    }

    fn plain(&self, arguments: &[&str]) -> Ran {
        Ctl::new(&self.sandbox, arguments).run()
    }

    fn with_key(&self, arguments: &[&str]) -> Ran {
        Ctl::new(&self.sandbox, arguments).env("BASETEN_API_KEY", KEY).run()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.with_key(&[arguments, &["-o", "json"]].concat()).ok();
        serde_json::from_str(&ran.out).expect("one JSON document")
    }
}

#[test]
fn a_key_in_a_variable_is_used_where_nothing_is_saved_and_kept_nowhere() {
    let ci = Ci::new();
    assert_eq!(ci.with_key(&["token"]).ok().out, format!("{KEY}\n"));
    let status = ci.json(&["status"]);
    assert_eq!(status["credential"]["source"], "environment");
    assert_eq!(status["credential"]["variable"], "BASETEN_API_KEY");
    assert_eq!(status["credential"]["url"], ci.service.url());
    assert_eq!(status["profile"], Value::Null);
    drop(ci.with_key(&["status", "--exit-status"]).ok());
    let shown = ci.with_key(&["status"]).ok();
    assert!(shown.out.contains("BASETEN_API_KEY") && !shown.out.contains(KEY), "{shown:?}");
    assert!(ci.service.ledger().entries().is_empty(), "all that is local");

    let whoami = ci.json(&["whoami"]);
    assert_eq!(whoami["account"]["email"], "ada@example.test");
    let ledger = ci.service.ledger();
    let asked = ledger.last(Baseten::GRAPHQL).expect("the service was asked");
    assert_eq!(asked.header("authorization"), Some(format!("Api-Key {KEY}").as_str()));

    drop(ci.plain(&["token"]).fails(3));
    drop(ci.plain(&["status", "--exit-status"]).fails(3));
    assert_eq!(ci.plain(&["list"]).ok().out.matches("baseten").count(), 0, "no profile was made");
    let log = ci.daemon.log();
    assert!(!log.contains(KEY));
    let needle = KEY.as_bytes();
    let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(ci.sandbox.files().iter().all(|(_, bytes)| !holds(bytes)), "no file has it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_credential_wins_over_the_variable() {
    let ci = Ci::new();
    let wire = ci.daemon.wire();
    let request = LoginRequest {
        profile: Some(wire::name("work")),
        provider: Some("baseten".parse().expect("a good name")),
        method: Some(Method::ApiKey),
        key: Some(Secret::new(SAVED.to_owned())),
        switch: true,
        ..LoginRequest::default()
    };
    let started = wire.login(&request).await.expect("the login starts");
    drop(stage::done(wire.follow(started.id.as_str(), async |_| {}).await));
    assert_eq!(ci.with_key(&["token"]).ok().out, format!("{SAVED}\n"));
    assert_eq!(ci.json(&["status"])["credential"], Value::Null);
    ci.service.end(SAVED);
    let refused = ci.with_key(&["whoami"]).fails(3);
    assert!(refused.out.is_empty(), "a credential that is refused is not quietly replaced: {refused:?}");
    drop(ci.plain(&["logout", "work", "--yes"]).ok());
    assert_eq!(ci.with_key(&["token"]).ok().out, format!("{KEY}\n"), "after a logout nothing is saved");
}

#[test]
fn a_variable_of_two_services_is_not_guessed_between_and_an_unknown_name_is_a_mistake() {
    let ci = Ci::new();
    let two = Ctl::new(&ci.sandbox, &["token"]).env("BASETEN_API_KEY", KEY).env("TANK_TOKEN", "tank_canary-x");
    let told = two.run().fails(2);
    assert!(told.err.contains("BASETEN_API_KEY") && told.err.contains("TANK_TOKEN"), "{told:?}");
    assert!(told.out.is_empty() && !told.err.contains("canary"), "{told:?}");
    let unknown = ci.with_key(&["token", "-p", "nobody"]);
    assert!(unknown.code != Some(0) && unknown.out.is_empty(), "{unknown:?}");
}

#[test]
fn a_service_that_fails_is_told_as_for_a_profile() {
    let ci = Ci::new();
    for (fault, code) in [
        (Fault::Refuses, 7),
        (Fault::status(500), 7),
        (Fault::retry_after(429, 60), 7),
        (Fault::Html(200), 7),
        (Fault::Garbage, 7),
        (Fault::HugeBody(1 << 20), 7),
        (Fault::status(401), 3),
        (Fault::status(403), 4),
    ] {
        ci.service.next(Baseten::GRAPHQL, fault.clone());
        let before = ci.service.count(Baseten::GRAPHQL);
        let ran = ci.with_key(&["whoami"]).fails(code);
        assert!(!ran.err.is_empty() && !ran.err.contains("canary"), "{fault:?}: {ran:?}");
        assert_eq!(ci.service.count(Baseten::GRAPHQL) - before, 1, "{fault:?}");
    }
    drop(ci.with_key(&["whoami"]).ok());
}
