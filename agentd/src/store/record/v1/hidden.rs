//! A secret on its way to or from the disk form: base64url text in JSON, wiped on drop.

use std::fmt;

use base64::display::Base64Display;
use base64::engine::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

pub(super) struct Hidden(Zeroizing<String>);

impl Hidden {
    pub(super) fn new(secret: &str) -> Self {
        Self(Zeroizing::new(secret.to_owned()))
    }

    /// The text, which the caller puts into a secret type at once.
    pub(super) fn into_text(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0.as_bytes(), &URL_SAFE_NO_PAD))
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64)
    }
}

struct Base64;

impl Visitor<'_> for Base64 {
    type Value = Hidden;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64url text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hidden, E> {
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| E::custom("not base64url"))?);
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Hidden(Zeroizing::new(text))),
            Err(error) => {
                // The error holds the bytes: they are wiped with this value.
                drop(Zeroizing::new(error.into_bytes()));
                Err(E::custom("not UTF-8"))
            }
        }
    }
}
