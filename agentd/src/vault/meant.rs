//! Which profile is meant: every level that may say so, the strongest first, and what became of it.
//!
//! One rule stands above the order: where a host or a provider is asked for, only a profile that is for it is chosen, whoever
//! names it, because its credential is about to be sent there. The command line cannot be passed over, so there it is a
//! mistake; the environment and a project's file are passed over.

mod tie;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::select::site_of;
use super::view::Snapshot;
use super::{SelectError, Vault};
use crate::store::record::{Choice, RecordId};
use tie::names;

/// What may say which profile is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The command line.
    Argument,
    /// The environment.
    Environment,
    /// A project's file.
    ProjectFile,
    /// The host that is asked for.
    Host,
    /// The provider that is asked for.
    Provider,
    /// The overall current profile, or the only one.
    Current,
}

/// What became of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It decided.
    Chosen,
    /// A stronger one decided.
    Outranked,
    /// What it names is not for what is asked for.
    PassedOver,
    /// It decided that there is none.
    Refused,
    /// It says nothing.
    Silent,
}

/// One level, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Which.
    pub level: Level,
    /// What became of it.
    pub verdict: Verdict,
    /// The profiles it speaks of.
    pub profiles: Vec<Arc<str>>,
    /// What it said, for people.
    pub detail: String,
}

/// A profile that a project's file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The profile.
    pub profile: String,
    /// Meant only where this host is asked for.
    pub host: Option<String>,
    /// Meant only where a credential of this provider is asked for.
    pub provider: Option<String>,
}

/// The host that a credential is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As it was read.
    pub host: String,
    /// The profiles that are for it.
    pub serving: Vec<RecordId>,
}

/// What is known before anything is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Named on the command line.
    pub argument: Option<String>,
    /// Named by the environment.
    pub environment: Option<String>,
    /// Named by a project's file; the first that fits counts.
    pub project_file: Vec<Suggestion>,
    /// The host that is asked for.
    pub destination: Option<Destination>,
    /// The provider that is asked for.
    pub provider: Option<String>,
}

/// Why no profile is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecided {
    /// Nothing else decides.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The named profile is for something else: name another, or none.
    #[error("profile `{profile}` is not {wanted}")]
    Misfit {
        /// The named one.
        profile: String,
        /// What it is not.
        wanted: String,
    },
    /// No profile is for what is asked for: log in there.
    #[error("no profile is {wanted}")]
    None {
        /// What none is.
        wanted: String,
    },
    /// Several are, and none of them is current.
    #[error("several profiles are {wanted}: {}", .among.join(", "))]
    Several {
        /// What they are.
        wanted: String,
        /// Their names.
        among: Vec<String>,
    },
}

/// Which profile is meant, and why.
#[derive(Debug)]
pub struct Decision {
    /// The profile.
    pub chosen: Result<Arc<Snapshot>, Undecided>,
    /// Every level, the strongest first.
    pub levels: Vec<Considered>,
}

/// What one level says by itself.
enum Says {
    /// This one, for this reason.
    This(Arc<Snapshot>, Vec<Arc<str>>, String),
    /// Not for what is asked for.
    Passes(Vec<Arc<str>>, String),
    /// There is none.
    Refuses(Undecided, Vec<Arc<str>>),
    /// Nothing.
    Nothing(&'static str),
}

impl Vault {
    /// Decides which profile is meant. Without a host and a provider it is the one that [`Vault::inspect`] gives for the name
    /// that the strongest level says.
    pub fn decide(&self, wishes: &Wishes) -> Decision {
        let scene = Scene { wishes, profiles: self.list(), choices: self.choices(), fallback: self.inspect(None) };
        let says = [
            (Level::Argument, scene.named(wishes.argument.as_deref(), true)),
            (Level::Environment, scene.named(wishes.environment.as_deref(), false)),
            (Level::ProjectFile, scene.suggested()),
            (Level::Host, scene.by_host()),
            (Level::Provider, scene.by_provider()),
            (Level::Current, scene.by_current()),
        ];
        let mut chosen = None;
        let levels = says.into_iter().map(|(level, says)| judge(level, says, &mut chosen)).collect();
        let chosen = chosen.unwrap_or(Err(Undecided::Select(SelectError::NoneCurrent)));
        Decision { chosen, levels }
    }
}

fn judge(level: Level, says: Says, chosen: &mut Option<Result<Arc<Snapshot>, Undecided>>) -> Considered {
    let decided = chosen.is_some();
    let (verdict, profiles, detail) = match says {
        Says::Nothing(why) => (Verdict::Silent, Vec::new(), why.to_owned()),
        Says::Passes(profiles, why) => (Verdict::PassedOver, profiles, why),
        Says::This(_, profiles, why) if decided => (Verdict::Outranked, profiles, why),
        Says::Refuses(error, profiles) if decided => (Verdict::Outranked, profiles, error.to_string()),
        Says::This(snapshot, profiles, why) => {
            *chosen = Some(Ok(snapshot));
            (Verdict::Chosen, profiles, why)
        }
        Says::Refuses(error, profiles) => {
            let why = error.to_string();
            *chosen = Some(Err(error));
            (Verdict::Refused, profiles, why)
        }
    };
    Considered { level, verdict, profiles, detail }
}

/// Everything a level may look at.
struct Scene<'w> {
    wishes: &'w Wishes,
    profiles: Vec<Arc<Snapshot>>,
    choices: BTreeMap<String, Choice>,
    fallback: Result<Arc<Snapshot>, SelectError>,
}

impl Scene<'_> {
    /// What is asked for in words; `None`: nothing in particular.
    fn wanted(&self) -> Option<String> {
        let host = self.wishes.destination.as_ref().map(|destination| format!("for {}", destination.host));
        let provider = self.wishes.provider.as_ref().map(|provider| format!("of {provider}"));
        match (provider, host) {
            (Some(provider), Some(host)) => Some(format!("{provider} and {host}")),
            (provider, host) => provider.or(host),
        }
    }

    fn fits(&self, snapshot: &Snapshot) -> bool {
        let destination = self.wishes.destination.as_ref();
        let provider = self.wishes.provider.as_deref();
        destination.is_none_or(|destination| destination.serving.contains(&snapshot.id))
            && provider.is_none_or(|provider| site_of(snapshot).is_some_and(|(own, _)| own == provider))
    }

    fn named(&self, name: Option<&str>, binding: bool) -> Says {
        let Some(name) = name else { return Says::Nothing("names nothing") };
        let Some(found) = self.profiles.iter().find(|snapshot| *snapshot.name == *name) else {
            return Says::Refuses(
                SelectError::no_such(name, self.profiles.iter().map(|known| &*known.name)).into(),
                Vec::new(),
            );
        };
        let profiles = vec![Arc::clone(&found.name)];
        match self.wanted() {
            Some(wanted) if !self.fits(found) && binding => {
                Says::Refuses(Undecided::Misfit { profile: name.to_owned(), wanted }, profiles)
            }
            Some(wanted) if !self.fits(found) => {
                Says::Passes(profiles, format!("names `{name}`, which is not {wanted}"))
            }
            _ => Says::This(Arc::clone(found), profiles, format!("names `{name}`")),
        }
    }

    /// The first suggestion that is meant here. One for another host or provider is not meant at all.
    fn suggested(&self) -> Says {
        let host = self.wishes.destination.as_ref().map(|destination| destination.host.as_str());
        let provider = self.wishes.provider.as_deref();
        let of_host = |known: &str| host == Some(known);
        // Where only a host is asked for, its providers are known by the profiles that are for it.
        let of_provider = |known: &str| provider == Some(known) || (provider.is_none() && host.is_some());
        let meant = |one: &&Suggestion| {
            one.host.as_deref().is_none_or(of_host) && one.provider.as_deref().is_none_or(of_provider)
        };
        let mut passed = Says::Nothing("names nothing");
        for one in self.wishes.project_file.iter().filter(meant) {
            match self.named(Some(&one.profile), false) {
                Says::Passes(..) if one.provider.is_some() && provider.is_none() => {}
                Says::Passes(profiles, why) => {
                    if matches!(passed, Says::Nothing(_)) {
                        passed = Says::Passes(profiles, why);
                    }
                }
                says => return says,
            }
        }
        passed
    }

    fn by_host(&self) -> Says {
        let Some(destination) = &self.wishes.destination else { return Says::Nothing("no host is asked for") };
        let fitting: Vec<&Arc<Snapshot>> = self.profiles.iter().filter(|snapshot| self.fits(snapshot)).collect();
        let wanted = self.wanted().unwrap_or_default();
        let profiles: Vec<Arc<str>> = fitting.iter().map(|snapshot| Arc::clone(&snapshot.name)).collect();
        let are = if profiles.len() == 1 { "is" } else { "are" };
        match self.settle(&fitting) {
            Some((snapshot, why)) => {
                let said = format!("{} {are} for {}{why}", names(&profiles), destination.host);
                Says::This(snapshot, profiles, said)
            }
            None if profiles.is_empty() => Says::Refuses(Undecided::None { wanted }, profiles),
            None => Says::Refuses(several(wanted, &profiles), profiles),
        }
    }

    fn by_provider(&self) -> Says {
        let Some(provider) = &self.wishes.provider else { return Says::Nothing("no service is asked for") };
        let of_it = |snapshot: &&Arc<Snapshot>| site_of(snapshot).is_some_and(|(own, _)| own == provider);
        let all: Vec<&Arc<Snapshot>> = self.profiles.iter().filter(of_it).collect();
        let profiles: Vec<Arc<str>> = all.iter().map(|snapshot| Arc::clone(&snapshot.name)).collect();
        let current = self.choices.get(provider).and_then(|choice| choice.current);
        if let Some(current) = all.iter().find(|snapshot| Some(snapshot.id) == current) {
            return Says::This(
                Arc::clone(current),
                profiles,
                format!("`{}` is the current one of {provider}", current.name),
            );
        }
        let wanted = format!("of {provider}");
        match all.as_slice() {
            [] => Says::Refuses(Undecided::None { wanted }, profiles),
            [only] => Says::This(Arc::clone(only), profiles, format!("`{}` is the only one of {provider}", only.name)),
            _ => Says::Refuses(several(wanted, &profiles), profiles),
        }
    }

    fn by_current(&self) -> Says {
        match &self.fallback {
            Ok(snapshot) => {
                let only = self.profiles.len() == 1;
                let what = if only { "only" } else { "current" };
                let why = format!("`{}` is the {what} one", snapshot.name);
                Says::This(Arc::clone(snapshot), vec![Arc::clone(&snapshot.name)], why)
            }
            Err(error) => Says::Refuses(error.clone().into(), Vec::new()),
        }
    }
}

fn several(wanted: String, profiles: &[Arc<str>]) -> Undecided {
    Undecided::Several { wanted, among: profiles.iter().map(ToString::to_string).collect() }
}
