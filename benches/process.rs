//! What the system says of a process: memory, processor time; and its stopping and going on.

use rustix::process::{Pid, Signal, kill_process};

/// Memory of a process in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// All resident pages.
    pub(crate) resident: u64,
    /// Those that are not pages of the program file.
    pub(crate) anonymous: u64,
}

/// Resident memory, from `/proc/PID/status`.
pub(crate) fn memory(pid: u32) -> Memory {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("Linux has this field");
        line.trim().trim_end_matches(" kB").parse().expect("it is a number")
    };
    Memory { resident: field("VmRSS:"), anonymous: field("RssAnon:") }
}

/// Nanoseconds of processor time so far, all threads together.
pub(crate) fn processor_time(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0)
    };
    tasks.flatten().map(of_task).sum()
}

/// Keeps a process from running until [`go_on`].
pub(crate) fn halt(pid: u32) {
    signal(pid, Signal::STOP);
}

/// Lets it run again.
pub(crate) fn go_on(pid: u32) {
    signal(pid, Signal::CONT);
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is ours");
}
