//! `why`: which profile is meant, and what each level that may say so had to say. No request is made to anybody.

use axum::extract::State;
use proto::id::ProviderName;
use proto::problem::{Code, Problem, Reason};
use proto::why::{Considered, Level, Verdict, Why, WhyRequest};

use super::json::Json;
use super::problem::{Failure, Told};
use super::{Api, describe};
use crate::provider::Asked;
use crate::vault::{self, Suggestion, Undecided, Wishes};

pub(super) async fn why(State(api): State<Api>, Json(request): Json<WhyRequest>) -> Result<Json<Why>, Failure> {
    let provider = request.provider.clone();
    let asked = request.host.clone();
    let (decision, host) = api.inquiries.meant(wishes(request), asked.as_deref())?;
    let (profile, problem) = match decision.chosen {
        Ok(snapshot) => (Some(api.profile(&snapshot)), None),
        Err(undecided) => {
            (None, Some(api.undecided(undecided, host.as_deref(), provider.as_ref().map(ProviderName::as_str))))
        }
    };
    let levels = decision.levels.into_iter().map(considered).collect();
    Ok(Json(Why { profile, host, provider, levels, problem }))
}

fn wishes(request: WhyRequest) -> Wishes {
    let suggestion = |one: proto::why::Suggestion| Suggestion {
        profile: one.profile.into(),
        host: one.host,
        provider: one.provider.map(String::from),
    };
    Wishes {
        argument: request.argument.map(String::from),
        environment: request.environment.map(String::from),
        project_file: request.project_file.into_iter().map(suggestion).collect(),
        destination: None,
        provider: request.provider.map(String::from),
    }
}

fn considered(one: vault::Considered) -> Considered {
    Considered {
        level: match one.level {
            vault::Level::Argument => Level::Argument,
            vault::Level::Environment => Level::Environment,
            vault::Level::ProjectFile => Level::ProjectFile,
            vault::Level::Host => Level::Host,
            vault::Level::Provider => Level::Provider,
            vault::Level::Current => Level::Current,
        },
        verdict: match one.verdict {
            vault::Verdict::Chosen => Verdict::Chosen,
            vault::Verdict::Outranked => Verdict::Outranked,
            vault::Verdict::PassedOver => Verdict::PassedOver,
            vault::Verdict::Refused => Verdict::Refused,
            vault::Verdict::Silent => Verdict::Silent,
        },
        profiles: one.profiles.iter().map(|name| describe::name(name)).collect(),
        detail: one.detail,
    }
}

impl Api {
    /// Why none is meant. Where nobody is logged in, the hint says where a login would help.
    fn undecided(&self, undecided: Undecided, host: Option<&str>, provider: Option<&str>) -> Problem {
        let detail = undecided.to_string();
        match undecided {
            Undecided::Select(error) => error.told(),
            Undecided::Misfit { .. } => Problem::new(Code::InvalidRequest, detail)
                .hint("name another profile, or none: `agentctl why` shows which"),
            Undecided::None { .. } => {
                if let Some(Err(unknown)) = provider.map(|provider| self.inquiries.provider(provider)) {
                    return unknown.told();
                }
                let at = host.map(|host| self.inquiries.providers_at(host)).unwrap_or_default();
                let hint = match (provider, at.as_slice()) {
                    (Some(provider), _) => format!("run `agentctl login {provider}`"),
                    (None, []) => "no service that the agent knows is there; `agentctl provider list`".to_owned(),
                    (None, at) => format!("run `agentctl login {}`", at.join("` or `agentctl login ")),
                };
                Problem::new(Code::LoginRequired, detail).reason(Reason::NeverLoggedIn).hint(hint)
            }
            Undecided::Several { .. } => Problem::new(Code::NotFound, detail)
                .hint("name one with --profile, or make one current with `agentctl switch NAME`"),
        }
    }
}

impl Told for Asked {
    fn told(self) -> Problem {
        Problem::new(Code::InvalidRequest, self.to_string())
    }
}
