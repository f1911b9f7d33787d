//! The door: the local socket, who may pass, and how many at a time.
//!
//! [`listen`] takes the socket a service manager hands over, or binds its own; [`serve`](serve::serve) answers HTTP/1.1
//! (RFC 9112) on it through a `tower` service. Limits are constants of [`limits`]. This module knows nothing of routes,
//! of what a request means, or of secrets. Only its inner modules know that the socket is a Unix one; a named pipe is
//! to stand beside [`unix`].

pub mod activation;
pub mod connections;
pub mod limits;
pub mod refusal;
pub mod serve;
pub mod unix;

use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

pub use activation::ActivationError;
pub use connections::Connections;
pub use limits::Limits;
pub use refusal::Refusals;
pub use serve::serve;
pub use unix::{BindError, SocketFile, bind};

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listening {
    /// Where connections come in.
    pub listener: UnixListener,
    /// Its path, as clients know it.
    pub path: PathBuf,
    /// Removes the socket when dropped. `None` for a socket that was handed over: it belongs to the service manager.
    pub file: Option<SocketFile>,
}

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// What the service manager handed over cannot be used: correct its unit.
    #[error(transparent)]
    Activation(#[from] ActivationError),
    /// The daemon's own socket cannot be bound: the text says what to correct.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// Takes the inherited socket, or binds `socket`. Needs a runtime.
pub fn listen(socket: &Path) -> Result<Listening, ListenError> {
    if let Some(inherited) = activation::inherited()? {
        return Ok(inherited);
    }
    let bound = bind(socket)?;
    Ok(Listening { listener: bound.listener, path: socket.to_owned(), file: Some(bound.file) })
}
