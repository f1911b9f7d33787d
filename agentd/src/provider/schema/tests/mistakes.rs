//! Every mistake of a file is found at once, each with its line and a hint.

use super::*;

/// As little as makes a provider.
const LEAST: &str = "\
schema = 1
name = \"acme\"
title = \"Acme\"
[environment.production]
url = \"https://acme.example/\"
[[login]]
flow = \"device\"
issuer = \"{base}\"
";

#[test]
fn every_mistake_is_reported_at_once() {
    let told = mistakes(include_str!("every-mistake.toml"));
    assert_eq!(told, include_str!("every-mistake.txt").trim_end());
}

#[test]
fn what_is_left_out_has_a_meaning() {
    let provider = read_own(LEAST).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(provider.environments[0].url, "https://acme.example");
    assert!(provider.environments[0].needs_login);
    let [method] = provider.methods.as_slice() else { panic!("one method") };
    assert_eq!((method.name.word(), method.scheme.as_str()), ("device", "Bearer"));
    assert_eq!(method.expiry.len(), 3);
    assert!(provider.user_agent.is_none() && provider.whoami.is_none() && provider.fallback.is_empty());
}

#[test]
fn environments_keep_the_order_of_the_file() {
    let more = "[environment.a]\nurl = \"https://a.example\"\nlogin = false\n";
    let provider = read_own(&format!("{LEAST}{more}")).unwrap_or_else(|problems| panic!("{problems}"));
    let names: Vec<_> = provider.environments.iter().map(|e| (e.name.as_str(), e.needs_login)).collect();
    assert_eq!(names, [("production", true), ("a", false)]);
}

#[test]
fn an_empty_file_says_what_it_lacks() {
    let wanted = "\
acme.toml:1:1: `schema` is missing at the top
hint: begin with `schema = 1`
acme.toml:1:1: `name` is missing at the top
acme.toml:1:1: `title` is missing at the top
acme.toml:1:1: has no environment
hint: add `[environment.production]` with a `url`
acme.toml:1:1: has no way to log in
hint: add `[[login]]` with a `flow`";
    assert_eq!(mistakes(""), wanted);
}

#[test]
fn a_file_for_a_newer_agent_is_left_alone() {
    let newer = "schema = 2\nname = \"acme\"\n[[logon]]\n";
    let wanted = "\
acme.toml:1:10: was written for a newer version of the agent
hint: update the agent, or use `schema = 1`";
    assert_eq!(mistakes(newer), wanted);
    for wrong in ["0", "-1", "\"1\"", "1.0"] {
        let told = mistakes(&LEAST.replacen('1', wrong, 1));
        assert_eq!(told, "acme.toml:1:10: is not a version of the schema\nhint: write `schema = 1`", "{wrong}");
    }
}

#[test]
fn a_name_is_its_files_and_nobody_elses() {
    let told = mistakes(&LEAST.replace("\"acme\"", "\"other\""));
    assert_eq!(told, "acme.toml:2:8: is not the name of its file\nhint: call the file `other.toml`");
    let text = LEAST.replace("\"acme\"", "\"tank\"");
    let told = read(&text, Path::new("x"), Origin::File("".into())).expect_err("it is taken").to_string();
    assert_eq!(told, "x:2:8: is the name of a provider that is built in\nhint: choose another name");
}

#[test]
fn a_mistake_of_syntax_does_not_hide_the_others() {
    let told = mistakes(&format!("{LEAST}[exec\nACME = 1\n[revoke]\nput = \"x\"\n"));
    assert!(
        told.contains("acme.toml:9:") && told.contains("acme.toml:12:1: `put` is not a key of `[revoke]`"),
        "{told}"
    );
}

#[test]
fn keys_and_expiries_need_something_that_tells() {
    let key = LEAST.replace("\"device\"\nissuer = \"{base}\"", "\"key\"\nexpiry = [\"whoami\"]");
    let told = mistakes(&key);
    assert!(told.contains("acme.toml:6:1: has an `expiry` that `[whoami]` does not tell"), "{told}");
    assert!(told.contains("acme.toml:6:1: takes a key that no request could try"), "{told}");
    assert!(read_own(&format!("{key}[whoami]\nget = \"{{base}}/me\"\nexpires_at = \"until\"\n")).is_ok());
}

#[test]
fn a_server_is_named_wholly_or_not_at_all() {
    let endpoint = "device_authorization_endpoint = \"{base}/device\"";
    let told = mistakes(&LEAST.replace("issuer = \"{base}\"", endpoint));
    assert!(told.contains("acme.toml:6:1: names no authorization server\nhint: add `issuer`"), "{told}");
    let whole = format!("{endpoint}\ntoken_endpoint = \"https://login.example/token\"");
    assert!(read_own(&LEAST.replace("issuer = \"{base}\"", &whole)).is_ok());
    let told = mistakes(&LEAST.replace("issuer = \"{base}\"", "token_endpoint = \"{base}/token\""));
    assert!(told.contains("names not all endpoints"), "{told}");
}
