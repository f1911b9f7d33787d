//! `agentd`: arguments, configuration, runtime, exit code. Nothing else is decided here.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;

use agentd::clock::Clock;
use agentd::config::{Config, LOG_FORMAT_VARIABLE, LOG_VARIABLE, Level, LogFormat};
use agentd::daemon::{self, Daemon, Ended, Overrides, Setup, StartError};
use agentd::log::{Lines, Stderr};
use agentd::platform::{self, Signal};
use clap::builder::PossibleValuesParser;
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
        #[command(flatten)]
        log: LogFlags,
    },
    /// Check the configuration file and say every mistake in it.
    Check,
}

/// What the command line says about the log.
#[derive(clap::Args)]
struct LogFlags {
    /// How much is logged, over `AGENTD_LOG` and `log.level`.
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(Level::words()))]
    log_level: Option<String>,
    /// In which form, over `AGENTD_LOG_FORMAT` and `log.format`.
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(LogFormat::words()))]
    log_format: Option<String>,
}

impl LogFlags {
    /// What overrides the file of the configuration: these flags, then the environment.
    fn overrides(self) -> Overrides {
        Box::new(move |name| {
            let flag = match name {
                LOG_VARIABLE => self.log_level.as_ref(),
                LOG_FORMAT_VARIABLE => self.log_format.as_ref(),
                _ => None,
            };
            flag.map(OsString::from).or_else(|| std::env::var_os(name))
        })
    }
}

/// `EX_SOFTWARE`: the daemon itself failed; a service manager restarts it.
const BUG: u8 = 70;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
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

fn run(command: Command) -> Result<ExitCode, Failure> {
    let paths = Paths::find(|name| std::env::var_os(name), platform::process_uid())
        .map_err(|error| Failure { what: error.to_string(), hint: Some("set `HOME`".to_owned()) })?;
    // First of all: a daemon that does not start writes to it too.
    let stderr = Stderr::new(paths.log.clone(), paths.old_log());
    let load = |overrides: &Overrides| {
        Config::load(&paths.config, overrides).map_err(|problems| Failure { what: problems.to_string(), hint: None })
    };
    match command {
        Command::Check => {
            load(&(Box::new(|name: &str| std::env::var_os(name)) as Overrides)).map(|_| ExitCode::SUCCESS)
        }
        Command::Run { background, log } => {
            let overrides = log.overrides();
            let config = load(&overrides)?;
            serve(paths, config, overrides, stderr, background)
        }
    }
}

fn serve(
    paths: Paths,
    config: Config,
    overrides: Overrides,
    stderr: Stderr,
    background: bool,
) -> Result<ExitCode, Failure> {
    if background {
        platform::detach()
            .map_err(|error| Failure { what: format!("cannot leave the session: {error}"), hint: None })?;
    }
    let journal = platform::stderr_is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref());
    let set_level = log_to(stderr, config.log, Lines { format: config.log_format, journal });
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
        let setup = Setup { paths, config, clock, set_level, warnings, overrides, journal };
        let daemon = match daemon::start(setup) {
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

/// Sends the log to standard error. The level concerns `agentd` alone: libraries are heard from `warn` up, since what
/// they tell at lower levels is not theirs to redact.
fn log_to(stderr: Stderr, level: Level, lines: Lines) -> Box<dyn Fn(Level) + Send + Sync> {
    let (filter, handle) = reload::Layer::new(targets(level));
    let lines = tracing_subscriber::fmt::layer().event_format(lines).with_writer(Mutex::new(stderr)).with_ansi(false);
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
