//! Which profile is meant where a host or a service is asked for: the vault decides, the catalogue knows who is at a host.

use super::Inquiries;
use crate::provider::{Asked, Authority};
use crate::vault::{Decision, Destination, Suggestion, Wishes};

impl Inquiries {
    /// Decides for `wishes`, and for `host` where one is asked for: `HOST`, `HOST:PORT` or a URL. With the decision comes
    /// the host as it was read.
    ///
    /// # Errors
    /// [`Asked`] when the host cannot be read, or nothing may be sent there.
    pub fn meant(&self, mut wishes: Wishes, host: Option<&str>) -> Result<(Decision, Option<String>), Asked> {
        let host = host.map(Authority::asked).transpose()?.map(|host| host.to_string());
        wishes.destination = host.clone().map(|host| {
            let serving = self.serving(&host).iter().map(|snapshot| snapshot.id).collect();
            Destination { host, serving }
        });
        // What cannot be read is no host that anybody asks for.
        let read = |one: Suggestion| match one.host.as_deref().map(Authority::parse) {
            Some(read) => read.map(|host| Suggestion { host: Some(host.to_string()), ..one }),
            None => Some(one),
        };
        wishes.project_file = std::mem::take(&mut wishes.project_file).into_iter().filter_map(read).collect();
        Ok((self.vault.decide(&wishes), host))
    }

    /// The providers whose own deployments are at `host`: where a login would help.
    pub fn providers_at(&self, host: &str) -> Vec<String> {
        let Some(wanted) = Authority::parse(host).map(|host| host.to_string()) else { return Vec::new() };
        let all = self.catalogue.list();
        let at = all.iter().filter(|provider| {
            provider.environments.iter().any(|environment| provider.hosts_of(environment).contains(&wanted))
        });
        at.map(|provider| provider.name.clone()).collect()
    }
}
