//! Bytes to the daemon, and bytes from it, without an HTTP library in between that would know better.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use proto::problem::Problem;
use serde_json::Value;

/// No answer takes longer than this.
const PATIENCE: Duration = Duration::from_mins(1);

/// A well-formed request that needs no profile.
pub const STATUS: &[u8] = b"GET /v1/status HTTP/1.1\r\nhost: agentd\r\n\r\n";

/// One connection.
#[derive(Debug)]
pub struct Raw {
    stream: UnixStream,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Status line and header fields.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The body as a problem, which says the status once more.
    pub fn problem(&self) -> Problem {
        assert_eq!(self.header("content-type"), Some(proto::problem::MEDIA_TYPE), "{self:?}");
        let problem: Problem = serde_json::from_slice(&self.body).expect("the body is a problem");
        assert_eq!(problem.status, self.status, "{problem:?}");
        problem
    }
}

impl Raw {
    /// Connects.
    pub fn open(socket: &Path) -> Self {
        Self::over(UnixStream::connect(socket).expect("the daemon accepts"))
    }

    /// Speaks over a connection that was made elsewhere.
    pub fn over(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        Self { stream, read: Vec::new() }
    }

    /// Connects, sends, and gives back the first answer; `None` when the connection ended without one.
    pub fn ask(socket: &Path, bytes: &[u8]) -> Option<Reply> {
        let mut raw = Self::open(socket);
        raw.send(bytes);
        raw.reply()
    }

    /// A request with a JSON body.
    pub fn post(path: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nhost: agentd\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// Sends; false when the daemon has closed already, which it may at any time.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next answer; `None` when the connection ends first.
    pub fn reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let head = String::from_utf8(self.read[..end].to_vec()).expect("the head is text");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status line");
        let reply = Reply { status, head, body: Vec::new() };
        let length: usize = reply.header("content-length").map_or(0, |value| value.parse().expect("a number"));
        while self.read.len() < end + length {
            self.more()?;
        }
        let body = self.read[end..end + length].to_vec();
        self.read.drain(..end + length);
        Some(Reply { body, ..reply })
    }

    fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                Some(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Some(()),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => None,
            Err(error) => panic!("the daemon neither answers nor closes: {error}"),
        }
    }

    /// Waits at most `wait` for a byte or the end. True: it has ended.
    pub fn ends_within(&mut self, wait: Duration) -> bool {
        self.stream.set_read_timeout(Some(wait)).expect("it is a socket");
        let ended = self.reads_the_end(&[ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        ended
    }

    /// Whether the daemon has closed it by now.
    pub fn has_ended(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("it is a socket");
        let ended = self.reads_the_end(&[ErrorKind::WouldBlock]);
        self.stream.set_nonblocking(false).expect("it is a socket");
        ended
    }

    /// Reads what is there. True: nothing more will come; the errors in `open` only say that nothing came yet.
    fn reads_the_end(&mut self, open: &[ErrorKind]) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                false
            }
            Err(error) => !open.contains(&error.kind()),
        }
    }

    /// Everything up to the end of the connection.
    pub fn rest(mut self) -> Vec<u8> {
        while self.more().is_some() {}
        self.read
    }
}

/// Fails unless the daemon answers a usual request.
pub fn assert_served(socket: &Path) {
    let reply = Raw::ask(socket, STATUS).expect("others are served");
    assert_eq!(reply.status, 200, "{reply:?}");
}
