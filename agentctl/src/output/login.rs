//! Logins that have not ended, as text for people. Pure.

use proto::login::{Flow, LoginPurpose, LoginStep, PendingLogin};
use proto::timestamp::Timestamp;

use super::{Cell, Paint, clean, table, when};

/// Who asks whom for what.
pub(crate) fn purpose(purpose: &LoginPurpose) -> String {
    let service = clean(&purpose.service);
    let scopes: Vec<&str> = purpose.scope.iter().flat_map(|scope| scope.split_ascii_whitespace()).collect();
    let what = match &scopes[..] {
        [] => "a login".to_owned(),
        [one] => format!("the scope `{}`", clean(one)),
        several => format!("the scopes `{}`", clean(&several.join(" "))),
    };
    let client = purpose.client_id.as_deref().map_or_else(String::new, |id| format!(" as the client `{}`", clean(id)));
    format!("agentctl asks {service} for {what}{client}, for {}", profile(purpose))
}

/// The profile that a login is for.
pub(crate) fn profile(purpose: &LoginPurpose) -> String {
    purpose.profile.as_ref().map_or_else(|| "a new profile".to_owned(), |name| format!("the profile {name}"))
}

/// `04:32`; hours are minutes too.
pub(crate) fn clock(seconds: i64) -> String {
    let seconds = seconds.max(0);
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// The table of logins that have not ended.
pub(crate) fn list(logins: &[PendingLogin], now: Timestamp, paint: Paint) -> String {
    let row = |login: &PendingLogin| {
        let flow = match login.flow {
            Some(Flow::AuthorizationCode | Flow::PollExchange) => "browser",
            Some(Flow::Device) => "device",
            Some(Flow::ClientCredentials) => "client-credentials",
            Some(Flow::Key) => "api-key",
            _ => "-",
        };
        let waits = match &login.waits_for {
            Some(LoginStep::Device { user_code, .. }) => format!("code {}", clean(user_code)),
            Some(LoginStep::Open { .. }) => "approval in a browser".to_owned(),
            _ => "the service".to_owned(),
        };
        vec![
            Cell::plain(login.id.as_str()),
            Cell::plain(login.purpose.profile.as_ref().map_or("-", |name| name.as_str())),
            Cell::plain(clean(&login.purpose.service)),
            Cell::plain(flow),
            Cell::plain(waits),
            Cell::plain(when(login.started_at, now)),
            Cell::plain(clock(login.deadline.unix().saturating_sub(now.unix()))),
        ]
    };
    let rows: Vec<Vec<Cell>> = logins.iter().map(row).collect();
    table(&["ID", "PROFILE", "SERVICE", "FLOW", "WAITS FOR", "STARTED", "LEFT"], &rows, paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(json: serde_json::Value) -> LoginPurpose {
        serde_json::from_value(json).expect("it is a purpose")
    }

    #[test]
    fn the_purpose_names_service_scopes_client_and_profile() {
        let full = json!({"service": "login.example.org", "client_id": "tool", "scope": "openid mail", "profile": "w"});
        assert_eq!(
            purpose(&of(full)),
            "agentctl asks login.example.org for the scopes `openid mail` as the client `tool`, for the profile w"
        );
        assert_eq!(purpose(&of(json!({"service": "Tank"}))), "agentctl asks Tank for a login, for a new profile");
        let odd = purpose(&of(json!({"service": "T\u{1b}[2J", "scope": "x\u{202e}"})));
        assert!(!odd.contains('\u{1b}') && !odd.contains('\u{202e}'), "{odd:?}");
    }

    #[test]
    fn time_left_is_minutes_and_seconds() {
        let table = [(-5, "00:00"), (0, "00:00"), (59, "00:59"), (300, "05:00"), (3599, "59:59"), (7205, "120:05")];
        for (seconds, expected) in table {
            assert_eq!(clock(seconds), expected);
        }
    }

    #[test]
    fn the_list_says_what_each_login_waits_for() {
        let logins: Vec<PendingLogin> = serde_json::from_value(json!([
            {"id": "lA", "purpose": {"service": "x.example", "profile": "work"}, "flow": "device",
             "started_at": "2026-11-22T08:30:00Z", "deadline": "2026-11-22T08:35:00Z",
             "waits_for": {"step": "device", "user_code": "WDJB-MJHT", "verification_uri": "https://x/",
                           "expires_at": "2026-11-22T08:45:00Z"}},
            {"id": "lB", "purpose": {"service": "Tank"}, "started_at": "2026-11-22T08:30:30Z",
             "deadline": "2026-11-22T08:35:30Z"}
        ]))
        .expect("they are logins");
        let now = Timestamp::parse("2026-11-22T08:31:00Z").expect("a time");
        assert_eq!(
            list(&logins, now, Paint::new(false)),
            "ID  PROFILE  SERVICE    FLOW    WAITS FOR       STARTED    LEFT\n\
             lA  work     x.example  device  code WDJB-MJHT  1 min ago  04:00\n\
             lB  -        Tank       -       the service     30 s ago   04:30\n"
        );
    }
}
