//! The operating system, as far as the daemon depends on it beyond sockets.
//!
//! Owns: the clock that counts suspend, the process's own hardening, its detachment from a terminal, the descriptor
//! limit and the words to the service manager. `cfg(target_os)` is allowed here, in [`crate::transport`] and in
//! [`crate::peer`], and nowhere else. What a platform cannot do is reported, never silently skipped.

pub mod descriptors;
pub mod harden;
pub mod notify;
mod signals;

use std::io;
use std::time::Duration;

use rustix::time::ClockId;

pub use descriptors::raise_descriptor_limit;
pub use harden::harden;
pub use signals::{Signal, Signals};

/// Linux stops `CLOCK_MONOTONIC` during suspend; `CLOCK_BOOTTIME` goes on (`clock_gettime(2)`).
#[cfg(target_os = "linux")]
const COUNTS_SUSPEND: ClockId = ClockId::Boottime;
/// Apple's `CLOCK_MONOTONIC` "will continue to increment while the system is asleep" (`clock_gettime(3)`).
#[cfg(not(target_os = "linux"))]
const COUNTS_SUSPEND: ClockId = ClockId::Monotonic;

/// Time since some point before the process started, on a clock that counts suspend and never jumps.
pub fn boot_time() -> Duration {
    let now = rustix::time::clock_gettime(COUNTS_SUSPEND);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanoseconds)
}

/// The user this process acts for (its effective user id).
pub fn process_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// This machine's name, as `uname -n` prints it.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Whether `path` lies on a file system that is memory, not disk. `false` where the system does not say.
#[cfg(target_os = "linux")]
pub fn is_memory(path: &std::path::Path) -> bool {
    /// `TMPFS_MAGIC` and `RAMFS_MAGIC` of `linux/magic.h`.
    const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    rustix::fs::statfs(path).is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| MEMORY.contains(&kind)))
}

/// Whether `path` lies on a file system that is memory, not disk. `false` where the system does not say.
#[cfg(not(target_os = "linux"))]
pub fn is_memory(_path: &std::path::Path) -> bool {
    false
}

/// Leaves the terminal's session and whatever directory the daemon was started in, so that neither a hang-up nor a
/// mount is tied to it.
///
/// # Errors
/// When the process already leads a process group (`setsid(2)`), or `/` cannot be entered.
pub fn detach() -> io::Result<()> {
    rustix::process::setsid()?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// Whether programs of this system keep their secrets in a Secret Service on the session bus. Apple's keychain is none.
pub const fn has_secret_service() -> bool {
    cfg!(not(target_vendor = "apple"))
}

/// Whether standard error goes to the journal, by what the service manager put into `JOURNAL_STREAM`: device and inode of
/// the stream (`systemd.exec(5)`).
#[allow(clippy::useless_conversion, reason = "the width of these numbers differs between systems")]
pub fn stderr_is_journal(stream: Option<&str>) -> bool {
    let numbers = |stream: &str| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse::<u64>().ok()?, inode.parse::<u64>().ok()?))
    };
    let Ok(own) = rustix::fs::fstat(rustix::stdio::stderr()) else { return false };
    let is_own = |(device, inode)| u64::try_from(own.st_dev) == Ok(device) && u64::try_from(own.st_ino) == Ok(inode);
    stream.and_then(numbers).is_some_and(is_own)
}

/// Points standard output at `/dev/null`: whoever waits for its end sees it now, and a later write harms nobody.
///
/// # Errors
/// When `/dev/null` cannot be opened or put in the place.
pub fn close_stdout() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_does_not_run_backwards() {
        let first = boot_time();
        assert!(first > Duration::ZERO);
        assert!(boot_time() >= first);
    }
}
