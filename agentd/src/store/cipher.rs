//! The seal: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) over one value at rest.
//!
//! A sealed value is `version (1) | sequence (8, big-endian) | nonce (24) | ciphertext | tag (16)`. The nonce is drawn
//! at random for each seal; 192 bits make a repetition negligible. Associated data are what the value is, the version,
//! the record's id and the sequence, so that a value moved to another place, or given another number, does not open.
//! The cipher does not know what it seals; padding is the record's.

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::record::RecordId;
use crate::secret::{SealingKey, random};

const SEQUENCE: usize = 1;
const NONCE: usize = SEQUENCE + 8;
const BODY: usize = NONCE + 24;
const TAG: usize = 16;

/// What a sealed value is; a value of one subject does not open as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The value by which a wrong key is recognised.
    Check,
    /// The choices of each provider.
    Choices,
    /// Which record is current.
    Current,
    /// A record.
    Record(RecordId),
}

/// The value does not open: another key, another place, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub(super) struct SealBroken;

/// A value that opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) version: u8,
    pub(super) sequence: u64,
    pub(super) plain: Zeroizing<Vec<u8>>,
}

/// Seals and opens under one key, which it wipes on drop.
pub(super) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(super) fn new(key: &SealingKey) -> Self {
        // EXPOSE: the cipher is keyed.
        Self(XChaCha20Poly1305::new(key.expose().into()))
    }

    /// Seals `plain`.
    pub(super) fn seal(&self, subject: Subject, version: u8, sequence: u64, plain: &[u8]) -> Vec<u8> {
        let nonce = random::<24>();
        // Sized once: growing would leave a copy of the plaintext behind.
        let mut sealed = Vec::with_capacity(BODY + plain.len() + TAG);
        sealed.push(version);
        sealed.extend_from_slice(&sequence.to_be_bytes());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .encrypt_inout_detached(
                &XNonce::from(*nonce),
                &associated(subject, version, sequence),
                (&mut sealed[BODY..]).into(),
            )
            .expect("a record is far shorter than the cipher's limit of 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Cipher::seal`] made for the same subject.
    pub(super) fn open(&self, subject: Subject, sealed: &[u8]) -> Result<Opened, SealBroken> {
        let (head, rest) = sealed.split_at_checked(BODY).ok_or(SealBroken)?;
        let (body, tag) = rest.split_at_checked(rest.len().wrapping_sub(TAG)).ok_or(SealBroken)?;
        let version = head[0];
        let sequence = u64::from_be_bytes(head[SEQUENCE..NONCE].try_into().map_err(|_| SealBroken)?);
        let nonce = XNonce::try_from(&head[NONCE..]).map_err(|_| SealBroken)?;
        let tag = Tag::try_from(tag).map_err(|_| SealBroken)?;
        let mut plain = Zeroizing::new(body.to_vec());
        self.0
            .decrypt_inout_detached(&nonce, &associated(subject, version, sequence), plain.as_mut_slice().into(), &tag)
            .map_err(|_| SealBroken)?;
        Ok(Opened { version, sequence, plain })
    }
}

fn associated(subject: Subject, version: u8, sequence: u64) -> Vec<u8> {
    let (domain, id) = match subject {
        Subject::Check => ("agentd store check", 0),
        Subject::Choices => ("agentd store choices", 0),
        Subject::Current => ("agentd store current", 0),
        Subject::Record(RecordId(id)) => ("agentd store record", id),
    };
    // No domain holds a NUL and all that follows has a fixed length, so no two inputs meet.
    [domain.as_bytes(), &[0, version], &id.to_be_bytes(), &sequence.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(byte: u8) -> Cipher {
        Cipher::new(&SealingKey::new(Zeroizing::new([byte; 32])))
    }

    #[test]
    fn what_was_sealed_opens_only_as_what_it_is() {
        let record = Subject::Record(RecordId(1));
        let sealed = cipher(7).seal(record, 1, 9, b"plain");
        let opened = cipher(7).open(record, &sealed).expect("same key, same subject");
        assert_eq!((opened.version, opened.sequence, opened.plain.as_slice()), (1, 9, &b"plain"[..]));
        assert_eq!(cipher(8).open(record, &sealed).err(), Some(SealBroken));
        for other in [Subject::Record(RecordId(2)), Subject::Check, Subject::Choices, Subject::Current] {
            assert_eq!(cipher(7).open(other, &sealed).err(), Some(SealBroken));
        }
        assert_ne!(sealed, cipher(7).seal(record, 1, 9, b"plain"), "each seal draws a nonce");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let cipher = cipher(7);
        let sealed = cipher.seal(Subject::Check, 1, 0x0102_0304, b"plain");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(cipher.open(Subject::Check, &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(cipher.open(Subject::Check, &sealed[..length]).is_err(), "{length} bytes");
        }
    }
}
