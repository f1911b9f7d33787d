//! HTTP/1.1 (RFC 9112) as far as one careful client needs it: one request at a time over a kept connection.
//!
//! Answers must say how long they are (`Content-Length` or `chunked`); an answer that ends with the connection cannot
//! be told from one that was cut off and is refused. Every buffer is wiped, because a token passes through it.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use proto::{hello, problem};
use zeroize::Zeroizing;

use super::body::Transfer;
use super::error::ClientError;
use super::introduction::Introduction;
use crate::clock::Deadline;
use crate::wiped::Wiped;

/// The longest status line and headers of an answer, in bytes; also the size of the input buffer. An agent sends some
/// 300 bytes; a larger buffer would have to be wiped at the end of every run.
const HEAD_LIMIT: usize = 4 * 1024;
/// The most headers of an answer.
const HEADER_COUNT: usize = 32;
/// The longest answer, in bytes: a list of ten thousand profiles fits several times.
pub(super) const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// The longest version that is repeated to people, in bytes.
const VERSION_LIMIT: usize = 32;
/// A request is small; an agent that does not take it in this time does not run.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// Bytes read and not yet used: `input[start..end]`.
    input: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

/// The beginning of an answer.
#[derive(Debug)]
pub(super) struct Head {
    /// HTTP status.
    pub(super) status: u16,
    /// How the body is framed.
    pub(super) transfer: Transfer,
    /// Whether the body is a problem document.
    pub(super) problem: bool,
    /// Who answers.
    pub(super) agent: Introduction,
}

/// What has arrived of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    /// All of it, before.
    End,
    /// Nothing more.
    Nothing,
    /// A part.
    Part,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream, input: Zeroizing::new(vec![0; HEAD_LIMIT]), start: 0, end: 0 }
    }

    /// Sends one request; `body` is JSON or empty.
    pub(super) fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(), ClientError> {
        let mut request = Wiped::with_capacity(256 + body.len());
        let (host, client, version) = (hello::HOST, hello::CLIENT_HEADER, env!("CARGO_PKG_VERSION"));
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{client}: {version}\r\n");
        request.append(head.as_bytes());
        if method == "POST" || !body.is_empty() {
            let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
            request.append(format!("{kind}content-length: {}\r\n", body.len()).as_bytes());
        }
        request.append(b"\r\n");
        request.append(body);
        self.stream.set_write_timeout(Some(WRITE_WAIT)).map_err(|e| ClientError::Io(e.kind()))?;
        match self.stream.write_all(request.bytes()) {
            Ok(()) => Ok(()),
            // A full agent answers `busy` and closes without reading; that answer is worth more than this error.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Reads the beginning of an answer.
    pub(super) fn head(&mut self, deadline: Deadline) -> Result<Head, ClientError> {
        loop {
            if let Some((length, head)) = parse(&self.input[self.start..self.end])? {
                self.start += length;
                // RFC 9110 §15.2: interim answers come before the real one.
                if (100..200).contains(&head.status) {
                    continue;
                }
                return Ok(head);
            }
            self.fill(deadline)?;
        }
    }

    /// Reads the whole body.
    pub(super) fn body(&mut self, mut transfer: Transfer, deadline: Deadline) -> Result<Wiped, ClientError> {
        let mut body = Wiped::with_capacity(transfer.length_hint().min(BODY_LIMIT));
        while self.part(&mut transfer, &mut body, deadline)? {
            if body.bytes().len() > BODY_LIMIT {
                return Err(ClientError::Garbled("it is too long"));
            }
        }
        Ok(body)
    }

    /// Adds what has arrived of the body to `output`, after waiting for at least one byte; false at its end.
    pub(super) fn part(
        &mut self,
        transfer: &mut Transfer,
        output: &mut Wiped,
        deadline: Deadline,
    ) -> Result<bool, ClientError> {
        loop {
            match self.arrived(transfer, output)? {
                Arrived::End => return Ok(false),
                Arrived::Nothing => self.fill(deadline)?,
                Arrived::Part => return Ok(true),
            }
        }
    }

    /// Adds what has arrived of the body to `output`, without waiting.
    pub(super) fn arrived(&mut self, transfer: &mut Transfer, output: &mut Wiped) -> Result<Arrived, ClientError> {
        let before = output.bytes().len();
        self.start += transfer.decode(&self.input[self.start..self.end], output)?;
        Ok(match () {
            () if output.bytes().len() > before => Arrived::Part,
            () if transfer.finished() => Arrived::End,
            () => Arrived::Nothing,
        })
    }

    /// Readable when something has arrived.
    pub(super) fn source(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Takes in what arrives, after waiting for it.
    pub(super) fn fill(&mut self, deadline: Deadline) -> Result<(), ClientError> {
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.input.len() {
            return Err(ClientError::Garbled("its headers are too long"));
        }
        loop {
            let left = deadline.left().ok_or(ClientError::TimedOut)?;
            self.stream.set_read_timeout(Some(left)).map_err(|e| ClientError::Io(e.kind()))?;
            match self.stream.read(&mut self.input[self.end..]) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(count) => {
                    self.end += count;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(&error)),
            }
        }
    }
}

fn failure(error: &std::io::Error) -> ClientError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ClientError::TimedOut,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => ClientError::Closed,
        kind => ClientError::Io(kind),
    }
}

/// The head at the start of `input` and its length; nothing while it is incomplete.
fn parse(input: &[u8]) -> Result<Option<(usize, Head)>, ClientError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT];
    let mut answer = httparse::Response::new(&mut headers);
    let length = match answer.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ClientError::Stranger),
    };
    let status = answer.code.unwrap_or(0);
    let value = |name: &str| {
        let mut found = answer.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let value = found.next().and_then(|header| std::str::from_utf8(header.value).ok()).map(str::trim);
        (value, found.next().is_some())
    };
    let transfer = match (value("content-length"), value("transfer-encoding")) {
        _ if (100..200).contains(&status) || status == 204 => Transfer::length(0),
        ((Some(length), false), (None, _)) if length.bytes().all(|b| b.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| ClientError::Garbled("it is too long"))?;
            if length > BODY_LIMIT {
                return Err(ClientError::Garbled("it is too long"));
            }
            Transfer::length(length)
        }
        ((None, _), (Some(coding), false)) if coding.eq_ignore_ascii_case("chunked") => Transfer::chunked(),
        // RFC 9112 §6.3: both, or neither, is how one answer is made to look like two.
        _ => return Err(ClientError::Garbled("its length is not stated")),
    };
    let kind = value("content-type").0.unwrap_or("");
    let problem = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(problem::MEDIA_TYPE));
    let printable = |version: &&str| version.len() <= VERSION_LIMIT && version.bytes().all(|b| b.is_ascii_graphic());
    let agent = Introduction {
        protocol: value(hello::PROTOCOL_HEADER).0.and_then(|number| number.parse().ok()),
        version: value(hello::VERSION_HEADER).0.filter(printable).map(str::to_owned),
    };
    Ok(Some((length, Head { status, transfer, problem, agent })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_whose_length_is_in_doubt_is_refused() {
        let doubtful = [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 67108865\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        ];
        for head in doubtful {
            assert!(matches!(parse(head.as_bytes()), Err(ClientError::Garbled(_))), "{head}");
        }
        assert!(matches!(parse(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Err(ClientError::Stranger)));
    }

    #[test]
    fn the_introduction_is_read_and_an_unprintable_version_is_not_repeated() {
        let text = "HTTP/1.1 404 x\r\nAgentd-Protocol: 1\r\nagentd-version: 0.1.0\r\n\
                    content-type: application/problem+json; charset=utf-8\r\ncontent-length: 0\r\n\r\n";
        let (length, head) = parse(text.as_bytes()).expect("it is well formed").expect("it is complete");
        assert_eq!((length, head.status, head.problem), (text.len(), 404, true));
        assert_eq!((head.agent.protocol, head.agent.version.as_deref()), (Some(1), Some("0.1.0")));
        let odd = b"HTTP/1.1 200 x\r\nagentd-version: a\tb\r\ncontent-length: 0\r\n\r\n";
        let (_, head) = parse(odd).expect("it is well formed").expect("it is complete");
        assert!(head.agent.version.is_none());
        assert!(parse(&text.as_bytes()[..40]).expect("it is well formed so far").is_none());
    }
}
