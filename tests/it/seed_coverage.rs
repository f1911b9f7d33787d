//! `docs/seed-coverage.md` names every statement of the five documents, and only tests that there are.

use std::fs;

use harness::architecture::repository;
use harness::named_tests::{exists, missing, named};

/// Number and heading of each document, and the lines that its statements stand in.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    (
        "000",
        "Tensormesh, `tm auth`",
        "2; 2; 2; 2, 12; 2, 13, 23; 4, 6, 8-11; 6; 7; 14; 15-16; 17; 17-18; 19, 21; 19; 23-24, 27; 25-26; 27; \
         29, 31-32; 29, 33-34; 35",
    ),
    (
        "001",
        "LlamaIndex, `llamactl auth`",
        "5; 12, 23-24, 27; 12, 24; 12, 25; 13, 28, 30; 25, 30; 14, 21, 32-33, 35; 35; 15, 37-38, 40; 15, 38, 40; \
         16, 42-43, 45; 45; 16, 43; 17, 47-48, 50; 50; 17, 48; 19, 21; 22, 26; 25; 25; 12, 15-17, 24, 38, 43, 48",
    ),
    (
        "002",
        "Tank",
        "2, 57, 182, 184-192; 2, 58; 4, 6-7, 9, 11, 32; 12, 52, 56; 13; 14, 31, 35; 15, 24-27, 55; \
         18, 20-23, 54; 16, 75; 29, 31, 33-34, 36-37; 39-45; 47, 49-50; 60, 62; 63; 64; 66, 68-69, 71, 73, 95; \
         73; 75, 77; 79, 81-83; 85-87, 89, 91, 97; 93, 96; 99, 101-102, 104, 106, 112, 114-118, 142; 120-122; \
         124-126, 144-145; 128-133, 143, 147; 146; 135, 137-138, 140; 149, 151-152, 154-158; 153; \
         160, 162, 164-165; 167, 169-170; 172, 174-180; 193; 195, 197-200; 201",
    ),
    (
        "003",
        "Baseten, `truss auth`",
        "1-3; 4; 5-6; 6; 7; 8-9; 10; 10, 48; 11; 12; 13-14; 14-15; 15, 30, 37; 16-17, 27; 19-22; 22-23; \
         23-24, 31-32, 38-39; 24-25, 32-33, 39-40; 26, 29, 34, 36, 41; 27-28, 35; 35-36; 42-43; 44; 45-47",
    ),
    (
        "004",
        "Contree, `contree auth`",
        "2; 4, 6-7; 9-10, 74-75; 12-13, 76, 102; 15-16, 57, 61-63, 118, 120; 18-19, 137-138; \
         21-22, 120, 128, 139; 24-25, 58, 64, 141, 143; 27-29, 65, 157, 159, 173-175; \
         31, 33-36, 38, 67-68, 121-122, 126-127, 144-145, 152-153, 160-161, 168-169; 40-41, 79, 92; \
         41-42, 69, 90, 98; 44-46, 71; 48-49, 104, 106-109; 50, 110; 51, 111-112; 53-54, 113, 180, 189; 54; \
         70, 99, 183; 72-73, 91, 100; 78, 80-81, 130, 155, 172; 83-85; 87, 89, 93; 94; 101; \
         113-116, 182, 184-185; 124, 128; 131-136; 143; 143; 147, 149-150; 159; 159; 159, 170; 163, 165-166; \
         176; 178, 181; 187-188",
    ),
];

/// How a row begins whose statement has no counterpart that could be tested.
const NOT_HERE: &str = "Not here: ";

/// One row of the page.
#[derive(Debug)]
struct Row {
    seed: String,
    statement: String,
    here: String,
    tests: String,
}

/// The rows of the part under a heading.
fn rows(page: &str, heading: &str) -> Vec<Row> {
    let part = page.split("\n## ").find_map(|part| part.strip_prefix(heading)).expect("the document has a part");
    let lines = part.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines
        .map(|line| {
            let cells: Vec<String> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            let [seed, statement, here, tests] = <[String; 4]>::try_from(cells).expect("a row has four cells");
            Row { seed, statement, here, tests }
        })
        .collect()
}

fn page() -> String {
    fs::read_to_string(repository().join("docs/seed-coverage.md")).expect("the page is there")
}

fn all_rows() -> Vec<Row> {
    let page = page();
    DOCUMENTS.iter().flat_map(|(_, heading, _)| rows(&page, heading)).collect()
}

#[test]
fn every_statement_of_the_five_documents_has_its_row() {
    let page = page();
    for (seed, heading, lines) in DOCUMENTS {
        let found: Vec<String> = rows(&page, heading).into_iter().map(|row| row.seed).collect();
        let expected: Vec<String> = lines.split("; ").map(|lines| format!("{seed} [{lines}]")).collect();
        assert_eq!(found, expected, "{heading}");
    }
    assert_eq!(page.matches("\n| 00").count(), all_rows().len(), "no row stands anywhere else");
}

#[test]
fn every_row_says_what_is_here_and_which_test_shows_it() {
    for row in all_rows() {
        assert!(!row.statement.is_empty() && row.here.len() > 2, "{row:?}");
        let tests = named(&row.tests);
        assert_eq!(tests.is_empty(), row.here.starts_with(NOT_HERE), "a reason or a test: {row:?}");
        let distinct: std::collections::BTreeSet<&&str> = tests.iter().collect();
        assert_eq!(distinct.len(), tests.len(), "{row:?}");
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let rows = all_rows();
    let missing = missing(rows.iter().map(|row| (row.seed.as_str(), row.tests.as_str())));
    assert!(missing.is_empty(), "there is no test of this name:\n{}", missing.join("\n"));
    for wrong in
        ["agentctl::nothing_of_the_kind", "agentd: link::tank::a_link_comes_and_goes_and_settings_stay", "x::y"]
    {
        assert!(!exists(wrong), "{wrong}");
    }
}
