//! Whether profiles work, all tried at the same time. Nothing is renewed, rotated or written by it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::{Inquiries, secret_of};
use crate::notice::traffic;
use crate::service::{CallError, Presented};
use crate::vault::{Snapshot, Standing};

/// A service that has not answered after this has not answered.
pub const PROBE_TIME: Duration = Duration::from_secs(2);
/// How many services are asked at the same time.
const AT_ONCE: usize = 64;

/// How a profile did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The credential or the service failed: in a few words.
    Error(String),
    /// The credential is known and good for nothing.
    Inactive,
    /// Nobody was asked.
    Offline,
    /// It works.
    Ok,
    /// No answer in time.
    Timeout,
}

/// A profile and how it did.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The profile.
    pub snapshot: Arc<Snapshot>,
    /// How it did.
    pub verdict: Verdict,
}

impl Inquiries {
    /// Tries profiles: those of the environments in use, or `all`; only those of `provider`, if one is named. The second
    /// value is how many were left out for their environment.
    pub async fn probe(&self, offline: bool, all: bool, provider: Option<&str>) -> (Vec<Probed>, u64) {
        let of_provider = |snapshot: &Arc<Snapshot>| {
            provider.is_none() || snapshot.place.as_deref().map(|p| p.provider.as_str()) == provider
        };
        let (shown, hidden): (Vec<_>, Vec<_>) =
            self.vault.list().into_iter().filter(of_provider).partition(|snapshot| all || self.in_use(snapshot));
        let tried = stream::iter(shown).map(|snapshot| async move {
            let verdict = if offline { Verdict::Offline } else { self.in_time(&snapshot).await };
            Probed { snapshot, verdict }
        });
        (tried.buffered(AT_ONCE).collect().await, hidden.len() as u64)
    }

    /// Whether a profile's environment is the one in use of its provider.
    fn in_use(&self, snapshot: &Snapshot) -> bool {
        let Some(place) = snapshot.place.as_deref() else { return true };
        self.vault.environment(&place.provider).is_none_or(|environment| environment == place.environment)
    }

    async fn in_time(&self, snapshot: &Snapshot) -> Verdict {
        tokio::select! {
            verdict = traffic::of(Arc::clone(&snapshot.name), self.try_out(snapshot)) => verdict,
            () = self.vault.clock().sleep(PROBE_TIME) => Verdict::Timeout,
        }
    }

    async fn try_out(&self, snapshot: &Snapshot) -> Verdict {
        let error = |why: &str| Verdict::Error(why.to_owned());
        if snapshot.standing == Standing::Open {
            return Verdict::Ok;
        }
        let Some(main) = &snapshot.main else { return error("not logged in") };
        if !main.is_valid(self.vault.clock().now()) {
            return error(if snapshot.refreshable { "lapsed; its next use renews it" } else { "lapsed" });
        }
        let credential = Presented { scheme: &main.token_type, secret: secret_of(&main.credential) };
        let told = if let Ok(teller) = self.teller(snapshot) {
            self.services.who(&teller, credential).await.map(|identity| identity.usable)
        } else {
            let Ok(site) = self.site(snapshot) else { return error("its service cannot be asked") };
            match self.services.projects(&site, credential).await {
                Some(listed) => listed.map(|_| None),
                None => return error("its service cannot be asked"),
            }
        };
        match told {
            Ok(Some(false)) => Verdict::Inactive,
            Ok(_) => Verdict::Ok,
            Err(CallError::Lost { why: "no answer in time" } | CallError::NotSent { why: "no connection in time" }) => {
                Verdict::Timeout
            }
            Err(why) => Verdict::Error(why.to_string()),
        }
    }
}
