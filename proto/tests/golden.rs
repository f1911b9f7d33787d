//! Every message of the wire as a file: decoded, encoded again and compared.
//!
//! `golden/v1/TYPE.CASE.json` must survive the round trip exactly. `golden/v1/TYPE.CASE.tolerated.json` comes from a
//! newer peer: unknown fields and variants are accepted, and what is left is compared with `TYPE.CASE.understood.json`.
//! A wire change is a new file; no file is ever edited or removed within a protocol version.

#![allow(clippy::panic, reason = "a test that meets the unexpected is to fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proto::event::Event;
use proto::hello::Hello;
use proto::link::{DoctorRequest, Findings, ImportRequest, Imported, Link, LinkRequest, Links, UnlinkRequest};
use proto::login::{LoginAnswer, LoginRequest, LoginStarted, LoginStep, Logins};
use proto::problem::Problem;
use proto::profile::{LoggedOut, LogoutRequest, Profile, Profiles, Removed, RenameRequest, Renamed, SwitchRequest};
use proto::project::{ProjectRequest, Projects};
use proto::provider::{
    Environment, EnvironmentRequest, EnvironmentSwitched, Forgotten, Provider, ProviderChecked, ProviderFile, Providers,
};
use proto::status::{Done, Reloaded, Status};
use proto::token::{ExecRequest, ExecVariables, RefreshRequest, RejectRequest, Rejected, Token, TokenRequest};
use proto::whoami::{ProbeRequest, Probed, SyncRequest, Whoami, WhoamiRequest};
use proto::why::{Why, WhyRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn round_trip<T: DeserializeOwned + Serialize>(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(text)?)
}

/// Reads `text` as the named message and writes it again.
fn through(message: &str, text: &str) -> Result<Value, serde_json::Error> {
    match message {
        "Done" => round_trip::<Done>(text),
        "DoctorRequest" => round_trip::<DoctorRequest>(text),
        "Environment" => round_trip::<Environment>(text),
        "EnvironmentRequest" => round_trip::<EnvironmentRequest>(text),
        "EnvironmentSwitched" => round_trip::<EnvironmentSwitched>(text),
        "Event" => round_trip::<Event>(text),
        "ExecRequest" => round_trip::<ExecRequest>(text),
        "ExecVariables" => round_trip::<ExecVariables>(text),
        "Findings" => round_trip::<Findings>(text),
        "Forgotten" => round_trip::<Forgotten>(text),
        "Hello" => round_trip::<Hello>(text),
        "ImportRequest" => round_trip::<ImportRequest>(text),
        "Imported" => round_trip::<Imported>(text),
        "Link" => round_trip::<Link>(text),
        "LinkRequest" => round_trip::<LinkRequest>(text),
        "Links" => round_trip::<Links>(text),
        "LoggedOut" => round_trip::<LoggedOut>(text),
        "LoginAnswer" => round_trip::<LoginAnswer>(text),
        "LoginRequest" => round_trip::<LoginRequest>(text),
        "LoginStarted" => round_trip::<LoginStarted>(text),
        "LoginStep" => round_trip::<LoginStep>(text),
        "Logins" => round_trip::<Logins>(text),
        "LogoutRequest" => round_trip::<LogoutRequest>(text),
        "ProbeRequest" => round_trip::<ProbeRequest>(text),
        "Probed" => round_trip::<Probed>(text),
        "Problem" => round_trip::<Problem>(text),
        "Profile" => round_trip::<Profile>(text),
        "Profiles" => round_trip::<Profiles>(text),
        "ProjectRequest" => round_trip::<ProjectRequest>(text),
        "Projects" => round_trip::<Projects>(text),
        "Provider" => round_trip::<Provider>(text),
        "ProviderChecked" => round_trip::<ProviderChecked>(text),
        "ProviderFile" => round_trip::<ProviderFile>(text),
        "Providers" => round_trip::<Providers>(text),
        "RefreshRequest" => round_trip::<RefreshRequest>(text),
        "RejectRequest" => round_trip::<RejectRequest>(text),
        "Rejected" => round_trip::<Rejected>(text),
        "Reloaded" => round_trip::<Reloaded>(text),
        "Removed" => round_trip::<Removed>(text),
        "RenameRequest" => round_trip::<RenameRequest>(text),
        "Renamed" => round_trip::<Renamed>(text),
        "Status" => round_trip::<Status>(text),
        "SwitchRequest" => round_trip::<SwitchRequest>(text),
        "SyncRequest" => round_trip::<SyncRequest>(text),
        "Metrics" => round_trip::<proto::status::Metrics>(text),
        "Traced" => round_trip::<proto::trace::Traced>(text),
        "Token" => round_trip::<Token>(text),
        "TokenRequest" => round_trip::<TokenRequest>(text),
        "UnlinkRequest" => round_trip::<UnlinkRequest>(text),
        "Whoami" => round_trip::<Whoami>(text),
        "WhoamiRequest" => round_trip::<WhoamiRequest>(text),
        "Why" => round_trip::<Why>(text),
        "WhyRequest" => round_trip::<WhyRequest>(text),
        other => panic!("no message is called `{other}`"),
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let entries = std::fs::read_dir(folder).expect("the golden files are there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    files
}

#[test]
fn every_golden_file_survives_the_round_trip() {
    for file in files() {
        let name = file.file_name().and_then(|n| n.to_str()).expect("names are text").to_owned();
        if name.contains(".understood.") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let message = name.split('.').next().expect("a name has a first part");
        let written = through(message, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = if name.contains(".tolerated.") {
            let understood = file.with_file_name(name.replace(".tolerated.", ".understood."));
            std::fs::read_to_string(understood).expect("each tolerated file has an understood one")
        } else {
            text
        };
        let expected: Value = serde_json::from_str(&expected).expect("golden files are JSON");
        assert_eq!(written, expected, "{name}");
    }
}

#[test]
fn every_message_of_every_route_has_a_golden_file() {
    let names: Vec<_> =
        files().iter().filter_map(|f| Some(f.file_name()?.to_str()?.split('.').next()?.to_owned())).collect();
    let have: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let routes = proto::route::ALL.iter().flat_map(|route| route.request.into_iter().chain([route.response]));
    let missing: BTreeSet<_> = routes.chain(["Problem"]).filter(|message| !have.contains(message)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_code_has_its_word() {
    for code in proto::problem::Code::ALL {
        assert_eq!(serde_json::to_value(code).expect("codes are words"), Value::from(code.as_str()));
    }
}

#[test]
fn a_secret_that_is_shown_by_mistake_shows_nothing() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1/Token.full.json"));
    let token: Token = serde_json::from_str(&text.expect("the file is there")).expect("it is a token");
    assert!(!format!("{token:?}").contains("golden-access-token"));
}
