//! Do the two sides understand each other, and if not, which one is older?
//!
//! The agent introduces itself in the headers of every answer (`proto::hello`).

use proto::PROTOCOL_VERSION;
use proto::problem::{Code, Problem};

use super::error::ClientError;

const OUR_VERSION: &str = env!("CARGO_PKG_VERSION");
const AGENT_IS_OLDER: &str = "stop the old agent with `agentctl daemon stop`; the next command starts the new one";
const CLIENT_IS_OLDER: &str = "update `agentctl`";

/// What an answer's headers say about the agent.
#[derive(Debug, Clone, Default)]
pub(super) struct Introduction {
    /// `agentd-protocol`.
    pub(super) protocol: Option<u32>,
    /// `agentd-version`, of a few printable characters.
    pub(super) version: Option<String>,
}

/// Refuses what is no agent, and an agent whose answers could be misread.
pub(super) fn check(agent: &Introduction) -> Result<(), ClientError> {
    let protocol = agent.protocol.ok_or(ClientError::Stranger)?;
    if protocol == PROTOCOL_VERSION {
        return Ok(());
    }
    let detail = format!("the agent speaks protocol {protocol}, this client protocol {PROTOCOL_VERSION}");
    Err(ClientError::Mismatch { detail, hint: advice(protocol < PROTOCOL_VERSION) })
}

/// The answer to a path the agent does not know.
pub(super) fn unknown_operation(name: &str, agent: &Introduction) -> ClientError {
    let version = agent.version.as_deref().unwrap_or("of unknown version");
    let detail = format!("the agent ({version}) does not know `{name}`, which this client ({OUR_VERSION}) uses");
    // The client only asks for what its own protocol has, so it is the agent that lacks it, unless it says otherwise.
    ClientError::Mismatch { detail, hint: advice(!is_newer(agent)) }
}

/// A problem; an `unsupported` one from an agent of another version says which side is older.
pub(super) fn refused(mut problem: Problem, agent: &Introduction) -> ClientError {
    let differs = agent.version.as_deref().is_some_and(|version| version != OUR_VERSION);
    if problem.code == Code::Unsupported && problem.hint.is_none() && differs {
        problem.hint = Some(advice(!is_newer(agent)).to_owned());
    }
    ClientError::Problem(Box::new(problem))
}

fn advice(agent_is_older: bool) -> &'static str {
    if agent_is_older { AGENT_IS_OLDER } else { CLIENT_IS_OLDER }
}

fn is_newer(agent: &Introduction) -> bool {
    let theirs = agent.version.as_deref().and_then(numbers);
    theirs.is_some() && theirs > numbers(OUR_VERSION)
}

/// The three numbers of a semantic version.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let release = version.split(['-', '+']).next()?;
    let mut parts = release.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(protocol: u32, version: &str) -> Introduction {
        Introduction { protocol: Some(protocol), version: Some(version.to_owned()) }
    }

    #[allow(clippy::panic, reason = "a test fails so")]
    fn hint(error: &ClientError) -> &str {
        match error {
            ClientError::Mismatch { hint, .. } => hint,
            ClientError::Problem(problem) => problem.hint.as_deref().unwrap_or(""),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn another_protocol_says_which_side_is_older() {
        assert!(check(&agent(PROTOCOL_VERSION, "9.9.9")).is_ok());
        let newer = check(&agent(PROTOCOL_VERSION + 1, "9.9.9")).expect_err("protocols differ");
        assert_eq!(hint(&newer), CLIENT_IS_OLDER);
        let older = check(&agent(PROTOCOL_VERSION - 1, "0.0.1")).expect_err("protocols differ");
        assert_eq!(hint(&older), AGENT_IS_OLDER);
        assert!(matches!(check(&Introduction::default()), Err(ClientError::Stranger)));
    }

    #[test]
    fn an_unknown_operation_blames_the_older_side() {
        assert_eq!(hint(&unknown_operation("reject", &agent(1, "0.0.9"))), AGENT_IS_OLDER);
        assert_eq!(hint(&unknown_operation("reject", &agent(1, "99.0.0-rc.1"))), CLIENT_IS_OLDER);
        let refusal = refused(Problem::new(Code::Unsupported, "no"), &agent(1, "99.0.0"));
        assert_eq!(hint(&refusal), CLIENT_IS_OLDER);
        let same = refused(Problem::new(Code::Unsupported, "no"), &agent(1, OUR_VERSION));
        assert_eq!(hint(&same), "", "the same version: the service cannot, not the agent");
    }
}
