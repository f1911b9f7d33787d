//! `[[login]]`: one way to log in.

use std::time::Duration;

use super::scope::{Ground, Scope};
use super::section::Section;
use super::{key, oauth, poll, rule};
use crate::config::{Findings, Text, quoted};
use crate::provider::{Expiry, Flow, FlowSpec, Method, MethodName, OauthSpec};

const FLOWS: &[(&str, Flow)] = &[
    ("authorization-code", Flow::AuthorizationCode),
    ("client-credentials", Flow::ClientCredentials),
    ("device", Flow::Device),
    ("key", Flow::Key),
    ("poll-exchange", Flow::PollExchange),
];
const EXPIRIES: &[(&str, Expiry)] = &[
    ("expires_at", Expiry::ExpiresAt),
    ("expires_in", Expiry::ExpiresIn),
    ("jwt", Expiry::Jwt),
    ("whoami", Expiry::Whoami),
];

/// How long a login waits for its person when the file does not say.
const MAX_WAIT: Duration = Duration::from_mins(5);
/// The longest life that can be assumed.
const MAX_LIFE: Duration = Duration::from_hours(24 * 3660);

/// What the rest of the file can tell of a credential.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// `[whoami]` says when it lapses.
    pub(super) expiry: bool,
    /// There is a request to try it with.
    pub(super) validity: bool,
}

/// Reads every `[[login]]`.
pub(super) fn methods(tables: Vec<Section<'_>>, ground: &Ground, told: Told, found: &mut Findings) -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for section in tables {
        let origin = section.origin();
        let Some(method) = method(section, ground, found) else { continue };
        if !told.expiry && method.expiry.contains(&Expiry::Whoami) {
            let hint = "add `expires_at` to `[whoami]`".to_owned();
            found.add(origin, "has an `expiry` that `[whoami]` does not tell", Some(hint));
        }
        if !told.validity && matches!(method.flow, FlowSpec::Key(_)) {
            let hint = "add `[whoami]` or `[projects]`: a key is tried before it is saved".to_owned();
            found.add(origin, "takes a key that no request could try", Some(hint));
        }
        if methods.iter().any(|known| known.name == method.name) {
            let what = format!("is a second `[[login]]` with the method `{}`", method.name.word());
            found.add(origin, what, Some("give one of them another `method`".to_owned()));
        }
        methods.push(method);
    }
    methods
}

fn method(mut section: Section<'_>, ground: &Ground, found: &mut Findings) -> Option<Method> {
    let flow = section.need("flow", found).and_then(|text| choose(&text, "flow", FLOWS, found));
    let word = section.text("method", found);
    let scheme = scheme(&mut section, found);
    let expiry = expiry(&mut section, flow, found);
    let max_wait = time(&mut section, "max_wait", Duration::from_secs(10)..=Duration::from_hours(1), found);
    let Some(flow) = flow else {
        // Without its flow, nobody can say which keys it should have.
        return None;
    };
    let scope = Scope::new(ground, &[]);
    let spec = match flow {
        Flow::Key => FlowSpec::Key(key::read(&mut section, found)),
        Flow::PollExchange => FlowSpec::PollExchange(Box::new(poll::read(&mut section, ground, found))),
        Flow::AuthorizationCode => FlowSpec::AuthorizationCode(oauth::read(&mut section, flow, &scope, found)),
        Flow::ClientCredentials => FlowSpec::ClientCredentials(oauth::read(&mut section, flow, &scope, found)),
        Flow::Device | Flow::None => FlowSpec::Device(oauth::read(&mut section, flow, &scope, found)),
    };
    let name = name(word.as_ref(), flow, found);
    section.close(found);
    Some(Method { name, flow: spec, scheme, expiry, max_wait: max_wait.unwrap_or(MAX_WAIT) })
}

/// The method's option. Key and client credentials have one of their own; the others ask a person, in a browser here or
/// on any device.
fn name(word: Option<&Text>, flow: Flow, found: &mut Findings) -> MethodName {
    let allowed: &[(&str, MethodName)] = match flow {
        Flow::Key => &[("api-key", MethodName::ApiKey)],
        Flow::ClientCredentials => &[("client-credentials", MethodName::ClientCredentials)],
        Flow::Device => &[("device", MethodName::Device), ("browser", MethodName::Browser)],
        _ => &[("browser", MethodName::Browser), ("device", MethodName::Device)],
    };
    word.and_then(|word| choose(word, "method", allowed, found)).unwrap_or(allowed[0].1)
}

fn expiry(section: &mut Section<'_>, flow: Option<Flow>, found: &mut Findings) -> Vec<Expiry> {
    let is_key = flow == Some(Flow::Key);
    let written = section.has("expiry");
    let mut sources = Vec::new();
    for text in section.texts("expiry", found) {
        let source = choose(&text, "expiry", EXPIRIES, found);
        if is_key && matches!(source, Some(Expiry::ExpiresAt | Expiry::ExpiresIn)) {
            let hint = "use `whoami` or `jwt`".to_owned();
            found.add(text.origin, "a key comes without an answer that could tell", Some(hint));
        }
        sources.extend(source);
    }
    if !written {
        sources = if is_key { vec![Expiry::Jwt] } else { vec![Expiry::ExpiresIn, Expiry::ExpiresAt, Expiry::Jwt] };
    }
    let life = time(section, "assume_lifetime", Duration::from_mins(1)..=MAX_LIFE, found);
    sources.extend(life.map(Expiry::Assume));
    sources
}

/// `scheme`, the word before the credential.
pub(super) fn scheme(section: &mut Section<'_>, found: &mut Findings) -> String {
    let Some(text) = section.text("scheme", found) else { return "Bearer".to_owned() };
    if !rule::is_token(&text.value) {
        let hint = "write one word, such as `Bearer` or `Api-Key`".to_owned();
        found.add(text.origin, "is not the name of an authentication scheme", Some(hint));
    }
    text.value
}

/// A time within bounds.
pub(super) fn time(
    section: &mut Section<'_>,
    key: &'static str,
    bounds: std::ops::RangeInclusive<Duration>,
    found: &mut Findings,
) -> Option<Duration> {
    let text = section.text(key, found)?;
    let time = rule::duration(&text.value);
    match time {
        None => {
            let hint = "write a number and its unit: `2s`, `5m`, `12h`, `90d`".to_owned();
            found.add(text.origin, "is not a time", Some(hint));
        }
        Some(time) if !bounds.contains(&time) => {
            let (least, most) = (bounds.start().as_secs(), bounds.end().as_secs());
            let hint = format!("use something from {least} to {most} seconds");
            found.add(text.origin, format!("is not a time for `{key}`"), Some(hint));
        }
        Some(_) => {}
    }
    time
}

/// The choice of this word.
pub(super) fn choose<T: Copy>(text: &Text, key: &str, choices: &[(&str, T)], found: &mut Findings) -> Option<T> {
    let choice = choices.iter().find(|(word, _)| *word == text.value).map(|(_, choice)| *choice);
    if choice.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let what = format!("{} is not a value of `{key}`", quoted(&text.value, "this"));
        found.unknown(text.origin, what, &text.value, &words);
    }
    choice
}

impl OauthSpec {
    /// Whether everything that a flow needs of its server is known or can be found out.
    pub(super) fn is_reachable(&self, flow: Flow) -> bool {
        let first = match flow {
            Flow::AuthorizationCode => self.authorization_endpoint.is_some(),
            Flow::Device => self.device_authorization_endpoint.is_some(),
            _ => true,
        };
        let discovered = self.issuer.is_some() || self.discovery.is_some() || self.document.is_some();
        discovered || (first && self.token_endpoint.is_some())
    }
}
