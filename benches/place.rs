//! A daemon with logins at an authorization server that is told what to do.

use std::time::Duration;

use harness::daemon::Process;
use harness::issuer::{Config, Issuer};
use harness::sandbox::Sandbox;
use harness::wire::{self, Wire};
use harness::{lean, logins};
use proto::route;

use crate::process;

/// See the module's documentation.
pub(crate) struct Place {
    pub(crate) issuer: Issuer,
    pub(crate) daemon: Process,
    _sandbox: Sandbox,
}

/// The scope of every login.
pub(crate) const SCOPE: &str = "openid profile";

/// The daemon of `sandbox`, quiet as by default.
pub(crate) fn daemon(sandbox: &Sandbox) -> Process {
    Process::start_with(sandbox, &[("AGENTD_LOG", "info")])
}

/// The bytes of a token request for `profile`, with further members of the JSON object.
pub(crate) fn token_request(profile: &str, further: &str) -> Vec<u8> {
    lean::request(&route::TOKEN, "", &format!("{{\"profile\":\"{profile}\"{further}}}"))
}

impl Place {
    /// Starts both; `profiles` are logged in, their access tokens live for `life`.
    pub(crate) async fn new(profiles: &[&str], life: Duration) -> Self {
        let issuer = Issuer::launch(Config { access_token_ttl: life, ..Config::default() });
        let sandbox = Sandbox::new();
        let tables = profiles.iter().map(|name| format!("[profile.{name}]\nnarrow = \"refresh\"\n"));
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{}", tables.collect::<String>()));
        let place = Self { daemon: daemon(&sandbox), issuer, _sandbox: sandbox };
        for name in profiles {
            place.log_in(name).await;
        }
        place
    }

    pub(crate) async fn log_in(&self, profile: &str) {
        logins::browse(&self.wire(), &self.issuer, profile, SCOPE).await;
    }

    pub(crate) fn wire(&self) -> Wire {
        self.daemon.wire()
    }

    /// Halts the daemon until the tokens of all `profiles` have lapsed; further ones live for an hour.
    pub(crate) async fn let_lapse(&self, profiles: &[&str]) {
        let mut tokens = Vec::new();
        for name in profiles {
            let token = self.wire().token(&wire::of(name)).await.expect("it was just logged in");
            // EXPOSE: to ask the issuer whether it still lives.
            tokens.push(token.access_token.expose().to_owned());
        }
        process::halt(self.daemon.pid());
        while tokens.iter().any(|token| self.issuer.is_live(token)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.issuer.reconfigure(|config| config.access_token_ttl = Duration::from_hours(1));
    }
}
