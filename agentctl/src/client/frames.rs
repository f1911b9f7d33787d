//! Server-sent events (WHATWG HTML §9.2), as far as the agent uses them: `data:` lines and comments. Pure.

use super::error::ClientError;

/// The longest event, in bytes.
const FRAME_LIMIT: usize = 256 * 1024;

/// Collects bytes and hands out the data of each complete event.
#[derive(Debug, Default)]
pub(super) struct Frames {
    input: Vec<u8>,
    /// Bytes of `input` already searched for a line end.
    searched: usize,
    data: Option<String>,
    ready: std::collections::VecDeque<String>,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Takes in bytes as they arrive.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.input.extend_from_slice(bytes);
        while let Some(at) = self.input[self.searched..].iter().position(|byte| *byte == b'\n') {
            let rest = self.input.split_off(self.searched + at + 1);
            let line = std::mem::replace(&mut self.input, rest);
            self.searched = 0;
            self.line(&line[..line.len() - 1])?;
        }
        self.searched = self.input.len();
        if self.input.len() > FRAME_LIMIT {
            return Err(ClientError::Garbled("an event is too long"));
        }
        Ok(())
    }

    /// Whether no complete event waits.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// The data of the next complete event.
    pub(super) fn next(&mut self) -> Option<String> {
        self.ready.pop_front()
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ClientError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.ready.extend(self.data.take());
            return Ok(());
        }
        // Comments keep the connection alive; other fields (`event`, `id`, `retry`) are not used by the agent.
        let Some(value) = line.strip_prefix(b"data:") else { return Ok(()) };
        let value = std::str::from_utf8(value.strip_prefix(b" ").unwrap_or(value));
        let value = value.map_err(|_| ClientError::Garbled("an event is not text"))?;
        let data = self.data.get_or_insert_default();
        if !data.is_empty() {
            data.push('\n');
        }
        data.push_str(value);
        if data.len() > FRAME_LIMIT {
            return Err(ClientError::Garbled("an event is too long"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(input: &[u8], size: usize) -> Vec<String> {
        let mut frames = Frames::new();
        let mut events = Vec::new();
        for piece in input.chunks(size) {
            frames.push(piece).expect("it is well formed");
            events.extend(std::iter::from_fn(|| frames.next()));
        }
        events
    }

    #[test]
    fn events_are_found_however_they_are_split() {
        let input = b": hello\n\ndata: {\"a\":1}\n\n:\ndata:{\r\ndata: }\r\n\r\nevent: x\n\ndata: cut";
        for size in 1..=input.len() {
            assert_eq!(collect(input, size), ["{\"a\":1}", "{\n}"], "{size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut frames = Frames::new();
        frames.push(b"data: ").expect("it is short");
        let piece = vec![b'x'; FRAME_LIMIT / 2];
        frames.push(&piece).expect("it is not yet too long");
        assert!(frames.push(&piece).is_err());
        let mut frames = Frames::new();
        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        frames.push(&line).expect("it is not yet too long");
        frames.push(&line).and_then(|()| frames.push(&line)).expect_err("many lines of one event count together");
    }
}
