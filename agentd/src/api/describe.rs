//! Domain state as messages of the wire, and names of the wire as domain words.

use proto::id::{ProfileName, ProviderName};
use proto::login::{Flow as FlowWord, LoginPurpose};
use proto::problem::{Code, Problem};
use proto::profile::{
    Account, AuthType, Profile, ProfileState, Refresh, RefreshMode as ModeWord, Reveal, Secondary, Source,
};
use proto::provider::Method;
use proto::secret::Secret;
use proto::timestamp::Timestamp;
use proto::token::Token;

use super::{Api, problem};
use crate::config::{self, RefreshMode};
use crate::flow::Purpose;
use crate::notice::Caller;
use crate::peer::{Peer, program};
use crate::provider::{Flow, MethodName};
use crate::secret::Fingerprint;
use crate::service;
use crate::vault::{Credential, Handed, Prospect, Snapshot, Standing};

impl Api {
    /// A profile as others see it now.
    pub(super) fn profile(&self, snapshot: &Snapshot) -> Profile {
        let clock = self.vault.clock();
        let prospect = snapshot.prospect(clock.now());
        let wall = |moment| Timestamp::from_unix(clock.wall_at(moment));
        let (state, reason) = match prospect {
            Prospect::LoggedOut(why) => (ProfileState::LoggedOut, Some(why)),
            Prospect::LoginRequired(why) => (ProfileState::LoginRequired, Some(why)),
            Prospect::Misconfigured => (ProfileState::Misconfigured, None),
            Prospect::Refreshable => (ProfileState::Refreshable, None),
            // Still served, though a login will be needed when it lapses.
            Prospect::Usable => match snapshot.standing {
                Standing::LoginRequired(why) => (ProfileState::Usable, Some(why)),
                _ => (ProfileState::Usable, None),
            },
        };
        let auth_type = match snapshot.main.as_ref().map(|main| &main.credential) {
            Some(Credential::AccessToken(_)) => AuthType::Oauth,
            Some(Credential::ApiKey(_)) => AuthType::ApiKey,
            None => AuthType::None,
        };
        let settings = snapshot.settings.as_deref();
        let place = snapshot.place.as_deref();
        let (granted, requested) = (snapshot.granted_scope.as_deref(), snapshot.requested_scope.as_deref());
        Profile {
            name: name(&snapshot.name),
            current: self.vault.current().as_deref() == Some(&*snapshot.name),
            auth_type,
            state,
            reason: reason.map(problem::reason),
            flow: flow(snapshot.flow),
            issuer: settings.map(|s| s.issuer.clone()),
            client_id: settings.map(|s| s.client_id.clone()),
            account: snapshot.account.as_deref().map(|a| Account {
                subject: a.subject.clone(),
                name: a.name.clone(),
                email: a.email.clone(),
                organization: a.organization.clone(),
            }),
            scope: granted.map(str::to_owned),
            requested_scope: requested.filter(|r| Some(*r) != granted).map(str::to_owned),
            logged_in_at: snapshot.logged_in_at.map(Timestamp::from_unix),
            expires_at: snapshot.main.as_ref().and_then(|main| main.expires_at).map(wall),
            source: self.source(),
            unsaved: snapshot.unsaved,
            refresh: Refresh {
                possible: snapshot.refreshable,
                mode: match snapshot.rules.refresh {
                    RefreshMode::Early => ModeWord::Early,
                    RefreshMode::Late => ModeWord::Late,
                },
                last_at: snapshot.refreshed_at.map(Timestamp::from_unix),
                next_at: snapshot.next_attempt.map(wall),
                failures: snapshot.failures,
                uncertain: snapshot.uncertain,
                last_problem: snapshot.last_trouble.as_ref().map(|t| problem::trouble(&snapshot.name, t)),
            },
            provider: place.and_then(|place| ProviderName::parse(&place.provider).ok()),
            provider_title: place.and_then(|place| Some(self.catalogue.find(&place.provider)?.title.clone())),
            environment: place.map(|place| place.environment.clone()),
            url: place.map(|place| place.base.clone()),
            method: place.and_then(|place| MethodName::of_word(&place.method)).map(method),
            project: place.and_then(|place| place.project.clone()),
            project_name: place.and_then(|place| place.project_name.clone()),
            fingerprint: snapshot.main.as_ref().map(|main| fingerprint(&main.credential)),
            provider_current: place.is_some_and(|place| self.vault.is_current_of(&place.provider, snapshot.id)),
            usable: snapshot.usable,
            secondaries: snapshot.secondaries.iter().map(secondary).collect(),
            reveal: match snapshot.rules.reveal {
                config::Reveal::Always => None,
                config::Reveal::Never => Some(Reveal::Never),
                config::Reveal::Pipe => Some(Reveal::Pipe),
            },
            unrevoked: (snapshot.unrevoked > 0).then_some(snapshot.unrevoked as u64),
        }
    }

    /// Where grants outlive the daemon.
    pub(super) fn source(&self) -> Source {
        if self.control.keeps() { Source::File } else { Source::Memory }
    }

    /// A lease as an answer to `peer`; whoever listens for leases is told.
    pub(super) fn lease(&self, handed: &Handed, peer: Peer) -> Token {
        self.notices.post_lease(&handed.profile, || caller(peer));
        self.token(handed)
    }

    fn token(&self, handed: &Handed) -> Token {
        let clock = self.vault.clock();
        let served = &handed.served;
        let secret = match &served.credential {
            // EXPOSE: the caller asked for it, and the socket's peer is this user.
            Credential::AccessToken(token) => token.expose(),
            // EXPOSE: as above.
            Credential::ApiKey(key) => key.expose(),
        };
        Token {
            lease: proto::id::LeaseId::parse(&handed.lease).expect("leases are hex digits and dots"),
            profile: name(&handed.profile),
            access_token: Secret::new(secret.to_owned()),
            token_type: served.token_type.to_string(),
            expires_at: served.expires_at.map(|at| Timestamp::from_unix(clock.wall_at(at))),
            expires_in: handed.left.map(|left| left.as_secs()),
            scope: served.scope.as_deref().map(str::to_owned),
            min_ttl_met: handed.min_ttl_met,
        }
    }
}

/// Who is at the other end.
fn caller(peer: Peer) -> Option<Caller> {
    let pid = peer.pid?;
    let program = program::of(pid);
    Some(Caller { pid, program: program.name, parent: program.parent.and_then(|parent| program::of(parent).name) })
}

/// A profile's name as the wire's type.
pub(super) fn name(name: &str) -> ProfileName {
    ProfileName::parse(name).expect("profile names are parsed before they enter the vault")
}

/// A flow's word.
pub(super) fn flow(flow: Flow) -> FlowWord {
    match flow {
        Flow::AuthorizationCode => FlowWord::AuthorizationCode,
        Flow::ClientCredentials => FlowWord::ClientCredentials,
        Flow::Device => FlowWord::Device,
        Flow::Key => FlowWord::Key,
        Flow::None => FlowWord::None,
        Flow::PollExchange => FlowWord::PollExchange,
    }
}

/// A method's word.
/// What a login asks for.
pub(super) fn purpose(purpose: Purpose) -> LoginPurpose {
    let Purpose { profile, service, client_id, scope } = purpose;
    LoginPurpose { profile: profile.as_deref().map(name), service, client_id, scope }
}

pub(super) fn method(method: MethodName) -> Method {
    match method {
        MethodName::ApiKey => Method::ApiKey,
        MethodName::Browser => Method::Browser,
        MethodName::ClientCredentials => Method::ClientCredentials,
        MethodName::Device => Method::Device,
    }
}

/// By which people recognise a credential: the first 16 hex digits of its SHA-256.
pub(super) fn fingerprint(credential: &Credential) -> String {
    hex(match credential {
        Credential::AccessToken(token) => token.fingerprint(),
        Credential::ApiKey(key) => key.fingerprint(),
    })
}

/// The same of a fingerprint at hand.
pub(super) fn hex(Fingerprint(bytes): Fingerprint) -> String {
    format!("{:016x}", u128::from_be_bytes(bytes) >> 64)
}

fn secondary(held: &service::Secondary) -> Secondary {
    Secondary {
        name: held.name.clone(),
        title: held.title.clone(),
        required: held.required,
        present: held.secret.is_some(),
        fingerprint: held.secret.as_ref().map(|secret| hex(secret.fingerprint())),
        values: held.values.clone(),
        fetched_at: held.fetched_at.map(Timestamp::from_unix),
        problem: held.trouble.as_ref().map(|why| Problem::new(Code::NotFound, why.clone())),
    }
}
