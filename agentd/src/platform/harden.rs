//! Makes the process's memory and files hard to reach for others, and says what could not be done.
//!
//! Called once, before threads, secrets or files exist. It does not stop root, nor a debugger that was attached before.

use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit};

/// One protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A crash writes no core file (`RLIMIT_CORE` 0).
    CoreDumps,
    /// Processes of the same user can neither attach nor read `/proc/PID/mem` (Linux: not dumpable).
    Tracing,
    /// New files are for the owner only (`umask` 077).
    Umask,
}

impl Measure {
    /// The word for logs and `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::CoreDumps => "core-dumps",
            Measure::Tracing => "tracing",
            Measure::Umask => "umask",
        }
    }
}

/// What [`harden`] achieved. `status` shows [`Hardening::missing`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardening {
    /// In force.
    pub done: Vec<Measure>,
    /// Refused by the system, or unknown to it.
    pub missing: Vec<Measure>,
}

/// Turns core dumps and tracing off and sets the umask.
pub fn harden() -> Hardening {
    let mut hardening = Hardening::default();
    // Not to be undone by a child either: the hard limit goes down as well.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let outcomes = [
        (Measure::CoreDumps, rustix::process::setrlimit(Resource::Core, none).map_err(io::Error::from)),
        (Measure::Tracing, refuse_tracing()),
        (Measure::Umask, Ok(())),
    ];
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    for (measure, outcome) in outcomes {
        if let Err(error) = &outcome {
            tracing::warn!(measure = measure.as_str(), %error, "a protection of the process is missing");
        }
        let list = if outcome.is_ok() { &mut hardening.done } else { &mut hardening.missing };
        list.push(measure);
    }
    hardening
}

/// Also makes `/proc/PID` belong to root, so that descriptors and memory cannot be opened through it (`prctl(2)`).
#[cfg(target_os = "linux")]
fn refuse_tracing() -> io::Result<()> {
    use rustix::process::DumpableBehavior;
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Apple's `PT_DENY_ATTACH` has no safe binding; the hardened runtime of a signed build does the same.
#[cfg(not(target_os = "linux"))]
fn refuse_tracing() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Changes the whole test process; no other test depends on the old state: core files, tracing, a wider umask.
    #[test]
    fn a_hardened_process_writes_no_core_and_cannot_be_traced() {
        let hardening = harden();
        assert!(hardening.done.contains(&Measure::CoreDumps) && hardening.done.contains(&Measure::Umask));
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        let mask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
        assert_eq!(mask, Mode::RWXG | Mode::RWXO);
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, dumpable_behavior};
            assert_eq!(dumpable_behavior().expect("Linux knows"), DumpableBehavior::NotDumpable);
            assert_eq!(hardening.missing, []);
        }
    }
}
