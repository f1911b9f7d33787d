//! Key, URL and project of a login with a key: command line, then variables in order, then the default, then a question.

use harness::ctl::Ran;
use harness::front::Front;
use harness::service::{Contree, LlamaIndex, Tank};

/// Types `login contree` with these variables.
fn login(front: &Front<Contree>, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ran {
    let typed = front.ctl(&[&["login", "contree", "-p", "work", "--yes"], arguments].concat());
    variables.iter().fold(typed, |typed, (name, value)| typed.env(name, value)).input(input).run()
}

/// The project and the key of the newest request.
fn asked(front: &Front<Contree>) -> (Option<String>, Option<String>) {
    let ledger = front.service.ledger();
    let asked = ledger.last(Contree::WHOAMI).expect("the key was tried");
    let header = |name| asked.header(name).map(str::to_owned);
    (header("project"), header("authorization").map(|value| value.replace("Bearer ", "")))
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let front = Front::new(Contree::default());
    let ran = login(&front, &[], &[], "").fails(2);
    for word in ["key", "CONTREE_TOKEN", "NEBIUS_API_KEY", "project", "CONTREE_PROJECT", "NEBIUS_AI_PROJECT"] {
        assert!(ran.err.contains(word), "{word}: {ran:?}");
    }
    let ran = login(&front, &["--type", "jwt"], &[], "").fails(2);
    assert!(
        ran.err.contains("the key (") && ran.err.contains("CONTREE_URL") && !ran.err.contains("PROJECT"),
        "{ran:?}"
    );
    let ran = login(&front, &["--api-key-stdin"], &[], "never-read\n").fails(2);
    assert!(ran.err.contains("the project (") && !ran.err.contains("the key ("), "{ran:?}");
    let ran = login(&front, &["--type", "saml"], &[], "").fails(2);
    assert!(ran.err.contains("iam, jwt"), "{ran:?}");
    assert!(front.service.ledger().entries().is_empty(), "nobody was asked");
}

#[test]
fn variables_are_taken_in_their_order_and_the_command_line_before_them() {
    let front = Front::new(Contree { project: None, ..Contree::default() });
    let (first, second, third) = (front.service.make_key(), front.service.make_key(), front.service.make_key());
    let url = front.service.url().to_owned();
    let all = [
        ("CONTREE_TOKEN", first.as_str()),
        ("NEBIUS_API_KEY", second.as_str()),
        ("CONTREE_URL", url.as_str()),
        ("CONTREE_PROJECT", "by-contree"),
        ("NEBIUS_AI_PROJECT", "by-nebius"),
    ];
    let taken = |project: &str, key: &str| (Some(project.to_owned()), Some(key.to_owned()));
    let ran = login(&front, &[], &all, "").ok();
    assert_eq!(asked(&front), taken("by-contree", &first));
    for name in ["CONTREE_TOKEN", "CONTREE_URL", "CONTREE_PROJECT"] {
        assert!(ran.err.contains(name), "where it comes from is said: {ran:?}");
    }
    drop(front.run(&["rm", "work", "-y"]).ok());
    let _ran = login(&front, &[], &[all[1], all[2], all[4]], "").ok();
    assert_eq!(asked(&front), taken("by-nebius", &second));
    drop(front.run(&["rm", "work", "-y"]).ok());
    let elsewhere = ("CONTREE_URL", "http://127.0.0.1:9");
    let flags = ["-P", "by-flag", "-u", &url, "--api-key-stdin"];
    let _ran = login(&front, &flags, &[all[0], elsewhere, all[3]], &format!("{third}\n")).ok();
    assert_eq!(asked(&front), taken("by-flag", &third));
    drop(front.run(&["rm", "work", "-y"]).ok());
    assert!(login(&front, &[], &[all[0], elsewhere, all[3]], "").fails(7).err.contains("cannot be reached"));
    let _ran = login(&front, &[], &[all[0], all[3]], "").ok();
    assert_eq!(front.json(&["status", "work"])["profile"]["url"], url, "the deployment in use is the default");
}

#[test]
fn an_empty_variable_is_not_set() {
    let front = Front::new(Contree::default());
    let key = front.service.make_key();
    let variables = [("CONTREE_TOKEN", ""), ("NEBIUS_API_KEY", &key), ("NEBIUS_AI_PROJECT", Contree::PROJECT)];
    let _ran = login(&front, &[], &variables, "").ok();
    assert_eq!(asked(&front).1, Some(key));
}

#[test]
fn the_older_kind_of_key_has_a_url_and_no_project() {
    let front = Front::new(Contree { project: None, ..Contree::default() });
    let (key, url) = (front.service.make_key(), front.service.url().to_owned());
    let token = ("CONTREE_TOKEN", key.as_str());
    let ran = login(&front, &["--type", "jwt", "-u", &url, "-P", "p-1"], &[token], "").fails(2);
    assert!(ran.err.contains("no project"), "{ran:?}");
    let _ran = login(&front, &["--type", "jwt", "--url", &url], &[token, ("CONTREE_PROJECT", "ignored")], "").ok();
    assert_eq!(asked(&front), (None, Some(key.clone())));
    assert!(front.json(&["status"])["profile"].get("project").is_none());
}

#[test]
fn a_key_that_is_good_for_nothing_is_kept_and_said() {
    let front = Front::new(Contree::default().without_list());
    let key = front.service.make_key();
    let ran = login(&front, &["-P", Contree::PROJECT, "--api-key-stdin"], &[], &format!("{key}\n"));
    assert!(ran.err.contains("good for nothing"), "{ran:?}");
    assert_eq!(front.json(&["list"])[0]["status"], "inactive");
    let told = front.run(&["status"]).ok();
    assert!(told.out.contains("good for nothing"), "{told:?}");
}

#[test]
fn the_variables_of_a_login_authenticate_nothing_later() {
    let front = Front::new(Contree::default());
    let key = front.service.make_key();
    for verb in [&["token"][..], &["whoami"], &["exec", "--", "true"], &["status", "--exit-status"], &["refresh"]] {
        let typed = front.ctl(verb).env("CONTREE_TOKEN", &key).env("CONTREE_PROJECT", Contree::PROJECT);
        let ran = typed.env("NEBIUS_API_KEY", &key).run().fails(3);
        assert!(!ran.out.contains(&key), "{verb:?}: {ran:?}");
    }
    assert!(front.service.ledger().entries().is_empty(), "nobody was asked");
}

#[test]
fn a_key_in_a_variable_logs_in_without_a_word_more() {
    let front = Front::new(Tank::default());
    front.service.add_key("tank_canary-of-a-pipeline");
    let ran = front.ctl(&["login", "tank", "--api-key"]).env("TANK_TOKEN", "tank_canary-of-a-pipeline").run().ok();
    assert!(ran.err.contains("Using the key in TANK_TOKEN"), "{ran:?}");
    let llama = Front::new(LlamaIndex::default());
    let (key, url) = (llama.service.make_key(), llama.service.url().to_owned());
    let typed = llama.ctl(&["login", "llamaindex", "--json"]).env("LLAMA_CLOUD_API_KEY", &key);
    let typed = typed.env("LLAMA_CLOUD_BASE_URL", &url).env("LLAMA_AGENTS_PROJECT_ID", "project-2");
    let made = harness::front::document(&typed.run().ok().out);
    assert_eq!((&made["auth_type"], &made["project"]), (&"api_key".into(), &"project-2".into()), "{made}");
}
