//! Where the secrets of one remote lie: in its section, or in an item of the keyring.

use zeroize::Zeroizing;

use super::super::ini::{Document, IniError};
use super::super::json::Object;
use super::super::keyring::{Item, Keyring};
use super::super::place;
use super::super::{FormatError, Variables};
use crate::platform;
use crate::secret::Fingerprint;

/// What stands where the tool wants a refresh token and must not have one. It cannot be empty.
pub(super) const PLACEHOLDER: &str = "held-by-agentd";

/// The tool's name in the keyring.
const SERVICE: &str = "baseten-truss";
/// What the library behind the tool calls itself in every item.
const APPLICATION: &str = "Python keyring library";
const DISABLED: &str = "BASETEN_TRUSS_AUTH_KEYRING_DISABLED";

/// Members of an item, and keys of a section.
pub(super) const ACCESS: &str = "oauth_access_token";
pub(super) const REFRESH: &str = "oauth_refresh_token";
pub(super) const EXPIRES: &str = "oauth_expires_at";
pub(super) const KEY: &str = "api_key";
pub(super) const KIND: &str = "auth_type";

/// All that is secret in a section.
pub(super) const INLINE: &[&str] = &[KEY, ACCESS, REFRESH, EXPIRES];

/// The variables by which the tool finds its keyring.
pub(super) const VARIABLES: &[&str] = &[super::super::keyring::BUS, DISABLED];

/// The variable that turns the keyring off, and its value.
pub(super) fn without_keyring() -> (String, String) {
    (DISABLED.to_owned(), "1".to_owned())
}

/// The keyring that the variables speak of. Nobody is asked whether it is there.
pub(super) fn named(variables: &Variables) -> Option<Keyring> {
    if is_off(variables) || !platform::has_secret_service() { None } else { Keyring::of(variables) }
}

/// The keyring, where the tool would use one: without a service on the bus it keeps its tokens inline.
pub(super) fn keyring(variables: &Variables) -> Result<Option<Keyring>, FormatError> {
    match named(variables) {
        Some(keyring) => Ok(keyring.is_there()?.then_some(keyring)),
        None => Ok(None),
    }
}

/// The keyring for a section: one whose tokens are in it must not do without.
pub(super) fn keyring_of(
    variables: &Variables,
    document: &Document,
    section: &str,
) -> Result<Option<Keyring>, FormatError> {
    let found = keyring(variables)?;
    if found.is_none() && named(variables).is_some() && is_elsewhere(document, section) {
        let why = format!("the tokens of `{section}` are in it, and no Secret Service runs on the session bus");
        return Err(FormatError::Keyring(why));
    }
    Ok(found)
}

/// The keyring for a new token. Where the tool would use one of another kind, inline tokens must be wished for.
pub(super) fn keyring_for(
    variables: &Variables,
    document: &Document,
    section: &str,
) -> Result<Option<Keyring>, FormatError> {
    if !platform::has_secret_service() && !is_off(variables) {
        let why = format!("this system's is not supported; with `{DISABLED}=1` tokens are kept in the file");
        return Err(FormatError::Keyring(why));
    }
    keyring_of(variables, document, section)
}

/// Whether a section says that its tokens are in the keyring.
pub(super) fn is_elsewhere(document: &Document, section: &str) -> bool {
    document.own(section, KIND) == Some("oauth") && document.own(section, ACCESS).is_none_or(str::is_empty)
}

fn is_off(variables: &Variables) -> bool {
    let off = place::variable(variables, DISABLED).unwrap_or_default().to_lowercase();
    ["1", "true", "yes"].contains(&off.as_str())
}

/// How people are told of an item.
pub(super) fn place_of(remote: &str) -> String {
    format!("keyring item of `{SERVICE}` for `{remote}`")
}

/// The secrets that stand in a section, complete for the kind it names; without a kind, a key.
pub(super) fn inline(document: &Document, section: &str) -> Result<Option<Object>, IniError> {
    let mut object = Object::default();
    for key in INLINE.iter().chain(&[KIND]) {
        if let Some(value) = document.value(section, key)?.filter(|value| !value.is_empty()) {
            object.set(key, value.as_str());
        }
    }
    let complete = match object.text(KIND) {
        Some("oauth") => object.has(ACCESS),
        _ => object.has(KEY),
    };
    Ok(complete.then_some(object))
}

/// The items of a remote; there may be several, which differ in attributes that the tool does not look for.
pub(super) fn items(keyring: &Keyring, remote: &str) -> Result<Vec<Item>, FormatError> {
    keyring.find(&[("service", SERVICE), ("username", remote)])
}

/// The items of all remotes, with their names.
pub(super) fn all_items(keyring: &Keyring) -> Result<Vec<(String, Item)>, FormatError> {
    let items = keyring.find(&[("service", SERVICE)])?;
    Ok(items.into_iter().filter_map(|item| Some((item.attributes.get("username")?.clone(), item))).collect())
}

/// Puts secrets into every item of a remote, or makes one as the tool does.
pub(super) fn keep(keyring: &Keyring, remote: &str, secrets: &Object) -> Result<(), FormatError> {
    let (text, items) = (secrets.line(), items(keyring, remote)?);
    if items.is_empty() {
        return keyring.put(&label(remote), &attributes(remote), &text);
    }
    items.iter().try_for_each(|item| keyring.change(item, &text))
}

/// Takes the items with this credential out; `false` when there is none.
pub(super) fn forget(keyring: &Keyring, remote: &str, credential: Fingerprint) -> Result<bool, FormatError> {
    let mut found = false;
    for item in items(keyring, remote)? {
        if Object::parse(&item.secret).is_some_and(|secrets| is(&secrets, credential)) {
            keyring.delete(&item)?;
            found = true;
        }
    }
    Ok(found)
}

fn label(remote: &str) -> String {
    format!("Password for '{remote}' on '{SERVICE}'")
}

fn attributes(remote: &str) -> [(&'static str, &str); 3] {
    [("application", APPLICATION), ("service", SERVICE), ("username", remote)]
}

/// What a link keeps of an access token.
pub(super) fn of_token(token: &str, expires_at: Option<i64>) -> Object {
    /// For a token of unknown life: so late that the tool never tries to refresh by itself (the year 2100).
    const LATE: i64 = 4_102_444_800;
    let mut object = Object::default();
    object.set(KIND, "oauth");
    object.set(ACCESS, token);
    object.set(REFRESH, PLACEHOLDER);
    object.set(EXPIRES, expires_at.unwrap_or(LATE).to_string());
    object
}

/// The access token or the key.
pub(super) fn credential(secrets: &Object) -> Option<Zeroizing<String>> {
    let text = if secrets.text(KIND) == Some("oauth") { secrets.text(ACCESS) } else { secrets.text(KEY) };
    text.map(|text| Zeroizing::new(text.to_owned()))
}

/// Whether it is the credential with this fingerprint.
pub(super) fn is(secrets: &Object, fingerprint: Fingerprint) -> bool {
    credential(secrets).is_some_and(|credential| Fingerprint::of(credential.as_bytes()) == fingerprint)
}

/// The refresh token, where there is a real one.
pub(super) fn refresh_token(secrets: &Object) -> Option<&str> {
    secrets.text(REFRESH).filter(|token| *token != PLACEHOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_what_the_tool_makes() {
        assert_eq!(label("work"), "Password for 'work' on 'baseten-truss'");
        let attributes = attributes("work");
        let expected = [("application", "Python keyring library"), ("service", "baseten-truss"), ("username", "work")];
        assert_eq!(attributes, expected);
        let line = of_token("at", Some(17)).line();
        assert_eq!(
            line.as_str(),
            r#"{"auth_type":"oauth","oauth_access_token":"at","oauth_expires_at":"17","oauth_refresh_token":"held-by-agentd"}"#
        );
        assert_eq!(refresh_token(&of_token("at", None)), None);
    }

    #[test]
    fn the_keyring_is_used_unless_it_is_turned_off_or_missing() {
        let bus = ("DBUS_SESSION_BUS_ADDRESS".to_owned(), "unix:path=/run/bus".to_owned());
        assert!(named(&Variables::from([bus.clone()])).is_some());
        assert!(named(&Variables::new()).is_none());
        for (value, used) in [("1", false), ("TRUE", false), ("Yes", false), ("0", true), ("on", true), ("", true)] {
            let variables = Variables::from([bus.clone(), (DISABLED.to_owned(), value.to_owned())]);
            assert_eq!(named(&variables).is_some(), used, "{value}");
        }
    }
}
