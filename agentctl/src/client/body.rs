//! How an answer's body is framed (RFC 9112 §6 and §7.1). Pure: bytes in, bytes out, at any split.

use super::error::ClientError;
use crate::wiped::Wiped;

/// The longest chunk-size line with its extensions, and the longest trailer line, in bytes.
const LINE_LIMIT: usize = 256;
/// The most trailer lines.
const TRAILER_COUNT: usize = 16;

/// The rest of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transfer(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes of the body are to come.
    Length(usize),
    /// A chunk-size line is to come.
    Size,
    /// So many bytes of this chunk are to come.
    Chunk(u64),
    /// The line end after a chunk is to come.
    ChunkEnd,
    /// Trailers, so many already, then an empty line are to come.
    Trailer(usize),
    /// Nothing is to come.
    End,
}

impl Transfer {
    /// A body of `length` bytes.
    pub(super) fn length(length: usize) -> Self {
        Self(if length == 0 { State::End } else { State::Length(length) })
    }

    /// A body in chunks.
    pub(super) fn chunked() -> Self {
        Self(State::Size)
    }

    /// Whether the body is complete.
    pub(super) fn finished(self) -> bool {
        self.0 == State::End
    }

    /// The length, as far as it is known beforehand.
    pub(super) fn length_hint(self) -> usize {
        if let State::Length(length) = self.0 { length } else { 1024 }
    }

    /// Moves what `input` holds of the body to `output`; says how many bytes of `input` were used up.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut Wiped) -> Result<usize, ClientError> {
        let mut used = 0;
        while used < input.len() {
            let rest = &input[used..];
            let step = self.step(rest, output)?;
            if step == 0 {
                break;
            }
            used += step;
        }
        Ok(used)
    }

    /// One part of the framing; 0 when more bytes are needed or nothing is to come.
    fn step(&mut self, rest: &[u8], output: &mut Wiped) -> Result<usize, ClientError> {
        match self.0 {
            State::End => Ok(0),
            State::Length(left) => {
                let count = left.min(rest.len());
                output.append(&rest[..count]);
                *self = Self::length(left - count);
                Ok(count)
            }
            State::Size => {
                let Some(line) = line(rest)? else { return Ok(0) };
                // The parser takes an empty line for the last chunk; then a cut answer would look whole.
                if !rest[0].is_ascii_hexdigit() {
                    return Err(ClientError::Garbled("a chunk has no size"));
                }
                match httparse::parse_chunk_size(&rest[..line]) {
                    Ok(httparse::Status::Complete((_, 0))) => self.0 = State::Trailer(0),
                    Ok(httparse::Status::Complete((_, size))) => self.0 = State::Chunk(size),
                    _ => return Err(ClientError::Garbled("a chunk has no size")),
                }
                Ok(line)
            }
            State::Chunk(left) => {
                let count = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                output.append(&rest[..count]);
                let left = left - count as u64;
                self.0 = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                Ok(count)
            }
            State::ChunkEnd => {
                let Some(line) = line(rest)? else { return Ok(0) };
                if line != 2 {
                    return Err(ClientError::Garbled("a chunk is longer than it says"));
                }
                self.0 = State::Size;
                Ok(line)
            }
            State::Trailer(TRAILER_COUNT) => Err(ClientError::Garbled("it has too many trailers")),
            State::Trailer(count) => {
                let Some(line) = line(rest)? else { return Ok(0) };
                self.0 = if line == 2 { State::End } else { State::Trailer(count + 1) };
                Ok(line)
            }
        }
    }
}

/// The length of the line at the start of `rest`, with its end; nothing while it is incomplete.
fn line(rest: &[u8]) -> Result<Option<usize>, ClientError> {
    let window = &rest[..rest.len().min(LINE_LIMIT)];
    match window.windows(2).position(|pair| pair == b"\r\n") {
        Some(at) => Ok(Some(at + 2)),
        None if window.len() == LINE_LIMIT => Err(ClientError::Garbled("a line is too long")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\ntrailer: x\r\n\r\n";

    /// Feeds `input` in pieces of `size` bytes, as a socket might.
    fn decode(mut transfer: Transfer, input: &[u8], size: usize) -> Result<(Vec<u8>, bool, usize), ClientError> {
        let mut output = Wiped::with_capacity(0);
        let (mut arrived, mut used) = (0, 0);
        while arrived < input.len() {
            arrived = (arrived + size).min(input.len());
            used += transfer.decode(&input[used..arrived], &mut output)?;
        }
        Ok((output.bytes().to_vec(), transfer.finished(), used))
    }

    #[test]
    fn chunks_are_joined_however_they_are_split() {
        for size in 1..=CHUNKED.len() {
            let (body, finished, used) = decode(Transfer::chunked(), CHUNKED, size).expect("it is well formed");
            assert_eq!((body.as_slice(), finished, used), (&b"hello, world"[..], true, CHUNKED.len()), "{size}");
        }
    }

    #[test]
    fn bytes_after_the_body_are_left_for_the_next_answer() {
        let mut input = CHUNKED.to_vec();
        input.extend_from_slice(b"HTTP/1.1 200");
        let (_, finished, used) = decode(Transfer::chunked(), &input, input.len()).expect("it is well formed");
        assert!(finished);
        assert_eq!(used, CHUNKED.len());
        let (body, finished, used) = decode(Transfer::length(3), b"abcdef", 2).expect("it is well formed");
        assert_eq!((body.as_slice(), finished, used), (&b"abc"[..], true, 3));
    }

    #[test]
    fn broken_framing_is_refused() {
        let long = format!("1;{}\r\n", "x".repeat(LINE_LIMIT));
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(TRAILER_COUNT + 1));
        let broken = ["x\r\n", "\r\n", "5\r\nhello!\r\n", "fffffffffffffffff\r\n", "-1\r\n", &long, &trailers];
        for input in broken {
            let result = decode(Transfer::chunked(), input.as_bytes(), input.len());
            assert!(matches!(result, Err(ClientError::Garbled(_))), "{input}");
        }
    }

    #[test]
    fn a_cut_body_is_not_finished() {
        let (_, finished, _) = decode(Transfer::chunked(), &CHUNKED[..CHUNKED.len() - 1], 4).expect("so far so good");
        assert!(!finished);
        let (_, finished, _) = decode(Transfer::length(9), b"abc", 1).expect("so far so good");
        assert!(!finished);
    }
}
