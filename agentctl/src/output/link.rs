//! Links, logins of other tools and what is wrong with them, as text for people. Pure.

use proto::link::{Finding, FindingKind, Found, FoundKind, Link, LinkState};
use proto::profile::Profile;
use proto::timestamp::Timestamp;

use super::profile::{account, line};
use super::{Cell, Colour, Paint, clean, fields, table, when};

fn places(link: &Link) -> String {
    link.places.iter().map(|place| clean(place)).collect::<Vec<_>>().join(", ")
}

/// The profile that a link follows.
fn follows(link: &Link) -> String {
    match (&link.profile, &link.provider) {
        (Some(profile), _) => profile.to_string(),
        (None, Some(provider)) => format!("current of {provider}"),
        (None, None) => "current".to_owned(),
    }
}

/// What was made.
pub(crate) fn made(link: &Link, followed: Option<&Profile>) -> String {
    let verb = if link.state == LinkState::Linked { "Linked" } else { "Link made, not yet written:" };
    let who = followed.map_or_else(|| follows(link), line);
    format!("{verb} {who} to {}: {}", clean(&link.format), places(link))
}

/// What was ended.
pub(crate) fn ended(link: &Link) -> String {
    format!("Unlinked {} from {}: {}", follows(link), clean(&link.format), places(link))
}

/// The table of all links.
pub(crate) fn list(links: &[Link], now: Timestamp, paint: Paint) -> String {
    let row = |link: &Link| {
        let (word, colour) = match link.state {
            LinkState::Failed => ("failed", Colour::Red),
            LinkState::Foreign => ("foreign", Colour::Yellow),
            LinkState::Linked => ("linked", Colour::Green),
            LinkState::Suspended => ("suspended", Colour::Yellow),
            LinkState::Waiting => ("waiting", Colour::Dim),
            _ => ("unknown", Colour::Dim),
        };
        let why = link.detail.as_deref().map_or_else(String::new, |detail| format!(" ({})", clean(detail)));
        vec![
            Cell::plain(link.id.as_str()),
            Cell::plain(clean(&link.format)),
            Cell::plain(follows(link)),
            Cell::coloured(format!("{word}{why}"), colour),
            Cell::plain(link.written_at.map_or_else(|| "-".to_owned(), |at| when(at, now))),
            Cell::plain(places(link)),
        ]
    };
    let rows: Vec<Vec<Cell>> = links.iter().map(row).collect();
    table(&["ID", "FORMAT", "PROFILE", "STATE", "WRITTEN", "PLACE"], &rows, paint)
}

/// The lines about one login of another tool.
pub(crate) fn found(found: &Found, now: Timestamp, paint: Paint) -> String {
    let kind = match (found.kind, found.refreshable) {
        (FoundKind::ApiKey, _) => "api_key",
        (FoundKind::Oauth, true) => "oauth, with a refresh token, which is moved",
        (FoundKind::Oauth, false) => "oauth, without a refresh token",
        _ => "unknown",
    };
    let mut rows = vec![
        ("login", Cell::plain(format!("{} of {}", clean(&found.name), clean(&found.format)))),
        ("at", Cell::plain(clean(&found.place))),
        ("type", Cell::plain(kind)),
        ("fingerprint", Cell::plain(clean(&found.fingerprint))),
    ];
    rows.extend(account(found.account.as_ref()).map(|who| ("account", Cell::plain(who))));
    rows.extend(found.url.as_deref().map(|url| ("url", Cell::plain(clean(url)))));
    rows.extend(found.project.as_deref().map(|project| ("project", Cell::plain(clean(project)))));
    rows.extend(found.expires_at.map(|at| {
        let word = if at > now { "expires" } else { "expired" };
        ("expiry", Cell::plain(format!("{word} {}", when(at, now))))
    }));
    let taken = if found.taken { Cell::coloured("yes", Colour::Green) } else { Cell::plain("no") };
    rows.extend(found.profile.as_ref().map(|profile| ("profile", Cell::plain(profile.as_str()))));
    rows.push(("taken", taken));
    rows.extend(found.notes.iter().map(|note| ("note", Cell::plain(clean(note)))));
    fields(&rows, paint)
}

/// What is wrong at one place, and what to do about it.
pub(crate) fn finding(finding: &Finding, paint: Paint) -> String {
    let word = match finding.kind {
        FindingKind::Exposed => "exposed",
        FindingKind::Legacy => "legacy",
        FindingKind::Plaintext => "plaintext",
        FindingKind::Versioned => "versioned",
        _ => "unknown",
    };
    let word = paint.paint(Colour::Yellow, word);
    let mut text =
        format!("{word} {}: {} ({})\n", clean(&finding.place), clean(&finding.detail), clean(&finding.format));
    text.extend(finding.hint.as_deref().map(|hint| format!("  hint: {}\n", clean(hint))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        Timestamp::from_unix(1_790_000_000)
    }

    #[test]
    fn links_are_told_in_a_table() {
        let link = |json| serde_json::from_value::<Link>(json).expect("it is a link");
        let links = [
            link(json!({"id": "l1", "format": "truss", "provider": "baseten", "places": ["/home/a/.trussrc"],
                "state": "foreign", "detail": "a login of the tool's own"})),
            link(json!({"id": "l2", "format": "tensormesh", "profile": "tm", "places": ["/x"], "state": "linked",
                "written_at": "2026-09-21T14:12:20Z"})),
        ];
        let expected = "\
ID  FORMAT      PROFILE             STATE                                WRITTEN    PLACE
l1  truss       current of baseten  foreign (a login of the tool's own)  -          /home/a/.trussrc
l2  tensormesh  tm                  linked                               1 min ago  /x
";
        assert_eq!(list(&links, now(), Paint::new(false)), expected);
        assert_eq!(made(&links[1], None), "Linked tm to tensormesh: /x");
        assert_eq!(ended(&links[0]), "Unlinked current of baseten from truss: /home/a/.trussrc");
    }

    #[test]
    fn a_login_found_is_told_without_its_credential() {
        let login: Found = serde_json::from_value(json!({"format": "tank", "name": "default", "kind": "oauth",
            "place": "/home/a/.tank/config.json", "fingerprint": "0123456789abcdef", "refreshable": true,
            "profile": "tank", "taken": true, "notes": ["the file is 0600 now"]}))
        .expect("it is a login");
        let expected = "\
login        default of tank
at           /home/a/.tank/config.json
type         oauth, with a refresh token, which is moved
fingerprint  0123456789abcdef
profile      tank
taken        yes
note         the file is 0600 now
";
        assert_eq!(found(&login, now(), Paint::new(false)), expected);
    }

    #[test]
    fn what_is_wrong_comes_with_what_to_do() {
        let wrong: Finding = serde_json::from_value(json!({"kind": "exposed", "format": "llamactl", "place": "/p.db",
            "detail": "others can read it\u{1b}[m", "hint": "chmod 600 /p.db"}))
        .expect("it is a finding");
        let expected = "exposed /p.db: others can read it\u{fffd}[m (llamactl)\n  hint: chmod 600 /p.db\n";
        assert_eq!(finding(&wrong, Paint::new(false)), expected);
    }
}
