//! Token exchange (RFC 8693): a narrower token for one request, in exchange for the token as granted.

use std::time::Duration;

use harness::ctl::Ctl;
use harness::issuer::{Behaviour, Client, Config, Endpoint, Exchange};
use harness::stage::{PROFILE, Stage, bearer};
use harness::wire::of;
use proto::problem::{Code, Problem, Reason};
use proto::token::{Token, TokenRequest};
use serde_json::Value;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const LINES: &str = "[profile.work]\nnarrow = \"exchange\"\n";

async fn stage(exchange: Exchange) -> Stage {
    let stage = Stage::configured(Config { exchange, ..Config::default() }, LINES);
    stage.log_in(PROFILE, Some("openid mail files")).await;
    stage
}

async fn wanted(stage: &Stage, scope: Option<&str>, audience: Option<&str>) -> Result<Token, Problem> {
    let request =
        TokenRequest { scope: scope.map(str::to_owned), audience: audience.map(str::to_owned), ..of(PROFILE) };
    stage.wire.token(&request).await
}

fn exchanges(stage: &Stage) -> usize {
    stage.issuer.ledger().grants(GRANT)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_token_is_exchanged_for_and_nothing_rotates() {
    let stage = stage(Exchange::default()).await;
    let whole = bearer(&stage.token().await.expect("a token")).to_owned();
    let mail = wanted(&stage, Some("mail"), None).await.expect("a token");
    assert_eq!((mail.scope.as_deref(), mail.min_ttl_met), (Some("mail"), true));
    assert!(mail.expires_in.is_some_and(|left| (590..=600).contains(&left)), "its own life: {:?}", mail.expires_in);
    assert!(stage.issuer.is_live(bearer(&mail)) && bearer(&mail) != whole);
    let again = wanted(&stage, Some("mail"), None).await.expect("a token");
    assert_eq!(bearer(&again), bearer(&mail), "from memory");
    let away = wanted(&stage, Some("files"), Some("https://files.example/")).await.expect("a token");
    assert_eq!(stage.issuer.audience(bearer(&away)), Some(vec!["https://files.example/".to_owned()]));
    assert_eq!(bearer(&stage.token().await.expect("a token")), whole, "the login's own token is what it was");
    assert_eq!((exchanges(&stage), stage.issuer.exchanges(), stage.issuer.tally().rotations), (2, 0, 0));
    let ledger = stage.issuer.ledger();
    let last = ledger.at(Endpoint::Token).last().expect("a request");
    assert_eq!(last.field("client_id"), Some(Client::PUBLIC));
    assert_eq!(last.field("subject_token"), Some(harness::issuer::Ledger::fingerprint(&whole).as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_callers_of_one_target_cause_one_exchange_and_an_expired_one_is_made_anew() {
    let stage = stage(Exchange::default()).await;
    let all = futures_util::future::join_all((0..100).map(|_| wanted(&stage, Some("mail"), None))).await;
    let first = all[0].as_ref().expect("a token");
    assert!(all.iter().all(|one| one.as_ref().is_ok_and(|one| bearer(one) == bearer(first))));
    assert_eq!(exchanges(&stage), 1);
    stage.pass(Duration::from_mins(10));
    let next = wanted(&stage, Some("mail"), None).await.expect("a token");
    assert_ne!(bearer(&next), bearer(first));
    assert_eq!((exchanges(&stage), stage.issuer.exchanges()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_login_token_is_refreshed_once_and_then_exchanged() {
    let stage = stage(Exchange::default()).await;
    stage.issuer.always(Endpoint::Token, Behaviour::Hold);
    stage.pass(Duration::from_hours(2));
    let asking = futures_util::future::join_all((0..10).map(|_| wanted(&stage, Some("mail"), None)));
    let releasing = async {
        stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
        stage.issuer.clear(Endpoint::Token);
        stage.issuer.release();
    };
    let (all, ()) = tokio::join!(asking, releasing);
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((exchanges(&stage), stage.issuer.exchanges()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_to_change_and_the_login_lives() {
    let stage = stage(Exchange { refused: vec!["evil".to_owned()], ..Exchange::default() }).await;
    let refused = wanted(&stage, None, Some("evil")).await.expect_err("it is refused");
    assert!(refused.code == Code::Denied && refused.detail.contains("invalid_target"), "{refused:?}");
    stage.issuer.reconfigure(|config| config.exchange.offered = false);
    let unknown = wanted(&stage, Some("mail"), None).await.expect_err("there is no such grant");
    assert_eq!(unknown.code, Code::Unsupported);
    assert!(unknown.detail.contains("unsupported_grant_type"), "{unknown:?}");
    assert!(unknown.hint.expect("it says what to do").contains("narrow"));
    let scope = wanted(&stage, Some("mail admin"), None).await.expect_err("it was not granted");
    assert_eq!((scope.code, scope.reason), (Code::LoginRequired, Some(Reason::ScopeNotGranted)));
    stage.refresh().await.expect("the login is as it was");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_asked_for_is_not_handed_on() {
    let stage = stage(Exchange::default()).await;
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    for (name, value) in
        [("issued_token_type", Value::from(jwt)), ("issued_token_type", Value::Null), ("token_type", "N_A".into())]
    {
        stage.issuer.next(Endpoint::Token, Behaviour::Member(name, value));
        let problem = wanted(&stage, Some("mail"), None).await.expect_err("it is no access token");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{problem:?}");
    }
    stage.issuer.next(Endpoint::Token, Behaviour::WidenScope);
    let problem = wanted(&stage, Some("mail"), None).await.expect_err("it is wider");
    assert_eq!(problem.code, Code::Denied);
    let injected = Behaviour::Member("refresh_token", "canary-not-ours".into());
    stage.issuer.next(Endpoint::Token, injected);
    let _token = wanted(&stage, None, Some("mail")).await.expect("a token");
    stage.refresh().await.expect("the login's own refresh token is used, not the one beside that token");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_asks_for_less_for_one_request() {
    let stage = stage(Exchange::default()).await;
    let narrow = ["token", "--scope", "mail", "--audience", "https://mail.example/"];
    let token = Ctl::new(&stage.sandbox, &narrow).run().ok().out;
    assert_eq!(stage.issuer.audience(token.trim_end()), Some(vec!["https://mail.example/".to_owned()]));
    stage.issuer.reconfigure(|config| config.exchange.offered = false);
    let refused = Ctl::new(&stage.sandbox, &["token", "--scope", "files"]).run();
    assert!(refused.code != Some(0) && refused.err.contains("hint: "), "{refused:?}");
}
