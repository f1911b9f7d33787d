//! `tank`: one key in `~/.tank/config.json`, beside settings that are not ours.
//!
//! The tool writes in place, so a symbolic link stays. It follows the `registry` of the file before anything else: where
//! the file names another one, our key would be sent there, so nothing is written.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::json::Object;
use super::replace::{self, Symlink};
use super::{
    Export, Finding, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To, Variables, inspect, place,
    taking,
};
use crate::secret::{ApiKey, Fingerprint, RefreshToken};

/// What is remembered when the file named no registry.
const NO_REGISTRY: &str = "no registry";

/// The format of `tank`.
#[derive(Debug)]
pub(super) struct Tank;

impl Format for Tank {
    fn name(&self) -> &'static str {
        "tank"
    }

    fn provider(&self) -> &'static str {
        "tank"
    }

    fn spot(&self, variables: &Variables, to: To, _runtime: &Path) -> Result<Spot, FormatError> {
        if to == To::Tmpfs {
            return Err(FormatError::Refused(
                "`tank` keeps its file below `HOME` and can be told of no other place, so it cannot be kept in memory"
                    .to_owned(),
            ));
        }
        let path = file(variables)?;
        Ok(Spot {
            places: vec![path.display().to_string()],
            path,
            variables: Variables::new(),
            environment: Variables::new(),
        })
    }

    fn look(&self, spot: &Spot, _profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        let object = Object::of_file(&spot.path)?.unwrap_or_default();
        Ok(match object.text("token") {
            None => Seen::Empty,
            Some(token) if mine.is_some_and(|mine| mine.credential == Fingerprint::of(token.as_bytes())) => Seen::Mine,
            Some(_) => Seen::Foreign,
        })
    }

    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError> {
        let mut object = Object::of_file(&spot.path)?.unwrap_or_default();
        let mut before = mine.and_then(|mine| mine.before.clone());
        match object.text("registry") {
            Some(registry) if registry.trim_end_matches('/') == export.url => {}
            Some(registry) => {
                return Err(FormatError::Refused(format!(
                    "`{}` names the registry `{registry}`, to which `tank` would send a key of `{}`",
                    spot.path.display(),
                    export.url
                )));
            }
            None => {
                object.set("registry", export.url.as_str());
                before = Some(NO_REGISTRY.to_owned());
            }
        }
        object.set("token", export.credential.text());
        let named = [("name", &export.name), ("email", &export.email)];
        let user: Map<String, Value> =
            named.iter().filter_map(|(word, text)| Some(((*word).to_owned(), text.as_deref()?.into()))).collect();
        if user.is_empty() {
            object.unset("user");
        } else {
            object.set("user", user);
        }
        replace::write(&spot.path, &object.pretty(), Symlink::Followed)?;
        Ok(Mine { profile: export.profile.clone(), credential: export.credential.fingerprint(), before })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        if self.look(spot, &mine.profile, Some(mine))? != Seen::Mine {
            return Ok(());
        }
        let mut object = Object::of_file(&spot.path)?.unwrap_or_default();
        object.unset("token");
        object.unset("user");
        if mine.before.as_deref() == Some(NO_REGISTRY) {
            object.unset("registry");
        }
        if object.is_empty() {
            return replace::remove(&spot.path);
        }
        replace::write(&spot.path, &object.pretty(), Symlink::Followed)
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let path = file(variables)?;
        let Some(object) = Object::of_file(&path)? else { return Ok(Vec::new()) };
        let Some(token) = object.text("token").filter(|token| !ours.contains(&Fingerprint::of(token.as_bytes())))
        else {
            return Ok(Vec::new());
        };
        let key = LoginGrant::ApiKey(ApiKey::new(token.to_owned()));
        Ok(vec![Login {
            exposed: inspect::exposed(&[&path, crate::private::parent(&path)]),
            url: object.text("registry").map(|url| url.trim_end_matches('/').to_owned()),
            account_name: object.inner("user", "name").map(str::to_owned),
            email: object.inner("user", "email").map(str::to_owned),
            ..Login::new(self.provider(), "tank", &path, key)
        }])
    }

    fn take(&self, _variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        taking::tightened(login, "")
    }

    fn give_back(&self, _: &Variables, _: &Taken, _: Option<&RefreshToken>) -> Result<(), FormatError> {
        Ok(())
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let Ok(path) = file(variables) else { return Vec::new() };
        match Object::of_file(&path) {
            Ok(Some(object)) if object.has("token") => inspect::credential_file(&path),
            _ => Vec::new(),
        }
    }
}

fn file(variables: &Variables) -> Result<PathBuf, FormatError> {
    Ok(place::home(variables)?.join(".tank/config.json"))
}

#[cfg(test)]
mod tests;
