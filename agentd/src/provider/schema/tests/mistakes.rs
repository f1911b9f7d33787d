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
hint: add `[environment.production]` with a `url`, or `[address]` where everybody has another
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

#[test]
fn what_the_person_brings_is_described_in_words_and_urls() {
    let own = "schema = 1\nname = \"acme\"\ntitle = \"Acme\"\n[address]\nwhat = \"team\"\nexample = \"https://a.example\"\n\
               [client]\nobtain = \"{base}/apps\"\nkind = \"native\"\nredirect = \"http://127.0.0.1/callback\"\n\
               [[login]]\nflow = \"device\"\nissuer = \"{base}\"\nneeds_secret = true\n";
    let provider = read_own(own).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(provider.environments.is_empty() && provider.address.is_some());
    let spec = provider.methods[0].flow.oauth().expect("a device login is OAuth");
    assert!(spec.wants_client() && spec.needs_secret);
    for (from, to, line, what) in [
        ("https://a.example", "http://a.example", 6, "is not a usable URL"),
        ("what = \"team\"\n", "", 4, "`what` is missing in `[address]`"),
        ("\"native\"", "\" \"", 9, "is empty or longer than 300 bytes"),
        ("http://127.0.0.1/callback", "https://127.0.0.1/callback", 10, "is not a redirect to this machine"),
        ("http://127.0.0.1/callback", "http://192.168.0.1/callback", 10, "is not a redirect to this machine"),
        ("{base}/apps", "javascript:alert(1)", 8, "not a usable URL"),
        ("[client]\n", "[client]\nsecret = \"x\"\n", 8, "is not a key of `[client]`"),
        ("issuer =", "document = \"{base}/doc\"\nissuer =", 11, "names its authorization server in two ways"),
    ] {
        let told = mistakes(&own.replace(from, to));
        let wanted = format!("acme.toml:{line}:");
        assert!(told.lines().any(|said| said.starts_with(&wanted) && said.contains(what)), "{what}: {told}");
    }
}

#[test]
fn further_urls_lie_below_the_base_and_hosts_are_exact() {
    let with = |more: &str| LEAST.replace("[[login]]", &format!("{more}\n[[login]]"));
    assert!(
        read_own(&with("hosts = [\"git.acme.example\", \"git.acme.example:8443\"]\n[urls]\napi = \"{base}/api\""))
            .is_ok()
    );
    for host in ["*.acme.example", "https://acme.example", "Acme.example", "acme.example:443", "acme.example:0", ""] {
        let told = mistakes(&with(&format!("hosts = [\"{host}\"]")));
        assert!(told.starts_with("acme.toml:6:10: is not a host"), "{host}: {told}");
    }
    for url in
        ["https://acme.example/api", "{base}/api/", "{base}/api?x=1", "{base}.evil.example", "{base}/../x", "{api}"]
    {
        let told = mistakes(&with(&format!("[urls]\napi = \"{url}\"")));
        assert!(told.starts_with("acme.toml:7:7: "), "{url}: {told}");
    }
    assert!(mistakes(&with("[urls]\nbase = \"{base}/api\"")).starts_with("acme.toml:7:1: is not a name for a URL"));
}
