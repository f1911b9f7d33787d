//! Follows a login and shows the person what to do. All of it goes to standard error; only the end is data.

use std::time::Duration;

use proto::login::{Flow, LoginStarted, LoginStep};
use proto::profile::{Profile, Source};

use crate::browser;
use crate::client::Client;
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{profile, when};

const WAITING: &str = "Waiting for approval…";
/// The agent ends a login at its deadline; this much later it is taken for dead.
const SLACK: Duration = Duration::from_secs(30);

/// A login that succeeded.
#[derive(Debug)]
pub(super) struct Ended {
    /// The profile as it is now.
    pub(super) profile: Profile,
    /// Whether it became the current one.
    pub(super) switched: bool,
    /// What the person should know.
    pub(super) warnings: Vec<String>,
}

/// Shows the steps of a login until it ends; `open` allows to open a browser.
pub(super) fn follow(
    invocation: &Invocation,
    client: &mut Client,
    started: &LoginStarted,
    open: bool,
) -> Result<Ended, Failure> {
    let left = started.deadline.unix().saturating_sub(clock::now().unix());
    let wait = Duration::from_secs(u64::try_from(left).unwrap_or(0)) + SLACK;
    invocation.output.detail(&format!("login {}, at most {} s", started.id, wait.as_secs()));
    let mut steps = client.follow(&started.id, wait)?;
    while let Some(step) = steps.next()? {
        match step {
            LoginStep::Open { url, anywhere, .. } => show_address(invocation, &url, anywhere, open),
            LoginStep::Device { user_code, verification_uri, verification_uri_complete, expires_at, .. } => {
                let complete = verification_uri_complete.as_deref();
                show_code(invocation, &user_code, &verification_uri, complete, open);
                invocation.output.note(&format!("The code stops working {}", when(expires_at, clock::now())));
            }
            LoginStep::Done { profile, switched, warnings } => {
                return Ok(Ended { profile: *profile, switched, warnings });
            }
            LoginStep::Failed { problem } => return Err(problem.into()),
            // A newer agent's step is between two that we know; the last one always is one of those.
            _ => {}
        }
    }
    Err(Failure::unreachable("the agent stopped before the login ended").hint("log in again"))
}

fn show_address(invocation: &Invocation, url: &str, anywhere: bool, open: bool) {
    let output = &invocation.output;
    let place = if anywhere { "in any browser" } else { "in a browser on this machine" };
    output.instruct(&format!("To log in, open this address {place}:"));
    output.address(url);
    open_browser(invocation, url, open);
    output.note(WAITING);
}

/// Opens the browser if that is allowed; says whether it could.
fn open_browser(invocation: &Invocation, url: &str, open: bool) {
    let variable = |name: &str| std::env::var_os(name);
    if !open {
        return;
    }
    if browser::available(variable) && browser::open(url, variable) {
        invocation.output.note("Opened in the browser");
    } else {
        invocation.output.warning("no browser could be opened here; open the address by hand");
    }
}

fn show_code(invocation: &Invocation, code: &str, uri: &str, complete: Option<&str>, open: bool) {
    let output = &invocation.output;
    output.instruct("To log in, open this address in any browser and enter the code:");
    output.address(uri);
    output.instruct(&format!("  {code}"));
    if let Some(complete) = complete {
        output.instruct("or open this address, which holds the code already:");
        output.address(complete);
    }
    open_browser(invocation, complete.unwrap_or(uri), open);
    output.note(WAITING);
}

/// Says who is logged in and which profile is current.
pub(super) fn done(invocation: &Invocation, ended: &Ended) -> Result<(), Failure> {
    let output = &invocation.output;
    let made = &ended.profile;
    if output.is_json() {
        output.json(made)?;
    } else {
        output.text(&sentence(made))?;
        match (ended.switched, made.current) {
            (true, _) => output.note("It is the current profile now"),
            (false, true) => output.note("It is the current profile"),
            (false, false) => output.note(&format!("It is not the current profile; `agentctl switch {}`", made.name)),
        }
    }
    for warning in &ended.warnings {
        output.warning(warning);
    }
    if made.source == Source::Memory {
        let config = invocation.paths().config.display();
        output.hint(&format!(
            "this login is gone when the agent stops; `store.key = \"file\"` in `{config}` keeps logins"
        ));
    }
    Ok(())
}

fn sentence(made: &Profile) -> String {
    let who = profile::account(made.account.as_ref()).map_or_else(String::new, |who| format!(" as {who}"));
    let project = profile::project(made).map_or_else(String::new, |project| format!(", project {project}"));
    if made.flow == Flow::None {
        return format!("Made the profile {}{project}; its environment needs no login", made.name);
    }
    format!("Logged in to {}{who}{project}", made.name)
}
