//! A key handed over by the person: its shape is looked at first, then the service is asked, and only then it is kept.

use crate::flow::table::Ground;
use crate::flow::{AtService, Failure, find_project};
use crate::provider::KeySpec;
use crate::secret::ApiKey;
use crate::service::{Identity, Presented};

/// The longest key, in bytes.
pub(super) const LONGEST: usize = 16 * 1024;

/// Checks the key's shape, and at the service where that can be asked.
pub(super) async fn verified(ground: &Ground, at: &AtService, spec: &KeySpec) -> Result<(ApiKey, Identity), Failure> {
    let given = at.key.as_ref().ok_or(Failure::NoKey)?;
    // EXPOSE: its shape is looked at.
    let text = given.expose();
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::BadKey {
            why: "the key is empty, too long, or holds what cannot be sent in a header".to_owned(),
        });
    }
    if let Some(prefix) = spec.prefix.as_ref().filter(|prefix| !text.starts_with(prefix.as_str())) {
        return Err(Failure::BadKey {
            why: format!("a key of {} begins with `{prefix}`, this one does not", at.site.provider.title),
        });
    }
    let credential = Presented { scheme: &at.site.place.scheme, secret: text };
    let identity = match ground.services.whoami(&at.site, credential).await {
        Some(told) => told.map_err(|error| Failure::of_key(&error))?,
        None => Identity::default(),
    };
    // The list of projects shows as well whether the key is good, and whether the project that is wanted is there.
    if let Some(listed) = ground.services.projects(&at.site, credential).await {
        let listed = listed.map_err(|error| Failure::of_key(&error))?;
        if at.project.as_ref().is_some_and(|wanted| find_project(&listed, wanted).is_none()) {
            let known: Vec<&str> = listed.iter().map(|project| project.id.as_str()).collect();
            let why = format!("there is no such project at the service; there are: {}", known.join(", "));
            return Err(Failure::BadSettings { why });
        }
    }
    Ok((ApiKey::new(text.to_owned()), identity))
}
