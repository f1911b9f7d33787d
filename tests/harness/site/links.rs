//! Links of a [`Site`]: other tools' files, looked after on the manual clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proto::link::{Link, LinkRequest, LinkState, Links, UnlinkRequest};
use proto::problem::Problem;
use proto::route;

use super::{PROFILE, Site};
use crate::service::Wire;
use crate::wire;

/// How long a condition may take, in real time.
const DEADLINE: Duration = Duration::from_secs(20);
/// Between two looks, in real time.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl<W: Wire> Site<W> {
    /// A path in the home that the client names.
    pub fn at(&self, below: impl AsRef<Path>) -> PathBuf {
        self.sandbox.path().join(below)
    }

    /// A link of [`PROFILE`] to its provider's own tool.
    pub fn plain_link(&self) -> LinkRequest {
        let home = self.sandbox.path().to_str().expect("a path in UTF-8").to_owned();
        LinkRequest {
            profile: Some(wire::name(PROFILE)),
            variables: BTreeMap::from([("HOME".to_owned(), home)]),
            ..LinkRequest::default()
        }
    }

    /// Makes a link.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn link(&self, request: &LinkRequest) -> Result<Link, Problem> {
        self.wire.call(&route::LINK, "", request).await.message()
    }

    /// Makes a plain link that is written at once.
    pub async fn linked(&self) -> Link {
        let link = self.link(&self.plain_link()).await.expect("the link is made");
        assert_eq!(link.state, LinkState::Linked, "{link:?}");
        link
    }

    /// All links.
    pub async fn links(&self) -> Vec<Link> {
        let links: Links = self.wire.call(&route::LINKS, "", &()).await.message().expect("a list");
        links.links
    }

    /// Ends the links of a profile.
    pub async fn unlink(&self, profile: &str) {
        let request = UnlinkRequest { profile: Some(wire::name(profile)), ..UnlinkRequest::default() };
        let ended: Result<Links, Problem> = self.wire.call(&route::UNLINK, "", &request).await.message();
        assert_eq!(ended.expect("the links are ended").links.len(), 1);
    }

    /// Gives everything a second at a time until it is so.
    pub async fn comes_true(&self, what: &str, mut condition: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !condition().await {
            assert!(Instant::now() < deadline, "in vain: {what}; {:?}", self.links().await);
            self.pass(Duration::from_secs(1));
            tokio::task::block_in_place(|| std::thread::park_timeout(LOOK_AGAIN));
        }
    }

    /// Waits until the only link is in this state.
    pub async fn link_comes_to_be(&self, state: LinkState) {
        let found = async || self.links().await.first().is_some_and(|link| link.state == state);
        self.comes_true(&format!("the link is {state:?}"), found).await;
    }
}
