//! The test issuer as a program of its own, for the demo, the benchmarks and tests that span processes.
//!
//! It prints `issuer URL` when it is ready, counts at `/_ledger`, and ends when its standard input does, or on a signal.

use harness::issuer::{Config, Issuer, Rotation};
use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
    time::Duration,
};

const USAGE: &str = "\
usage: issuer [--port N] [--access-token-ttl SECS] [--rotate] [--reuse-window SECS]
              [--auto-approve SECS] [--interval SECS]";

fn main() -> ExitCode {
    let config = match parse(std::env::args().skip(1)) {
        Ok(config) => config,
        Err(wrong) => {
            writeln!(io::stderr(), "error: {wrong}\n{USAGE}").ok();
            return ExitCode::from(2);
        }
    };
    let issuer = Issuer::launch(config);
    let mut output = io::stdout();
    if writeln!(output, "issuer {}", issuer.url()).and_then(|()| output.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    // Whatever is written to it is of no interest; its end is.
    io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink()).ok();
    ExitCode::SUCCESS
}

/// The settings that the arguments ask for; without `--rotate` the old refresh token is repeated.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Config, String> {
    let mut config = Config { rotation: Rotation::Repeated, ..Config::default() };
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
            value.ok_or_else(|| format!("`{argument}` needs a whole number"))
        };
        match argument.as_str() {
            "--port" => config.port = u16::try_from(number()?).map_err(|_| "`--port` is at most 65535".to_owned())?,
            "--access-token-ttl" => config.access_token_ttl = Duration::from_secs(number()?),
            "--rotate" if config.rotation == Rotation::Repeated => config.rotation = Rotation::On,
            "--rotate" => {}
            "--reuse-window" => config.rotation = Rotation::Window(Duration::from_secs(number()?)),
            "--auto-approve" => config.device.auto_approve = Some(Duration::from_secs(number()?)),
            "--interval" => config.device.interval = Some(number()?),
            other => return Err(format!("`{other}` is not known")),
        }
    }
    Ok(config)
}
