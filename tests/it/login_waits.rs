//! A login that waits is the agent's: terminals come and go, several may look at it, and whoever interrupts ends it.
#![cfg(target_os = "linux")]

use harness::away::Away;
use harness::front::{Front, document};
use harness::service::Baseten;
use harness::terminal::{CTRL_C, CTRL_Z, Model};
use harness::until::until_true;
use rustix::process::Signal;

fn emulator() -> Model<'static> {
    Model::emulator(140, 60)
}

#[test]
fn a_terminal_that_is_closed_ends_nothing_and_another_one_goes_on() {
    let away = Away::new();
    let mut first = away.terminal(&emulator(), &away.login(&["--device"]));
    first.wait_for("Waiting for approval");
    first.signal(Signal::HUP);
    assert_eq!(first.end().0, None, "the signal ended it");
    let listed = away.ctl(&["login", "--list"]).run().ok().out;
    let row: Vec<&str> = listed.lines().nth(1).expect("one login").split_whitespace().collect();
    let code = away.waiting()["waits_for"]["user_code"].as_str().expect("a code").to_owned();
    assert_eq!((row[1], row[3], row[5]), ("work", "device", code.as_str()), "{listed}");
    for named in [&["work"][..], &[], &["-p", "work"]] {
        let mut second = away.terminal(&emulator(), &[&["login", "--resume"], named].concat());
        second.wait_for("Going on with the login at ");
        second.wait_for(&code);
        second.wait_for("Waiting for approval");
        second.signal(Signal::HUP);
        drop(second.end());
    }
    let mut last = away.terminal(&emulator(), &["login", "--resume", row[0]]);
    last.wait_for("Waiting for approval");
    away.approve();
    last.wait_for("Logged in to work");
    assert_eq!(last.end().0, Some(0));
    assert_eq!(away.pending(), 0);
}

#[test]
fn the_same_login_on_two_terminals_is_one_and_another_one_is_told_of_it() {
    let away = Away::new();
    let mut first = away.terminal(&emulator(), &away.login(&["--device"]));
    first.wait_for("Waiting for approval");
    let mut second = away.terminal(&emulator().with("BROWSER", "true"), &away.login(&["--device"]));
    second.wait_for("The same login waits already; going on with it");
    second.wait_for("Waiting for approval");
    assert_eq!(away.pending(), 1);
    let other = away.ctl(&away.login(&["--browser"])).run().fails(1);
    assert!(other.err.contains("error: another login for the profile `work` is pending"), "{other:?}");
    assert!(other.err.contains("hint: `agentctl login --resume work`"), "{other:?}");
    away.approve();
    for terminal in [first, second] {
        let (code, seen) = terminal.end();
        assert!(code == Some(0) && seen.contains("Logged in to work"), "{seen}");
    }
}

#[test]
fn a_login_is_cancelled_from_elsewhere() {
    let away = Away::new();
    for (arguments, json) in [(&["login", "--cancel", "work"][..], false), (&["login", "--cancel", "-o", "json"], true)]
    {
        let mut terminal = away.terminal(&emulator(), &away.login(&["--device"]));
        terminal.wait_for("Waiting for approval");
        let id = away.waiting()["id"].clone();
        let ran = away.ctl(arguments).run().ok();
        if json {
            assert_eq!(document(&ran.out)["id"], id);
        } else {
            assert!(
                ran.out.starts_with("Cancelled the login at ") && ran.out.ends_with("for the profile work\n"),
                "{ran:?}"
            );
        }
        let (code, seen) = terminal.end();
        assert!(code == Some(1) && seen.contains("the login was cancelled"), "{seen}");
    }
    let none = away.ctl(&["login", "--cancel"]).run().fails(1);
    assert!(none.err.contains("error: no login waits"), "{none:?}");
    let none = away.ctl(&["login", "--resume", "canary-typed"]).run().fails(1);
    assert!(none.err.contains("no login of that name waits") && !none.err.contains("canary"), "{none:?}");
    assert_eq!(away.ctl(&["login", "--list"]).run().ok().err, "No login waits\n");
}

#[test]
fn several_logins_are_told_apart_and_one_is_picked() {
    let away = Away::new();
    let mut ids = Vec::new();
    for name in ["work", "home"] {
        let mut login = away.login(&["--device"]);
        let last = login.iter().position(|word| *word == "work").expect("it has a name");
        login[last] = name;
        let mut terminal = away.terminal(&emulator(), &login);
        terminal.wait_for("Waiting for approval");
        terminal.signal(Signal::HUP);
        drop(terminal.end());
        ids.push(name);
    }
    let ran = away.ctl(&["login", "--cancel"]).run().fails(2);
    assert!(ran.err.contains("error: several logins wait: l"), "{ran:?}");
    let mut terminal = away.terminal(&emulator(), &["login", "--cancel"]);
    terminal.wait_for("for the profile work");
    terminal.enter("home");
    terminal.wait_for("Cancelled the login");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(away.waiting()["purpose"]["profile"], "work");
}

#[test]
fn whoever_interrupts_cancels_and_the_shell_sees_the_signal() {
    let away = Away::new();
    for (flow, signal) in [("--device", None), ("--browser", None), ("--device", Some(Signal::TERM))] {
        let mut terminal = away.terminal(&emulator(), &away.login(&[flow, "--no-open-browser"]));
        terminal.wait_for("Waiting for approval");
        match signal {
            None => terminal.press(CTRL_C),
            Some(signal) => terminal.signal(signal),
        }
        terminal.wait_for("Cancelled the login; nothing was changed\r\n");
        assert_eq!(terminal.wait(), None, "the signal ended it");
        assert!(terminal.echoes(), "the terminal is as it was");
        let shown = terminal.look().text();
        assert!(shown.ends_with("Cancelled the login; nothing was changed\n"), "{shown}");
        assert!(!shown.contains("Waiting for approval"), "{shown}");
        assert_eq!(away.pending(), 0, "nothing is left of it");
    }
}

#[test]
fn a_login_that_is_stopped_for_a_while_gives_the_terminal_back_and_goes_on() {
    let away = Away::new();
    let mut terminal = away.terminal(&emulator(), &away.login(&["--browser", "--no-open-browser"]));
    terminal.wait_for("Waiting for approval");
    terminal.wait_until_hidden();
    terminal.press(CTRL_Z);
    until_true("the terminal is given back", || terminal.echoes());
    assert_eq!(away.pending(), 1);
    until_true("it goes on", || {
        terminal.signal(Signal::CONT);
        !terminal.echoes()
    });
    terminal.enter(&away.browse());
    terminal.wait_for("Logged in to work");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_hidden_question_that_is_ended_or_stopped_from_outside_leaves_the_terminal_as_it_was() {
    let front = Front::new(Baseten::default());
    let login = ["login", "baseten", "--api-key", "-p", "work"];
    let mut terminal = front.terminal(&login);
    terminal.wait_until_hidden();
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait(), None, "the signal ended it");
    assert!(terminal.echoes());
    drop(front.end(terminal));
    let key = front.service.make_key();
    let mut terminal = front.terminal(&login);
    terminal.wait_until_hidden();
    terminal.press(CTRL_Z);
    until_true("the terminal is given back", || terminal.echoes());
    until_true("it goes on", || {
        terminal.signal(Signal::CONT);
        !terminal.echoes()
    });
    terminal.enter(&format!("wrong\u{15}{}x\u{7f}{}", &key[..key.len() - 1], &key[key.len() - 1..]));
    terminal.wait_for("Logged in to work");
    assert_eq!(front.end(terminal).0, Some(0));
    assert_eq!(front.run(&["token"]).ok().out, format!("{key}\n"), "what was typed can be corrected unseen");
}
