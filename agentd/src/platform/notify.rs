//! Words to the service manager (`sd_notify(3)`); without one that listens, nothing happens.
//!
//! A message that cannot be delivered is logged: the daemon serves all the same.

#[cfg(target_os = "linux")]
use sd_notify::NotifyState;

/// The socket answers, or a reload is over (`READY=1`).
pub fn ready() {
    #[cfg(target_os = "linux")]
    send(&[NotifyState::Ready]);
}

/// The configuration is being read again (`RELOADING=1`, `MONOTONIC_USEC=`); [`ready`] says that this is over.
pub fn reloading() {
    #[cfg(target_os = "linux")]
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager could not be told"),
    }
}

/// The stop has begun (`STOPPING=1`).
pub fn stopping() {
    #[cfg(target_os = "linux")]
    send(&[NotifyState::Stopping]);
}

#[cfg(target_os = "linux")]
fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
