//! The parts of a login request that take more than copying.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proto::login::Flow;
use proto::secret::Secret;
use proto::timestamp::Timestamp;

use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::{clock, duration, prompt};

/// The flow that was asked for; none leaves it to the agent.
pub(super) fn flow(browser: bool, device: bool, key: bool) -> Option<Flow> {
    match (browser, device, key) {
        (true, ..) => Some(Flow::AuthorizationCode),
        (_, true, _) => Some(Flow::Device),
        (.., true) => Some(Flow::Key),
        _ => None,
    }
}

/// The key or the client secret from standard input; the parser allows one of them.
pub(super) fn secrets(
    invocation: &Invocation,
    key: bool,
    client_secret: bool,
) -> Result<(Option<Secret>, Option<Secret>), Failure> {
    let key = key.then(|| prompt::secret(invocation, "key")).transpose()?;
    let client_secret = client_secret.then(|| prompt::secret(invocation, "client secret")).transpose()?;
    Ok((key, client_secret))
}

/// A point in time: RFC 3339, or a duration from now.
pub(super) fn point(text: &str) -> Result<Timestamp, &'static str> {
    let from_now = |wait| {
        let wait = i64::try_from(duration::seconds(wait)).unwrap_or(i64::MAX);
        Timestamp::from_unix(clock::now().unix().saturating_add(wait))
    };
    duration::parse(text)
        .map(from_now)
        .or_else(|_| Timestamp::parse(text))
        .map_err(|_| "is neither a date and time such as 2026-11-22T08:30:00Z nor a duration such as `90d`")
}

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("is not `KEY=VALUE`"),
    }
}

/// Each key once: which of two values an issuer would take is anybody's guess.
pub(super) fn unique(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Failure> {
    let count = pairs.len();
    let map: BTreeMap<String, String> = pairs.into_iter().collect();
    if map.len() == count { Ok(map) } else { Err(Failure::usage("`--auth-param` names one key twice")) }
}

/// The agent works in another directory, so its paths are absolute.
pub(super) fn absolute(path: PathBuf) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(|_| Failure::usage("`--ca-file` is empty"))?;
    path.into_os_string().into_string().map_err(|_| Failure::usage("the path of `--ca-file` is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lapses_at_a_point_or_after_a_while() {
        assert_eq!(point("2026-09-21T14:13:20Z"), Ok(Timestamp::from_unix(1_790_000_000)));
        let before = clock::now().unix();
        let lapses = point("90d").expect("it is a duration").unix();
        assert!((before + 90 * 86400..=clock::now().unix() + 90 * 86400).contains(&lapses));
        assert!(point("tomorrow").is_err() && point("").is_err());
    }

    #[test]
    fn parameters_are_pairs_and_each_key_stands_once() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        let pairs = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        assert!(unique(pairs(&["a", "b"])).is_ok());
        assert!(unique(pairs(&["a", "a"])).is_err());
    }

    #[test]
    fn a_relative_file_is_made_absolute() {
        let absolute_path = absolute(PathBuf::from("ca.pem")).expect("it is text");
        assert!(absolute_path.starts_with('/') && absolute_path.ends_with("/ca.pem"));
        assert!(absolute(PathBuf::new()).is_err());
    }
}
