//! `metrics`: numbers about the daemon in the exposition format of Prometheus, version 0.0.4. No label has more values than
//! this file lists, and none names a profile, a service or a program.

mod exposition;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use proto::route;

use self::exposition::Page;
use super::Api;
use crate::notice::Kind;
use crate::notice::traffic::{BOUNDS, OUTCOMES};
use crate::vault::{Prospect, Snapshot};

const STATES: [&str; 5] = ["usable", "refreshable", "login-required", "logged-out", "misconfigured"];

pub(super) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    let media_type = match route::METRICS.body {
        route::Body::Text(media_type) => media_type,
        route::Body::Json | route::Body::Events => "text/plain",
    };
    ([(CONTENT_TYPE, media_type)], page(&api))
}

fn page(api: &Api) -> String {
    let mut page = Page::default();
    let facts = api.control.facts();
    let version = env!("CARGO_PKG_VERSION");
    page.gauge("agentd_build_info", "The version of the agent", &[(&[("version", version)], 1)]);
    page.gauge("agentd_start_time_seconds", "When it started, in seconds since 1970", &[(&[], facts.started_at)]);
    profiles(api, &mut page);
    happened(api, &mut page);
    exchanges(api, &mut page);
    let served = api.vault.served();
    page.counter(
        "agentd_tokens_served_total",
        "Tokens and keys handed out: at once, or after waiting for a service",
        &[(&[("wait", "none")], served.at_once), (&[("wait", "service")], served.waited)],
    );
    page.gauge("agentd_callers_waiting", "Callers that wait for a service", &[(&[], served.waiting)]);
    page.gauge("agentd_logins_in_progress", "Logins that have not ended", &[(&[], api.logins.in_flight())]);
    page.gauge("agentd_connections", "Open connections", &[(&[], facts.connections)]);
    page.gauge("agentd_listeners", "Connections that listen to events", &[(&[], api.notices.listeners())]);
    page.gauge("agentd_store_damaged_records", "Records that cannot be opened", &[(&[], facts.damaged)]);
    page.text()
}

fn profiles(api: &Api, page: &mut Page) {
    let (now, all) = (api.vault.clock().now(), api.vault.list());
    let state = |snapshot: &Snapshot| match snapshot.prospect(now) {
        Prospect::Usable => "usable",
        Prospect::Refreshable => "refreshable",
        Prospect::LoginRequired(_) => "login-required",
        Prospect::LoggedOut(_) => "logged-out",
        Prospect::Misconfigured => "misconfigured",
    };
    let count = |word: &str| all.iter().filter(|snapshot| state(snapshot) == word).count();
    let labels = STATES.map(|word| [("state", word)]);
    let rows: Vec<_> = labels.iter().map(|label| (&label[..], count(label[0].1))).collect();
    page.gauge("agentd_profiles", "Profiles by state", &rows);
    let unsaved = all.iter().filter(|snapshot| snapshot.unsaved).count();
    page.gauge("agentd_profiles_unsaved", "Profiles whose latest state could not be written yet", &[(&[], unsaved)]);
    let earliest = |refreshable: bool| {
        let valid = all.iter().filter(|snapshot| snapshot.refreshable == refreshable).filter_map(|s| s.main.as_ref());
        let ends = valid.filter(|main| main.is_valid(now)).filter_map(|main| main.expires_at);
        ends.min().map(|at| api.vault.clock().wall_at(at))
    };
    if let Some(at) = earliest(true) {
        let help = "When the first token expires that can be refreshed, in seconds since 1970";
        page.gauge("agentd_earliest_token_expiry_timestamp_seconds", help, &[(&[], at)]);
    }
    if let Some(at) = earliest(false) {
        let help = "When the first login lapses that cannot be refreshed, in seconds since 1970";
        page.gauge("agentd_earliest_login_lapse_timestamp_seconds", help, &[(&[], at)]);
    }
}

fn happened(api: &Api, page: &mut Page) {
    let counted = |kind| api.notices.counted(kind);
    page.counter(
        "agentd_refreshes_total",
        "Refreshes by what came of them",
        &[
            (&[("outcome", "refreshed")], counted(Kind::Refreshed)),
            (&[("outcome", "failed")], counted(Kind::RefreshFailed)),
            (&[("outcome", "misconfigured")], counted(Kind::Unaccepted)),
        ],
    );
    page.counter(
        "agentd_logins_total",
        "Logins by what came of them",
        &[
            (&[("outcome", "started")], counted(Kind::LoginStarted)),
            (&[("outcome", "finished")], counted(Kind::LoginFinished)),
            (&[("outcome", "failed")], counted(Kind::LoginFailed)),
        ],
    );
    let ended = counted(Kind::LoginRequired);
    page.counter("agentd_logins_required_total", "Logins that came to be of no more use", &[(&[], ended)]);
    page.counter("agentd_lapse_warnings_total", "Warnings that a login lapses", &[(&[], counted(Kind::LapsesSoon))]);
    page.counter("agentd_reloads_total", "Times the configuration was read again", &[(&[], counted(Kind::Reloaded))]);
}

fn exchanges(api: &Api, page: &mut Page) {
    let (name, help) = ("agentd_service_request_duration_seconds", "Requests to services, by outcome");
    page.head(name, help, "histogram");
    for (outcome, durations) in OUTCOMES.iter().zip(api.notices.traffic().durations()) {
        let (classes, sum) = durations.read();
        page.histogram(name, ("outcome", outcome), &BOUNDS, &classes, sum);
    }
}
