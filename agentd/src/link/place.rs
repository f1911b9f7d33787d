//! Where tools look: the rules by which variables of the user's shell become paths.

use std::path::{Path, PathBuf};

use super::{FormatError, Spot, To, Variables};

/// The value of a variable; an empty one is none.
pub(super) fn variable<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// The user's home directory.
pub(super) fn home(variables: &Variables) -> Result<PathBuf, FormatError> {
    let home = variable(variables, "HOME").ok_or_else(|| FormatError::Place("`HOME` is not set".to_owned()))?;
    absolute("HOME", Path::new(home))
}

/// The path in a variable, `~` at its begin being the home directory.
pub(super) fn named(variables: &Variables, name: &str) -> Result<Option<PathBuf>, FormatError> {
    let Some(value) = variable(variables, name) else { return Ok(None) };
    match value.strip_prefix('~') {
        Some("") => home(variables).map(Some),
        Some(rest) if rest.starts_with('/') => Ok(Some(home(variables)?.join(rest.trim_start_matches('/')))),
        _ => absolute(name, Path::new(value)).map(Some),
    }
}

/// The directory `directory` below the user's configuration, where `XDG_CONFIG_HOME` counts.
pub(super) fn configuration(variables: &Variables, directory: &str) -> Result<PathBuf, FormatError> {
    let base = match named(variables, "XDG_CONFIG_HOME")? {
        Some(base) => base,
        None => home(variables)?.join(".config"),
    };
    Ok(base.join(directory))
}

/// Where a tool's `file` lies: in its directory at home, or in the directory `memory`, of which `variable` tells the tool.
pub(super) fn spot(
    to: To,
    home: impl FnOnce() -> Result<PathBuf, FormatError>,
    memory: &Path,
    variable: &str,
    file: &str,
) -> Result<Spot, FormatError> {
    let (directory, environment) = match to {
        To::Home => (home()?, Variables::new()),
        To::Tmpfs => (memory.to_owned(), Variables::from([(variable.to_owned(), value(memory)?)])),
    };
    let path = directory.join(file);
    Ok(Spot { places: vec![path.display().to_string()], path, variables: Variables::new(), environment })
}

/// The path as a variable's value.
pub(super) fn value(path: &Path) -> Result<String, FormatError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| FormatError::Place(format!("`{}` is not valid UTF-8", path.display())))
}

fn absolute(name: &str, path: &Path) -> Result<PathBuf, FormatError> {
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    Err(FormatError::Place(format!("`{name}` is not an absolute path")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn variables_become_paths() {
        for (given, configured, expected) in [
            (variables(&[("HOME", "/h")]), "/h/.config/x", None),
            (variables(&[("HOME", "/h"), ("XDG_CONFIG_HOME", ""), ("AT", "")]), "/h/.config/x", None),
            (variables(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("AT", "/a")]), "/c/x", Some("/a")),
            (variables(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "~/c"), ("AT", "~")]), "/h/c/x", Some("/h")),
        ] {
            assert_eq!(configuration(&given, "x").expect("absolute"), Path::new(configured));
            assert_eq!(named(&given, "AT").expect("absolute").as_deref(), expected.map(Path::new));
        }
    }

    #[test]
    fn a_missing_home_and_a_relative_path_are_refused() {
        for given in
            [variables(&[]), variables(&[("HOME", "h")]), variables(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "c")])]
        {
            assert!(matches!(configuration(&given, "x"), Err(FormatError::Place(_))));
        }
    }
}
