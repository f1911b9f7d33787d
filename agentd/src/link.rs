//! Credentials in the files of other tools: links that are kept fresh, logins that are taken over, what lies badly.
//!
//! Each tool's way to keep a login is one [`Format`], in a file of its own. A format knows paths, members and the tool's
//! habits; it knows nothing of profiles, of when a token is refreshed, or of who asked.

mod contree;
pub mod format;
mod ini;
mod inspect;
mod json;
mod keyring;
mod llamactl;
mod place;
mod replace;
mod taking;
mod tank;
mod tensormesh;
#[cfg(test)]
mod testing;
mod truss;

use std::sync::Arc;

pub use format::{
    Credential, Export, Finding, FindingKind, Format, FormatError, Login, LoginGrant, Mine, Seen, Spot, Taken, To,
    Variables,
};

/// Every format, by name.
pub fn all() -> Vec<Arc<dyn Format>> {
    vec![
        Arc::new(contree::Contree),
        Arc::new(llamactl::Llamactl),
        Arc::new(tank::Tank),
        Arc::new(tensormesh::Tensormesh),
        Arc::new(truss::Truss),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_sorted_and_find_nothing_in_an_empty_home() {
        let home = testing::Home::new();
        let variables = home.variables(&[]);
        assert!(all().is_sorted_by_key(|format| format.name()));
        for format in all() {
            assert!(format.logins(&variables, &[]).expect("nothing is there").is_empty(), "{}", format.name());
            assert!(format.findings(&variables).is_empty(), "{}", format.name());
            let spot = home.spot(&*format);
            assert_eq!(format.look(&spot, "work", None).expect("nothing is there"), Seen::Empty, "{}", format.name());
            assert!(matches!(format.spot(&Variables::new(), To::Home, &home.path("run")), Err(FormatError::Place(_))));
        }
        assert_eq!(std::fs::read_dir(home.path("")).expect("a directory").count(), 0, "looking makes nothing");
    }
}
