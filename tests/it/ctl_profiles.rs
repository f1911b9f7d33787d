//! `list`, `switch`, `project`, `env`, `logout` and `remove`: profiles as people handle them.

mod ending;

use std::time::{Duration, Instant};

use harness::front::{Front, HERE, rows};
use harness::service::{Baseten, Contree, Fault, LlamaIndex, Service, Tank, Tensormesh};
use serde_json::{Value, json};

fn llamaindex() -> Front<LlamaIndex> {
    let mut wire = LlamaIndex::default();
    wire.device.interval = Some(1);
    Front::new(wire)
}

fn words(list: &Value) -> Vec<(&str, &str)> {
    list.as_array().expect("an array").iter().map(|entry| (text(&entry["name"]), text(&entry["status"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

#[test]
fn every_profile_is_listed_as_described() {
    let front = llamaindex();
    drop(front.run(&["login", "llamaindex", "--device", "-P", "project-2", "-p", "work"]).ok());
    let _key = front.keep_key("ci");
    let listed = front.json(&["list"]);
    assert_eq!(words(&listed), [("ci", "ok"), ("work", "ok")], "sorted by name");
    for (entry, active, auth_type) in [(&listed[0], true, "api_key"), (&listed[1], false, "oauth")] {
        let expected = (json!("llamaindex"), json!(HERE), json!(front.service.url()), json!(auth_type), json!(active));
        let found = ["provider", "environment", "url", "auth_type", "active"].map(|member| entry[member].clone());
        assert_eq!(found.to_vec(), vec![expected.0, expected.1, expected.2, expected.3, expected.4]);
        assert!(entry["fingerprint"].as_str().is_some_and(|print| print.len() == 16), "{entry}");
    }
    assert_eq!(listed[1]["project"], "project-2");
    let text = front.run(&["ls"]).ok().out;
    assert!(text.lines().next().is_some_and(|head| head.split_whitespace().eq([
        "NAME",
        "PROVIDER",
        "ENVIRONMENT",
        "PROJECT",
        "ACCOUNT",
        "STATUS"
    ])));
    let table = rows(&text);
    assert_eq!(table[0][..4], ["*", "ci", "llamaindex", HERE], "{text}");
    assert_eq!(table[1][..5], ["work", "llamaindex", HERE, "Second", "(project-2)"], "{text}");
    assert_eq!(table[1].last(), Some(&"ok"), "{text}");
}

#[test]
fn a_probe_says_how_each_profile_stands_and_never_fails() {
    let front = Front::new(Tank::default());
    let key = |name: &str| format!("tank_canary-key-{name}");
    for name in ["dead", "down", "fine", "hung", "odd"] {
        front.service.add_key(&key(name));
        let login = ["login", "tank", "--api-key-stdin", "-p", name];
        drop(front.ctl(&login).input(&format!("{}\n", key(name))).run().ok());
    }
    front.service.end(&key("dead"));
    let listed = front.json(&["list"]);
    assert_eq!(words(&listed)[0].1, "error", "{listed}");
    assert!(listed[0]["detail"].is_string(), "{listed}");
    assert_eq!(words(&listed)[2], ("fine", "ok"));
    let asked = front.service.ledger().entries().len();
    for offline in ["--offline", "-O"] {
        let listed = front.json(&["list", offline]);
        assert!(words(&listed).iter().all(|(_, word)| *word == "offline"), "{listed}");
    }
    assert_eq!(front.service.ledger().entries().len(), asked, "nobody was asked");
    front.service.always(Tank::WHOAMI, Fault::status(500));
    let down = front.json(&["list"]);
    assert!(words(&down).iter().all(|(_, word)| *word == "error"), "{down}");
    front.service.always(Tank::WHOAMI, Fault::NeverAnswers);
    let start = Instant::now();
    let ran = front.run(&["list"]).ok();
    assert!(start.elapsed() >= Duration::from_millis(1500) && start.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.out.matches("timeout").count(), 5, "{ran:?}");
    front.service.clear(Tank::WHOAMI);
    front.service.release();
}

#[test]
fn a_key_that_is_good_for_nothing_is_inactive() {
    let front = Front::new(Contree::default());
    let key = front.service.make_key();
    let login = ["login", "contree", "-P", Contree::PROJECT, "--api-key-stdin", "-p", "work"];
    drop(front.ctl(&login).input(&format!("{key}\n")).run().ok());
    front.service.reconfigure(|wire| *wire = wire.clone().without_list());
    assert_eq!(words(&front.json(&["list"])), [("work", "inactive")]);
    assert!(front.run(&["list"]).ok().out.contains("inactive"));
}

#[test]
fn a_probe_refreshes_nothing() {
    let mut wire = Tensormesh { interval: Some(0.1), ..Tensormesh::default() };
    wire.terms.life = Some(Duration::from_hours(1));
    let front = Front::new(wire);
    drop(front.run(&["login", "tensormesh", "-p", "work"]).ok());
    front.service.next(Tensormesh::PROFILE, Fault::status(401));
    assert_eq!(front.json(&["list"])[0]["status"], "error");
    assert_eq!(front.service.count(Tensormesh::REFRESH), 0);
}

#[test]
fn only_the_deployments_in_use_are_listed_unless_all_are_wished_for() {
    let front = Front::new(Baseten::default());
    let other = Service::launch(Baseten::default());
    let _here = front.keep_key("here-one");
    let key = other.make_key();
    drop(front.run(&["env", "add", "there", other.url(), "--provider", "baseten"]).ok());
    let login = ["login", "baseten", "-u", "there", "--api-key-stdin", "-p", "there-one", "--no-switch"];
    drop(front.ctl(&login).input(&format!("{key}\n")).run().ok());
    let names = |arguments: &[&str]| {
        let listed = front.json(arguments);
        words(&listed).iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["list", "--offline"]), ["here-one"]);
    let hidden = front.run(&["list", "--offline"]).ok();
    assert!(hidden.err.contains("1 more in other environments: --all"), "{hidden:?}");
    assert_eq!(names(&["list", "--offline", "--all"]), ["here-one", "there-one"]);
    let switched = front.run(&["env", "switch", "there", "--provider", "baseten"]).ok();
    assert!(switched.out.starts_with("baseten uses there, http://"), "{switched:?}");
    assert!(switched.err.contains("No profile is current there\nhint: `agentctl switch NAME`"), "{switched:?}");
    assert_eq!(names(&["list"]), ["there-one"]);
    drop(front.run(&["switch", "there-one"]).ok());
    let back = front.json(&["env", "switch", HERE, "--provider", "baseten"]);
    assert_eq!((&back["provider"], &back["profile"]), (&json!("baseten"), &json!("here-one")));
    assert_eq!(back["environment"]["name"], HERE);
    assert_eq!(front.json(&["status"])["profile"]["name"], "here-one");
    let again = front.run(&["env", "switch", "there", "--provider", "baseten"]).ok();
    assert!(again.err.contains("The current profile there is there-one"), "{again:?}");
    assert_eq!(front.json(&["status"])["profile"]["name"], "there-one");
    assert_eq!(names(&["list", "--offline", "--provider", "tank", "--all"]), Vec::<String>::new());
}

#[test]
fn deployments_are_added_listed_and_removed_and_wrong_names_are_told() {
    let front = Front::new(LlamaIndex { requires_auth: false, ..LlamaIndex::default() });
    let listed = front.json(&["env", "list", "llamaindex"]);
    let names: Vec<&str> = listed.as_array().expect("an array").iter().filter_map(|e| e["name"].as_str()).collect();
    assert!(names.contains(&HERE) && names.contains(&"production"), "{listed}");
    let here = listed.as_array().and_then(|all| all.iter().find(|e| e["name"] == HERE)).expect("it is there");
    assert_eq!((&here["needs_login"], &here["added"], &here["current"]), (&json!(false), &json!(true), &json!(true)));
    let made = front.run(&["login", "llamaindex", "-p", "open", "-P", "project-1"]).ok();
    assert!(made.out.contains("its environment needs no login"), "{made:?}");
    let wrong = front.run(&["env", "switch", "nowhere", "--provider", "llamaindex"]).fails(1);
    assert!(wrong.err.contains(HERE) && wrong.err.contains("production"), "the names are told: {wrong:?}");
    let wrong = front.run(&["env", "list", "lamaindex"]).fails(1);
    assert!(wrong.err.contains("did you mean `llamaindex`?"), "{wrong:?}");
    drop(front.run(&["env", "switch"]).fails(2));
    drop(front.run(&["env", "add", "x", "ftp://example.org", "--provider", "llamaindex"]).fails(2));
    drop(front.run(&["env", "add", "x", "http://example.org", "--provider", "llamaindex"]).fails(2));
    drop(front.run(&["env", "remove", "production", "--provider", "llamaindex"]).fails(2));
    let absent = front.run(&["env", "remove", "nowhere", "--provider", "llamaindex"]).ok();
    assert!(absent.err.contains("there is no environment nowhere") && absent.out.is_empty(), "{absent:?}");
    drop(front.run(&["env", "switch", "production", "--provider", "llamaindex"]).ok());
    drop(front.run(&["rm", "open", "-y"]).ok());
    assert_eq!(front.run(&["env", "rm", HERE, "--provider", "llamaindex"]).ok().out, format!("Removed {HERE}\n"));
    let gone = front.json(&["env", "remove", HERE, "--provider", "llamaindex"]);
    assert_eq!(gone, json!({"name": HERE, "existed": false}));
}

#[test]
fn another_profile_becomes_current_by_name_and_nobody_is_asked() {
    let front = Front::new(Baseten::default());
    assert!(front.run(&["switch"]).fails(2).err.contains("there are no profiles"));
    for name in ["first", "second"] {
        let _key = front.keep_key(name);
    }
    let asked = front.service.ledger().entries().len();
    assert_eq!(front.run(&["switch", "first"]).ok().out, "Switched to first as ada@example.test (Baseten)\n");
    assert_eq!(front.json(&["switch", "second"])["current"], true);
    assert_eq!(front.json(&["switch", "-p", "first"])["name"], "first");
    let unnamed = front.run(&["switch"]).fails(2);
    assert!(unnamed.err.contains("there are: first, second"), "{unnamed:?}");
    let variable = front.ctl(&["switch"]).env("AGENTCTL_PROFILE", "second").run().fails(2);
    assert!(variable.err.contains("there are: first, second"), "{variable:?}");
    drop(front.run(&["switch", "first", "-p", "second"]).fails(2));
    assert_eq!(front.service.ledger().entries().len(), asked);
    assert_eq!(front.json(&["status"])["profile"]["name"], "first");
}

#[test]
fn a_project_is_chosen_by_id_or_name_from_those_the_service_lists() {
    let front = llamaindex();
    assert!(front.run(&["project"]).fails(3).err.contains("agentctl login"));
    drop(front.run(&["login", "llamaindex", "--device", "-p", "work"]).ok());
    assert_eq!(front.run(&["project", "project-1"]).ok().out, "work uses the project Default (project-1)\n");
    assert_eq!(front.json(&["project", "Second"])["project"], "project-2");
    let unnamed = front.run(&["project"]).fails(2);
    assert!(unnamed.err.contains("there are: project-1, project-2"), "{unnamed:?}");
    let wrong = front.run(&["project", "project-9"]).fails(1);
    assert!(wrong.err.contains("no such project"), "{wrong:?}");
    assert_eq!(front.json(&["status"])["profile"]["project"], "project-2", "it stays as it was");
}

#[test]
fn where_no_projects_are_listed_an_id_is_taken_as_it_is() {
    let front = Front::new(Contree { project: None, ..Contree::default() });
    let key = front.service.make_key();
    let login = ["login", "contree", "-P", "one", "--api-key-stdin", "-p", "work"];
    drop(front.ctl(&login).input(&format!("{key}\n")).run().ok());
    assert_eq!(front.run(&["project", "another"]).ok().out, "work uses the project another\n");
    drop(front.run(&["whoami"]).ok());
    let project =
        front.service.ledger().last(Contree::WHOAMI).and_then(|asked| asked.header("project").map(str::to_owned));
    assert_eq!(project.as_deref(), Some("another"));
    assert!(front.run(&["project"]).fails(2).err.contains("no project is named"));
}
