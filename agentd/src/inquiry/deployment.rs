//! Which deployment of a service is meant, and whether it needs a login.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Inquiries, InquiryError};
use crate::http::check_endpoint;
use crate::provider::{Address, Environment, Place, Provider};
use crate::service::Site;

impl Inquiries {
    /// The provider of this name.
    ///
    /// # Errors
    /// [`InquiryError::NoSuchProvider`] names those there are.
    pub fn provider(&self, name: &str) -> Result<Arc<Provider>, InquiryError> {
        self.catalogue.find(name).ok_or_else(|| InquiryError::NoSuchProvider {
            known: self.catalogue.list().iter().map(|provider| provider.name.clone()).collect(),
        })
    }

    /// The environment that `wanted` names or is the URL of; without it, the one in use, else the provider's first.
    ///
    /// # Errors
    /// [`InquiryError`]; a deployment known by its URL alone is asked whether it needs a login.
    pub async fn environment(
        &self,
        provider: &Arc<Provider>,
        wanted: Option<&str>,
    ) -> Result<Environment, InquiryError> {
        let in_use = self.vault.environment(&provider.name);
        let Some(wanted) = wanted.or(in_use.as_deref()) else {
            return provider.environments.first().cloned().ok_or_else(|| InquiryError::no_address(provider));
        };
        if let Some(known) = provider.environment(wanted) {
            return Ok(known.clone());
        }
        // Who is asked for an address of their own may well say a domain.
        let domain = provider.address.is_some() && !wanted.contains("://") && wanted.contains('.');
        let whole = if domain { format!("https://{wanted}") } else { wanted.to_owned() };
        let url = whole.trim_end_matches('/');
        if let Some(known) = provider.environments.iter().find(|known| known.url == url) {
            return Ok(known.clone());
        }
        if !url.contains("://") {
            let known = provider.environments.iter().map(|known| known.name.clone()).collect();
            return Err(InquiryError::NoSuchEnvironment { title: provider.title.clone(), known });
        }
        self.deployment(provider, url, url, None, None).await
    }

    /// A deployment that is not among the known ones. Where nobody says whether it needs a login, it is asked.
    ///
    /// # Errors
    /// [`InquiryError`] when the URL cannot be used or the deployment does not answer.
    pub async fn deployment(
        &self,
        provider: &Arc<Provider>,
        name: &str,
        url: &str,
        ca_file: Option<PathBuf>,
        needs_login: Option<bool>,
    ) -> Result<Environment, InquiryError> {
        let checked = check_endpoint(url).map_err(InquiryError::Url)?;
        if checked.query().is_some() {
            return Err(InquiryError::Url(crate::http::EndpointError::NotAUrl));
        }
        let mut environment = Environment {
            name: name.to_owned(),
            url: url.trim_end_matches('/').to_owned(),
            urls: std::collections::BTreeMap::new(),
            hosts: Vec::new(),
            needs_login: needs_login.unwrap_or(true),
            ca_file,
        };
        if let (None, Some(probe)) = (needs_login, &provider.probe) {
            let site = Site { provider: Arc::clone(provider), place: place(provider, &environment, "", "Bearer") };
            let told = self.services.needs_login(&site, probe).await;
            environment.needs_login =
                told.map_err(|error| InquiryError::Call { profile: provider.name.clone(), error })?;
        }
        Ok(environment)
    }
}

impl InquiryError {
    /// Nothing says which deployment is meant, and the provider has none of its own.
    pub(crate) fn no_address(provider: &Provider) -> Self {
        let Address { what, example } = provider.address.clone().unwrap_or_else(|| Address {
            what: "address of the service".to_owned(),
            example: "https://login.example.org".to_owned(),
        });
        Self::NoAddress { provider: provider.name.clone(), title: provider.title.clone(), what, example }
    }
}

/// A place in an environment, for a login by `method`.
pub(crate) fn place(provider: &Provider, environment: &Environment, method: &str, scheme: &str) -> Place {
    Place {
        provider: provider.name.clone(),
        environment: environment.name.clone(),
        base: environment.url.clone(),
        urls: environment.urls.clone(),
        ca_file: environment.ca_file.clone(),
        needs_login: environment.needs_login,
        method: method.to_owned(),
        variant: None,
        scheme: scheme.to_owned(),
        project: None,
        project_name: None,
    }
}
