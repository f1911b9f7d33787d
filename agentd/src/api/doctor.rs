//! `doctor`: credentials that lie badly. Looks only.

use axum::extract::State;
use proto::link::{DoctorRequest, Finding, FindingKind, Findings};

use super::Api;
use super::json::Json;
use super::link::variables;
use super::problem::Failure;
use crate::link;

pub(super) async fn doctor(
    State(api): State<Api>,
    Json(request): Json<DoctorRequest>,
) -> Result<Json<Findings>, Failure> {
    let diagnosis = api.doctor.look(&variables(request.variables)?).await;
    let links = api.links.list();
    // What the agent wrote there itself is nothing to import.
    let own = |one: &link::Finding| {
        let wrote = |link: &&link::Link| link.state == link::State::Linked && link.places.contains(&one.place);
        let link = links.iter().find(wrote).filter(|_| one.kind == link::FindingKind::Plaintext)?;
        Some(format!("the link {0} wrote to it; `agentctl unlink --id {0}` takes that out", link.id))
    };
    let findings = diagnosis.findings.into_iter().map(|(format, one)| Finding {
        hint: own(&one).or(one.hint),
        kind: match one.kind {
            link::FindingKind::Exposed => FindingKind::Exposed,
            link::FindingKind::Legacy => FindingKind::Legacy,
            link::FindingKind::Plaintext => FindingKind::Plaintext,
            link::FindingKind::Versioned => FindingKind::Versioned,
        },
        format,
        place: one.place,
        detail: one.detail,
    });
    Ok(Json(Findings { findings: findings.collect(), notes: diagnosis.notes }))
}
