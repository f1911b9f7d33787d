//! A profile gets another name: its login, what is current, its leases and its links stay, also when the daemon dies.

use harness::desk::{Desk, read, write};
use harness::front::Front;
use harness::issuer::{Behaviour, Endpoint};
use harness::service::{Baseten, Tank};
use harness::stage::{PROFILE, Stage, bearer};
use harness::until::until_true;
use harness::wire::{name, of};
use proto::login::{LoginRequest, LoginStep};
use proto::problem::Code;
use proto::profile::{Profile, RenameRequest, Renamed};
use proto::route;
use proto::status::Done;
use proto::token::RefreshRequest;
use serde_json::{Value, json};

const FILE: &str = ".tank/config.json";

async fn rename(stage: &Stage, from: &str, to: &str) -> Renamed {
    let request = RenameRequest { profile: name(from), to: name(to) };
    stage.wire.call(&route::RENAME, "", &request).await.message().expect("it is renamed")
}

#[test]
fn everything_about_it_stays() {
    let front = Front::new(Baseten::default());
    let [work, other] = ["work", "other"].map(|name| front.keep_key(name));
    drop(front.run(&["switch", "work"]).ok());
    let before = front.json(&["status"])["profile"].clone();
    let ran = front.run(&["rename", "work", "acme"]).ok();
    assert_eq!(ran.out, "Renamed work to acme as ada@example.test (Baseten)\n");
    assert_eq!(front.run(&["token"]).ok().out.trim_end(), work, "it is the current one still");
    assert_eq!(front.run(&["token", "--provider", "baseten"]).ok().out.trim_end(), work, "and that of its service");
    let mut after = front.json(&["status"])["profile"].clone();
    assert_eq!(after["name"], "acme");
    after["name"] = before["name"].clone();
    assert_eq!(after, before, "nothing else has changed");
    drop(front.run(&["token", "-p", "work"]).fails(1));
    assert_eq!(front.run(&["token", "-p", "other"]).ok().out.trim_end(), other);
    let same = front.run(&["rename", "acme", "acme"]).ok();
    assert_eq!(same.out, "acme has this name already\n");
    assert!(!front.log().contains("ERROR"), "{}", front.log());
    let document = front.json(&["mv", "acme", "job"]);
    assert_eq!((&document["from"], &document["profile"]["name"]), (&json!("acme"), &json!("job")));
}

#[test]
fn it_is_refused_where_it_would_take_a_name_or_change_a_rule() {
    let front = Front::configured(Baseten::default(), "[profile.work]\nreveal = \"never\"\n");
    let _keys = ["work", "other"].map(|name| front.keep_key(name));
    let taken = front.run(&["rename", "other", "work"]).fails(2);
    assert!(taken.err.contains("there is a profile `work` already"), "{taken:?}");
    let ruled = front.run(&["rename", "work", "free"]).fails(2);
    assert!(ruled.err.contains("other rules") && ruled.err.contains("[profile.free]"), "{ruled:?}");
    for (arguments, code) in [
        (&["rename", "nobody", "free"][..], 1),
        (&["rename", "other"], 2),
        (&["rename", "other", "not/valid"], 2),
        (&["rename", "other", "free", "-p", "work"], 2),
    ] {
        let ran = front.run(arguments).fails(code);
        assert!(ran.out.is_empty(), "{ran:?}");
    }
    let names =
        |list: &Value| list.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&front.json(&["list", "-O"])), ["other", "work"], "nothing has changed");
    drop(front.run(&["rename", "other", "free"]).ok());
    let again = front.run(&["rename", "other", "free"]).fails(1);
    assert!(again.err.contains("free is there: it may have this name already"), "{again:?}");
}

#[test]
fn who_still_names_the_old_one_is_told() {
    let front = Front::new(Baseten::default());
    let _key = front.keep_key("work");
    front.write(".agentctl.toml".as_ref(), "# ours\nprofile = \"work\"\n");
    let ran = front.ctl(&["rename", "work", "acme"]).env("AGENTCTL_PROFILE", "work").run().ok();
    assert!(ran.err.contains("AGENTCTL_PROFILE still names work"), "{ran:?}");
    assert!(ran.err.contains(".agentctl.toml`, line 2, still names work"), "{ran:?}");
    let ran = front.run(&["token"]).fails(1);
    assert!(ran.err.contains(".agentctl.toml`, line 2, names work"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_and_a_refresh_under_way_are_those_of_the_same_login() {
    let mut stage = Stage::ready().await;
    let lease = stage.token().await.expect("a token");
    stage.issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
    let before = stage.issuer.exchanges();
    let wire = stage.inside.wire();
    let refresh = tokio::spawn(async move {
        let request = RefreshRequest { profile: Some(name(PROFILE)) };
        wire.call(&route::REFRESH, "", &request).await.message::<Profile>()
    });
    stage.issuer.wait_for(|ledger| ledger.exchanges() > before).await;
    let renamed = rename(&stage, PROFILE, "acme").await;
    assert_eq!((renamed.from, renamed.profile.name), (name(PROFILE), name("acme")));
    stage.issuer.release();
    let refreshed = refresh.await.expect("it ends").expect("the answer is that of the same login");
    assert_eq!(refreshed.name, name("acme"));
    let fresh = stage.wire.token(&of("acme")).await.expect("a token");
    assert!(bearer(&fresh) != bearer(&lease) && stage.issuer.is_live(bearer(&fresh)));
    let newer = stage.reject(&lease.lease).await.expect("the lease is known");
    assert_eq!((newer.token.profile.clone(), bearer(&newer.token)), (name("acme"), bearer(&fresh)));
    stage.restart().await;
    let kept = stage.wire.token(&of("acme")).await.expect("it is stored under its new name");
    assert_eq!(bearer(&kept), bearer(&fresh));
    let old = stage.wire.token(&of(PROFILE)).await.expect_err("nobody has the old name");
    assert_eq!(old.code, Code::NotFound);
    assert_eq!(stage.issuer.exchanges(), before + 1, "one refresh, and nothing was lost");
}

/// The only link's record on the disk.
fn links(desk: &Desk<Tank>) -> Value {
    let text = read(&desk.at("links.json")).expect("it is written");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn links_follow_and_a_daemon_that_dies_knows_the_name() {
    let mut desk = Desk::new(Tank::default());
    desk.log_in("work", &[]);
    let token = desk.token("work");
    let _linked = desk.run(&["link", "work"]).ok();
    let file = desk.at(FILE);
    desk.holds(&file, &token);
    let _renamed = desk.run(&["rename", "work", "acme"]).ok();
    assert_eq!(desk.link_is("linked")["profile"], "acme");
    desk.holds(&file, &token);
    desk.kill();
    desk.start(&[]);
    assert_eq!(desk.token("acme"), token);
    assert_eq!(desk.link_is("linked")["profile"], "acme");
    // It died after the profile had its new name and before its link had: the link knew what was coming.
    desk.kill();
    let mut record = links(&desk);
    record["links"][0]["follow"] = json!({"profile": "work"});
    record["links"][0]["heir"] = json!("acme");
    write(&desk.at("links.json"), &record.to_string(), 0o600);
    desk.start(&[]);
    until_true("the link follows", || desk.links()[0]["profile"] == "acme");
    desk.holds(&file, &token);
    // It died before the profile had it: the link stays where it was, and no other profile inherits it later.
    desk.kill();
    let mut record = links(&desk);
    record["links"][0]["heir"] = json!("stranger");
    write(&desk.at("links.json"), &record.to_string(), 0o600);
    desk.start(&[]);
    until_true("what was to come is forgotten", || links(&desk)["links"][0].get("heir").is_none());
    assert_eq!(desk.link_is("linked")["profile"], "acme");
    let _ended = desk.run(&["remove", "acme", "--yes"]).ok();
    desk.holds(&desk.at("links.json"), "[]");
    assert!(!read(&file).is_some_and(|text| text.contains(&token)), "what was written is taken out");
}

#[tokio::test]
async fn it_waits_for_a_login_that_would_end_under_either_name() {
    let stage = Stage::ready().await;
    let pending = LoginRequest { profile: Some(name("new")), ..stage.device_login() };
    let started = stage.wire.login(&pending).await.expect("the login starts");
    stage.log_in("third", None).await;
    for (from, to) in [(PROFILE, "new"), ("new", "other")] {
        let request = RenameRequest { profile: name(from), to: name(to) };
        let refused = stage.wire.call(&route::RENAME, "", &request).await.message::<Renamed>();
        assert_eq!(refused.expect_err("a login is pending").code, Code::Busy, "{from}");
    }
    let cancelled = stage.wire.call(&route::CANCEL, started.id.as_str(), &()).await.message::<Done>();
    cancelled.expect("it is cancelled");
    stage.wire.follow(started.id.as_str(), async |_: &LoginStep| {}).await;
    assert_eq!(rename(&stage, PROFILE, "new").await.profile.name, name("new"));
}
