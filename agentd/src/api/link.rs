//! `link`: keeps a credential fresh in another tool's file. Written before the answer, or known to wait for a login.

use std::collections::BTreeMap;

use axum::extract::State;
use proto::id::{LinkId, ProfileName, ProviderName};
use proto::link::{Link, LinkRequest, LinkState, LinkTo, VARIABLES};
use proto::problem::{Code, Problem};
use proto::timestamp::Timestamp;

use super::Api;
use super::json::Json;
use super::problem::{Failure, invalid};
use crate::link::{self, Follow, To, Variables, Wish};

/// The longest value of a variable, in bytes.
const LONGEST_VALUE: usize = 4096;

pub(super) async fn link(State(api): State<Api>, Json(request): Json<LinkRequest>) -> Result<Json<Link>, Failure> {
    let to = match request.to {
        None | Some(LinkTo::Home) => To::Home,
        Some(LinkTo::Tmpfs) => To::Tmpfs,
        Some(_) => return Err(Failure(Problem::new(Code::Unsupported, "this agent knows no such place for a link"))),
    };
    let wish = Wish {
        profile: request.profile.map(String::from),
        current: request.current,
        format: request.format,
        to,
        variables: variables(request.variables)?,
    };
    Ok(Json(message(api.links.make(wish).await?)))
}

/// Those of the client's variables by which tools find their files. What cannot be part of a path is a mistake; what the
/// daemon does not know is left out.
pub(super) fn variables(all: BTreeMap<String, String>) -> Result<Variables, Failure> {
    let known = all.into_iter().filter(|(name, _)| VARIABLES.contains(&name.as_str()));
    known
        .map(|(name, value)| {
            if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
                return Err(invalid(format!("the variable `{name}` is too long or holds a control character")));
            }
            Ok((name, value))
        })
        .collect()
}

/// A link as a message.
pub(super) fn message(link: link::Link) -> Link {
    let profile = match &link.follow {
        Follow::Profile(name) => ProfileName::parse(name).ok(),
        Follow::Current(_) => None,
    };
    let state = match link.state {
        link::State::Failed => LinkState::Failed,
        link::State::Foreign => LinkState::Foreign,
        link::State::Linked => LinkState::Linked,
        link::State::Suspended => LinkState::Suspended,
        link::State::Waiting => LinkState::Waiting,
    };
    Link {
        id: LinkId::parse(&link.id).expect("a link is named by a format and a profile"),
        format: link.format,
        provider: link.provider.as_deref().and_then(|name| ProviderName::parse(name).ok()),
        profile,
        places: link.places,
        state,
        detail: link.detail,
        written_at: link.written_at.map(Timestamp::from_unix),
        environment: link.environment,
    }
}
