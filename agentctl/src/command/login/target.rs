//! Where a login goes: to a service that a provider describes, or to what the command line itself describes.

use proto::id::ProfileName;
use proto::profile::Profile;
use proto::provider::Provider;

use super::options::Login;
use crate::client::Client;
use crate::command::{choose, provider};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::prompt::{self, Choice};

/// Where, and which profile is made or renewed.
#[derive(Debug)]
pub(super) struct Target {
    /// The service; none for an issuer, or a key of nobody's.
    pub(super) provider: Option<Provider>,
    /// The profile's name, if it is known before the login.
    pub(super) name: Option<ProfileName>,
    /// The profile, if there is one of that name.
    pub(super) known: Option<Profile>,
}

impl Target {
    /// The profile, if it is one of the same service.
    pub(super) fn renewed(&self) -> Option<&Profile> {
        let provider = self.provider.as_ref()?;
        self.known.as_ref().filter(|known| known.provider.as_ref() == Some(&provider.name))
    }
}

/// Finds out what is meant.
pub(super) fn find(invocation: &Invocation, client: &mut Client, login: &Login) -> Result<Target, Failure> {
    let Some(word) = &login.target else { return unnamed(invocation, client, login) };
    let name = ProfileName::parse(word).ok();
    if login.issuer.is_some() {
        let name = name.ok_or_else(|| Failure::usage("the name of the profile is not valid"))?;
        let name = invocation.named(Some(&name))?;
        return plain(client, name);
    }
    let option = invocation.named(None)?;
    // The word may be a key that was typed by mistake: it is looked for here, so that the agent never sees it.
    let profiles = client.list()?.profiles;
    let named = name.filter(|name| agrees(invocation, name));
    if let Some(known) = named.and_then(|name| profiles.iter().find(|profile| profile.name == name)) {
        return of_profile(client, known.clone());
    }
    let mut providers = client.providers()?.providers;
    if let Some(found) = providers.iter().position(|provider| provider.name.as_str() == word) {
        return at(client, providers.swap_remove(found), option);
    }
    let profiles: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    let providers: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    Err(neither(word, login.by_key(), &profiles, &providers))
}

/// Whether `--profile`, if given, names the same.
fn agrees(invocation: &Invocation, name: &ProfileName) -> bool {
    invocation.argument(None).is_ok_and(|option| option.is_none_or(|option| option == *name))
}

/// Without a word: the profile that is named otherwise, else the current one, else what the person picks.
fn unnamed(invocation: &Invocation, client: &mut Client, login: &Login) -> Result<Target, Failure> {
    let named = invocation.named(None)?;
    if login.issuer.is_some() {
        return plain(client, named);
    }
    let name = match named {
        Some(name) => Some(name),
        None => client.status()?.current,
    };
    if let Some(name) = &name
        && let Some(known) = choose::inspect(client, name)?
    {
        return of_profile(client, known);
    }
    // A new profile with a key and nothing else is kept as it is.
    if login.by_key() && name.is_some() {
        return plain(client, name);
    }
    let mut providers = client.providers()?.providers;
    if !invocation.can_ask() || providers.is_empty() {
        let words: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
        return Err(Failure::usage(format!("nothing says where to log in; providers: {}", words.join(", ")))
            .hint("`agentctl login PROVIDER`, or `agentctl login --issuer URL [--client-id ID]`"));
    }
    let choices: Vec<Choice> =
        providers.iter().map(|provider| Choice::new(provider.name.as_str(), provider.title.as_str())).collect();
    let picked = prompt::pick(invocation, "service", &choices)?;
    at(client, providers.swap_remove(picked), name)
}

fn plain(client: &mut Client, name: Option<ProfileName>) -> Result<Target, Failure> {
    let known = match &name {
        Some(name) => choose::inspect(client, name)?,
        None => None,
    };
    Ok(Target { provider: None, name, known })
}

fn of_profile(client: &mut Client, known: Profile) -> Result<Target, Failure> {
    let provider = known.provider.as_ref().map(|name| provider::known(client, name)).transpose()?;
    Ok(Target { provider, name: Some(known.name.clone()), known: Some(known) })
}

fn at(client: &mut Client, provider: Provider, name: Option<ProfileName>) -> Result<Target, Failure> {
    let plain = plain(client, name)?;
    Ok(Target { provider: Some(provider), ..plain })
}

/// Neither a profile nor a provider; a word that may be a credential is not repeated.
fn neither(word: &str, hidden: bool, profiles: &[&str], providers: &[&str]) -> Failure {
    let hidden = hidden || ProfileName::parse(word).is_err();
    let said = if hidden { "that".to_owned() } else { format!("`{word}`") };
    let some = |words: &[&str]| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    let meant = choose::nearest(word, profiles.iter().chain(providers).copied());
    let hint = match meant {
        Some(meant) => format!("did you mean `agentctl login {meant}`?"),
        None => "`agentctl provider list` shows the services".to_owned(),
    };
    Failure::usage(format!("{said} is neither a profile ({}) nor a provider ({})", some(profiles), some(providers)))
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Status;

    #[test]
    fn an_unknown_word_is_answered_with_both_lists_and_a_guess() {
        let failure = neither("basten", false, &["ci", "work"], &["baseten", "tank"]);
        assert_eq!(failure.status(), Status::Usage);
        let (detail, _, hint) = failure.text().expect("it is told");
        assert_eq!(detail, "`basten` is neither a profile (ci, work) nor a provider (baseten, tank)");
        assert_eq!(hint, Some("did you mean `agentctl login baseten`?"));
    }

    #[test]
    fn a_word_that_may_be_a_key_is_not_repeated() {
        for (word, hidden) in [("sk-123456", true), ("sk/123456", false)] {
            let failure = neither(word, hidden, &[], &["tank"]);
            let said = format!("{:?}", failure.text().expect("it is told"));
            assert!(!said.contains("123456"), "{said}");
        }
    }
}
