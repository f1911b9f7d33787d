//! What the file says: `profile`, and names by `[provider]` and `[host]`. Anything else is a mistake with its line and key.

use std::path::Path;

use proto::id::{IdError, ProfileName, ProviderName};
use proto::why::Suggestion;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ProjectFile;
use crate::failure::Failure;

const HINT: &str =
    "it may only name profiles: `profile = \"NAME\"`, and `WORD = \"NAME\"` under `[provider]` or `[host]`";
/// The longest host.
const LONGEST_HOST: usize = 255;

type Name<'v> = (&'v Spanned<std::borrow::Cow<'v, str>>, &'v Spanned<DeValue<'v>>);

/// Reads `text`, which lies at `path`.
pub(super) fn read(path: &Path, text: &str) -> Result<ProjectFile, Failure> {
    let reading = Reading { path, text };
    let root = DeTable::parse(text).map_err(|error| {
        // Only the message: the error's own display quotes the line.
        reading.wrong(error.span().map_or(0, |span| span.start), error.message())
    })?;
    let (mut hosts, mut providers, mut general) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in root.get_ref() {
        match key.get_ref().as_ref() {
            "profile" => general.push(reading.suggestion(key.span().start, "profile", value)?),
            "host" => {
                for (host, value) in reading.table("host", value)? {
                    let known = host.get_ref().as_ref();
                    if known.is_empty()
                        || known.len() > LONGEST_HOST
                        || !known.bytes().all(|byte| byte.is_ascii_graphic())
                    {
                        return Err(reading.wrong(host.span().start, "a key of `[host]` is no host"));
                    }
                    let (named, line) = reading.suggestion(host.span().start, "host", value)?;
                    hosts.push((Suggestion { host: Some(known.to_owned()), ..named }, line));
                }
            }
            "provider" => {
                for (provider, value) in reading.table("provider", value)? {
                    let known = ProviderName::parse(provider.get_ref())
                        .map_err(|error| reading.invalid(provider.span().start, "a key of `[provider]`", error))?;
                    let (named, line) = reading.suggestion(provider.span().start, "provider", value)?;
                    providers.push((Suggestion { provider: Some(known), ..named }, line));
                }
            }
            other => return Err(reading.wrong(key.span().start, &format!("{} is not allowed here", shown(other)))),
        }
    }
    let names = hosts.into_iter().chain(providers).chain(general).collect();
    Ok(ProjectFile { path: path.to_owned(), names })
}

struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reading<'_> {
    fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
    }

    fn wrong(&self, offset: usize, what: &str) -> Failure {
        Failure::usage(format!("`{}`, line {}: {what}", self.path.display(), self.line(offset))).hint(HINT)
    }

    fn invalid(&self, offset: usize, what: &str, why: IdError) -> Failure {
        self.wrong(offset, &format!("{what} {why}"))
    }

    fn table<'v>(
        &self,
        title: &str,
        value: &'v Spanned<DeValue<'v>>,
    ) -> Result<impl Iterator<Item = Name<'v>>, Failure> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table.iter()),
            _ => Err(self.wrong(value.span().start, &format!("`{title}` is not a section"))),
        }
    }

    fn suggestion(
        &self,
        offset: usize,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(Suggestion, usize), Failure> {
        let DeValue::String(name) = value.get_ref() else {
            return Err(self.wrong(value.span().start, &format!("`{key}` names no profile: the value is not text")));
        };
        let profile = ProfileName::parse(name)
            .map_err(|error| self.invalid(value.span().start, &format!("the profile named by `{key}`"), error))?;
        Ok((Suggestion { profile, host: None, provider: None }, self.line(offset)))
    }
}

/// A key as it may be repeated: only a short plain word, since anything else may be a credential in the wrong place.
fn shown(key: &str) -> String {
    let plain = key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if plain { format!("the key `{key}`") } else { "a key".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let failure = read(Path::new("/p/.agentctl.toml"), text).expect_err("it is refused");
        assert_eq!(failure.status(), crate::exit::Status::Usage);
        failure.text().map(|(detail, ..)| detail.to_owned()).expect("a mistake is told")
    }

    #[test]
    fn names_are_read_the_narrowest_first() {
        let text =
            "# ours\nprofile = \"work\"\n[provider]\ngithub = \"work-gh\"\n[host]\n\"git.example.org:8443\" = \"g\"\n";
        let file = read(Path::new("/p/.agentctl.toml"), text).expect("it is well formed");
        let told: Vec<_> = file
            .names
            .iter()
            .map(|(named, line)| {
                let provider = named.provider.as_ref().map(ProviderName::as_str);
                (named.profile.as_str(), named.host.as_deref(), provider, *line)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("g", Some("git.example.org:8443"), None, 6),
                ("work-gh", None, Some("github"), 4),
                ("work", None, None, 2)
            ]
        );
        assert_eq!(file.general().map(|named| named.profile.as_str()), Some("work"));
        assert_eq!((file.line_of("g"), file.line_of("x")), (Some(6), None));
        assert!(read(Path::new("/p"), "").expect("it may be empty").names.is_empty());
    }

    #[test]
    fn anything_but_names_is_refused_with_line_and_key() {
        for (text, expected) in [
            ("profile = \"a\"\ncommand = \"rm\"\n", "line 2: the key `command` is not allowed here"),
            ("[policy]\nallow = \"all\"\n", "line 1: the key `policy` is not allowed here"),
            ("profile = \"a\"\n\n[endpoints]\ntoken = \"https://evil.example\"\n", "line 3: the key `endpoints`"),
            ("issuer = \"https://evil.example\"", "line 1: the key `issuer`"),
            ("profile = [\"a\"]", "line 1: `profile` names no profile: the value is not text"),
            ("profile = \"../../etc\"", "line 1: the profile named by `profile` may hold letters"),
            ("profile = \"\"", "line 1: the profile named by `profile` is empty"),
            ("provider = \"github\"", "line 1: `provider` is not a section"),
            ("[provider]\ngithub = { command = \"rm\" }", "line 2: `provider` names no profile"),
            ("[provider.github]\ncommand = \"rm\"", "line 1: `provider` names no profile"),
            ("[provider]\n\"git hub\" = \"a\"", "line 2: a key of `[provider]` may hold letters"),
            ("[host]\n\"\" = \"a\"", "line 2: a key of `[host]` is no host"),
            ("[host]\n\"a\\nb\" = \"a\"", "line 2: a key of `[host]` is no host"),
            ("profile = \"a\"\nprofile = \"b\"", "line 2: "),
            ("profile = ", "line 1: "),
        ] {
            let said = told(text);
            assert!(said.starts_with("`/p/.agentctl.toml`, ") && said.contains(expected), "{text:?}: {said}");
        }
    }

    #[test]
    fn what_may_be_a_credential_is_not_repeated() {
        for text in [
            "\"canary secret\" = 1",
            "profile = \"canary/secret\"",
            "canary-secret-that-is-longer-than-any-word-of-ours = 1",
            "profile = canary secret",
            "[host]\n\"canary secret\" = \"x\"",
        ] {
            assert!(!told(text).contains("canary"), "{text}: {}", told(text));
        }
    }
}
