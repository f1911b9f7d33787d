//! Giving imported logins back to the tools they came from.

use super::{Found, ImportError, Imports, Kind, Order, Report, mark};
use crate::link::{Follow, Format, FormatError, Kept, Origin, State};
use crate::secret::RefreshToken;

impl Imports {
    /// Gives back the logins that the order names: a profile, all of a format, or every one.
    pub(super) async fn undo(&self, order: &Order) -> Result<Report, ImportError> {
        let named = |(profile, origin): &(String, Origin)| {
            let by_name = order.name.as_ref().is_none_or(|name| name == profile || *name == origin.format);
            by_name && order.profile.as_ref().is_none_or(|name| name == profile)
        };
        let kept: Vec<_> = self.0.intake.kept().into_iter().filter(named).collect();
        if let (Some(name), true) = (order.name.as_ref().or(order.profile.as_ref()), kept.is_empty()) {
            return Err(ImportError::Unknown(name.clone()));
        }
        let give = !order.dry_run && (order.all || order.name.is_some() || order.profile.is_some());
        let mut found = Vec::new();
        for (profile, origin) in kept {
            let mut one = Found { profile: Some(profile.clone()), ..Found::new(origin) };
            if give {
                self.give_back(&profile, &mut one).await;
            }
            found.push(one);
        }
        let key = |found: &Found| (found.origin.format.clone(), found.origin.name.clone());
        found.sort_by_key(key);
        Ok(Report { found, notes: Vec::new() })
    }

    async fn give_back(&self, profile: &str, one: &mut Found) {
        if let Some(link) = self.written_by(profile, &one.origin.format) {
            // It would take its own out when the profile goes, and what was given back with it.
            return one.notes.push(format!("a link keeps the login there: `agentctl unlink --id {link}` first"));
        }
        let (kept, refresh_token) = match self.0.intake.surrender(profile).await {
            Ok(surrendered) => surrendered,
            Err(error) => return one.notes.push(error.to_string()),
        };
        let give = move |format: &dyn Format| given(format, &kept, refresh_token.as_ref());
        // A call that does not come back may give it back yet: the profile stays surrendered, and can be undone again.
        match self.0.formats.call(&one.origin.format, give).await {
            Ok(Ok(())) => {
                one.taken = true;
                if let Err(error) = self.0.intake.forget(profile).await {
                    one.notes.push(format!("the profile `{profile}` could not be forgotten: {error}"));
                }
            }
            Ok(Err(error)) => {
                one.notes.push(error.to_string());
                if let Err(error) = self.0.intake.reclaim(profile).await {
                    one.notes.push(format!("the profile `{profile}` could not be taken up again: {error}"));
                }
            }
            Err(error) => one.notes.push(error.to_string()),
        }
        tracing::info!(profile, given = one.taken, "an import was to be undone");
    }

    /// A link that has written the profile's login to the places of a format, or may have.
    fn written_by(&self, profile: &str, format: &str) -> Option<String> {
        let links = self.0.links.list();
        let wrote = links.into_iter().find(|link| {
            let follows = match &link.follow {
                Follow::Profile(name) => name == profile,
                Follow::Current(_) => true,
            };
            let writes = !matches!(link.state, State::Foreign | State::Suspended);
            link.format == format && follows && writes && link.written_at.is_some()
        });
        wrote.map(|link| link.id)
    }
}

/// Gives it back. A key was left in its place; without it there the agent's is the only one.
fn given(format: &dyn Format, kept: &Kept, refresh_token: Option<&RefreshToken>) -> Result<(), FormatError> {
    if kept.origin.kind == Kind::ApiKey {
        let there = format.logins(&kept.variables, &[])?;
        if !there.iter().any(|login| mark(login) == kept.origin.fingerprint) {
            return Err(FormatError::Refused("the key is not in its place any more, so the agent keeps it".to_owned()));
        }
    }
    format.give_back(&kept.variables, &kept.taken, refresh_token)
}
