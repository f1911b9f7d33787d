//! Reads Rust just well enough: what is a comment, a literal, a test item, a path.
//!
//! Blanking keeps every byte offset and line, so a position in the blanked text is a position in the file.

use super::Source;

/// `text` without comments, quoted text and items under `#[cfg(test)]`; all of those become spaces.
pub fn shipped(text: &str) -> String {
    without_tests(&without_prose(text))
}

/// `text` as spaces; line ends stay.
pub fn blank(text: &str) -> String {
    text.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect()
}

/// The modules a file declares under `#[cfg(test)]` without a body, as places for [`Source::is_in`].
pub fn test_only_files(source: &Source) -> Vec<String> {
    let code = without_prose(&source.text);
    let folder = match source.path.strip_suffix("/lib.rs").or_else(|| source.path.strip_suffix("/main.rs")) {
        Some(folder) => folder,
        None => source.path.trim_end_matches(".rs"),
    };
    let declared = |at: usize| {
        let item = &code[at + TEST.len()..];
        let (head, _) = item.split_once(';')?;
        let name = head.split_whitespace().next_back()?;
        (head.split_whitespace().any(|word| word == "mod") && !head.contains('{')).then(|| format!("{folder}/{name}"))
    };
    code.match_indices(TEST).filter_map(|(at, _)| declared(at)).collect()
}

/// Offsets of `word` in `code` where neither neighbour continues an identifier.
pub fn occurrences(code: &str, word: &str) -> impl Iterator<Item = usize> {
    let of_name = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let (starts, ends) = (of_name(word.as_bytes().first()), of_name(word.as_bytes().last()));
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|i| code.as_bytes().get(i));
        let after = code.as_bytes().get(at + word.len());
        let continued = (starts && of_name(before)) || (ends && of_name(after));
        !continued
    })
}

/// The names right behind a path prefix that ends at `offset`: `a` for `a::b`, `a` and `c` for `{a::b, c}`.
pub fn names_at(code: &str, offset: usize) -> Vec<&str> {
    let rest = &code[offset..];
    let Some(group) = rest.strip_prefix('{') else { return identifier(rest).into_iter().collect() };
    let mut depth = 0;
    let mut names = Vec::new();
    let mut start = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && !c.is_whitespace() => {
                names.extend(identifier(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

/// What stands between the parenthesis that opens at or after `offset` and the one that closes it.
pub fn parenthesised(code: &str, offset: usize) -> &str {
    let Some(open) = code[offset..].find('(').map(|at| offset + at) else { return "" };
    let mut depth = 0;
    for (at, c) in code[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return &code[open + 1..open + at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    &code[open + 1..]
}

const TEST: &str = "#[cfg(test)]";

fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

fn without_tests(code: &str) -> String {
    let mut left = code.to_owned();
    while let Some(start) = left.find(TEST) {
        let end = start + TEST.len() + item_length(&left[start + TEST.len()..]);
        left.replace_range(start..end, &blank(&left[start..end]));
    }
    left
}

/// Bytes up to the end of the next item: its `;`, or the brace that closes its body.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn without_prose(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let prose = prose_length(rest, kept.as_bytes().last().copied());
        if prose > 0 {
            kept.push_str(&blank(&rest[..prose]));
            rest = &rest[prose..];
        } else {
            let mut characters = rest.chars();
            let c = characters.next().expect("rest is not empty");
            kept.push_str(&if c.is_ascii() { c.to_string() } else { "_".repeat(c.len_utf8()) });
            rest = characters.as_str();
        }
    }
    kept
}

/// Bytes of the comment or literal that `rest` begins with; 0 when it begins with neither.
fn prose_length(rest: &str, before: Option<u8>) -> usize {
    let inside_name = before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if rest.starts_with('"') {
        quoted(rest, 1, '"')
    } else if rest.starts_with("'\\") {
        quoted(rest, 1, '\'')
    } else if let Some(literal) = rest.strip_prefix('\'') {
        let mut after = literal.char_indices().skip(1);
        after.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 2)
    } else if inside_name {
        0
    } else {
        let raw = ["r", "br", "cr"].into_iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or_default();
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if !raw[hashes..].starts_with('"') {
            return 0;
        }
        let close = format!("\"{}", "#".repeat(hashes));
        let body = rest.len() - raw.len() + hashes + 1;
        rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len())
    }
}

fn quoted(rest: &str, from: usize, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest[from..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close => return from + at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return at + 2,
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_quotes_are_blanked_and_offsets_stay() {
        let text = "let a = \"Instant::now \\\" x\"; // Instant::now\n/* a /* b */ Instant::now */ let c = '\"'; let d: &'static str = r#\"\"Instant\"#;";
        let code = shipped(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.lines().count(), text.lines().count());
        assert!(!code.contains("Instant"), "{code}");
        assert!(code.contains("let c =") && code.contains("&'static str ="), "{code}");
    }

    #[test]
    fn test_items_are_blanked_and_the_code_after_them_is_not() {
        let code = shipped(
            "fn a() {}\n#[cfg(test)]\nimpl X { fn t() { now(); } }\nfn b() {}\n#[cfg(test)]\nmod tests { fn c() {} }\n",
        );
        assert!(
            code.contains("fn a") && code.contains("fn b") && !code.contains("now") && !code.contains("fn c"),
            "{code}"
        );
    }

    #[test]
    fn modules_declared_for_tests_are_found() {
        let declares =
            |path: &str| test_only_files(&Source::new(path, "#[cfg(test)]\npub(crate) mod double;\nmod real;\n"));
        assert_eq!(declares("agentd/src/store.rs"), ["agentd/src/store/double"]);
        assert_eq!(declares("agentd/src/lib.rs"), ["agentd/src/double"]);
    }

    #[test]
    fn words_are_whole_words() {
        assert_eq!(occurrences("unsafe_code unsafe { }", "unsafe").collect::<Vec<_>>(), [12]);
        assert_eq!(occurrences("eprintln!(1) println!(2)", "println!").collect::<Vec<_>>(), [13]);
    }

    #[test]
    fn grouped_imports_are_taken_apart() {
        assert_eq!(names_at("{clock::Clock, vault::{self, Keeper}, secret}", 0), ["clock", "vault", "secret"]);
        assert_eq!(names_at("clock::Clock", 0), ["clock"]);
    }
}
