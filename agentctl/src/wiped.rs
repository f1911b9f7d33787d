//! A byte buffer for what may hold a secret: wiped when dropped, and also when it has to grow.

use std::fmt;
use std::io;

use zeroize::Zeroizing;

/// Bytes that leave no copy behind.
pub(crate) struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    /// An empty buffer with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    /// Adds `bytes`. A `Vec` that grows by itself frees its old memory as it is; this one is moved and wiped by hand.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut grown = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            grown.extend_from_slice(&self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(bytes);
    }

    /// What is in it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_without_losing_a_byte_and_shows_none() {
        let mut buffer = Wiped::with_capacity(2);
        for part in ["ab", "cdefgh", "", "i"] {
            buffer.append(part.as_bytes());
        }
        assert_eq!(buffer.bytes(), b"abcdefghi");
        assert_eq!(format!("{buffer:?}"), "Wiped(9 bytes)");
    }
}
