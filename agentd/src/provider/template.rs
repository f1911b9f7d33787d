//! Text with places to fill in: `{base}/auth/cli/refresh`.
//!
//! `{{` and `}}` stand for one brace. A template is parsed once, when its file is read; a name it does not know is a
//! mistake of the file. Filling it in never fails half-way: a value that may not stand where it is wanted is an error,
//! and nothing is sent then.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The names a template may use. What is known depends on the request: `{state}` exists only while a login runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// The environment's URL, without a slash at the end.
    Base,
    /// A further URL of the environment, by its name there: `{api}`.
    Url(String),
    /// The code by which a pending login is known.
    Code,
    /// The access token or key. Secret.
    Credential,
    /// This machine's name.
    Host,
    /// The profile's name.
    Profile,
    /// The chosen project.
    Project,
    /// The refresh token. Secret.
    RefreshToken,
    /// A value made for one login, which cannot be guessed.
    State,
    /// A value read by an earlier step of the same sequence, or of the identity: `{user_id}`.
    Taken(String),
    /// The agent's version.
    Version,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(Name),
}

/// What the names stand for in one request. Wiped on drop.
#[derive(Default, Clone)]
pub struct Values(BTreeMap<Name, Zeroizing<String>>);

/// How a value is written where the template has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Percent-encoded (RFC 3986 §2.1), except that URLs of the environment go in as they are.
    Url,
    /// As it is.
    None,
}

/// A name has no value: the header or member is left out, or the request cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no value for `{{{0}}}`")]
pub struct Missing(pub String);

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: Name, value: impl Into<String>) -> Self {
        self.0.insert(name, Zeroizing::new(value.into()));
        self
    }

    /// The same with one more, if there is one.
    #[must_use]
    pub fn maybe(self, name: Name, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds one.
    pub fn set(&mut self, name: Name, value: impl Into<String>) {
        self.0.insert(name, Zeroizing::new(value.into()));
    }

    /// What `name` stands for.
    pub fn value(&self, name: &Name) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }
}

impl Name {
    /// The word between the braces.
    pub fn word(&self) -> &str {
        match self {
            Name::Base => "base",
            Name::Code => "code",
            Name::Credential => "credential",
            Name::Host => "host",
            Name::Profile => "profile",
            Name::Project => "project",
            Name::RefreshToken => "refresh_token",
            Name::State => "state",
            Name::Url(word) | Name::Taken(word) => word,
            Name::Version => "version",
        }
    }
}

impl Template {
    /// Text without places.
    pub fn text(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    /// Reads `text`; `known` says what a word between braces means here.
    ///
    /// # Errors
    /// The word that is not known, or `{` for a brace without its peer.
    pub fn parse(text: &str, known: impl Fn(&str) -> Option<Name>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(open);
            if from.starts_with("{{") || from.starts_with("}}") {
                parts.push(Part::Text(rest[..=open].to_owned()));
                rest = &from[2..];
                continue;
            }
            let word = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let Some((word, after)) = word else { return Err(from[..1].to_owned()) };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Name(known(word).ok_or_else(|| word.to_owned())?));
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The names it uses.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().filter_map(|part| if let Part::Name(name) = part { Some(name) } else { None })
    }

    /// Puts `values` in.
    ///
    /// # Errors
    /// [`Missing`] names the first that is not there.
    pub fn fill(&self, values: &Values, escape: Escape) -> Result<Zeroizing<String>, Missing> {
        let mut parts: Vec<Zeroizing<String>> = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            parts.push(match part {
                Part::Text(text) => Zeroizing::new(text.clone()),
                Part::Name(name) => {
                    let value = values.value(name).ok_or_else(|| Missing(name.word().to_owned()))?;
                    let as_is = escape == Escape::None || matches!(name, Name::Base | Name::Url(_));
                    Zeroizing::new(if as_is { value.to_owned() } else { percent_encoded(value) })
                }
            });
        }
        // Its full size at once: a buffer that grows leaves copies behind.
        let mut whole = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in &parts {
            whole.push_str(part);
        }
        Ok(whole)
    }
}

/// Everything but RFC 3986 §2.3 unreserved characters as `%XX`.
fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(3 * value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|nibble| char::from(b"0123456789ABCDEF"[usize::from(nibble)])));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template, String> {
        Template::parse(text, |word| match word {
            "base" => Some(Name::Base),
            "project" => Some(Name::Project),
            _ => None,
        })
    }

    #[test]
    fn values_are_put_in_and_cannot_break_out() {
        let values = Values::new().with(Name::Base, "https://a.example/x").with(Name::Project, "p/1?a=b&c");
        let template = parse("{base}/projects/{project}").expect("it is well formed");
        let filled = template.fill(&values, Escape::Url).expect("all is there");
        assert_eq!(filled.as_str(), "https://a.example/x/projects/p%2F1%3Fa%3Db%26c");
        assert_eq!(
            parse("{project}").expect("fine").fill(&Values::new(), Escape::None),
            Err(Missing("project".into()))
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert_eq!(parse("{secret}"), Err("secret".to_owned()));
        assert_eq!(parse("a{base"), Err("{".to_owned()));
        assert_eq!(parse("a}b"), Err("}".to_owned()));
        assert_eq!(parse("{{{base}}}").map(|t| t.names().count()), Ok(1));
        let braces = parse("{{ a }} {base}").expect("it is well formed");
        let filled = braces.fill(&Values::new().with(Name::Base, "b"), Escape::None);
        assert_eq!(filled.expect("all is there").as_str(), "{ a } b");
        assert_eq!(parse(""), Ok(Template::text("")));
    }
}
