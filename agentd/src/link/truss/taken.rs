//! A remote's refresh token leaves its place, and comes back.

use std::path::Path;

use super::super::ini::Document;
use super::super::json::Object;
use super::super::replace::{self, Symlink};
use super::super::{FormatError, Login, Taken, Variables, taking};
use super::secrets::{self, ACCESS, EXPIRES, KIND, PLACEHOLDER, REFRESH};
use crate::secret::RefreshToken;

/// Members of what is remembered.
const REMOTE: &str = "remote";
const URL: &str = "remote_url";
const IN_KEYRING: &str = "in_keyring";

/// Puts the placeholder where the refresh token is.
pub(super) fn take(path: &Path, variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
    let Some(refresh_token) = taking::refresh_token(login) else { return taking::tightened(login, "") };
    let at = |error: super::super::ini::IniError| error.at(path);
    let mut document = Document::of_file(path)?;
    let inline = secrets::inline(&document, &login.name).map_err(at)?;
    let is_it = |found: &Object| secrets::refresh_token(found).is_some_and(|there| refresh_token.matches(there));
    if let Some(found) = inline {
        if !is_it(&found) {
            return Err(taking::changed(login));
        }
        document.set(&login.name, REFRESH, PLACEHOLDER).map_err(at)?;
        let taken = taking::tightened(login, &undo(&found, login, false).line())?;
        replace::write(path, &document.text(), Symlink::Followed)?;
        return Ok(noted(taken, login));
    }
    let keyring = secrets::keyring(variables)?.ok_or_else(|| taking::changed(login))?;
    let items = secrets::items(&keyring, &login.name)?;
    let found = items.iter().filter_map(|item| Some((item, Object::parse(&item.secret)?)));
    let found: Vec<_> = found.filter(|(_, found)| is_it(found)).collect();
    let Some((_, first)) = found.first() else { return Err(taking::changed(login)) };
    let taken = taking::tightened(login, &undo(first, login, true).line())?;
    for (item, mut secrets) in found {
        secrets.set(REFRESH, PLACEHOLDER);
        keyring.change(item, &secrets.line())?;
    }
    Ok(noted(taken, login))
}

/// Puts the login back, with the present refresh token where there is one.
pub(super) fn give_back(
    path: &Path,
    variables: &Variables,
    taken: &Taken,
    refresh_token: Option<&RefreshToken>,
) -> Result<(), FormatError> {
    // EXPOSE: it is what was in the tool's place, and goes back there
    let Some(earlier) = Object::parse(taken.undo.expose()) else { return Ok(()) };
    let remote = earlier.text(REMOTE).unwrap_or_default();
    let mut tokens = Object::default();
    for name in [KIND, ACCESS, REFRESH, EXPIRES] {
        tokens.set(name, earlier.text(name).unwrap_or_default());
    }
    if let Some(refresh_token) = refresh_token {
        // EXPOSE: the tool's own login is given back to it whole
        tokens.set(REFRESH, refresh_token.expose());
    }
    let at = |error: super::super::ini::IniError| error.at(path);
    let mut document = Document::of_file(path)?;
    let inline = secrets::inline(&document, remote).map_err(at)?;
    let keyring = if earlier.flag(IN_KEYRING) { secrets::keyring_of(variables, &document, remote)? } else { None };
    let items = keyring.as_ref().map_or(Ok(Vec::new()), |keyring| secrets::items(keyring, remote))?;
    let items = items.iter().filter_map(|item| Object::parse(&item.secret));
    if inline.into_iter().chain(items).any(|there| another(&there, &earlier)) {
        return Err(taking::occupied(&taken.place));
    }
    let mut values = vec![("remote_provider", super::REMOTE), (KIND, "oauth")];
    values.extend(earlier.text(URL).map(|url| ("remote_url", url)));
    for key in secrets::INLINE {
        document.unset(remote, key).map_err(at)?;
    }
    if keyring.is_none() {
        values.extend([ACCESS, REFRESH, EXPIRES].map(|key| (key, tokens.text(key).unwrap_or_default())));
    }
    for (key, value) in values {
        document.set(remote, key, value).map_err(at)?;
    }
    if let Some(keyring) = keyring {
        secrets::keep(&keyring, remote, &tokens)?;
    }
    replace::write(path, &document.text(), Symlink::Followed)
}

/// Whether somebody has logged in there since. The login that was taken, and a link, have the placeholder.
fn another(there: &Object, earlier: &Object) -> bool {
    let same = there.has(ACCESS) && there.text(ACCESS) == earlier.text(ACCESS);
    secrets::refresh_token(there).is_some() || !(same || there.text(REFRESH) == Some(PLACEHOLDER))
}

fn undo(secrets: &Object, login: &Login, in_keyring: bool) -> Object {
    let mut undo = Object::default();
    for name in [KIND, ACCESS, REFRESH, EXPIRES] {
        undo.set(name, secrets.text(name).unwrap_or_default());
    }
    if let Some(expires_at) = secrets.number(EXPIRES) {
        undo.set(EXPIRES, expires_at.to_string());
    }
    undo.set(REMOTE, login.name.as_str());
    undo.set(URL, login.url.as_deref());
    undo.set(IN_KEYRING, in_keyring);
    undo
}

fn noted(mut taken: Taken, login: &Login) -> Taken {
    taken.notes.push(format!("the refresh token of `{}` has left `{}`", login.name, login.place));
    taken
}
