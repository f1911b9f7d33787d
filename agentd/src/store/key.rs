//! The explicit key file: 32 random bytes that seal the store.
//!
//! It is made once, together with a new store, and never replaced: a new key over an existing store would make every
//! record unreadable. It is read at open and not kept here.

use std::io::{Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::OpenError;
use crate::private::{self, Access, PrivateError};
use crate::secret::{SealingKey, random};

const LENGTH: usize = 32;

/// Reads the key; `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<SealingKey>, OpenError> {
    let Some(mut file) = private::open(path, Access::Read)? else {
        return Ok(None);
    };
    let length = file.metadata().map_err(PrivateError::io(path, "look at"))?.len();
    if length != LENGTH as u64 {
        return Err(OpenError::KeyLength { path: path.to_owned(), length });
    }
    let mut key = Zeroizing::new([0; LENGTH]);
    file.read_exact(key.as_mut()).map_err(PrivateError::io(path, "read"))?;
    Ok(Some(SealingKey::new(key)))
}

/// Makes a new key, durable before it is used. It appears under its name only when it is whole.
pub(super) fn create(path: &Path) -> Result<SealingKey, OpenError> {
    let key = random::<LENGTH>();
    let unfinished = private::unfinished(path);
    let mut file = private::create(&unfinished)?;
    let written = file.write_all(key.as_ref()).and_then(|()| file.sync_all());
    written.map_err(PrivateError::io(&unfinished, "write"))?;
    private::publish(&unfinished, path)?;
    Ok(SealingKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_read_back_and_other_lengths_are_refused() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let path = home.path().join("store.key");
        assert!(read(&path).expect("absence is no error").is_none());
        let key = create(&path).expect("it can be made");
        let again = read(&path).expect("it can be read").expect("it is there");
        assert!(key.expose() == again.expose() && key.expose() != &[0; 32]);
        assert!(!private::unfinished(&path).exists());
        for length in [0_usize, 31, 33] {
            std::fs::write(&path, vec![1; length]).expect("it is ours");
            let error = read(&path).expect_err("it is not 32 bytes");
            assert!(matches!(error, OpenError::KeyLength { length: found, .. } if found == length as u64));
        }
    }
}
