//! Every command that the documentation shows is typed here, in `docs_services` or in `docs_standard`; every command that it mentions in a
//! sentence exists, with its options.

use std::collections::BTreeMap;

use harness::ctl::{Ctl, Ran};
use harness::issuer::{Client, Config, Issuer};
use harness::page::{Page, Shown};
use harness::sandbox::Sandbox;
use harness::service::{Baseten, LlamaIndex, Service, Tank, Wire};
use harness::session::{Home, Session};
use harness::until::until_true;

/// Commands that no test types, and why.
const NOT_TYPED: [(&str, &str); 12] = [
    ("agentctl trace refresh work", "the tests of `trace` type it, with a service that refuses"),
    ("agentctl watch", "it does not end by itself; the tests of `watch` type and interrupt it"),
    ("cargo xtask demo", "a step of `cargo xtask test`"),
    ("cargo xtask test", "what runs this"),
    ("cargo install --locked --path agentd", "minutes of building; both programs are built for the tests"),
    ("cargo install --locked --path agentctl", "the same"),
    ("mkdir -p ~/.config/systemd/user", "for a user manager, and a test must not have one"),
    ("cp systemd/agentd.service systemd/agentd.socket ~/.config/systemd/user/", "the same"),
    ("systemctl --user daemon-reload", "the same"),
    ("systemctl --user enable --now agentd.socket", "the same"),
    ("cp launchd/io.agentd.agentd.plist ~/Library/LaunchAgents/", "a Mac's"),
    ("launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/io.agentd.agentd.plist", "the same"),
];

/// The pages whose commands are typed, all of them.
const TYPED: [&str; 5] =
    ["README.md", "docs/add-a-provider.md", "docs/protocol.md", "docs/services.md", "docs/standard-services.md"];

/// A line as a person types it at a terminal, who takes the first of a list and agrees when asked.
fn type_in(session: &Session<'_>, line: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = session.command("script");
    command.args(["-qec", line, "/dev/null"]).env("NO_COLOR", "1").env("TERM", "dumb");
    command.envs(variables.iter().copied());
    Ctl::of(command).input("1\ny\n").run()
}

/// Puts the services of the sandbox in the place of those on the page.
fn placed(line: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(line.to_owned(), |line, (there, here)| line.replace(there, here))
}

fn service<W: Wire>(session: &Session<'_>, wire: W) -> Service<W> {
    let service = Service::launch(wire);
    service.follow_real_time();
    service.auto_approve(true);
    for line in [
        format!("agentctl env add here {} --provider {}", service.url(), W::NAME),
        format!("agentctl env switch here --provider {}", W::NAME),
    ] {
        let _done = type_in(session, &line, &[]).ok();
    }
    service
}

/// An authorization server whose person agrees at once.
fn obliging() -> Issuer {
    let mut config = Config::default();
    config.device.auto_approve = Some(std::time::Duration::ZERO);
    config.device.interval = Some(1);
    Issuer::launch(config)
}

#[test]
fn the_commands_of_the_readme_work() {
    let home = Home::new();
    let session = home.session();
    let tank = service(&session, Tank::default());
    let mut llamaindex = LlamaIndex::default();
    llamaindex.device.interval = Some(1);
    let _llamaindex = service(&session, llamaindex);
    let baseten = service(&session, Baseten::default());
    std::fs::write(home.path().join("key.txt"), format!("{}\n", baseten.make_key())).expect("the home is writable");
    let issuer = obliging();
    let places = [
        ("https://www.tankpkg.dev", tank.url()),
        ("https://login.example.org", issuer.url()),
        ("my-tool", Client::PUBLIC),
    ];
    let page = Page::at("README.md");
    for Shown { line, .. } in page.shown() {
        if NOT_TYPED.iter().any(|(known, _)| *known == line) {
            continue;
        }
        let line = placed(&line, &places);
        let ran = type_in(&session, &line, &[("BROWSER", "curl --silent --location --output /dev/null")]);
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

#[test]
fn the_commands_about_providers_work() {
    let home = Home::new();
    let session = home.session();
    let page = Page::at("docs/add-a-provider.md");
    let text = page.first_block("toml");
    std::fs::write(home.path().join("acme.toml"), text).expect("the home is writable");
    for Shown { line, .. } in page.shown() {
        let ran = type_in(&session, &line, &[]);
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

/// What stands behind a member's name in a document.
fn member<'o>(output: &'o str, name: &str) -> Option<&'o str> {
    output.split_once(&format!("\"{name}\":\""))?.1.split('"').next()
}

#[test]
fn the_commands_about_the_protocol_work() {
    let home = Home::new();
    let session = home.session();
    let issuer = obliging();
    let login = format!("agentctl login --issuer {} --client-id {} --device -p demo", issuer.url(), Client::PUBLIC);
    let _done = type_in(&session, &login, &[]).ok();
    let socket = session.socket();
    let variables = [("S", socket.to_str().expect("it is text"))];
    let (mut lease, mut id) = (String::new(), String::new());
    let mut commands = Page::at("docs/protocol.md").shown().into_iter().map(|shown| shown.line);
    assert!(commands.next().is_some_and(|line| line.starts_with("S=")), "the first names the socket");
    std::thread::scope(|scope| {
        let mut stream = None;
        for line in commands {
            let places = [
                ("http://127.0.0.1:37357", issuer.url()),
                ("agentd-test", Client::PUBLIC),
                ("lSDZ24BGgX1H1fMCnf3f7DA", id.as_str()),
                ("l50c9c7c8381ad59f.0.5.5", lease.as_str()),
            ];
            let line = placed(&line, &places);
            if line.ends_with("/v1/events") {
                stream = Some(scope.spawn(|| {
                    let mut command = session.command("curl");
                    command.args(["-sN", "--unix-socket"]).arg(&socket).arg("http://agentd/v1/events");
                    Ctl::of(command).run().ok().out
                }));
                until_true("somebody listens", || {
                    session.agent()["connections"].as_u64().is_some_and(|connections| connections > 1)
                });
                continue;
            }
            let Ran { out, .. } = type_in(&session, &line, &variables).ok();
            assert!(
                out.contains('{') && !out.contains("agentd:problem") || line.contains("\"second\"}"),
                "{line}: {out}"
            );
            lease = member(&out, "lease").map_or(lease, str::to_owned);
            id = member(&out, "id").map_or(id, str::to_owned);
        }
        let _stopped = type_in(&session, "agentctl daemon stop", &[]).ok();
        let heard = stream.expect("the page listens to events").join().expect("it ends with the agent");
        assert!(heard.contains("\"kind\":\"stopping\""), "{heard}");
    });
}

#[test]
fn every_command_that_is_shown_is_typed_by_a_test() {
    for page in Page::all() {
        for Shown { line, .. } in page.shown() {
            let typed = TYPED.contains(&page.path.as_str());
            let excused = NOT_TYPED.iter().any(|(known, _)| *known == line);
            assert!(typed || excused, "{}: nothing types `{line}`", page.path);
        }
    }
}

#[test]
fn every_command_that_is_mentioned_exists_with_its_options() {
    let sandbox = Sandbox::memory_only();
    let mut helps: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut help = |words: &str| {
        let words = words.to_owned();
        helps
            .entry(words.clone())
            .or_insert_with(|| {
                let arguments: Vec<&str> = words.split(' ').chain(["--help"]).collect();
                let ran = Ctl::new(&sandbox, &arguments).run();
                (ran.code == Some(0)).then_some(ran.out)
            })
            .clone()
    };
    let mut mentioned = 0;
    for page in Page::all() {
        let shown = page.shown().into_iter().map(|shown| shown.line);
        let shown = shown.filter(|line| line.starts_with("agentctl "));
        for command in page.mentioned().into_iter().chain(shown) {
            mentioned += 1;
            let words: Vec<&str> = command.split([' ', '\\', '|', '[', ']']).filter(|word| !word.is_empty()).collect();
            let verb = words.iter().skip(1).find(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            let Some(verb) = verb else { continue };
            let own = help(verb).unwrap_or_else(|| panic!("{}: there is no `{verb}` (`{command}`)", page.path));
            let action = words.get(2).and_then(|word| help(&format!("{verb} {word}"))).unwrap_or_default();
            let options = words.iter().take_while(|word| **word != "--").filter(|word| word.starts_with("--"));
            for option in options {
                let option = option.split('=').next().unwrap_or(option).trim_end_matches(['.', ',', ';', ')']);
                assert!(
                    own.contains(option) || action.contains(option),
                    "{}: `{verb}` has no `{option}` (`{command}`)",
                    page.path
                );
            }
        }
    }
    assert!(mentioned > 50, "{mentioned}");
}
