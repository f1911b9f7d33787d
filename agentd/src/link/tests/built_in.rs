//! What all built-in formats have in common.

use crate::link::{FormatError, Seen, To, Variables, built_in, testing};

#[test]
fn formats_are_sorted_and_find_nothing_in_an_empty_home() {
    let home = testing::Home::new();
    let variables = home.variables(&[]);
    assert!(built_in().is_sorted_by_key(|format| format.name()));
    for format in built_in() {
        assert!(format.logins(&variables, &[]).expect("nothing is there").is_empty(), "{}", format.name());
        assert!(format.findings(&variables).is_empty(), "{}", format.name());
        let spot = home.spot(&*format);
        assert_eq!(format.look(&spot, "work", None).expect("nothing is there"), Seen::Empty, "{}", format.name());
        assert!(matches!(format.spot(&Variables::new(), To::Home, &home.path("run")), Err(FormatError::Place(_))));
    }
    assert_eq!(std::fs::read_dir(home.path("")).expect("a directory").count(), 0, "looking makes nothing");
}
