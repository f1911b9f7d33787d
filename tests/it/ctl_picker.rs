//! Lists that a person picks from on a real terminal: what is on the screen, key by key, and that nothing of it stays.
#![cfg(target_os = "linux")]

use harness::front::{Front, HERE};
use harness::service::{Baseten, LlamaIndex, Service};
use harness::terminal::{CTRL_C, CTRL_D, Size, Terminal};

const UP: &str = "\u{1b}[A";
const DOWN: &str = "\u{1b}OB";
const ESCAPE: &str = "\u{1b}";
const BACKSPACE: &str = "\u{7f}";
const KEYS: &str = "up/down: move, type: filter, enter: choose, esc: leave";
const LEFT: [&str; 1] = ["error: no profile was chosen; nothing was done"];

/// Three profiles; `gamma` is the current one.
fn three() -> Front<Baseten> {
    let front = Front::new(Baseten::default());
    for name in ["alpha", "beta", "gamma"] {
        let _key = front.keep_key(name);
    }
    front
}

/// The list with the mark at one of them.
fn listed(at: &str, typed: &str, names: &[&str]) -> Vec<String> {
    let mut lines = vec![format!("Choose a profile: {typed}").trim_end().to_owned()];
    for name in names {
        let (mark, used) = (if *name == at { ">" } else { " " }, if *name == "gamma" { "*" } else { " " });
        lines.push(format!("{mark}{used} {name:<5}  ada@example.test (Baseten), usable"));
    }
    lines.push(KEYS.to_owned());
    lines
}

fn shows(terminal: &Terminal, lines: &[String]) {
    terminal.wait_for_screen(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

const ALL: [&str; 3] = ["alpha", "beta", "gamma"];

#[test]
fn a_profile_is_picked_with_the_keys_of_other_lists() {
    let front = three();
    let mut terminal = front.screen(Size::USUAL, &["switch"]);
    shows(&terminal, &listed("gamma", "", &ALL));
    assert!(!terminal.echoes(), "keys are not shown");
    for (key, at) in
        [("k", "beta"), (UP, "alpha"), (UP, "alpha"), ("j", "beta"), (DOWN, "gamma"), ("\u{1b}[H", "alpha")]
    {
        terminal.press(key);
        shows(&terminal, &listed(at, "", &ALL));
    }
    terminal.press(DOWN);
    terminal.press("\r");
    assert_eq!(terminal.wait(), Some(0));
    terminal.wait_for_screen(&["Switched to beta as ada@example.test (Baseten)"]);
    assert!(terminal.echoes(), "the terminal is as it was");
    drop(front.end(terminal));
    assert_eq!(front.json(&["status"])["agent"]["current"], "beta");
}

#[test]
fn what_is_typed_narrows_the_list() {
    let front = three();
    let mut terminal = front.screen(Size::USUAL, &["switch"]);
    shows(&terminal, &listed("gamma", "", &ALL));
    // The whole line is typed at once, as from a paste: what comes after the choice stays for the next question.
    terminal.press("MA");
    shows(&terminal, &listed("gamma", "MA", &["gamma"]));
    terminal.press("x");
    terminal.wait_for_screen(&["Choose a profile: MAx", "  none of them", KEYS]);
    terminal.press(&BACKSPACE.repeat(5));
    shows(&terminal, &listed("gamma", "", &ALL));
    terminal.press("alp\r");
    assert_eq!(terminal.wait(), Some(0));
    terminal.wait_for_screen(&["Switched to alpha as ada@example.test (Baseten)"]);
    drop(front.end(terminal));
}

#[test]
fn leaving_changes_nothing_and_leaves_nothing_behind() {
    let front = three();
    for verb in [&["switch"][..], &["remove"], &["logout"]] {
        for key in [ESCAPE, "q", CTRL_D, "alq\u{1b}"] {
            let mut terminal = front.screen(Size::USUAL, verb);
            shows(&terminal, &listed("gamma", "", &ALL));
            terminal.press(key);
            assert_eq!(terminal.wait(), Some(1), "{key:?}");
            terminal.wait_for_screen(&LEFT);
            assert!(terminal.echoes(), "{key:?}: the terminal is as it was");
            drop(front.end(terminal));
        }
        let mut terminal = front.screen(Size::USUAL, verb);
        shows(&terminal, &listed("gamma", "", &ALL));
        terminal.press(CTRL_C);
        assert_eq!(terminal.wait(), None, "the signal ended it");
        terminal.wait_for_screen(&[]);
        assert!(terminal.echoes());
        drop(front.end(terminal));
    }
    let mut terminal = front.screen(Size::USUAL, &["switch"]);
    shows(&terminal, &listed("gamma", "", &ALL));
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.wait(), None);
    assert!(terminal.echoes(), "a signal of somebody else leaves the terminal in order as well");
    drop(front.end(terminal));
    assert_eq!(front.json(&["status"])["agent"]["current"], "gamma");
}

#[test]
fn a_narrow_terminal_shows_what_fits_and_a_wider_one_more() {
    let front = three();
    let mut terminal = front.screen(Size { columns: 22, rows: 4 }, &["switch"]);
    terminal.wait_for_screen(&["Choose a profile:", ">* gamma  ada@exampl…", "   2 more", "up/down: move, type:…"]);
    terminal.press(UP);
    terminal.wait_for_screen(&["Choose a profile:", ">  beta   ada@exampl…", "   2 more", "up/down: move, type:…"]);
    terminal.resize(Size::USUAL);
    terminal.press(UP);
    shows(&terminal, &listed("alpha", "", &ALL));
    terminal.press("q");
    assert_eq!(terminal.wait(), Some(1));
    drop(front.end(terminal));
}

#[test]
fn every_choice_is_made_in_the_same_way() {
    let mut wire = LlamaIndex::default();
    wire.device.interval = Some(1);
    let front = Front::new(wire);
    let mut terminal = front.screen(Size::USUAL, &["login", "--no-open-browser", "-p", "work"]);
    terminal.wait_for("Choose a service:");
    terminal.press("llamai\r");
    terminal.wait_for("Choose a way to log in:");
    terminal.press("dev\r");
    terminal.wait_for("Choose a project:");
    terminal.press("\u{1b}[B\r");
    terminal.wait_for("Logged in to work");
    assert_eq!(front.end(terminal).0, Some(0));
    let chosen = front.json(&["status"])["profile"]["project"].clone();
    let mut terminal = front.screen(Size::USUAL, &["project"]);
    terminal.wait_for(">* ");
    terminal.wait_for(chosen.as_str().expect("one is chosen"));
    terminal.press("\u{1b}[A\r");
    terminal.wait_for("work uses the project");
    assert_eq!(front.end(terminal).0, Some(0));
    assert!(front.json(&["status"])["profile"]["project"] != chosen);
    let other = Service::launch(LlamaIndex::default());
    drop(front.run(&["env", "add", "there", other.url(), "--provider", "llamaindex", "--no-login"]).ok());
    let mut terminal = front.screen(Size::USUAL, &["env", "switch"]);
    terminal.wait_for("Choose an environment:");
    terminal.wait_for(">* here");
    terminal.press("there\r");
    terminal.wait_for("llamaindex uses there");
    assert_eq!(front.end(terminal).0, Some(0));
    let unasked = front.run(&["env", "switch", "--provider", "llamaindex"]).fails(2);
    assert!(unasked.err.contains("no environment is named") && unasked.err.contains(HERE), "{unasked:?}");
}
