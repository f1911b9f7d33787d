//! The files of `llamactl`, `tank` and `contree`, in the shapes that those tools leave: what a link does to them, and
//! what it does when the tools write them too.

use std::path::{Path, PathBuf};

use harness::desk::{mode, read, write};
use harness::service::{Contree, LlamaIndex, Project, Tank, Wire};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use proto::link::{LinkRequest, LinkState};
use proto::login::LoginRequest;
use proto::problem::Problem;
use rusqlite::Connection;
use serde_json::{Value, json};

/// What `llamactl` leaves after a login of its own, which it keeps elsewhere.
const DATABASE: &str = "
    CREATE TABLE profiles (name TEXT NOT NULL, api_url TEXT NOT NULL, project_id TEXT NOT NULL, api_key TEXT,
        api_key_id TEXT, device_oidc TEXT, id TEXT, PRIMARY KEY (name, api_url));
    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE environments (api_url TEXT PRIMARY KEY, requires_auth INTEGER NOT NULL, min_llamactl_version TEXT);
    CREATE UNIQUE INDEX idx_profiles_id ON profiles(id);
    INSERT INTO environments VALUES ('https://other.example', 1, '0.4');
    INSERT INTO settings VALUES ('current_environment_api_url', 'https://other.example'), ('current_profile', 'own');
    INSERT INTO profiles VALUES ('own', 'https://other.example', 'p-9', 'key-own', 'k-1', NULL, 'id-1');
    PRAGMA user_version = 2;
";
/// Whether a profile's row is there, with which key.
const KEY: &str = "SELECT api_key FROM profiles WHERE name = ?1 AND device_oidc IS NULL AND project_id = 'project-1'";

/// What `contree` leaves, and a comment of the user's.
const INI: &str = "[DEFAULT]\nprofile = own\n\n# mine\n[profile:own]\nurl = https://other.example\ntoken = key-own\n";

fn database(path: &Path) -> Connection {
    write(path, "", 0o644);
    let connection = Connection::open(path).expect("it can be opened");
    connection.execute_batch(DATABASE).expect("it is SQL");
    connection
}

fn text(connection: &Connection, sql: &str, value: &str) -> Option<String> {
    connection.query_row(sql, [value], |row| row.get(0)).ok()
}

/// Everything in the database.
fn rows(connection: &Connection) -> Vec<String> {
    let sql = "SELECT 'p ' || name || api_url || project_id || ifnull(api_key, '') || ifnull(device_oidc, '') || id
        FROM profiles UNION ALL SELECT 's ' || key || value FROM settings UNION ALL SELECT 'e ' || api_url
        FROM environments ORDER BY 1";
    let mut statement = connection.prepare(sql).expect("it is SQL");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("text")
}

async fn llamaindex(projects: Vec<Project>) -> (Site<LlamaIndex>, PathBuf) {
    let site = Site::new(LlamaIndex { projects, ..LlamaIndex::default() });
    site.logged_in(LoginRequest { method: Some(proto::provider::Method::Device), ..site.login() }).await;
    let file = site.at(".config/llamactl/profiles.db");
    (site, file)
}

fn one_project() -> Vec<Project> {
    vec![Project::new("project-1", "Default", "org-1")]
}

async fn served<W: Wire>(site: &Site<W>) -> String {
    bearer(&site.token().await.expect("a token")).to_owned()
}

fn said(problem: &Problem) -> String {
    format!("{} {}", problem.detail, problem.hint.as_deref().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_llamactl_is_kept_fresh_beside_the_users_own_and_goes_at_logout() {
    let (site, file) = llamaindex(one_project()).await;
    let connection = database(&file);
    let before = rows(&connection);
    site.linked().await;
    let first = served(&site).await;
    assert!(text(&connection, KEY, PROFILE) == Some(first.clone()));
    assert_eq!(mode(&file), 0o600);
    let setting = "SELECT value FROM settings WHERE key = ?1";
    assert_eq!(text(&connection, setting, "current_profile").as_deref(), Some(PROFILE));
    assert_eq!(text(&connection, setting, "current_environment_api_url").as_deref(), Some(site.service.url()));

    site.refresh().await.expect("it is refreshed");
    let fresh = served(&site).await;
    assert!(fresh != first);
    site.comes_true("the row has the new token", async || text(&connection, KEY, PROFILE) == Some(fresh.clone())).await;
    assert!(rows(&connection).contains(&before[1]), "the user's own row is as it was");
    for token in site.service.live_refresh_tokens() {
        assert!(!read(&file).expect("a database").contains(&token));
    }

    // A command that had read the database before the refresh writes what it knew.
    connection.execute("UPDATE profiles SET api_key = ?1 WHERE name = 'work'", [&first]).expect("SQL");
    site.comes_true("the row is put right", async || text(&connection, KEY, PROFILE) == Some(served(&site).await))
        .await;

    site.logout().await;
    site.comes_true("all is as it was", async || rows(&connection) == before).await;
    assert!(!read(&file).expect("a database").contains("canary-"), "what was deleted is wiped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_by_llamactl_suspends_the_link() {
    let (site, file) = llamaindex(one_project()).await;
    site.linked().await;
    let connection = Connection::open(&file).expect("the link made it");
    assert_eq!((mode(&file), mode(file.parent().expect("a directory"))), (0o600, 0o700));
    site.refresh().await.expect("it is refreshed");
    let fresh = served(&site).await;
    site.comes_true("the row has the new token", async || text(&connection, KEY, PROFILE) == Some(fresh.clone())).await;
    connection.execute_batch("DELETE FROM profiles WHERE name = 'work'").expect("SQL");
    site.link_comes_to_be(LinkState::Suspended).await;
    site.refresh().await.expect("it is refreshed");
    for _ in 0..10 {
        site.pass(std::time::Duration::from_secs(1));
        assert_eq!(site.links().await[0].state, LinkState::Suspended);
    }
    assert_eq!(text(&connection, KEY, PROFILE), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn llamactl_wants_a_project_with_every_login() {
    let (site, file) = llamaindex(Vec::new()).await;
    let refused = site.link(&site.plain_link()).await.expect_err("there is no project");
    assert!(said(&refused).contains("project"), "{refused:?}");
    assert!(!file.exists() && site.links().await.is_empty());
}

async fn tank() -> (Site<Tank>, PathBuf) {
    let site = Site::new(Tank::default());
    site.logged_in(LoginRequest { method: Some(proto::provider::Method::Browser), ..site.login() }).await;
    let file = site.at(".tank/config.json");
    (site, file)
}

fn document(file: &Path) -> Value {
    read(file).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_tank_lies_beside_the_users_settings_and_is_replaced_by_a_newer_login() {
    let (site, file) = tank().await;
    let theirs = json!({ "registry": site.service.url(), "telemetry": false, "telemetryDistinctId": "x" });
    let before = format!("{}\n", serde_json::to_string_pretty(&theirs).expect("JSON"));
    write(&file, &before, 0o644);
    site.linked().await;
    let first = served(&site).await;
    let now = document(&file);
    assert!(now["token"] == json!(first) && now["telemetryDistinctId"] == "x");
    assert_eq!(now["user"], json!({ "name": "Ada Example", "email": "ada@example.test" }));
    assert_eq!(mode(&file), 0o600);

    site.logged_in(LoginRequest { method: Some(proto::provider::Method::Browser), ..site.login() }).await;
    let newer = served(&site).await;
    assert!(first != newer);
    site.comes_true("the newer key is there", async || document(&file)["token"] == json!(newer)).await;

    // `tank telemetry on`, which had read the file before, and writes it as others may read it.
    let mut old = now.clone();
    old["telemetry"] = json!(true);
    write(&file, &old.to_string(), 0o644);
    site.comes_true("it is put right", async || document(&file)["token"] == json!(newer) && mode(&file) == 0o600).await;
    assert_eq!(document(&file)["telemetry"], true, "what the tool has set stays");

    site.unlink(PROFILE).await;
    let left = json!({ "registry": site.service.url(), "telemetry": true, "telemetryDistinctId": "x" });
    assert_eq!(document(&file), left);
    assert!(site.links().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_by_tank_suspends_the_link_and_a_login_of_its_own_makes_it_foreign() {
    let (site, file) = tank().await;
    site.linked().await;
    // The first write may have been undone by a command that had read the file before; a second one was not.
    site.logged_in(LoginRequest { method: Some(proto::provider::Method::Browser), ..site.login() }).await;
    let newer = served(&site).await;
    site.comes_true("the newer key is there", async || document(&file)["token"] == json!(newer)).await;
    let logged_out = json!({ "registry": site.service.url() }).to_string();
    write(&file, &logged_out, 0o600);
    site.link_comes_to_be(LinkState::Suspended).await;
    assert_eq!(read(&file).as_ref(), Some(&logged_out));

    let again = site.link(&site.plain_link()).await.expect("it is made again");
    assert_eq!(again.state, LinkState::Linked);
    let own = json!({ "registry": site.service.url(), "token": "tank_own", "user": { "name": "own" } }).to_string();
    write(&file, &own, 0o600);
    site.link_comes_to_be(LinkState::Foreign).await;
    let refused = site.link(&site.plain_link()).await.expect_err("a login lies there");
    assert!(said(&refused).contains("another login"), "{refused:?}");
    site.logout().await;
    site.unlink(PROFILE).await;
    assert_eq!(read(&file).as_ref(), Some(&own));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_written_where_tank_would_send_it_to_another_registry() {
    let (site, file) = tank().await;
    let theirs = r#"{"registry": "https://other.example"}"#;
    write(&file, theirs, 0o644);
    let refused = site.link(&site.plain_link()).await.expect_err("the key would go elsewhere");
    assert!(said(&refused).contains("https://other.example"), "{refused:?}");
    assert_eq!((read(&file).as_deref(), mode(&file)), (Some(theirs), 0o644));
    let memory = LinkRequest { to: Some(proto::link::LinkTo::Tmpfs), ..site.plain_link() };
    let refused = site.link(&memory).await.expect_err("the tool can be told of no other place");
    assert!(said(&refused).contains("memory"), "{refused:?}");
}

fn contree() -> (Site<Contree>, PathBuf) {
    let site = Site::new(Contree::default());
    let file = site.at(".config/contree/auth.ini");
    (site, file)
}

/// Saves a new key under `profile`.
async fn key(site: &Site<Contree>, profile: &str) -> String {
    let key = site.service.make_key();
    keep(site, profile, &key).await;
    key
}

async fn keep(site: &Site<Contree>, profile: &str, key: &str) {
    site.service.add_key(key);
    let project = Some(Contree::PROJECT.to_owned());
    let profile = Some(harness::wire::name(profile));
    site.logged_in(LoginRequest { profile, project, variant: Some("iam".to_owned()), ..site.key_login(key) }).await;
}

fn section(site: &Site<Contree>, profile: &str, key: &str) -> String {
    let (url, project) = (site.service.url(), Contree::PROJECT);
    format!("\n[profile:{profile}]\nurl = {url}\ntoken = {key}\ntype = iam\nproject = {project}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_section_of_contree_comes_is_renewed_and_goes_with_everything_else_as_it_was() {
    let (site, file) = contree();
    write(&file, INI, 0o644);
    let first = key(&site, PROFILE).await;
    site.linked().await;
    let selected = INI.replace("profile = own", "profile = work");
    assert!(read(&file) == Some(format!("{selected}{}", section(&site, PROFILE, &first))));
    assert_eq!(mode(&file), 0o600);
    let newer = key(&site, PROFILE).await;
    let renewed = format!("{selected}{}", section(&site, PROFILE, &newer));
    site.comes_true("the newer key is there", async || read(&file).as_ref() == Some(&renewed)).await;
    site.logout().await;
    site.comes_true("all is as it was", async || read(&file).as_deref() == Some(INI)).await;
    site.link_comes_to_be(LinkState::Waiting).await;

    let third = key(&site, PROFILE).await;
    site.comes_true("the next login is there", async || read(&file).is_some_and(|text| text.contains(&third))).await;
    site.remove(PROFILE).await;
    site.comes_true("all is as it was", async || read(&file).as_deref() == Some(INI)).await;
    site.comes_true("nothing is followed", async || site.links().await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_contree_that_undoes_the_first_one_is_made_good_and_a_logout_after_it_is_believed() {
    let (site, file) = contree();
    write(&file, INI, 0o600);
    let key = key(&site, PROFILE).await;
    site.linked().await;
    write(&file, INI, 0o600);
    site.comes_true("it is written again", async || read(&file).is_some_and(|text| text.contains(&key))).await;
    // `contree rm work`, which rewrites the file without comments.
    let without = INI.replace("# mine\n", "");
    write(&file, &without, 0o600);
    site.link_comes_to_be(LinkState::Suspended).await;
    assert_eq!(read(&file).as_ref(), Some(&without));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_percent_sign_is_refused_with_the_reason() {
    let (site, file) = contree();
    write(&file, INI, 0o644);
    keep(&site, PROFILE, "canary-key-with-a-%-sign").await;
    let refused = site.link(&site.plain_link()).await.expect_err("contree could not read it");
    assert!(said(&refused).contains('%') && !said(&refused).contains("canary-"), "{refused:?}");
    assert_eq!((read(&file).as_deref(), mode(&file)), (Some(INI), 0o644));
    assert!(site.links().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_current_profile_follows_the_choice() {
    let (site, file) = contree();
    write(&file, INI, 0o600);
    let other = key(&site, "other").await;
    let own = key(&site, PROFILE).await;
    let wish = LinkRequest { current: true, ..site.plain_link() };
    let link = site.link(&wish).await.expect("the link is made");
    assert_eq!((link.state, link.profile, link.provider.is_some()), (LinkState::Linked, None, true));
    let holds = |new: &str, old: &str| read(&file).is_some_and(|text| text.contains(new) && !text.contains(old));
    assert!(holds(&own, &other));
    site.switch("other").await;
    site.comes_true("the other one is there", async || holds(&other, &own)).await;
    site.switch(PROFILE).await;
    site.comes_true("the first one is there", async || holds(&own, &other)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_goes_on_after_a_restart() {
    let (mut site, file) = contree();
    write(&file, INI, 0o600);
    let first = key(&site, PROFILE).await;
    let made = site.linked().await;
    site.restart().await;
    assert!(read(&file).is_some_and(|text| text.contains(&first)), "a login that lasts stays where it is linked");
    let newer = key(&site, PROFILE).await;
    site.comes_true("the newer key is there", async || read(&file).is_some_and(|text| text.contains(&newer))).await;
    assert_eq!(site.links().await[0].id, made.id);
    site.unlink(PROFILE).await;
    assert_eq!(read(&file).as_deref(), Some(INI));
}
