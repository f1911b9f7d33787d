//! What Linux tells of a process: its memory, its environment, its sockets.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

/// Whether a process lives, or its last thread still holds what it had open; a zombie of one thread does not.
pub fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    // State and number of threads (`proc_pid_stat(5)`).
    let mut fields = rest.split_whitespace();
    fields.next() != Some("Z") || fields.nth(16).is_some_and(|threads| !matches!(threads, "0" | "1"))
}

/// Command line and environment, as the process was started; `None` where the system does not show them to us.
pub fn start_of(pid: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).ok();
    Some((read("cmdline")?, read("environ")?))
}

/// What a process listens on, or could be spoken to by: Unix sockets by path, everything else by table and address.
/// `None` where the system does not show it to us, as for another's process, or one that refuses tracing.
pub fn listeners(pid: u32) -> Option<Vec<String>> {
    let mut inodes = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()? {
        let target = fs::read_link(entry.ok()?.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        inodes.extend(target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned));
    }
    let mut found = Vec::new();
    for (table, inode_column, address_column) in [("tcp", 9, 1), ("tcp6", 9, 1), ("udp", 9, 1), ("udp6", 9, 1)] {
        for line in rows(pid, table) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            // A connection that was made to elsewhere has a peer; what has none can be spoken to.
            let open = columns.get(2).is_some_and(|peer| peer.ends_with(":0000"));
            if open && columns.get(inode_column).is_some_and(|inode| inodes.contains(*inode)) {
                found.push(format!("{table} {}", columns[address_column]));
            }
        }
    }
    for line in rows(pid, "unix") {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // `__SO_ACCEPTCON` is the flag of a socket that listens (`proc_pid_net(5)`).
        let listens = columns.get(3) == Some(&"00010000");
        if listens && columns.get(6).is_some_and(|inode| inodes.contains(*inode)) {
            found.push(format!("unix {}", columns.get(7).unwrap_or(&"")));
        }
    }
    Some(found)
}

fn rows(pid: u32, table: &str) -> Vec<String> {
    let path = PathBuf::from(format!("/proc/{pid}/net/{table}"));
    fs::read_to_string(path).unwrap_or_default().lines().skip(1).map(str::to_owned).collect()
}
