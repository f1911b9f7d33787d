//! Tokens in one file, a key for inference in the other.

use super::*;
use crate::link::testing::{self, Home};

const TOKENS: &str = ".config/tensormesh/auth.json";
const CONFIG: &str = ".config/tensormesh/config.toml";
const LOGIN: &str =
    r#"{"access_token":"at-old","refresh_token":"rt-old","expires_in":60,"token_type":"bearer","x":[1]}"#;

#[test]
fn a_link_has_an_access_token_and_nothing_to_refresh_with() {
    let home = Home::new();
    home.file(TOKENS, LOGIN, 0o644);
    let spot = home.spot(&Tensormesh);
    assert_eq!(Tensormesh.look(&spot, "p", None).expect("readable"), Seen::Foreign);
    let mine = Tensormesh.write(&spot, &testing::token("p", "at-new"), None).expect("it fits");
    assert_eq!(home.text(TOKENS), "{\n  \"access_token\": \"at-new\",\n  \"x\": [\n    1\n  ]\n}\n");
    assert_eq!(testing::mode(&spot.path), 0o600);
    assert_eq!(Tensormesh.look(&spot, "p", Some(&mine)).expect("readable"), Seen::Mine);
    assert!(!home.path(CONFIG).exists());
    Tensormesh.withdraw(&spot, &mine).expect("it is ours");
    assert_eq!(home.text(TOKENS), "{\n  \"x\": [\n    1\n  ]\n}\n");
    assert_eq!(Tensormesh.look(&spot, "p", Some(&mine)).expect("readable"), Seen::Empty);
    Tensormesh.withdraw(&spot, &mine).expect("gone is no error");
}

#[test]
fn the_inference_key_goes_among_the_settings() {
    const SETTINGS: &str =
        "# mine\ncontrolplane_base = \"https://service.example/\" # there\n\n[overrides]\ngateway_model_id = \"m\"\n";
    let home = Home::new();
    home.file(CONFIG, SETTINGS, 0o600);
    let spot = home.spot(&Tensormesh);
    let mut export = testing::token("p", "at");
    export.secondaries = vec![testing::secondary(
        "inference",
        "key-1",
        &[("user_id", "u"), ("model_id", "m\"2"), ("cloud", "CLOUD_PROVIDER_NEBIUS")],
    )];
    let mine = Tensormesh.write(&spot, &export, None).expect("it fits");
    let text = home.text(CONFIG);
    assert!(text.starts_with(SETTINGS), "{text}");
    let document: toml_edit::DocumentMut = text.parse().expect("it is TOML");
    let managed = |name: &str| document["managed"].get(name).and_then(toml_edit::Item::as_str).map(str::to_owned);
    assert_eq!(managed("gateway_api_key").as_deref(), Some("key-1"));
    assert_eq!(managed("gateway_user_id").as_deref(), Some("u"));
    assert_eq!(managed("gateway_model_id").as_deref(), Some("m\"2"));
    assert_eq!(managed("gateway_provider").as_deref(), Some("nebius"));
    assert!(managed("synced_at").is_some_and(|time| time.ends_with('Z')));
    export.secondaries.clear();
    let mine = Tensormesh.write(&spot, &export, Some(&mine)).expect("it fits");
    assert_eq!(home.text(CONFIG), text);
    Tensormesh.withdraw(&spot, &mine).expect("it is ours");
    assert_eq!(home.text(CONFIG), SETTINGS);
    assert!(!spot.path.exists());
}

#[test]
fn another_key_for_inference_stays_and_an_odd_file_stops_everything() {
    let home = Home::new();
    let spot = home.spot(&Tensormesh);
    let mut export = testing::token("p", "at");
    export.secondaries = vec![testing::secondary("inference", "key-1", &[])];
    let mine = Tensormesh.write(&spot, &export, None).expect("it fits");
    home.file(CONFIG, "[managed]\ngateway_api_key = \"key-2\"\n", 0o600);
    Tensormesh.withdraw(&spot, &mine).expect("the other key is left alone");
    assert!(home.text(CONFIG).contains("key-2") && !spot.path.exists());
    for odd in ["[managed\nsecret-canary", "managed = 3\n"] {
        home.file(CONFIG, odd, 0o600);
        let error = Tensormesh.write(&spot, &export, None).expect_err("it cannot be merged");
        assert!(matches!(error, FormatError::Unreadable { .. }) && !error.to_string().contains("canary"), "{error}");
        assert!(!spot.path.exists());
    }
}

#[test]
fn a_symbolic_link_is_replaced_and_memory_has_a_variable() {
    let home = Home::new();
    home.file("real.json", LOGIN, 0o600);
    std::fs::create_dir_all(home.path(".config/tensormesh")).expect("a directory");
    std::os::unix::fs::symlink(home.path("real.json"), home.path(TOKENS)).expect("a link");
    let spot = home.spot(&Tensormesh);
    Tensormesh.write(&spot, &testing::token("p", "at-new"), None).expect("it fits");
    assert!(spot.path.symlink_metadata().expect("there").is_file());
    assert_eq!(home.text("real.json"), LOGIN);

    let spot = Tensormesh.spot(&home.variables(&[]), To::Tmpfs, &home.path("run")).expect("it has a variable");
    assert_eq!(spot.environment["TM_CONFIG_HOME"], home.path("run/tensormesh").display().to_string());
    Tensormesh.write(&spot, &testing::token("p", "at"), None).expect("it fits");
    assert_eq!(testing::mode(&home.path("run/tensormesh")), 0o700);
    let moved = home.variables(&[("TM_CONFIG_HOME", "/elsewhere")]);
    let spot = Tensormesh.spot(&moved, To::Home, &home.path("run")).expect("it is absolute");
    assert_eq!(spot.path, Path::new("/elsewhere/auth.json"));
}

#[test]
fn a_login_is_taken_and_given_back_with_the_present_refresh_token() {
    let home = Home::new();
    let variables = home.variables(&[]);
    home.file(TOKENS, LOGIN, 0o644);
    home.file(CONFIG, "controlplane_base = \"https://cp.example/\"\n", 0o600);
    assert!(Tensormesh.logins(&variables, &[Fingerprint::of(b"at-old")]).expect("readable").is_empty());
    let login = Tensormesh.logins(&variables, &[]).expect("readable").pop().expect("one");
    assert_eq!((login.url.as_deref(), login.exposed.len()), (Some("https://cp.example"), 2));
    assert!(login.expires_at.is_some_and(|at| at > 60));
    let taken = Tensormesh.take(&variables, &login).expect("it is there");
    let text = home.text(TOKENS);
    assert!(text.contains("at-old") && !text.contains("rt-old") && text.contains("expires_in"), "{text}");
    assert_eq!((testing::mode(&home.path(TOKENS)), testing::mode(&home.path(".config/tensormesh"))), (0o600, 0o700));
    assert!(matches!(Tensormesh.take(&variables, &login), Err(FormatError::Refused(_))), "it was taken already");

    let rotated = RefreshToken::new("rt-new".to_owned());
    Tensormesh.give_back(&variables, &taken, Some(&rotated)).expect("nothing else is there");
    let back = Object::of_file(&home.path(TOKENS)).expect("readable").expect("there");
    assert_eq!((back.text("refresh_token"), back.number("expires_in")), (Some("rt-new"), Some(60)));
    let again = Tensormesh.give_back(&variables, &taken, None);
    assert!(matches!(again, Err(FormatError::Refused(_))), "a login is there");
    assert_eq!(Tensormesh.findings(&variables).len(), 1);
}

#[test]
fn settings_that_name_another_service_are_refused() {
    let home = Home::new();
    home.file(CONFIG, "controlplane_base = \"https://other.example\"\n", 0o600);
    let export = testing::token("p", "at-new");
    let error = Tensormesh.write(&home.spot(&Tensormesh), &export, None).expect_err("it would be sent elsewhere");
    assert!(matches!(&error, FormatError::Refused(why) if why.contains("other.example") && !why.contains("at-new")));
    assert!(!home.path(TOKENS).exists());
    let variables = home.variables(&[("TENSORMESH_CONTROL_PLANE_BASE_URL", "https://service.example")]);
    let spot = Tensormesh.spot(&variables, To::Home, &home.path("run")).expect("there is a home");
    Tensormesh.write(&spot, &export, None).expect("the variable beats the settings");
}
