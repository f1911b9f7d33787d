//! The command line: what all verbs share, and the way from the arguments to the process status.
//!
//! Every verb describes itself as a [`Verb`] in its own file. Its arguments are only built once it is the one that was
//! asked for, because building all of them would cost more than the whole exchange with the agent.

pub(crate) mod complete;
mod credential;
mod verb;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use proto::id::ProfileName;
pub(crate) use verb::{Form, Network, Verb};

use crate::command;
use crate::connect::Log;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::{Ask, Invocation};
use crate::output::{self, Format, Output, Voice};

/// For a verb without arguments.
pub(crate) fn none(command: Command) -> Command {
    command
}

/// Help is easier to read when its lines are not longer, in columns.
const WIDEST: usize = 110;

const MORE: &str = "\
Exit codes: 0 done, 1 failed, 2 usage, 3 login required, 4 denied, 5 locked,
6 agent not reachable, 7 service not reachable (try again), 70 bug

Environment: AGENTCTL_PROFILE, AGENTCTL_NO_AUTOSTART=1, AGENTD_SOCKET, AGENTD_HOME, BROWSER, NO_COLOR";

/// `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    Text,
    Json,
}

/// `--log-level`, in the words of the agent's `log.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LevelWord {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(next_help_heading = "Options of every verb")]
struct Globals {
    /// Use this profile (or `AGENTCTL_PROFILE`)
    #[arg(short, long, global = true, value_name = "NAME", value_parser = ProfileName::parse)]
    profile: Option<ProfileName>,
    /// How to write the answer: for people, or one JSON document per line for programs
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum)]
    output: Option<FormatWord>,
    /// Same as `--output json`
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// Never ask anything
    #[arg(long, global = true, visible_alias = "no-interactive", conflicts_with = "interactive")]
    non_interactive: bool,
    /// Ask although standard input is no terminal; answers are lines on it
    #[arg(long, global = true)]
    interactive: bool,
    /// Say nothing but errors and what must be done by hand
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say how it is done
    #[arg(short, long, global = true)]
    verbose: bool,
    /// How much to say: `error` is `--quiet`, `debug` is `--verbose`; an agent that is started logs as much
    #[arg(long, global = true, value_name = "LEVEL", value_enum, conflicts_with_all = ["quiet", "verbose"])]
    log_level: Option<LevelWord>,
    /// The form of what is said on standard error, and of the log of an agent that is started
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    log_format: Option<FormatWord>,
    /// No colours (or `NO_COLOR`)
    #[arg(long, global = true)]
    no_color: bool,
    /// The agent's socket, and no other (or `AGENTD_SOCKET`)
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Do not start an agent when none answers (or `AGENTCTL_NO_AUTOSTART=1`)
    #[arg(long, global = true)]
    no_autostart: bool,
}

/// The whole command line, for help, mistakes and the completions.
pub(crate) fn command() -> Command {
    command_with(|_| true, explained)
}

/// Reads the arguments. Every verb costs, because it is given a copy of each option that all verbs share, so those that
/// do not stand on the command line are left out until there is something to explain, and so are the explanations.
fn parse(arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let named = |verb: &Verb| {
        std::iter::once(&verb.name).chain(verb.aliases).any(|word| arguments.iter().any(|argument| argument == word))
    };
    let plain = |verb: &Verb| Command::new(verb.name).aliases(verb.aliases.iter().copied()).defer(verb.arguments);
    command_with(named, plain).try_get_matches_from(arguments).or_else(|_| command().try_get_matches_from(arguments))
}

fn command_with(wanted: impl Fn(&Verb) -> bool, built: impl Fn(&Verb) -> Command) -> Command {
    let command = Command::new("agentctl")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Log in once; use the login everywhere")
        .after_help(MORE)
        .max_term_width(WIDEST)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("VERB")
        .subcommand_help_heading("Verbs")
        .disable_help_subcommand(true)
        .subcommands(command::VERBS.iter().filter(|verb| wanted(verb)).map(built));
    Globals::augment_args(command)
}

/// The verb with all that is said of it, and of its actions, each of which says what it does to the world.
fn explained(verb: &Verb) -> Command {
    let command = Command::new(verb.name).about(verb.about).after_help(verb.after_help());
    let command = command.visible_aliases(verb.aliases.iter().copied());
    let actions: Vec<&Form> =
        verb.forms.iter().filter(|form| !form.action.is_empty() && !form.action.starts_with("--")).collect();
    if actions.is_empty() {
        return command.defer(verb.arguments);
    }
    actions.into_iter().fold((verb.arguments)(command), |command, form| {
        command.mut_subcommand(form.action, |action| match action.get_after_help() {
            // Another verb, with a help of its own.
            Some(_) => action,
            None => action.after_help(verb.after_action(form)),
        })
    })
}

/// Does what the arguments say.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Status {
    let arguments: Vec<OsString> = arguments.collect();
    let coloured = |arguments: &[OsString]| {
        colour_allowed(std::env::var_os("NO_COLOR").as_deref()) && !arguments.iter().any(|a| a == "--no-color")
    };
    if let Some(completed) = complete::answer(command, &arguments) {
        let output = Output::new(Format::Text, Voice::Quiet, false);
        return output.bytes(&completed).map_or_else(|failure| failure.status(), |()| Status::Done);
    }
    let matches = match parse(&arguments) {
        _ if credential::has_value(&arguments) => return output::refusal(credential::REFUSAL, coloured(&arguments)),
        Ok(matches) => matches,
        Err(error) if credential::would_be_repeated(&error, &arguments) => {
            return output::refusal(credential::REFUSAL, coloured(&arguments));
        }
        Err(error) => {
            return match output::usage(&error, coloured(&arguments)) {
                Ok(()) if error.use_stderr() => Status::Usage,
                Ok(()) => Status::Done,
                Err(failure) => failure.status(),
            };
        }
    };
    let globals = match Globals::from_arg_matches(&matches) {
        Ok(globals) => globals,
        Err(error) => return output::usage(&error, false).map_or_else(|f| f.status(), |()| Status::Usage),
    };
    let json = globals.json || globals.output == Some(FormatWord::Json);
    let voice = match globals.log_level {
        _ if globals.quiet => Voice::Quiet,
        _ if globals.verbose => Voice::Verbose,
        Some(LevelWord::Error) => Voice::Quiet,
        Some(LevelWord::Debug | LevelWord::Trace) => Voice::Verbose,
        None | Some(LevelWord::Info | LevelWord::Warn) => Voice::Normal,
    };
    let format = if json { Format::Json } else { Format::Text };
    let speech = if globals.log_format == Some(FormatWord::Json) { Format::Json } else { Format::Text };
    let output = Output::new(format, voice, coloured(&[]) && !globals.no_color).speaking(speech);
    let done = begin(globals, output.clone())
        .and_then(|invocation| dispatch(&matches, &invocation).map_err(|failure| invocation.blame(failure)));
    match done {
        Ok(()) => Status::Done,
        Err(failure) => {
            output.failure(&failure);
            failure.status()
        }
    }
}

fn begin(globals: Globals, output: Output) -> Result<Invocation, Failure> {
    let ask = match (globals.interactive, globals.non_interactive) {
        (_, true) => Ask::Never,
        (true, _) => Ask::Always,
        _ => Ask::OnTerminal,
    };
    let word = |value: &dyn Fn() -> Option<PossibleValue>| value().map(|value| value.get_name().to_owned());
    let log = Log {
        level: word(&|| globals.log_level?.to_possible_value()),
        format: word(&|| globals.log_format?.to_possible_value()),
    };
    Invocation::new(output, |name| std::env::var_os(name), globals.profile, globals.socket)
        .map(|invocation| invocation.autostart(!globals.no_autostart).ask(ask).log(log))
}

fn dispatch(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let (name, matches) = matches.subcommand().expect("clap refuses a command line without a verb");
    let verb = command::VERBS.iter().find(|verb| verb.name == name).expect("clap only accepts the verbs of the table");
    (verb.run)(matches, invocation)
}

/// Reads a verb's arguments. The parser has accepted them, so a mistake here is one of the program.
pub(crate) fn arguments<A: FromArgMatches>(matches: &ArgMatches) -> Result<A, Failure> {
    A::from_arg_matches(matches).map_err(|error| Failure::own("internal", Status::Bug, error.kind().to_string()))
}

/// <https://no-color.org>: set and not empty means no colours.
fn colour_allowed(no_color: Option<&std::ffi::OsStr>) -> bool {
    no_color.is_none_or(std::ffi::OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_can_be_built_and_explains_itself() {
        let mut command = command();
        command.build();
        command.clone().debug_assert();
        for verb in command.get_subcommands_mut() {
            let name = verb.get_name().to_owned();
            let help = verb.render_help().to_string();
            assert!(help.contains("\nExample"), "{name}: an example");
            for label in ["Changes: ", "Network: ", "Prompts: "] {
                assert!(help.contains(label), "{name}: {label}");
            }
            let silent = verb.get_arguments().filter(|a| a.get_help().is_none() && !a.is_hide_set());
            assert_eq!(silent.map(|a| a.get_id().to_string()).collect::<Vec<_>>(), Vec::<String>::new(), "{name}");
            let about = verb.get_about().expect("each verb has its line").to_string();
            let own = command::VERBS.iter().find(|verb| verb.name == name).map(|verb| verb.about);
            assert!(Some(about.as_str()) == own && !about.ends_with('.'), "{name}: {about}");
        }
    }

    #[test]
    fn every_action_of_a_verb_says_what_it_does_to_the_world() {
        let mut command = command();
        command.build();
        for verb in command::VERBS {
            let built = command.find_subcommand(verb.name).expect("every verb is there");
            let actions: Vec<&str> = built.get_subcommands().map(Command::get_name).collect();
            // An option may make another thing of the verb.
            let (options, forms): (Vec<&str>, Vec<&str>) =
                verb.forms.iter().map(|form| form.action).partition(|action| action.starts_with("--"));
            assert_eq!(forms, if actions.is_empty() { vec![""] } else { actions }, "{}", verb.name);
            for action in built.get_subcommands() {
                let help = action.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.contains("Changes: ") && help.contains("Prompts: "),
                    "{} {}",
                    verb.name,
                    action.get_name()
                );
            }
            for option in options {
                let known = built.get_arguments().filter_map(clap::Arg::get_long);
                assert!(known.into_iter().any(|long| option[2..] == *long), "{} {option}", verb.name);
            }
        }
    }

    #[test]
    fn global_options_stand_before_or_after_the_verb() {
        for line in ["agentctl -p work --json token", "agentctl token --json -p work"] {
            let matches = command().try_get_matches_from(line.split(' ')).expect(line);
            let globals = Globals::from_arg_matches(&matches).expect(line);
            assert_eq!(globals.profile.map(String::from).as_deref(), Some("work"), "{line}");
            assert!(globals.json, "{line}");
        }
    }

    #[test]
    fn mistakes_are_explained_with_every_verb() {
        let explained = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            parse(&words).expect_err(line).to_string()
        };
        assert!(explained("agentctl --help").contains("completions"));
        assert!(explained("agentctl tokn").contains("token"));
        assert!(explained("agentctl -p token").contains("VERB"));
        assert_eq!(explained("agentctl token --nonsense"), {
            command().try_get_matches_from(["agentctl", "token", "--nonsense"]).expect_err("no such option").to_string()
        });
    }

    #[test]
    fn no_argument_of_any_verb_takes_a_credential() {
        let mut command = command();
        command.build();
        for verb in command.get_subcommands() {
            for argument in verb.get_arguments().filter(|a| a.get_action().takes_values()) {
                let name = argument.get_id().as_str();
                let suspicious = ["secret", "key", "password", "refresh_token", "access_token"];
                let is_about_one = name.ends_with("_file") || name.ends_with("_id");
                assert!(
                    is_about_one || !suspicious.iter().any(|word| name.contains(word)),
                    "{} {name}",
                    verb.get_name()
                );
            }
        }
    }
}
