//! Which names a template may use where, and which addresses a request may go to.
//!
//! A secret never stands in a URL: URLs end up in logs. A URL begins with one of the environment's own or is https at a
//! host that the file lists; what is filled in later is percent-encoded and can only stand behind that.

use std::collections::BTreeSet;

use url::Url;

use super::rule;
use crate::config::{Findings, Text, quoted};
use crate::http::{EndpointError, MAX_URL, check_endpoint};
use crate::provider::Template;
use crate::provider::template::{Escape, Name, Values};

/// Names with a meaning of their own; no URL and no taken value is called so.
const RESERVED: &[&str] =
    &["base", "code", "credential", "group", "host", "profile", "project", "refresh_token", "state", "version"];

/// What the file says of itself as a whole, for the requests in it.
pub(super) struct Ground {
    /// Names of further URLs, over all environments.
    pub(super) urls: BTreeSet<String>,
    /// Hosts listed by the file.
    pub(super) hosts: Vec<String>,
}

/// The names known to one request.
#[derive(Clone)]
pub(super) struct Scope<'g> {
    ground: &'g Ground,
    more: Vec<Name>,
    secret: Option<String>,
}

impl<'g> Scope<'g> {
    /// The place's names and `more`.
    pub(super) fn new(ground: &'g Ground, more: &[Name]) -> Self {
        Self { ground, more: more.to_vec(), secret: None }
    }

    /// Adds a value that was read from an answer.
    pub(super) fn take(&mut self, word: &str) {
        self.more.push(Name::Taken(word.to_owned()));
    }

    /// Declares the value of this word a secret.
    pub(super) fn hide(&mut self, word: &str) {
        self.secret = Some(word.to_owned());
    }

    /// Whether a value can be called so.
    pub(super) fn is_free(&self, word: &str) -> bool {
        !is_reserved(word) && !self.ground.urls.contains(word)
    }

    fn name(&self, word: &str) -> Option<Name> {
        match word {
            "base" => Some(Name::Base),
            "project" => Some(Name::Project),
            "version" => Some(Name::Version),
            _ if self.ground.urls.contains(word) => Some(Name::Url(word.to_owned())),
            _ => self.more.iter().find(|name| name.word() == word).cloned(),
        }
    }

    fn words(&self) -> Vec<&str> {
        let urls = self.ground.urls.iter().map(String::as_str);
        ["base", "project", "version"].into_iter().chain(urls).chain(self.more.iter().map(Name::word)).collect()
    }

    /// Reads a template.
    pub(super) fn template(&self, text: &Text, found: &mut Findings) -> Template {
        match Template::parse(&text.value, |word| self.name(word)) {
            Ok(template) => template,
            Err(word) => {
                self.unknown(text, &word, found);
                Template::default()
            }
        }
    }

    fn unknown(&self, text: &Text, word: &str, found: &mut Findings) {
        let hint = match word {
            "{" | "}" => {
                let hint = "write `{{` and `}}` where braces are meant".to_owned();
                return found.add(text.origin, "has a brace without its peer", Some(hint));
            }
            "code" => "only the `exchange` of a poll-exchange knows it",
            "credential" => "only `[exec]` knows it; requests send it by themselves",
            "group" => "only the `each` of `[projects.groups]` knows it",
            "host" | "profile" => "only the steps of a `[[secondary]]` know it",
            "refresh_token" => "only `[refresh]` knows it",
            "state" => "only the `start` and `exchange` of a poll-exchange know it",
            _ => {
                let what = format!("{} is not known here", quoted(word, "the name between braces"));
                return found.unknown(text.origin, what, word, &self.words());
            }
        };
        found.add(text.origin, format!("`{word}` is not known here"), Some(hint.to_owned()));
    }

    /// Reads the URL of a request, which may carry a credential.
    pub(super) fn url(&self, text: &Text, found: &mut Findings) -> Template {
        let template = self.address(text, found);
        let Some(url) = literal(&text.value) else { return template };
        let listed = |host: &str| self.ground.hosts.iter().any(|known| known == host);
        if url.scheme() != "https" || url.port().is_some() || !url.host_str().is_some_and(listed) {
            let hint =
                "begin with `{base}`, or add its host to `hosts`; such a URL is https and names no port".to_owned();
            found.add(text.origin, "goes to a host that is not listed", Some(hint));
        }
        template
    }

    /// Reads the URL of an authorization server: any host.
    pub(super) fn address(&self, text: &Text, found: &mut Findings) -> Template {
        let before = found.len();
        let template = self.template(text, found);
        for name in template.names() {
            if self.is_secret(name) {
                let what = format!("`{}` must not stand in a URL", name.word());
                found.add(text.origin, what, Some("URLs end up in logs: send it in a body or a header".to_owned()));
            }
        }
        if found.len() == before
            && let Err(why) = check(&text.value, &template)
        {
            let hint = "write `{base}/…`, or a whole URL: https, or plain http to this machine".to_owned();
            found.add(text.origin, why, Some(hint));
        }
        template
    }

    fn is_secret(&self, name: &Name) -> bool {
        match name {
            Name::Base | Name::Profile | Name::Project | Name::Url(_) => false,
            Name::Taken(word) => self.secret.as_ref() == Some(word),
            Name::Code | Name::Credential | Name::Host | Name::RefreshToken | Name::State | Name::Version => true,
        }
    }
}

/// Whether the URL goes where its beginning says, whatever is filled in.
fn check(text: &str, template: &Template) -> Result<(), &'static str> {
    let own = |name: &Name| matches!(name, Name::Base | Name::Url(_));
    let mut names = template.names();
    let behind = if text.starts_with('{') {
        if !names.next().is_some_and(own) {
            return Err("does not begin with a URL of the environment");
        }
        let behind = text.find('}').map_or("", |end| &text[end + 1..]);
        if !behind.is_empty() && !behind.starts_with(['/', '?']) {
            return Err("what follows the environment's URL does not begin with `/`");
        }
        behind
    } else {
        let (_, rest) = text.split_once("//").ok_or("not a usable URL")?;
        let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if rest[..authority].contains(['{', '}']) {
            return Err("has a name between braces in its host");
        }
        &rest[authority..]
    };
    if names.any(own) {
        return Err("names a URL of the environment in the middle");
    }
    if text.contains("{{") || text.contains("}}") || behind.split(['/', '?']).any(climbs) {
        return Err("not a usable URL");
    }
    check_endpoint(&filled(template)).map(|_| ()).map_err(EndpointError::why)
}

/// Whether a template's name is taken by a meaning of its own.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Reads the base URL of an environment: no query, and without a slash at the end.
pub(super) fn base_url(text: &Text, found: &mut Findings) -> String {
    match check_endpoint(&text.value) {
        Ok(url) if url.query().is_none() && !text.value.split('/').any(climbs) => {}
        Ok(_) => found.add(text.origin, "a base URL has no query and no `..`", None),
        Err(error) => {
            let hint = "use https, or plain http to this machine, without user name and fragment".to_owned();
            found.add(text.origin, error.why(), Some(hint));
        }
    }
    text.value.trim_end_matches('/').to_owned()
}

/// Reads a header's value.
pub(super) fn header_value(text: &Text, scope: &Scope<'_>, found: &mut Findings) -> Template {
    if !rule::is_header_value(&text.value) || text.value.len() > MAX_URL {
        found.add(text.origin, "cannot stand in a header", Some("use plain ASCII without spaces around it".to_owned()));
    }
    scope.template(text, found)
}

fn climbs(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// The URL, unless it begins with one of the environment's.
fn literal(text: &str) -> Option<Url> {
    if text.starts_with('{') { None } else { check_endpoint(&text.replace(['{', '}'], "")).ok() }
}

fn filled(template: &Template) -> String {
    let sample = |name: &Name| if matches!(name, Name::Base | Name::Url(_)) { "https://base.example" } else { "x" };
    let values = template.names().fold(Values::new(), |values, name| values.with(name.clone(), sample(name)));
    template.fill(&values, Escape::Url).map(|text| text.to_string()).unwrap_or_default()
}
