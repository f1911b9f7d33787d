//! Logins that wait: listed, joined, answered by hand from a browser elsewhere, cancelled; over the wire.

use std::time::Instant;

use harness::browser::Browser;
use harness::issuer::{Behaviour, Config, Endpoint};
use harness::stage::{PROFILE, Stage, done, failed};
use harness::until::DEADLINE;
use harness::wire;
use proto::login::{Flow, LoginAnswer, LoginRequest, LoginStarted, LoginStep, Logins};
use proto::problem::{Code, Problem};
use proto::route;
use proto::secret::Secret;
use proto::status::Done;

async fn logins(stage: &Stage) -> Logins {
    stage.wire.call(&route::LOGINS, "", &()).await.message().expect("they can be listed")
}

async fn answer(stage: &Stage, started: &LoginStarted, address: &str) -> Result<Done, Problem> {
    let answer = LoginAnswer { redirect: Secret::new(address.to_owned()) };
    stage.wire.call(&route::ANSWER, started.id.as_str(), &answer).await.message()
}

/// A login, the address to open and the one that the browser comes back to.
async fn opened(stage: &Stage) -> (LoginStarted, String, String) {
    let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
    let deadline = Instant::now() + DEADLINE;
    loop {
        let step = logins(stage).await.logins.pop().and_then(|login| login.waits_for);
        if let Some(LoginStep::Open { url, redirect_uri: Some(redirect_uri), .. }) = step {
            return (started, url, redirect_uri);
        }
        assert!(Instant::now() < deadline, "no address is shown");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_browser_elsewhere_ends_at_an_address_that_is_brought_by_hand() {
    let stage = Stage::new(Config::default());
    let (started, url, redirect_uri) = opened(&stage).await;
    let page = Browser::elsewhere().follow(&url).await;
    assert!(page.url.as_str().starts_with(&redirect_uri), "{} {redirect_uri}", page.url);
    assert_eq!(answer(&stage, &started, page.url.as_str()).await.map_err(|p| p.detail), Ok(Done {}));
    let (profile, _) = done(stage.wire.follow(started.id.as_str(), async |_| {}).await);
    assert_eq!((profile.name.as_str(), stage.issuer.count(Endpoint::Token)), (PROFILE, 1));
    let again = answer(&stage, &started, page.url.as_str()).await.expect_err("it is over");
    assert_eq!(again.code, Code::Unsupported);
}

#[tokio::test]
async fn a_wrong_address_is_refused_without_a_word_of_it_and_the_login_goes_on() {
    let stage = Stage::new(Config::default());
    let (started, url, redirect_uri) = opened(&stage).await;
    for wrong in [
        url.clone(),
        "canary-nonsense".to_owned(),
        format!("{redirect_uri}?code=canary-code&state=canary-state"),
        "http://127.0.0.1:9/callback?code=canary-code&state=canary-state".to_owned(),
    ] {
        let refused = answer(&stage, &started, &wrong).await.expect_err("it is not the answer");
        assert_eq!(refused.code, Code::InvalidRequest, "{wrong}");
        let told = format!("{} {:?}", refused.detail, refused.hint);
        assert!(told.contains(&redirect_uri) && !told.contains("canary"), "{told}");
    }
    assert_eq!(stage.issuer.count(Endpoint::Token), 0, "nothing was sent to the service");
    let page = Browser::elsewhere().follow(&url).await;
    answer(&stage, &started, page.url.query().expect("a query")).await.expect("the query is enough");
    done(stage.wire.follow(started.id.as_str(), async |_| {}).await);
}

#[tokio::test]
async fn a_mix_up_or_refusal_that_is_brought_by_hand_ends_the_login_as_one_from_the_browser_does() {
    let stage = Stage::new(Config::default());
    let (started, url, _) = opened(&stage).await;
    let page = Browser::elsewhere().deny(&url).await;
    answer(&stage, &started, page.url.as_str()).await.expect("it is the answer");
    assert_eq!(failed(stage.wire.follow(started.id.as_str(), async |_| {}).await).code, Code::Denied);
    let other = Behaviour::RedirectParameter { name: "iss".to_owned(), value: Some("https://evil.example".to_owned()) };
    stage.issuer.next(Endpoint::Authorization, other);
    let (started, url, _) = opened(&stage).await;
    let page = Browser::elsewhere().follow(&url).await;
    answer(&stage, &started, page.url.as_str()).await.expect("it has the right state");
    let problem = failed(stage.wire.follow(started.id.as_str(), async |_| {}).await);
    assert_eq!((problem.code, stage.issuer.count(Endpoint::Token)), (Code::LoginFailed, 0), "{problem:?}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("another service may have interfered")));
}

#[tokio::test]
async fn the_same_request_joins_the_pending_login_from_wherever_it_comes() {
    let stage = Stage::new(Config::default());
    let started = stage.wire.login(&stage.device_login()).await.expect("the login starts");
    let elsewhere = LoginRequest { browser: true, max_wait: Some(30), ..stage.device_login() };
    let joined = stage.wire.login(&elsewhere).await.expect("it is the same login");
    assert_eq!(joined, LoginStarted { joined: true, ..started.clone() });
    let other = stage.wire.login(&stage.browser_login()).await.expect_err("another one for the same profile");
    assert_eq!(other.code, Code::Busy);
    assert!(other.hint.is_some_and(|hint| hint.contains("--resume work") && hint.contains("--cancel")));
    let listed = logins(&stage).await;
    assert_eq!(listed.logins.len(), 1);
    let one = &listed.logins[0];
    assert_eq!((&one.id, &one.purpose.profile), (&started.id, &Some(wire::name(PROFILE))));
    assert!(stage.issuer.url().ends_with(&one.purpose.service), "{:?}", one.purpose);
    let cancelled: Result<Done, Problem> = stage.wire.call(&route::CANCEL, started.id.as_str(), &()).await.message();
    cancelled.expect("it is pending");
    assert_eq!(failed(stage.wire.follow(started.id.as_str(), async |_| {}).await).code, Code::LoginFailed);
    assert!(!stage.wire.login(&stage.browser_login()).await.expect("the way is free").joined);
}

#[tokio::test]
async fn the_person_is_told_what_is_asked_for_before_they_approve() {
    let stage = Stage::new(Config::default());
    let (shown, _) = stage.see_device(LoginRequest { flow: Some(Flow::Device), ..stage.device_login() }, Some(0)).await;
    let Some(LoginStep::Device { purpose: Some(purpose), .. }) = shown else { unreachable!("{shown:?}") };
    assert_eq!(purpose.profile, Some(wire::name(PROFILE)));
    assert_eq!(purpose.scope.as_deref(), Some("openid profile"));
    assert_eq!(purpose.client_id.as_deref(), Some(harness::issuer::Client::PUBLIC));
    assert!(stage.issuer.url().ends_with(&purpose.service));
}
