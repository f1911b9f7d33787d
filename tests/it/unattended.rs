//! Where nobody can be asked: what is missing is named, what destroys needs a yes, and nothing but `login` logs in.

use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::sandbox::Sandbox;

const KEY: &str = "canary-key-of-unattended-0001";

/// An agent and a client without a terminal.
struct Script {
    sandbox: Sandbox,
    /// Ends with the test.
    _daemon: Process,
}

impl Script {
    /// With a key in each of these profiles; the last one is current.
    fn with(profiles: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let daemon = Process::start(&sandbox);
        let script = Self { sandbox, _daemon: daemon };
        for profile in profiles {
            let _kept = script.told(&["login", "--api-key-stdin", "-p", profile], &format!("{KEY}\n")).ok();
        }
        script
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.told(arguments, "")
    }

    /// The same with something to read.
    fn told(&self, arguments: &[&str], input: &str) -> Ran {
        Ctl::new(&self.sandbox, arguments).input(input).run()
    }

    /// The names of the profiles, current ones with a star.
    fn profiles(&self) -> Vec<String> {
        let listed = self.run(&["list", "-O", "-o", "json"]).ok();
        let listed: serde_json::Value = serde_json::from_str(&listed.out).expect("one document");
        let star = |one: &serde_json::Value| if one["active"] == true { "*" } else { "" };
        let name = |one: &serde_json::Value| format!("{}{}", star(one), one["name"].as_str().expect("a name"));
        listed.as_array().expect("a list").iter().map(name).collect()
    }
}

#[test]
fn what_nobody_names_is_a_mistake_that_names_what_there_is() {
    let script = Script::with(&["a", "b"]);
    for verb in [&["switch"][..], &["logout", "--yes"], &["remove", "--yes"]] {
        let ran = script.run(verb).fails(2);
        assert!(ran.err.contains("there are: a, b") && ran.out.is_empty(), "{verb:?}: {ran:?}");
    }
    assert_eq!(script.profiles(), ["a", "*b"], "nothing has changed");
    let method = script.run(&["login", "baseten"]).fails(2);
    assert!(method.err.contains("--device") && method.err.contains("--api-key"), "{method:?}");
    let inputs = script.run(&["login", "contree", "--type", "jwt"]).fails(2);
    assert!(inputs.err.contains("the key") && inputs.err.contains("the base URL"), "{inputs:?}");
}

#[test]
fn the_only_login_need_not_be_named() {
    let script = Script::with(&["ci"]);
    assert_eq!(script.run(&["logout", "--force"]).ok().out, "Logged out of ci\n");
    for _ in 0..2 {
        let again = script.run(&["logout"]).ok();
        assert!(again.err.contains("Not logged in. Run: agentctl login") && again.out.is_empty(), "{again:?}");
    }
    assert_eq!(script.profiles(), ["ci"], "its settings stay, and it is not current any more");
    assert_eq!(script.run(&["del", "-y"]).ok().out, "Removed ci\n");
    assert!(script.profiles().is_empty());
}

#[test]
fn what_destroys_needs_a_yes() {
    let script = Script::with(&["ci"]);
    for line in [&["logout", "ci"][..], &["logout", "--all"], &["remove", "ci"]] {
        let ran = script.run(line).fails(2);
        assert!(ran.err.contains("nobody can be asked") && ran.err.contains("--yes"), "{line:?}: {ran:?}");
    }
    let again = ["login", "--api-key-stdin", "-p", "ci"];
    let refused = script.told(&again, "canary-another-key-0002\n").fails(2);
    assert!(refused.err.contains("holds another login") && !refused.err.contains("canary"), "{refused:?}");
    assert_eq!(script.run(&["token"]).ok().out, format!("{KEY}\n"), "it is as it was");
    let _replaced = script.told(&[&again[..], &["--force"]].concat(), "canary-another-key-0002\n").ok();
    assert_eq!(script.run(&["token"]).ok().out, "canary-another-key-0002\n");
}

#[test]
fn questions_can_be_answered_from_standard_input() {
    let script = Script::with(&["a", "b"]);
    let picked = script.told(&["switch", "--interactive"], "1\n").ok();
    assert!(picked.out.starts_with("Switched to a") && picked.err.contains("Choose a profile"), "{picked:?}");
    let declined = script.told(&["--interactive", "logout", "a"], "n\n").fails(1);
    assert!(declined.err.contains("nothing was done"), "{declined:?}");
    let _gone = script.told(&["--interactive", "remove"], "b\ny\n").ok();
    assert_eq!(script.profiles(), ["*a"]);
    for never in ["--non-interactive", "--no-interactive"] {
        let _refused = script.told(&[never, "logout", "a"], "y\n").fails(2);
        let _both = script.run(&[never, "--interactive", "status"]).fails(2);
    }
}

#[test]
fn nothing_but_login_starts_a_login() {
    let script = Script::with(&[]);
    for verb in [&["whoami"][..], &["token"], &["status", "--exit-status"]] {
        let ran = script.told(&[verb, &["--interactive"]].concat(), "1\n1\n").fails(3);
        let (asked, told) =
            (ran.err.contains("Choose"), ran.err.contains("agentctl login") || ran.err.contains("hint: "));
        assert!(!asked && told, "{verb:?}: {ran:?}");
    }
    let shown = script.run(&["status"]).ok();
    assert!(shown.err.contains("Not logged in. Run: agentctl login"), "{shown:?}");
}

#[test]
fn a_list_has_the_profiles_of_the_environments_in_use_and_says_how_many_more_there_are() {
    let script = Script::with(&["ci"]);
    for (environment, profile) in [("first", "one"), ("second", "two")] {
        let url = format!("https://{environment}.example");
        drop(script.run(&["env", "add", environment, &url, "--provider", "llamaindex", "--no-login"]).ok());
        let made = script.run(&["login", "llamaindex", "-u", environment, "-p", profile, "-P", "p-1"]).ok();
        assert!(made.out.starts_with(&format!("Made the profile {profile}")), "{made:?}");
    }
    let listed = script.run(&["list", "-O"]).ok();
    assert!(listed.err.contains("1 more in other environments: --all"), "{listed:?}");
    assert_eq!(script.profiles(), ["ci", "*two"]);
    let all = script.run(&["list", "--offline", "--all"]).ok();
    assert!(all.out.contains("one") && all.out.contains("two") && !all.err.contains("more"), "{all:?}");
    drop(script.run(&["env", "switch", "first"]).ok());
    assert_eq!(script.profiles(), ["ci", "*one"]);
    let only = script.run(&["list", "-O", "--provider", "llamaindex", "--all"]).ok();
    assert!(!only.out.contains("ci "), "{only:?}");
}
