//! What an imported login is called as a profile.

use crate::link::Login;

/// The longest name of a profile, in bytes.
const LONGEST: usize = 64;
/// Room for a number behind a name that is taken.
const ROOM: usize = 4;

/// The login's own name as far as a profile may have it, else that of its provider; with a number where it is taken.
pub(super) fn free(login: &Login, is_free: impl Fn(&str) -> bool) -> String {
    let own = cleaned(&login.name);
    let base = if own.is_empty() || own == "default" { login.provider.to_owned() } else { own };
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| is_free(name)).unwrap_or_default()
}

/// Letters, digits and `.` `_` `-` `@` `+`, a letter or digit first.
fn cleaned(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || "._-@+".contains(c) { c } else { '-' };
    let text: String = name.trim().chars().map(fit).collect();
    let mut text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    text.truncate(LONGEST - ROOM);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LoginGrant;
    use crate::secret::ApiKey;

    fn named(name: &str, taken: &[&str]) -> String {
        let grant = LoginGrant::ApiKey(ApiKey::new("k".to_owned()));
        let login = Login::new("some-service", name, std::path::Path::new("/x"), grant);
        free(&login, |name| !taken.contains(&name))
    }

    #[test]
    fn names_are_made_fit_and_free() {
        assert_eq!(named("me@example.org", &[]), "me@example.org");
        assert_eq!(named("default", &[]), "some-service");
        assert_eq!(named("", &["some-service"]), "some-service-2");
        assert_eq!(named("work", &["work", "work-2"]), "work-3");
        assert_eq!(named("abc123****wxyz", &[]), "abc123----wxyz");
        assert_eq!(named("../ä\u{202e}x y", &[]), "x-y");
        assert_eq!(named(&"x".repeat(100), &[]).len(), 60);
    }
}
