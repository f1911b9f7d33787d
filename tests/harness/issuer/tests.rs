//! What the issuer promises to the tests that stand on it.

mod client;
mod grants;
mod rotation;
mod scripts;
