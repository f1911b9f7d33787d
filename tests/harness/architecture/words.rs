//! Words that may stand in few places or nowhere: the clock, tasks, printing, ends, the machine, secrets, names.

use super::code::{occurrences, parenthesised};
use super::{Rule, Source, Violation};

const CLOCK: Rule = Rule { name: "one-clock", says: "only `clock` reads the time" };
const TASKS: Rule = Rule { name: "no-orphan-tasks", says: "only `supervise` starts tasks and threads" };
const PRINTER: Rule = Rule { name: "one-printer", says: "only the client's `output` and agentd's `main` print" };
const ENDS: Rule = Rule { name: "no-sudden-ends", says: "only `main` ends a process" };
const PROGRAMS: Rule = Rule { name: "no-programs", says: "the daemon starts no program" };
const MACHINE: Rule = Rule {
    name: "one-door-to-the-machine",
    says: "platform conditions and `unsafe` stay in the modules made for them",
};
const WIRE_FORM: Rule = Rule { name: "serde-at-the-edges", says: "only types of a file or a wire can be serialised" };
const EXPOSE: Rule = Rule { name: "expose-says-why", says: "every `expose()` has an `// EXPOSE: why` beside it" };
const NAMES: Rule =
    Rule { name: "names-say-something", says: "no `Manager`, `Helper`, `Util`, `Data`, `Info` types, no `get_`" };

/// The rules of this module.
pub const RULES: &[&Rule] = &[&CLOCK, &TASKS, &PRINTER, &ENDS, &PROGRAMS, &MACHINE, &WIRE_FORM, &EXPOSE, &NAMES];

/// The crates that are shipped; tests and chores have rules of their own.
const SHIPPED: &[&str] = &["agentctl", "agentd", "proto"];

/// Words of one rule, the crates it holds for and the places that are made for it.
struct Ban {
    rule: &'static Rule,
    words: &'static [&'static str],
    crates: &'static [&'static str],
    places: &'static [&'static str],
}

const BANS: &[Ban] = &[
    Ban {
        rule: &CLOCK,
        words: &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "clock_gettime"],
        crates: SHIPPED,
        // `platform` reads the clock that counts suspend; `clock` is given it.
        places: &["agentctl/src/clock", "agentd/src/clock", "agentd/src/platform"],
    },
    Ban {
        rule: &TASKS,
        words: &["tokio::spawn", "task::spawn", "thread::spawn", "thread::Builder", "spawn_local"],
        crates: &["agentd", "proto"],
        places: &["agentd/src/supervise"],
    },
    Ban {
        rule: &PRINTER,
        words: &["print!", "println!", "eprint!", "eprintln!", "dbg!"],
        crates: SHIPPED,
        places: &["agentctl/src/output", "agentd/src/main"],
    },
    Ban {
        rule: &ENDS,
        words: &["process::exit", "process::abort"],
        crates: SHIPPED,
        places: &["agentctl/src/main", "agentd/src/main"],
    },
    Ban { rule: &PROGRAMS, words: &["process::Command", "Command::new"], crates: &["agentd", "proto"], places: &[] },
    Ban { rule: &MACHINE, words: &["unsafe"], crates: SHIPPED, places: DOORS },
];

/// The modules that know which system they run on.
const DOORS: &[&str] =
    &["agentctl/src/connect", "agentctl/src/prompt", "agentd/src/peer", "agentd/src/platform", "agentd/src/transport"];

/// Files that ask which system they run on besides [`DOORS`].
const CONDITIONS: &[&str] = &[
    // Which program opens a page, where nobody said.
    "agentctl/src/browser",
    // Where files lie is one rule with a macOS line in it.
    "proto/src/paths",
];

const SYSTEMS: &[&str] =
    &["target_os", "target_family", "target_vendor", "target_arch", "unix", "windows", "linux", "macos"];

/// Files whose types are the form of something outside: a message, a record, a file, an answer.
const FORMS: &[&str] = &[
    // `status -o json` joins two messages of `proto` and the reason for the choice.
    "agentctl/src/command/status",
    "agentd/src/audit",
    "agentd/src/config/file",
    "agentd/src/link",
    "agentd/src/oauth/assertion",
    "agentd/src/oauth/device",
    "agentd/src/oauth/id_token",
    "agentd/src/oauth/metadata",
    "agentd/src/oauth/pushed",
    "agentd/src/oauth/registration",
    "agentd/src/oauth/response",
    "agentd/src/provider/schema",
    "agentd/src/store/record",
];

const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Util", "Utils", "Data", "Info"];

/// Checks one file.
pub fn check(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let bans = BANS.iter().filter(|ban| ban.crates.contains(&source.krate()));
    for ban in bans.filter(|ban| !ban.places.iter().any(|place| source.is_in(place))) {
        for word in ban.words {
            let at = occurrences(&source.code, word);
            found.extend(at.map(|offset| source.violation(ban.rule, offset, format!("`{word}`"))));
        }
    }
    if SHIPPED.contains(&source.krate()) {
        found.extend(conditions(source));
        found.extend(derives(source));
        found.extend(exposures(source));
        found.extend(empty_names(source));
    }
    found
}

fn conditions(source: &Source) -> Vec<Violation> {
    if DOORS.iter().chain(CONDITIONS).any(|place| source.is_in(place)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for word in ["cfg", "cfg_attr"] {
        for offset in occurrences(&source.code, word) {
            let condition = parenthesised(&source.code, offset);
            if SYSTEMS.iter().any(|system| occurrences(condition, system).next().is_some()) {
                found.push(source.violation(&MACHINE, offset, format!("`{word}({condition})`")));
            }
        }
    }
    found
}

fn derives(source: &Source) -> Vec<Violation> {
    if source.krate() == "proto" || FORMS.iter().any(|place| source.is_in(place)) {
        return Vec::new();
    }
    let derived = |offset: &usize| {
        let traits = parenthesised(&source.code, *offset);
        ["Serialize", "Deserialize"].iter().any(|name| occurrences(traits, name).next().is_some())
    };
    let at = occurrences(&source.code, "derive").filter(derived);
    at.map(|offset| source.violation(&WIRE_FORM, offset, "a serde derive")).collect()
}

fn exposures(source: &Source) -> Vec<Violation> {
    let lines: Vec<&str> = source.text.lines().collect();
    let explained = |violation: &Violation| {
        let from = violation.line.saturating_sub(3);
        lines[from..violation.line].iter().any(|line| line.contains("// EXPOSE: "))
    };
    let at = source.code.match_indices(".expose()").map(|(at, _)| at);
    at.map(|offset| source.violation(&EXPOSE, offset, "`.expose()`")).filter(|one| !explained(one)).collect()
}

fn empty_names(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut name = |offset: usize, name: &str| {
        let getter = name.starts_with("get_");
        if getter || EMPTY_NAMES.iter().any(|empty| name.ends_with(empty)) {
            found.push(source.violation(&NAMES, offset, format!("`{name}`")));
        }
    };
    for keyword in ["enum ", "fn ", "struct ", "trait ", "type "] {
        for offset in occurrences(&source.code, keyword) {
            // An associated type is named by the trait, which may be somebody else's.
            if keyword == "type " && source.code[..offset].ends_with("    ") {
                continue;
            }
            let rest = &source.code[offset + keyword.len()..];
            name(offset, rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        check(&Source::new(path, text)).iter().map(|violation| violation.rule.name).collect()
    }

    #[test]
    fn a_word_outside_its_place_is_found() {
        for (rule, text) in [
            ("one-clock", "fn f() { std::time::Instant::now(); }"),
            ("no-orphan-tasks", "fn f() { tokio::spawn(async {}); }"),
            ("one-printer", "fn f() { eprintln!(); }"),
            ("no-sudden-ends", "fn f() { std::process::exit(1) }"),
            ("no-programs", "fn f() { Command::new(x); }"),
            ("one-door-to-the-machine", "fn f() { unsafe { g() } }"),
            ("one-door-to-the-machine", "#[cfg(any(test, target_os = \"linux\"))] fn f() {}"),
            ("one-door-to-the-machine", "fn f() -> bool { cfg!(windows) }"),
            ("serde-at-the-edges", "#[derive(Debug, Serialize)] struct S;"),
            ("expose-says-why", "fn f(t: &T) { g(t.expose()) }"),
            ("names-say-something", "struct TokenManager;"),
            ("names-say-something", "impl S { fn get_token() {} }"),
        ] {
            assert_eq!(broken("agentd/src/vault/keeper.rs", text), [rule], "{text}");
        }
    }

    #[test]
    fn a_word_in_its_place_is_not() {
        assert!(broken("agentd/src/clock.rs", "fn f() { SystemTime::now(); }").is_empty());
        assert!(broken("agentd/src/clock/jumps.rs", "fn f() { Instant::now(); }").is_empty());
        assert!(broken("agentd/src/supervise.rs", "fn f() { tokio::spawn(x); }").is_empty());
        assert!(broken("agentctl/src/output.rs", "fn f() { println!(); }").is_empty());
        assert!(broken("agentctl/src/command/exec.rs", "fn f() { Command::new(x); }").is_empty());
        assert!(broken("agentd/src/peer/linux.rs", "#[cfg(target_os = \"linux\")] fn f() { unsafe {} }").is_empty());
        assert!(broken("agentd/src/store/record.rs", "#[derive(Serialize)] struct S;").is_empty());
        assert!(broken("tests/harness/issuer.rs", "fn f() { tokio::spawn(x); Instant::now(); }").is_empty());
        assert!(
            broken("agentd/src/vault.rs", "// Instant::now\n#[cfg(test)] mod tests { fn f() { Instant::now(); } }")
                .is_empty()
        );
    }

    #[test]
    fn an_exposure_is_explained_on_its_line_or_just_above() {
        let near = "// EXPOSE: the request needs it\nlet header =\n    bearer(token.expose());";
        assert!(broken("agentd/src/oauth/client.rs", near).is_empty());
        let far = "// EXPOSE: the request needs it\n\n\nlet header = bearer(token.expose());";
        assert_eq!(broken("agentd/src/oauth/client.rs", far), ["expose-says-why"]);
    }

    #[test]
    fn a_violation_names_file_line_and_rule() {
        let found = check(&Source::new("agentd/src/api.rs", "//! A.\n\nfn f() {\n    println!();\n}\n"));
        let text = found[0].to_string();
        assert!(text.starts_with("agentd/src/api.rs:4: `println!`") && text.contains("rule `one-printer`"), "{text}");
    }
}
