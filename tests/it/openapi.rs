//! The checked-in `OpenAPI` document is the one the code describes, and a validator that is not ours accepts it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[test]
fn the_checked_in_document_is_the_one_the_code_describes() {
    let checked_in = std::fs::read_to_string(repository().join("docs/openapi.json")).expect("docs/openapi.json exists");
    let current = harness::openapi::text();
    let difference = checked_in.lines().zip(current.lines()).enumerate().find(|(_, (ours, theirs))| ours != theirs);
    assert!(checked_in == current, "run `cargo xtask openapi`; first difference: {difference:?}");
}

#[test]
fn every_message_of_every_route_has_a_schema() {
    let document: Value = serde_json::from_str(&harness::openapi::text()).expect("the document is JSON");
    let schemas = document["components"]["schemas"].as_object().expect("the document has schemas");
    for route in proto::route::ALL {
        for name in route.request.into_iter().chain([route.response]) {
            assert!(schemas.contains_key(name), "`{}` names `{name}`, which has no schema", route.name);
        }
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["operationId"], route.name);
    }
}

#[test]
fn no_schema_names_a_refresh_token() {
    let document: Value = serde_json::from_str(&harness::openapi::text()).expect("the document is JSON");
    let schemas = document["components"]["schemas"].as_object().expect("the document has schemas");
    for (name, schema) in schemas {
        let fields = schema["properties"].as_object().into_iter().flatten();
        for (field, _) in fields {
            assert!(!field.contains("refresh_token"), "`{name}.{field}` could carry a refresh token");
        }
    }
}

#[test]
fn a_real_validator_accepts_the_document() {
    let folder = repository().join("tests/openapi-validator");
    assert!(
        folder.join("node_modules").is_dir(),
        "the validator is not installed; run `cargo xtask test`, or `npm ci` in `{}`",
        folder.display()
    );
    assert_eq!(validate(&folder, &repository().join("docs/openapi.json")), Ok(()));
    let broken = tempfile::NamedTempFile::with_suffix(".json").expect("a temporary file");
    std::fs::write(broken.path(), harness::openapi::text().replace("\"operationId\"", "\"operation\""))
        .expect("the temporary file can be written");
    validate(&folder, broken.path()).expect_err("the validator accepted a document with an unknown field");
}

fn validate(folder: &Path, document: &Path) -> Result<(), String> {
    let output = Command::new("node").arg("check.mjs").arg(document).current_dir(folder).output();
    let output = output.map_err(|error| format!("cannot run `node`: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_path_buf()
}
