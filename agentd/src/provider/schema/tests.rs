//! Files in, providers or mistakes out.

mod builtins;
mod mistakes;
mod page;
mod refusals;
mod standard;

use super::*;

/// The provider of a user's text.
fn read_own(text: &str) -> Result<Provider, Problems> {
    read(text, Path::new("acme.toml"), Origin::File("acme.toml".into()))
}

/// The mistakes as people see them.
fn mistakes(text: &str) -> String {
    read_own(text).expect_err("there is a mistake").to_string()
}
