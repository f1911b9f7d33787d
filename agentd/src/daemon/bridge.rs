//! Where parts of one row meet: the vault's issuer is OAuth and the providers' requests; a login's sink is the vault.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::flow::{AdoptError, Adopted, Brought, BroughtTokens, Failure, GrantSink, Outcome};
use crate::notice::{Kind, Notices};
use crate::oauth::{Account, ExchangeError, OAuth, Presented, Tokens};
use crate::provider::{Catalogue, Flow, Method, MethodName, Place};
use crate::secret::{AccessToken, RefreshToken};
use crate::service::{self, Ended, Report, Secondary, Services, Site, settle};
use crate::vault::{Beside, Issuer, NewGrant, NewKey, Scopes, Snapshot, Target, Vault, Way, free_name};

/// Renews grants at their real services, and tells the services of their end.
pub(super) struct Renewer {
    pub(super) oauth: OAuth,
    pub(super) services: Services,
    pub(super) catalogue: Catalogue,
    pub(super) clock: crate::clock::Clock,
}

impl Renewer {
    /// The provider of a place, as long as its description is there.
    fn site(&self, place: Option<&Place>) -> Option<Site> {
        let place = place?;
        let provider = self.catalogue.find(&place.provider)?;
        Some(Site { provider, place: place.clone() })
    }

    /// Some services are told with a live access token only, and it may have lapsed while they could not be reached. Says
    /// why it could not be renewed, if that may pass.
    async fn revive(&self, site: Option<&Site>, ended: &mut Ended) -> Option<String> {
        let lapsed = ended.expires_at.is_some_and(|at| at <= self.clock.wall());
        let site = site.filter(|site| lapsed && ends_with_live_token(site))?;
        let (client, token) = (ended.client.clone()?, ended.refresh_token.clone()?);
        let flow = method(site)?.flow.flow();
        let way = Way { flow, client: &client, place: Some(&site.place) };
        match self.refresh(way, &token, &Target::default()).await {
            Ok(tokens) => {
                let life = tokens.expires_in.and_then(|life| i64::try_from(life.as_secs()).ok());
                ended.expires_at = life.map(|life| self.clock.wall().saturating_add(life));
                ended.access_token = Some(Arc::new(tokens.access_token));
                ended.refresh_token = tokens.refresh_token.map(Arc::new).or(Some(token));
                None
            }
            Err(
                error @ (ExchangeError::NotSent { .. }
                | ExchangeError::Unavailable { .. }
                | ExchangeError::Uncertain { .. }),
            ) => Some(error.to_string()),
            // The login is over there; what it brought can no longer be ended with it.
            Err(_) => None,
        }
    }
}

fn method(site: &Site) -> Option<&Method> {
    MethodName::of_word(&site.place.method).and_then(|name| site.provider.method(name))
}

/// Whether the service is told of a login's end with its access token.
fn ends_with_live_token(site: &Site) -> bool {
    site.provider.revoke.is_some() || site.provider.secondaries.iter().any(|wanted| wanted.delete.is_some())
}

impl Issuer for Renewer {
    fn refresh<'a>(
        &'a self,
        way: Way<'a>,
        token: &'a RefreshToken,
        target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>> {
        async move {
            let site = self.site(way.place);
            if let Some(site) = &site
                && let Some(refreshed) = self.services.refresh(site, method(site), token).await
            {
                return refreshed;
            }
            if way.flow == Flow::PollExchange {
                // Nobody but the provider's description knows how.
                return Err(ExchangeError::Settings { why: "its provider is not known any more" });
            }
            let scope = target.scope.as_ref().map(Scopes::join);
            let presented = match way.flow {
                Flow::ClientCredentials => Presented::Client {
                    scope: scope.as_deref(),
                    audience: target.audience.as_deref(),
                    resource: target.resource.as_deref(),
                },
                _ => Presented::RefreshToken {
                    token,
                    scope: scope.as_deref(),
                    audience: target.audience.as_deref(),
                    resource: target.resource.as_deref(),
                },
            };
            let mut tokens = self.oauth.exchange(way.client, presented).await?;
            if let Some(site) = &site {
                settle(method(site).map_or(&[][..], |method| &method.expiry), &mut tokens, self.clock.wall());
                tokens.token_type.clone_from(&site.place.scheme);
            }
            Ok(tokens)
        }
        .boxed()
    }

    fn narrow<'a>(
        &'a self,
        way: Way<'a>,
        token: &'a AccessToken,
        target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>> {
        async move {
            if way.flow == Flow::PollExchange {
                return Err(ExchangeError::Settings { why: "its provider knows no token exchange" });
            }
            let scope = target.scope.as_ref().map(Scopes::join);
            let (audience, resource) = (target.audience.as_deref(), target.resource.as_deref());
            let presented = Presented::AccessToken { token, scope: scope.as_deref(), audience, resource };
            let mut tokens = self.oauth.exchange(way.client, presented).await?;
            if let Some(site) = self.site(way.place) {
                tokens.token_type.clone_from(&site.place.scheme);
            }
            Ok(tokens)
        }
        .boxed()
    }

    fn end<'a>(&'a self, ended: &'a mut Ended) -> BoxFuture<'a, Report> {
        async move {
            let site = self.site(ended.place.as_deref());
            if let Some(why) = self.revive(site.as_ref(), ended).await {
                return Report { outcome: service::Outcome::Later(why), still_valid: ended.stays_valid() };
            }
            self.services.end(site.as_ref(), ended).await
        }
        .boxed()
    }
}

/// Takes finished logins into the vault, whether or not anybody still follows them.
pub(super) struct Adopter {
    pub(super) vault: Vault,
    pub(super) notices: Notices,
    /// Held from choosing a name until it is taken.
    pub(super) naming: tokio::sync::Mutex<()>,
}

impl GrantSink for Adopter {
    fn adopt(&self, outcome: Outcome) -> BoxFuture<'_, Result<Adopted, AdoptError>> {
        async move {
            let Outcome { flow, grant, account, mut warnings, switch, place, usable, secondaries, .. } = outcome;
            let one_at_a_time = self.naming.lock().await;
            let profile = outcome.profile.unwrap_or_else(|| self.name(account.as_ref(), place.as_ref()));
            let beside = Beside { place, usable, secondaries };
            let snapshot = match grant {
                Brought::Key { key, expires_at } => {
                    let new = NewKey { key, expires_at, account, flow, beside };
                    self.vault.adopt_key(&profile, new).await
                }
                Brought::Nothing => match beside.place {
                    Some(place) => self.vault.adopt_open(&profile, place).await,
                    None => return Err(AdoptError::NotStored),
                },
                Brought::Tokens(brought) => {
                    let BroughtTokens { settings, client, tokens, requested_scope } = *brought;
                    let new = NewGrant { flow, settings, client, tokens, account, requested_scope, beside };
                    self.vault.adopt(&profile, new).await
                }
            };
            drop(one_at_a_time);
            if snapshot.unsaved {
                warnings
                    .push("the login is not saved yet: the store cannot be written; it is kept in memory".to_owned());
            }
            if switch && self.vault.switch(&profile).await.is_err() {
                warnings.push("the choice of the current profile could not be saved".to_owned());
            }
            Ok(Adopted { profile, warnings })
        }
        .boxed()
    }

    fn held(&self, profile: Option<&str>, account: Option<&Account>, place: &Place) -> Vec<Secondary> {
        let name = profile.map_or_else(|| self.name(account, Some(place)), str::to_owned);
        let known = self.vault.inspect(Some(&name)).ok().filter(|known| is_same(known, account, Some(place)));
        known.map(|known| known.secondaries.to_vec()).unwrap_or_default()
    }

    fn failed(&self, profile: &str, why: &Failure) {
        self.notices.post(Kind::LoginFailed, Some(Arc::from(profile)), Some(why.to_string()));
    }
}

impl Adopter {
    /// Named after the account, else the provider. The same account at the same place is the same profile.
    fn name(&self, account: Option<&Account>, place: Option<&Place>) -> String {
        let who = account.and_then(|who| who.email.as_deref().or(who.name.as_deref()).or(who.subject.as_deref()));
        let wish = who.or(place.map(|place| place.provider.as_str())).unwrap_or("login");
        free_name(&self.vault, wish, |known| is_same(known, account, place))
    }
}

/// Whether a profile is of this account at this place.
fn is_same(known: &Snapshot, account: Option<&Account>, place: Option<&Place>) -> bool {
    let who = account.is_some_and(|who| who.email.is_some() || who.name.is_some() || who.subject.is_some());
    let same_place = known.place.as_deref().zip(place).is_some_and(|(known, new)| {
        (&known.provider, &known.environment, &known.method) == (&new.provider, &new.environment, &new.method)
    });
    let same_account = known.account.as_deref().zip(account).is_some_and(|(known, new)| {
        known.subject == new.subject && known.email == new.email && known.organization == new.organization
    });
    who && same_place && same_account
}
