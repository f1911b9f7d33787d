//! `docs/threat-model.md`: each threat has what stands against it, and tests that there are.

use std::fs;

use harness::architecture::repository;
use harness::evil::Attack;
use harness::named_tests::{missing, named};

/// One row of the page: number, threat, what stands against it, tests.
type Row = [String; 4];

fn page() -> String {
    fs::read_to_string(repository().join("docs/threat-model.md")).expect("the page is there")
}

fn rows(page: &str) -> Vec<Row> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| nr |"));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    lines.map(|line| Row::try_from(cells(line)).expect("a row has four cells")).collect()
}

#[test]
fn every_threat_has_a_defence_and_tests_that_are_there() {
    let page = page();
    let rows = rows(&page);
    assert!(rows.len() > 20, "the rows are found");
    for [number, threat, defence, tests] in &rows {
        assert!(number.parse::<u32>().is_ok() && threat.len() > 5 && defence.len() > 5, "{number}: {threat}");
        assert!(!named(tests).is_empty(), "{number}: {threat}: no test");
    }
    let missing = missing(rows.iter().map(|[number, _, _, tests]| (number.as_str(), tests.as_str())));
    assert!(missing.is_empty(), "there is no test of this name:\n{}", missing.join("\n"));
}

/// What the malicious server does is on the page: each of its tests is named there.
#[test]
fn every_attack_of_the_malicious_server_is_told() {
    let page = page();
    let directory = repository().join("tests/it/evil");
    let mut told = 0;
    for file in fs::read_dir(directory).expect("the tests are there") {
        let path = file.expect("it can be listed").path();
        let module = path.file_stem().and_then(|name| name.to_str()).expect("names are text").to_owned();
        let text = fs::read_to_string(&path).expect("sources are text");
        for name in text.lines().filter_map(|line| line.strip_prefix("async fn ")?.strip_suffix("() {")) {
            let name = format!("`evil::{module}::{name}`");
            assert!(page.contains(&name), "{name} is not named in docs/threat-model.md");
            told += 1;
        }
    }
    assert!(told >= Attack::ALL.len(), "{told} tests for {} attacks", Attack::ALL.len());
}
