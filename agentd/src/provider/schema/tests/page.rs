//! The examples of `docs/add-a-provider.md` are what they say.

use super::super::super::{Absent, FlowSpec};
use super::*;

const PAGE: &str = include_str!("../../../../../docs/add-a-provider.md");

/// The TOML blocks of the page.
fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("a split has a first part")).collect()
}

#[test]
fn every_example_is_well_formed() {
    let [whole, small, environments] = examples()[..] else { panic!("three examples") };
    let provider = read_own(whole).unwrap_or_else(|problems| panic!("{problems}"));
    let words: Vec<&str> = provider.methods.iter().map(|method| method.name.word()).collect();
    assert_eq!(words, ["browser", "device", "client-credentials", "api-key"]);
    let FlowSpec::Key(key) = &provider.methods[3].flow else { panic!("the last one is a key") };
    assert_eq!(key.variants.iter().map(|v| v.project).collect::<Vec<_>>(), [Absent::Mistake, Absent::Wanted]);
    assert!(provider.projects.is_some_and(|projects| projects.groups.is_some()));
    let small = read(small, Path::new("small.toml"), Origin::File("small.toml".into()));
    assert_eq!(small.unwrap_or_else(|problems| panic!("{problems}")).methods.len(), 1);
    let mut found = Findings::default();
    let added = added(environments, &mut found);
    assert_eq!((added.len(), found.len()), (1, 0));
}

#[test]
fn the_whole_example_has_every_key() {
    let whole = examples()[0];
    let sources = [
        include_str!("../../schema.rs"),
        include_str!("../after.rs"),
        include_str!("../environment.rs"),
        include_str!("../key.rs"),
        include_str!("../login.rs"),
        include_str!("../oauth.rs"),
        include_str!("../person.rs"),
        include_str!("../poll.rs"),
        include_str!("../request.rs"),
    ];
    // Endpoints by hand are alternatives to what the example shows; a form is one to JSON.
    let others = ["authorization_endpoint", "device_authorization_endpoint", "revocation_endpoint", "form"];
    for source in sources {
        for call in ["text(\"", "need(\"", "truth(\"", "table(\"", "tables(\"", "texts(\"", "statuses(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().expect("a split has a first part");
                let shown = whole.contains(&format!("{key} = "))
                    || whole.contains(&format!("{key}]"))
                    || whole.contains(&format!("[{key}."));
                assert!(shown || others.contains(&key), "`{key}` is not in the example");
            }
        }
    }
}
