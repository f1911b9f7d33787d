//! Form bodies (`application/x-www-form-urlencoded`) and answer bodies in memory that is wiped.
//!
//! A buffer that grows by reallocation leaves copies behind; these never do. Knows nothing of requests.

use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The body for `pairs`, in their order.
pub(super) fn encode(pairs: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Each byte becomes at most three, so the buffer never moves.
    let longest = pairs.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(longest));
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            body.push(b'&');
        }
        byte_serialize(name.as_bytes()).for_each(|part| body.extend_from_slice(part.as_bytes()));
        body.push(b'=');
        byte_serialize(value.as_bytes()).for_each(|part| body.extend_from_slice(part.as_bytes()));
    }
    body
}

/// Appends `chunk`; when the buffer must move, the old one is wiped.
pub(super) fn append(buffer: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = buffer.len() + chunk.len();
    if needed > buffer.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * buffer.capacity())));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(chunk);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded_without_moving() {
        let body = encode(&[("grant_type", "refresh_token"), ("scope", "a b"), ("x", "&=+ü")]);
        assert_eq!(body.as_slice(), b"grant_type=refresh_token&scope=a+b&x=%26%3D%2B%C3%BC");
        assert_eq!(encode(&[]).as_slice(), b"");
    }

    #[test]
    fn appending_keeps_the_order() {
        let mut buffer = Zeroizing::new(Vec::new());
        for chunk in ["one", "two", "a longer one"] {
            append(&mut buffer, chunk.as_bytes());
        }
        assert_eq!(buffer.as_slice(), b"onetwoa longer one");
    }
}
