//! From what was written to what holds: checks values, puts the environment over the file and defaults under it.

use std::ffi::OsString;

use url::Url;

use super::file::{Raw, Text};
use super::problem::{Findings, Origin, quoted};
use super::{
    Config, LOG_FORMAT_VARIABLE, LOG_VARIABLE, Level, LogFormat, Narrow, ProfileConfig, RefreshMode, Reveal,
    STORE_KEY_VARIABLE, StoreKey,
};

const STORE_KEYS: &[(&str, StoreKey)] =
    &[("auto", StoreKey::Auto), ("file", StoreKey::File), ("memory", StoreKey::Memory)];
pub(super) const LEVELS: &[(&str, Level)] = &[
    ("error", Level::Error),
    ("warn", Level::Warn),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Trace),
];
pub(super) const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];
const REFRESH_MODES: &[(&str, RefreshMode)] = &[("early", RefreshMode::Early), ("late", RefreshMode::Late)];
const REVEALS: &[(&str, Reveal)] = &[("always", Reveal::Always), ("never", Reveal::Never), ("pipe", Reveal::Pipe)];
const NARROWS: &[(&str, Narrow)] =
    &[("exchange", Narrow::Exchange), ("never", Narrow::Never), ("refresh", Narrow::Refresh)];

/// The configuration; with a mistake noted, it is of no use. A value in the file is checked even when the environment
/// overrides it, so that it does not surprise later.
pub(super) fn resolve(raw: Raw, env: impl Fn(&str) -> Option<OsString>, found: &mut Findings) -> Config {
    let mut setting = |written: Option<Text>, variable| (written, from_environment(&env, variable, found));
    let (store_key, store_key_override) = setting(raw.store_key, STORE_KEY_VARIABLE);
    let (log, log_override) = setting(raw.log_level, LOG_VARIABLE);
    let (log_format, log_format_override) = setting(raw.log_format, LOG_FORMAT_VARIABLE);
    let store_key = choose(store_key, "store.key", STORE_KEYS, found);
    let log = choose(log, "log.level", LEVELS, found);
    let log_format = choose(log_format, "log.format", LOG_FORMATS, found);
    let mut profiles = std::collections::BTreeMap::new();
    for (name, profile) in raw.profiles {
        let refresh = choose(profile.refresh, "refresh", REFRESH_MODES, found).unwrap_or_default();
        let narrow = choose(profile.narrow, "narrow", NARROWS, found).unwrap_or_default();
        let reveal = choose(profile.reveal, "reveal", REVEALS, found).unwrap_or_default();
        profiles.insert(name, ProfileConfig { refresh, narrow, reveal });
    }
    Config {
        store_key: choose(store_key_override, "store.key", STORE_KEYS, found).or(store_key).unwrap_or_default(),
        log_format: choose(log_format_override, "log.format", LOG_FORMATS, found).or(log_format).unwrap_or_default(),
        log: choose(log_override, "log.level", LEVELS, found).or(log).unwrap_or_default(),
        proxy: raw.proxy.and_then(|proxy| proxy_url(proxy, found)),
        profiles,
    }
}

/// An empty variable counts as not set.
fn from_environment(
    env: impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
    found: &mut Findings,
) -> Option<Text> {
    let value = env(variable).filter(|value| !value.is_empty())?;
    let origin = Origin::Variable(variable);
    let value = value.into_string().ok();
    if value.is_none() {
        found.add(origin, "is not UTF-8 text", None);
    }
    value.map(|value| Text { value, origin })
}

fn choose<T: Copy>(text: Option<Text>, setting: &str, choices: &[(&str, T)], found: &mut Findings) -> Option<T> {
    let Text { value, origin } = text?;
    let choice = choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
    if choice.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let what = format!("{} is not a value of `{setting}`", quoted(&value, "this"));
        found.unknown(origin, what, &value, &words);
    }
    choice
}

/// Never repeats the URL: it may hold a password.
fn proxy_url(text: Text, found: &mut Findings) -> Option<String> {
    let usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
    };
    if Url::parse(&text.value).is_ok_and(|url| usable(&url)) {
        return Some(text.value);
    }
    let hint = "write `http://HOST:PORT`, or `https://HOST:PORT` for a proxy that speaks TLS".to_owned();
    found.add(text.origin, "this is not the URL of a proxy", Some(hint));
    None
}

#[cfg(test)]
mod tests;
