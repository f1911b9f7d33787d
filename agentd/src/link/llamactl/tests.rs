//! Rows of a database that the tool made, and of one that it did not.

use rusqlite::Connection;

use super::*;
use crate::link::testing::{self, Home};

const FILE: &str = ".config/llamactl/profiles.db";
const DEVICE: &str = r#"{"device_name":"d","user_id":"u1","email":"a@b","client_id":"c1","discovery_url":"https://i/x","device_access_token":"at-old","device_refresh_token":"rt-old"}"#;
/// What the tool's two migrations leave.
const THEIRS: &str = "
    CREATE TABLE profiles (name TEXT NOT NULL, api_url TEXT NOT NULL, project_id TEXT NOT NULL, api_key TEXT, PRIMARY KEY (name, api_url));
    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE environments (api_url TEXT PRIMARY KEY, requires_auth INTEGER NOT NULL, min_llamactl_version TEXT);
    INSERT INTO settings VALUES ('current_environment_api_url', 'https://other.example'), ('current_profile', 'a@b');
    INSERT INTO environments VALUES ('https://other.example', 1, '0.4');
    ALTER TABLE profiles ADD COLUMN api_key_id TEXT;
    ALTER TABLE profiles ADD COLUMN device_oidc TEXT;
    ALTER TABLE profiles ADD COLUMN id TEXT;
    CREATE UNIQUE INDEX idx_profiles_id ON profiles(id);
    PRAGMA user_version = 2;
";

fn database(home: &Home, layout: &str, mode: u32) -> Connection {
    home.file(FILE, "", mode);
    let connection = Connection::open(home.path(FILE)).expect("it can be opened");
    connection.execute_batch(layout).expect("it is SQL");
    connection
}

fn theirs(home: &Home) -> Connection {
    let connection = database(home, THEIRS, 0o644);
    let row = "INSERT INTO profiles VALUES ('a@b', 'https://other.example', 'p9', 'minted', 'k1', ?1, 'id-1')";
    connection.execute(row, [DEVICE]).expect("a row");
    connection
}

fn all(connection: &Connection) -> Vec<String> {
    let sql = "SELECT 'p ' || name || ' ' || api_url || ' ' || project_id || ' ' || ifnull(api_key, '-') || ' ' || ifnull(device_oidc, '-') FROM profiles
        UNION ALL SELECT 's ' || key || ' ' || value FROM settings UNION ALL SELECT 'e ' || api_url FROM environments ORDER BY 1";
    let mut statement = connection.prepare(sql).expect("it is SQL");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("text")
}

#[test]
fn a_row_comes_and_goes_and_the_selection_with_it() {
    let home = Home::new();
    let connection = theirs(&home);
    let earlier = all(&connection);
    let spot = home.spot(&Llamactl);
    assert_eq!(Llamactl.look(&spot, "work", None).expect("readable"), Seen::Empty);
    assert_eq!(Llamactl.look(&spot, "a@b", None).expect("readable"), Seen::Foreign);
    let mine = Llamactl.write(&spot, &testing::token("work", "at-1"), None).expect("it fits");
    assert_eq!(testing::mode(&spot.path), 0o600);
    let id = |connection: &Connection| -> String {
        connection.query_row("SELECT id FROM profiles WHERE name = 'work'", [], |row| row.get(0)).expect("our row")
    };
    let first = id(&connection);
    assert_eq!((first.len(), first.as_bytes()[14]), (36, b'4'));
    let rows = all(&connection).join("\n");
    assert!(rows.contains("p work https://service.example project-1 at-1 -"), "{rows}");
    assert!(rows.contains("s current_profile work") && rows.contains("s current_environment_api_url https://service"));

    let mine = Llamactl.write(&spot, &testing::token("work", "at-2"), Some(&mine)).expect("it fits");
    assert_eq!((id(&connection), Llamactl.look(&spot, "work", Some(&mine)).expect("readable")), (first, Seen::Mine));
    Llamactl.withdraw(&spot, &mine).expect("it is ours");
    Llamactl.withdraw(&spot, &mine).expect("gone is no error");
    assert_eq!(all(&connection), earlier);
    let bytes = std::fs::read(&spot.path).expect("a file");
    assert!(!bytes.windows(4).any(|four| four == b"at-1" || four == b"at-2"), "what is deleted is wiped");
}

#[test]
fn a_selection_changed_by_the_user_stays_and_a_move_leaves_nothing() {
    let home = Home::new();
    let connection = theirs(&home);
    let spot = home.spot(&Llamactl);
    let mine = Llamactl.write(&spot, &testing::token("work", "at-1"), None).expect("it fits");
    connection.execute_batch("UPDATE settings SET value = 'a@b' WHERE key = 'current_profile'").expect("SQL");
    let moved = Export { url: "https://moved.example".to_owned(), ..testing::token("work", "at-2") };
    let mine = Llamactl.write(&spot, &moved, Some(&mine)).expect("it fits");
    let rows = all(&connection).join("\n");
    assert!(rows.contains("s current_profile a@b") && !rows.contains("at-1"), "{rows}");
    Llamactl.withdraw(&spot, &mine).expect("it is ours");
    assert!(all(&connection).join("\n").contains("s current_profile a@b"));
}

#[test]
fn a_database_is_made_as_the_tool_makes_it() {
    let home = Home::new();
    let spot = home.spot(&Llamactl);
    let mine = Llamactl.write(&spot, &testing::token("work", "at-1"), None).expect("it fits");
    assert_eq!((testing::mode(&spot.path), testing::mode(&home.path(".config/llamactl"))), (0o600, 0o700));
    let connection = Connection::open(&spot.path).expect("a database");
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number");
    assert_eq!(version, 2);
    Llamactl.withdraw(&spot, &mine).expect("it is ours");
    let left = all(&connection);
    let default = "https://api.cloud.llamaindex.ai";
    assert_eq!(left, [format!("e {default}"), format!("s current_environment_api_url {default}")]);
}

#[test]
fn no_project_an_old_layout_and_what_is_no_database_are_refused() {
    let home = Home::new();
    let spot = home.spot(&Llamactl);
    let without = Export { project: None, ..testing::token("work", "at-1") };
    assert!(matches!(Llamactl.write(&spot, &without, None), Err(FormatError::Refused(why)) if why.contains("project")));
    assert!(!spot.path.exists());
    home.file(FILE, &"canary ".repeat(200), 0o600);
    let error = Llamactl.write(&spot, &testing::token("work", "at-1"), None).expect_err("no database");
    assert!(matches!(error, FormatError::Unreadable { .. }) && !error.to_string().contains("canary"), "{error}");
    let old = THEIRS.split("ALTER").next().expect("a beginning").to_owned()
        + "PRAGMA user_version = 1;
        INSERT INTO profiles VALUES ('old', 'https://other.example', 'p', 'key-old')";
    drop(database(&home, &old, 0o600));
    assert!(matches!(
        Llamactl.write(&spot, &testing::token("work", "at-1"), None),
        Err(FormatError::Unreadable { .. })
    ));
    let variables = home.variables(&[]);
    assert_eq!(Llamactl.logins(&variables, &[]).expect("readable").len(), 1);
    let kinds: Vec<_> = Llamactl.findings(&variables).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [super::super::FindingKind::Plaintext, super::super::FindingKind::Legacy]);
}

#[test]
fn a_login_is_taken_and_given_back_with_the_present_refresh_token() {
    let home = Home::new();
    let connection = theirs(&home);
    let variables = home.variables(&[]);
    let login = Llamactl.logins(&variables, &[]).expect("readable").pop().expect("one");
    assert_eq!(
        (login.name.as_str(), login.email.as_deref(), login.subject.as_deref()),
        ("a@b", Some("a@b"), Some("u1"))
    );
    assert_eq!((login.project.as_deref(), login.exposed.len()), (Some("p9"), 2));
    let taken = Llamactl.take(&variables, &login).expect("it is there");
    let rows = all(&connection).join("\n");
    assert!(
        rows.contains(r#""device_refresh_token":null"#) && rows.contains("at-old") && rows.contains("minted"),
        "{rows}"
    );
    assert_eq!((testing::mode(&home.path(FILE)), testing::mode(&home.path(".config/llamactl"))), (0o600, 0o700));
    assert!(matches!(Llamactl.take(&variables, &login), Err(FormatError::Refused(_))));
    connection.execute_batch("DELETE FROM profiles").expect("SQL");
    let rotated = RefreshToken::new("rt-new".to_owned());
    Llamactl.give_back(&variables, &taken, Some(&rotated)).expect("nothing is there");
    let rows = all(&connection).join("\n");
    assert!(rows.contains("rt-new") && rows.contains("p9 minted") && !rows.contains("rt-old"), "{rows}");
    assert!(matches!(Llamactl.give_back(&variables, &taken, None), Err(FormatError::Refused(_))));
}

#[test]
fn what_an_import_left_may_be_linked_over_and_a_newer_login_is_never_put_back_over() {
    let home = Home::new();
    let connection = theirs(&home);
    let variables = home.variables(&[]);
    let login = Llamactl.logins(&variables, &[]).expect("readable").pop().expect("one");
    let imported = Mine { profile: "a@b".to_owned(), credential: Fingerprint::of(b"at-old"), before: None };
    let look = || Llamactl.look(&home.spot(&Llamactl), "a@b", Some(&imported)).expect("readable");
    assert_eq!(look(), Seen::Foreign, "the tool could still refresh it");
    let taken = Llamactl.take(&variables, &login).expect("it is there");
    assert_eq!(look(), Seen::Mine);
    connection.execute_batch("UPDATE profiles SET api_key = 'key-newer' WHERE name = 'a@b'").expect("SQL");
    let given = Llamactl.give_back(&variables, &taken, None);
    assert!(matches!(given, Err(FormatError::Refused(_))));
    assert!(all(&connection).join("\n").contains("key-newer"));
}

#[test]
fn a_locked_database_is_waited_for_and_then_given_up() {
    let home = Home::new();
    let connection = theirs(&home);
    connection.execute_batch("BEGIN EXCLUSIVE").expect("SQL");
    let error = Llamactl.write(&home.spot(&Llamactl), &testing::token("work", "at-1"), None).expect_err("it is locked");
    assert!(error.to_string().contains("locked"), "{error}");
}
