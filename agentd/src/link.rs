//! Credentials in the files of other tools: links that are kept fresh, logins that are taken over, what lies badly.
//!
//! Each tool's way to keep a login is one [`Format`], in a file of its own. A format knows paths, members and the tool's
//! habits; it knows nothing of profiles, of when a token is refreshed, or of who asked. [`Links`] owns the links: one
//! task tends them all. It knows nothing of the vault but [`Profiles`].

mod attend;
mod contree;
mod doctor;
mod engine;
mod entry;
mod file;
pub mod format;
mod formats;
mod heir;
mod import;
mod ini;
mod inspect;
mod json;
mod judge;
mod keyring;
mod llamactl;
mod make;
mod place;
mod profiles;
mod replace;
mod stamp;
mod taking;
mod tank;
mod tend;
mod tensormesh;
mod truss;

pub use doctor::{Diagnosis, Doctor};
pub use engine::{LinkError, Links, MOST_LINKS, Setup, Which, Wish};
pub use entry::{Link, State};
pub use format::{
    Credential, Export, Finding, FindingKind, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To,
    Variables,
};
pub use formats::{CALL_PATIENCE, Formats};
pub use import::{Found, ImportError, Imports, Kind, Order, Report, Who};
pub use profiles::{About, Absent, Adopted, Follow, Intake, IntakeError, Kept, Known, Origin, Profiles};

/// Bytes in lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into text cannot fail.
        let _never = write!(text, "{byte:02x}");
        text
    })
}

/// Every format that is built in, sorted by name.
pub fn built_in() -> Vec<Box<dyn Format>> {
    vec![
        Box::new(contree::Contree),
        Box::new(llamactl::Llamactl),
        Box::new(tank::Tank),
        Box::new(tensormesh::Tensormesh),
        Box::new(truss::Truss),
    ]
}

#[cfg(test)]
mod stand;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
