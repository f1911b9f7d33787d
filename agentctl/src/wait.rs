//! Waits for several things at once: the agent, the person, a signal, and not for ever.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Which of `sources` can be read, after waiting at most `wait` for one; all of them not when a signal came in between.
pub(crate) fn ready<const N: usize>(sources: [Option<BorrowedFd<'_>>; N], wait: Duration) -> [bool; N] {
    let mut polled: Vec<PollFd<'_>> =
        sources.iter().flatten().map(|source| PollFd::from_borrowed_fd(*source, PollFlags::IN)).collect();
    let wait = Timespec::try_from(wait).ok();
    let mut ready = [false; N];
    if poll(&mut polled, wait.as_ref()).is_err() {
        return ready;
    }
    // An end that was closed is ready too: reading says so.
    let mut found = polled.iter().map(|one| !one.revents().is_empty());
    for (ready, source) in ready.iter_mut().zip(&sources) {
        *ready = source.is_some() && found.next() == Some(true);
    }
    ready
}

/// Whether nobody will ever read what is written there (`POLLERR` of `poll(2)`, which is told unasked).
pub(crate) fn is_deserted(sink: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(sink, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&at_once)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_can_be_read_is_told_by_its_place_and_nothing_is_waited_for_in_vain() {
        let (quiet, _kept) = UnixStream::pair().expect("a pair");
        let (loud, mut other) = UnixStream::pair().expect("a pair");
        let (closed, gone) = UnixStream::pair().expect("a pair");
        drop(gone);
        let look = |wait| ready([Some(quiet.as_fd()), None, Some(loud.as_fd())], wait);
        assert_eq!(look(Duration::ZERO), [false, false, false]);
        other.write_all(b"x").expect("there is room");
        assert_eq!(look(Duration::from_mins(1)), [false, false, true]);
        assert_eq!(ready([None, Some(closed.as_fd())], Duration::from_mins(1)), [false, true]);
    }

    #[test]
    fn a_pipe_without_a_reader_is_deserted() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(!is_deserted(writer.as_fd()));
        drop(reader);
        assert!(is_deserted(writer.as_fd()));
    }
}
