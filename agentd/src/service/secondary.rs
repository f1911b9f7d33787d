//! Credentials that come with a login: fetched in a few requests, or made for it once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::Document;
use super::{CallError, Presented, Services, Site};
use crate::oauth::id_token::shown;
use crate::oauth::response::is_credential;
use crate::provider::template::{Name, Values};
use crate::provider::{self, Pick};
use crate::secret::ApiKey;

/// Why there is no secret: the service was asked, and has none.
const NONE: &str = "the service has none to give";

/// A credential that came with a login, or why it did not.
#[derive(Debug, Clone)]
pub struct Secondary {
    /// Its word.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether the login is ready only with it.
    pub required: bool,
    /// The secret.
    pub secret: Option<Arc<ApiKey>>,
    /// What came with it and is no secret.
    pub values: BTreeMap<String, String>,
    /// When it was fetched, in seconds since 1970.
    pub fetched_at: Option<i64>,
    /// Why it is not there.
    pub trouble: Option<String>,
}

impl Services {
    /// Fetches everything that comes with a login. `held` is what is there already: it is kept where it is made once, and
    /// where it cannot be fetched now.
    pub async fn secondaries(
        &self,
        site: &Site,
        credential: Presented<'_>,
        profile: &str,
        held: &[Secondary],
    ) -> Vec<Secondary> {
        let mut all = Vec::with_capacity(site.provider.secondaries.len());
        let wanted = site.provider.secondaries.iter().filter(|wanted| wanted.comes_with(&site.place.method));
        for wanted in wanted {
            let known = held.iter().find(|known| known.name == wanted.name && known.secret.is_some());
            if let Some(known) = known.filter(|_| wanted.once) {
                all.push(known.clone());
                continue;
            }
            let fetched = self.secondary(site, credential, profile, wanted).await;
            all.push(match (fetched, known) {
                (Ok((secret, values)), _) => Secondary {
                    secret: Some(Arc::new(secret)),
                    values,
                    fetched_at: Some(self.clock.wall()),
                    ..Secondary::missing(wanted, None)
                },
                (Err(error), Some(known)) if !is_final(&error) => {
                    Secondary { trouble: Some(error.to_string()), ..known.clone() }
                }
                (Err(error), _) => Secondary::missing(wanted, Some(error.to_string())),
            });
        }
        all
    }

    async fn secondary(
        &self,
        site: &Site,
        credential: Presented<'_>,
        profile: &str,
        wanted: &provider::Secondary,
    ) -> Result<(ApiKey, BTreeMap<String, String>), CallError> {
        let mut values = Values::new().with(Name::Profile, profile).with(Name::Host, crate::platform::host_name());
        for step in &wanted.steps {
            if step.unless.as_ref().is_some_and(|name| values.value(&Name::Taken(name.clone())).is_some()) {
                continue;
            }
            let document = self.send(site, &step.request, values.clone(), Some(credential)).await?.document()?;
            let element = match &step.pick {
                None => Some(&document),
                Some(pick) => self.pick(&document, pick),
            };
            for (name, pointer) in &step.take {
                if let Some(value) = element.and_then(|element| element.text(pointer)) {
                    values.set(Name::Taken(name.clone()), value.as_str());
                }
            }
        }
        let taken = |name: &String| values.value(&Name::Taken(name.clone()));
        let secret = taken(&wanted.secret).filter(|secret| is_credential(secret));
        let secret = secret.ok_or(CallError::Unreadable { why: NONE })?;
        let kept = wanted.keep.iter().filter_map(|name| Some((name.clone(), taken(name).and_then(shown)?)));
        Ok((ApiKey::new(secret.to_owned()), kept.collect()))
    }

    fn pick<'a>(&self, document: &'a Document, pick: &Pick) -> Option<&'a Document> {
        let now = self.clock.wall();
        let alive = |item: &&Document| {
            let other = pick.only.iter().any(|(pointer, wanted)| item.text(pointer).is_none_or(|is| *is != *wanted));
            let lacks = pick.with.as_ref().is_some_and(|pointer| item.text(pointer).is_none());
            let ended =
                pick.without.as_ref().is_some_and(|pointer| item.at(pointer).is_some_and(|value| !value.is_empty()));
            let lapsed = pick.until.as_ref().and_then(|pointer| item.time(pointer)).is_some_and(|at| at <= now);
            !other && !lacks && !ended && !lapsed
        };
        let mut items = document.list(&pick.from)?.iter().filter(alive);
        match &pick.newest {
            None => items.next(),
            Some(pointer) => items.max_by_key(|item| item.time(pointer).unwrap_or(i64::MIN)),
        }
    }
}

/// Whether the service has said clearly that there is no such credential, or none for this login. Whatever else comes,
/// what is held may be as good as before.
fn is_final(error: &CallError) -> bool {
    matches!(error, CallError::Forbidden | CallError::Unreadable { why: NONE })
}

impl Secondary {
    /// One that is not there, and why.
    fn missing(wanted: &provider::Secondary, trouble: Option<String>) -> Self {
        Self {
            name: wanted.name.clone(),
            title: wanted.title.clone(),
            required: wanted.required,
            secret: None,
            values: BTreeMap::new(),
            fetched_at: None,
            trouble,
        }
    }
}
