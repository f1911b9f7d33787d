//! Running other programs: shown before they start, their failure told in one sentence.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;
use crate::report;

/// The command line as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let words = command.get_args().map(|word| {
        let word = word.to_string_lossy();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_=./:,+@%".contains(&b);
        if !word.is_empty() && word.bytes().all(plain) { word.into_owned() } else { format!("'{word}'") }
    });
    std::iter::once(name.into_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Shows and runs `command` with the person's terminal; an exit status other than 0 is a failure.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    report::line(format_args!("    $ {}", shown(command)));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    succeeded(command, status)
}

/// Shows and runs `command`; hands each line of its standard output to `see` and passes it on.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus, Failure> {
    report::line(format_args!("    $ {}", shown(command)));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let stdout = child.stdout.take().expect("stdout was set to a pipe above");
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.map_err(|error| Failure::new(format!("cannot read from `{}`: {error}", shown(command))))?;
        let line = String::from_utf8_lossy(&line);
        see(&line);
        report::line(&line);
    }
    child.wait().map_err(|error| Failure::new(format!("cannot wait for `{}`: {error}", shown(command))))
}

/// Whether `command` can be started and ends with 0; its output is not shown.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Turns an exit status into a sentence.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<(), Failure> {
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", shown(command)))) }
}

/// The program is missing or may not be run.
pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot start `{}`: {error}", command.get_program().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_shown_as_typed() {
        let mut command = Command::new("/somewhere/agentctl");
        command.args(["exec", "--", "sh", "-c", "echo $ACCESS_TOKEN"]);
        assert_eq!(shown(&command), "agentctl exec -- sh -c 'echo $ACCESS_TOKEN'");
    }
}
