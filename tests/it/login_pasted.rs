//! A browser on another machine: the address that it ends at is pasted, or handed over by a script.
#![cfg(target_os = "linux")]

use harness::away::Away;
use harness::browser::Browser;
use harness::canary::Canaries;
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::Endpoint;
use harness::oidc_provider::{OidcProvider, Settings};
use harness::sandbox::{Sandbox, program};
use harness::terminal::{Model, Terminal};
use harness::until::until;

const REMOTE: [&str; 2] = ["--browser", "--no-open-browser"];

fn emulator() -> Model<'static> {
    Model::emulator(400, 40)
}

#[test]
fn the_address_is_pasted_unseen_and_a_wrong_one_is_told_and_asked_for_again() {
    let away = Away::new();
    let mut terminal = away.terminal(&emulator(), &away.login(&REMOTE));
    let waiting = away.waiting();
    let step = |field: &str| waiting["waits_for"][field].as_str().expect("it is there").to_owned();
    let (url, back) = (step("url"), step("redirect_uri"));
    let asked = format!(
        "To log in, open this address in a browser:\n  {url}\n\
         If that browser is on another machine, it will say that it cannot connect. Copy the address it ended\n\
         at, which begins with {back}, and paste it here (it is not shown):\n"
    );
    let progress = "* Waiting for approval… MM:SS left\n";
    terminal.shows(&format!("{asked}{progress}"));
    assert!(!terminal.echoes(), "the terminal does not show what is pasted");
    terminal.enter(&url);
    let wrong = "this address leads elsewhere than back to this login; it begins with";
    let again = format!("{wrong} `{back}`\nPaste the address again:\n");
    terminal.shows(&format!("{asked}{again}{progress}"));
    terminal.enter(&format!("{back}?code=canary-code&state=canary-state"));
    let stale = "this address is not the answer to this login: it is of another one, or not whole; it begins with";
    let twice = format!("{stale} `{back}`\nPaste the address again:\n");
    terminal.shows(&format!("{asked}{again}{twice}{progress}"));
    assert_eq!(away.issuer.count(Endpoint::Token), 0, "nothing of it was sent");
    let answer = away.browse();
    terminal.enter(&answer);
    terminal.wait_for("Logged in to work");
    assert_eq!(terminal.wait(), Some(0));
    assert!(terminal.echoes(), "the terminal is as it was");
    let (_, seen) = terminal.end();
    let code = answer.split_once("code=").expect("a code").1.split('&').next().expect("a code").to_owned();
    let secrets = Canaries::new([code, "canary-code".to_owned(), "canary-state".to_owned()]);
    secrets.assert_absent("the terminal", &seen);
    secrets.assert_absent("the log of the daemon", away.log());
}

#[test]
fn a_very_long_address_arrives_whole() {
    let away = Away::new();
    let mut terminal = away.terminal(&emulator(), &away.login(&REMOTE));
    terminal.wait_for("paste it here");
    terminal.wait_until_hidden();
    let answer = format!("{}&session_state={}", away.browse(), "x".repeat(6000));
    terminal.enter(&answer);
    terminal.wait_for("Logged in to work");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn whichever_comes_first_counts_the_pasted_address_or_the_browser_on_this_machine() {
    let away = Away::new();
    let mut terminal = away.terminal(&emulator(), &away.login(&REMOTE));
    terminal.wait_for("paste it here");
    let url = away.waiting()["waits_for"]["url"].as_str().expect("an address").to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert_eq!(runtime.block_on(async { Browser::new().follow(&url).await }).status, 200);
    terminal.wait_for("Logged in to work");
    assert_eq!(terminal.wait(), Some(0));
    assert!(terminal.echoes());
}

#[test]
fn a_script_hands_the_address_over_on_standard_input() {
    let away = Away::new();
    let arguments = away.login(&REMOTE);
    let (login, answered) = std::thread::scope(|scope| {
        let login = scope.spawn(|| away.ctl(&arguments).run());
        let id = away.waiting()["id"].as_str().expect("an id").to_owned();
        let resume = ["login", "--resume", &id, "--answer-stdin", "--non-interactive"];
        let wrong =
            away.ctl(&resume).input("http://127.0.0.1:1/callback?code=canary-a&state=canary-b\n").run().fails(2);
        assert!(wrong.err.contains("error: this address") && !wrong.err.contains("canary"), "{wrong:?}");
        let answered = away.ctl(&resume).input(&format!("{}\n", away.browse())).run();
        (login.join().expect("agentctl ends"), answered)
    });
    let login = login.ok();
    assert!(login.err.contains("`agentctl login --resume l") && login.err.contains("--answer-stdin`"), "{login:?}");
    assert!(answered.ok().out.starts_with("Logged in to work"));
    let nothing = away.ctl(&["login", "--answer-stdin"]).run().fails(2);
    assert!(nothing.err.contains("--resume"), "{nothing:?}");
}

#[test]
fn a_code_login_at_the_real_provider_is_finished_by_an_address_pasted_on_a_terminal() {
    let provider = OidcProvider::start_with(&Settings::default());
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let login = ["login", "--issuer", &provider.url, "--client-id", OidcProvider::PUBLIC, "-p", "work"];
    let mut terminal = Terminal::start_as(&emulator(), &sandbox, &program("agentctl"), &[&login[..], &REMOTE].concat());
    terminal.wait_for("paste it here");
    terminal.wait_until_hidden();
    let url = until("the address", || {
        let shown = terminal.look().text();
        shown
            .lines()
            .find_map(|line| line.trim().strip_prefix(&provider.url).map(|rest| format!("{}{rest}", provider.url)))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let page = runtime.block_on(async { Browser::elsewhere().follow(&url).await });
    terminal.enter(page.url.as_str());
    terminal.wait_for("Logged in to work");
    assert_eq!(terminal.end().0, Some(0));
    let token = Ctl::new(&sandbox, &["token"]).run().ok().out;
    assert!(runtime.block_on(provider.introspect(token.trim_end())), "the provider knows the token");
}
