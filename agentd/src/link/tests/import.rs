//! Imports: what is taken, in which order, and what a step that fails leaves behind.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::link::stand::{Bench, put};
use crate::link::{
    Adopted, Doctor, FormatError, Found, ImportError, Imports, Intake, IntakeError, Kept, Known, Login, LoginGrant,
    Order, Origin, Report, Taken,
};
use crate::secret::{ApiKey, Fingerprint, RefreshToken};

/// A vault for imports that writes down what it is asked.
#[derive(Default)]
struct Keeper {
    file: Mutex<std::path::PathBuf>,
    said: Mutex<Vec<String>>,
    held: Mutex<Vec<(String, Origin)>>,
    kept: Mutex<Vec<(String, Kept)>>,
    memory_only: bool,
    refuse: bool,
    rotated: bool,
}

impl Keeper {
    fn say(&self, what: &str, profile: &str) {
        let file = std::fs::read_to_string(&*self.file.lock().expect("no panic")).unwrap_or_default();
        let theirs = if file.contains(" rt") { "tool refreshes" } else { "tool does not" };
        self.said.lock().expect("no panic").push(format!("{what} {profile}: {theirs}"));
    }
}

impl Intake for Keeper {
    fn known(&self, credential: Fingerprint) -> Option<Known> {
        let held = self.held.lock().expect("no panic");
        let (profile, _) = held.iter().find(|(_, origin)| origin.fingerprint == credential)?;
        Some(Known { profile: profile.clone(), durable: !self.memory_only })
    }

    fn exists(&self, profile: &str) -> bool {
        self.held.lock().expect("no panic").iter().any(|(name, _)| name == profile)
    }

    fn adopt<'a>(
        &'a self,
        profile: &'a str,
        login: Login,
        origin: Origin,
    ) -> BoxFuture<'a, Result<Adopted, IntakeError>> {
        async move {
            if self.refuse {
                return Err(IntakeError("the vault is full".to_owned()));
            }
            let LoginGrant::Oauth { .. } = login.grant else { return Err(IntakeError("no tokens".to_owned())) };
            self.say("adopt", profile);
            self.held.lock().expect("no panic").push((profile.to_owned(), origin));
            Ok(Adopted { durable: !self.memory_only })
        }
        .boxed()
    }

    fn keep<'a>(&'a self, profile: &'a str, kept: Kept) -> BoxFuture<'a, Result<(), IntakeError>> {
        self.say("keep", profile);
        self.kept.lock().expect("no panic").push((profile.to_owned(), kept));
        async { Ok(()) }.boxed()
    }

    fn kept(&self) -> Vec<(String, Origin)> {
        self.kept.lock().expect("no panic").iter().map(|(name, kept)| (name.clone(), kept.origin.clone())).collect()
    }

    fn surrender<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(Kept, Option<RefreshToken>), IntakeError>> {
        self.say("surrender", profile);
        let kept = self.kept.lock().expect("no panic");
        let (_, kept) = kept.iter().find(|(name, _)| name == profile).expect("it was listed");
        let present = self.rotated.then(|| RefreshToken::new("rt-rotated".to_owned()));
        let undo = ApiKey::new(kept.taken.undo.expose().to_owned());
        let taken = Taken { place: kept.taken.place.clone(), undo, notes: Vec::new() };
        let surrendered = (Kept { origin: kept.origin.clone(), variables: kept.variables.clone(), taken }, present);
        async { Ok(surrendered) }.boxed()
    }

    fn reclaim<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>> {
        self.say("reclaim", profile);
        async { Ok(()) }.boxed()
    }

    fn forget<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>> {
        self.say("forget", profile);
        self.held.lock().expect("no panic").retain(|(name, _)| name != profile);
        self.kept.lock().expect("no panic").retain(|(name, _)| name != profile);
        async { Ok(()) }.boxed()
    }
}

const LOGINS: &str = "work one rt-1\nhome two\n";

struct Case {
    bench: Bench,
    keeper: Arc<Keeper>,
    imports: Imports,
}

impl Case {
    fn new(keeper: Keeper) -> Self {
        let bench = Bench::new();
        put(&bench.file(), LOGINS);
        *keeper.file.lock().expect("no panic") = bench.file();
        let keeper = Arc::new(keeper);
        let intake = Arc::clone(&keeper) as Arc<dyn Intake>;
        // One tool only: the other reads the same file.
        let tool = crate::link::stand::Tool { name: "tool", script: Arc::clone(&bench.script) };
        let tool: Vec<Box<dyn crate::link::Format>> = vec![Box::new(tool)];
        let formats = crate::link::Formats::new(tool, bench.tasks.clone(), bench.clock.clone());
        let imports = Imports::new(formats, bench.links.clone(), intake, bench.tasks.clone());
        Self { bench, keeper, imports }
    }

    fn order(&self, name: Option<&str>) -> Order {
        Order { name: name.map(str::to_owned), variables: self.bench.variables(), ..Order::default() }
    }

    async fn import(&self, order: Order) -> Vec<Found> {
        let Report { found, notes } = self.imports.import(order).await.expect("it can be done");
        assert!(notes.is_empty(), "{notes:?}");
        found
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.keeper.said.lock().expect("no panic"))
    }
}

#[tokio::test]
async fn looking_takes_nothing_and_shows_no_credential() {
    let case = Case::new(Keeper::default());
    let dry = Order { dry_run: true, all: true, ..case.order(None) };
    for order in [case.order(None), dry] {
        let found = case.import(order).await;
        let shown: Vec<_> = found.iter().map(|f| (f.profile.as_deref(), f.origin.refreshable, f.taken)).collect();
        assert_eq!(shown, [(Some("home"), false, false), (Some("work"), true, false)]);
        assert!(!format!("{found:?}").contains("rt-1"));
    }
    assert_eq!(case.said(), Vec::<String>::new());
    assert_eq!(case.bench.text(), LOGINS);
}

#[tokio::test]
async fn a_login_is_adopted_before_its_refresh_token_is_taken_out() {
    let case = Case::new(Keeper::default());
    let found = case.import(case.order(Some("work"))).await;
    assert!(found[0].taken && found.len() == 1);
    assert_eq!(found[0].notes, ["the refresh token was taken out"]);
    assert_eq!(case.said(), ["adopt work: tool refreshes", "keep work: tool does not"]);
    assert_eq!(case.bench.text(), "home two\nwork one\n");
    let again = case.import(case.order(Some("work"))).await;
    assert_eq!((again[0].taken, again[0].notes.as_slice()), (false, &["already imported".to_owned()][..]));
    assert!(case.said().is_empty());
}

#[tokio::test]
async fn a_login_that_is_not_adopted_is_not_touched() {
    let case = Case::new(Keeper { refuse: true, ..Keeper::default() });
    let found = case.import(Order { all: true, ..case.order(None) }).await;
    assert!(found.iter().all(|f| !f.taken && f.notes == ["the vault is full"] && f.profile.is_none()));
    assert_eq!(case.bench.text(), LOGINS);
}

#[tokio::test]
async fn an_import_that_was_cut_short_is_finished_by_the_next() {
    let case = Case::new(Keeper::default());
    let busy = FormatError::Io { place: "login".to_owned(), why: "busy".to_owned() };
    case.bench.script.lock().expect("no panic").take.push_back(busy);
    let found = case.import(case.order(Some("work"))).await;
    assert!(found[0].taken && found[0].notes[0].contains("two programs can refresh"), "{:?}", found[0].notes);
    assert_eq!(case.said(), ["adopt work: tool refreshes"]);
    let found = case.import(case.order(Some("work"))).await;
    assert!(found[0].taken && found[0].profile.as_deref() == Some("work"));
    assert_eq!(case.said(), ["keep work: tool does not"], "adopted once");
}

#[tokio::test]
async fn a_vault_that_keeps_nothing_leaves_the_refresh_token_with_the_tool() {
    let case = Case::new(Keeper { memory_only: true, ..Keeper::default() });
    for notes in [1, 2] {
        let found = case.import(case.order(Some("work"))).await;
        assert!(found[0].notes.iter().any(|note| note.contains("in memory only")), "{:?}", found[0].notes);
        assert_eq!(found[0].notes.len(), notes);
    }
    assert_eq!(case.bench.text(), LOGINS);
}

#[tokio::test]
async fn names_are_free_or_refused() {
    let case = Case::new(Keeper::default());
    let named = |name, profile: &str| Order { profile: Some(profile.to_owned()), ..case.order(Some(name)) };
    let found = case.import(named("work", "mine")).await;
    assert_eq!(found[0].profile.as_deref(), Some("mine"));
    let error = case.imports.import(named("home", "mine")).await.expect_err("it holds another login");
    assert!(matches!(error, ImportError::Exists(_)), "{error}");
    put(&case.bench.file(), "mine three\nother four\n");
    let error = case.imports.import(named("tool", "new")).await.expect_err("two logins");
    assert!(matches!(error, ImportError::Several { logins: 2, .. }), "{error}");
    let error = case.imports.import(case.order(Some("nobody"))).await.expect_err("there is none");
    assert!(matches!(error, ImportError::Unknown(_)), "{error}");
    let found = case.import(Order { all: true, ..case.order(None) }).await;
    assert_eq!(found[0].profile.as_deref(), Some("mine-2"));
}

#[tokio::test]
async fn what_a_link_wrote_is_nobodys_login() {
    let case = Case::new(Keeper::default());
    case.bench.vault.grant("linked", "ours");
    case.bench.make("linked").await.expect("nothing stands against it");
    let found = case.import(case.order(None)).await;
    assert!(found.iter().all(|found| found.origin.name != "linked") && found.len() == 2);
}

#[tokio::test]
async fn an_import_is_undone_in_the_other_order() {
    for (rotated, text) in [(false, "home two\nwork one rt-1\n"), (true, "home two\nwork one rt-rotated\n")] {
        let case = Case::new(Keeper { rotated, ..Keeper::default() });
        case.import(case.order(Some("work"))).await;
        drop(case.said());
        let looked = case.import(Order { undo: true, ..case.order(None) }).await;
        assert!(looked.len() == 1 && !looked[0].taken && case.said().is_empty());
        let given = case.import(Order { undo: true, ..case.order(Some("work")) }).await;
        assert!(given[0].taken && given[0].origin.refreshable);
        assert_eq!(case.said(), ["surrender work: tool does not", "forget work: tool refreshes"]);
        assert_eq!(case.bench.text(), text);
        let order = Order { undo: true, ..case.order(Some("work")) };
        let error = case.imports.import(order).await.expect_err("nothing is left to undo");
        assert!(matches!(error, ImportError::Unknown(_)), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_given_back_stays_with_the_agent() {
    let case = Case::new(Keeper::default());
    case.import(case.order(Some("work"))).await;
    drop(case.said());
    case.bench.script.lock().expect("no panic").give_back.push_back(FormatError::Keyring("locked".to_owned()));
    let given = case.import(Order { undo: true, all: true, ..case.order(None) }).await;
    assert!(!given[0].taken && given[0].notes[0].contains("locked"));
    assert_eq!(case.said(), ["surrender work: tool does not", "reclaim work: tool does not"]);
    let given = case.import(Order { undo: true, all: true, ..case.order(None) }).await;
    assert!(given[0].taken);
}

#[tokio::test]
async fn the_doctor_looks_everywhere() {
    let bench = Bench::new();
    let own = bench.home.path().join("agent/store.key");
    std::fs::create_dir_all(bench.home.path().join("agent")).expect("it is ours");
    put(&own, "key");
    let doctor = Doctor::new(bench.formats.clone(), vec![own]);
    let kinds = |found: crate::link::Diagnosis| -> Vec<_> {
        found.findings.into_iter().map(|(format, one)| format!("{format} {:?}", one.kind)).collect()
    };
    let variables = bench.variables();
    assert_eq!(kinds(doctor.look(&variables).await), ["ring Plaintext", "tool Plaintext"]);
    std::fs::create_dir(bench.home.path().join(".git")).expect("it is ours");
    let expected = ["agentd Versioned", "ring Plaintext", "tool Plaintext"];
    assert_eq!(kinds(doctor.look(&variables).await), expected);
}
