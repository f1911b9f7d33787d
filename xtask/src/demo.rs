//! `cargo xtask demo`: the life of one login, played in a private sandbox.
//!
//! Builds the programs, starts an authorization server on loopback whose access tokens live for seconds and a daemon
//! with directories of its own, and then does what a person would type. Nothing of the user's is read or changed. Each
//! claim is checked on the way, so the demo fails when the daemon does.

mod issuer;
mod sandbox;

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command;
use crate::failure::Failure;
use crate::report;
use crate::workspace;

use self::issuer::Issuer;
use self::sandbox::Sandbox;

/// Life of the issuer's access tokens.
const TTL: Duration = Duration::from_secs(12);
/// The public client that the issuer has registered.
const CLIENT: &str = "agentd-test";
/// Between two looks at something that is about to happen.
const POLL: Duration = Duration::from_millis(100);
/// The longest wait for anything but the login.
const PATIENCE: Duration = Duration::from_secs(15);

/// The whole play.
pub(crate) fn run() -> Result<(), Failure> {
    report::step("build", || {
        let packages = ["--package", "agentd", "--package", "agentctl", "--package", "agent-tests"];
        command::run(workspace::cargo().args(["build", "--locked", "--bins"]).args(packages))
    })?;
    let sandbox = Sandbox::new()?;
    let issuer = Issuer::start(TTL)?;
    report::line(format_args!(
        "\nA private agent in {} and an authorization server at {}",
        sandbox.path(),
        issuer.url()
    ));
    report::line(format_args!("whose access tokens live for {} s.", TTL.as_secs()));
    let mut demo = Demo { sandbox, issuer };
    let outcome = demo.play();
    if outcome.is_err() {
        report::line(format_args!("\nThe end of the daemon's log:\n{}", demo.sandbox.log_end()));
    }
    outcome.and_then(|()| demo.sandbox.close())?;
    report::line("\nDone: the sandbox is gone. Your own first login: see `Quick start` in README.md");
    Ok(())
}

struct Demo {
    sandbox: Sandbox,
    issuer: Issuer,
}

impl Demo {
    fn play(&mut self) -> Result<(), Failure> {
        self.start_daemon()?;
        let logged_in = self.log_in()?;
        self.type_in(&["status"])?;
        let first = self.token()?;
        let second = self.refreshed(&first, logged_in)?;
        self.share(&second)?;
        self.log_out()?;
        say("The daemon ends when told to.");
        self.type_in(&["daemon", "stop"])?;
        self.sandbox.daemon_ended(PATIENCE)
    }

    fn start_daemon(&mut self) -> Result<(), Failure> {
        say("A daemon (without this, the first command would start one).");
        self.sandbox.start_daemon()?;
        let deadline = report::now() + PATIENCE;
        while !command::works(self.sandbox.agentctl(&["--no-autostart", "daemon", "status"]).stdin(Stdio::null())) {
            self.sandbox.daemon_lives()?;
            wait(deadline, "the daemon does not answer")?;
        }
        Ok(())
    }

    fn log_in(&self) -> Result<Instant, Failure> {
        say("A device login. Open the page and click Approve, or wait: it approves itself after five seconds.");
        let url = self.issuer.url();
        let target = ["login", "--issuer", url, "--client-id", CLIENT, "--device"];
        self.type_in(&[&target[..], &["--no-open-browser", "--max-wait", "60", "--profile", "demo"]].concat())?;
        Ok(report::now())
    }

    fn token(&self) -> Result<String, Failure> {
        say("The token, as any script would take it (shown here without its middle).");
        let token = self.capture(&["token"])?;
        report::line(redacted(&token));
        Ok(token)
    }

    /// Nobody asks for a token meanwhile: the issuer's own count says that the daemon refreshed by itself.
    fn refreshed(&self, first: &str, logged_in: Instant) -> Result<String, Failure> {
        say("Nobody asks for anything now. The daemon refreshes before the token lapses.");
        let before = self.issuer.count("exchanges")?;
        let mut told = 0;
        while self.issuer.count("exchanges")? == before {
            wait(logged_in + TTL, "the token lapsed before the daemon refreshed it")?;
            let seconds = logged_in.elapsed().as_secs();
            if seconds > told {
                told = seconds;
                report::line(format_args!("{seconds:>4} s after the login"));
            }
        }
        let age = logged_in.elapsed().as_secs_f32();
        report::line(format_args!(
            "refreshed {age:.1} s after the login; the token would have lived {} s",
            TTL.as_secs()
        ));
        let deadline = report::now() + PATIENCE;
        let mut token = self.capture(&["token"])?;
        // The issuer counts a request when it comes; the answer is still to be stored before it is served.
        while token == first {
            wait(deadline, "the issuer has refreshed, but the old token is still served")?;
            token = self.taken(&["token"])?;
        }
        report::line(format_args!("{}   (was {})", redacted(&token), redacted(first)));
        Ok(token)
    }

    fn share(&self, second: &str) -> Result<(), Failure> {
        say("Another process gets the same token, in its environment only. No second login, no second refresh.");
        let words = ["exec", "--", "sh", "-c", "printf %s \"$ACCESS_TOKEN\""];
        let mut ours = second.to_owned();
        let mut theirs = self.capture(&words)?;
        if ours != theirs {
            // A refresh fell between the two commands; the next one is seconds away.
            (ours, theirs) = (self.capture(&["token"])?, self.capture(&words)?);
        }
        report::line(redacted(&theirs));
        if ours == theirs { Ok(()) } else { Err(Failure::new("two processes were given different tokens")) }
    }

    fn log_out(&self) -> Result<(), Failure> {
        say("Logging out revokes the grant at the server, not only here.");
        let before = self.issuer.count("revocations")?;
        self.type_in(&["logout", "--yes"])?;
        let revoked = self.issuer.count("revocations")? - before;
        if revoked == 0 {
            return Err(Failure::new("the server was not asked to revoke anything"));
        }
        report::line(format_args!("tokens revoked, by the server's own count: {revoked}"));
        let mut token = self.sandbox.agentctl(&["token"]);
        prompt(&token);
        let status = token.stdin(Stdio::null()).status().map_err(|error| command::not_started(&token, &error))?;
        report::line(format_args!("exit status {}", status.code().unwrap_or(-1)));
        if status.code() == Some(3) { Ok(()) } else { Err(Failure::new("`token` after `logout` did not exit with 3")) }
    }

    /// Types a command whose output the person sees.
    fn type_in(&self, words: &[&str]) -> Result<(), Failure> {
        let mut command = self.sandbox.agentctl(words);
        prompt(&command);
        let status = command.stdin(Stdio::null()).status().map_err(|error| command::not_started(&command, &error))?;
        command::succeeded(&command, status)
    }

    /// Types a command whose output is a token: the command is shown, the token is not.
    fn capture(&self, words: &[&str]) -> Result<String, Failure> {
        prompt(&self.sandbox.agentctl(words));
        self.taken(words)
    }

    fn taken(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = self.sandbox.agentctl(words);
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| command::not_started(&command, &error))?;
        command::succeeded(&command, output.status)?;
        let token = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        if token.is_empty() { Err(Failure::new("the command printed no token")) } else { Ok(token) }
    }
}

fn say(text: &str) {
    report::line(format_args!("\n# {text}"));
}

fn prompt(command: &Command) {
    report::line(format_args!("$ {}", command::shown(command)));
}

/// Both ends tell tokens apart; what is between them is nobody's business.
fn redacted(token: &str) -> String {
    let characters: Vec<char> = token.chars().collect();
    let shown = if characters.len() < 24 { 0 } else { 6 };
    let (start, end) = (&characters[..shown], &characters[characters.len() - shown..]);
    format!("{}…{}", start.iter().collect::<String>(), end.iter().collect::<String>())
}

/// Sleeps until the next look, or fails when it is too late for one.
fn wait(deadline: Instant, what: &str) -> Result<(), Failure> {
    if report::now() >= deadline {
        return Err(Failure::new(what));
    }
    thread::sleep(POLL);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_token_is_never_shown_whole() {
        assert_eq!(redacted("0123456789abcdefghijklmnopqrstuvwxyz"), "012345…uvwxyz");
        assert_eq!(redacted("0123456789"), "…");
    }
}
