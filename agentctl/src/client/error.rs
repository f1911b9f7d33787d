//! What can go wrong between a request and its answer, and what a person is told about it.

use proto::problem::Problem;

use crate::exit::Status;
use crate::failure::Failure;

/// An exchange that gave no answer. No variant holds a byte of an answer except the agent's own problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The connection ended: connect again, or tell the person.
    #[error("the agent closed the connection before it answered")]
    Closed,
    /// The bytes are not what the protocol says: report a bug.
    #[error("the answer of the agent cannot be read: {0}")]
    Garbled(&'static str),
    /// The socket failed.
    #[error("the connection to the agent failed: {0}")]
    Io(std::io::ErrorKind),
    /// The two sides are of different versions: update one.
    #[error("{detail}")]
    Mismatch {
        /// Who is older.
        detail: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The agent refused, and said why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Whatever listens is no agent.
    #[error("what answers at the socket is not agentd")]
    Stranger,
    /// The time for this operation is over.
    #[error("the agent did not answer in time")]
    TimedOut,
}

impl ClientError {
    /// Whether the agent has gone, so that another may come.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Closed | Self::Io(_) | Self::TimedOut)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let detail = error.to_string();
        match error {
            ClientError::Problem(problem) => Failure::Problem(problem),
            ClientError::Mismatch { hint, .. } => Failure::own("unsupported", Status::Failed, detail).hint(hint),
            ClientError::Garbled(_) => Failure::own("internal", Status::Bug, detail)
                .hint("look at `agentctl daemon status` and `agentctl daemon logs`"),
            ClientError::Stranger => Failure::unreachable(detail).hint("check `--socket` and `AGENTD_SOCKET`"),
            ClientError::Closed | ClientError::Io(_) | ClientError::TimedOut => {
                Failure::unreachable(detail).hint("look at `agentctl daemon status` and `agentctl daemon logs`")
            }
        }
    }
}
