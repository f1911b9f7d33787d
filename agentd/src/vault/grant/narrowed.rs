//! Narrower tokens of a grant: what a refresh that asks for less brought, or an exchange (RFC 8693).

use std::sync::Arc;

use super::Grant;
use crate::clock::{Clock, Moment};
use crate::config::Narrow;
use crate::oauth::Tokens;
use crate::secret::AccessToken;
use crate::vault::view::{Credential, Served};
use crate::vault::want::{Scopes, Target};
use crate::vault::{Trouble, freshness};

/// Narrower tokens kept per grant; the one that lapses first makes room.
const MOST_NARROWED: usize = 64;

impl Grant {
    /// Whether a token for `target` is made in exchange for the one as granted.
    pub(in crate::vault) fn exchanges(&self, target: &Target) -> bool {
        !target.is_main() && self.rules.narrow == Narrow::Exchange
    }

    /// The token as granted, if it is fresh enough to be exchanged; where it cannot be renewed, if it is valid.
    pub(in crate::vault) fn subject(&self, now: Moment) -> Option<Arc<AccessToken>> {
        let main = self.main.as_ref()?;
        let Credential::AccessToken(token) = &main.credential else { return None };
        let required = freshness::required_ttl(None, main.life(), self.rules.refresh);
        let good = match self.refresh_token() {
            Some(_) => freshness::is_fresh(now, main.expires_at, required),
            None => main.is_valid(now),
        };
        good.then(|| Arc::clone(token))
    }

    /// Takes over what an exchange brought. It is never the grant's own token, and changes nothing else about it.
    ///
    /// # Errors
    /// [`Trouble::Wider`] when the token is wider than asked for.
    pub(in crate::vault) fn narrow(
        &mut self,
        target: &Arc<Target>,
        tokens: Tokens,
        clock: &Clock,
    ) -> Result<(), Trouble> {
        let answered = tokens.scope.clone();
        let scope = self.scope_of(target, answered.as_deref());
        let (served, _not_this_grants) = self.serve(tokens, scope);
        self.keep_narrowed(target, served, answered.as_deref(), clock)
    }

    /// The scope of a token for `target` whose answer said `answered`: absent means as asked for (RFC 6749 §5.1).
    pub(super) fn scope_of(&self, target: &Target, answered: Option<&str>) -> Option<Arc<str>> {
        answered.map(Arc::from).or_else(|| match &target.scope {
            Some(asked) => Some(Arc::from(asked.join())),
            None => self.granted_scope.clone(),
        })
    }

    pub(super) fn keep_narrowed(
        &mut self,
        target: &Arc<Target>,
        served: Served,
        answered: Option<&str>,
        clock: &Clock,
    ) -> Result<(), Trouble> {
        if let (Some(asked), Some(answered)) = (&target.scope, answered)
            && !Scopes::parse(answered).within(asked)
        {
            self.ignores_scope = true;
            return Err(Trouble::Wider);
        }
        let narrowed = Arc::make_mut(&mut self.narrowed);
        narrowed.insert(Arc::clone(target), served);
        narrowed.retain(|_, s| s.is_valid(clock.now()));
        while narrowed.len() > MOST_NARROWED {
            let first = narrowed.iter().min_by_key(|(_, s)| s.expires_at).map(|(t, _)| Arc::clone(t));
            if let Some(first) = first {
                narrowed.remove(&first);
            }
        }
        Ok(())
    }
}
