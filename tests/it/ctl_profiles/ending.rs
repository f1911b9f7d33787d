//! How profiles end: `logout` keeps the settings and tells the service, `remove` forgets and tells nobody.

use harness::front::Front;
use harness::service::{Baseten, Fault, Tank, Tensormesh};
use serde_json::json;

fn baseten() -> Front<Baseten> {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    Front::new(wire)
}

#[test]
fn the_only_login_needs_no_name_and_a_logout_is_safe_to_repeat() {
    let front = baseten();
    let nothing = front.run(&["logout"]).ok();
    assert!(nothing.err.contains("Not logged in. Run: agentctl login") && nothing.out.is_empty(), "{nothing:?}");
    assert_eq!(
        front.json(&["logout", "-y"]),
        json!({"profile": null, "was_logged_in": false, "revocation": "nothing"})
    );
    drop(front.run(&["login", "baseten", "--device", "-p", "work"]).ok());
    let token = front.run(&["token"]).ok().out;
    assert!(front.run(&["logout"]).fails(2).err.contains("--yes"));
    assert!(front.service.is_live(token.trim_end()));
    let out = front.run(&["logout", "--force"]).ok();
    assert_eq!(out.out, "Logged out of work as ada@example.test (Baseten); the service has revoked the login\n");
    assert!(!front.service.is_live(token.trim_end()));
    for line in [&["logout", "work", "-y"][..], &["logout", "work"], &["logout", "-y"], &["logout", "--all"]] {
        let ran = front.run(line).ok();
        assert!(ran.err.contains("warning: ") && ran.out.is_empty(), "{line:?}: {ran:?}");
    }
    assert_eq!(front.json(&["status", "work"])["profile"]["state"], "logged-out");
    assert_eq!(front.json(&["status"])["why"], "none", "nothing is current");
}

#[test]
fn several_logins_are_named_where_nobody_can_be_asked() {
    let front = baseten();
    for name in ["first", "second"] {
        let _key = front.keep_key(name);
    }
    for verb in ["logout", "remove"] {
        let ran = front.run(&[verb, "--yes"]).fails(2);
        assert!(ran.err.contains("there are: first, second"), "{ran:?}");
    }
    assert!(front.run(&["logout", "--all"]).fails(2).err.contains("--yes"));
    drop(front.run(&["logout", "first", "--all", "-y"]).fails(2));
    let ended = front.json(&["logout", "--all", "-y"]);
    let names: Vec<_> = ended.as_array().expect("an array").iter().map(|one| one["profile"].clone()).collect();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(front.json(&["logout", "--all", "-y"]), json!([]));
    let nobody = front.run(&["token"]).fails(3);
    assert!(nobody.err.contains("nobody is logged in") && nobody.err.contains("agentctl login NAME"), "{nobody:?}");
}

#[test]
fn what_could_not_be_revoked_is_said_and_forgotten_here_all_the_same() {
    let front = baseten();
    drop(front.run(&["login", "baseten", "--device", "-p", "work"]).ok());
    front.service.always(Baseten::LOGOUT, Fault::status(503));
    let ran = front.run(&["logout", "-y"]).ok();
    assert!(ran.err.contains("may stay valid there; it is tried again"), "{ran:?}");
    assert_eq!(ran.out, "Logged out of work as ada@example.test (Baseten)\n");
    drop(front.run(&["token"]).fails(3));
    assert_eq!(front.json(&["status", "work"])["profile"]["unrevoked"], 1);
}

#[test]
fn what_a_service_cannot_revoke_is_said_to_stay_valid() {
    let front = Front::new(Tank::default());
    drop(front.run(&["login", "tank", "--browser", "-p", "work"]).ok());
    let ran = front.run(&["logout", "-y"]).ok();
    assert!(ran.err.contains("valid"), "{ran:?}");
    let mesh = Front::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    drop(mesh.run(&["login", "tensormesh", "-p", "work"]).ok());
    let ended = mesh.json(&["logout", "-y"]);
    assert_eq!((&ended["was_logged_in"], &ended["revocation"]), (&json!(true), &json!("unsupported")), "{ended}");
    assert!(ended["still_valid"].as_array().is_some_and(|said| !said.is_empty()), "{ended}");
}

#[test]
fn a_profile_that_is_removed_gives_its_place_to_the_next_and_nobody_is_told() {
    let front = baseten();
    for name in ["beta", "alpha", "gamma"] {
        let _key = front.keep_key(name);
    }
    let asked = front.service.ledger().entries().len();
    assert!(front.run(&["remove", "gamma"]).fails(2).err.contains("--yes"));
    let removed = front.run(&["remove", "gamma", "--yes"]).ok();
    assert_eq!(removed.out, "Removed gamma as ada@example.test (Baseten)\n");
    assert!(removed.err.contains("valid") && removed.err.contains("The current profile is alpha"), "{removed:?}");
    assert_eq!(front.json(&["status"])["profile"]["name"], "alpha");
    let ran = front.json(&["del", "beta", "-y"]);
    assert_eq!((&ran["profile"], &ran["existed"], &ran["current"]), (&json!("beta"), &json!(true), &json!("alpha")));
    drop(front.run(&["rm", "-y"]).ok());
    assert_eq!(front.json(&["list"]), json!([]));
    let none = front.run(&["rm", "-y"]).ok();
    assert!(none.err.contains("Not logged in"), "{none:?}");
    assert_eq!(front.service.ledger().entries().len(), asked, "nobody was told");
}

#[test]
fn a_removed_login_by_device_stays_valid_at_the_service() {
    let front = baseten();
    drop(front.run(&["login", "baseten", "--device", "-p", "work"]).ok());
    let token = front.run(&["token"]).ok().out;
    let ran = front.run(&["remove", "work", "-y"]).ok();
    assert!(ran.err.contains("valid"), "{ran:?}");
    assert!(front.service.is_live(token.trim_end()) && front.service.count(Baseten::LOGOUT) == 0);
}
