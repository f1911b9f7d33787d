//! `llamactl`: a row for each login in an `SQLite` database, and which of them is selected.
//!
//! A link's row has the credential where the tool keeps a key, and nothing where it keeps a browser login: so the tool
//! has nothing to refresh with, and says so when the credential lapses. A selection that the user has changed after the
//! link was made is the user's.

mod database;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use self::database::{Database, ENVIRONMENT, PROFILE, Row};
use super::json::Object;
use super::{
    Export, Finding, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To, Variables, inspect, place,
    taking,
};
use crate::secret::{AccessToken, ApiKey, Fingerprint, RefreshToken};
use crate::service::jwt_expiry;

/// The format of `llamactl`.
#[derive(Debug)]
pub(super) struct Llamactl;

impl Format for Llamactl {
    fn name(&self) -> &'static str {
        "llamactl"
    }

    fn provider(&self) -> &'static str {
        "llamaindex"
    }

    fn spot(&self, variables: &Variables, to: To, runtime: &Path) -> Result<Spot, FormatError> {
        place::spot(to, || directory(variables), &runtime.join(self.name()), "LLAMACTL_CONFIG_DIR", "profiles.db")
    }

    fn look(&self, spot: &Spot, profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        let rows = Database::open(&spot.path)?.map_or(Ok(Vec::new()), |database| database.rows())?;
        let mut rows = rows.iter().filter(|row| row.name == profile).peekable();
        Ok(
            match (
                rows.peek().is_some(),
                rows.any(|row| mine.is_some_and(|mine| row.is(mine.credential) || row.is_left_of(mine.credential))),
            ) {
                (false, _) => Seen::Empty,
                (true, true) => Seen::Mine,
                (true, false) => Seen::Foreign,
            },
        )
    }

    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError> {
        let Some(project) = export.project.clone().filter(|project| !project.trim().is_empty()) else {
            let why = "`llamactl` keeps a project with every login, and this profile has none selected";
            return Err(FormatError::Refused(why.to_owned()));
        };
        let row = Row {
            id: None,
            name: export.profile.clone(),
            api_url: export.url.clone(),
            project,
            api_key: Some(Zeroizing::new(export.credential.text().to_owned())),
            api_key_id: None,
            device: None,
        };
        let before = Database::prepare(&spot.path)?.transact(|transaction| {
            for old in database::rows(transaction, true)? {
                let moved = (&old.name, &old.api_url) != (&row.name, &row.api_url);
                if moved && mine.is_some_and(|mine| mine.profile == old.name && old.is(mine.credential)) {
                    database::delete(transaction, &old)?;
                }
            }
            database::put(transaction, &row)?;
            let made =
                transaction.execute("INSERT OR IGNORE INTO environments VALUES (?1, 1, NULL)", [&row.api_url])?;
            let profile = database::setting(transaction, PROFILE)?;
            let environment = database::setting(transaction, ENVIRONMENT)?;
            if mine.is_none_or(|mine| profile.as_ref() == Some(&mine.profile)) {
                database::set(transaction, PROFILE, Some(&row.name))?;
                database::set(transaction, ENVIRONMENT, Some(&row.api_url))?;
            }
            let before = || json!({ "profile": profile, "environment": environment, "made": made > 0 }).to_string();
            Ok(mine.and_then(|mine| mine.before.clone()).unwrap_or_else(before))
        })?;
        let credential = export.credential.fingerprint();
        Ok(Mine { profile: export.profile.clone(), credential, before: Some(before) })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        let Some(mut database) = Database::open(&spot.path)? else { return Ok(()) };
        if database.rows()?.is_empty() {
            return Ok(());
        }
        let whole = !database.is_old();
        let before = mine.before.as_deref().and_then(Object::parse).unwrap_or_default();
        database.transact(|transaction| {
            let rows = database::rows(transaction, whole)?;
            let Some(row) = rows.iter().find(|row| row.name == mine.profile && row.is(mine.credential)) else {
                return Ok(());
            };
            database::delete(transaction, row)?;
            let was_selected = database::setting(transaction, PROFILE)?.as_ref() == Some(&mine.profile);
            if was_selected {
                let earlier = before.text("profile").filter(|earlier| *earlier != mine.profile);
                database::set(transaction, PROFILE, earlier)?;
                if database::setting(transaction, ENVIRONMENT)?.as_ref() == Some(&row.api_url) {
                    database::set(transaction, ENVIRONMENT, before.text("environment"))?;
                }
            }
            if before.flag("made") {
                transaction.execute(
                    "DELETE FROM environments WHERE api_url = ?1
                     AND NOT EXISTS (SELECT 1 FROM profiles WHERE api_url = ?1)
                     AND NOT EXISTS (SELECT 1 FROM settings WHERE key = ?2 AND value = ?1)",
                    [row.api_url.as_str(), ENVIRONMENT],
                )?;
            }
            Ok(())
        })
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let directory = directory(variables)?;
        let path = directory.join("profiles.db");
        let rows = Database::open(&path)?.map_or(Ok(Vec::new()), |database| database.rows())?;
        let exposed = inspect::exposed(&[&path, &directory]);
        let foreign = rows.iter().filter(|row| !ours.iter().any(|credential| row.is(*credential)));
        let logins = foreign.filter_map(|row| Some(Login { exposed: exposed.clone(), ..login(row, &path)? }));
        Ok(logins.collect())
    }

    fn take(&self, variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        let Some(refresh_token) = taking::refresh_token(login) else { return taking::tightened(login, "") };
        let path = directory(variables)?.join("profiles.db");
        let mut database = Database::open(&path)?.ok_or_else(|| taking::changed(login))?;
        let mut taken = taking::tightened(login, "")?;
        let whole = !database.is_old();
        // The tool may refresh at any time: what is read is what is replaced.
        let earlier = database.transact(|transaction| {
            let mut rows = database::rows(transaction, whole)?;
            let found = rows.iter().position(|row| {
                let there = row.device().and_then(|device| device.text("device_refresh_token").map(str::to_owned));
                row.name == login.name && there.is_some_and(|there| refresh_token.matches(&there))
            });
            let Some(mut row) = found.map(|found| rows.swap_remove(found)) else { return Ok(None) };
            let earlier = undo(&row).line();
            let mut device = row.device().unwrap_or_default();
            device.set("device_refresh_token", Value::Null);
            row.device = Some(device.line());
            database::put(transaction, &row)?;
            Ok(Some(earlier))
        })?;
        let earlier = earlier.ok_or_else(|| taking::changed(login))?;
        taken.undo = ApiKey::new((*earlier).clone());
        taken.notes.push(format!("the refresh token of `{}` has left `{}`", login.name, path.display()));
        Ok(taken)
    }

    fn give_back(
        &self,
        variables: &Variables,
        taken: &Taken,
        refresh_token: Option<&RefreshToken>,
    ) -> Result<(), FormatError> {
        // EXPOSE: it is what was in the row, and goes back there
        let Some(earlier) = Object::parse(taken.undo.expose()) else { return Ok(()) };
        let mut device = earlier.text("device_oidc").and_then(Object::parse).unwrap_or_default();
        if let Some(refresh_token) = refresh_token {
            // EXPOSE: the tool's own login is given back to it whole
            device.set("device_refresh_token", refresh_token.expose());
        }
        let text = |name: &str| earlier.text(name).map(str::to_owned);
        let row = Row {
            id: text("id"),
            name: text("name").unwrap_or_default(),
            api_url: text("api_url").unwrap_or_default(),
            project: text("project_id").unwrap_or_default(),
            api_key: text("api_key").map(Zeroizing::new),
            api_key_id: text("api_key_id"),
            device: Some(device.line()),
        };
        let mut database = Database::prepare(&directory(variables)?.join("profiles.db"))?;
        let done = database.transact(|transaction| {
            let rows = database::rows(transaction, true)?;
            let there = rows.iter().find(|there| there.name == row.name && there.api_url == row.api_url);
            if there.is_some_and(|there| !is_what_was_left(there, &row)) {
                return Ok(false);
            }
            database::put(transaction, &row)?;
            Ok(true)
        })?;
        if done { Ok(()) } else { Err(taking::occupied(&taken.place)) }
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let Ok(path) = directory(variables).map(|directory| directory.join("profiles.db")) else { return Vec::new() };
        let Ok(Some(database)) = Database::open(&path) else { return Vec::new() };
        let mut findings = Vec::new();
        if database.rows().is_ok_and(|rows| rows.iter().any(|row| row.api_key.is_some() || row.device.is_some())) {
            findings.extend(inspect::credential_file(&path));
            if database.is_old() {
                findings.push(inspect::legacy(&path, "it has the layout of an older `llamactl`".to_owned()));
            }
        }
        findings
    }
}

fn directory(variables: &Variables) -> Result<PathBuf, FormatError> {
    match place::named(variables, "LLAMACTL_CONFIG_DIR")? {
        Some(directory) => Ok(directory),
        None => place::configuration(variables, "llamactl"),
    }
}

/// The login of a row. The tool prefers a browser login over the key beside it.
fn login(row: &Row, path: &Path) -> Option<Login> {
    let device = row.device().unwrap_or_default();
    let text = |name: &str| device.text(name).map(str::to_owned);
    let (grant, token) = match (text("device_access_token"), &row.api_key) {
        (Some(token), _) => {
            let grant = LoginGrant::Oauth {
                access_token: AccessToken::new(token.clone()),
                refresh_token: text("device_refresh_token").map(RefreshToken::new),
                client_id: text("client_id"),
                client_secret: None,
                discovery_url: text("discovery_url"),
            };
            (grant, Zeroizing::new(token))
        }
        (None, Some(key)) => (LoginGrant::ApiKey(ApiKey::new(key.as_str().to_owned())), key.clone()),
        (None, None) => return None,
    };
    Some(Login {
        url: Some(row.api_url.trim_end_matches('/').to_owned()),
        project: Some(row.project.clone()).filter(|project| !project.is_empty()),
        expires_at: jwt_expiry(&token),
        email: text("email"),
        subject: text("user_id"),
        ..Login::new("llamaindex", &row.name, path, grant)
    })
}

/// Whether nothing has happened to the row since its refresh token was taken out.
fn is_what_was_left(there: &Row, earlier: &Row) -> bool {
    let (now, then) = (there.device().unwrap_or_default(), earlier.device().unwrap_or_default());
    now.text("device_refresh_token").is_none()
        && now.text("device_access_token") == then.text("device_access_token")
        && there.api_key == earlier.api_key
}

fn undo(row: &Row) -> Object {
    let mut undo = Object::default();
    undo.set("name", row.name.as_str());
    undo.set("api_url", row.api_url.as_str());
    undo.set("project_id", row.project.as_str());
    undo.set("id", row.id.as_deref());
    undo.set("api_key", row.api_key.as_ref().map(|key| key.as_str()));
    undo.set("api_key_id", row.api_key_id.as_deref());
    undo.set("device_oidc", row.device.as_ref().map(|device| device.as_str()));
    undo
}

#[cfg(test)]
mod tests;
