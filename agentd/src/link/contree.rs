//! `contree`: a section for each key in `auth.ini`, and which of them is selected.
//!
//! The tool writes in place, so a symbolic link stays. A `%` makes every command of it fail, so no value with one is
//! written. A selection that the user has changed after the link was made is the user's.

use std::path::{Path, PathBuf};

use super::ini::{DEFAULT, Document};
use super::replace::{self, Symlink};
use super::{
    Export, Finding, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To, Variables, inspect, place,
    taking,
};
use crate::secret::{ApiKey, Fingerprint, RefreshToken};
use crate::service::jwt_expiry;

/// What the tool takes a key for whose kind is not said.
const KIND: &str = "jwt";
const PREFIX: &str = "profile:";
const SELECTED: &str = "profile";

/// The format of `contree`.
#[derive(Debug)]
pub(super) struct Contree;

impl Format for Contree {
    fn name(&self) -> &'static str {
        "contree"
    }

    fn provider(&self) -> &'static str {
        "contree"
    }

    fn spot(&self, variables: &Variables, to: To, runtime: &Path) -> Result<Spot, FormatError> {
        place::spot(to, || directory(variables), &runtime.join(self.name()), "CONTREE_HOME", "auth.ini")
    }

    fn look(&self, spot: &Spot, profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        let document = Document::of_file(&spot.path)?;
        let section = section(profile);
        Ok(match document.own(&section, "token").filter(|token| !token.is_empty()) {
            None => Seen::Empty,
            Some(token) if mine.is_some_and(|mine| mine.credential == Fingerprint::of(token.as_bytes())) => Seen::Mine,
            Some(_) => Seen::Foreign,
        })
    }

    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError> {
        let mut document = Document::of_file(&spot.path)?;
        if let Some(old) = mine.filter(|mine| mine.profile != export.profile) {
            clear(&mut document, spot, old)?;
        }
        let section = section(&export.profile);
        let values = [
            ("url", Some(export.url.as_str())),
            ("token", Some(export.credential.text())),
            ("type", export.variant.as_deref()),
            ("project", export.project.as_deref()),
        ];
        for (key, value) in values {
            let done = match value {
                Some(value) => document.set(&section, key, value),
                None => document.unset(&section, key),
            };
            done.map_err(|error| error.at(&spot.path))?;
        }
        let selected = document.own(DEFAULT, SELECTED).map(str::to_owned);
        if mine.is_none_or(|mine| selected.as_ref() == Some(&mine.profile)) {
            document.set(DEFAULT, SELECTED, &export.profile).map_err(|error| error.at(&spot.path))?;
        }
        replace::write(&spot.path, &document.text(), Symlink::Followed)?;
        let before = match mine {
            Some(mine) => mine.before.clone(),
            None => selected.filter(|selected| *selected != export.profile),
        };
        Ok(Mine { profile: export.profile.clone(), credential: export.credential.fingerprint(), before })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        let mut document = Document::of_file(&spot.path)?;
        if !clear(&mut document, spot, mine)? {
            return Ok(());
        }
        if document.own(DEFAULT, SELECTED) == Some(&mine.profile) {
            let done = match &mine.before {
                Some(before) => document.set(DEFAULT, SELECTED, before),
                None => document.unset(DEFAULT, SELECTED),
            };
            done.map_err(|error| error.at(&spot.path))?;
            if document.is_empty(DEFAULT) {
                document.remove(DEFAULT).map_err(|error| error.at(&spot.path))?;
            }
        }
        if document.is_blank() {
            return replace::remove(&spot.path);
        }
        replace::write(&spot.path, &document.text(), Symlink::Followed)
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let mut logins: Vec<Login> = Vec::new();
        // The tool reads the hand-written file first; what it has itself written wins.
        for name in ["auth.ini", "cli.ini"] {
            let path = directory(variables)?.join(name);
            let document = Document::of_file(&path)?;
            for profile in document.sections().filter_map(|section| section.strip_prefix(PREFIX)) {
                let value = |key: &str| {
                    let value = document.value(&section(profile), key).map_err(|error| error.at(&path))?;
                    Ok(value.filter(|value| !value.is_empty()).map(|value| value.as_str().to_owned()))
                };
                if logins.iter().any(|login| login.name == profile) {
                    continue;
                }
                let Some(token) = value("token")? else { continue };
                if ours.contains(&Fingerprint::of(token.as_bytes())) {
                    continue;
                }
                logins.push(Login {
                    exposed: inspect::exposed(&[&path, crate::private::parent(&path)]),
                    url: value("url")?.map(|url| url.trim_end_matches('/').to_owned()),
                    project: value("project")?,
                    variant: Some(value("type")?.unwrap_or_else(|| KIND.to_owned())),
                    expires_at: jwt_expiry(&token),
                    ..Login::new(self.provider(), profile, &path, LoginGrant::ApiKey(ApiKey::new(token)))
                });
            }
        }
        Ok(logins)
    }

    fn take(&self, _variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        taking::tightened(login, "")
    }

    fn give_back(&self, _: &Variables, _: &Taken, _: Option<&RefreshToken>) -> Result<(), FormatError> {
        Ok(())
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let Ok(directory) = directory(variables) else { return Vec::new() };
        let mut findings = Vec::new();
        for name in ["auth.ini", "cli.ini"] {
            let path = directory.join(name);
            let Ok(document) = Document::of_file(&path) else { continue };
            let holds = |section: &str| document.own(section, "token").is_some_and(|token| !token.is_empty());
            if document.sections().any(|section| section.starts_with(PREFIX) && holds(section)) {
                findings.extend(inspect::credential_file(&path));
                if name == "cli.ini" {
                    let detail = "a key here is copied to `auth.ini` at the next change, and then never read again";
                    findings.push(inspect::legacy(&path, detail.to_owned()));
                }
            }
        }
        findings
    }
}

fn directory(variables: &Variables) -> Result<PathBuf, FormatError> {
    match place::named(variables, "CONTREE_HOME")? {
        Some(directory) => Ok(directory),
        None => place::configuration(variables, "contree"),
    }
}

fn section(profile: &str) -> String {
    format!("{PREFIX}{profile}")
}

/// Takes out what a link wrote into a section, and the section when nothing else is in it; `false` when it is not ours.
fn clear(document: &mut Document, spot: &Spot, mine: &Mine) -> Result<bool, FormatError> {
    let section = section(&mine.profile);
    let token = document.own(&section, "token");
    if token.is_none_or(|token| mine.credential != Fingerprint::of(token.as_bytes())) {
        return Ok(false);
    }
    for key in ["url", "token", "type", "project"] {
        document.unset(&section, key).map_err(|error| error.at(&spot.path))?;
    }
    if document.is_empty(&section) {
        document.remove(&section).map_err(|error| error.at(&spot.path))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
