//! Where imports meet the vault: a login of another tool becomes a profile, and goes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::flow::{AtService, Logins};
use crate::inquiry;
use crate::link::{Adopted, Intake, IntakeError, Kept, Kind, Known, Login, LoginGrant, Origin, Taken};
use crate::oauth::{Account, Tokens};
use crate::provider::{Catalogue, Environment, FlowSpec, Method, MethodName, Provider};
use crate::secret::{AccessToken, ApiKey, ClientSecret, Fingerprint, RefreshToken};
use crate::service::{Site, settle};
use crate::store::record::Undo;
use crate::vault::{Beside, Credential, Learned, NewGrant, NewKey, Snapshot, Vault};

/// The vault, as imports see it.
pub(super) struct Importer {
    pub(super) vault: Vault,
    /// Whether what is adopted outlives the daemon.
    pub(super) durable: bool,
    pub(super) catalogue: Catalogue,
    pub(super) logins: Logins,
}

impl Importer {
    /// The site of a login, by the method that would have made it.
    fn site(&self, login: &Login) -> Result<Site, IntakeError> {
        let provider = self.catalogue.find(login.provider);
        let provider = provider.ok_or_else(|| IntakeError(format!("provider `{}` is not known", login.provider)))?;
        let key = matches!(login.grant, LoginGrant::ApiKey(_));
        let fits = |method: &&Method| matches!(method.flow, FlowSpec::Key(_)) == key;
        let method = provider.methods.iter().find(fits).or_else(|| provider.methods.first());
        let name = method.map_or(MethodName::ApiKey, |method| method.name);
        let in_use = self.vault.environment(&provider.name);
        let environment = environment(&provider, login.url.as_deref(), in_use.as_deref())?;
        let mut place = inquiry::place(&provider, &environment, name.word(), &login.scheme);
        place.needs_login = true;
        place.variant.clone_from(&login.variant);
        place.project.clone_from(&login.project);
        Ok(Site { provider, place })
    }

    async fn take_over(&self, profile: &str, login: Login) -> Result<Arc<Snapshot>, IntakeError> {
        let site = self.site(&login)?;
        let account =
            Some(Account { subject: login.subject, name: login.account_name, email: login.email, organization: None });
        let account = account.filter(|account| *account != Account::default());
        let method = MethodName::of_word(&site.place.method).and_then(|name| site.provider.method(name)).cloned();
        let method = method.ok_or_else(|| IntakeError("its provider has no such way to log in".to_owned()))?;
        let flow = method.flow.flow();
        match login.grant {
            LoginGrant::ApiKey(key) => {
                let beside = Beside { place: Some(site.place), ..Beside::default() };
                let new = NewKey { key, expires_at: login.expires_at, account, flow, beside };
                Ok(self.vault.adopt_key(profile, new).await)
            }
            LoginGrant::Oauth { access_token, refresh_token, client_id, client_secret, discovery_url } => {
                let client = client_id.map(|id| (id, client_secret.map(Arc::<ClientSecret>::new)));
                let at = AtService {
                    site: site.clone(),
                    scope: None,
                    client,
                    client_key: None,
                    registration: None,
                    registration_token: None,
                    redirect_uri: None,
                    redirect_port: None,
                    resources: Vec::new(),
                    auth_params: BTreeMap::new(),
                    key: None,
                    expires_at: None,
                    project: None,
                };
                let known = self.logins.client_at(&at, discovery_url.as_deref()).await;
                let (settings, client) = known.map_err(|why| IntakeError(why.to_string()))?;
                let mut tokens = self.tokens(access_token, refresh_token, &site.place.scheme);
                tokens.expires_in = login.expires_at.map(|at| self.left(at));
                if tokens.expires_in.is_none() {
                    settle(&method.expiry, &mut tokens, self.vault.clock().wall());
                }
                let beside = Beside { place: Some(site.place), ..Beside::default() };
                let requested_scope = String::new();
                let new = NewGrant { flow, settings, client, tokens, account, requested_scope, beside };
                Ok(self.vault.adopt(profile, new).await)
            }
        }
    }

    fn left(&self, at: i64) -> Duration {
        // A token that has lapsed is renewed at once rather than trusted.
        Duration::from_secs(u64::try_from(at.saturating_sub(self.vault.clock().wall())).unwrap_or(0).max(1))
    }

    fn tokens(&self, access_token: AccessToken, refresh_token: Option<RefreshToken>, scheme: &str) -> Tokens {
        Tokens {
            access_token,
            token_type: scheme.to_owned(),
            unsupported_type: None,
            expires_in: None,
            refresh_token,
            scope: None,
            id_token: None,
            sent_at: self.vault.clock().now(),
            server_time: None,
        }
    }

    async fn remember(&self, profile: &str, undo: Option<Undo>) -> Result<Arc<Snapshot>, IntakeError> {
        let learned = Learned { undo: Some(undo), ..Learned::default() };
        self.vault.learn(profile, learned).await.map_err(|error| IntakeError(error.to_string()))
    }
}

/// The environment of this URL. A login that names no service belongs to the environment in use, else to the first.
fn environment(provider: &Provider, url: Option<&str>, in_use: Option<&str>) -> Result<Environment, IntakeError> {
    if let (None, Some(name)) = (url, in_use)
        && let Some(named) = provider.environment(name)
    {
        return Ok(named.clone());
    }
    let Some(url) = url.or(in_use).map(|url| url.trim_end_matches('/')) else {
        let none = || IntakeError(format!("nothing says which deployment of {} it is of", provider.title));
        return provider.environments.first().cloned().ok_or_else(none);
    };
    if let Some(known) = provider.environments.iter().find(|environment| environment.url == url) {
        return Ok(known.clone());
    }
    if !url.contains("://") {
        return Err(IntakeError(format!("the environment `{url}`, which is in use, is not known")));
    }
    Ok(Environment {
        name: url.to_owned(),
        url: url.to_owned(),
        urls: std::collections::BTreeMap::new(),
        hosts: Vec::new(),
        needs_login: true,
        ca_file: None,
    })
}

impl Intake for Importer {
    fn known(&self, credential: Fingerprint) -> Option<Known> {
        let holds = |snapshot: &&Arc<Snapshot>| {
            let main = snapshot.main.as_ref().map(|main| match &main.credential {
                Credential::AccessToken(token) => token.fingerprint(),
                Credential::ApiKey(key) => key.fingerprint(),
            });
            let imported = snapshot.undo.as_deref().map(|undo| undo.fingerprint);
            main == Some(credential) || imported == Some(credential)
        };
        let profiles = self.vault.list();
        let found = profiles.iter().find(holds)?;
        Some(Known { profile: found.name.to_string(), durable: self.durable && !found.unsaved })
    }

    fn exists(&self, profile: &str) -> bool {
        self.vault.inspect(Some(profile)).is_ok()
    }

    fn adopt<'a>(
        &'a self,
        profile: &'a str,
        login: Login,
        origin: Origin,
    ) -> BoxFuture<'a, Result<Adopted, IntakeError>> {
        async move {
            self.take_over(profile, login).await?;
            let snapshot = self.remember(profile, Some(undo(&origin, None))).await?;
            Ok(Adopted { durable: self.durable && !snapshot.unsaved })
        }
        .boxed()
    }

    fn keep<'a>(&'a self, profile: &'a str, kept: Kept) -> BoxFuture<'a, Result<(), IntakeError>> {
        async move { self.remember(profile, Some(undo(&kept.origin, Some(&kept)))).await.map(drop) }.boxed()
    }

    fn kept(&self) -> Vec<(String, Origin)> {
        let kept = |snapshot: &Arc<Snapshot>| {
            let undo = snapshot.undo.as_deref().filter(|undo| undo.content.is_some())?;
            Some((snapshot.name.to_string(), origin(undo)))
        };
        self.vault.list().iter().filter_map(kept).collect()
    }

    fn surrender<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(Kept, Option<RefreshToken>), IntakeError>> {
        async move {
            let failed = |error: crate::vault::SelectError| IntakeError(error.to_string());
            let snapshot = self.vault.inspect(Some(profile)).map_err(failed)?;
            let kept = snapshot.undo.as_deref().and_then(given_back);
            let kept = kept.ok_or_else(|| IntakeError(format!("nothing is kept of `{profile}`")))?;
            let token = self.vault.surrender(profile).await.map_err(failed)?;
            // EXPOSE: the tool it came from gets it back.
            Ok((kept, token.map(|token| RefreshToken::new(token.expose().to_owned()))))
        }
        .boxed()
    }

    fn reclaim<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>> {
        async move { self.vault.reclaim(profile).await.map_err(|error| IntakeError(error.to_string())) }.boxed()
    }

    fn forget<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>> {
        async move { self.vault.remove(profile).await.map(drop).map_err(|error| IntakeError(error.to_string())) }
            .boxed()
    }
}

fn undo(origin: &Origin, kept: Option<&Kept>) -> Undo {
    // EXPOSE: it is sealed with the profile's record.
    let content = kept.map(|kept| Arc::new(ApiKey::new(kept.taken.undo.expose().to_owned())));
    Undo {
        format: origin.format.clone(),
        name: origin.name.clone(),
        place: origin.place.clone(),
        is_key: origin.kind == Kind::ApiKey,
        fingerprint: origin.fingerprint,
        refreshable: origin.refreshable,
        content,
        taken_at: kept.map(|kept| kept.taken.place.clone()).unwrap_or_default(),
        notes: kept.map(|kept| kept.taken.notes.clone()).unwrap_or_default(),
        variables: kept.map(|kept| kept.variables.clone()).unwrap_or_default(),
    }
}

fn origin(undo: &Undo) -> Origin {
    Origin {
        format: undo.format.clone(),
        name: undo.name.clone(),
        place: undo.place.clone(),
        kind: if undo.is_key { Kind::ApiKey } else { Kind::Oauth },
        fingerprint: undo.fingerprint,
        refreshable: undo.refreshable,
    }
}

fn given_back(undo: &Undo) -> Option<Kept> {
    // EXPOSE: the format gives it back to its tool.
    let content = ApiKey::new(undo.content.as_ref()?.expose().to_owned());
    let taken = Taken { place: undo.taken_at.clone(), undo: content, notes: undo.notes.clone() };
    Some(Kept { origin: origin(undo), variables: undo.variables.clone(), taken })
}
