//! What every verb is given: where to print, which profile was chosen and why, and the way to the agent.

mod project_file;
mod why;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use proto::id::ProfileName;
use proto::paths::Paths;

use crate::client::Client;
use crate::connect::{ConnectError, Connected, Door, Log};
use crate::failure::Failure;
use crate::output::Output;
pub(crate) use project_file::{NAME as PROJECT_FILE, ProjectFile};
pub(crate) use why::{Chosen, Why};

/// Whether the person may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Ask {
    /// On a terminal.
    #[default]
    OnTerminal,
    /// Also where there is none: the answers are lines on standard input.
    Always,
    /// Never.
    Never,
}

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Where to print.
    pub(crate) output: Output,
    door: Door,
    argument: Option<ProfileName>,
    environment: Option<ProfileName>,
    /// Looked for when it is first needed, and once.
    project_file: OnceCell<Option<ProjectFile>>,
    autostart: bool,
    ask: Ask,
}

impl Invocation {
    /// From the environment and the options that all verbs share.
    pub(crate) fn new(
        output: Output,
        variable: impl Fn(&str) -> Option<OsString>,
        argument: Option<ProfileName>,
        socket: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let uid = rustix::process::getuid().as_raw();
        let mut paths = Paths::find(&variable, uid).map_err(|error| Failure::usage(error.to_string()))?;
        let demanded = socket.is_some();
        if let Some(socket) = socket {
            // The agent is started in another directory.
            paths.socket = std::path::absolute(socket).map_err(|_| Failure::usage("`--socket` is empty"))?;
        }
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let environment = match set("AGENTCTL_PROFILE").map(|name| name.to_str().map(ProfileName::parse)) {
            None => None,
            Some(Some(Ok(name))) => Some(name),
            Some(Some(Err(error))) => return Err(Failure::usage(format!("`AGENTCTL_PROFILE` {error}"))),
            Some(None) => return Err(Failure::usage("`AGENTCTL_PROFILE` is not text")),
        };
        let autostart = set("AGENTCTL_NO_AUTOSTART").is_none_or(|value| value == "0");
        let door = Door { paths, demanded, uid, log: Log::default() };
        let (project_file, ask) = (OnceCell::new(), Ask::default());
        Ok(Self { output, door, argument, environment, project_file, autostart, ask })
    }

    /// Forbids to start an agent unless `allowed`.
    pub(crate) fn autostart(mut self, allowed: bool) -> Self {
        self.autostart &= allowed;
        self
    }

    /// Says what an agent that is started logs.
    pub(crate) fn log(mut self, log: Log) -> Self {
        self.door.log = log;
        self
    }

    /// Says whether the person may be asked.
    pub(crate) fn ask(mut self, ask: Ask) -> Self {
        self.ask = ask;
        self
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        match self.ask {
            Ask::Never => false,
            Ask::Always => true,
            Ask::OnTerminal => std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        }
    }

    /// Whether what is typed comes to us: a job in the background that touches the terminal is stopped.
    #[allow(clippy::unused_self, reason = "it is asked of the same object as whether anybody can be asked")]
    pub(crate) fn in_foreground(&self) -> bool {
        let stdin = std::io::stdin();
        !stdin.is_terminal()
            || rustix::termios::tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp())
    }

    /// Whether asking is not forbidden, terminal or not.
    pub(crate) fn may_ask(&self) -> bool {
        self.ask != Ask::Never
    }

    /// The paths of the agent.
    pub(crate) fn paths(&self) -> &Paths {
        &self.door.paths
    }

    /// The way to the agent.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// The agent; it is started when none answers, unless that is forbidden.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        match self.door.connect() {
            Err(ConnectError::NotRunning(_)) if self.autostart => {
                self.output.detail("no agent answers: starting one");
                self.reached(self.door.start())
            }
            result => self.reached(result),
        }
    }

    /// The agent, for a command that will take the place of this process: whatever is started is no child of it.
    pub(crate) fn connect_apart(&self) -> Result<Client, Failure> {
        match self.door.connect() {
            Err(ConnectError::NotRunning(_)) if self.autostart => {
                self.output.detail("no agent answers: starting one");
                match self.door.start_apart() {
                    Ok(true) => self.reached(self.door.connect()),
                    // The other process has already said why.
                    Ok(false) => Err(Failure::Quiet(crate::exit::Status::AgentUnreachable)),
                    Err(error) => {
                        Err(Failure::unreachable(format!("the agent could not be started: {}", error.kind())))
                    }
                }
            }
            result => self.reached(result),
        }
    }

    fn reached(&self, result: Result<Connected, ConnectError>) -> Result<Client, Failure> {
        let connected = result?;
        self.output.detail(&format!("connected to `{}`", connected.socket.display()));
        Ok(Client::new(connected.stream))
    }

    /// The profile named on the command line: `named` (the verb's own argument) and `--profile` must agree. Verbs that end
    /// something, or change what is current, listen to nothing else.
    pub(crate) fn argument(&self, named: Option<&ProfileName>) -> Result<Option<ProfileName>, Failure> {
        match (named, &self.argument) {
            (Some(named), Some(option)) if named != option => {
                Err(Failure::usage(format!("two profiles are named: `{named}` and `{option}`")))
            }
            (named, option) => Ok(named.or(option.as_ref()).cloned()),
        }
    }

    /// The profile that the person named: like [`Self::argument`], then the environment. What a login makes, and what a
    /// logout ends, is not for a project's file to say.
    pub(crate) fn named(&self, named: Option<&ProfileName>) -> Result<Option<ProfileName>, Failure> {
        Ok(self.argument(named)?.or_else(|| self.environment.clone()))
    }

    /// The profile named for this run, if any: like [`Self::named`], then the project's file.
    pub(crate) fn chosen(&self, named: Option<&ProfileName>) -> Result<Option<Chosen>, Failure> {
        if let Some(name) = self.argument(named)? {
            return Ok(Some(Chosen { name, why: Why::Argument }));
        }
        if let Some(name) = self.environment.clone() {
            return Ok(Some(Chosen { name, why: Why::Environment }));
        }
        let Some(file) = self.project_file()? else { return Ok(None) };
        let chosen = |name: &ProfileName| Chosen { name: name.clone(), why: Why::ProjectFile(file.path.clone()) };
        Ok(file.general().map(|general| chosen(&general.profile)))
    }

    /// Like [`Self::chosen`], without the reason: the form of most requests.
    pub(crate) fn profile(&self, named: Option<&ProfileName>) -> Result<Option<ProfileName>, Failure> {
        Ok(self.chosen(named)?.map(|chosen| chosen.name))
    }

    /// The profile that the environment names.
    pub(crate) fn environment(&self) -> Option<&ProfileName> {
        self.environment.as_ref()
    }

    /// The project's file, if there is one.
    pub(crate) fn project_file(&self) -> Result<Option<&ProjectFile>, Failure> {
        if self.project_file.get().is_none() {
            let warn = |text: &str| self.output.warning(text);
            let found = project_file::find(|name| std::env::var_os(name), self.door.uid, warn)?;
            self.project_file.set(found).ok();
        }
        Ok(self.project_file.get().and_then(Option::as_ref))
    }

    /// Who named a profile that is not there, where it was not the command line.
    pub(crate) fn blame(&self, failure: Failure) -> Failure {
        let Ok(Some(Chosen { name, why })) = self.chosen(None) else { return failure };
        if !failure.is_of_unknown_profile(&name) {
            return failure;
        }
        match why {
            Why::Environment => {
                failure.hint(format!("`AGENTCTL_PROFILE` names {name}; `agentctl list` shows the profiles"))
            }
            Why::ProjectFile(path) => {
                let line =
                    self.project_file.get().and_then(Option::as_ref).and_then(|file| file.line_of(name.as_str()));
                let line = line.map_or_else(String::new, |line| format!(", line {line},"));
                failure.hint(format!("`{}`{line} names {name}; `agentctl list` shows the profiles", path.display()))
            }
            Why::Argument | Why::Current => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Voice};

    fn invocation(environment: &str, argument: Option<&str>) -> Result<Invocation, Failure> {
        let output = Output::new(Format::Text, Voice::Quiet, false);
        let variable = |name: &str| match name {
            "AGENTD_HOME" => Some(OsString::from("/x")),
            "AGENTCTL_PROFILE" => Some(OsString::from(environment)),
            _ => None,
        };
        Invocation::new(output, variable, argument.map(name), None)
    }

    fn name(text: &str) -> ProfileName {
        ProfileName::parse(text).expect("a valid name")
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let both = invocation("env", Some("arg")).expect("both are valid");
        let chosen = |name: ProfileName, why| Some(Chosen { name, why });
        assert_eq!(both.chosen(None).expect("one is chosen"), chosen(name("arg"), Why::Argument));
        let one = invocation("env", None).expect("it is valid");
        assert_eq!(one.chosen(None).expect("one is chosen"), chosen(name("env"), Why::Environment));
        assert_eq!(one.chosen(Some(&name("arg"))).expect("one is chosen"), chosen(name("arg"), Why::Argument));
        let none = invocation("", None).expect("an empty variable is not set");
        assert_eq!(none.chosen(None).expect("none is no mistake"), None);
    }

    #[test]
    fn two_names_that_differ_are_a_mistake() {
        let option = invocation("", Some("a")).expect("it is valid");
        assert!(option.chosen(Some(&name("a"))).is_ok());
        assert_eq!(option.chosen(Some(&name("b"))).expect_err("they differ").status(), crate::exit::Status::Usage);
        assert!(invocation("not/valid", None).is_err());
    }
}
