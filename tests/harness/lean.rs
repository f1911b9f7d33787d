//! One lean HTTP/1.1 client on a raw stream, for load and for daemons that die in the middle of an answer.
//!
//! It reads a status, a `Content-Length` and that many bytes; everything that goes wrong is an error, never a panic. It
//! costs little, so that what is measured through it is the server.

use std::io;
use std::path::Path;

use proto::route::Route;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A connection.
#[derive(Debug)]
pub struct Lean {
    stream: UnixStream,
    received: Vec<u8>,
}

/// The bytes of a request to `route`, with `value` in its path and `body` as JSON text.
pub fn request(route: &Route, value: &str, body: &str) -> Vec<u8> {
    let (method, path, host, length) = (route.method.as_str(), route.at(value), proto::hello::HOST, body.len());
    format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

impl Lean {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens, or the queue is full.
    pub async fn connect(socket: &Path) -> io::Result<Self> {
        Ok(Self { stream: UnixStream::connect(socket).await?, received: Vec::with_capacity(2048) })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// The connection ends early, or what comes is no answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Got> {
        self.send(request).await?;
        self.receive().await
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// As [`Lean::exchange`].
    pub async fn receive(&mut self) -> io::Result<Got> {
        let (status, start, end) = loop {
            if let Some(head) = head(&self.received)? {
                break head;
            }
            self.more().await?;
        };
        while self.received.len() < end {
            self.more().await?;
        }
        let body = self.received[start..end].to_vec();
        self.received.drain(..end);
        Ok(Got { status, body })
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Status, begin and end of the body, once the whole head is there.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let Some(length) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| broken())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(broken)?;
    let body = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let start = length + 4;
    Ok(Some((status, start, start + body.ok_or_else(broken)?)))
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn an_answer_is_measured_by_its_head() {
        let text = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nhiHTTP";
        assert_eq!(head(text).ok(), Some(Some((200, 44, 46))));
        assert_eq!(head(&text[..20]).ok(), Some(None));
        assert!(head(b"nonsense\r\n\r\n").is_err());
    }
}
