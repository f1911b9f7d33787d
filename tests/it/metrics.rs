//! `metrics`: read by the parser that Prometheus publishes for Python, and compared with what the issuer has counted.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use harness::ctl::Ctl;
use harness::issuer::{Behaviour, Endpoint};
use harness::logins;
use harness::stage::{PROFILE, Stage};
use proto::login::LoginRequest;
use proto::route;
use proto::timestamp::Timestamp;
use serde_json::Value;

const KEY: &str = "canary-key-of-metrics-0001";

/// Every value by its name and labels, as `name{label=value}`.
const PARSER: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
values = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation and family.type != 'unknown', family
    for sample in family.samples:
        labels = ','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))
        key = f'{sample.name}{{{labels}}}' if labels else sample.name
        assert key not in values, key
        values[key] = sample.value
print(json.dumps(values))
";

/// The page as the parser reads it.
fn read(page: &str) -> BTreeMap<String, f64> {
    let mut command = Command::new(harness::client::programs().join("python"));
    command.args(["-c", PARSER]);
    let read = Ctl::of(command).input(page).run().ok();
    serde_json::from_str(&read.out).expect("the parser prints one object")
}

async fn page(stage: &Stage) -> String {
    let answer = stage.wire.call(&route::METRICS, "", &()).await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
    String::from_utf8(answer.body.to_vec()).expect("it is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_the_issuer() {
    let stage = Stage::ready().await;
    let before = read(&page(&stage).await);
    let logins = stage.issuer.count(Endpoint::Token);
    for _ in 0..3 {
        stage.refresh().await.expect("a refresh");
    }
    for _ in 0..5 {
        stage.token().await.expect("a token that is there");
    }
    stage.inside.clock.advance(Duration::from_secs(1));
    stage.issuer.next(Endpoint::Token, Behaviour::status(503));
    stage.refresh().await.expect_err("unavailable");
    stage.inside.clock.advance(Duration::from_mins(10));
    let end = stage.inside.clock.wall() + 3600;
    let key = LoginRequest { expires_at: Some(Timestamp::from_unix(end)), ..logins::by_key("ci", KEY) };
    logins::run(&stage.wire, &stage.issuer, &key).await.expect("a key is kept");
    let text = page(&stage).await;
    assert!(!text.contains(KEY) && !text.contains(PROFILE) && !text.contains("ci\""), "no profile is named: {text}");
    let values = read(&text);
    let grown = |name: &str| values[name] - before[name];
    assert_eq!(values["agentd_build_info{version=0.1.0}"].to_string(), "1");
    let refreshed = grown("agentd_refreshes_total{outcome=refreshed}");
    assert!(refreshed >= 3.0, "{values:?}");
    assert!(grown("agentd_refreshes_total{outcome=failed}") >= 1.0, "{values:?}");
    let requests = grown("agentd_service_request_duration_seconds_count{outcome=answered}");
    let counted = stage.issuer.count(Endpoint::Token) - logins;
    assert_eq!(requests.to_string(), counted.to_string(), "each request is counted once: {values:?}");
    let in_classes = values["agentd_service_request_duration_seconds_bucket{le=+Inf,outcome=answered}"];
    assert_eq!(
        in_classes.to_string(),
        values["agentd_service_request_duration_seconds_count{outcome=answered}"].to_string()
    );
    assert_eq!(grown("agentd_tokens_served_total{wait=none}").to_string(), "5");
    assert_eq!(grown("agentd_logins_total{outcome=finished}").to_string(), "1");
    assert_eq!(values["agentd_callers_waiting"].to_string(), "0");
    let states = ["usable", "refreshable", "login-required", "logged-out", "misconfigured"];
    let profiles: f64 = states.iter().map(|state| values[&format!("agentd_profiles{{state={state}}}")]).sum();
    assert_eq!(profiles.to_string(), "2");
    assert_eq!(values["agentd_earliest_login_lapse_timestamp_seconds"].to_string(), end.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_and_a_program_see_the_same_numbers() {
    let stage = Stage::ready().await;
    let text = Ctl::new(&stage.sandbox, &["daemon", "metrics"]).run().ok().out;
    assert_eq!(read(&text)["agentd_profiles{state=usable}"].to_string(), "1");
    let json = Ctl::new(&stage.sandbox, &["daemon", "metrics", "-o", "json"]).run().ok().out;
    let document: Value = serde_json::from_str(&json).expect("one document");
    let metrics = document["metrics"].as_array().expect("a list");
    let usable = metrics.iter().find(|one| one["name"] == "agentd_profiles" && one["labels"]["state"] == "usable");
    assert_eq!(usable.map(|one| &one["value"]), Some(&Value::from(1.0)));
    assert_eq!(metrics.len(), read(&text).len());
}
