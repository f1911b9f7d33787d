//! What taking a login has in common, whatever the format.

use super::{FormatError, Login, LoginGrant, Taken, replace};
use crate::secret::{ApiKey, RefreshToken};

/// The login's refresh token, where it has one.
pub(super) fn refresh_token(login: &Login) -> Option<&RefreshToken> {
    match &login.grant {
        LoginGrant::Oauth { refresh_token, .. } => refresh_token.as_ref(),
        LoginGrant::ApiKey(_) => None,
    }
}

/// Makes the login's places private, and says so. `undo` is the format's own.
pub(super) fn tightened(login: &Login, undo: &str) -> Result<Taken, FormatError> {
    replace::tighten(&login.exposed)?;
    let notes = login.exposed.iter().map(|path| format!("`{}` is private now", path.display()));
    Ok(Taken { place: login.place.clone(), undo: ApiKey::new(undo.to_owned()), notes: notes.collect() })
}

/// What is said when the login is no longer what was found.
pub(super) fn changed(login: &Login) -> FormatError {
    FormatError::Refused(format!("the login `{}` in `{}` has changed since it was found", login.name, login.place))
}

/// What is said when another login lies where one is to be given back.
pub(super) fn occupied(place: &str) -> FormatError {
    FormatError::Refused(format!("another login lies in `{place}` now, so nothing was put back"))
}
