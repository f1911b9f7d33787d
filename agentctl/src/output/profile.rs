//! Profiles and the agent as text for people. Pure: the present is passed in, text from elsewhere is cleaned here.

use std::borrow::Cow;

use proto::id::ProviderName;
use proto::login::Flow;
use proto::problem::Reason;
use proto::profile::{Account, AuthType, Profile, ProfileState, Reveal, Secondary, Source};
use proto::provider::Method;
use proto::status::Status;
use proto::timestamp::Timestamp;
use proto::whoami::{Probe, ProbeStatus};

use super::{Cell, Colour, Paint, clean, fields, span, table, when};

/// Who is logged in: the e-mail address, else the name, else the issuer's own identifier.
pub(crate) fn account(account: Option<&Account>) -> Option<String> {
    let account = account?;
    let text = account.email.as_ref().or(account.name.as_ref()).or(account.subject.as_ref())?;
    Some(clean(text).into_owned())
}

/// A profile in one line, wherever one is spoken of: its name, who is logged in, and where.
/// `work as ada@example.org (Ada Example, GitHub)`.
pub(crate) fn line(profile: &Profile) -> String {
    let (who, details) = person(profile);
    let who = who.map_or_else(String::new, |who| format!(" as {who}"));
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    format!("{}{who}{details}", profile.name)
}

/// The same without the name, and how it stands: what a person chooses by.
/// `ada@example.org (Ada Example, GitHub), usable`.
pub(crate) fn summary(profile: &Profile) -> String {
    let (who, details) = person(profile);
    let details = details.join(", ");
    let about = match who {
        Some(who) if details.is_empty() => who,
        Some(who) => format!("{who} ({details})"),
        None => details,
    };
    let (state, _) = state(profile.state);
    if about.is_empty() { state.to_owned() } else { format!("{about}, {state}") }
}

/// Who is logged in, and what else is worth knowing: the name where it is not that, and the service.
fn person(profile: &Profile) -> (Option<String>, Vec<Cow<'_, str>>) {
    let who = account(profile.account.as_ref());
    let known = profile.account.as_ref().and_then(|account| account.name.as_deref()).map(clean);
    let known = known.filter(|name| who.as_deref().is_some_and(|who| who != *name));
    let details = known.into_iter().chain(service(profile)).collect();
    (who, details)
}

/// Who is logged in, with the name where the account is told by something else: `ada@example.org (Ada Example)`.
fn full_account(profile: &Profile) -> Option<String> {
    let who = account(profile.account.as_ref())?;
    let name = profile.account.as_ref().and_then(|account| account.name.as_deref()).map(clean);
    Some(match name.filter(|name| **name != who) {
        Some(name) => format!("{who} ({name})"),
        None => who,
    })
}

/// `github (GitHub)`.
fn titled(provider: &ProviderName, profile: &Profile) -> String {
    match profile.provider_title.as_deref().map(clean) {
        Some(title) if title != provider.as_str() => format!("{provider} ({title})"),
        _ => provider.to_string(),
    }
}

/// The service: its name for people, else its word, else the issuer.
fn service(profile: &Profile) -> Option<Cow<'_, str>> {
    let word = profile.provider.as_ref().map(ProviderName::as_str);
    profile.provider_title.as_deref().or(word).or(profile.issuer.as_deref()).map(clean)
}

/// `expires in 12 min`, `expired 3 min ago`, or that nobody said.
pub(crate) fn expiry(profile: &Profile, now: Timestamp) -> Option<String> {
    match (profile.expires_at, profile.state) {
        (_, ProfileState::LoggedOut) => None,
        (Some(at), _) if at > now => Some(format!("expires {}", when(at, now))),
        (Some(at), _) => Some(format!("expired {}", when(at, now))),
        (None, ProfileState::Usable) if profile.auth_type != AuthType::None => Some("no expiry known".to_owned()),
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
    parts.push(kept(store.source));
    let troubles = [(store.unsaved, "not yet saved"), (store.damaged, "damaged")];
    parts.extend(troubles.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let text = parts.join(", ");
    let sound = store.unsaved == 0 && store.damaged == 0 && store.source != Source::Memory;
    if sound { Cell::plain(text) } else { Cell::coloured(text, Colour::Yellow) }
}

/// The word of a source, and what it means.
fn kept(source: Source) -> String {
    let (word, meaning) = match source {
        Source::Environment => ("environment", "from a variable, for one call"),
        Source::File => ("file", "sealed under a key file"),
        Source::Keyring => ("keyring", "sealed under a key in the keyring"),
        Source::Memory => ("memory", "gone when the agent stops"),
        Source::Passphrase => ("passphrase", "sealed under a passphrase"),
        _ => ("unknown", "kept in a way this client does not know"),
    };
    format!("{word} ({meaning})")
}

/// The lines about one profile; `why` says how it was chosen.
pub(crate) fn profile(profile: &Profile, why: &str, now: Timestamp, paint: Paint) -> String {
    let text = |text: &str| Cell::plain(clean(text).into_owned());
    let organization = profile.account.as_ref().and_then(|account| account.organization.as_deref());
    let mut rows = vec![("profile", Cell::plain(format!("{} ({why})", profile.name)))];
    rows.extend(profile.provider.as_ref().map(|provider| ("provider", Cell::plain(titled(provider, profile)))));
    rows.extend(environment(profile).map(|environment| ("environment", Cell::plain(environment))));
    rows.extend(full_account(profile).map(|who| ("account", Cell::plain(who))));
    rows.extend(organization.map(|name| ("organization", text(name))));
    rows.extend(project(profile).map(|project| ("project", Cell::plain(project))));
    rows.extend(profile.issuer.as_deref().map(|issuer| ("issuer", text(issuer))));
    rows.push(("type", Cell::plain(auth_type(profile))));
    rows.extend(profile.fingerprint.as_deref().map(|fingerprint| ("fingerprint", text(fingerprint))));
    rows.extend(scopes(profile).map(|scopes| ("scopes", Cell::plain(scopes))));
    rows.extend(profile.requested_scope.as_deref().map(|scope| ("asked for", text(scope))));
    rows.push(("state", state_with_reason(profile)));
    if profile.usable == Some(false) {
        rows.push(("usable", Cell::coloured("no: the service says that it is good for nothing", Colour::Red)));
    }
    rows.extend(expiry(profile, now).map(|expiry| ("token", Cell::plain(expiry))));
    rows.extend(refresh(profile, now).map(|refresh| ("refresh", refresh)));
    rows.extend(profile.secondaries.iter().map(|one| ("with it", secondary(one))));
    let reveal = match profile.reveal {
        Some(Reveal::Never) => Some("the credential is never printed"),
        Some(Reveal::Pipe) => Some("the credential is not printed on a terminal"),
        _ => None,
    };
    rows.extend(reveal.map(|rule| ("reveal", Cell::plain(rule))));
    let kept = if profile.unsaved { "memory (not yet saved)".to_owned() } else { kept(profile.source) };
    let safe = !profile.unsaved && profile.source != Source::Memory;
    rows.push(("source", if safe { Cell::plain(kept) } else { Cell::coloured(kept, Colour::Yellow) }));
    rows.extend(profile.unrevoked.filter(|count| *count > 0).map(|count| {
        let text = format!("{count} ended here and not yet revoked at the service; it is tried again");
        ("unrevoked", Cell::coloured(text, Colour::Yellow))
    }));
    fields(&rows, paint)
}

/// The deployment's name, and its base URL unless that is its name.
fn environment(profile: &Profile) -> Option<String> {
    let (name, url) = (profile.environment.as_deref(), profile.url.as_deref());
    let text = match (name, url) {
        (Some(name), Some(url)) if name != url => format!("{name}, {url}"),
        (name, url) => name.or(url)?.to_owned(),
    };
    Some(clean(&text).into_owned())
}

/// The project's name and identifier.
pub(crate) fn project(profile: &Profile) -> Option<String> {
    let id = profile.project.as_deref()?;
    let text = match profile.project_name.as_deref() {
        Some(name) if name != id => format!("{name} ({id})"),
        _ => id.to_owned(),
    };
    Some(clean(&text).into_owned())
}

/// Granted scopes; that they are unknown is worth a line only where there are tokens.
fn scopes(profile: &Profile) -> Option<String> {
    match &profile.scope {
        Some(scope) => Some(clean(scope).into_owned()),
        None if profile.auth_type == AuthType::Oauth => Some("unknown".to_owned()),
        None => None,
    }
}

/// A credential that comes with the login.
pub(crate) fn secondary(one: &Secondary) -> Cell {
    let title = clean(&one.title);
    let need = if one.required { ", required" } else { "" };
    let values: Vec<String> =
        one.values.iter().map(|(name, value)| format!(", {}: {}", clean(name), clean(value))).collect();
    let values = values.concat();
    match (one.present, &one.problem) {
        (true, _) => Cell::plain(format!("{title} ({}{need}): present{values}", clean(&one.name))),
        (false, problem) => {
            let why = problem.as_ref().map_or_else(String::new, |problem| format!(": {}", clean(&problem.detail)));
            let text = format!("{title} ({}{need}): missing{why}", clean(&one.name));
            Cell::coloured(text, if one.required { Colour::Red } else { Colour::Yellow })
        }
    }
}

/// The table of profiles and how they did.
pub(crate) fn list(probes: &[Probe], paint: Paint) -> String {
    let row = |probe: &Probe| {
        let profile = &probe.profile;
        let or_dash = |text: Option<&str>| Cell::plain(text.map_or("-".into(), clean));
        vec![
            Cell::plain(if profile.current { "*" } else { "" }),
            Cell::plain(profile.name.as_str()),
            or_dash(profile.provider.as_ref().map(ProviderName::as_str).or(profile.issuer.as_deref())),
            or_dash(profile.environment.as_deref()),
            Cell::plain(project(profile).unwrap_or_else(|| "-".to_owned())),
            Cell::plain(account(profile.account.as_ref()).unwrap_or_else(|| "-".to_owned())),
            probed(probe),
        ]
    };
    let rows: Vec<Vec<Cell>> = probes.iter().map(row).collect();
    table(&["", "NAME", "PROVIDER", "ENVIRONMENT", "PROJECT", "ACCOUNT", "STATUS"], &rows, paint)
}

fn probed(probe: &Probe) -> Cell {
    let (word, colour) = match probe.status {
        ProbeStatus::Error => ("error", Colour::Red),
        ProbeStatus::Inactive => ("inactive", Colour::Yellow),
        ProbeStatus::Offline => ("offline", Colour::Dim),
        ProbeStatus::Ok => ("ok", Colour::Green),
        ProbeStatus::Timeout => ("timeout", Colour::Yellow),
        _ => ("unknown", Colour::Dim),
    };
    let why = probe.detail.as_deref().map_or_else(String::new, |detail| format!(" ({})", clean(detail)));
    Cell::coloured(format!("{word}{why}"), colour)
}

fn auth_type(profile: &Profile) -> String {
    let word = match profile.auth_type {
        AuthType::ApiKey => "api_key",
        AuthType::None => return "none".to_owned(),
        AuthType::Oauth => "oauth",
        _ => "unknown",
    };
    match profile.method.and_then(method).or_else(|| (profile.flow == Flow::Device).then_some("device")) {
        Some("api-key") | None => word.to_owned(),
        Some(method) => format!("{word} ({method})"),
    }
}

/// The word of a way to log in.
pub(crate) fn method(method: Method) -> Option<&'static str> {
    match method {
        Method::ApiKey => Some("api-key"),
        Method::Browser => Some("browser"),
        Method::ClientCredentials => Some("client-credentials"),
        Method::Device => Some("device"),
        _ => None,
    }
}

fn state(state: ProfileState) -> (&'static str, Option<Colour>) {
    match state {
        ProfileState::LoggedOut => ("logged out", Some(Colour::Dim)),
        ProfileState::LoginRequired => ("login required", Some(Colour::Red)),
        ProfileState::Misconfigured => ("misconfigured", Some(Colour::Red)),
        ProfileState::Refreshable => ("refreshable", Some(Colour::Yellow)),
        ProfileState::Usable => ("usable", Some(Colour::Green)),
        _ => ("unknown", None),
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
        _ => {
            let (word, colour) = state(profile.state);
            return colour.map_or_else(|| Cell::plain(word), |colour| Cell::coloured(word, colour));
        }
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
