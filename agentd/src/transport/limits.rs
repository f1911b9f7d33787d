//! Every limit of the socket in one place, each with its reason.
//!
//! They bound what a careless or hostile process of the same user can take from the others: connections, bytes, time.
//! They do not bound how long an answer may take, which is the business of whoever answers.

use std::time::Duration;

/// A tool writes its request in one go; a person who types one by hand is not served. Half a request that is older
/// than this, head or body, ends its connection.
pub const RECEIVE: Duration = Duration::from_secs(10);

/// Longer than tools pause between two requests they care about; short enough that forgotten ones do not gather.
pub const IDLE: Duration = Duration::from_mins(2);

/// Our client sends 5 header fields, browsers and curl under 20.
pub const HEADERS: usize = 32;

/// The request line and all header fields together. Ours need 300 bytes; nothing in the protocol is long.
pub const HEADER_BYTES: usize = 16 * 1024;

/// The largest request is a login with a pasted API key and a CA file's text.
pub const BODY_BYTES: usize = 64 * 1024;

/// How long requests in progress may go on after the stop has begun.
pub const STOP: Duration = Duration::from_secs(5);

/// How many connections that are told "busy" may linger until their answer is read; the rest is closed at once.
pub const LINGERING: usize = 64;

/// How long each of them may.
pub const LINGER: Duration = Duration::from_secs(1);

/// What [`serve`](super::serve::serve) holds connections to. Tests make them small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, see [`connection_capacity`](crate::platform::descriptors::connection_capacity).
    pub connections: usize,
    /// From the first byte of a request to its last. Kept to within a tenth.
    pub receive: Duration,
    /// Without any byte of a request. Kept to within a tenth of `receive`.
    pub idle: Duration,
    /// Header fields of one request.
    pub headers: usize,
    /// Bytes of request line and header fields; at least 8 KiB.
    pub header_bytes: usize,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// From the stop to the end of the last connection.
    pub stop: Duration,
}

impl Limits {
    /// The limits of this module, for `connections` connections.
    pub const fn new(connections: usize) -> Self {
        Self {
            connections,
            receive: RECEIVE,
            idle: IDLE,
            headers: HEADERS,
            header_bytes: HEADER_BYTES,
            body_bytes: BODY_BYTES,
            stop: STOP,
        }
    }
}
