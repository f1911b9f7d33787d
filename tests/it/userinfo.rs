//! Userinfo (OpenID Connect Core §5.3): who is logged in at a service that nobody describes, and which answers are not
//! believed.

use harness::issuer::{Behaviour, Config, Endpoint, IdToken, Looks, Published};
use harness::stage::{PROFILE, Stage, done};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::{Code, Problem};
use proto::profile::Account;
use proto::route;
use proto::whoami::{ProbeRequest, ProbeStatus, Probed, Whoami, WhoamiRequest};
use serde_json::{Value, json};

/// ID tokens that tell no more than who it is.
fn terse() -> Config {
    let claims = json!({"name": null, "email": null}).as_object().cloned().unwrap_or_default();
    Config { id_token: IdToken { claims, ..IdToken::default() }, ..Config::default() }
}

async fn whoami(stage: &Stage) -> Result<Whoami, Problem> {
    let request = WhoamiRequest { profile: Some(wire::name(PROFILE)), fallback: None };
    stage.wire.call(&route::WHOAMI, "", &request).await.message()
}

fn says(stage: &Stage, claims: &Value) {
    stage.issuer.reconfigure(|config| config.looks.userinfo = claims.as_object().cloned().unwrap_or_default());
}

fn ada() -> Account {
    let text = |text: &str| Some(text.to_owned());
    Account { subject: text("user-1"), name: text("Ada Example"), email: text("ada@example.test"), organization: None }
}

#[tokio::test]
async fn who_is_logged_in_is_asked_where_the_id_token_leaves_it_open() {
    let stage = Stage::new(terse());
    let profile = stage.logged_in().await;
    assert_eq!(profile.account, Some(ada()));
    assert_eq!(stage.issuer.count(Endpoint::Userinfo), 1);
    let who = whoami(&stage).await.expect("the service is asked");
    assert!(!who.offline && who.account == Some(ada()), "{who:?}");
    says(&stage, &json!({"name": "Ada Lovelace"}));
    let who = whoami(&stage).await.expect("the service is asked");
    assert_eq!(who.account.and_then(|account| account.name).as_deref(), Some("Ada Lovelace"));
    assert_eq!(stage.profile().await.account.and_then(|account| account.name).as_deref(), Some("Ada Lovelace"));

    let wordy = Stage::new(Config::default());
    drop(wordy.logged_in().await);
    assert_eq!(wordy.issuer.count(Endpoint::Userinfo), 0, "the ID token has said it");
}

#[tokio::test]
async fn what_was_learned_outlives_a_restart() {
    let mut stage = Stage::new(terse());
    drop(stage.logged_in().await);
    stage.restart().await;
    assert!(!whoami(&stage).await.expect("the service is asked").offline);
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_not_believed() {
    let stage = Stage::new(terse());
    says(&stage, &json!({"sub": "user-2", "name": "Eve"}));
    let (profile, warnings) = done(stage.with_browser(stage.browser_login()).await);
    assert!(warnings.iter().any(|warning| warning.contains("about somebody else")), "{warnings:?}");
    assert_eq!(profile.account.map(|account| (account.subject, account.name)), Some((Some("user-1".to_owned()), None)));
    for claims in [json!({"sub": "user-2", "name": "Eve"}), json!({"sub": null, "name": "Eve"}), json!({"sub": 7})] {
        says(&stage, &claims);
        let who = whoami(&stage).await.expect("what is known is told");
        let problem = who.problem.expect("and why it is not live");
        assert!(who.offline && problem.detail.contains("cannot be used"), "{claims}: {problem:?}");
        assert!(who.account.is_none_or(|account| account.name.is_none()), "{claims}");
    }
}

#[tokio::test]
async fn a_jwt_is_refused_cleanly() {
    let stage = Stage::new(Config { looks: Looks { signed_userinfo: true, ..Looks::default() }, ..terse() });
    let (profile, warnings) = done(stage.with_browser(stage.browser_login()).await);
    assert_eq!(profile.state, proto::profile::ProfileState::Usable, "the login has succeeded");
    assert!(warnings.iter().any(|warning| warning.contains("it is a JWT")), "{warnings:?}");
    let who = whoami(&stage).await.expect("what is known is told");
    assert!(who.offline && who.problem.is_some_and(|problem| problem.detail.contains("it is a JWT")));
}

#[tokio::test]
async fn a_token_that_the_service_refuses_is_renewed_once() {
    let stage = Stage::new(terse());
    drop(stage.logged_in().await);
    let before = stage.issuer.exchanges();
    stage.issuer.next(Endpoint::Userinfo, Behaviour::status(401));
    assert!(!whoami(&stage).await.expect("the second try is answered").offline);
    assert_eq!(stage.issuer.exchanges() - before, 1);
    stage.issuer.always(Endpoint::Userinfo, Behaviour::status(401));
    stage.pass(std::time::Duration::from_mins(1));
    let refused = whoami(&stage).await.map_err(|problem| problem.code);
    assert_eq!(refused.err(), Some(Code::LoginRequired));
    stage.issuer.clear(Endpoint::Userinfo);
    stage.issuer.next(Endpoint::Userinfo, Behaviour::status(503));
    assert!(whoami(&stage).await.expect("what is known is told").offline);
}

#[tokio::test]
async fn without_openid_or_an_endpoint_nobody_is_asked() {
    let nowhere = [(Endpoint::Userinfo, Published::Nowhere)].into();
    for (published, scope) in [(nowhere, "openid profile"), ([].into(), "profile")] {
        let mut config = terse();
        config.discovery.published = published;
        let stage = Stage::new(config);
        let request = LoginRequest { scope: Some(scope.to_owned()), flow: Some(Flow::Device), ..stage.browser_login() };
        drop(done(stage.with_device(request, Some(0)).await));
        let refused = whoami(&stage).await.expect_err("nobody can be asked");
        assert_eq!(refused.code, Code::Unsupported, "{scope}");
        assert_eq!(stage.issuer.count(Endpoint::Userinfo), 0, "{scope}");
    }
}

#[tokio::test]
async fn list_tries_such_logins_too() {
    let stage = Stage::new(terse());
    drop(stage.logged_in().await);
    let probe = async || {
        let request = ProbeRequest { all: true, ..ProbeRequest::default() };
        let probed: Probed = stage.wire.call(&route::PROBE, "", &request).await.message().expect("a probe succeeds");
        probed.probes[0].status
    };
    assert_eq!(probe().await, ProbeStatus::Ok);
    stage.issuer.next(Endpoint::Userinfo, Behaviour::status(401));
    assert_eq!(probe().await, ProbeStatus::Error);
}
