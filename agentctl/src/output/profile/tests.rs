//! What people see, as a whole.

use super::*;
use serde_json::json;

const NOW: i64 = 1_790_000_000;

fn at(offset: i64) -> String {
    Timestamp::from_unix(NOW + offset).to_string()
}

fn work() -> Profile {
    let profile = json!({
        "name": "work", "current": true, "auth_type": "oauth", "state": "usable", "flow": "device",
        "issuer": "https://login.example.org", "account": {"email": "me@example.org", "subject": "42"},
        "scope": "openid offline_access", "expires_at": at(725), "source": "file",
        "refresh": {"possible": true, "last_at": at(-300), "next_at": at(600)},
    });
    serde_json::from_value(profile).expect("it is a profile")
}

fn key() -> Profile {
    let profile = json!({
        "name": "ci", "current": false, "auth_type": "api_key", "state": "login-required", "flow": "key",
        "reason": "expired", "expires_at": at(-200), "source": "memory", "refresh": {"possible": false},
    });
    serde_json::from_value(profile).expect("it is a profile")
}

#[test]
fn a_profile_is_told_in_aligned_lines() {
    let text = profile(&work(), "current", Timestamp::from_unix(NOW), Paint::new(false));
    let expected = "\
profile  work (current)
account  me@example.org
issuer   https://login.example.org
type     oauth (device)
scopes   openid offline_access
state    usable
token    expires in 12 min
refresh  last 5 min ago, next in 10 min
source   file (sealed under a key file)
";
    assert_eq!(text, expected);
    let text = profile(&key(), "--profile", Timestamp::from_unix(NOW), Paint::new(false));
    let expected = "\
profile  ci (--profile)
type     api_key
state    login required: it has expired
token    expired 3 min ago
source   memory (gone when the agent stops)
";
    assert_eq!(text, expected);
}

fn tensormesh() -> Profile {
    let profile = json!({
        "name": "tm", "current": true, "auth_type": "oauth", "state": "usable", "flow": "poll-exchange",
        "provider": "tensormesh", "environment": "production", "url": "https://api.example.org", "method": "browser",
        "account": {"email": "me@example.org", "organization": "Acme"}, "project": "p-1", "project_name": "Alpha",
        "fingerprint": "0123456789abcdef", "source": "keyring", "refresh": {"possible": true}, "usable": false,
        "reveal": "pipe", "unrevoked": 1, "secondaries": [
            {"name": "inference", "title": "Inference key", "required": true, "present": false},
            {"name": "user", "title": "User", "required": false, "present": true, "values": {"model": "m"}}],
    });
    serde_json::from_value(profile).expect("it is a profile")
}

#[test]
fn a_profile_of_a_provider_is_told_with_all_that_belongs_to_it() {
    let text = profile(&tensormesh(), "current", Timestamp::from_unix(NOW), Paint::new(false));
    let expected = "\
profile       tm (current)
provider      tensormesh
environment   production, https://api.example.org
account       me@example.org
organization  Acme
project       Alpha (p-1)
type          oauth (browser)
fingerprint   0123456789abcdef
scopes        unknown
state         usable
usable        no: the service says that it is good for nothing
token         no expiry known
refresh       possible
with it       Inference key (inference, required): missing
with it       User (user): present, model: m
reveal        the credential is not printed on a terminal
source        keyring (sealed under a key in the keyring)
unrevoked     1 ended here and not yet revoked at the service; it is tried again
";
    assert_eq!(text, expected);
}

fn probe(profile: Profile, status: ProbeStatus, detail: Option<&str>) -> Probe {
    Probe { profile, status, detail: detail.map(str::to_owned) }
}

#[test]
fn all_profiles_are_told_in_a_table() {
    let probes = [probe(key(), ProbeStatus::Error, Some("refused")), probe(tensormesh(), ProbeStatus::Ok, None)];
    let expected = "   NAME  PROVIDER    ENVIRONMENT  PROJECT      ACCOUNT         STATUS\n   \
                       ci    -           -            -            -               error (refused)\n\
                    *  tm    tensormesh  production   Alpha (p-1)  me@example.org  ok\n";
    assert_eq!(list(&probes, Paint::new(false)), expected);
}

#[test]
fn what_a_service_says_of_itself_cannot_steer_the_terminal() {
    let mut nasty = work();
    nasty.issuer = Some("https://x\u{1b}[2J".to_owned());
    nasty.scope = Some("a\nb\u{202e}".to_owned());
    nasty.account = Some(Account { name: Some("\u{9b}31m".to_owned()), ..Account::default() });
    let now = Timestamp::from_unix(NOW);
    let told = probe(nasty.clone(), ProbeStatus::Error, Some("\u{9b}31m"));
    for text in [profile(&nasty, "current", now, Paint::new(false)), list(&[told], Paint::new(false))] {
        assert!(text.lines().all(|line| clean(line) == line), "{text:?}");
    }
}

#[test]
fn the_agent_is_told_in_three_lines() {
    let status = json!({
        "agent": {"version": "0.1.0", "protocol": 1}, "pid": 7, "started_at": at(-7300), "socket": "/run/s",
        "store": {"source": "memory"}, "profiles": 3, "logins": 1, "connections": 1,
    });
    let status: Status = serde_json::from_value(status).expect("it is a status");
    let text = agent(&status, Timestamp::from_unix(NOW), Paint::new(false));
    let expected = "agent     0.1.0, process 7, up 2 h, at /run/s\n\
                    store     memory (gone when the agent stops)\n\
                    profiles  3, logins in progress: 1\n";
    assert_eq!(text, expected);
}
