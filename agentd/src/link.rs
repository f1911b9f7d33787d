//! Credentials in the files of other tools: links that are kept fresh, logins that are taken over, what lies badly.
//!
//! Each tool's way to keep a login is one [`Format`], in a file of its own. A format knows paths, members and the tool's
//! habits; it knows nothing of profiles, of when a token is refreshed, or of who asked.

mod contree;
pub mod format;
mod ini;
mod inspect;
mod json;
mod llamactl;
mod place;
mod replace;
mod taking;
mod tank;
mod tensormesh;
#[cfg(test)]
mod testing;

pub use format::{
    Credential, Export, Finding, FindingKind, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To,
    Variables,
};
