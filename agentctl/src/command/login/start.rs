//! Starts a login. What the agent says is missing is asked of the person, where there is one: only the agent knows what a
//! service wants at this deployment, and what it keeps from earlier logins there.

use proto::login::{LoginRequest, LoginStarted};
use proto::problem::{Missing, Problem};

use crate::client::{Client, ClientError};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::prompt;

/// Asks the agent for the login, and the person for what it lacks.
pub(super) fn start(invocation: &Invocation, mut request: LoginRequest) -> Result<(Client, LoginStarted), Failure> {
    loop {
        // The person may have taken a while; the agent need not have kept the connection.
        let mut client = invocation.connect()?;
        match client.login(&request) {
            Ok(started) => return Ok((client, started)),
            Err(ClientError::Problem(problem)) if invocation.can_ask() && can_be_asked(&problem, &request) => {
                ask(invocation, &problem, &mut request)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the person can say what is missing. What was given and is not good enough is not asked for again.
fn can_be_asked(problem: &Problem, request: &LoginRequest) -> bool {
    match problem.missing {
        Some(Missing::ClientId) => request.client_id.is_none(),
        Some(Missing::ClientSecret) => request.client_secret.is_none(),
        Some(Missing::Environment) => request.environment.is_none(),
        _ => false,
    }
}

fn ask(invocation: &Invocation, problem: &Problem, request: &mut LoginRequest) -> Result<(), Failure> {
    invocation.output.instruct(&problem.detail);
    if let Some(hint) = &problem.hint {
        invocation.output.hint(hint);
    }
    match problem.missing {
        Some(Missing::ClientId) => request.client_id = Some(prompt::text(invocation, "client id")?),
        Some(Missing::ClientSecret) => request.client_secret = Some(prompt::hidden(invocation, "client secret")?),
        _ => request.environment = Some(prompt::text(invocation, "URL")?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::problem::Code;

    #[test]
    fn what_was_given_is_not_asked_for_again() {
        let lacking = |missing| Problem::new(Code::InvalidRequest, "x").missing(missing);
        let empty = LoginRequest::default();
        let given = LoginRequest {
            client_id: Some("id".to_owned()),
            environment: Some("https://a.example".to_owned()),
            ..LoginRequest::default()
        };
        for missing in [Missing::ClientId, Missing::Environment] {
            assert!(can_be_asked(&lacking(missing), &empty) && !can_be_asked(&lacking(missing), &given));
        }
        assert!(can_be_asked(&lacking(Missing::ClientSecret), &given), "the secret was not");
        assert!(!can_be_asked(&lacking(Missing::Unknown), &empty));
        assert!(!can_be_asked(&Problem::new(Code::InvalidRequest, "x"), &empty));
    }
}
