//! `whoami`: asks the service who is logged in.

use axum::extract::State;
use proto::id::ProviderName;
use proto::profile::Account;
use proto::timestamp::Timestamp;
use proto::whoami::{Fallback, Whoami, WhoamiRequest};

use super::Api;
use super::json::Json;
use super::problem::{Failure, Told as _};
use super::token::in_time;
use crate::inquiry::Known;
use crate::secret::ApiKey;

pub(super) async fn whoami(
    State(api): State<Api>,
    Json(request): Json<WhoamiRequest>,
) -> Result<Json<Whoami>, Failure> {
    if let Some(fallback) = request.fallback {
        return with_fallback(&api, fallback).await.map(Json);
    }
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let asked = in_time(api.inquiries.whoami(profile)).await??;
    let profile = api.profile(&asked.snapshot);
    let problem = match asked.known {
        Known::Live => None,
        Known::Offline(error) => Some(error.told()),
    };
    Ok(Json(Whoami {
        profile: Some(profile.name),
        provider: profile.provider,
        url: profile.url,
        project: profile.project,
        account: profile.account,
        scope: profile.scope,
        expires_at: profile.expires_at,
        usable: profile.usable,
        offline: problem.is_some(),
        problem,
    }))
}

async fn with_fallback(api: &Api, fallback: Fallback) -> Result<Whoami, Failure> {
    let Fallback { provider, environment, key } = fallback;
    // EXPOSE: it changes from the wire's type to the domain's.
    let key = ApiKey::new(key.expose().to_owned());
    let asked = api.inquiries.whoami_with(provider.as_str(), environment.as_deref(), &key);
    let (environment, identity) = in_time(asked).await??;
    Ok(Whoami {
        provider: ProviderName::parse(provider.as_str()).ok(),
        url: Some(environment.url),
        account: identity.account.map(|account| Account {
            subject: account.subject,
            name: account.name,
            email: account.email,
            organization: account.organization,
        }),
        expires_at: identity.expires_at.map(Timestamp::from_unix),
        usable: identity.usable,
        ..Whoami::default()
    })
}
