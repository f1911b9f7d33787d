//! Which profile is used: the order of what may say so, through the real client, and `why`.

mod project_file;

use std::path::{Path, PathBuf};

use harness::front::{Front, document};
use harness::service::{Baseten, Service, Tank};
use serde_json::{Value, json};

/// Two services: `a` and `b` at one, of which `b` is current, and `t` at the other.
struct World {
    front: Front<Baseten>,
    _tank: Service<Tank>,
    /// The host of `a` and `b`, then that of `t`.
    hosts: [String; 2],
    keys: Vec<(&'static str, String)>,
    project: PathBuf,
}

impl World {
    fn new() -> Self {
        let front = Front::new(Baseten::default());
        let tank = Service::launch(Tank::default());
        tank.follow_real_time();
        let mut keys: Vec<(&str, String)> = ["a", "b"].map(|name| (name, front.keep_key(name))).into();
        keys.push(("t", "tank_canary-key-of-t".to_owned()));
        tank.add_key(&keys[2].1);
        let login = ["login", "tank", "-u", tank.url(), "--api-key-stdin", "-p", "t", "--no-switch"];
        drop(front.ctl(&login).input(&format!("{}\n", keys[2].1)).run().ok());
        front.secret(&keys[2].1);
        let host = |url: &str| url.trim_start_matches("http://").to_owned();
        let hosts = [host(front.service.url()), host(tank.url())];
        let project = front.sandbox.path().join("project/deep");
        std::fs::create_dir_all(&project).expect("the sandbox is writable");
        Self { front, _tank: tank, hosts, keys, project }
    }

    /// Writes the project's file, above the directory in which commands are run.
    fn file(&self, text: &str) -> PathBuf {
        let path = self.project.parent().expect("it is below another").join(".agentctl.toml");
        self.front.write(&path, text);
        path
    }

    fn json(&self, arguments: &[&str], environment: &str) -> Value {
        let ran = self.front.ctl(&[arguments, &["-o", "json"]].concat()).env("AGENTCTL_PROFILE", environment);
        document(&ran.within(&self.project).run().ok().out)
    }

    fn token(&self, arguments: &[&str], environment: &str) -> String {
        let ran = self.front.ctl(&[&["token"], arguments].concat()).env("AGENTCTL_PROFILE", environment);
        ran.within(&self.project).run().ok().out.trim_end().to_owned()
    }
}

/// Options, `AGENTCTL_PROFILE`, the project's file; the profile, and what decided.
type Case<'c> = (&'c [&'c str], &'c str, &'c str, &'c str, &'c str);

#[test]
fn the_first_that_says_something_decides() {
    let world = World::new();
    let [here, there] = [world.hosts[0].as_str(), world.hosts[1].as_str()];
    let url = format!("http://me@{there}/o/r.git?x");
    let both = "profile = \"a\"\n[provider]\ntank = \"t\"\n";
    let by_host = format!("profile = \"t\"\n[host]\n\"{here}\" = \"a\"\n");
    let wrong_host = format!("[host]\n\"{here}\" = \"t\"\n");
    let cases: &[Case<'_>] = &[
        (&[], "", "", "b", "current"),
        (&[], "", "profile = \"a\"", "a", ".agentctl.toml"),
        (&[], "t", "profile = \"a\"", "t", "AGENTCTL_PROFILE"),
        (&["-p", "a"], "t", "profile = \"b\"", "a", "--profile"),
        (&[], "", "[provider]\ntank = \"t\"", "b", "current"),
        (&["--provider", "tank"], "", "", "t", "provider"),
        (&["--provider", "tank"], "a", "profile = \"b\"", "t", "provider"),
        (&["--provider", "baseten"], "", "", "b", "provider"),
        (&["--provider", "baseten"], "", both, "a", ".agentctl.toml"),
        (&["--provider", "tank"], "", both, "t", ".agentctl.toml"),
        (&["--for-host", here], "", "", "b", "host"),
        (&["--for-host", here], "t", "", "b", "host"),
        (&["--for-host", here], "a", "profile = \"b\"", "a", "AGENTCTL_PROFILE"),
        (&["--for-host", there], "", "profile = \"a\"", "t", "host"),
        (&["--for-host", there], "", both, "t", ".agentctl.toml"),
        (&["--for-host", here], "", both, "a", ".agentctl.toml"),
        (&["--for-host", &url], "", "", "t", "host"),
        (&["--for-host", here], "", &by_host, "a", ".agentctl.toml"),
        (&["--for-host", there], "", &by_host, "t", ".agentctl.toml"),
        (&["--for-host", here], "", &wrong_host, "b", "host"),
        (&["--for-host", there, "--provider", "tank"], "a", "", "t", "host"),
        (&["--for-host", there, "-p", "t"], "a", "", "t", "--profile"),
    ];
    for (options, environment, file, profile, why) in cases {
        let case = format!("{options:?} {environment:?} {file:?}");
        let path = world.file(file);
        let told = world.json(&[&["why"], *options].concat(), environment);
        assert_eq!((&told["profile"]["name"], &told["why"]), (&json!(profile), &json!(why)), "{case}: {told}");
        assert_eq!(told.get("project_file").is_some(), why != &"--profile", "{case}");
        let key = world.keys.iter().find(|(name, _)| name == profile).expect("every profile has its key");
        assert_eq!(world.token(options, environment), key.1, "{case}");
        if !options.iter().any(|option| ["--for-host", "--provider"].contains(option)) {
            let status = world.json(&[&["status"], *options].concat(), environment);
            assert_eq!(
                (&status["profile"]["name"], &status["why"]),
                (&told["profile"]["name"], &told["why"]),
                "{case}"
            );
            let file = (why == &".agentctl.toml").then(|| json!(path));
            assert_eq!(status.get("project_file"), file.as_ref(), "{case}");
        }
    }
}

#[test]
fn a_credential_goes_nowhere_but_to_its_own_host() {
    let world = World::new();
    let front = &world.front;
    let [here, there] = [world.hosts[0].as_str(), world.hosts[1].as_str()];
    let other_port = format!("127.0.0.1:{}", 1);
    for (options, code, said) in [
        (&["-p", "a", "--for-host", there][..], 2, "is not for"),
        (&["-p", "a", "--provider", "tank"], 2, "is not of tank"),
        (&["--for-host", &other_port], 3, "no profile is for"),
        (&["--for-host", "evil.example"], 3, "no profile is for evil.example"),
        (&["--for-host", there, "--provider", "baseten"], 3, "no profile is of baseten and for"),
        (&["--provider", "llamaindex"], 3, "agentctl login llamaindex"),
        (&["--for-host", "http://evil.example/"], 2, "over https only"),
        (&["--for-host", "https://127.0.0.1\\@evil.example/"], 2, "is not written as"),
        (&["--for-host", "https://evil.example@a@127.0.0.1/"], 2, "is not written as"),
        (&["--for-host", ""], 2, "is not written as"),
        (&["-p", "nobody", "--for-host", here], 1, "there is no profile"),
    ] {
        for verb in ["token", "exec"] {
            let command: &[&str] = if verb == "exec" { &["--", "env"] } else { &[] };
            let ran = front.run(&[&[verb], options, command].concat()).fails(code);
            assert!(ran.out.is_empty() && ran.err.contains(said), "{verb} {options:?}: {ran:?}");
        }
    }
    let ran = front.run(&["exec", "--for-host", there, "--", "sh", "-c", "printf %s \"$ACCESS_TOKEN\""]).ok();
    assert_eq!(ran.out, world.keys[2].1);
}

#[test]
fn where_several_are_for_a_host_and_none_is_current_none_is_guessed() {
    let world = World::new();
    let front = &world.front;
    let here = world.hosts[0].as_str();
    let why = || world.json(&["why", "--for-host", here], "")["levels"][3]["detail"].clone();
    let other = Service::launch(Baseten::default());
    drop(front.run(&["env", "add", "there", other.url(), "--provider", "baseten"]).ok());
    drop(front.run(&["env", "switch", "there", "--provider", "baseten"]).ok());
    assert_eq!(why(), format!("`a` and `b` are for {here}; `b` was the last one used there"));
    assert_eq!(world.token(&["--for-host", here], ""), world.keys[1].1);
    drop(front.run(&["logout", "b", "--yes"]).ok());
    for verb in ["token", "why"] {
        let ran = front.run(&[verb, "--for-host", here]).fails(1);
        assert!(ran.err.contains("several profiles are for") && ran.err.contains(": a, b"), "{ran:?}");
    }
    drop(front.run(&["switch", "a"]).ok());
    assert_eq!(why(), format!("`a` and `b` are for {here}; `a` is the current one of baseten"));
    assert_eq!(world.token(&["--for-host", here], ""), world.keys[0].1);
}

#[test]
fn why_tells_of_the_losers() {
    let world = World::new();
    let path = world.file("profile = \"a\"\n");
    let told = world.json(&["why", "--for-host", &world.hosts[1]], "b");
    let expected = json!([
        {"level": "--profile", "verdict": "silent", "detail": "names nothing"},
        {"level": "AGENTCTL_PROFILE", "verdict": "passed-over", "profiles": ["b"],
            "detail": format!("names `b`, which is not for {}", world.hosts[1])},
        {"level": ".agentctl.toml", "verdict": "passed-over", "profiles": ["a"],
            "detail": format!("names `a`, which is not for {}", world.hosts[1])},
        {"level": "host", "verdict": "chosen", "profiles": ["t"], "detail": format!("`t` is for {}", world.hosts[1])},
        {"level": "provider", "verdict": "silent", "detail": "no service is asked for"},
        {"level": "current", "verdict": "outranked", "profiles": ["b"], "detail": "`b` is the current one"},
    ]);
    assert_eq!(told["levels"], expected);
    let members: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["host", "levels", "profile", "project_file", "why"]);
    let ran = world.front.ctl(&["why", "--for-host", &world.hosts[0]]).within(&world.project).run().ok();
    let rows: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["a", "as", "ada@example.test", "(Baseten)"], "{ran:?}");
    assert!(rows[1].starts_with(&["because", "of", ".agentctl.toml:", "names", "`a`"]), "{ran:?}");
    let of =
        |word: &str| rows.iter().find(|row| row.first() == Some(&word)).unwrap_or_else(|| panic!("{word}: {ran:?}"));
    assert_eq!(of(path.to_str().expect("text"))[1], "chosen");
    assert_eq!(of("host")[1], "outranked");
    assert_eq!(of("host")[2..5], ["`a`", "and", "`b`"], "{ran:?}");
    let none = world.front.ctl(&["why", "-p", "nobody"]).within(Path::new("/")).run().fails(1);
    assert!(none.out.contains("refused") && none.err.contains("there is no profile"), "{none:?}");
}
