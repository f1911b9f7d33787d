//! The socket a service manager made before it started the daemon (`sd_listen_fds(3)`).
//!
//! Taken at most once, checked for what it is, and closed on exec. The daemon never removes it. launchd hands sockets
//! over by a call that has no safe binding; there the daemon binds its own.

use std::env;
use std::io;

use tokio::net::UnixListener;

use super::Listening;

/// Why the inherited socket cannot be used. All of these are mistakes in the service manager's unit.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// It has no path in the file system, so its owner and mode protect nothing.
    #[error("the inherited socket has no path: use `ListenStream=` with a path")]
    NoPath,
    /// It is not a Unix stream socket that listens.
    #[error("the inherited descriptor is not a listening Unix stream socket")]
    NotAListener(#[source] io::Error),
    /// There is more than one, and no way to tell which is meant.
    #[error("{0} sockets were inherited instead of one")]
    TooMany(usize),
}

/// The socket handed to this process, if one was. A second call finds none.
pub fn inherited() -> Result<Option<Listening>, ActivationError> {
    // Without our process id the variables were meant for an ancestor, and descriptor 3 may be anything.
    let ours = env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(std::process::id()));
    if !ours {
        return Ok(None);
    }
    let mut descriptors = listenfd::ListenFd::from_env();
    match descriptors.len() {
        0 => return Ok(None),
        1 => {}
        more => return Err(ActivationError::TooMany(more)),
    }
    let taken = descriptors.take_unix_listener(0).map_err(ActivationError::NotAListener)?;
    taken.map(adopt).transpose()
}

fn adopt(listener: std::os::unix::net::UnixListener) -> Result<Listening, ActivationError> {
    check_listens(&listener).map_err(ActivationError::NotAListener)?;
    let address = listener.local_addr().map_err(ActivationError::NotAListener)?;
    let path = address.as_pathname().ok_or(ActivationError::NoPath)?.to_owned();
    listener.set_nonblocking(true).map_err(ActivationError::NotAListener)?;
    let listener = UnixListener::from_std(listener).map_err(ActivationError::NotAListener)?;
    Ok(Listening { listener, path, file: None })
}

#[cfg(target_vendor = "apple")]
fn check_listens(_: &std::os::unix::net::UnixListener) -> io::Result<()> {
    // Apple's kernel does not answer SO_ACCEPTCONN; the first `accept` tells.
    Ok(())
}

#[cfg(not(target_vendor = "apple"))]
fn check_listens(listener: &std::os::unix::net::UnixListener) -> io::Result<()> {
    if rustix::net::sockopt::socket_acceptconn(listener)? {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn a_listening_socket_with_a_path_is_adopted_and_not_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("s");
        let listening = adopt(UnixListener::bind(&path).expect("bound")).expect("adopted");
        assert_eq!(listening.path, path);
        drop(listening);
        assert!(path.exists());
    }

    #[cfg(not(target_vendor = "apple"))]
    #[tokio::test]
    async fn a_socket_that_does_not_listen_is_refused() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
        let outcome = adopt(UnixListener::from(std::os::fd::OwnedFd::from(one)));
        assert!(matches!(outcome, Err(ActivationError::NotAListener(_))));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_socket_of_the_abstract_namespace_is_refused() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("agentd-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).expect("a short name");
        let outcome = adopt(UnixListener::bind_addr(&address).expect("bound"));
        assert!(matches!(outcome, Err(ActivationError::NoPath)));
    }

    #[tokio::test]
    async fn variables_meant_for_another_process_are_ignored() {
        // The test runner was not started with sockets, or those were for another process id.
        assert!(inherited().expect("nothing to refuse").is_none());
    }
}
