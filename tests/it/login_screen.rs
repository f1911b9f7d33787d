//! What a person sees of a login on a terminal, and what a telephone reads there.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;

use harness::away::Away;
use harness::front::Front;
use harness::issuer::Client;
use harness::screen::Theme;
use harness::service::Baseten;
use harness::terminal::{Model, Size};
use harness::until::until;

fn baseten() -> Front<Baseten> {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    let front = Front::new(wire);
    front.service.auto_approve(false);
    front
}

#[test]
fn a_device_login_names_its_purpose_shows_code_address_and_time_and_leaves_only_its_end() {
    let away = Away::new();
    let terminal = away.terminal(&Model::emulator(100, 60), &away.login(&["--device"]));
    let waiting = away.waiting();
    let step = |field: &str| waiting["waits_for"][field].as_str().expect("it is there").to_owned();
    let host = away.issuer.url().split_once("://").expect("a URL").1;
    let (uri, code, complete) = (step("verification_uri"), step("user_code"), step("verification_uri_complete"));
    let client = Client::PUBLIC;
    let prompt = format!(
        "agentctl asks {host} for the scope `openid` as the client `{client}`, for the profile work\n\
         Go on only if you have started this login yourself\n\
         To log in, open this address in any browser and enter the code:\n  {uri}\n  {code}\n\
         or open this address, which holds the code already:\n  {complete}\n"
    );
    // The terminal wraps what is longer than it is wide.
    let wrapped = |text: &str| text.split('\n').map(str::trim_start).collect::<Vec<_>>().join("");
    let shown = until("the whole prompt", || {
        let shown = terminal.look().text();
        shown.ends_with("* Waiting for approval… MM:SS left\n").then_some(shown)
    });
    assert_eq!(wrapped(&shown), wrapped(&format!("{prompt}* Waiting for approval… MM:SS left\n")));
    assert_eq!(terminal.look().qr(Theme::Dark, away.folder()), Some(complete));
    away.issuer.approve(&code);
    let shown = until("its end", || {
        let shown = terminal.look().text();
        shown.contains("It is the current profile now").then_some(shown)
    });
    assert!(!shown.contains("Waiting for approval"), "the progress is gone: {shown}");
    assert!(shown.lines().any(|line| line.starts_with("Logged in to work")), "{shown}");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_telephone_reads_the_code_on_dark_and_light_ground_and_without_colours() {
    let front = baseten();
    let login = ["login", "baseten", "--device", "-p", "work"];
    let emulator = Model::emulator(90, 50);
    for (model, themes) in
        [(emulator.clone(), &[Theme::Dark, Theme::Light][..]), (emulator.clone().with("NO_COLOR", "1"), &[Theme::Dark])]
    {
        let mut terminal = front.terminal_on(&model, &login);
        terminal.wait_for("Waiting for approval");
        let page = front.service.pending_page().expect("it waits");
        for theme in themes {
            assert_eq!(terminal.look().qr(*theme, front.sandbox.path()).as_ref(), Some(&page), "{theme:?}");
        }
        terminal.press(harness::terminal::CTRL_C);
        assert_eq!(front.end(terminal).0, None);
    }
}

#[test]
fn a_code_is_drawn_only_where_it_can_be_seen_and_is_wished() {
    let front = baseten();
    let shown = |model: Model<'_>, more: &[&str]| {
        let mut terminal = front.terminal_on(&model, &[&["login", "baseten", "--device", "-p", "work"], more].concat());
        terminal.wait_for("Waiting for approval");
        let (draws, text) = (terminal.look().draws(), terminal.look().text());
        terminal.press(harness::terminal::CTRL_C);
        drop(front.end(terminal));
        (draws, text)
    };
    assert!(shown(Model::emulator(90, 50), &[]).0);
    for (model, more) in [
        (Model::emulator(90, 50), &["--no-qr"][..]),
        (Model::emulator(90, 20), &[]),
        (Model::emulator(30, 50), &[]),
        (Model::emulator(90, 50).with("LANG", "C"), &[]),
        (Model::emulator(90, 50).with("TERM", "dumb"), &[]),
    ] {
        assert!(!shown(model.clone(), more).0, "{model:?} {more:?}");
    }
    assert!(shown(Model::emulator(90, 20), &["--qr"]).0, "a low screen scrolls");
    let (draws, text) = shown(Model::emulator(30, 50), &["--qr"]);
    assert!(!draws && text.replace('\n', "").contains("the screen is too narrow for the QR code"), "{text}");
}

#[test]
fn an_address_that_leads_back_to_this_machine_is_no_code_for_a_telephone() {
    let away = Away::new();
    let mut terminal =
        away.terminal(&Model::emulator(120, 60), &away.login(&["--browser", "--no-open-browser", "--qr"]));
    terminal.wait_for("there is no QR code: this login ends at an address on this machine");
    terminal.wait_for("Waiting for approval");
    assert!(!terminal.look().draws());
}

#[test]
fn pipes_get_plain_lines() {
    let front = baseten();
    let mut page = String::new();
    let ran = front.login_with(&["login", "baseten", "--device", "-p", "work"], |address| {
        page = address.to_owned();
        front.service.approve();
    });
    let ran = ran.ok();
    assert!(!ran.err.contains(['\r', '\u{1b}', '█', '▀', '⠋']), "{ran:?}");
    assert_eq!(ran.err.matches("Waiting for approval…\n").count(), 1, "{ran:?}");
    let quiet = front.login_with(&["login", "baseten", "--device", "-p", "work", "-q"], |_| front.service.approve());
    assert!(!quiet.ok().err.contains("Waiting"));
}

#[test]
fn the_code_is_copied_by_a_program_where_the_person_sits_here_and_by_the_terminal_over_ssh() {
    let front = baseten();
    let programs = front.sandbox.path().join("bin");
    std::fs::create_dir(&programs).expect("the sandbox is writable");
    let program = programs.join("xclip");
    let copied = front.sandbox.path().join("copied");
    let script = format!("#!/bin/sh\n/bin/cat > '{}'\necho \"$@\" > '{0}.arguments'\n", copied.display());
    std::fs::write(&program, script).expect("the sandbox is writable");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("there is a PATH"));
    let here = Model::emulator(100, 60).with("PATH", &path).with("DISPLAY", ":0").with("container", "test");
    let login = ["login", "baseten", "--device", "-p", "work", "--copy"];
    let code = |page: &str| page.split_once("user_code=").expect("the code is in the address").1.to_owned();

    let mut terminal = front.terminal_on(&here, &login);
    terminal.wait_for(&format!("The code is in the clipboard (`{}`)", program.display()));
    let expected = code(&front.service.pending_page().expect("it waits"));
    assert_eq!(std::fs::read_to_string(&copied).expect("it was copied"), expected);
    let arguments = until("its arguments", || std::fs::read_to_string(copied.with_extension("arguments")).ok());
    assert!(!arguments.contains(&expected), "no code on a command line: {arguments}");
    terminal.press(harness::terminal::CTRL_C);
    drop(front.end(terminal));

    let mut terminal = front.terminal_on(&here.with("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22"), &login);
    terminal.wait_for("\u{1b}]52;c;");
    terminal.wait_for("The terminal was told to copy the code (OSC 52)");
    terminal.press(harness::terminal::CTRL_C);
    drop(front.end(terminal));

    front.service.auto_approve(true);
    let ran = front.run(&login).ok();
    assert!(ran.err.contains("warning: the code could not be copied"), "{ran:?}");
}

#[test]
fn the_flow_is_chosen_by_where_the_person_sits_and_why_is_told() {
    let away = Away::new();
    for (variables, more, expected) in [
        (&[("BROWSER", "true")][..], &[][..], "logging in with the browser: `BROWSER` says how to open one"),
        (&[], &[], "logging in with a code for any browser: "),
        (&[("SSH_TTY", "/dev/pts/9"), ("DISPLAY", ":0")], &[], "a code for any browser: the session is remote (SSH)"),
        (&[("DISPLAY", ":0"), ("container", "podman")], &[], "a code for any browser: this is a container"),
        (&[("BROWSER", "true")], &["--device"], "a code for any browser: the command line says so"),
        (&[], &["--browser"], "logging in with the browser: the command line says so"),
    ] {
        let arguments = away.login(&[&["-v", "--max-wait", "30s"], more].concat());
        let model = Model { variables: variables.to_vec(), ..Model::new("dumb", Size::USUAL) };
        let mut terminal = away.terminal(&model, &arguments);
        terminal.wait_for(expected);
        terminal.wait_for("Waiting for approval");
        terminal.press(harness::terminal::CTRL_C);
        assert_eq!(terminal.end().0, None, "{expected}");
    }
    let front = baseten();
    let model = Model::new("dumb", Size::USUAL).with("BROWSER", "true");
    let mut terminal = front.terminal_on(&model, &["login", "baseten", "-v", "-p", "work"]);
    terminal.wait_for("Number or name of the way to log in:");
    terminal.enter("device");
    terminal.wait_for("a code for any browser: nothing else was offered or picked");
    terminal.press(harness::terminal::CTRL_C);
    assert_eq!(front.end(terminal).0, None);
}
