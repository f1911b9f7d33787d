//! `status`, `whoami`, `token`, `refresh` and `exec`: what they say and with which code they end.

mod standin;

use harness::front::Front;
use harness::service::{Baseten, Contree, Fault, LlamaIndex, Tank, Tensormesh};
use serde_json::{Value, json};

fn tensormesh() -> Front<Tensormesh> {
    Front::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() })
}

/// The members of an object that are there.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_status_of_a_login_is_told_in_full() {
    let front = tensormesh();
    drop(front.run(&["login", "tensormesh", "-p", "work"]).ok());
    let url = front.service.url().to_owned();
    let asked = front.service.ledger().entries().len();
    let text = front.run(&["status"]).ok().out;
    for line in [
        "profile     work (current)",
        "provider    tensormesh",
        &format!("environment here, {url}"),
        "account     ada@example.test",
        "type        oauth (browser)",
        "scopes      unknown",
        "state       usable",
        "token       expires in 59 min",
        &format!("with it inference key (inference, required): present, user_id: {}", Tensormesh::USER),
        "source      file (sealed under a key file)",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let found = text.lines().any(|shown| shown.split_whitespace().collect::<Vec<_>>().starts_with(&words));
        assert!(found, "{line}\n{text}");
    }
    let report = front.json(&["status"]);
    assert_eq!(members(&report), ["agent", "profile", "why"]);
    let profile = &report["profile"];
    assert_eq!((&profile["url"], &profile["environment"]), (&json!(url), &json!("here")));
    assert_eq!((&profile["auth_type"], &profile["state"]), (&json!("oauth"), &json!("usable")));
    assert_eq!((&profile["source"], &profile["method"]), (&json!("file"), &json!("browser")));
    assert!(profile["fingerprint"].as_str().is_some_and(|print| print.len() == 16), "{profile}");
    let inference = &profile["secondaries"][0];
    assert_eq!(
        (&inference["name"], &inference["required"], &inference["present"]),
        (&json!("inference"), &json!(true), &json!(true))
    );
    assert_eq!(front.service.ledger().entries().len(), asked, "`status` asks nobody");
}

#[test]
fn the_exit_status_counts_what_must_come_with_a_login() {
    let front = tensormesh();
    front.service.always(Tensormesh::MODELS, Fault::status(500));
    let ran = front.run(&["login", "tensormesh", "-p", "work"]).ok();
    assert!(ran.err.contains("warning"), "what is missing is said: {ran:?}");
    let lacking = front.run(&["status", "--exit-status"]).fails(3);
    assert!(lacking.out.contains("(inference, required): missing"), "{lacking:?}");
    assert!(lacking.err.contains("`agentctl sync work` fetches what is missing"), "{lacking:?}");
    drop(front.run(&["status"]).ok());
    drop(front.run(&["token"]).ok());
    front.service.clear(Tensormesh::MODELS);
    assert!(front.run(&["sync"]).ok().out.starts_with("Fetched for work:"));
    drop(front.run(&["status", "--exit-status"]).ok());
    assert!(front.run(&["token", "--credential", "inference"]).ok().out.len() > 8);
    assert!(front.run(&["token", "--credential", "nonsense"]).fails(1).err.contains("inference"));
    drop(front.run(&["logout", "--yes"]).ok());
    let out = front.run(&["status", "work", "--exit-status"]).fails(3);
    assert!(out.err.contains("hint: `agentctl login work`"), "{out:?}");
    drop(front.run(&["status", "--exit-status"]).fails(3));
}

#[test]
fn without_an_agent_every_verb_ends_with_six() {
    let sandbox = harness::sandbox::Sandbox::new();
    for verb in [
        "status",
        "whoami",
        "list",
        "token",
        "refresh",
        "switch x",
        "logout --all -y",
        "remove x -y",
        "project p",
        "env list",
        "provider list",
        "login tank",
        "sync",
        "status --exit-status",
    ] {
        let ran = harness::ctl::Ctl::new(&sandbox, &verb.split(' ').collect::<Vec<_>>()).run().fails(6);
        assert!(ran.err.starts_with("error: no agent is running") && ran.out.is_empty(), "{verb}: {ran:?}");
    }
}

#[test]
fn who_is_logged_in_is_asked_live() {
    let front = tensormesh();
    assert!(front.run(&["whoami"]).fails(3).err.contains("`agentctl login`"));
    drop(front.run(&["login", "tensormesh", "-p", "work"]).ok());
    let asked = front.service.count(Tensormesh::PROFILE);
    let url = front.service.url();
    let expected =
        format!("Logged in as Ada Example\nprofile: work\nservice: tensormesh\ne-mail: ada@example.test\nat: {url}\n");
    assert_eq!(front.run(&["whoami"]).ok().out, expected);
    assert_eq!(front.service.count(Tensormesh::PROFILE), asked + 1);
    let who = front.json(&["whoami"]);
    assert_eq!((&who["profile"], &who["provider"]), (&json!("work"), &json!("tensormesh")));
    assert_eq!(
        (&who["account"]["name"], &who["account"]["email"]),
        (&json!("Ada Example"), &json!("ada@example.test"))
    );
    assert!(who.get("offline").is_none(), "{who}");
}

#[test]
fn a_refused_token_is_refreshed_once_and_then_a_login_is_required() {
    let front = tensormesh();
    drop(front.run(&["login", "tensormesh", "-p", "work"]).ok());
    front.service.next(Tensormesh::PROFILE, Fault::status(401));
    assert!(front.run(&["whoami"]).ok().out.starts_with("Logged in as Ada"));
    assert_eq!(front.service.count(Tensormesh::REFRESH), 1);
    front.service.end_login();
    let over = front.run(&["whoami"]).fails(3);
    assert!(over.err.contains("agentctl login work") && over.out.is_empty(), "{over:?}");
}

#[test]
fn a_key_that_is_refused_needs_a_login_and_one_that_may_not_ask_is_denied() {
    let front = Front::new(Tank::default());
    front.service.add_key("tank_canary-key-one");
    let key = "tank_canary-key-one\n";
    drop(front.ctl(&["login", "tank", "--api-key-stdin", "-p", "work"]).input(key).run().ok());
    front.service.next(Tank::WHOAMI, Fault::status(403));
    let denied = front.run(&["whoami"]).fails(4);
    assert!(denied.out.is_empty() && denied.err.starts_with("error: "), "{denied:?}");
    front.service.end("tank_canary-key-one");
    let refused = front.run(&["whoami"]).fails(3);
    assert!(refused.err.contains("agentctl login work") && refused.out.is_empty(), "{refused:?}");
}

#[test]
fn who_it_was_is_told_offline_with_a_code_of_its_own() {
    let front = tensormesh();
    drop(front.run(&["login", "tensormesh", "-p", "work"]).ok());
    for fault in [Fault::status(500), Fault::status(503), Fault::Refuses, Fault::Html(502)] {
        front.service.next(Tensormesh::PROFILE, fault.clone());
        let ran = front.run(&["whoami"]).fails(7);
        assert!(ran.out.starts_with("Logged in as Ada Example (offline)\n"), "{fault:?}: {ran:?}");
        assert!(ran.err.contains("warning: the service could not be asked"), "{fault:?}: {ran:?}");
    }
    front.service.next(Tensormesh::PROFILE, Fault::status(500));
    let ran = front.run(&["whoami", "-o", "json"]).fails(7);
    let who = harness::front::document(&ran.out);
    assert_eq!((&who["offline"], &who["account"]["name"]), (&json!(true), &json!("Ada Example")));
    assert!(who["problem"]["detail"].is_string(), "{who}");
}

#[test]
fn refreshing_what_cannot_be_refreshed_names_the_login() {
    let front = Front::new(Baseten::default());
    let _key = front.keep_key("work");
    let ran = front.run(&["refresh"]).fails(3);
    assert!(ran.err.contains("agentctl login work") && ran.out.is_empty(), "{ran:?}");
    let ran = front.run(&["refresh", "work", "-o", "json"]).fails(3);
    let problem: Value = serde_json::from_str(&ran.err).expect("a problem document");
    assert_eq!(problem["code"], "login-required");
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains("agentctl login work")), "{problem}");
    assert!(front.run(&["refresh", "none"]).fails(1).err.contains("none"));
}

#[test]
fn a_command_gets_the_variables_and_nobody_else() {
    let mut wire = LlamaIndex::default();
    wire.device.interval = Some(1);
    let front = Front::new(wire);
    drop(front.run(&["login", "llamaindex", "--device", "-P", "project-1", "-p", "work"]).ok());
    let script = "echo \"$ACCESS_TOKEN|$LLAMA_CLOUD_API_KEY|$LLAMA_AGENTS_PROJECT_ID|$LLAMA_CLOUD_BASE_URL\"";
    let ran = front.run(&["exec", "--", "sh", "-c", script]).ok();
    let fields: Vec<&str> = ran.out.trim_end().split('|').collect();
    assert!(front.service.is_live(fields[0]) && fields[1] == fields[0], "the credential is set");
    assert_eq!(fields[2..], ["project-1", front.service.url()]);
    let named =
        front.run(&["exec", "--env", "TOKEN_HERE", "--", "sh", "-c", "echo \"$TOKEN_HERE${ACCESS_TOKEN-none}\""]);
    assert!(named.ok().out.ends_with("none\n"), "only the variable that was named");
    assert_eq!(front.run(&["exec", "--", "sh", "-c", "exit 42"]).code, Some(42));
    drop(front.run(&["exec", "--", "no-such-command-anywhere"]).fails(127));
    drop(front.run(&["exec", "--", "/"]).fails(126));
    drop(front.run(&["exec", "--env", "1A", "--", "true"]).fails(2));
    drop(front.run(&["exec"]).fails(2));
}

#[test]
fn a_credential_that_is_never_revealed_is_used_all_the_same() {
    let rules = "[profile.sealed]\nreveal = \"never\"\n[profile.piped]\nreveal = \"pipe\"\n";
    let front = Front::configured(Baseten::default(), rules);
    let (sealed, piped) = (front.keep_key("sealed"), front.keep_key("piped"));
    for more in [&[][..], &["--yes-i-know"], &["-o", "json"]] {
        let ran = front.run(&[&["token", "-p", "sealed"], more].concat()).fails(4);
        assert!(ran.out.is_empty() && !ran.err.contains(&sealed), "{more:?}");
    }
    let used = front.run(&["exec", "-p", "sealed", "--", "sh", "-c", "echo \"$ACCESS_TOKEN\""]).ok();
    assert_eq!(used.out, format!("{sealed}\n"));
    drop(front.run(&["whoami", "sealed"]).ok());
    assert_eq!(front.run(&["token", "-p", "piped"]).ok().out, format!("{piped}\n"));
    assert!(front.run(&["status", "sealed"]).ok().out.contains("never printed"));
    assert_eq!(front.json(&["status", "piped"])["profile"]["reveal"], "pipe");
}

#[test]
fn an_unknown_profile_is_a_failure_that_names_the_known_ones() {
    let front = Front::new(Contree::default());
    let key = front.service.make_key();
    for name in ["ci", "work"] {
        let login = ["login", "contree", "-P", Contree::PROJECT, "--api-key-stdin", "-p", name];
        drop(front.ctl(&login).input(&format!("{key}\n")).run().ok());
    }
    for verb in ["status wrok", "switch wrok", "logout wrok -y", "remove wrok -y"] {
        let ran = front.run(&verb.split(' ').collect::<Vec<_>>()).fails(1);
        assert!(ran.err.contains("there is no profile `wrok`") && ran.err.contains("ci, work"), "{verb}: {ran:?}");
    }
    for verb in ["token -p wrok", "whoami wrok", "refresh wrok", "sync wrok", "project p -p wrok"] {
        let ran = front.run(&verb.split(' ').collect::<Vec<_>>()).fails(1);
        assert!(ran.err.contains("wrok") && ran.err.contains("hint: "), "{verb}: {ran:?}");
    }
}
