//! Keys in sections, one of them selected.

use super::*;
use crate::link::testing::{self, Home};

const FILE: &str = ".config/contree/auth.ini";
const THEIRS: &str = "# theirs\n[DEFAULT]\nprofile = own\n\n[profile:own]\nurl = https://s.example/\ntoken = their-key\nproject = p9\nmore = 1\n";

#[test]
fn a_section_comes_and_goes_and_the_selection_with_it() {
    let home = Home::new();
    home.file(FILE, THEIRS, 0o600);
    let spot = home.spot(&Contree);
    assert_eq!(Contree.look(&spot, "work", None).expect("readable"), Seen::Empty);
    assert_eq!(Contree.look(&spot, "own", None).expect("readable"), Seen::Foreign);
    let export = Export { variant: Some("iam".to_owned()), ..testing::key("work", "k1") };
    let mine = Contree.write(&spot, &export, None).expect("it fits");
    assert_eq!(mine.before.as_deref(), Some("own"));
    let expected = THEIRS.replace("profile = own", "profile = work")
        + "\n[profile:work]\nurl = https://service.example\ntoken = k1\ntype = iam\nproject = project-1\n";
    assert_eq!(home.text(FILE), expected);
    assert_eq!(Contree.look(&spot, "work", Some(&mine)).expect("readable"), Seen::Mine);

    let without = Export { project: None, ..testing::key("work", "k2") };
    let mine = Contree.write(&spot, &without, Some(&mine)).expect("it fits");
    assert!(home.text(FILE).ends_with("[profile:work]\nurl = https://service.example\ntoken = k2\n"));
    Contree.withdraw(&spot, &mine).expect("it is ours");
    assert_eq!(home.text(FILE), THEIRS);
    Contree.withdraw(&spot, &mine).expect("gone is no error");
}

#[test]
fn a_selection_changed_by_the_user_stays() {
    let home = Home::new();
    home.file(FILE, THEIRS, 0o600);
    let spot = home.spot(&Contree);
    let mine = Contree.write(&spot, &testing::key("work", "k1"), None).expect("it fits");
    home.file(FILE, &home.text(FILE).replace("profile = work", "profile = own"), 0o600);
    let mine = Contree.write(&spot, &testing::key("work", "k2"), Some(&mine)).expect("it fits");
    assert!(home.text(FILE).contains("profile = own"));
    let mine = Contree.write(&spot, &testing::key("other", "k2"), Some(&mine)).expect("it fits");
    assert!(!home.text(FILE).contains("profile:work"));
    Contree.withdraw(&spot, &mine).expect("it is ours");
    assert_eq!(home.text(FILE), THEIRS);
}

#[test]
fn a_file_of_our_own_goes_away_and_percent_signs_are_refused() {
    let home = Home::new();
    let spot = home.spot(&Contree);
    let error = Contree.write(&spot, &testing::key("work", "a%b"), None).expect_err("the tool would choke on it");
    assert!(matches!(&error, FormatError::Refused(why) if why.contains('%') && !why.contains("a%b")), "{error}");
    assert!(!spot.path.exists());
    let mine = Contree.write(&spot, &testing::key("work", "k1"), None).expect("it fits");
    assert_eq!((testing::mode(&spot.path), testing::mode(&home.path(".config/contree"))), (0o600, 0o700));
    Contree.withdraw(&spot, &mine).expect("it is ours");
    assert!(!spot.path.exists());
}

#[test]
fn a_symbolic_link_stays_and_places_follow_variables() {
    let home = Home::new();
    home.file("dotfiles/auth.ini", THEIRS, 0o644);
    std::fs::create_dir_all(home.path(".config/contree")).expect("a directory");
    std::os::unix::fs::symlink(home.path("dotfiles/auth.ini"), home.path(FILE)).expect("a link");
    let spot = home.spot(&Contree);
    Contree.write(&spot, &testing::key("work", "k1"), None).expect("it fits");
    assert!(spot.path.symlink_metadata().expect("there").is_symlink());
    assert!(home.text("dotfiles/auth.ini").contains("k1"));
    assert_eq!(testing::mode(&home.path("dotfiles/auth.ini")), 0o600);

    let spot = Contree.spot(&home.variables(&[]), To::Tmpfs, &home.path("run")).expect("it has a variable");
    assert_eq!(spot.environment["CONTREE_HOME"], home.path("run/contree").display().to_string());
    let spot =
        Contree.spot(&home.variables(&[("CONTREE_HOME", "~/c")]), To::Home, &home.path("run")).expect("absolute");
    assert_eq!(spot.path, home.path("c/auth.ini"));
}

#[test]
fn every_key_is_found() {
    let home = Home::new();
    let variables = home.variables(&[]);
    home.file(FILE, THEIRS, 0o644);
    let more = "[cli]\neditor = vi\n[profile:own]\ntoken = older\n[profile:hand]\ntype = iam\ntoken = by-hand\n";
    home.file(".config/contree/cli.ini", more, 0o600);
    let logins = Contree.logins(&variables, &[]).expect("readable");
    let names: Vec<_> = logins.iter().map(|login| (login.name.as_str(), login.variant.as_deref())).collect();
    assert_eq!(names, [("own", Some("jwt")), ("hand", Some("iam"))]);
    assert_eq!((logins[0].url.as_deref(), logins[0].project.as_deref()), (Some("https://s.example"), Some("p9")));
    assert_eq!(Contree.logins(&variables, &[Fingerprint::of(b"their-key")]).expect("readable").len(), 2);
    assert_eq!(Contree.findings(&variables).len(), 4);
    let taken = Contree.take(&variables, &logins[0]).expect("it is ours");
    assert_eq!((taken.notes.len(), testing::mode(&home.path(FILE)), home.text(FILE).as_str()), (2, 0o600, THEIRS));
}
