//! What outlives the daemon, in order or not.

use crate::link::State;
use crate::link::stand::{Bench, put};
use crate::secret::Fingerprint;

#[tokio::test]
async fn a_link_goes_on_after_a_restart() {
    let bench = Bench::linked().await;
    let bench = bench.killed(|vault| vault.grant("work", "two")).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked));
    put(&bench.file(), "work one\n");
    let bench = bench.killed(|vault| vault.grant("work", "two")).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked), "earlier ones are known again");
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_taken_out_when_its_profile_is_gone() {
    let bench = Bench::linked().await;
    put(&bench.file(), "work one\nmore\n");
    let bench = bench.killed(|_| {}).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\n", State::Waiting));
    bench.vault.grant("work", "two");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("more\nwork two\n", State::Linked));
}

#[tokio::test]
async fn resting_links_rest_after_a_restart() {
    for (text, state) in [("", State::Suspended), ("work theirs\n", State::Foreign)] {
        let bench = Bench::linked().await;
        put(&bench.file(), text);
        bench.settle().await;
        let bench = bench.killed(|vault| vault.grant("work", "two")).await;
        bench.pass(600).await;
        assert_eq!((bench.text().as_str(), bench.state()), (text, state));
    }
}

#[tokio::test]
async fn a_daemon_that_dies_between_record_and_write_knows_both() {
    for (there, last) in [("one", "one"), ("two", "two")] {
        let bench = Bench::linked().await;
        put(&bench.file(), &format!("work {there}\n"));
        // The list as it is at that moment.
        let file = bench.home.path().join("agent/links.json");
        let mark = |token: &str| crate::link::hex(&Fingerprint::of(token.as_bytes()).0);
        let mut list: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&file).expect("it is saved")).expect("JSON");
        list["links"][0]["writing"] = serde_json::json!({"profile": "work", "credential": mark("two")});
        put(&file, &list.to_string());
        let bench = bench.killed(|_| {}).await;
        assert_eq!((bench.text().as_str(), bench.state()), ("", State::Waiting), "{last} was the agent's");
    }
}

#[tokio::test]
async fn the_list_holds_no_credential_and_only_its_owner_reads_it() {
    use std::os::unix::fs::MetadataExt as _;
    let bench = Bench::new();
    bench.vault.grant("work", "canary-token");
    bench.make("work").await.expect("nothing stands against it");
    let file = bench.home.path().join("agent/links.json");
    let text = std::fs::read_to_string(&file).expect("it is saved");
    assert!(!text.contains("canary") && text.contains("\"version\": 1"), "{text}");
    assert_eq!(file.metadata().expect("it is there").mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_list_of_a_newer_daemon_is_read_and_a_damaged_one_moved_aside() {
    let bench = Bench::linked().await;
    let file = bench.home.path().join("agent/links.json");
    let text = std::fs::read_to_string(&file).expect("it is saved");
    put(&file, &text.replace("\"version\": 1", "\"version\": 1, \"more\": [1]"));
    let bench = bench.killed(|vault| vault.grant("work", "one")).await;
    assert_eq!((bench.state(), bench.warning.as_ref()), (State::Linked, None));
    put(&file, "{\"version\": 1, \"links\": [{\"id\":");
    let bench = bench.killed(|_| {}).await;
    assert!(bench.links.list().is_empty());
    assert!(bench.warning.as_ref().is_some_and(|warning| warning.contains("links.json.damaged")));
    assert!(file.with_extension("json.damaged").exists());
}

#[tokio::test]
async fn without_a_list_nothing_is_written() {
    let bench = Bench::linked().await;
    let directory = bench.home.path().join("agent");
    std::fs::remove_dir_all(&directory).expect("it is ours");
    put(&directory, "in the way");
    bench.vault.grant("work", "two");
    bench.links.round().await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work one\n", State::Failed));
    std::fs::remove_file(&directory).expect("it is ours");
    bench.pass(2).await;
    assert_eq!((bench.text().as_str(), bench.state()), ("work two\n", State::Linked));
}
