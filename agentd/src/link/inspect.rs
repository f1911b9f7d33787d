//! What every place is looked at for, whatever its format: who can read it, and what it lies below.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Finding, FindingKind};

/// The directories by which a working copy is recognised.
const VERSIONED: &[&str] = &[".git", ".hg", ".jj", ".svn"];

/// Those of `paths` that others can reach.
pub(super) fn exposed(paths: &[&Path]) -> Vec<PathBuf> {
    let open = |path: &&&Path| path.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0);
    paths.iter().filter(open).map(|path| path.to_path_buf()).collect()
}

/// What is wrong with a file that holds a credential in clear.
pub(super) fn credential_file(path: &Path) -> Vec<Finding> {
    let place = path.display().to_string();
    let mut findings = vec![Finding {
        kind: FindingKind::Plaintext,
        place: place.clone(),
        detail: "it holds a credential in clear".to_owned(),
        hint: Some("import it into the agent, and link it".to_owned()),
    }];
    if let Ok(metadata) = path.metadata() {
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            findings.push(Finding {
                kind: FindingKind::Exposed,
                place: place.clone(),
                detail: format!("other users can reach it (mode {mode:04o})"),
                hint: Some(format!("run `chmod 600 '{place}'`")),
            });
        }
    }
    if let Some(root) = working_copy(path) {
        findings.push(Finding {
            kind: FindingKind::Versioned,
            place,
            detail: format!("it lies in the working copy `{}`, from where it can be committed", root.display()),
            hint: Some(
                "keep it out of version control, and replace the credential if it was ever committed".to_owned(),
            ),
        });
    }
    findings
}

/// A finding about an older form.
pub(super) fn legacy(path: &Path, detail: String) -> Finding {
    Finding {
        kind: FindingKind::Legacy,
        place: path.display().to_string(),
        detail,
        hint: Some("log in again with the tool, or import it".to_owned()),
    }
}

/// The working copy that a path lies in.
pub(super) fn working_copy(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|above| VERSIONED.iter().any(|name| above.join(name).symlink_metadata().is_ok()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn modes_and_working_copies_are_found() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let directory = home.path().join("a/b");
        fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("file");
        fs::write(&path, "x").expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
        let kinds = || credential_file(&path).into_iter().map(|finding| finding.kind).collect::<Vec<_>>();
        assert_eq!(kinds(), [FindingKind::Plaintext]);
        assert!(exposed(&[&path, &home.path().join("none")]).is_empty());
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("it is ours");
        fs::create_dir(home.path().join("a/.jj")).expect("a directory");
        assert_eq!(kinds(), [FindingKind::Plaintext, FindingKind::Exposed, FindingKind::Versioned]);
        assert_eq!(exposed(&[&path]), [path.as_path()]);
    }
}
