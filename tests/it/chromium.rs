//! A real browser: the page that a login ends with, and a login at the real `oidc-provider` that a person clicks through.

use harness::chromium::{Chromium, relay};
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Behaviour, Config, Endpoint};
use harness::oidc_provider::{OidcProvider, Settings};
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, Stage};
use harness::until::until;
use proto::login::LoginStep;
use serde_json::Value;
use tokio::task::block_in_place;

/// How a login ends, and what the person reads then.
struct End {
    name: &'static str,
    behaviour: Option<Behaviour>,
    status: u64,
    says: [&'static str; 3],
}

fn ends() -> [End; 3] {
    let wrong = Behaviour::RedirectParameter { name: "iss".to_owned(), value: Some("https://evil.example".to_owned()) };
    let next = "type agentctl login in the terminal";
    [
        End {
            name: "success",
            behaviour: None,
            status: 200,
            says: ["You are logged in", PROFILE, "go back to the terminal"],
        },
        End {
            name: "denial",
            behaviour: Some(Behaviour::oauth_error("access_denied")),
            status: 403,
            says: ["The login was refused", "Nothing was stored", next],
        },
        End {
            name: "failure",
            behaviour: Some(wrong),
            status: 502,
            says: ["The login did not succeed", "The terminal says why", next],
        },
    ]
}

/// The colour behind the page.
fn background(browser: &mut Chromium) -> Value {
    browser.value("getComputedStyle(document.body).backgroundColor")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_says_what_to_do_in_light_and_dark_wide_and_narrow() {
    let mut browser = block_in_place(Chromium::start);
    for End { name, behaviour, status, says } in ends() {
        let stage = Stage::new(Config::default());
        if let Some(behaviour) = behaviour {
            stage.issuer.always(Endpoint::Authorization, behaviour);
        }
        let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
        let person = async |step: &LoginStep| {
            if let LoginStep::Open { url, .. } = step {
                block_in_place(|| browser.open(url));
            }
        };
        stage.wire.follow(started.id.as_str(), person).await;
        block_in_place(|| {
            browser.wait_for("document.querySelector('h1') !== null");
            assert!(browser.url().starts_with("http://127.0.0.1:") && browser.url().contains("/callback?"));
            assert_eq!(browser.answers().pop().map(|(_, status)| status), Some(status));
            let mut seen = Vec::new();
            for (look, width, dark) in [("light", 900, false), ("dark", 900, true), ("narrow", 320, false)] {
                browser.look(width, 560, dark);
                let text = browser.text();
                assert!(says.iter().all(|words| text.contains(words)), "{name} {look}: {text}");
                assert!(!text.contains("evil"), "{name} {look}: {text}");
                // The policy lets the style in, and it fits.
                assert_eq!(browser.value("getComputedStyle(document.querySelector('main')).borderRadius"), "12px");
                assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth"), true, "{name} {look}");
                assert_eq!(browser.value("document.scripts.length"), 0);
                seen.push(background(&mut browser));
                assert!(std::fs::metadata(browser.screenshot(&format!("login-{name}-{look}"))).is_ok());
            }
            assert!(seen[0] != seen[1] && seen[0] == seen[2], "dark is another colour than light: {seen:?}");
            let strangers: Vec<_> = browser
                .requests()
                .into_iter()
                .filter(|url| !url.starts_with("http://127.0.0.1:") && !url.starts_with("data:,"))
                .collect();
            assert!(strangers.is_empty(), "the page loads {strangers:?}");
        });
    }
    let complaints = block_in_place(|| browser.complaints());
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The client opens the browser; the person types a name and clicks twice; the provider sends the browser back.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_at_the_real_provider_and_the_client_knows() {
    let provider = OidcProvider::start_with(&Settings { pages: true, ..Settings::default() });
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let (script, opened) = relay(sandbox.path());
    let arguments =
        ["login", "--issuer", &provider.url, "--client-id", OidcProvider::PUBLIC, "--browser", "-p", PROFILE];
    let ctl = Ctl::new(&sandbox, &arguments).env("BROWSER", &script);
    let login = tokio::task::spawn_blocking(move || ctl.run());
    let (text, complaints) = block_in_place(|| {
        let mut browser = Chromium::start();
        let url = until("the client opens the browser", || std::fs::read_to_string(&opened).ok());
        browser.open(&url);
        browser.fill("input[name=name]", "grace");
        browser.click("button[value=yes]");
        browser.wait_for("document.title === 'Give access?'");
        browser.click("button[value=yes]");
        browser.wait_for("document.title === 'You are logged in'");
        browser.look(900, 560, false);
        browser.screenshot("login-oidc-provider");
        (browser.text(), browser.complaints())
    });
    assert!(text.contains(PROFILE) && text.contains("go back to the terminal"), "{text}");
    assert!(complaints.is_empty(), "{complaints:#?}");
    let ran = login.await.expect("the client ends").ok();
    assert!(ran.out.contains(PROFILE) && ran.out.contains("grace"), "{ran:?}");
    let token = Ctl::new(&sandbox, &["token"]).run().ok().out;
    assert_eq!(provider.userinfo(token.trim_end()).await, 200);
}

/// The person thinks better of it on the second page.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_cancels_at_the_real_provider_and_nothing_is_stored() {
    let provider = OidcProvider::start_with(&Settings { pages: true, ..Settings::default() });
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let (script, opened) = relay(sandbox.path());
    let arguments =
        ["login", "--issuer", &provider.url, "--client-id", OidcProvider::PUBLIC, "--browser", "-p", PROFILE];
    let ctl = Ctl::new(&sandbox, &arguments).env("BROWSER", &script);
    let login = tokio::task::spawn_blocking(move || ctl.run());
    let text = block_in_place(|| {
        let mut browser = Chromium::start();
        let url = until("the client opens the browser", || std::fs::read_to_string(&opened).ok());
        browser.open(&url);
        browser.fill("input[name=name]", "grace");
        browser.click("button[value=yes]");
        browser.wait_for("document.title === 'Give access?'");
        browser.click("button[value=no]");
        browser.wait_for("document.title === 'The login was refused'");
        browser.text()
    });
    assert!(text.contains("Nothing was stored"), "{text}");
    let _denied = login.await.expect("the client ends").fails(4);
    let _nothing = Ctl::new(&sandbox, &["token", "-p", PROFILE]).run().fails(1);
    assert_eq!(provider.events("access_token.saved").await, 0);
}
