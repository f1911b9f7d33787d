//! `agentd`: arguments, configuration, runtime, exit code. Nothing else is decided here.

use std::io::Write as _;
use std::process::ExitCode;

use agentd::clock::Clock;
use agentd::config::{Config, Level, LogFormat};
use agentd::daemon::{self, Daemon, Ended, Setup, StartError};
use agentd::log::Lines;
use agentd::platform::{self, Signal};
use clap::{Parser, Subcommand};
use proto::paths::Paths;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Holds, refreshes and serves OAuth tokens and API keys to this user's programs.
#[derive(Parser)]
#[command(name = "agentd", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop (`agentctl daemon stop`, SIGTERM).
    Run {
        /// Leave the terminal's session; used by `agentctl` when it starts the daemon.
        #[arg(long)]
        background: bool,
    },
    /// Check the configuration file and say every mistake in it.
    Check,
}

/// `EX_SOFTWARE`: the daemon itself failed; a service manager restarts it.
const BUG: u8 = 70;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command) {
        Ok(code) => code,
        Err(failure) => {
            complain(&failure.what, failure.hint.as_deref());
            ExitCode::FAILURE
        }
    }
}

struct Failure {
    what: String,
    hint: Option<String>,
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    let paths = Paths::find(|name| std::env::var_os(name), platform::process_uid())
        .map_err(|error| Failure { what: error.to_string(), hint: Some("set `HOME`".to_owned()) })?;
    let config = Config::load(&paths.config, |name| std::env::var_os(name))
        .map_err(|problems| Failure { what: problems.to_string(), hint: None })?;
    match command {
        Command::Check => Ok(ExitCode::SUCCESS),
        Command::Run { background } => serve(paths, config, *background),
    }
}

fn serve(paths: Paths, config: Config, background: bool) -> Result<ExitCode, Failure> {
    if background {
        platform::detach()
            .map_err(|error| Failure { what: format!("cannot leave the session: {error}"), hint: None })?;
    }
    let set_level = log_to_stderr(config.log, config.log_format);
    let missing = platform::harden().missing;
    let warnings = missing.iter().map(|m| format!("the process is not protected against `{}`", m.as_str())).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4))
        .build()
        .map_err(|error| Failure { what: format!("cannot start: {error}"), hint: None })?;
    runtime.block_on(async {
        // Before the daemon says that it serves: from then on it may be told to stop.
        let signals = platform::Signals::listen()
            .map_err(|error| Failure { what: format!("cannot listen for signals: {error}"), hint: None })?;
        let clock = Clock::system(platform::boot_time);
        let daemon = match daemon::start(Setup { paths, config, clock, set_level, warnings }) {
            Ok(daemon) => daemon,
            Err(StartError::Running { socket: Some(socket) }) if background => {
                announce("running", &socket);
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                return Err(Failure { what: format!("{error}{cause}"), hint: error.hint() });
            }
        };
        announce("ready", daemon.socket());
        Ok(until_stopped(daemon, signals).await)
    })
}

async fn until_stopped(daemon: Daemon, mut signals: platform::Signals) -> ExitCode {
    let why = loop {
        tokio::select! {
            why = daemon.ended() => break why,
            signal = signals.next() => match signal {
                Signal::Reload => daemon.reload().await,
                Signal::Stop => break Ended::Asked,
            },
        }
    };
    tokio::select! {
        stopped = daemon.stop(why) => if stopped.failed { ExitCode::from(BUG) } else { ExitCode::SUCCESS },
        // The second signal means: at once.
        Signal::Stop = signals.next() => ExitCode::FAILURE,
    }
}

/// Tells whoever started the daemon that it serves; one line, then standard output is of no more use.
fn announce(word: &str, socket: &std::path::Path) {
    let line = format!("{word} {}\n", socket.display());
    // Nobody may be listening, which is no reason not to serve.
    let _unheard = std::io::stdout().write_all(line.as_bytes());
    if let Err(error) = platform::close_stdout() {
        tracing::warn!(%error, "standard output stays open");
    }
}

fn complain(what: &str, hint: Option<&str>) {
    let hint = hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
    let _unheard = std::io::stderr().write_all(format!("error: {what}\n{hint}").as_bytes());
}

/// Sends the log to standard error, which may be the journal. The level concerns `agentd` alone: libraries are heard from `warn` up, since what
/// they tell at lower levels is not theirs to redact.
fn log_to_stderr(level: Level, format: LogFormat) -> Box<dyn Fn(Level) + Send + Sync> {
    let (filter, handle) = reload::Layer::new(targets(level));
    let form = Lines { format, journal: platform::stderr_is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref()) };
    let lines = tracing_subscriber::fmt::layer().event_format(form).with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Box::new(move |level| {
        // Fails only when the subscriber is gone, which is when the process ends.
        let _ending = handle.reload(targets(level));
    })
}

fn targets(level: Level) -> Targets {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("agentd", level)
}
