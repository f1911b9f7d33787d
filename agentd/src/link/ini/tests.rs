//! Odd files, read as Python does and kept as they are.

use super::*;

const ODD: &str = "# head\n[DEFAULT]\nprofile : one\n\n; about one\n[profile:one] trailing\n  URL = https://a.example  \n  token = x;y # z\n  note = a\n    b\n\n    c\n# inner\n\n[other]\nempty =\nk=v=w";

#[test]
fn values_are_read_as_python_does() {
    let document = Document::parse(ODD).expect("it is one");
    assert_eq!(document.sections().collect::<Vec<_>>(), ["profile:one", "other"]);
    assert_eq!(document.own("profile:one", "url"), Some("https://a.example"));
    assert_eq!(document.own("profile:one", "token"), Some("x;y # z"));
    assert_eq!(document.own("profile:one", "note"), Some("a\nb\n\nc"));
    assert_eq!(document.own("other", "empty"), Some(""));
    assert_eq!(document.own("other", "k"), Some("v=w"));
    assert_eq!(document.own("other", "profile"), None);
    assert_eq!(document.value("other", "profile").expect("plain").as_deref().map(String::as_str), Some("one"));
    assert_eq!(document.text().as_str(), ODD);
}

#[test]
fn an_edit_changes_its_own_lines_only() {
    let mut document = Document::parse(ODD).expect("it is one");
    document.set("profile:one", "token", "new").expect("it can be set");
    assert_eq!(document.text().as_str(), ODD.replace("token = x;y # z", "token = new"));
    document.set("profile:one", "note", "short").expect("it can be set");
    assert!(document.text().contains("  note = short\n# inner\n\n[other]"), "{}", document.text().as_str());
    document.set("other", "last", "1").expect("it can be added");
    assert!(document.text().ends_with("k=v=w\nlast = 1\n"));
    document.set("third", "a", "b").expect("it can be made");
    document.remove("third").expect("it can be removed");
    document.unset("other", "last").expect("it can be taken out");
    assert!(document.text().ends_with("k=v=w\n"));
    document.remove("profile:one").expect("it can be removed");
    assert_eq!(
        document.text().as_str(),
        "# head\n[DEFAULT]\nprofile : one\n\n; about one\n# inner\n\n[other]\nempty =\nk=v=w\n"
    );
}

#[test]
fn a_new_document_and_its_line_ends() {
    let mut document = Document::parse("").expect("nothing is one");
    document.set("a", "k", "v").expect("it can be made");
    document.set(DEFAULT, "profile", "a").expect("it can be made");
    assert_eq!(document.text().as_str(), "[DEFAULT]\nprofile = a\n\n[a]\nk = v\n");
    document.remove("a").expect("it can be removed");
    document.remove(DEFAULT).expect("it can be removed");
    assert!(document.is_blank());
    let mut document = Document::parse("[a]\r\nk = v\r\n").expect("it is one");
    document.set("a", "m", "n").expect("it can be set");
    assert_eq!(document.text().as_str(), "[a]\r\nk = v\r\nm = n\r\n");
}

#[test]
fn what_is_no_ini_is_refused() {
    for text in ["k = v\n", "[a]\nword\n", "[a]\n[a]\n", "[a]\nk=1\nK=2\n", "[]\n", "[a]\n= v\n", "\u{feff}[a]\nk=v\n"]
    {
        assert!(matches!(Document::parse(text), Err(IniError::Form(_))), "{text:?}");
    }
}

#[test]
fn percent_signs_are_neither_guessed_nor_written() {
    let document = Document::parse("[a]\none = 100%%\ntwo = %(one)s\nthree = 5%\n").expect("it is one");
    assert_eq!(document.value("a", "one").expect("escaped").expect("there").as_str(), "100%");
    assert!(document.value("a", "two").is_err() && document.value("a", "three").is_err());
    let mut document = document;
    for value in ["x%y", "x%%y", "x\ny", " x", "x\0"] {
        assert_eq!(document.set("a", "k", value), Err(IniError::Value), "{value:?}");
    }
    assert_eq!(document.set("a]", "k", "v"), Err(IniError::Value));
}

#[test]
fn a_layout_in_which_a_line_would_change_its_meaning_is_left_alone() {
    let mut document = Document::parse("  [a]\n").expect("it is one");
    document.set("a", "k", "v").expect("indented like its header");
    assert_eq!(document.text().as_str(), "  [a]\n  k = v\n");
    let mut document = Document::parse("   [a]\nk = v\n").expect("it is one");
    assert_eq!(document.set(DEFAULT, "p", "q"), Err(IniError::Layout));
    assert_eq!(document.text().as_str(), "   [a]\nk = v\n");
}
