//! Every command in `docs/standard-services.md`, typed in a home of its own at a server that looks like the service.

use std::time::Duration;

use harness::ctl::{Ctl, Ran};
use harness::issuer::Issuer;
use harness::page::Page;
use harness::session::{Home, Session};
use harness::standard::{self, SECRET, Standard};

/// The client on the page.
const CLIENT: &str = "my-client";

/// Types a command. The browser is one that follows where it is sent.
fn type_in(home: &Home, session: &Session<'_>, line: &str) -> Ran {
    let mut command = session.command("/bin/sh");
    command.args(["-c", line]).current_dir(home.path()).env("NO_COLOR", "1");
    command.env("BROWSER", home.path().join("browser.sh"));
    Ctl::of(command).run()
}

fn browser(home: &Home) {
    let path = home.path().join("browser.sh");
    std::fs::write(&path, "#!/bin/sh\nexec curl --silent --location --output /dev/null \"$1\"\n").expect("it is ours");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&path, mode).expect("it is ours");
}

/// Runs the commands of one part. `address` is what the page calls the service; without one, the service is the deployment
/// in use.
fn run(heading: &str, standard: Standard, address: Option<&str>) {
    let mut standard = standard.approving();
    CLIENT.clone_into(&mut standard.config.clients[0].id);
    standard.config.device.interval = Some(1);
    standard.config.access_token_ttl = Duration::from_hours(1);
    let issuer = Issuer::launch(standard.config.clone());
    let base = standard.settle(&issuer);
    let home = Home::new();
    browser(&home);
    std::fs::write(home.path().join("secret.txt"), format!("{SECRET}\n")).expect("the home is writable");
    let session = home.session();
    if address.is_none() {
        let at = format!("agentctl env add here {base} --provider {}", standard.provider);
        let _added = type_in(&home, &session, &at).ok();
        let in_use = format!("agentctl env switch here --provider {}", standard.provider);
        let _in_use = type_in(&home, &session, &in_use).ok();
    }
    let commands = Page::at("docs/standard-services.md").under(heading);
    assert!(!commands.is_empty(), "`{heading}` shows commands");
    for line in commands {
        let line = address.map_or_else(|| line.clone(), |address| line.replace(address, &base));
        let ran = type_in(&home, &session, &line);
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

#[test]
fn the_commands_for_github_work() {
    run("GitHub", standard::github(), None);
}

#[test]
fn the_commands_for_gitlab_work() {
    run("GitLab", standard::gitlab(), None);
}

#[test]
fn the_commands_for_google_work() {
    run("Google", standard::google(), None);
}

#[test]
fn the_commands_for_entra_work() {
    run("Microsoft Entra", standard::entra(), None);
}

#[test]
fn the_commands_for_okta_work() {
    run("Okta", standard::okta(8976), Some("https://acme.okta.com/oauth2/default"));
}

#[test]
fn the_commands_for_auth0_work() {
    run("Auth0", standard::auth0(), Some("https://acme.eu.auth0.com"));
}

#[test]
fn the_commands_for_keycloak_work() {
    run("Keycloak", standard::keycloak(), Some("https://keycloak.example.org/realms/acme"));
}

#[test]
fn the_commands_for_any_other_service_work() {
    run("Any other service", standard::oidc(), Some("https://login.example.org/tenant"));
}
