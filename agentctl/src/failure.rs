//! Why a command ends early: a problem from the agent, a failure of our own, or nothing to say.
//!
//! Both kinds print alike. Our own carry a word that the agent never sends, in the same JSON shape as a
//! [`proto::problem::Problem`] (RFC 9457), so a program needs one parser.

use proto::id::ProfileName;
use proto::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::exit::Status;

/// The end of a command that did not finish.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of our standard output went away: end in silence.
    BrokenPipe,
    /// Something went wrong on this side of the socket: print it.
    Own {
        /// The word a program acts on.
        word: &'static str,
        /// The process status.
        status: Status,
        /// One sentence.
        detail: String,
        /// What a program of ours wrote about it, shown below the sentence.
        lines: Vec<String>,
        /// What to try.
        hint: Option<String>,
    },
    /// The agent said why: print it.
    Problem(Box<Problem>),
    /// Everything is printed already: only the status is left.
    Quiet(Status),
}

impl Failure {
    /// The agent cannot be reached, or what answers must not be trusted.
    pub(crate) fn unreachable(detail: impl Into<String>) -> Self {
        Self::own("agent-unreachable", Status::AgentUnreachable, detail)
    }

    /// The command line, standard input or the environment is wrong.
    pub(crate) fn usage(detail: impl Into<String>) -> Self {
        Self::own("invalid-request", Status::Usage, detail)
    }

    /// Something of this machine failed: a file, a stream, a program.
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::own("failed", Status::Failed, detail)
    }

    /// A failure of our own.
    pub(crate) fn own(word: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self::Own { word, status, detail: detail.into(), lines: Vec::new(), hint: None }
    }

    /// Adds what a program of ours wrote.
    #[must_use]
    pub(crate) fn lines(mut self, text: Vec<String>) -> Self {
        if let Self::Own { lines, .. } = &mut self {
            *lines = text;
        }
        self
    }

    /// Adds what to try.
    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Own { hint, .. } => *hint = Some(text.into()),
            Self::Problem(problem) => problem.hint = Some(text.into()),
            Self::BrokenPipe | Self::Quiet(_) => {}
        }
        self
    }

    /// Whether it says that there is no profile of this name.
    pub(crate) fn is_of_unknown_profile(&self, name: &ProfileName) -> bool {
        let (known, detail) = match self {
            Self::Own { word, detail, .. } => (*word == "not-found", detail),
            Self::Problem(problem) => (problem.code == Code::NotFound, &problem.detail),
            Self::BrokenPipe | Self::Quiet(_) => return false,
        };
        known && *detail == format!("there is no profile `{name}`")
    }

    /// The process status.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::BrokenPipe => Status::Done,
            Self::Own { status, .. } | Self::Quiet(status) => *status,
            Self::Problem(problem) => Status::from(problem.code),
        }
    }

    /// Sentence, further lines and hint for people; nothing when there is nothing to say.
    pub(crate) fn text(&self) -> Option<(&str, &[String], Option<&str>)> {
        match self {
            Self::BrokenPipe | Self::Quiet(_) => None,
            Self::Own { detail, lines, hint, .. } => Some((detail, lines, hint.as_deref())),
            Self::Problem(problem) => Some((&problem.detail, &[], problem.hint.as_deref())),
        }
    }

    /// The problem document for programs; nothing when there is nothing to say.
    pub(crate) fn json(&self) -> Option<Value> {
        match self {
            Self::BrokenPipe | Self::Quiet(_) => None,
            Self::Own { word, status, detail, hint, .. } => {
                // `status` is the HTTP status of RFC 9457; these two are the nearest to "your side" and "not there".
                let http = if *status == Status::AgentUnreachable { 503 } else { 400 };
                let kind = format!("urn:agentd:problem:{word}");
                let mut value = json!({"type": kind, "title": detail, "status": http, "code": word, "detail": detail});
                if let Some(hint) = hint {
                    value["hint"] = json!(hint);
                }
                Some(value)
            }
            Self::Problem(problem) => serde_json::to_value(problem).ok(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_failure_are_problem_documents() {
        let own = Failure::unreachable("no agent").hint("start it").json().expect("it has something to say");
        assert_eq!(own["code"], "agent-unreachable");
        assert_eq!(own["hint"], "start it");
        let read: Problem = serde_json::from_value(own).expect("it is a problem document");
        assert_eq!(read.code, Code::Unknown, "the word is the client's own");
        let theirs = Failure::from(Problem::new(Code::LoginRequired, "log in"));
        assert_eq!(theirs.json().expect("it has something to say")["code"], "login-required");
        assert_eq!(theirs.status(), Status::LoginRequired);
    }

    #[test]
    fn a_broken_pipe_is_no_error_and_says_nothing() {
        assert_eq!(Failure::BrokenPipe.status(), Status::Done);
        assert!(Failure::BrokenPipe.text().is_none() && Failure::BrokenPipe.json().is_none());
    }
}
