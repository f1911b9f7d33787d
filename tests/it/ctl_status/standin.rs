//! A credential from a variable stands in where none is saved, for one call at a time, and gives way to a saved one.

use harness::front::{Front, HERE};
use harness::service::{Baseten, Tank};
use serde_json::json;

const VARIABLE: &str = "BASETEN_API_KEY";

#[test]
fn a_key_in_the_environment_does_for_a_login() {
    let front = Front::new(Baseten::default());
    let key = front.service.make_key();
    let with = |arguments: &[&str]| front.ctl(arguments).env(VARIABLE, &key).run();
    assert_eq!(with(&["token"]).ok().out, format!("{key}\n"));
    let lease = harness::front::document(&with(&["token", "-o", "json"]).ok().out);
    let expected = json!({"access_token": key, "provider": "baseten", "source": "environment", "token_type": "Api-Key",
        "variable": VARIABLE});
    assert!(lease == expected, "its document is as described");
    assert!(with(&["whoami"]).ok().out.contains("ada@example.test"));
    let who = harness::front::document(&with(&["whoami", "--json"]).ok().out);
    assert!(who.get("profile").is_none() && who["account"]["email"] == "ada@example.test", "{who}");
    let ran = with(&["exec", "--", "sh", "-c", "echo \"$ACCESS_TOKEN\""]).ok();
    assert_eq!(ran.out, format!("{key}\n"));
    let status = with(&["status", "--exit-status"]).ok();
    assert!(status.out.contains(VARIABLE) && status.out.contains("environment (from a variable"), "{status:?}");
    let report = harness::front::document(&with(&["status", "--json"]).ok().out);
    let credential = json!({"auth_type": "api_key", "environment": HERE, "provider": "baseten", "source": "environment",
        "url": front.service.url(), "variable": VARIABLE});
    assert_eq!((&report["credential"], &report["profile"]), (&credential, &json!(null)));
    assert_eq!(front.json(&["list", "--offline"]), json!([]), "nothing is kept");
    drop(front.run(&["token"]).fails(3));
    drop(front.ctl(&["token"]).env(VARIABLE, "").run().fails(3));
}

#[test]
fn a_saved_login_wins_and_only_a_profile_without_one_is_stood_in_for() {
    let front = Front::new(Baseten::default());
    let saved = front.keep_key("work");
    let key = front.service.make_key();
    let with = |arguments: &[&str]| front.ctl(arguments).env(VARIABLE, &key).run();
    assert_eq!(with(&["token"]).ok().out, format!("{saved}\n"));
    let report = harness::front::document(&with(&["status", "--json"]).ok().out);
    assert!(report.get("credential").is_none(), "{report}");
    assert!(with(&["token", "-p", "none"]).fails(1).out.is_empty(), "a wrong name is a mistake");
    drop(front.run(&["logout", "work", "-y"]).ok());
    assert_eq!(with(&["token", "-p", "work"]).ok().out, format!("{key}\n"));
    assert!(with(&["whoami", "work"]).ok().out.contains("ada@example.test"));
}

#[test]
fn a_wrong_key_of_the_environment_is_refused_and_two_are_not_guessed_between() {
    let front = Front::new(Baseten::default());
    front.secret("canary-key-of-nobody");
    let wrong = front.ctl(&["whoami"]).env(VARIABLE, "canary-key-of-nobody").run().fails(3);
    assert!(wrong.out.is_empty() && wrong.err.starts_with("error: "), "{wrong:?}");
    let typed = front.ctl(&["token"]).env(VARIABLE, "canary-key-of-nobody").env("TANK_TOKEN", "tank_canary-key");
    let two = typed.run().fails(2);
    assert!(two.err.contains(VARIABLE) && two.err.contains("TANK_TOKEN") && two.out.is_empty(), "{two:?}");
}

#[test]
fn a_login_that_has_lapsed_is_not_stood_in_for() {
    let front = Front::new(Tank::default());
    front.service.add_key("tank_canary-key-one");
    front.service.add_key("tank_canary-key-two");
    let login = ["login", "tank", "--api-key-stdin", "-p", "work"];
    drop(front.ctl(&login).input("tank_canary-key-one\n").run().ok());
    front.service.end("tank_canary-key-one");
    let ran = front.ctl(&["whoami"]).env("TANK_TOKEN", "tank_canary-key-two").run().fails(3);
    assert!(ran.err.contains("agentctl login work"), "{ran:?}");
}
