//! Keeps credentials out of the command line: one that stands there is refused and never repeated.

use std::ffi::{OsStr, OsString};

/// Why.
pub(super) const REFUSAL: &str = "a credential on the command line is visible to every process: use `--api-key-stdin`, a \
                                  variable, or the prompt";
/// Options that say where a credential comes from. They take no value.
const SWITCHES: [&str; 3] = ["--api-key", "--api-key-stdin", "--client-secret-stdin"];

/// What stands before `--`, after which everything belongs to another program.
fn ours(arguments: &[OsString]) -> impl Iterator<Item = &OsStr> {
    arguments.iter().map(OsString::as_os_str).take_while(|argument| *argument != "--")
}

fn is_switch(argument: &OsStr) -> bool {
    SWITCHES.iter().any(|switch| argument == *switch)
}

/// Whether one of the switches is given a value.
pub(super) fn has_value(arguments: &[OsString]) -> bool {
    ours(arguments).any(|argument| {
        let bytes = argument.as_encoded_bytes();
        bytes.iter().position(|b| *b == b'=').is_some_and(|at| SWITCHES.iter().any(|s| s.as_bytes() == &bytes[..at]))
    })
}

/// Whether the parser's error shows a word that may be a credential: one that is too many beside one of the switches, or
/// in `login`, where people put a key by mistake.
pub(super) fn would_be_repeated(error: &clap::Error, arguments: &[OsString]) -> bool {
    let mut words = ours(arguments).skip(1);
    if !error.use_stderr() || !words.any(|word| word == "login" || is_switch(word)) {
        return false;
    }
    let shown = error.render().to_string();
    let positional = |word: &str| !word.is_empty() && !word.starts_with('-');
    let refused = |word: &str| shown.contains(&format!("unexpected argument '{word}'"));
    ours(arguments).skip(1).map(OsStr::to_string_lossy).any(|word| positional(&word) && refused(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_value_of_a_switch_is_noticed() {
        for line in ["agentctl login --api-key=XYZ", "agentctl -q login tank --api-key-stdin=XYZ", "x --api-key="] {
            assert!(has_value(&words(line)), "{line}");
        }
        for line in ["agentctl login --api-key tank", "agentctl exec -- tool --api-key=XYZ", "x --api-keys=1"] {
            assert!(!has_value(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_word_that_is_one_too_many_is_not_repeated_where_it_may_be_a_credential() {
        for line in [
            "agentctl login tank --api-key XYZ",
            "agentctl login --api-key tank XYZ --api-key-stdin XYZ",
            "agentctl login tank XYZ --api-key",
            "agentctl login tank XYZ",
        ] {
            let error = cli::parse(&words(line)).expect_err(line);
            assert!(would_be_repeated(&error, &words(line)), "{line}: {error}");
        }
        for line in ["agentctl login tank --api-key --nonsense", "agentctl switch a b", "agentctl lgoin XYZ"] {
            let error = cli::parse(&words(line)).expect_err(line);
            assert!(!would_be_repeated(&error, &words(line)), "{line}: {error}");
        }
    }

    #[test]
    fn the_refusal_holds_nothing_of_the_command_line() {
        assert!(!REFUSAL.contains("XYZ") && REFUSAL.contains("--api-key-stdin"));
    }
}
