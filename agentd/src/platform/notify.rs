//! Words to the service manager (`sd_notify(3)`); without one that listens, nothing happens.
//!
//! A message that cannot be delivered is logged: the daemon serves all the same.

#[cfg(target_os = "linux")]
use sd_notify::NotifyState;

/// The socket answers (`READY=1`). Also ends a reload.
pub fn ready() {
    #[cfg(target_os = "linux")]
    send(&[NotifyState::Ready]);
}

/// The stop has begun (`STOPPING=1`).
pub fn stopping() {
    #[cfg(target_os = "linux")]
    send(&[NotifyState::Stopping]);
}

/// The configuration is being read again (`RELOADING=1`); [`ready`] ends it.
pub fn reloading() {
    // `Type=notify-reload` wants the time of the request with it, on CLOCK_MONOTONIC (systemd 253).
    #[cfg(target_os = "linux")]
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_) => send(&[NotifyState::Reloading]),
    }
}

/// One line for people who look at the service (`STATUS=`). Anything after a line break is cut off.
pub fn status(text: &str) {
    // A second line would be read as a message of its own.
    let line = text.lines().next().unwrap_or_default();
    #[cfg(target_os = "linux")]
    send(&[NotifyState::Status(line)]);
    #[cfg(not(target_os = "linux"))]
    let _ = line;
}

#[cfg(target_os = "linux")]
fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
