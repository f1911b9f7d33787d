//! The same bytes in the encodings of HTTP (RFC 9110 §8.4.1), each the shortest way its format allows: nothing is packed.
//!
//! A client that does not decode sees no JSON in them; one that does would be open to bombs.

/// `Content-Encoding`, and the bytes in it.
pub(super) fn all(plain: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    [("gzip", gzip(plain)), ("deflate", zlib(plain)), ("br", brotli(plain))]
}

/// RFC 1952.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let length = u32::try_from(plain.len()).expect("documents are short");
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bytes.extend(stored(plain));
    bytes.extend(crc32(plain).to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes
}

/// RFC 1950.
fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    bytes.extend(stored(plain));
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in plain {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    bytes.extend((b << 16 | a).to_be_bytes());
    bytes
}

/// One block of RFC 1951 §3.2.4.
fn stored(plain: &[u8]) -> Vec<u8> {
    let length = u16::try_from(plain.len()).expect("documents are short");
    let mut block = vec![1];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(plain);
    block
}

/// One uncompressed meta-block and an empty last one (RFC 7932 §9.2).
fn brotli(plain: &[u8]) -> Vec<u8> {
    let length = u32::try_from(plain.len()).expect("documents are short");
    let mut bytes = ((length - 1) << 4 | 1 << 20).to_le_bytes()[..3].to_vec();
    bytes.extend(plain);
    bytes.push(3);
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let zlib = zlib(b"Wikipedia");
        assert_eq!(zlib[zlib.len() - 4..], 0x11e6_0398_u32.to_be_bytes());
    }
}
