//! The services' own command line clients, which the tests run against servers on loopback.

use crate::command;
use crate::failure::Failure;
use crate::report;
use crate::workspace;

use super::{python, read, write};

/// The oldest Python that all of them support.
const PYTHON: (u8, u8) = (3, 12);

/// The programs; tests look for them in `target/tools/clients`.
const PROGRAMS: [&str; 2] = ["tm", "truss"];

/// Installs them where the installed ones are not those of the list.
pub(in crate::test) fn install() -> Result<(), Failure> {
    let list = workspace::root().join("tests").join("clients").join("requirements.txt");
    let wanted = read(&list)?;
    let environment = workspace::tools().join("clients");
    let mark = environment.join(".installed-requirements.txt");
    let python = python::program(&environment, "python");
    let same = std::fs::read(&mark).is_ok_and(|installed| installed == wanted);
    if same && command::works(std::process::Command::new(&python).arg("--version")) {
        report::line(format_args!("    {}: already installed", environment.display()));
        return Ok(());
    }
    python::environment(python::find(PYTHON.0, PYTHON.1)?, &environment)?;
    python::packages(&environment, &list)?;
    for name in PROGRAMS {
        if !python::program(&environment, name).is_file() {
            return Err(Failure::new(format!("the packages of `{}` hold no program `{name}`", list.display())));
        }
    }
    write(&mark, &wanted)
}
