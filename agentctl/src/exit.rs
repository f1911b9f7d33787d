//! The process status: the one table from what happened to a number that scripts act on.

use std::process::ExitCode;

use proto::problem::Code;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The agent is not there or is not ours.
    AgentUnreachable,
    /// Something that cannot be happened.
    Bug,
    /// `exec`: the command is there and cannot be run.
    CommandNotExecutable,
    /// `exec`: there is no such command.
    CommandNotFound,
    /// Refused by a person or by policy.
    Denied,
    /// All went well.
    Done,
    /// It went wrong in a way that has no number of its own.
    Failed,
    /// The service did not answer.
    IssuerUnreachable,
    /// The vault is locked.
    Locked,
    /// There is no usable grant.
    LoginRequired,
    /// The command line or the request is wrong.
    Usage,
}

impl Status {
    /// What each number means, in order.
    pub(crate) const TABLE: &[(Status, &'static str)] = &[
        (Status::Done, "done; also when the reader of the output went away"),
        (Status::Failed, "failed"),
        (Status::Usage, "wrong usage"),
        (Status::LoginRequired, "a login is required"),
        (Status::Denied, "denied"),
        (Status::Locked, "locked"),
        (Status::AgentUnreachable, "the agent cannot be reached"),
        (Status::IssuerUnreachable, "the service cannot be reached; try again"),
        (Status::Bug, "a bug"),
        (Status::CommandNotExecutable, "`exec` only: the command cannot be run"),
        (Status::CommandNotFound, "`exec` only: the command is not there"),
    ];

    /// The number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Failed => 1,
            Status::Usage => 2,
            Status::LoginRequired => 3,
            Status::Denied => 4,
            Status::Locked => 5,
            Status::AgentUnreachable => 6,
            Status::IssuerUnreachable => 7,
            Status::Bug => 70,
            Status::CommandNotExecutable => 126,
            Status::CommandNotFound => 127,
        }
    }
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        match code {
            Code::Denied => Status::Denied,
            Code::Internal => Status::Bug,
            Code::InvalidRequest => Status::Usage,
            Code::IssuerUnreachable => Status::IssuerUnreachable,
            Code::Locked => Status::Locked,
            Code::LoginRequired => Status::LoginRequired,
            // A newer agent's code is a failure, and nothing more is known of it.
            _ => Status::Failed,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_code_has_its_documented_status() {
        let table: Vec<(&str, u8)> = Code::ALL.iter().map(|c| (c.as_str(), Status::from(*c).number())).collect();
        let expected = [
            ("busy", 1),
            ("denied", 4),
            ("internal", 70),
            ("invalid-request", 2),
            ("issuer-unreachable", 7),
            ("locked", 5),
            ("login-failed", 1),
            ("login-required", 3),
            ("login-timeout", 1),
            ("misconfigured", 1),
            ("not-found", 1),
            ("unsupported", 1),
        ];
        assert_eq!(table, expected);
        assert_eq!(Status::from(Code::Unknown).number(), 1);
        assert_eq!(Status::AgentUnreachable.number(), 6);
    }
}
