//! The person's own files beside those that are built in.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::*;

const ACME: &str = "\
schema = 1
name = \"acme\"
title = \"Acme\"
[environment.production]
url = \"https://acme.example\"
[[login]]
flow = \"device\"
issuer = \"{base}\"
";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("it is below")).expect("it is ours");
        fs::write(&path, text).expect("it is ours");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    }

    fn open(&self) -> Catalogue {
        Catalogue::open(self.path("providers"), self.path("environments.toml"))
    }
}

fn names(catalogue: &Catalogue) -> Vec<String> {
    catalogue.list().iter().map(|provider| provider.name.clone()).collect()
}

fn staging(url: &str) -> Environment {
    Environment {
        name: "staging".to_owned(),
        url: url.to_owned(),
        urls: BTreeMap::from([("api".to_owned(), "https://api.staging.example".to_owned())]),
        hosts: vec!["files.staging.example:8443".to_owned()],
        needs_login: false,
        ca_file: Some(PathBuf::from("/etc/acme \"ca\".pem")),
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

#[test]
fn all_that_is_built_in_is_there() {
    let catalogue = Home::new().open();
    let names = names(&catalogue);
    assert_eq!(names, builtin::ALL.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    assert!(names.is_sorted() && ["github", "oidc", "tank"].iter().all(|name| names.iter().any(|known| known == name)));
    assert!(catalogue.broken().is_empty());
    assert!(catalogue.source("tank").is_some_and(|text| text.contains("tank_")));
    assert!(catalogue.find("acme").is_none() && catalogue.source("acme").is_none());
}

#[test]
fn an_added_provider_is_private_and_there_at_once() {
    let home = Home::new();
    let catalogue = home.open();
    let added = catalogue.add(ACME, false).expect("it is well formed");
    let path = home.path("providers/acme.toml");
    assert_eq!(added.origin, Origin::File(path.clone()));
    assert_eq!((mode(&path), mode(&home.path("providers"))), (0o600, 0o700));
    assert_eq!(catalogue.find("acme"), Some(added));
    assert_eq!(catalogue.source("acme").as_deref(), Some(ACME));
    assert!(names(&home.open()).contains(&"acme".to_owned()), "after a restart as well");

    let other = ACME.replace("Acme", "Another");
    assert!(matches!(catalogue.add(&other, false), Err(ChangeError::Exists)));
    assert_eq!(catalogue.add(&other, true).expect("it may").title, "Another");
    assert!(catalogue.remove("acme").expect("it is ours"));
    assert!(!catalogue.remove("acme").expect("it is gone"));
    assert!(catalogue.find("acme").is_none() && !path.exists());
}

#[test]
fn what_is_built_in_is_neither_replaced_nor_removed() {
    let home = Home::new();
    let tank = ACME.replace("\"acme\"", "\"tank\"");
    home.write("providers/tank.toml", &tank);
    let catalogue = home.open();
    assert_eq!(catalogue.find("tank").map(|tank| tank.origin.clone()), Some(Origin::BuiltIn));
    assert_eq!(catalogue.broken().len(), 1);
    assert!(matches!(catalogue.add(&tank, true), Err(ChangeError::Broken(_))));
    assert!(matches!(catalogue.remove("tank"), Err(ChangeError::BuiltIn)));
}

#[test]
fn a_file_with_mistakes_hides_only_itself() {
    let home = Home::new();
    home.write("providers/acme.toml", ACME);
    home.write("providers/broken.toml", "schema = 1\ncommand = \"id\"\n");
    home.write("providers/notes.txt", "not a provider");
    home.write("providers/renamed.toml", ACME);
    let catalogue = home.open();
    assert_eq!(names(&catalogue).len(), builtin::ALL.len() + 1);
    let broken: Vec<PathBuf> = catalogue.broken().into_iter().map(|(path, _)| path).collect();
    assert_eq!(broken, [home.path("providers/broken.toml"), home.path("providers/renamed.toml")]);
    assert!(catalogue.broken()[0].1.to_string().contains("broken.toml:2:1: a provider never names a program"));

    assert!(matches!(catalogue.add("schema = 1\n", false), Err(ChangeError::Broken(_))));
    assert!(catalogue.remove("broken").expect("mistakes do not keep it"));
    home.write("providers/renamed.toml", &ACME.replace("\"acme\"", "\"renamed\""));
    catalogue.reload();
    assert!(catalogue.broken().is_empty() && catalogue.find("renamed").is_some());
}

#[test]
fn what_others_can_write_is_not_believed() {
    let home = Home::new();
    home.write("providers/acme.toml", ACME);
    fs::set_permissions(home.path("providers/acme.toml"), Permissions::from_mode(0o666)).expect("it is ours");
    let catalogue = home.open();
    assert!(catalogue.find("acme").is_none() && catalogue.broken().len() == 1);
    fs::set_permissions(home.path("providers/acme.toml"), Permissions::from_mode(0o644)).expect("it is ours");
    fs::set_permissions(home.path("providers"), Permissions::from_mode(0o777)).expect("it is ours");
    catalogue.reload();
    assert!(catalogue.find("acme").is_none());
    let told = catalogue.broken()[0].1.to_string();
    assert!(told.contains("can be written by other users (mode 0777)\nhint: run `chmod go-w"), "{told}");
    fs::set_permissions(home.path("providers"), Permissions::from_mode(0o755)).expect("it is ours");
    catalogue.reload();
    assert!(catalogue.find("acme").is_some());
}

#[test]
fn names_are_no_paths() {
    let home = Home::new();
    home.write("config.toml", "# mine");
    assert!(!home.open().remove("../config").expect("there is no such provider"));
    assert!(home.path("config.toml").exists());
}

#[test]
fn environments_are_added_to_a_provider_and_taken_away() {
    let home = Home::new();
    let catalogue = home.open();
    let wanted = staging("https://tank.staging.example");
    let provider = catalogue.add_environment("tank", wanted.clone()).expect("it is well formed");
    assert_eq!(provider.environment("staging"), Some(&wanted));
    assert_eq!(provider.environments[0].name, "production", "the default stays");
    assert_eq!(mode(&home.path("environments.toml")), 0o600);
    assert_eq!(home.open().find("tank"), Some(provider));
    assert!(catalogue.is_added("tank", "staging") && !catalogue.is_added("tank", "production"));

    assert!(matches!(catalogue.add_environment("tank", wanted.clone()), Err(ChangeError::Exists)));
    let production = Environment { name: "mine".to_owned(), ..staging("https://www.tankpkg.dev") };
    assert!(matches!(catalogue.add_environment("tank", production), Err(ChangeError::Exists)), "by its URL");
    assert!(matches!(catalogue.add_environment("acme", wanted), Err(ChangeError::Unknown)));
    assert!(matches!(catalogue.remove_environment("tank", "production"), Err(ChangeError::BuiltIn)));
    assert!(!catalogue.remove_environment("tank", "other").expect("there is none"));
    assert!(catalogue.remove_environment("tank", "staging").expect("it was added"));
    assert_eq!(home.open().find("tank").map(|tank| tank.environments.len()), Some(1));
}

#[test]
fn an_environment_is_checked_like_a_file() {
    let home = Home::new();
    let catalogue = home.open();
    for bad in
        ["http://tank.example", "file:///etc", "https://u:p@tank.example", "https://a.example/\nlogin = false", ""]
    {
        let told = catalogue.add_environment("tank", staging(bad));
        assert!(matches!(told, Err(ChangeError::Broken(_))), "{bad}");
    }
    let odd = Environment { name: "a]\n[tank.b".to_owned(), ..staging("https://a.example") };
    assert!(matches!(catalogue.add_environment("tank", odd), Err(ChangeError::Broken(_))));
    assert!(!home.path("environments.toml").exists());
}

#[test]
fn a_file_of_environments_with_mistakes_is_not_written_over() {
    let home = Home::new();
    let text = concat!(
        "[tank.local]\nurl = \"http://127.0.0.1:3000\"\nlogin = false\n",
        "[tank.production]\nurl = \"https://other.example\"\n",
        "[tank.test]\nurl = \"http://tank.example\"\nlogn = true\n",
        "[gone.somewhere]\nurl = \"https://gone.example\"\n",
    );
    home.write("environments.toml", text);
    let catalogue = home.open();
    let local = catalogue.find("tank").and_then(|tank| tank.environment("local").cloned());
    assert!(local.is_some_and(|local| !local.needs_login));
    assert_eq!(catalogue.find("tank").map(|tank| tank.environments.len()), Some(2), "those with mistakes are not used");
    let told = catalogue.broken()[0].1.to_string().replace(&*home.path("").to_string_lossy(), "");
    let wanted = "\
environments.toml:4:7: has the name or the URL of an environment that the provider has already
environments.toml:7:7: the URL is not https
hint: use https, or plain http to this machine, without user name and fragment
environments.toml:8:1: `logn` is not a key of `[tank.test]`
hint: did you mean `login`?";
    assert_eq!(told, wanted);
    let told = catalogue.add_environment("tank", staging("https://tank.staging.example"));
    assert!(matches!(told, Err(ChangeError::Broken(_))));
    assert_eq!(fs::read_to_string(home.path("environments.toml")).expect("it is there"), text);
}
