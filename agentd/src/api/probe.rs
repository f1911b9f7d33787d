//! `probe`: tries profiles at their services, all at the same time.

use axum::extract::State;
use proto::whoami::{Probe, ProbeRequest, ProbeStatus, Probed};

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::token::in_time;
use crate::inquiry::Verdict;

pub(super) async fn probe(State(api): State<Api>, Json(request): Json<ProbeRequest>) -> Result<Json<Probed>, Failure> {
    let provider = request.provider.as_ref().map(proto::id::ProviderName::as_str);
    let (tried, hidden) = in_time(api.inquiries.probe(request.offline, request.all, provider)).await?;
    let probes = tried.into_iter().map(|one| {
        let (status, detail) = match one.verdict {
            Verdict::Error(why) => (ProbeStatus::Error, Some(why)),
            Verdict::Inactive => (ProbeStatus::Inactive, None),
            Verdict::Offline => (ProbeStatus::Offline, None),
            Verdict::Ok => (ProbeStatus::Ok, None),
            Verdict::Timeout => (ProbeStatus::Timeout, None),
        };
        Probe { profile: api.profile(&one.snapshot), status, detail }
    });
    Ok(Json(Probed { probes: probes.collect(), hidden }))
}
