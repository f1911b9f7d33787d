//! `agentctl provider`: the services there are, and descriptions of one's own, right and wrong.

use std::path::Path;

use harness::front::{Front, document, rows};
use harness::service::{Service, Tank};
use serde_json::json;

/// What is built in.
const BUILT_IN: [&str; 13] = [
    "auth0",
    "baseten",
    "contree",
    "entra",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "llamaindex",
    "oidc",
    "okta",
    "tank",
    "tensormesh",
];

/// A service like Tank under another name.
fn acme(url: &str) -> String {
    format!(
        "schema = 1\nname = \"acme\"\ntitle = \"Acme\"\n\n[environment.lab]\nurl = \"{url}\"\n\n\
         [[login]]\nmethod = \"api-key\"\nflow = \"key\"\n\n[login.key]\nprefix = \"tank_\"\nvariables = [\"ACME_KEY\"]\n\n\
         [whoami]\nget = \"{{base}}/api/v1/auth/whoami\"\nname = \"name\"\nemail = \"email\"\n\n\
         [exec]\nACME_TOKEN = \"{{credential}}\"\n"
    )
}

#[test]
fn the_built_in_services_are_listed_and_shown() {
    let front = Front::new(Tank::default());
    let text = front.run(&["provider", "list"]).ok().out;
    let names: Vec<&str> = rows(&text).iter().map(|row| row[0]).collect();
    assert_eq!(names, BUILT_IN);
    assert!(text.lines().skip(1).all(|line| line.ends_with("built in")), "{text}");
    let list = front.json(&["providers", "ls"]);
    assert_eq!(list["providers"].as_array().map(Vec::len), Some(BUILT_IN.len()));
    assert!(list.get("broken").is_none(), "{list}");
    let shown = front.run(&["provider", "show", "contree"]).ok().out;
    for word in ["--type iam", "--type jwt", "CONTREE_TOKEN", "NEBIUS_API_KEY", "whoami"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let source = front.run(&["provider", "show", "contree", "--source"]).ok().out;
    assert!(source.contains("name = \"contree\"") && source.contains("[[login.variant]]"), "{source}");
    let whole = front.json(&["provider", "show", "tank"]);
    assert_eq!((&whole["name"], &whole["built_in"]), (&json!("tank"), &json!(true)));
    for member in ["title", "environments", "methods", "hosts", "whoami", "projects", "source"] {
        assert!(whole.get(member).is_some(), "{member}: {whole}");
    }
    let wrong = front.run(&["provider", "show", "tnak"]).fails(1);
    assert!(wrong.err.contains("there is no provider tnak") && wrong.err.contains("did you mean `tank`?"), "{wrong:?}");
    assert!(wrong.err.contains(&BUILT_IN.join(", ")), "{wrong:?}");
}

#[test]
fn a_service_of_ones_own_is_added_used_and_removed() {
    let front = Front::new(Tank::default());
    front.write(Path::new("acme.toml"), &acme(front.service.url()));
    assert_eq!(front.run(&["provider", "check", "acme.toml"]).ok().out, "acme.toml: no mistakes\n");
    drop(front.run(&["provider", "show", "acme"]).fails(1));
    assert_eq!(front.run(&["provider", "add", "acme.toml"]).ok().out, "Added Acme: `agentctl login acme`\n");
    let again = front.run(&["provider", "add", "acme.toml"]).fails(4);
    assert!(again.err.contains("replace"), "{again:?}");
    drop(front.run(&["provider", "add", "acme.toml", "--replace"]).ok());
    assert_eq!(front.json(&["provider", "show", "acme"])["built_in"], false);
    front.service.add_key("tank_canary-key-of-acme");
    drop(front.ctl(&["login", "acme", "--api-key"]).env("ACME_KEY", "tank_canary-key-of-acme").run().ok());
    assert!(front.run(&["whoami"]).ok().out.starts_with("Logged in as Ada Example"));
    let used = front.run(&["exec", "--", "sh", "-c", "echo \"$ACME_TOKEN\""]).ok();
    assert_eq!(used.out, "tank_canary-key-of-acme\n");
    assert_eq!(front.run(&["provider", "remove", "acme"]).ok().out, "Removed acme\n");
    let gone = front.run(&["provider", "rm", "acme"]).ok();
    assert!(gone.err.contains("there is no provider of your own named acme") && gone.out.is_empty(), "{gone:?}");
    assert_eq!(front.json(&["provider", "remove", "acme"]), json!({"name": "acme", "existed": false}));
    assert_eq!(front.json(&["list"])[0]["status"], "error", "the profile is still there, and says why it is of no use");
    drop(front.run(&["provider", "remove", "tank"]));
    assert_eq!(front.json(&["provider", "show", "tank"])["built_in"], true, "what is built in stays");
}

#[test]
fn every_mistake_of_a_description_is_told_at_once_with_its_line() {
    let front = Front::new(Tank::default());
    let text = acme(front.service.url()).replace("flow = \"key\"", "flow = \"kye\"").replace("title", "titel");
    front.write(Path::new("acme.toml"), &text);
    for verb in ["check", "add"] {
        let ran = front.run(&["provider", verb, "acme.toml"]).fails(1);
        let lines: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("acme.toml:")).collect();
        assert!(lines.len() >= 2, "{ran:?}");
        assert!(lines.iter().any(|line| line.starts_with("acme.toml:3:")), "{ran:?}");
        assert!(lines.iter().any(|line| line.starts_with("acme.toml:10:")), "{ran:?}");
        assert!(ran.out.contains("  hint: "), "{ran:?}");
        assert!(ran.err.starts_with("error: `acme.toml` has "), "{ran:?}");
        let ran = front.run(&["provider", verb, "acme.toml", "-o", "json"]).fails(1);
        let judged = document(&ran.out);
        assert_eq!(judged["mistakes"].as_array().map(Vec::len), Some(lines.len()), "{judged}");
        assert!(judged["mistakes"].as_array().is_some_and(|all| all.iter().all(|one| one["message"].is_string())));
    }
    drop(front.run(&["provider", "show", "acme"]).fails(1));
    let piped = front.ctl(&["provider", "check", "-"]).input(&acme("http://127.0.0.1:1")).run().ok();
    assert_eq!(piped.out, "-: no mistakes\n");
    let toml = front.ctl(&["provider", "check", "-"]).input("schema = \n").run().fails(1);
    assert!(toml.out.starts_with("-:1:"), "{toml:?}");
}

#[test]
fn input_that_is_no_description_is_refused() {
    let front = Front::new(Tank::default());
    let absent = front.run(&["provider", "add", "none.toml"]).fails(1);
    assert!(absent.err.contains("`none.toml` cannot be read"), "{absent:?}");
    drop(front.run(&["provider", "add", "."]).fails(1));
    std::fs::write(front.sandbox.path().join("bytes.toml"), b"\xff\xfe").expect("the sandbox is writable");
    assert!(front.run(&["provider", "check", "bytes.toml"]).fails(1).err.contains("is not text"));
    front.write(Path::new("huge.toml"), &"#".repeat(4 * 1024 * 1024));
    assert!(front.run(&["provider", "check", "huge.toml"]).fails(1).err.contains("larger"));
    for line in [&["provider"][..], &["provider", "add"], &["provider", "show"], &["provider", "show", "No/Name"]] {
        drop(front.run(line).fails(2));
    }
}

#[test]
fn a_description_that_leaves_its_service_or_runs_something_is_refused() {
    let front = Front::new(Tank::default());
    let good = acme(front.service.url());
    let bad = [
        good.replace("{base}/api/v1/auth/whoami", "file:///etc/passwd"),
        good.replace("{base}/api/v1/auth/whoami", "https://elsewhere.example/whoami"),
        good.replace("ACME_TOKEN =", "LD_PRELOAD ="),
        good.replace("title = \"Acme\"", "title = \"Acme\"\ncommand = \"id\""),
        good.replace("name = \"name\"", "name = \"name\"\nheaders = { X = \"a\\nb\" }"),
        good.replace("url = \"http://", "url = \"http://example.org/"),
        good.replace("name = \"acme\"", "name = \"../acme\""),
    ];
    for text in bad {
        let ran = front.ctl(&["provider", "add", "-"]).input(&text).run().fails(1);
        assert!(ran.out.starts_with("-:"), "{text}\n{ran:?}");
    }
    assert_eq!(front.json(&["provider", "list"])["providers"].as_array().map(Vec::len), Some(BUILT_IN.len()));
}

#[test]
fn a_broken_file_of_ones_own_does_not_hide_the_others() {
    let front = Front::new(Tank::default());
    let other = Service::launch(Tank::default());
    front.write(Path::new("acme.toml"), &acme(other.url()));
    drop(front.run(&["provider", "add", "acme.toml"]).ok());
    front.write(Path::new("providers/acme.toml"), "schema = 1\nname = \"acme\"\n");
    let list = front.run(&["provider", "list"]).ok();
    assert!(list.err.contains("acme.toml` describes no provider"), "{list:?}");
    assert!(list.out.contains("tensormesh"), "{list:?}");
    let report = front.json(&["provider", "list"]);
    assert_eq!(report["broken"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["broken"][0]["mistakes"].as_array().is_some_and(|all| !all.is_empty()), "{report}");
}

#[test]
fn the_hosts_of_an_environment_are_told_and_can_be_more() {
    let front = Front::new(Tank::default());
    let add =
        ["env", "add", "own", "https://tank.example.org", "--provider", "tank", "--host", "files.example.org:8443"];
    let added = front.json(&add);
    assert_eq!(added["hosts"], json!(["tank.example.org", "files.example.org:8443"]));
    let shown = front.json(&["provider", "show", "tank"]);
    let hosts = |name: &str| {
        let all = shown["environments"].as_array().expect("there are some");
        all.iter().find(|environment| environment["name"] == name).expect("it is there")["hosts"].clone()
    };
    assert_eq!(hosts("own"), json!(["tank.example.org", "files.example.org:8443"]));
    assert_eq!(hosts("production"), json!(["www.tankpkg.dev"]));
    assert!(front.run(&["provider", "show", "tank"]).ok().out.contains("files.example.org:8443"));
    for wrong in ["https://files.example.org", "*.example.org", "Files.example.org", "files.example.org/", ""] {
        let told = front
            .run(&["env", "add", "other", "https://other.example.org", "--provider", "tank", "--host", wrong])
            .fails(2);
        assert!(told.err.contains("a further host is not one"), "{wrong}: {told:?}");
    }
}
