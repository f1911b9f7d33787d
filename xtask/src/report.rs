//! What a person sees: step headers with their seconds, plain lines, the one error at the end.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Instant;

use crate::failure::Failure;

/// One line on standard output. A reader that went away is no error.
pub(crate) fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).ok();
}

/// `error:` and `hint:` on standard error, once.
pub(crate) fn failure(failure: &Failure) {
    if failure.told {
        return;
    }
    let mut err = std::io::stderr().lock();
    writeln!(err, "error: {}", failure.what).ok();
    if let Some(hint) = &failure.hint {
        writeln!(err, "hint: {hint}").ok();
    }
}

/// Runs `work` under a header; says at the end how long it took, or that it failed.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    line(format_args!("==> {title}"));
    let start = now();
    let result = work();
    let seconds = start.elapsed().as_secs_f32();
    let outcome = if result.is_ok() { "ok" } else { "FAILED" };
    line(format_args!("    {title}: {outcome}, {seconds:.1} s"));
    result
}

/// The time, for durations people see and deadlines of the demo.
#[expect(clippy::disallowed_methods, reason = "the chores run outside the daemon and its injected clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
