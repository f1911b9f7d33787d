//! What several verbs share about profiles: the one that is meant when none is named, the ones there are when the
//! named one is not, and the word that was probably meant.

use proto::id::ProfileName;
use proto::problem::Code;
use proto::profile::Profile;
use strsim::levenshtein;

use crate::client::{Client, ClientError};
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;
use crate::prompt::{self, Choice};

/// What to type where nothing is logged in.
pub(super) const NOT_LOGGED_IN: &str = "Not logged in. Run: agentctl login";

/// The profile, or nothing if there is none of that name.
pub(super) fn inspect(client: &mut Client, name: &ProfileName) -> Result<Option<Profile>, Failure> {
    match client.inspect(name) {
        Ok(profile) => Ok(Some(profile)),
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// There is no profile `name`; the others are listed.
pub(super) fn unknown(client: &mut Client, name: &ProfileName) -> Failure {
    match client.list() {
        Ok(answer) => no_such(name, &answer.profiles),
        Err(error) => error.into(),
    }
}

fn no_such(name: &ProfileName, profiles: &[Profile]) -> Failure {
    let detail = format!("there is no profile `{name}`");
    let failure = Failure::own("not-found", Status::Failed, detail);
    if profiles.is_empty() {
        return failure.hint("`agentctl list` shows them; there are none yet: `agentctl login`");
    }
    failure.hint(format!("`agentctl list` shows them; there are: {}", names(profiles)))
}

/// The names, for a sentence.
pub(super) fn names(profiles: &[Profile]) -> String {
    profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// One of `profiles` where none is named: the picker, else a usage error that names them.
pub(super) fn pick<'p>(invocation: &Invocation, verb: &str, profiles: &'p [Profile]) -> Result<&'p Profile, Failure> {
    if !invocation.can_ask() {
        return Err(Failure::usage(format!("no profile is named; there are: {}", names(profiles)))
            .hint(format!("`agentctl {verb} NAME`")));
    }
    let choice = |one: &Profile| Choice::new(one.name.as_str(), profile::summary(one)).in_use(one.current);
    let choices: Vec<Choice> = profiles.iter().map(choice).collect();
    prompt::pick(invocation, "profile", &choices).map(|at| &profiles[at])
}

/// The word of `words` that was probably meant: at most two letters away, or begun alike.
pub(super) fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = |candidate: &str| match levenshtein(word, candidate) {
        0..=2 if candidate.len() > 2 => true,
        _ => word.len() > 2 && candidate.starts_with(word),
    };
    words.filter(|candidate| near(candidate)).min_by_key(|candidate| levenshtein(word, candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_nothing_far_away() {
        let words = ["baseten", "contree", "llamaindex", "tank", "ci"];
        let near = |word: &str| nearest(word, words.iter().copied());
        assert_eq!(near("basten"), Some("baseten"));
        assert_eq!(near("tnak"), Some("tank"));
        assert_eq!(near("llama"), Some("llamaindex"));
        for word in ["", "x", "github", "c"] {
            assert_eq!(near(word), None, "{word}");
        }
    }

    #[test]
    fn an_unknown_name_comes_with_the_known_ones() {
        let profile = |name: &str| -> Profile {
            let json = serde_json::json!({"name": name, "current": false, "auth_type": "none", "state": "logged-out",
                "flow": "key", "source": "memory", "refresh": {"possible": false}});
            serde_json::from_value(json).expect("it is a profile")
        };
        let name = ProfileName::parse("wrok").expect("a valid name");
        let failure = no_such(&name, &[profile("ci"), profile("work")]);
        assert_eq!(failure.status(), Status::Failed);
        let (detail, _, hint) = failure.text().expect("it has something to say");
        assert!(detail.contains("wrok") && hint.is_some_and(|hint| hint.contains("ci, work")));
    }
}
