//! `agentctl login` at the services: every way to log in, what is shown meanwhile, and how it ends.

mod inputs;
mod overwrite;

use std::time::{Duration, Instant};

use harness::front::{Front, document};
use harness::service::{Baseten, Contree, Fault, LlamaIndex, Project, Service, Tank, Tensormesh};
use harness::until::until_true;

fn tensormesh() -> Front<Tensormesh> {
    Front::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() })
}

fn baseten() -> Front<Baseten> {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    Front::new(wire)
}

#[test]
fn a_login_by_browser_prints_its_address_and_ends_by_saying_who() {
    let front = tensormesh();
    let mut address = String::new();
    let ran = front.login_with(&["login", "tensormesh", "--no-open-browser"], |page| {
        page.clone_into(&mut address);
        front.service.approve();
    });
    let ran = ran.ok();
    assert!(ran.err.contains(&format!("To log in, open this address in any browser:\n  {address}\n")), "{ran:?}");
    assert!(!ran.err.contains("warning"), "nothing was tried: {ran:?}");
    assert_eq!(ran.out, "Logged in to ada@example.test as ada@example.test (Ada Example, Tensormesh)\n");
    assert!(ran.err.ends_with("It is the current profile now\n"), "{ran:?}");
}

#[test]
fn a_login_by_device_prints_address_and_code() {
    let front = baseten();
    let mut address = String::new();
    let arguments = ["login", "baseten", "--device", "--no-open-browser", "-p", "work"];
    let ran = front.login_with(&arguments, |page| {
        page.clone_into(&mut address);
        front.service.approve();
    });
    let ran = ran.ok();
    let (page, code) = address.split_once("?user_code=").expect("the code is in the address");
    assert!(ran.err.contains(&format!("  {page}\n  {code}\n")), "{ran:?}");
    assert!(ran.err.contains(&format!("  {address}\n")), "{ran:?}");
    assert!(ran.err.contains("The code stops working in "), "{ran:?}");
    assert_eq!(ran.out, "Logged in to work as ada@example.test (Baseten)\n");
}

#[test]
fn quiet_and_json_logins_print_the_address_too() {
    let front = tensormesh();
    for more in [&["-q"][..], &["-o", "json"], &["-q", "--json"]] {
        let ran = front.run(&[more, &["login", "tensormesh", "-p", "work"]].concat()).ok();
        assert!(ran.err.contains(&format!("  {}/cli-auth?request=", front.service.url())), "{ran:?}");
    }
}

#[test]
fn a_login_by_session_polling_ends_in_a_key() {
    let front = Front::new(Tank::default());
    let ran = front.run(&["login", "tank", "--browser", "--no-open-browser", "--poll-interval", "10ms"]).ok();
    assert!(ran.err.contains(&format!("  {}/cli-login?session=", front.service.url())), "{ran:?}");
    assert_eq!(ran.out, "Logged in to ada@example.test as ada@example.test (Ada Example, Tank)\n");
    let profile = &front.json(&["status"])["profile"];
    assert_eq!((&profile["auth_type"], &profile["flow"]), (&"api_key".into(), &"poll-exchange".into()));
}

#[test]
fn a_key_from_standard_input_is_tried_before_it_is_kept() {
    let front = baseten();
    front.secret("canary-key-of-nobody");
    let arguments = ["login", "baseten", "--api-key-stdin"];
    let refused = front.ctl(&arguments).input("canary-key-of-nobody\n").run().fails(4);
    assert!(refused.err.contains("does not accept the key") && refused.out.is_empty(), "{refused:?}");
    assert_eq!(front.json(&["list", "--offline"]), serde_json::json!([]));
    let key = front.service.make_key();
    let kept = front.ctl(&arguments).input(&format!("{key}\n")).run().ok();
    assert_eq!(kept.out, "Logged in to ada@example.test as ada@example.test (Baseten)\n");
    assert_eq!(front.run(&["token"]).ok().out, format!("{key}\n"));
    let seen = front
        .service
        .ledger()
        .last(Baseten::GRAPHQL)
        .and_then(|asked| asked.header("authorization").map(|value| value.starts_with("Api-Key ")));
    assert_eq!(seen, Some(true), "a key is sent as a key");
}

#[test]
fn a_key_without_the_services_prefix_is_refused_before_it_is_sent() {
    let front = Front::new(Tank::default());
    front.secret("canary-key-without-prefix");
    let ran = front.ctl(&["login", "tank", "--api-key-stdin"]).input("canary-key-without-prefix\n").run().fails(2);
    assert!(ran.err.contains("`tank_`"), "{ran:?}");
    assert!(front.service.ledger().entries().is_empty(), "nobody was asked");
}

#[test]
fn a_browser_that_does_not_open_is_said_and_the_login_goes_on() {
    let front = tensormesh();
    let arguments = ["login", "tensormesh", "-p", "work"];
    for browser in ["/nonexistent", "false", ""] {
        let ran = front.ctl(&arguments).env("BROWSER", browser).run().ok();
        assert!(ran.err.contains("warning: no browser could be opened here; open the address by hand"), "{ran:?}");
        assert!(ran.out.starts_with("Logged in to work"), "{ran:?}");
    }
}

#[test]
fn the_browser_of_the_environment_is_given_the_address() {
    let front = tensormesh();
    front.service.auto_approve(false);
    let browser = front.browser("exec curl --silent --output page.html \"$1\"");
    let ran = front.ctl(&["login", "tensormesh"]).env("BROWSER", browser).run().ok();
    assert!(ran.err.contains("Opened in the browser") && !ran.err.contains("warning"), "{ran:?}");
    assert!(ran.out.starts_with("Logged in to ada@example.test"), "{ran:?}");
}

#[test]
fn a_login_is_given_up_after_the_time_that_was_wished_for_in_any_unit() {
    let front = tensormesh();
    front.service.auto_approve(false);
    for wish in [["--max-wait", "1s"], ["--timeout", "1000ms"], ["--max-wait-seconds", "1"]] {
        let start = Instant::now();
        let ran = front.run(&[&["login", "tensormesh"][..], &wish].concat()).fails(1);
        assert!(start.elapsed() >= Duration::from_millis(900), "{wish:?}: {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(15), "{wish:?}: {:?}", start.elapsed());
        assert!(ran.err.contains("error: the login was not approved in time"), "{ran:?}");
        assert!(ran.err.contains("--max-wait") && ran.out.is_empty(), "{ran:?}");
    }
    drop(front.run(&["login", "tensormesh", "--timeout", "soon"]).fails(2));
    assert_eq!(front.json(&["list", "--offline"]), serde_json::json!([]));
}

#[test]
fn polls_are_never_more_frequent_than_the_service_allows() {
    let front = Front::new(Tensormesh { interval: Some(1.0), ..Tensormesh::default() });
    let ran = front.login_with(&["login", "tensormesh", "--poll-interval", "10ms"], |_| {
        until_true("three polls", || front.service.count(Tensormesh::EXCHANGE) >= 3);
        front.service.approve();
    });
    let _ran = ran.ok();
    let ledger = front.service.ledger();
    let polls: Vec<Duration> = ledger.at(Tensormesh::EXCHANGE).map(|poll| poll.at).collect();
    let least = polls.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min();
    assert!(least >= Some(Duration::from_millis(900)), "{polls:?}");
}

#[test]
fn what_ended_a_login_is_told_apart_by_words_and_codes() {
    let front = tensormesh();
    let login = ["login", "tensormesh", "-p", "work"];
    let refused = front.login_with(&login, |_| front.service.deny()).fails(4);
    assert!(refused.err.contains("error: the login was refused at the service"), "{refused:?}");
    front.service.next(Tensormesh::EXCHANGE, Fault::status(404));
    let ended = front.run(&login).fails(1);
    assert!(ended.err.contains("session"), "{ended:?}");
    front.service.next(Tensormesh::EXCHANGE, Fault::Json(200, serde_json::json!({"unexpected": true})));
    let failed = front.run(&login).fails(1);
    front.service.next(Tensormesh::START, Fault::status(503));
    let down = front.run(&login).fails(7);
    assert!(down.err.contains("cannot be reached"), "{down:?}");
    let nobody = front.run(&["login", "tensormesh", "-u", "http://127.0.0.1:9"]).fails(7);
    assert!(nobody.err.contains("cannot be reached"), "{nobody:?}");
    let words = [&refused, &ended, &failed, &down].map(|ran| {
        let line = ran.err.lines().find(|line| line.starts_with("error: ")).expect("it is an error");
        line.to_owned()
    });
    for (at, one) in words.iter().enumerate() {
        assert!(!words[..at].contains(one), "two causes in the same words: {one}");
    }
    assert_eq!(front.json(&["list", "--offline"]), serde_json::json!([]), "nothing is left of any of them");
}

#[test]
fn a_login_leaves_the_current_profile_alone_if_that_is_wished() {
    let front = tensormesh();
    drop(front.run(&["login", "tensormesh", "-p", "first"]).ok());
    let second = front.run(&["login", "tensormesh", "-p", "second", "--no-switch"]).ok();
    assert!(second.err.contains("It is not the current profile; `agentctl switch second`"), "{second:?}");
    assert_eq!(front.json(&["status"])["profile"]["name"], "first");
    let third = front.run(&["login", "tensormesh", "-p", "third"]).ok();
    assert!(third.err.contains("It is the current profile now"), "{third:?}");
    assert_eq!(front.json(&["status"])["profile"]["name"], "third");
}

#[test]
fn unnamed_profiles_are_named_after_the_account_and_numbered() {
    let front = tensormesh();
    let other = Service::launch(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    other.follow_real_time();
    other.auto_approve(true);
    let name = |more: &[&str]| front.json(&[&["login", "tensormesh"], more].concat())["name"].clone();
    assert_eq!(name(&[]), "ada@example.test");
    assert_eq!(name(&["-u", other.url()]), "ada@example.test-2", "the same account elsewhere");
    assert_eq!(name(&["-u", front.service.url()]), "ada@example.test", "the same account again");
    let contree = Service::launch(Contree::default());
    let login = ["login", "contree", "-u", contree.url(), "-P", Contree::PROJECT, "--api-key-stdin", "--json"];
    let ran = front.ctl(&login).input(&format!("{}\n", contree.make_key())).run().ok();
    assert_eq!(document(&ran.out)["name"], "contree", "nobody says whose it is");
}

#[test]
fn two_ways_at_once_and_credentials_on_the_command_line_are_refused() {
    let front = baseten();
    let ways = ["--browser", "--device", "--api-key", "--api-key-stdin", "--client-credentials"];
    for (at, one) in ways.iter().enumerate() {
        for other in &ways[..at] {
            drop(front.run(&["login", "baseten", one, other]).fails(2));
        }
    }
    front.secret("canary-typed-key");
    for line in [
        &["login", "baseten", "--api-key=canary-typed-key"][..],
        &["login", "baseten", "--api-key", "canary-typed-key"],
        &["login", "--api-key", "canary-typed-key"],
        &["login", "--api-key", "canary-typed-key", "baseten"],
        &["login", "baseten", "--api-key-stdin=canary-typed-key"],
        &["login", "baseten", "--client-secret-stdin", "canary-typed-key"],
        &["login", "tank", "canary-typed-key", "--api-key"],
        &["login", "tank", "canary-typed-key"],
        &["login", "baseten", "--token=canary-typed-key"],
        &["login", "baseten", "--token", "canary-typed-key"],
        &["login", "baseten", "--key", "canary-typed-key"],
    ] {
        let ran = front.run(line).fails(2);
        assert!(!ran.err.contains("canary-typed-key") && ran.out.is_empty(), "{line:?}: {ran:?}");
    }
    assert!(front.service.ledger().entries().is_empty(), "nobody was asked");
}

#[test]
fn a_way_that_a_service_does_not_offer_is_refused_with_those_it_does() {
    let front = baseten();
    let ran = front.run(&["login", "tensormesh", "--api-key"]).fails(2);
    assert!(
        ran.err.contains("Tensormesh offers no login by `--api-key`") && ran.err.contains("`--browser`"),
        "{ran:?}"
    );
    let ran = front.run(&["login", "baseten"]).fails(2);
    assert!(ran.err.contains("add `--device` or `--api-key`"), "{ran:?}");
    let ran = front.run(&["login", "basten"]).fails(2);
    assert!(ran.err.contains("did you mean `agentctl login baseten`?"), "{ran:?}");
    let ran = front.run(&["login"]).fails(2);
    assert!(
        ran.err.contains(
            "auth0, baseten, contree, entra, github, gitlab, google, keycloak, llamaindex, oidc, okta, tank, tensormesh"
        ),
        "{ran:?}"
    );
}

#[test]
fn a_project_is_taken_by_option_or_by_itself_when_there_is_one() {
    let wire = || {
        let mut wire = LlamaIndex::default();
        wire.device.interval = Some(1);
        wire
    };
    let front = Front::new(wire());
    let login = ["login", "llamaindex", "--device", "-p", "work"];
    let open = front.run(&login).ok();
    assert!(open.err.contains("no project is chosen yet: agentctl project ID -p work"), "{open:?}");
    for (wish, expected) in [("project-2", "project-2"), ("Default", "project-1")] {
        let made = front.json(&[&login[..], &["-P", wish]].concat());
        assert_eq!(made["project"], expected);
    }
    let wrong = front.run(&["login", "llamaindex", "--device", "-p", "other", "-P", "project-9"]).ok();
    assert!(wrong.err.contains("there is no such project"), "{wrong:?}");
    assert!(wrong.err.contains("no project is chosen yet: agentctl project ID -p other"), "{wrong:?}");
    let one = Front::new(LlamaIndex { projects: vec![Project::new("p-1", "Notes", "org-1")], ..wire() });
    assert_eq!(
        one.run(&login).ok().out,
        "Logged in to work as ada@example.test (Ada Example, LlamaIndex), project Notes (p-1)\n"
    );
}
