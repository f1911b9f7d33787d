//! The configuration as a whole: text in, settings or problems out.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::config::{Place, Problems};

struct Home(tempfile::TempDir);

impl Home {
    fn new(text: &str) -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory"));
        fs::write(home.path(), text).expect("it is ours");
        home.chmod(0o600);
        home
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config.toml")
    }

    fn chmod(&self, mode: u32) {
        fs::set_permissions(self.path(), Permissions::from_mode(mode)).expect("it is ours");
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        Config::load(&self.path(), variable)
    }

    /// The problems as people see them, the path cut short.
    fn problems(&self, variables: &[(&str, &str)]) -> String {
        let problems = self.load(variables).expect_err("there is a mistake").to_string();
        problems.replace(&*self.path().to_string_lossy(), "config.toml")
    }
}

#[test]
fn every_setting_is_read() {
    let home = Home::new(
        r#"
        http.proxy = "http://proxy.example:3128"
        [store]
        key = "file"
        [log]
        level = "debug"
        format = "json"
        [profile.work]
        refresh = "late"
        [profile."ada@example.org"]
        narrow = "refresh"
        "#,
    );
    let config = home.load(&[]).expect("no mistakes");
    let expected = (StoreKey::File, Level::Debug, LogFormat::Json);
    assert_eq!((config.store_key, config.log, config.log_format), expected);
    assert_eq!(config.proxy.as_deref(), Some("http://proxy.example:3128"));
    let late = ProfileConfig { refresh: RefreshMode::Late, narrow: Narrow::Never, reveal: Reveal::Always };
    let narrow = ProfileConfig { refresh: RefreshMode::Early, narrow: Narrow::Refresh, reveal: Reveal::Always };
    assert_eq!(config.profiles, [("work".to_owned(), late), ("ada@example.org".to_owned(), narrow)].into());
}

#[test]
fn a_missing_and_an_empty_file_mean_the_defaults() {
    let home = Home::new("# nothing\n");
    assert_eq!(home.load(&[]).expect("no mistakes"), Config::default());
    fs::remove_file(home.path()).expect("it is ours");
    assert_eq!(home.load(&[]).expect("no mistakes"), Config::default());
    assert_eq!((Config::default().store_key, Config::default().log), (StoreKey::Auto, Level::Info));
}

#[test]
fn the_environment_overrides_the_file_and_empty_variables_do_not() {
    let home = Home::new("[store]\nkey = \"file\"\n[log]\nlevel = \"warn\"\n");
    let config = home.load(&[("AGENTD_STORE_KEY", "memory"), ("AGENTD_LOG", "trace")]).expect("no mistakes");
    assert_eq!((config.store_key, config.log), (StoreKey::Memory, Level::Trace));
    let config = home.load(&[("AGENTD_STORE_KEY", ""), ("AGENTD_LOG", "")]).expect("no mistakes");
    assert_eq!((config.store_key, config.log), (StoreKey::File, Level::Warn));
}

#[test]
fn every_mistake_is_listed_at_once_with_its_place() {
    let home = Home::new(concat!(
        "[store]\nkey = \"fiel\"\nkye = 1\n",
        "[log]\nlevel = 3\n",
        "[htttp]\nproxy = 1\n",
        "[profile.work]\nrefresh = \"sometimes\"\nnarow = \"never\"\n",
        "[profile]\nhome = \"late\"\n",
    ));
    let wanted = "\
config.toml:2:7: `fiel` is not a value of `store.key`
hint: did you mean `file`?
config.toml:3:1: `kye` is not a setting of `[store]`
hint: did you mean `key`?
config.toml:5:9: is not text
hint: write the value in double quotes
config.toml:6:2: `htttp` is not a section
hint: did you mean `http`?
config.toml:9:11: `sometimes` is not a value of `refresh`
hint: use `early` or `late`
config.toml:10:1: `narow` is not a setting of `[profile.NAME]`
hint: did you mean `narrow`?
config.toml:12:8: is not a section
hint: write `[profile.NAME]` on a line of its own
AGENTD_LOG: `loud` is not a value of `log.level`
hint: use `error`, `warn`, `info`, `debug` or `trace`";
    assert_eq!(home.problems(&[("AGENTD_LOG", "loud")]), wanted);
}

#[test]
fn a_mistake_of_syntax_does_not_hide_the_others() {
    let home = Home::new("[store]\nkey = \"file\n[log]\nlevel = \"loud\"\n");
    let problems = home.load(&[]).expect_err("a quote is missing");
    let lines: Vec<_> = problems.list().iter().map(|problem| problem.place).collect();
    assert!(matches!(lines[..], [Place::Text { line: 2, .. }, .., Place::Text { line: 4, .. }]), "{problems}");
}

#[test]
fn a_proxy_is_an_http_url_and_is_never_repeated() {
    for good in ["http://proxy:3128", "https://user:pw@proxy.example/", "http://[::1]:8080"] {
        let home = Home::new(&format!("http.proxy = '{good}'"));
        assert_eq!(home.load(&[]).expect("it is a proxy").proxy.as_deref(), Some(good));
    }
    for bad in ["canary", "socks5://u:canary@proxy:1", "http://", "http://u:canary@proxy/path", "http://u:canary@:x"] {
        let text = Home::new(&format!("http.proxy = '{bad}'")).problems(&[]);
        assert!(text.starts_with("config.toml:1:14: this is not the URL of a proxy\nhint: "), "{text}");
        assert!(!text.contains("canary"));
    }
}

#[test]
fn what_may_be_a_password_in_the_wrong_place_is_not_repeated() {
    let home = Home::new(concat!(
        "\"my canary!\" = 1\nstore.key = \"c4n4ry/canary\"\nstore.\"canary canary\" = 2\n",
        "canary canary\nlog = \"canary\nlog.level = canary\n",
    ));
    let problems = home.load(&[("AGENTD_STORE_KEY", "canary canary")]).expect_err("nothing is right");
    assert!(problems.list().len() >= 5, "{problems}");
    assert!(!format!("{problems} {problems:?}").contains("canary"), "{problems}");
}

#[test]
fn a_file_that_others_can_write_is_a_problem_beside_its_mistakes() {
    let home = Home::new("[stroe]\n");
    for mode in [0o620, 0o602, 0o666] {
        home.chmod(mode);
        let text = home.problems(&[]);
        assert!(
            text.starts_with(&format!("config.toml: can be written by other users (mode {mode:04o})\nhint: ")),
            "{text}"
        );
        assert!(text.contains("config.toml:1:2: `stroe` is not a section"), "{text}");
    }
    for mode in [0o600, 0o644, 0o444] {
        home.chmod(mode);
        assert_eq!(home.load(&[]).expect_err("a mistake remains").list().len(), 1);
    }
}

#[test]
fn what_is_no_text_file_is_a_problem() {
    let home = Home::new("");
    fs::write(home.path(), b"[store]\n\xff").expect("it is ours");
    assert_eq!(home.problems(&[]), "config.toml: is not UTF-8 text (line 2)");
    fs::write(home.path(), vec![b'#'; 1024 * 1024 + 1]).expect("it is ours");
    assert_eq!(home.problems(&[]), "config.toml: is longer than 1024 KiB");
    fs::remove_file(home.path()).expect("it is ours");
    fs::create_dir(home.path()).expect("it is ours");
    assert_eq!(home.problems(&[]), "config.toml: is not a regular file");
}
