//! Giving imported logins back to the tools they came from.

use super::{Found, ImportError, Imports, Order, Report};
use crate::link::{Format, Origin};

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
        let (kept, refresh_token) = match self.0.intake.surrender(profile).await {
            Ok(surrendered) => surrendered,
            Err(error) => return one.notes.push(error.to_string()),
        };
        let give = move |format: &dyn Format| {
            let given = format.give_back(&kept.variables, &kept.taken, refresh_token.as_ref());
            (given, kept, refresh_token)
        };
        // A call that does not come back has the login with it; its profile stays surrendered, and can be undone again.
        match self.0.formats.call(&one.origin.format, give).await {
            Ok((Ok(()), ..)) => {
                one.taken = true;
                if let Err(error) = self.0.intake.forget(profile).await {
                    one.notes.push(format!("the profile `{profile}` could not be forgotten: {error}"));
                }
            }
            Ok((Err(error), kept, refresh_token)) => {
                one.notes.push(error.to_string());
                if let Err(error) = self.0.intake.reclaim(profile, kept, refresh_token).await {
                    one.notes.push(format!("the profile `{profile}` could not be taken up again: {error}"));
                }
            }
            Err(error) => one.notes.push(error.to_string()),
        }
        tracing::info!(profile, given = one.taken, "an import was to be undone");
    }
}
