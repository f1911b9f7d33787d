//! What a link does once it is made: the rows of the table in `judge`, through the front.

use std::time::Duration;

use crate::link::stand::{Bench, START, put};
use crate::link::{FormatError, State, To};

#[tokio::test]
async fn every_refresh_is_written() {
    let bench = Bench::linked().await;
    for token in ["two", "three", "four"] {
        bench.vault.grant("work", token);
        bench.links.round().await;
        assert_eq!((bench.text(), bench.state()), (format!("work {token}\n"), State::Linked));
    }
    assert_eq!(bench.link().written_at, Some(START + 60));
    let writes = bench.script.lock().expect("no panic").writes;
    bench.pass(600).await;
    assert_eq!(bench.script.lock().expect("no panic").writes, writes, "nothing is written without a reason");
}

#[tokio::test]
async fn the_task_wakes_by_itself() {
    let bench = Bench::linked().await;
    bench.vault.grant("work", "two");
    let written = async {
        while bench.text() != "work two\n" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("it was told of the change");
}

#[tokio::test]
async fn what_else_is_in_the_file_stays_and_quiet_files_are_not_read() {
    let bench = Bench::linked().await;
    put(&bench.file(), "work one\nother login\n");
    bench.pass(2).await;
    let looks = bench.script.lock().expect("no panic").looks;
    bench.pass(60).await;
    assert_eq!(bench.script.lock().expect("no panic").looks, looks, "only the file's times are looked at");
    bench.vault.grant("work", "two");
    bench.links.round().await;
    assert_eq!(bench.text(), "other login\nwork two\n");
}

#[tokio::test]
async fn a_write_of_the_tool_right_after_one_of_the_links_is_noticed() {
    let bench = Bench::linked().await;
    bench.script.lock().expect("no panic").overwrite = Some("work one\n".to_owned());
    bench.vault.grant("work", "two");
    bench.links.round().await;
    assert_eq!(bench.script.lock().expect("no panic").overwrite, None, "the tool has written");
    bench.pass(4).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked));
}

#[tokio::test]
async fn a_logout_of_the_tool_suspends_the_link_until_it_is_made_again() {
    let bench = Bench::linked().await;
    std::fs::remove_file(bench.file()).expect("it is there");
    bench.settle().await;
    assert_eq!(bench.state(), State::Suspended);
    bench.vault.grant("work", "two");
    bench.pass(3600).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("", State::Suspended));
    let link = bench.make("work").await.expect("the person wants it");
    assert_eq!((link.state, bench.text().as_str()), (State::Linked, "work two\n"));
    assert_eq!(bench.links.list().len(), 1);
}

#[tokio::test]
async fn another_login_is_never_overwritten() {
    let bench = Bench::linked().await;
    put(&bench.file(), "work theirs\n");
    bench.settle().await;
    assert_eq!(bench.state(), State::Foreign);
    bench.vault.grant("work", "two");
    bench.pass(3600).await;
    bench.vault.log_out("work");
    bench.pass(3600).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work theirs\n", State::Foreign));
    bench.vault.grant("work", "three");
    bench.make("work").await.expect_err("the tool's login is still there");
    assert_eq!(bench.text(), "work theirs\n");
    put(&bench.file(), "");
    bench.make("work").await.expect("nothing stands against it now");
    assert_eq!(bench.text(), "work three\n");
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_judged() {
    let bench = Bench::linked().await;
    put(&bench.file(), "");
    bench.links.round().await;
    assert_eq!(bench.state(), State::Linked, "seen once");
    put(&bench.file(), "work one\nmore\n");
    bench.settle().await;
    assert_eq!(bench.state(), State::Linked);
    put(&bench.file(), "work half-writ");
    bench.pass(2).await;
    assert_eq!(bench.state(), State::Failed);
    put(&bench.file(), "work one\n");
    bench.settle().await;
    assert_eq!(bench.state(), State::Linked);
}

#[tokio::test]
async fn an_earlier_credential_that_was_written_back_is_replaced() {
    let bench = Bench::linked().await;
    for token in ["two", "three"] {
        bench.vault.grant("work", token);
        bench.links.round().await;
    }
    for stale in ["one", "two"] {
        put(&bench.file(), &format!("work {stale}\nmore\n"));
        bench.pass(2).await;
        assert_eq!((bench.text().as_str(), bench.state()), ("more\nwork three\n", State::Linked));
    }
}

#[tokio::test]
async fn a_first_write_that_is_undone_at_once_is_repeated_once() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    bench.make("work").await.expect("nothing stands against it");
    put(&bench.file(), "more\n");
    bench.settle().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\nwork one\n", State::Linked));
    put(&bench.file(), "more\n");
    bench.settle().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\n", State::Suspended));
}

#[tokio::test]
async fn a_logout_of_the_profile_takes_it_out_and_a_login_writes_it_again() {
    let bench = Bench::linked().await;
    put(&bench.file(), "more\nwork one\n");
    bench.vault.log_out("work");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\n", State::Waiting));
    assert_eq!(bench.link().detail.as_deref(), Some("nobody is logged in as `work`"));
    bench.vault.grant("work", "two");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\nwork two\n", State::Linked));
}

#[tokio::test]
async fn a_removed_profile_takes_its_link_along() {
    let bench = Bench::linked().await;
    bench.vault.remove("work");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.links.list().len()), ("", 0));
}

#[tokio::test]
async fn the_current_profile_is_followed() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    bench.vault.grant("home", "two");
    bench.vault.switch("work");
    let wish = crate::link::Wish { current: true, ..bench.wish(None) };
    bench.links.make(wish).await.expect("nothing stands against it");
    assert_eq!(bench.text(), "work one\n");
    bench.vault.switch("home");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("home two\n", State::Linked));
    bench.vault.grant("work", "three");
    bench.links.round().await;
    assert_eq!(bench.text(), "home two\n");
    bench.vault.log_out("home");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("", State::Waiting));
}

#[tokio::test]
async fn a_failed_write_is_tried_again_later_and_later() {
    let bench = Bench::linked().await;
    let full = || FormatError::Io { place: "login".to_owned(), why: "the disk is full".to_owned() };
    bench.script.lock().expect("no panic").write.extend([full(), full(), full()]);
    bench.vault.grant("work", "two");
    bench.links.round().await;
    let tries = |bench: &Bench| bench.script.lock().expect("no panic").writes;
    let first = tries(&bench);
    assert_eq!(bench.state(), State::Failed);
    assert_eq!(bench.link().detail.as_deref(), Some("`login`: the disk is full"));
    for (seconds, tried) in [(1, 0), (1, 1), (3, 1), (1, 2), (7, 2), (1, 3)] {
        bench.pass(seconds).await;
        assert_eq!(tries(&bench) - first, tried);
    }
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked));
}

#[tokio::test]
async fn a_credential_that_is_refused_is_left_until_there_is_another() {
    let bench = Bench::linked().await;
    let refused = FormatError::Refused("a `%` in it".to_owned());
    bench.script.lock().expect("no panic").write.push_back(refused);
    bench.vault.grant("work", "t%o");
    bench.pass(600).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work one\n", State::Failed));
    bench.vault.grant("work", "three");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work three\n", State::Linked));
}

#[tokio::test]
async fn a_failed_withdrawal_is_tried_again() {
    let bench = Bench::linked().await;
    bench.script.lock().expect("no panic").withdraw.push_back(FormatError::Keyring("locked".to_owned()));
    bench.vault.log_out("work");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work one\n", State::Failed));
    bench.pass(2).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("", State::Waiting));
}

#[tokio::test]
async fn a_file_that_others_can_read_is_written_anew() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let bench = Bench::linked().await;
    std::fs::set_permissions(bench.file(), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    bench.pass(2).await;
    assert_eq!(bench.file().metadata().expect("it is there").mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_keyring_is_looked_at_now_and_then() {
    let bench = Bench::new();
    bench.vault.grant("work", "one");
    let wish = crate::link::Wish { format: Some("ring".to_owned()), ..bench.wish(Some("work")) };
    bench.links.make(wish).await.expect("nothing stands against it");
    bench.script.lock().expect("no panic").ring.clear();
    bench.pass(20).await;
    assert_eq!(bench.state(), State::Linked, "not looked at yet");
    bench.pass(10).await;
    bench.pass(2).await;
    assert_eq!(bench.state(), State::Suspended);
}

#[tokio::test]
async fn everything_is_taken_out_and_nothing_written_until_it_may_be_again() {
    let bench = Bench::linked().await;
    assert!(bench.links.withdraw_all().await);
    bench.vault.grant("work", "two");
    bench.pass(60).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("", State::Waiting));
    assert!(bench.links.marks().is_empty());
    bench.links.resume();
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked));
    bench.script.lock().expect("no panic").withdraw.push_back(FormatError::Keyring("locked".to_owned()));
    assert!(!bench.links.withdraw_all().await, "one is still out");
}

#[tokio::test]
async fn a_token_is_refreshed_before_the_tool_would_do_it() {
    let bench = Bench::new();
    bench.vault.grant_until("work", "one", Some(START + 3600));
    bench.make("work").await.expect("nothing stands against it");
    assert_eq!(bench.links.least_life("work"), Some(Duration::from_mins(2)));
    assert_eq!(bench.links.least_life("home"), None);
    let asked = |bench: &Bench| bench.vault.freshened.lock().expect("no panic").clone();
    bench.pass(3479).await;
    assert_eq!(asked(&bench), []);
    bench.pass(1).await;
    tokio::task::yield_now().await;
    assert_eq!(asked(&bench), [("work".to_owned(), Duration::from_mins(2))]);
    bench.pass(29).await;
    assert_eq!(asked(&bench).len(), 1, "not asked for all the time");
    bench.pass(1).await;
    tokio::task::yield_now().await;
    assert_eq!(asked(&bench).len(), 2);

    // One that never lives so long is refreshed at half its life.
    bench.vault.grant_until("work", "two", Some(START + 3510 + 90));
    bench.pass(44).await;
    assert_eq!(asked(&bench).len(), 2);
    bench.pass(1).await;
    tokio::task::yield_now().await;
    assert_eq!(asked(&bench)[2], ("work".to_owned(), Duration::from_secs(45)));
}

#[tokio::test]
async fn nobody_is_woken_when_nothing_is_out() {
    let bench = Bench::linked().await;
    let waits = bench.clock.sleepers();
    bench.vault.log_out("work");
    bench.links.round().await;
    assert!(bench.clock.sleepers() < waits, "no timer");
    let in_memory = crate::link::Wish { to: To::Tmpfs, ..bench.wish(Some("work")) };
    bench.links.make(in_memory).await.expect("it waits for a login");
    assert!(bench.clock.sleepers() < waits);
}
