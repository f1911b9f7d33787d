//! `import`: logins of other tools, shown, taken over, or given back. Nothing is taken that was not named.

use axum::extract::State;
use proto::id::ProfileName;
use proto::link::{Found, FoundKind, ImportRequest, Imported};
use proto::profile::Account;
use proto::timestamp::Timestamp;

use super::Api;
use super::json::Json;
use super::link::variables;
use super::problem::Failure;
use crate::link::{self, Order};

/// How much of a fingerprint is shown: as much as the tools themselves show.
const SHOWN_BYTES: usize = 8;

pub(super) async fn import(
    State(api): State<Api>,
    Json(request): Json<ImportRequest>,
) -> Result<Json<Imported>, Failure> {
    let order = Order {
        name: request.name,
        all: request.all,
        dry_run: request.dry_run,
        profile: request.profile.map(String::from),
        undo: request.undo,
        variables: variables(request.variables)?,
    };
    let report = api.imports.import(order).await?;
    Ok(Json(Imported { found: report.found.into_iter().map(found).collect(), notes: report.notes }))
}

fn found(found: link::Found) -> Found {
    let link::Origin { format, name, place, kind, fingerprint, refreshable } = found.origin;
    let account =
        found.account.map(|who| Account { subject: who.subject, name: who.name, email: who.email, organization: None });
    Found {
        format,
        name,
        place,
        kind: match kind {
            link::Kind::ApiKey => FoundKind::ApiKey,
            link::Kind::Oauth => FoundKind::Oauth,
        },
        fingerprint: link::hex(&fingerprint.0[..SHOWN_BYTES]),
        refreshable,
        account,
        url: found.url,
        project: found.project,
        expires_at: found.expires_at.map(Timestamp::from_unix),
        profile: found.profile.and_then(|name| ProfileName::parse(&name).ok()),
        taken: found.taken,
        notes: found.notes,
    }
}
