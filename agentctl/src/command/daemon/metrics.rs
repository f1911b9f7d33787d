//! `daemon metrics`: numbers about the agent.

use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::clean;

pub(super) fn print(invocation: &Invocation) -> Result<(), Failure> {
    let page = Client::new(invocation.door().connect()?.stream).metrics()?;
    if invocation.output.is_json() {
        return invocation.output.json(&json!({"metrics": page.lines().filter_map(metric).collect::<Vec<_>>()}));
    }
    let text: String = page.lines().flat_map(|line| [clean(line), "\n".into()]).collect();
    invocation.output.text(&text)
}

/// One value with its name and labels. The agent's labels are plain words, so no value holds a quote or a comma.
fn metric(line: &str) -> Option<Value> {
    let (name, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
    let value: f64 = value.parse().ok()?;
    let (name, labels) = name.split_once('{').unwrap_or((name, ""));
    let pairs = labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('='));
    let labels: Map<String, Value> =
        pairs.map(|(name, word)| (name.to_owned(), json!(word.trim_matches('"')))).collect();
    Some(json!({"name": name, "labels": labels, "value": value}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_page_become_objects() {
        let expected = json!({"name": "x_total", "labels": {"a": "b", "le": "+Inf"}, "value": 1.5});
        assert_eq!(metric("x_total{a=\"b\",le=\"+Inf\"} 1.5"), Some(expected));
        assert_eq!(metric("x 7"), Some(json!({"name": "x", "labels": {}, "value": 7.0})));
        assert_eq!(metric("# TYPE x gauge"), None);
    }
}
