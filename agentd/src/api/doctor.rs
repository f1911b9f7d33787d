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
    let findings = diagnosis.findings.into_iter().map(|(format, one)| Finding {
        kind: match one.kind {
            link::FindingKind::Exposed => FindingKind::Exposed,
            link::FindingKind::Legacy => FindingKind::Legacy,
            link::FindingKind::Plaintext => FindingKind::Plaintext,
            link::FindingKind::Versioned => FindingKind::Versioned,
        },
        format,
        place: one.place,
        detail: one.detail,
        hint: one.hint,
    });
    Ok(Json(Findings { findings: findings.collect(), notes: diagnosis.notes }))
}
