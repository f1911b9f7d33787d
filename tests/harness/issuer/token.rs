//! Token families: what was issued, what still lives, what a refresh token may still do.
//!
//! A family is everything that came from one login (RFC 9700 §4.14.2). Only this module decides about rotation, reuse
//! and revocation; it knows nothing of requests.

use super::config::{Config, Rotation};
use super::ledger::Tally;
use std::{collections::HashMap, time::Duration};

/// What one login left behind.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    ended: bool,
    /// Number of the newest refresh token; 0 is the first.
    generation: u64,
    newest: Option<String>,
    newest_presented: bool,
    superseded_at: Duration,
}

/// What a test may know of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyView {
    /// Number of the family; two tokens of one login have the same.
    pub id: usize,
    /// The client it belongs to.
    pub client: String,
    /// The granted scope.
    pub scope: String,
    /// It was ended by reuse, revocation or a narrowing refresh.
    pub ended: bool,
    /// How often its refresh token was replaced.
    pub generation: u64,
    /// The given token is the newest one.
    pub newest: bool,
}

#[derive(Debug)]
struct Access {
    family: usize,
    expires: Duration,
    scope: String,
    audience: Vec<String>,
    ended: bool,
}

/// A live access token.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) audience: Vec<String>,
    pub(super) left: Duration,
}

/// What a presented refresh token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It is the newest of this family.
    Newest(usize),
    /// It is the one before, within the reuse window.
    Preceding(usize),
    /// Nothing.
    Refused,
}

/// All families and their tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    families: Vec<Family>,
    refresh: HashMap<String, (usize, u64)>,
    access: HashMap<String, Access>,
}

impl Tokens {
    /// A new family without tokens.
    pub(super) fn family(&mut self, client: String, scope: String, nonce: Option<String>) -> usize {
        self.families.push(Family {
            client,
            scope,
            nonce,
            ended: false,
            generation: 0,
            newest: None,
            newest_presented: false,
            superseded_at: Duration::ZERO,
        });
        self.families.len() - 1
    }

    pub(super) fn of(&self, family: usize) -> &Family {
        &self.families[family]
    }

    /// Gives the family its first refresh token.
    pub(super) fn first_refresh(&mut self, family: usize, value: &str) {
        self.families[family].newest = Some(value.to_owned());
        self.refresh.insert(value.to_owned(), (family, 0));
    }

    /// Replaces the newest refresh token.
    pub(super) fn rotate(&mut self, family: usize, value: &str, now: Duration) {
        let entry = &mut self.families[family];
        entry.generation += 1;
        entry.newest = Some(value.to_owned());
        entry.newest_presented = false;
        entry.superseded_at = now;
        self.refresh.insert(value.to_owned(), (family, entry.generation));
    }

    pub(super) fn newest(&self, family: usize) -> Option<String> {
        self.families[family].newest.clone()
    }

    pub(super) fn add_access(
        &mut self,
        family: usize,
        value: String,
        scope: String,
        audience: Vec<String>,
        expires: Duration,
    ) {
        self.access.insert(value, Access { family, expires, scope, audience, ended: false });
    }

    /// Judges a presented refresh token, and ends the family when it was superseded.
    pub(super) fn present(
        &mut self,
        value: &str,
        client: &str,
        config: &Config,
        now: Duration,
        tally: &mut Tally,
    ) -> Worth {
        let Some(&(id, generation)) = self.refresh.get(value) else { return Worth::Refused };
        let family = &mut self.families[id];
        if family.client != client {
            if config.refresh.wrong_client_burns {
                self.end(id);
            }
            return Worth::Refused;
        }
        if family.ended || family.newest.is_none() {
            return Worth::Refused;
        }
        if generation == family.generation {
            family.newest_presented = true;
            return Worth::Newest(id);
        }
        let preceding = generation + 1 == family.generation;
        if preceding && !family.newest_presented {
            tally.lost_answers += 1;
        }
        if let Rotation::Window(window) = config.rotation
            && preceding
            && now <= family.superseded_at + window
        {
            return Worth::Preceding(id);
        }
        tally.reuse_detections += 1;
        tally.families_revoked += 1;
        self.end(id);
        Worth::Refused
    }

    /// Ends a family with all its tokens.
    pub(super) fn end(&mut self, family: usize) {
        self.families[family].ended = true;
        self.end_access(family);
    }

    /// Ends the refresh token of a family only.
    pub(super) fn end_refresh(&mut self, family: usize) {
        self.families[family].newest = None;
    }

    /// Ends the access tokens of a family only.
    pub(super) fn end_access(&mut self, family: usize) {
        self.access.values_mut().filter(|access| access.family == family).for_each(|access| access.ended = true);
    }

    /// Ends everything that a client was given.
    pub(super) fn end_client(&mut self, client: &str) {
        let theirs: Vec<usize> =
            self.families.iter().enumerate().filter(|(_, one)| one.client == client).map(|(id, _)| id).collect();
        for family in theirs {
            self.end(family);
        }
    }

    /// The family of an access token.
    pub(super) fn family_of_access(&self, value: &str) -> Option<usize> {
        self.access.get(value).map(|access| access.family)
    }

    /// Ends one access token; its family, when it was known.
    pub(super) fn end_one_access(&mut self, value: &str) -> Option<usize> {
        let access = self.access.get_mut(value)?;
        access.ended = true;
        Some(access.family)
    }

    pub(super) fn live(&self, access: &str, now: Duration) -> Option<Live> {
        let access = self.access.get(access).filter(|access| !access.ended && access.expires > now)?;
        Some(Live {
            client: self.families[access.family].client.clone(),
            scope: access.scope.clone(),
            audience: access.audience.clone(),
            left: access.expires.checked_sub(now)?,
        })
    }

    /// The family of a refresh or an access token, old ones included.
    pub(super) fn view(&self, token: &str) -> Option<FamilyView> {
        let id = self.refresh.get(token).map(|(id, _)| *id).or(self.access.get(token).map(|access| access.family))?;
        let family = &self.families[id];
        Some(FamilyView {
            id,
            client: family.client.clone(),
            scope: family.scope.clone(),
            ended: family.ended || family.newest.is_none(),
            generation: family.generation,
            newest: family.newest.as_deref() == Some(token),
        })
    }

    /// The family of a refresh token that still works.
    pub(super) fn live_refresh(&self, value: &str) -> Option<usize> {
        let (id, generation) = *self.refresh.get(value)?;
        let family = &self.families[id];
        (!family.ended && family.newest.is_some() && generation == family.generation).then_some(id)
    }

    /// The refresh tokens that still work.
    pub(super) fn live_refresh_tokens(&self) -> Vec<String> {
        self.families.iter().filter(|family| !family.ended).filter_map(|family| family.newest.clone()).collect()
    }
}
