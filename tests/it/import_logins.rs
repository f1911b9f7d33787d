//! Logins that the five tools have made, in the files they leave: shown, taken over, refreshed by the agent alone, and
//! given back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::desk::{Desk, PROFILE, mode, read, write};
use harness::service::{Baseten, Contree, LlamaIndex, Service, Tank, Tensormesh, Terms, Wire};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Long enough for a whole test.
const LIFE: Option<Duration> = Some(Duration::from_hours(10));

/// The files of one home, as the tools write them: with whatever permissions their authors had in mind.
struct Files {
    tm: PathBuf,
    llamactl: PathBuf,
    tank: PathBuf,
    trussrc: PathBuf,
    contree: PathBuf,
}

impl Files {
    /// Where the tools look by themselves.
    fn of<W: Wire>(desk: &Desk<W>) -> Self {
        Self {
            tm: desk.at(".config/tensormesh/auth.json"),
            llamactl: desk.at(".config/llamactl/profiles.db"),
            tank: desk.at(".tank/config.json"),
            trussrc: desk.at(".trussrc"),
            contree: desk.at(".config/contree/auth.ini"),
        }
    }

    /// `tm auth login`.
    fn log_in_tm(&self, service: &Service<Tensormesh>) -> Value {
        let tokens = service.issue(&Terms { life: LIFE, ..Terms::default() });
        write(&self.tm, &format!("{}\n", serde_json::to_string_pretty(&tokens).expect("JSON")), 0o600);
        tokens
    }

    /// `llamactl auth login`.
    fn log_in_llamactl(&self, service: &Service<LlamaIndex>) -> Value {
        let terms = Terms { jwt: true, life: LIFE, expires_in: false, ..Terms::default() };
        let tokens = service.issue(&terms);
        let device = json!({ "device_name": "host", "user_id": LlamaIndex::USER, "email": "ada@example.test",
            "client_id": LlamaIndex::CLIENT, "discovery_url": format!("{}{}", service.url(), LlamaIndex::ISSUER_DOCUMENT),
            "device_access_token": tokens["access_token"], "device_refresh_token": tokens["refresh_token"] });
        write(&self.llamactl, "", 0o644);
        let connection = Connection::open(&self.llamactl).expect("it can be opened");
        let tables = "CREATE TABLE profiles (name TEXT NOT NULL, api_url TEXT NOT NULL, project_id TEXT NOT NULL,
                api_key TEXT, api_key_id TEXT, device_oidc TEXT, id TEXT, PRIMARY KEY (name, api_url));
            CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE environments (api_url TEXT PRIMARY KEY, requires_auth INTEGER NOT NULL,
                min_llamactl_version TEXT);
            CREATE UNIQUE INDEX idx_profiles_id ON profiles(id);
            PRAGMA user_version = 2;";
        connection.execute_batch(tables).expect("SQL");
        let row = "INSERT INTO profiles VALUES ('ada@example.test', ?1, 'project-1', NULL, NULL, ?2, 'id-1')";
        connection.execute(row, [service.url(), &device.to_string()]).expect("SQL");
        tokens
    }

    /// `tank login`, into a file that was there.
    fn log_in_tank(&self, service: &Service<Tank>) -> String {
        let token = "tank_canary-key-of-tank-itself";
        service.add_key(token);
        let user = json!({ "name": "Ada Example", "email": "ada@example.test" });
        let text = json!({ "registry": service.url(), "token": token, "user": user, "telemetry": false });
        write(&self.tank, &serde_json::to_string_pretty(&text).expect("JSON"), 0o644);
        token.to_owned()
    }

    /// `truss auth login`, without a keyring.
    fn log_in_truss(&self, service: &Service<Baseten>) -> Value {
        let tokens = service.issue(&Terms { life: LIFE, ..Terms::default() });
        let text = |member: &str| tokens[member].as_str().expect("a token").to_owned();
        let section = format!(
            "[baseten]\nremote_provider = baseten\nremote_url = {}\nauth_type = oauth\noauth_access_token = {}\n\
             oauth_refresh_token = {}\noauth_expires_at = 4102444800\nteam = blue\n",
            service.url(),
            text("access_token"),
            text("refresh_token")
        );
        write(&self.trussrc, &section, 0o644);
        tokens
    }

    /// `contree auth`.
    fn log_in_contree(&self, service: &Service<Contree>) -> String {
        let key = "canary-key-of-contree-itself";
        service.add_key(key);
        let section = format!(
            "[DEFAULT]\nprofile = default\n\n[profile:default]\nurl = {}/\ntoken = {key}\ntype = iam\nproject = {}\n",
            service.url(),
            Contree::PROJECT
        );
        write(&self.contree, &section, 0o600);
        key.to_owned()
    }

    fn all(&self) -> [&Path; 5] {
        [&self.tm, &self.llamactl, &self.tank, &self.trussrc, &self.contree]
    }

    /// Content and permissions of all that are there.
    fn state(&self) -> Vec<Option<(String, u32)>> {
        self.all().into_iter().map(|path| Some((read(path)?, mode(path)))).collect()
    }
}

/// The fingerprint that people are shown.
fn fingerprint(credential: &str) -> String {
    Sha256::digest(credential)[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn token(tokens: &Value, member: &str) -> String {
    tokens[member].as_str().expect("a token").to_owned()
}

/// What is found when nothing is taken: with the fingerprint, without the credential, and nothing changes.
fn only_shown<W: Wire>(desk: &Desk<W>, files: &Files, credential: &str) {
    let (before, asked) = (files.state(), desk.service.ledger().entries().len());
    for arguments in [&["import"][..], &["import", "--dry-run"], &["import", "--all", "--dry-run"]] {
        let shown = desk.run(arguments).ok();
        assert!(shown.out.contains(&fingerprint(credential)), "{shown:?}");
        let text = format!("{}{}", shown.out, shown.err);
        assert!(!text.contains("canary-") && !text.contains(credential), "no credential is shown");
    }
    let found = &desk.json(&["import", "--dry-run"])["found"];
    assert_eq!((found[0]["fingerprint"].as_str(), &found[0]["taken"]), (Some(&*fingerprint(credential)), &Value::Null));
    assert!(!found.to_string().contains("canary-"));
    assert!(files.state() == before, "nothing is tightened or rewritten");
    assert_eq!(desk.service.ledger().entries().len(), asked, "nobody is asked");
    assert_eq!(desk.json(&["list", "--offline", "--all"]), json!([]));
}

/// The agent alone refreshes a login that was taken; it comes back with the refresh token of that time.
fn moved_and_given_back<W: Wire>(desk: &Desk<W>, file: &Path, format: &str, tokens: &Value, path: &str) {
    let (access, refresh) = (token(tokens, "access_token"), token(tokens, "refresh_token"));
    let taken = desk.run(&["import", format, "--as", "mine"]).ok();
    assert!(taken.out.contains("has left") && !taken.out.contains("canary-"), "{taken:?}");
    let left = read(file).expect("the file stays");
    assert!(left.contains(&access) && !left.contains(&refresh), "the refresh token has moved, and only it");
    assert_eq!(mode(file), 0o600);
    assert!(desk.token("mine") == access);
    let again = desk.run(&["import", format]).ok();
    assert!(again.out.contains("already imported"), "{again:?}");

    let _fresh = desk.run(&["refresh", "mine"]).ok();
    assert_eq!(desk.service.count(path), 1, "one refresh, by the agent");
    assert!(desk.service.is_live(&desk.token("mine")));
    let live = desk.service.live_refresh_tokens();
    assert!(live.len() == 1 && !live.contains(&refresh), "the service has rotated it");
    desk.keeps_refresh_tokens();

    let given = desk.run(&["import", format, "--undo"]).ok();
    assert!(!given.out.contains("canary-"), "{given:?}");
    let back = read(file).expect("the file is there");
    assert!(back.contains(&live[0]) && !back.contains(&refresh), "with the refresh token that works now");
    assert_eq!((mode(file), desk.run(&["token", "-p", "mine"]).code), (0o600, Some(1)));
}

#[test]
fn a_login_of_tm_goes_to_the_environment_in_use_and_comes_back() {
    let desk = Desk::new(Tensormesh::default());
    let (url, files) = (desk.service.url().to_owned(), Files::of(&desk));
    let _added = desk.run(&["env", "add", "here", &url, "--provider", "tensormesh"]).ok();
    let _in_use = desk.run(&["env", "switch", "here", "--provider", "tensormesh"]).ok();
    let tokens = files.log_in_tm(&desk.service);
    only_shown(&desk, &files, &token(&tokens, "access_token"));
    moved_and_given_back(&desk, &files.tm, "tensormesh", &tokens, Tensormesh::REFRESH);
}

#[test]
fn a_login_of_truss_goes_to_its_remote_and_comes_back() {
    let desk = Desk::new(Baseten::default());
    let files = Files::of(&desk);
    let tokens = files.log_in_truss(&desk.service);
    only_shown(&desk, &files, &token(&tokens, "access_token"));
    moved_and_given_back(&desk, &files.trussrc, "truss", &tokens, Baseten::TOKEN);
    assert!(read(&files.trussrc).is_some_and(|text| text.contains("team = blue")), "what else was there stays");
}

#[test]
fn a_login_of_llamactl_goes_to_its_issuer_and_comes_back() {
    let desk = Desk::new(LlamaIndex::default());
    let files = Files::of(&desk);
    let tokens = files.log_in_llamactl(&desk.service);
    only_shown(&desk, &files, &token(&tokens, "access_token"));
    moved_and_given_back(&desk, &files.llamactl, "llamactl", &tokens, LlamaIndex::TOKEN);
}

#[test]
fn keys_of_tank_and_contree_are_taken_and_stay_where_they_are() {
    let desk = Desk::new(Tank::default());
    let files = Files::of(&desk);
    let key = files.log_in_tank(&desk.service);
    only_shown(&desk, &files, &key);
    let before = read(&files.tank);
    let taken = desk.run(&["import", "tank", "--as", "mine"]).ok();
    assert!(taken.out.contains("is private now"), "{taken:?}");
    assert!(read(&files.tank) == before && mode(&files.tank) == 0o600 && desk.token("mine") == key);
    assert!(desk.run(&["whoami", "mine"]).ok().out.contains("ada@example.test"));

    let desk = Desk::new(Contree::default());
    let files = Files::of(&desk);
    let key = files.log_in_contree(&desk.service);
    only_shown(&desk, &files, &key);
    let before = read(&files.contree);
    let _taken = desk.run(&["import", "default", "--as", "mine"]).ok();
    assert!(read(&files.contree) == before && desk.token("mine") == key);
    let _known = desk.run(&["whoami", "mine"]).ok();
    let asked = desk.service.ledger().last(Contree::WHOAMI).cloned().expect("the service was asked");
    assert_eq!((asked.header("project"), asked.status), (Some(Contree::PROJECT), Some(200)));
    let _given = desk.run(&["import", "mine", "--undo"]).ok();
    assert!(read(&files.contree) == before && desk.run(&["token", "-p", "mine"]).code == Some(1));
}

#[test]
fn all_are_taken_and_given_back_at_once_from_where_the_clients_variables_say() {
    let (llamaindex, tank) = (Service::launch(LlamaIndex::default()), Service::launch(Tank::default()));
    let (baseten, contree) = (Service::launch(Baseten::default()), Service::launch(Contree::default()));
    llamaindex.follow_real_time();
    let desk = Desk::new(Tensormesh::default());
    let files = Files {
        tm: desk.at("elsewhere/tm/auth.json"),
        llamactl: desk.at("elsewhere/llama/profiles.db"),
        trussrc: desk.at("elsewhere/truss.ini"),
        contree: desk.at("elsewhere/contree/auth.ini"),
        ..Files::of(&desk)
    };
    let directory = |path: &Path| path.parent().expect("a directory").display().to_string();
    let desk = desk
        .env("TM_CONFIG_HOME", directory(&files.tm))
        .env("LLAMACTL_CONFIG_DIR", directory(&files.llamactl))
        .env("USER_TRUSSRC_PATH", files.trussrc.display().to_string())
        .env("CONTREE_HOME", directory(&files.contree));
    let refresh = |tokens: Value| token(&tokens, "refresh_token");
    let tokens = [
        refresh(files.log_in_tm(&desk.service)),
        refresh(files.log_in_llamactl(&llamaindex)),
        refresh(files.log_in_truss(&baseten)),
    ];
    files.log_in_tank(&tank);
    files.log_in_contree(&contree);
    let held = || {
        tokens
            .iter()
            .filter(|token| files.all().iter().any(|file| read(file).is_some_and(|text| text.contains(*token))))
            .count()
    };
    assert_eq!(held(), 3);

    let taken = desk.json(&["import", "--all"]);
    let formats: Vec<_> = taken["found"].as_array().expect("a list").iter().map(|one| &one["format"]).collect();
    assert_eq!(formats, ["contree", "llamactl", "tank", "tensormesh", "truss"]);
    assert!(taken["found"].as_array().expect("a list").iter().all(|one| one["taken"] == true), "{taken}");
    assert_eq!(held(), 0);
    assert!(files.all().into_iter().all(|path| mode(path) == 0o600));
    let again = desk.json(&["import", "--dry-run"]);
    let known = |one: &Value| one["notes"].to_string().contains("already imported");
    assert!(again["found"].as_array().expect("a list").iter().all(known), "{again}");

    let given = desk.json(&["import", "--all", "--undo"]);
    assert!(given["found"].as_array().expect("a list").iter().all(|one| one["taken"] == true), "{given}");
    assert_eq!(held(), 3);
    assert_eq!(desk.json(&["list", "--offline", "--all"]), json!([]));
    assert_eq!(desk.json(&["import", "--all", "--undo"])["found"], json!([]));
}

#[test]
fn a_login_stays_where_it_is_when_the_agent_could_not_keep_it() {
    let desk = Desk::memory_only(Baseten::default());
    let files = Files::of(&desk);
    let tokens = files.log_in_truss(&desk.service);
    let ran = desk.run(&["import", "truss"]);
    assert!(ran.out.contains("in memory only") && !ran.out.contains("canary-"), "{ran:?}");
    assert!(read(&files.trussrc).is_some_and(|text| text.contains(&token(&tokens, "refresh_token"))));
}

#[test]
fn the_doctor_finds_what_lies_badly_and_changes_nothing() {
    let desk = Desk::new(Baseten::default());
    let clean = desk.run(&["doctor"]).ok();
    assert!(clean.out.contains("Nothing is wrong"), "{clean:?}");
    let files = Files::of(&desk);
    files.log_in_truss(&desk.service);
    let contree = Service::launch(Contree::default());
    files.log_in_contree(&contree);
    // A key of an older `truss`, which named no kind.
    let more = format!(
        "{}\n[old]\nremote_provider = baseten\napi_key = canary-key-old\n",
        read(&files.trussrc).expect("it is there")
    );
    write(&files.trussrc, &more, 0o644);
    write(&files.contree.with_file_name("cli.ini"), "[profile:x]\ntoken = canary-key-cli\n", 0o600);
    std::fs::create_dir(desk.at(".config/.git")).expect("the home is writable");
    let before = files.state();
    let findings = desk.json(&["doctor"])["findings"].as_array().expect("a list").clone();
    let has = |kind: &str, place: &Path| {
        findings.iter().any(|one| one["kind"] == kind && one["place"] == place.to_str().expect("a path in UTF-8"))
    };
    let cli = files.contree.with_file_name("cli.ini");
    for (kind, place) in [
        ("plaintext", &files.trussrc),
        ("exposed", &files.trussrc),
        ("legacy", &files.trussrc),
        ("plaintext", &files.contree),
        ("versioned", &files.contree),
        ("legacy", &cli),
    ] {
        assert!(has(kind, place), "{kind} {}: {findings:?}", place.display());
    }
    assert!(!has("exposed", &files.contree) && !has("versioned", &files.trussrc), "{findings:?}");
    let told = desk.run(&["doctor"]).ok();
    assert!(told.out.contains("chmod 600") && !told.out.contains("canary-"), "{told:?}");
    assert!(files.state() == before && desk.service.ledger().entries().is_empty());
}

#[test]
fn the_doctor_says_which_link_wrote_what_it_finds() {
    let desk = Desk::new(Baseten::default());
    desk.log_in(PROFILE, &["--device"]);
    let _linked = desk.run(&["link", PROFILE]).ok();
    let told = desk.run(&["doctor"]).ok();
    assert!(told.out.contains("agentctl unlink --id truss.work") && !told.out.contains("import it"), "{told:?}");
}

#[test]
fn a_key_that_only_the_agent_has_by_now_is_not_given_up() {
    let desk = Desk::new(Tank::default());
    let files = Files::of(&desk);
    let key = files.log_in_tank(&desk.service);
    let _taken = desk.run(&["import", "tank", "--as", "mine"]).ok();
    let _linked = desk.run(&["link", "mine"]).ok();
    let refused = desk.run(&["import", "mine", "--undo"]).fails(1);
    assert!(refused.out.contains("agentctl unlink --id tank.mine"), "{refused:?}");
    let _unlinked = desk.run(&["unlink", "mine"]).ok();
    assert!(read(&files.tank).is_none_or(|text| !text.contains(&key)));
    let refused = desk.run(&["import", "mine", "--undo"]).fails(1);
    assert!(refused.out.contains("is not in its place any more"), "{refused:?}");
    assert_eq!(desk.token("mine"), key);
}
