//! The choices of each provider, as they are kept on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::RecordId;

/// The choices of one provider.
#[derive(Default, Serialize, Deserialize)]
struct Choice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    last: BTreeMap<String, u64>,
}

/// The bytes to be sealed.
pub(in crate::store) fn encode(choices: &BTreeMap<String, super::Choice>) -> Zeroizing<Vec<u8>> {
    let written: BTreeMap<&String, Choice> = choices
        .iter()
        .map(|(provider, choice)| {
            let last = choice.last.iter().map(|(environment, id)| (environment.clone(), id.0)).collect();
            let choice =
                Choice { environment: choice.environment.clone(), current: choice.current.map(|id| id.0), last };
            (provider, choice)
        })
        .collect();
    Zeroizing::new(serde_json::to_vec(&written).expect("texts and numbers always become JSON"))
}

/// Reads what [`encode`] wrote.
pub(in crate::store) fn decode(plain: &[u8]) -> Option<BTreeMap<String, super::Choice>> {
    let read: BTreeMap<String, Choice> = serde_json::from_slice(plain).ok()?;
    let choice = |choice: Choice| super::Choice {
        environment: choice.environment,
        current: choice.current.map(RecordId),
        last: choice.last.into_iter().map(|(environment, id)| (environment, RecordId(id))).collect(),
    };
    Some(read.into_iter().map(|(provider, read)| (provider, choice(read))).collect())
}
