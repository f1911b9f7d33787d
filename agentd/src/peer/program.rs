//! Which program a process runs, and which started it. A hint for people: the process may have ended since, may run
//! another program now, and may name itself as it likes.

/// What the system says of one process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The file name of its executable, else the name it gave itself.
    pub name: Option<String>,
    /// The process that started it.
    pub parent: Option<i32>,
}

/// Looks process `pid` up. Nothing is known where the system does not tell, or the process is gone.
#[cfg(target_os = "linux")]
pub fn of(pid: i32) -> Program {
    let place = std::path::PathBuf::from(format!("/proc/{pid}"));
    let executable = std::fs::read_link(place.join("exe")).ok();
    let file =
        executable.as_deref().and_then(std::path::Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let own = || std::fs::read_to_string(place.join("comm")).ok().map(|name| name.trim_end().to_owned());
    let status = std::fs::read_to_string(place.join("status")).unwrap_or_default();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).and_then(|pid| pid.trim().parse().ok());
    Program { name: file.or_else(own), parent: parent.filter(|pid| *pid > 0) }
}

/// Looks process `pid` up. Nothing is known where the system does not tell, or the process is gone.
#[cfg(not(target_os = "linux"))]
pub fn of(_pid: i32) -> Program {
    Program::default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_parent_are_found_and_a_process_that_is_not_there_is_not() {
        let own = std::env::current_exe().expect("a test knows its own path");
        let found = of(i32::try_from(std::process::id()).expect("a process id"));
        assert_eq!(found.name.as_deref(), own.file_name().and_then(std::ffi::OsStr::to_str));
        let parent = found.parent.expect("somebody started it");
        assert!(of(parent).name.is_some());
        assert_eq!(of(i32::MAX), Program::default());
    }
}
