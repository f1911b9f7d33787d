//! Who has logged in, asked with the credential as it has come: by the provider's description, else at the userinfo endpoint
//! where the ID token has left open who that is (OpenID Connect Core §5.3).

use super::at_service::in_time;
use super::table::Ground;
use super::{Brought, BroughtTokens};
use crate::oauth::Account;
use crate::service::{Identity, Presented, Site, Teller, Userinfo};

/// Who can say, if anybody has to be asked. `account` is what is known already.
pub(super) fn teller(site: Option<&Site>, grant: &Brought, account: Option<&Account>) -> Option<Teller> {
    if let Some(site) = site.filter(|site| site.provider.whoami.is_some()) {
        return Some(Teller::Described(Box::new(site.clone())));
    }
    let Brought::Tokens(brought) = grant else { return None };
    standard(brought, account)
}

/// The userinfo endpoint, unless the ID token has told a name or an address.
pub(super) fn standard(brought: &BroughtTokens, account: Option<&Account>) -> Option<Teller> {
    if account.is_some_and(|known| known.name.is_some() || known.email.is_some()) {
        return None;
    }
    let endpoint = brought.client.userinfo_endpoint.clone()?;
    Some(Teller::Standard(Userinfo {
        reach: brought.client.reach_of(&endpoint),
        endpoint,
        ca_file: brought.client.ca_file.clone(),
        subject: account.and_then(|known| known.subject.clone()),
    }))
}

/// Asks. That nobody says becomes a warning: the login has succeeded.
pub(super) async fn asked(
    ground: &Ground,
    teller: &Teller,
    credential: Presented<'_>,
    warnings: &mut Vec<String>,
) -> Identity {
    match in_time(ground, ground.services.who(teller, credential)).await.and_then(|told| told) {
        Ok(identity) => identity,
        Err(error) => {
            warnings.push(format!("who has logged in is not known yet: {error}"));
            Identity::default()
        }
    }
}
