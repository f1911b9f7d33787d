//! The private key of a client, read from its file for the agent.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proto::login::LoginRequest;
use proto::secret::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The largest file taken for a key, in bytes: one of RSA with 16384 bits is smaller.
const FILE_LIMIT: usize = 16 * 1024;

#[derive(Debug, Default, clap::Args)]
pub(super) struct ClientKey {
    /// Prove to be the client with the private key in this file, PEM or JWK (RFC 7523)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret", "client_secret_stdin"])]
    client_key_file: Option<PathBuf>,
    /// The name that the service has for that key (`kid`)
    #[arg(long, value_name = "KID", conflicts_with = "secret")]
    client_key_id: Option<String>,
}

impl ClientKey {
    /// Whether a key is given.
    pub(super) fn is_given(&self) -> bool {
        self.client_key_file.is_some()
    }

    /// Reads the key and puts it into a request.
    pub(super) fn fill(self, request: &mut LoginRequest) -> Result<(), Failure> {
        request.client_key = self.client_key_file.as_deref().map(read).transpose()?;
        request.client_key_id = self.client_key_id;
        Ok(())
    }
}

/// The content of `path` as it travels: base64url, so that no parser on the way copies it to undo escapes.
fn read(path: &Path) -> Result<Secret, Failure> {
    let shown = path.display();
    let cannot =
        |error: std::io::Error| Failure::usage(format!("the key in `{shown}` cannot be read: {}", error.kind()));
    // Room for all of it at once, so that no buffer moves and leaves a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LIMIT + 1));
    let mut file = File::open(path).map_err(cannot)?.take(FILE_LIMIT as u64 + 1);
    file.read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.is_empty() || bytes.len() > FILE_LIMIT {
        return Err(Failure::usage(format!("`{shown}` is empty or too large for a key")));
    }
    let mut text = String::with_capacity(4 * bytes.len().div_ceil(3));
    BASE64_URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_travels_as_base64url_and_what_is_none_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("key.pem");
        assert!(read(&path).is_err() && read(place.path()).is_err());
        std::fs::write(&path, b"\xfb\xff?a").expect("it can be written");
        // EXPOSE: the test looks at what was read.
        assert_eq!(read(&path).expect("a key").expose(), "-_8_YQ");
        for bad in [Vec::new(), vec![b'x'; FILE_LIMIT + 1]] {
            std::fs::write(&path, bad).expect("it can be written");
            assert!(read(&path).is_err());
        }
    }
}
