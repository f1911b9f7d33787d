//! `logins`: what is pending, and what each login waits for.

use axum::extract::State;
use proto::login::{Logins, PendingLogin};
use proto::timestamp::Timestamp;

use super::json::Json;
use super::{Api, describe, follow, login};

pub(super) async fn logins(State(api): State<Api>) -> Json<Logins> {
    let pending = api.logins.pending().into_iter().map(|pending| PendingLogin {
        id: login::id(&pending.id),
        purpose: describe::purpose(pending.purpose),
        flow: pending.flow.map(describe::flow),
        started_at: Timestamp::from_unix(pending.started_at),
        deadline: Timestamp::from_unix(pending.deadline),
        waits_for: pending.step.map(|step| follow::tell(&api, step, None)),
    });
    Json(Logins { logins: pending.collect() })
}
