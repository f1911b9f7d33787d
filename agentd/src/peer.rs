//! Who is at the other end of a connection: the raw facts the kernel vouches for, taken when the connection was made.
//! `program` adds what the system says of a process; that is a hint for people only.
//!
//! The user id is proof. The process id is only a number: the process may have ended or run another program since, so
//! nothing is decided by it alone. What a caller *may do* is decided elsewhere.

pub mod program;

use tokio::net::UnixStream;

/// The user id the kernel shows where the peer's own has no name here (`user_namespaces(7)`, overflow uid).
const UNMAPPED_UID: u32 = 65_534;

/// The process that connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its effective user id when it connected.
    pub uid: u32,
    /// Its process id when it connected, where the system tells.
    pub pid: Option<i32>,
}

/// Why a peer is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stranger {
    /// Another user's process.
    #[error("the peer belongs to user {0}")]
    OtherUser(u32),
    /// A process of a namespace that is not ours: it has no process id or no user id here.
    #[error("the peer is in a namespace of its own")]
    OtherNamespace,
    /// The kernel did not say.
    #[error("the peer is not known")]
    Unknown,
}

impl Peer {
    /// The peer of `stream`, if it is a process of user `uid`.
    pub fn of(stream: &UnixStream, uid: u32) -> Result<Self, Stranger> {
        let credentials = stream.peer_cred().map_err(|_| Stranger::Unknown)?;
        Self { uid: credentials.uid(), pid: credentials.pid() }.belonging_to(uid)
    }

    fn belonging_to(self, uid: u32) -> Result<Self, Stranger> {
        // The unmapped id first: a daemon that itself runs as `nobody` would otherwise serve every container.
        if self.uid == UNMAPPED_UID || self.pid == Some(0) {
            return Err(Stranger::OtherNamespace);
        }
        if self.uid != uid {
            return Err(Stranger::OtherUser(self.uid));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_peer_of_a_socket_pair_is_this_process() {
        let (ours, _theirs) = UnixStream::pair().expect("a socket pair");
        let uid = crate::platform::process_uid();
        let peer = Peer::of(&ours, uid).expect("this process");
        assert_eq!(peer.uid, uid);
        assert_eq!(peer.pid, i32::try_from(std::process::id()).ok());
        assert_eq!(Peer::of(&ours, uid + 1), Err(Stranger::OtherUser(uid)));
    }

    #[test]
    fn peers_without_an_id_in_this_namespace_are_strangers() {
        for (uid, pid, ours) in [(65_534, Some(7), 1000), (65_534, Some(7), 65_534), (1000, Some(0), 1000)] {
            assert_eq!(Peer { uid, pid }.belonging_to(ours), Err(Stranger::OtherNamespace), "{uid} {pid:?}");
        }
        assert_eq!(Peer { uid: 0, pid: Some(7) }.belonging_to(1000), Err(Stranger::OtherUser(0)), "root as well");
        assert!(Peer { uid: 1000, pid: None }.belonging_to(1000).is_ok());
    }
}
