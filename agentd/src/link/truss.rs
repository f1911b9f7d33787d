//! `truss`: a section for each remote in `.trussrc`, tokens in the keyring where there is one, keys always inline.
//!
//! The tool refreshes by itself a minute before a token lapses, so a link is refreshed earlier, and has a placeholder
//! where the refresh token would be. It writes its file in place, so a symbolic link stays.

mod before;
mod secrets;
mod taken;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::secrets::{ACCESS, EXPIRES, INLINE, KEY, KIND, REFRESH};
use super::ini::{DEFAULT, Document};
use super::json::Object;
use super::replace::{self, Symlink};
use super::{
    Credential, Export, Finding, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To, Variables,
    inspect, place,
};
use crate::secret::{AccessToken, ApiKey, Fingerprint, RefreshToken};

/// What a section of this tool's service says.
const REMOTE: &str = "baseten";

/// The format of `truss`.
#[derive(Debug)]
pub(super) struct Truss;

impl Format for Truss {
    fn name(&self) -> &'static str {
        "truss"
    }

    fn provider(&self) -> &'static str {
        "baseten"
    }

    fn own_refresh(&self) -> Option<Duration> {
        Some(Duration::from_mins(1))
    }

    fn spot(&self, variables: &Variables, to: To, runtime: &Path) -> Result<Spot, FormatError> {
        if to == To::Tmpfs {
            let path = runtime.join(self.name()).join("trussrc");
            // The file is in memory already; and an item of the keyring would be the one of the file at home.
            let off = secrets::without_keyring();
            let environment = Variables::from([("USER_TRUSSRC_PATH".to_owned(), place::value(&path)?), off.clone()]);
            return Ok(Spot {
                places: vec![path.display().to_string()],
                path,
                variables: Variables::from([off]),
                environment,
            });
        }
        let path = file(variables)?;
        let mut places = vec![path.display().to_string()];
        if secrets::named(variables).is_some() {
            places.push("keyring item of `baseten-truss`".to_owned());
        }
        let kept = variables.iter().filter(|(name, _)| secrets::VARIABLES.contains(&name.as_str()));
        let kept = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Spot { places, path, variables: kept, environment: Variables::new() })
    }

    fn look(&self, spot: &Spot, profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        let document = Document::of_file(&spot.path)?;
        let found = secrets::inline(&document, profile).map_err(|error| error.at(&spot.path))?;
        let mut found: Vec<Object> = found.into_iter().collect();
        if found.is_empty()
            && let Some(keyring) = secrets::keyring_of(&spot.variables, &document, profile)?
        {
            let items = secrets::items(&keyring, profile)?;
            found.extend(items.iter().map(|item| Object::parse(&item.secret).unwrap_or_default()));
        }
        let ours = |secrets: &Object| mine.is_some_and(|mine| secrets::is(secrets, mine.credential));
        Ok(match (found.is_empty(), found.iter().all(ours)) {
            (true, _) => Seen::Empty,
            (false, true) => Seen::Mine,
            (false, false) => Seen::Foreign,
        })
    }

    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError> {
        let section = export.profile.as_str();
        if section == DEFAULT {
            return Err(FormatError::Refused(format!("`{DEFAULT}` stands for all sections; rename the profile")));
        }
        let mut document = Document::of_file(&spot.path)?;
        let again = mine.filter(|mine| mine.profile == section);
        let before = match again {
            Some(mine) => mine.before.clone(),
            None => before::of(&document, section).map_err(|error| error.at(&spot.path))?,
        };
        // A link in the keyring whose place a key takes, which is always inline.
        let key = matches!(export.credential, Credential::ApiKey(_));
        let stale = match again.filter(|_| key && secrets::is_elsewhere(&document, section)) {
            Some(mine) => secrets::keyring_of(&spot.variables, &document, section)?.map(|keyring| (keyring, mine)),
            None => None,
        };
        let mut values = vec![("remote_provider", REMOTE), ("remote_url", export.url.as_str())];
        let (keyring, tokens, late);
        match &export.credential {
            Credential::ApiKey(_) => {
                values.extend([(KIND, "api_key"), (KEY, export.credential.text())]);
                tokens = None;
            }
            Credential::AccessToken(_) => {
                late = secrets::of_token(export.credential.text(), export.expires_at);
                values.push((KIND, "oauth"));
                keyring = secrets::keyring_for(&spot.variables, &document, section)?;
                if keyring.is_none() {
                    values.extend([ACCESS, REFRESH, EXPIRES].map(|key| (key, late.text(key).unwrap_or_default())));
                }
                tokens = keyring.as_ref().map(|keyring| (keyring, &late));
            }
        }
        for key in INLINE.iter().filter(|key| !values.iter().any(|(name, _)| name == *key)) {
            document.unset(section, key).map_err(|error| error.at(&spot.path))?;
        }
        for (key, value) in values {
            document.set(section, key, value).map_err(|error| error.at(&spot.path))?;
        }
        if let Some(old) = mine.filter(|mine| mine.profile != section) {
            clear(&mut document, spot, old)?;
        }
        // The section is of no use without the item, the item harmless without the section.
        if let Some((keyring, tokens)) = tokens {
            secrets::keep(keyring, section, tokens)?;
        }
        replace::write(&spot.path, &document.text(), Symlink::Followed)?;
        if let Some((keyring, mine)) = stale {
            secrets::forget(&keyring, section, mine.credential)?;
        }
        Ok(Mine { profile: section.to_owned(), credential: export.credential.fingerprint(), before })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        let mut document = Document::of_file(&spot.path)?;
        if !clear(&mut document, spot, mine)? {
            return Ok(());
        }
        if document.is_blank() {
            return replace::remove(&spot.path);
        }
        replace::write(&spot.path, &document.text(), Symlink::Followed)
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let path = file(variables)?;
        let document = Document::of_file(&path)?;
        let ours = |secrets: &Object| ours.iter().any(|fingerprint| secrets::is(secrets, *fingerprint));
        let mut logins = Vec::new();
        for section in document.sections() {
            let at = |error: super::ini::IniError| error.at(&path);
            let provider = document.value(section, "remote_provider").map_err(at)?;
            if provider.is_some_and(|provider| provider.as_str() != REMOTE) {
                continue;
            }
            let Some(secrets) = secrets::inline(&document, section).map_err(at)? else { continue };
            if let Some(login) = login(&secrets, section, &path).filter(|_| !ours(&secrets)) {
                logins.push(Login { exposed: inspect::exposed(&[&path]), url: url(&document, section), ..login });
            }
        }
        let items = secrets::keyring(variables)?.map_or(Ok(Vec::new()), |keyring| secrets::all_items(&keyring))?;
        for (remote, item) in items {
            let secrets = Object::parse(&item.secret).unwrap_or_default();
            let place = PathBuf::from(secrets::place_of(&remote));
            let known = logins.iter().any(|login: &Login| login.name == remote);
            if let Some(login) = login(&secrets, &remote, &place).filter(|_| !known && !ours(&secrets)) {
                logins.push(Login { url: url(&document, &remote), ..login });
            }
        }
        Ok(logins)
    }

    fn take(&self, variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        taken::take(&file(variables)?, variables, login)
    }

    fn give_back(
        &self,
        variables: &Variables,
        taken: &Taken,
        refresh_token: Option<&RefreshToken>,
    ) -> Result<(), FormatError> {
        taken::give_back(&file(variables)?, variables, taken, refresh_token)
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let Ok(path) = file(variables) else { return Vec::new() };
        let Ok(document) = Document::of_file(&path) else { return Vec::new() };
        let holds = |section: &&str| INLINE[..3].iter().any(|key| document.own(section, key).is_some());
        let sections: Vec<&str> = document.sections().filter(holds).collect();
        let mut findings = if sections.is_empty() { Vec::new() } else { inspect::credential_file(&path) };
        for section in sections.iter().filter(|section| document.own(section, KIND).is_none()) {
            findings.push(inspect::legacy(&path, format!("`{section}` is kept in the form of an older `truss`")));
        }
        findings
    }
}

fn file(variables: &Variables) -> Result<PathBuf, FormatError> {
    match place::named(variables, "USER_TRUSSRC_PATH")? {
        Some(path) => Ok(path),
        None => Ok(place::home(variables)?.join(".trussrc")),
    }
}

fn url(document: &Document, section: &str) -> Option<String> {
    let url = document.value(section, "remote_url").ok()??;
    Some(url.trim_end_matches('/').to_owned()).filter(|url| !url.is_empty())
}

fn login(secrets: &Object, remote: &str, place: &Path) -> Option<Login> {
    let credential = secrets::credential(secrets)?.as_str().to_owned();
    let oauth = secrets.text(KIND) == Some("oauth");
    let grant = if oauth {
        LoginGrant::Oauth {
            access_token: AccessToken::new(credential),
            refresh_token: secrets::refresh_token(secrets).map(|token| RefreshToken::new(token.to_owned())),
            client_id: None,
            client_secret: None,
            discovery_url: None,
        }
    } else {
        LoginGrant::ApiKey(ApiKey::new(credential))
    };
    Some(Login {
        scheme: if oauth { "Bearer" } else { "Api-Key" }.to_owned(),
        expires_at: secrets.number(EXPIRES),
        ..Login::new("baseten", remote, place, grant)
    })
}

/// Takes out what a link wrote for a remote; `false` when nothing of it is left in the document.
fn clear(document: &mut Document, spot: &Spot, mine: &Mine) -> Result<bool, FormatError> {
    let at = |error: super::ini::IniError| error.at(&spot.path);
    let section = mine.profile.as_str();
    let inline = secrets::inline(document, section).map_err(at)?;
    if inline.as_ref().is_some_and(|secrets| !secrets::is(secrets, mine.credential)) {
        return Ok(false);
    }
    let mut ours = inline.is_some();
    if inline.is_none()
        && let Some(keyring) = secrets::keyring_of(&spot.variables, document, section)?
    {
        ours = secrets::forget(&keyring, section, mine.credential)?;
    }
    if !ours {
        return Ok(false);
    }
    for key in INLINE.iter().chain(&[KIND]) {
        document.unset(section, key).map_err(at)?;
    }
    if let Some(before) = &mine.before {
        before::restore(document, section, before).map_err(at)?;
        return Ok(true);
    }
    // What else stands there is the user's, and needs to know whose remote it is.
    let mut bare = Document::parse(&document.text()).map_err(at)?;
    for key in ["remote_provider", "remote_url"] {
        bare.unset(section, key).map_err(at)?;
    }
    if bare.is_empty(section) {
        bare.remove(section).map_err(at)?;
        *document = bare;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
