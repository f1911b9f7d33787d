//! Profiles and the agent as text for people. Pure: the present is passed in, text from elsewhere is cleaned here.

use proto::login::Flow;
use proto::problem::Reason;
use proto::profile::{Account, AuthType, Profile, ProfileState, Source};
use proto::status::Status;
use proto::timestamp::Timestamp;

use super::{Cell, Colour, Paint, clean, fields, span, table, when};

/// Who is logged in: the e-mail address, else the name, else the issuer's own identifier.
pub(crate) fn account(account: Option<&Account>) -> Option<String> {
    let account = account?;
    let text = account.email.as_ref().or(account.name.as_ref()).or(account.subject.as_ref())?;
    Some(clean(text).into_owned())
}

/// `expires in 12 min`, `expired 3 min ago`, or that nobody said.
pub(crate) fn expiry(profile: &Profile, now: Timestamp) -> Option<String> {
    match (profile.expires_at, profile.state) {
        (_, ProfileState::LoggedOut) => None,
        (Some(at), _) if at > now => Some(format!("expires {}", when(at, now))),
        (Some(at), _) => Some(format!("expired {}", when(at, now))),
        (None, ProfileState::Usable) => Some("no expiry known".to_owned()),
        (None, _) => None,
    }
}

/// The lines about the agent, its store and what it holds.
pub(crate) fn agent(status: &Status, now: Timestamp, paint: Paint) -> String {
    let up = span(now.unix().saturating_sub(status.started_at.unix()).max(0));
    let version = clean(&status.agent.version);
    let agent = format!("{version}, process {}, up {up}, at {}", status.pid, clean(&status.socket));
    let mut held = status.profiles.to_string();
    if status.logins > 0 {
        held = format!("{held}, logins in progress: {}", status.logins);
    }
    fields(&[("agent", Cell::plain(agent)), ("store", store(status)), ("profiles", Cell::plain(held))], paint)
}

fn store(status: &Status) -> Cell {
    let store = &status.store;
    let mut parts: Vec<String> = store.path.iter().map(|path| clean(path).into_owned()).collect();
    parts.push(source(store.source).to_owned());
    let troubles = [(store.unsaved, "not yet saved"), (store.damaged, "damaged")];
    parts.extend(troubles.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let text = parts.join(", ");
    let sound = store.unsaved == 0 && store.damaged == 0 && store.source != Source::Memory;
    if sound { Cell::plain(text) } else { Cell::coloured(text, Colour::Yellow) }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Environment => "from the environment",
        Source::File => "sealed under a key file",
        Source::Keyring => "sealed under a key in the keyring",
        Source::Memory => "memory only: logins are gone when the agent stops",
        Source::Passphrase => "sealed under a passphrase",
        _ => "kept in a way this client does not know",
    }
}

/// The lines about one profile; `why` says how it was chosen.
pub(crate) fn profile(profile: &Profile, why: &str, now: Timestamp, paint: Paint) -> String {
    let text = |text: &str| Cell::plain(clean(text).into_owned());
    let mut rows = vec![("profile", Cell::plain(format!("{} ({why})", profile.name)))];
    rows.extend(account(profile.account.as_ref()).map(|who| ("account", Cell::plain(who))));
    rows.extend(profile.issuer.as_deref().map(|issuer| ("issuer", text(issuer))));
    rows.push(("type", Cell::plain(auth_type(profile))));
    rows.extend(profile.scope.as_deref().map(|scope| ("scopes", text(scope))));
    rows.extend(profile.requested_scope.as_deref().map(|scope| ("asked for", text(scope))));
    rows.push(("state", state_with_reason(profile)));
    rows.extend(expiry(profile, now).map(|expiry| ("token", Cell::plain(expiry))));
    rows.extend(refresh(profile, now).map(|refresh| ("refresh", refresh)));
    let kept = if profile.unsaved { "not yet saved: held in memory" } else { source(profile.source) };
    let safe = !profile.unsaved && profile.source != Source::Memory;
    rows.push(("kept", if safe { Cell::plain(kept) } else { Cell::coloured(kept, Colour::Yellow) }));
    fields(&rows, paint)
}

/// The table of all profiles.
pub(crate) fn list(profiles: &[Profile], now: Timestamp, paint: Paint) -> String {
    let row = |profile: &Profile| {
        let expires = profile.expires_at.filter(|_| profile.state != ProfileState::LoggedOut);
        vec![
            Cell::plain(if profile.current { "*" } else { "" }),
            Cell::plain(profile.name.as_str()),
            Cell::plain(auth_type(profile)),
            state(profile.state),
            Cell::plain(account(profile.account.as_ref()).unwrap_or_else(|| "-".to_owned())),
            Cell::plain(expires.map_or_else(|| "-".to_owned(), |at| when(at, now))),
            Cell::plain(profile.issuer.as_deref().map_or("-".into(), clean)),
        ]
    };
    let rows: Vec<Vec<Cell>> = profiles.iter().map(row).collect();
    table(&["", "NAME", "TYPE", "STATE", "ACCOUNT", "EXPIRES", "ISSUER"], &rows, paint)
}

fn auth_type(profile: &Profile) -> &'static str {
    match (profile.auth_type, profile.flow) {
        (AuthType::ApiKey, _) => "api key",
        (AuthType::None, _) => "none",
        (AuthType::Oauth, Flow::Device) => "oauth (device)",
        (AuthType::Oauth, _) => "oauth",
        _ => "unknown",
    }
}

fn state(state: ProfileState) -> Cell {
    match state {
        ProfileState::LoggedOut => Cell::coloured("logged out", Colour::Dim),
        ProfileState::LoginRequired => Cell::coloured("login required", Colour::Red),
        ProfileState::Misconfigured => Cell::coloured("misconfigured", Colour::Red),
        ProfileState::Refreshable => Cell::coloured("refreshable", Colour::Yellow),
        ProfileState::Usable => Cell::coloured("usable", Colour::Green),
        _ => Cell::plain("unknown"),
    }
}

fn state_with_reason(profile: &Profile) -> Cell {
    let why = match (profile.state, profile.reason) {
        (ProfileState::LoginRequired, Some(Reason::Expired)) => "login required: it has expired",
        (ProfileState::LoginRequired, Some(Reason::Refused)) => "login required: the service refused the refresh",
        (ProfileState::LoginRequired, Some(Reason::RotationUncertain)) => {
            "login required: the answer to a refresh was lost, and the service refuses the old refresh token"
        }
        (ProfileState::LoginRequired, Some(Reason::ScopeNotGranted)) => "login required: a scope was not granted",
        _ => return state(profile.state),
    };
    Cell::coloured(why, Colour::Red)
}

fn refresh(profile: &Profile, now: Timestamp) -> Option<Cell> {
    let refresh = &profile.refresh;
    if profile.auth_type != AuthType::Oauth || profile.state == ProfileState::LoggedOut {
        return None;
    }
    if !refresh.possible {
        return Some(Cell::coloured("not possible: the service gave no refresh token", Colour::Yellow));
    }
    let mut parts = Vec::new();
    parts.extend(refresh.last_at.map(|at| format!("last {}", when(at, now))));
    parts.extend(refresh.next_at.map(|at| format!("next {}", when(at, now))));
    if refresh.failures > 0 {
        let times = if refresh.failures == 1 { "time" } else { "times" };
        parts.push(format!("failed {} {times}", refresh.failures));
    }
    parts.extend(refresh.uncertain.then(|| "an answer was lost".to_owned()));
    parts.extend(refresh.last_problem.as_ref().map(|problem| clean(&problem.detail).into_owned()));
    let text = if parts.is_empty() { "possible".to_owned() } else { parts.join(", ") };
    let troubled = refresh.failures > 0 || refresh.uncertain;
    Some(if troubled { Cell::coloured(text, Colour::Yellow) } else { Cell::plain(text) })
}

#[cfg(test)]
mod tests;
