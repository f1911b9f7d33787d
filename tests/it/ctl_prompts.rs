//! Questions, as a person at a terminal meets them; and that nobody is asked where there is none.
#![cfg(target_os = "linux")]

use harness::front::Front;
use harness::service::{Baseten, Contree, LlamaIndex, Tensormesh};
use harness::terminal::{CTRL_C, CTRL_D};
use rustix::process::Signal;
use serde_json::json;

fn baseten() -> Front<Baseten> {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    Front::new(wire)
}

#[test]
fn a_key_is_typed_without_being_shown() {
    let front = baseten();
    let key = front.service.make_key();
    let mut terminal = front.terminal(&["login", "baseten", "--api-key"]);
    terminal.wait_for("Enter the key; it is not shown");
    terminal.wait_until_hidden();
    terminal.enter(&key);
    terminal.wait_for("Logged in to ada@example.test");
    assert_eq!(terminal.wait(), Some(0));
    assert!(terminal.echoes(), "the terminal is as it was");
    let (_, seen) = front.end(terminal);
    assert!(!seen.contains(&key), "it was not shown");
    assert_eq!(front.run(&["token"]).ok().out, format!("{key}\n"));
}

#[test]
fn a_hidden_question_that_is_interrupted_leaves_terminal_and_profiles_as_they_were() {
    let front = baseten();
    let key = front.service.make_key();
    for half in [CTRL_C, "canary-half-of-a-key\u{3}"] {
        let mut terminal = front.terminal(&["login", "baseten", "--api-key", "-p", "work"]);
        terminal.wait_for("it is not shown");
        terminal.wait_until_hidden();
        terminal.press(half);
        assert_eq!(terminal.wait(), None, "the signal ended it");
        assert!(terminal.echoes(), "the terminal shows again what is typed");
        assert!(!front.end(terminal).1.contains("half-of-a-key"));
    }
    let mut terminal = front.terminal(&["login", "baseten", "--api-key", "-p", "work"]);
    terminal.wait_until_hidden();
    terminal.press(CTRL_D);
    assert_eq!(terminal.wait(), Some(2), "there is no key");
    assert!(terminal.echoes());
    drop(front.end(terminal));
    assert_eq!(front.json(&["list", "--offline"]), json!([]));
    assert!(front.service.is_live(&key) && front.service.ledger().entries().is_empty(), "nobody was asked");
}

#[test]
fn the_way_to_log_in_is_picked_from_those_there_are() {
    let front = baseten();
    let mut terminal = front.terminal(&["login", "baseten", "--no-open-browser", "-p", "work"]);
    terminal.wait_for("Choose a way to log in:");
    terminal.wait_for("1) device  with a code, in any browser");
    terminal.wait_for("2) api-key  with a key that you have");
    terminal.enter("3");
    terminal.wait_for("That is none of them");
    terminal.enter("device");
    terminal.wait_for("enter the code:");
    terminal.wait_for("Logged in to work");
    assert_eq!(front.end(terminal).0, Some(0));
    let mut terminal = front.terminal(&["login", "baseten", "-p", "ci"]);
    terminal.wait_for("Number or name of the way to log in:");
    terminal.enter("2");
    terminal.wait_until_hidden();
    terminal.enter(&front.service.make_key());
    terminal.wait_for("Logged in to ci");
    assert_eq!(front.end(terminal).0, Some(0));
}

#[test]
fn a_service_is_picked_where_none_is_named() {
    let front = baseten();
    let mut terminal = front.terminal(&["login", "--device", "--no-open-browser"]);
    terminal.wait_for("Choose a service:");
    terminal.wait_for("Number or name of the service:");
    terminal.enter("baseten");
    terminal.wait_for("Logged in to ada@example.test");
    assert_eq!(front.end(terminal).0, Some(0));
}

#[test]
fn profiles_are_picked_by_number_or_name_and_endings_are_confirmed() {
    let front = baseten();
    for name in ["alpha", "beta", "gamma"] {
        let _key = front.keep_key(name);
    }
    let mut terminal = front.terminal(&["switch"]);
    terminal.wait_for("Choose a profile:");
    terminal.wait_for("3) gamma  ada@example.test (Baseten), usable, current");
    terminal.enter("1");
    terminal.wait_for("Switched to alpha");
    assert_eq!(front.end(terminal).0, Some(0));
    for (answer, code) in [("n", 1), ("", 1), ("nonsense", 1), ("Y", 0)] {
        let mut terminal = front.terminal(&["logout"]);
        terminal.wait_for("Number or name of the profile:");
        terminal.enter("beta");
        terminal.wait_for("Log out of beta as ada@example.test (Baseten)? [y/N]");
        terminal.enter(answer);
        assert_eq!(front.end(terminal).0, Some(code), "{answer}");
        let out = front.json(&["status", "beta"])["profile"]["state"] == "logged-out";
        assert_eq!(out, code == 0, "{answer}");
    }
    let mut terminal = front.terminal(&["remove", "gamma"]);
    terminal.wait_for("Forget the profile gamma");
    terminal.enter("yes");
    terminal.wait_for("Removed gamma");
    assert_eq!(front.end(terminal).0, Some(0));
}

#[test]
fn a_question_that_is_interrupted_or_not_answered_changes_nothing() {
    let front = baseten();
    let _keys = ["alpha", "beta"].map(|name| front.keep_key(name));
    let asked = front.service.ledger().entries().len();
    for (line, shown) in [
        (&["switch"][..], "Number or name"),
        (&["logout", "alpha"], "[y/N]"),
        (&["remove", "alpha"], "[y/N]"),
        (&["logout", "--all"], "[y/N]"),
        (&["login", "alpha", "--device"], "Replace it? [y/N]"),
    ] {
        for (key, code) in [(CTRL_C, None), (CTRL_D, Some(1))] {
            let mut terminal = front.terminal(line);
            terminal.wait_for(shown);
            terminal.press(key);
            assert_eq!(terminal.wait(), code, "{line:?}");
            assert!(terminal.echoes());
            drop(front.end(terminal));
        }
    }
    let list = front.json(&["list", "-O"]);
    let found: Vec<_> = list.as_array().expect("an array").iter().map(|one| one["active"].clone()).collect();
    assert_eq!(found, [false, true], "both are there, and the current one is");
    assert_eq!(front.service.ledger().entries().len(), asked, "nobody was asked");
}

#[test]
fn a_login_that_is_interrupted_or_ended_from_outside_leaves_no_profile_and_is_no_hindrance() {
    let front = Front::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    front.service.auto_approve(false);
    let login = ["login", "tensormesh", "--no-open-browser", "-p", "work"];
    for by_hand in [true, false] {
        let mut terminal = front.terminal(&login);
        terminal.wait_for("Waiting for approval");
        if by_hand {
            terminal.press(CTRL_C);
        } else {
            terminal.signal(Signal::TERM);
        }
        assert_eq!(terminal.wait(), None, "the signal ended it");
        assert!(terminal.echoes());
        drop(front.end(terminal));
        assert_eq!(front.json(&["list", "--offline"]), json!([]), "nothing is left of it");
    }
    front.service.auto_approve(true);
    drop(front.run(&login).ok());
}

#[test]
fn overwriting_a_login_is_asked_about_before_the_key() {
    let front = baseten();
    let old = front.keep_key("work");
    let new = front.service.make_key();
    let login = ["login", "baseten", "--api-key", "-p", "work"];
    let mut terminal = front.terminal(&login);
    terminal.wait_for("The profile work holds another login. Replace it? [y/N]");
    terminal.enter("n");
    assert_eq!(front.end(terminal).0, Some(1));
    assert_eq!(front.run(&["token"]).ok().out, format!("{old}\n"));
    let mut terminal = front.terminal(&login);
    terminal.wait_for("[y/N]");
    terminal.enter("y");
    terminal.wait_until_hidden();
    terminal.enter(&new);
    terminal.wait_for("Logged in to work");
    assert_eq!(front.end(terminal).0, Some(0));
    assert_eq!(front.run(&["token"]).ok().out, format!("{new}\n"));
}

#[test]
fn a_project_is_picked_after_a_login_and_later() {
    let mut wire = LlamaIndex::default();
    wire.device.interval = Some(1);
    let front = Front::new(wire);
    let mut terminal = front.terminal(&["login", "llamaindex", "--device", "--no-open-browser", "-p", "work"]);
    terminal.wait_for("Choose a project:");
    terminal.wait_for("1) project-1  Default");
    terminal.wait_for("Number or name of the project:");
    terminal.enter("Second");
    terminal.wait_for("Logged in to work as ada@example.test (Ada Example, LlamaIndex), project Second (project-2)");
    assert_eq!(front.end(terminal).0, Some(0));
    let mut terminal = front.terminal(&["project"]);
    terminal.wait_for("2) project-2  Second, ");
    terminal.wait_for("current");
    terminal.wait_for("Number or name of the project:");
    terminal.enter("1");
    terminal.wait_for("work uses the project Default (project-1)");
    assert_eq!(front.end(terminal).0, Some(0));
}

#[test]
fn what_contree_needs_is_asked_for_one_after_the_other() {
    let front = Front::new(Contree { project: Some("typed-id".to_owned()), ..Contree::default() });
    let key = front.service.make_key();
    let mut terminal = front.terminal(&["login", "contree", "-p", "work"]);
    terminal.wait_for("Enter the key; it is not shown");
    terminal.wait_until_hidden();
    terminal.enter(&key);
    terminal.wait_for("Enter the project's id");
    terminal.enter("typed-id");
    terminal.wait_for("Logged in to work (Contree), project typed-id");
    assert_eq!(front.end(terminal).0, Some(0));
    let mut terminal = front.terminal(&["login", "contree", "--type", "jwt", "-p", "old", "--interactive"]);
    terminal.wait_until_hidden();
    terminal.enter(&key);
    terminal.wait_for("Enter the base URL");
    terminal.enter("");
    terminal.wait_for("no base URL was entered; nothing was done");
    assert_eq!(front.end(terminal).0, Some(1));
}

#[test]
fn a_credential_is_kept_from_the_terminal_where_the_rule_says_so() {
    let front = Front::configured(
        Baseten::default(),
        "[profile.piped]\nreveal = \"pipe\"\n[profile.sealed]\nreveal = \"never\"\n",
    );
    let (piped, sealed) = (front.keep_key("piped"), front.keep_key("sealed"));
    for line in [&["token", "-p", "piped"][..], &["token", "-p", "sealed"], &["token", "-p", "sealed", "--yes-i-know"]]
    {
        let (code, seen) = front.end(front.terminal(line));
        assert_eq!(code, Some(4), "{line:?}: {seen}");
        assert!(!seen.contains(&piped) && !seen.contains(&sealed), "{line:?}");
    }
    let mut terminal = front.terminal(&["token", "-p", "piped", "--yes-i-know"]);
    terminal.wait_for(&piped);
    assert_eq!(terminal.wait(), Some(0));
}

#[test]
fn never_asking_holds_on_a_terminal_too() {
    let front = baseten();
    let _keys = ["alpha", "beta"].map(|name| front.keep_key(name));
    for line in
        ["login baseten", "login baseten --api-key", "switch", "logout", "logout alpha", "remove alpha", "project"]
    {
        let arguments: Vec<&str> = line.split(' ').chain(["--non-interactive"]).collect();
        let (code, seen) = front.end(front.terminal(&arguments));
        assert!(matches!(code, Some(1 | 2)) && seen.contains("error: "), "{line}: {code:?} {seen}");
    }
}

#[test]
fn answers_are_lines_on_standard_input_where_questions_are_forced() {
    let front = baseten();
    let key = front.service.make_key();
    let login = ["login", "baseten", "--interactive", "-p", "work"];
    drop(front.ctl(&login).input(&format!("api-key\n{key}\n")).run().ok());
    assert_eq!(front.run(&["token"]).ok().out, format!("{key}\n"));
    let typed = front.ctl(&["logout", "--interactive"]).input("y\n").run().ok();
    assert!(typed.err.contains("Log out of work as ada@example.test (Baseten)? [y/N]"), "{typed:?}");
}

#[test]
fn no_verb_but_login_starts_one_and_none_waits_for_an_answer_without_a_terminal() {
    let front = baseten();
    for line in [
        "status",
        "whoami",
        "list",
        "switch",
        "switch x",
        "project",
        "project p",
        "env list",
        "env switch x --provider tank",
        "logout",
        "logout x",
        "logout --all",
        "remove",
        "remove x",
        "token",
        "reject",
        "exec -- true",
        "refresh",
        "sync",
        "provider list",
        "provider remove x",
        "link",
        "links",
        "unlink",
        "import",
        "doctor",
        "daemon status",
        "login",
        "login baseten",
        "login baseten --api-key",
        "login contree",
        "login tank --api-key",
        "login llamaindex",
    ] {
        let ran = front.run(&line.split(' ').collect::<Vec<_>>());
        assert!(
            !ran.err.contains("[y/N]") && !ran.err.contains("Choose a ") && !ran.err.contains("Enter the"),
            "{line}: {ran:?}"
        );
        assert!(!ran.err.contains("To log in"), "{line}: {ran:?}");
    }
    assert!(front.service.ledger().entries().is_empty(), "no login was begun");
    drop(front.run(&["login", "baseten", "--device", "-p", "work"]).ok());
    front.service.end_login();
    let begun = front.service.count(Baseten::AUTHORIZE);
    for line in ["whoami", "status", "refresh", "token", "list", "exec -- true", "sync"] {
        let ran = front.run(&line.split(' ').collect::<Vec<_>>());
        assert!(!ran.err.contains("To log in"), "{line}: {ran:?}");
    }
    assert_eq!(front.service.count(Baseten::AUTHORIZE), begun);
}
