//! Making and ending links: what is chosen, what is refused.

use crate::link::stand::{Bench, put};
use crate::link::{FormatError, LinkError, State, To, Which, Wish};

#[tokio::test]
async fn a_login_that_lies_there_is_not_overwritten() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    put(&bench.file(), "work theirs\n");
    let error = bench.make("work").await.expect_err("it is another's");
    assert!(matches!(&error, LinkError::Foreign { link: None, .. }), "{error}");
    assert_eq!((bench.text().as_str(), bench.links.list().len()), ("work theirs\n", 0));
}

#[tokio::test]
async fn the_profiles_own_login_or_what_was_imported_from_there_may_be_replaced() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    put(&bench.file(), "work one\n");
    bench.make("work").await.expect("it is the same login");
    bench.links.end(Which { all: true, ..Which::default() }).await.expect("it can be taken out");
    put(&bench.file(), "work old\n");
    bench.vault.imported.lock().expect("no panic").push(crate::secret::Fingerprint::of(b"old"));
    bench.make("work").await.expect("it was imported from there");
    assert_eq!(bench.text(), "work one\n");
}

#[tokio::test]
async fn a_link_of_a_profile_without_a_login_waits() {
    let bench = Bench::new();
    bench.vault.log_out("work");
    let link = bench.make("work").await.expect("it may wait");
    assert_eq!((link.state, link.id.as_str()), (State::Waiting, "tool.work"));
    assert!(!bench.file().exists());
    bench.vault.grant("work", "one");
    bench.links.round().await;
    assert_eq!(bench.text(), "work one\n");
}

#[tokio::test]
async fn what_cannot_be_made_leaves_nothing() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    let wish = |format: Option<&str>| Wish { format: format.map(str::to_owned), ..bench.wish(Some("work")) };
    for format in [Some("nothing"), None] {
        let error = bench.links.make(wish(format)).await.expect_err("there is no such format");
        assert!(matches!(error, LinkError::UnknownFormat { known, .. } if known == ["ring", "tool"]));
    }
    let error = bench.make("nobody").await.expect_err("there is no such profile");
    assert!(matches!(error, LinkError::Absent(_)), "{error}");
    let homeless = Wish { variables: [].into(), ..wish(Some("tool")) };
    let error = bench.links.make(homeless).await.expect_err("there is no place");
    assert!(matches!(error, LinkError::Format(FormatError::Place(_))), "{error}");
    bench.script.lock().expect("no panic").write.push_back(FormatError::Refused("a `%` in it".to_owned()));
    let error = bench.make("work").await.expect_err("it is refused");
    assert!(matches!(error, LinkError::Format(FormatError::Refused(_))), "{error}");
    assert_eq!((bench.links.list().len(), bench.links.marks().len()), (0, 0));
}

#[tokio::test]
async fn two_links_do_not_share_a_place() {
    let bench = Bench::linked().await;
    bench.vault.switch("work");
    let error = bench.links.make(Wish { current: true, ..bench.wish(None) }).await.expect_err("it is another link's");
    assert!(matches!(&error, LinkError::Foreign { link: Some(link), .. } if link == "tool.work"), "{error}");
    bench.vault.grant("home", "two");
    bench.make("home").await.expect("its place is another line");
    assert_eq!(bench.text(), "work one\nhome two\n");
}

#[tokio::test]
async fn made_again_is_the_same_link() {
    let bench = Bench::linked().await;
    let again = bench.make("work").await.expect("it is there already");
    assert_eq!((again.id.as_str(), again.state, bench.links.list().len()), ("tool.work", State::Linked, 1));
    let in_memory = Wish { to: To::Tmpfs, ..bench.wish(Some("work")) };
    let other = bench.links.make(in_memory.clone()).await.expect("another place");
    assert_eq!(other.id, "tool.work.2");
    let place = bench.home.path().join("memory/links/tool.work.2/login");
    assert_eq!(std::fs::read_to_string(&place).expect("it is written"), "work one\n");
    assert_eq!(bench.links.make(in_memory).await.expect("it is there already").id, other.id);
    bench.links.end(Which { id: Some(other.id), ..Which::default() }).await.expect("it can be taken out");
    assert!(!place.parent().expect("it has one").exists(), "its directory goes with it");
    assert_eq!(bench.text(), "work one\n");
}

#[tokio::test]
async fn ending_takes_out_what_was_written_and_nothing_else() {
    let bench = Bench::linked().await;
    put(&bench.file(), "work one\nmore\n");
    let none = bench.links.end(Which { format: Some("ring".to_owned()), ..Which::default() }).await;
    assert!(matches!(none, Err(LinkError::NoSuchLink)));
    assert!(matches!(bench.links.end(Which::default()).await, Err(LinkError::NoSuchLink)));
    let which = Which { profile: Some("work".to_owned()), ..Which::default() };
    bench.script.lock().expect("no panic").withdraw.push_back(FormatError::Keyring("locked".to_owned()));
    bench.links.end(which.clone()).await.expect_err("it cannot be taken out now");
    assert_eq!(bench.state(), State::Failed);
    assert_eq!(bench.links.end(which).await.expect("now it can").len(), 1);
    assert_eq!((bench.text().as_str(), bench.links.list().len()), ("more\n", 0));
    put(&bench.file(), "work theirs\n");
    bench.links.end(Which { all: true, ..Which::default() }).await.expect("none is no mistake");
    assert_eq!(bench.text(), "work theirs\n");
}
