//! `tm`: the service's answer to a login, kept word for word in `auth.json`, and a key for inference in `config.toml`.
//!
//! The tool refreshes only when asked to, and then the answer replaces the whole file. A link has no refresh token in
//! it, so that the command fails in words instead of taking the grant away from the agent.

mod gateway;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::json::Object;
use super::replace::{self, Symlink};
use super::{
    Export, Finding, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To, Variables, inspect, place,
    taking,
};
use crate::secret::{AccessToken, Fingerprint, RefreshToken};
use crate::service::jwt_expiry;

/// The secondary credential that goes into the other file.
const INFERENCE: &str = "inference";

/// The variable that beats the address in the settings.
const BASE: &str = "TENSORMESH_CONTROL_PLANE_BASE_URL";

/// The members of a token answer. Everything else in the file is somebody else's.
const TOKEN_MEMBERS: &[&str] =
    &["access_token", "expires_at", "expires_in", "id_token", "refresh_token", "scope", "token_type"];

/// The format of `tm`.
#[derive(Debug)]
pub(super) struct Tensormesh;

impl Format for Tensormesh {
    fn name(&self) -> &'static str {
        "tensormesh"
    }

    fn provider(&self) -> &'static str {
        "tensormesh"
    }

    fn spot(&self, variables: &Variables, to: To, runtime: &Path) -> Result<Spot, FormatError> {
        let memory = runtime.join(self.name());
        let mut spot = place::spot(to, || directory(variables), &memory, "TM_CONFIG_HOME", "auth.json")?;
        spot.places.push(gateway::file(&spot.path).display().to_string());
        spot.variables.extend(variables.get_key_value(BASE).map(|(name, value)| (name.clone(), value.clone())));
        Ok(spot)
    }

    fn look(&self, spot: &Spot, _profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        let object = Object::of_file(&spot.path)?.unwrap_or_default();
        Ok(match object.text("access_token") {
            Some(token) if mine.is_some_and(|mine| mine.credential == Fingerprint::of(token.as_bytes())) => Seen::Mine,
            None if !object.has("refresh_token") => Seen::Empty,
            _ => Seen::Foreign,
        })
    }

    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError> {
        same_service(spot, export)?;
        let mut object = Object::of_file(&spot.path)?.unwrap_or_default();
        unset_tokens(&mut object);
        object.set("access_token", export.credential.text());
        let inference = export.secondaries.iter().find(|(word, ..)| word == INFERENCE);
        // What cannot be read is found out before anything is written.
        let prepared = inference.map(|(_, key, values)| gateway::Prepared::new(&spot.path, key, values)).transpose()?;
        replace::write(&spot.path, &object.pretty(), Symlink::Replaced)?;
        let before = match prepared {
            Some(prepared) => Some(prepared.write(&spot.path)?),
            None => mine.and_then(|mine| mine.before.clone()),
        };
        Ok(Mine { profile: export.profile.clone(), credential: export.credential.fingerprint(), before })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        if self.look(spot, &mine.profile, Some(mine))? == Seen::Mine {
            let mut object = Object::of_file(&spot.path)?.unwrap_or_default();
            unset_tokens(&mut object);
            if object.is_empty() {
                replace::remove(&spot.path)?;
            } else {
                replace::write(&spot.path, &object.pretty(), Symlink::Replaced)?;
            }
        }
        mine.before.as_deref().map_or(Ok(()), |mark| gateway::withdraw(&spot.path, mark))
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let path = directory(variables)?.join("auth.json");
        let Some(object) = Object::of_file(&path)? else { return Ok(Vec::new()) };
        let Some(token) =
            object.text("access_token").filter(|token| !ours.contains(&Fingerprint::of(token.as_bytes())))
        else {
            return Ok(Vec::new());
        };
        let grant = LoginGrant::Oauth {
            access_token: AccessToken::new(token.to_owned()),
            refresh_token: object.text("refresh_token").map(|token| RefreshToken::new(token.to_owned())),
            client_id: None,
            client_secret: None,
            discovery_url: None,
        };
        let config = gateway::file(&path);
        Ok(vec![Login {
            exposed: inspect::exposed(&[&path, &config, crate::private::parent(&path)]),
            url: base(variables, &config),
            expires_at: expiry(&object, &path, token),
            ..Login::new(self.provider(), "tm", &path, grant)
        }])
    }

    fn take(&self, variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        let path = directory(variables)?.join("auth.json");
        let mut object = Object::of_file(&path)?.ok_or_else(|| taking::changed(login))?;
        let Some(refresh_token) = taking::refresh_token(login) else { return taking::tightened(login, "") };
        if !object.text("refresh_token").is_some_and(|there| refresh_token.matches(there)) {
            return Err(taking::changed(login));
        }
        let mut taken = taking::tightened(login, &object.line())?;
        object.unset("refresh_token");
        replace::write(&path, &object.pretty(), Symlink::Replaced)?;
        taken.notes.push(format!("the refresh token has left `{}`", path.display()));
        Ok(taken)
    }

    fn give_back(
        &self,
        variables: &Variables,
        taken: &Taken,
        refresh_token: Option<&RefreshToken>,
    ) -> Result<(), FormatError> {
        // EXPOSE: it is what was in the file, and goes back there
        let Some(earlier) = Object::parse(taken.undo.expose()) else { return Ok(()) };
        let path = directory(variables)?.join("auth.json");
        let mut object = Object::of_file(&path)?.unwrap_or_default();
        let another = object.has("access_token") && object.text("access_token") != earlier.text("access_token");
        if another || object.has("refresh_token") {
            return Err(taking::occupied(&taken.place));
        }
        object.overlay(&earlier);
        if let Some(refresh_token) = refresh_token {
            // EXPOSE: the tool's own login is given back to it whole
            object.set("refresh_token", refresh_token.expose());
        }
        replace::write(&path, &object.pretty(), Symlink::Replaced)
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let Ok(path) = directory(variables).map(|directory| directory.join("auth.json")) else { return Vec::new() };
        let mut findings = match Object::of_file(&path) {
            Ok(Some(object)) if TOKEN_MEMBERS.iter().any(|member| object.has(member)) => {
                inspect::credential_file(&path)
            }
            _ => Vec::new(),
        };
        if gateway::has_key(&gateway::file(&path)) {
            findings.extend(inspect::credential_file(&gateway::file(&path)));
        }
        findings
    }
}

/// Refuses where the settings send the token to another service than the one it is for.
fn same_service(spot: &Spot, export: &Export) -> Result<(), FormatError> {
    let config = gateway::file(&spot.path);
    let Some(base) = base(&spot.variables, &config).filter(|base| *base != export.url) else { return Ok(()) };
    let by = if place::variable(&spot.variables, BASE).is_some() { BASE.into() } else { config.display().to_string() };
    let told = format!("`{by}` names the service `{base}`, to which `tm` would send a token of `{}`", export.url);
    Err(FormatError::Refused(told))
}

/// The address of the service, if it is named: by the variable, else by the settings.
fn base(variables: &Variables, config: &Path) -> Option<String> {
    let told = place::variable(variables, BASE).map(|base| base.trim_end_matches('/').to_owned());
    told.or_else(|| gateway::base(config))
}

fn unset_tokens(object: &mut Object) {
    for member in TOKEN_MEMBERS {
        object.unset(member);
    }
}

fn directory(variables: &Variables) -> Result<PathBuf, FormatError> {
    match place::named(variables, "TM_CONFIG_HOME")? {
        Some(directory) => Ok(directory),
        None => Ok(place::home(variables)?.join(".config/tensormesh")),
    }
}

/// When the token lapses. The file does not say when it was issued, but it was written then.
fn expiry(object: &Object, path: &Path, token: &str) -> Option<i64> {
    let since_written = || {
        let written = path.metadata().ok()?.mtime();
        object.number("expires_in").and_then(|lifetime| written.checked_add(lifetime))
    };
    object.number("expires_at").or_else(|| jwt_expiry(token)).or_else(since_written)
}

#[cfg(test)]
mod tests;
