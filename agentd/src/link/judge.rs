//! What a link does, given what it follows and what lies at its place. Pure. Keeps invariant L2.
//!
//! The agent's credential in another tool's file ends in one of three ways, and the file alone must tell them apart. When
//! a tool logs out, its login is gone: tensormesh deletes `auth.json`, tank unsets `token`, contree, truss and llamactl
//! delete their section, item or row. When somebody logs in with the tool, another credential lies there. When a tool
//! writes back what it had read before the agent wrote (none of the five locks its file), an *earlier credential of the
//! agent's own* lies there again, or, after the first write, none.
//!
//! | the link has | it follows | there lies | it does | it is |
//! |---|---|---|---|---|
//! | not written | nothing | not looked at | nothing | waiting |
//! | not written | a credential | nothing, or one of its own | writes | linked |
//! | not written | a credential | another login | nothing | foreign |
//! | written | the same credential | it | nothing; writes if others can read it | linked |
//! | written | a newer credential | it, or an earlier one | writes | linked |
//! | written | the same credential | an earlier one | writes again | linked |
//! | written once, just now | a credential | nothing | writes again, once | linked |
//! | written | anything | nothing | forgets what it wrote | suspended |
//! | written | anything | another login | forgets what it wrote | foreign |
//! | written | nothing | it, or an earlier one | takes it out | waiting |
//! | written | another profile | it, or an earlier one | takes it out, then as if not written | |
//!
//! "Nothing" and "another login" after a write are believed only when they are seen twice, [`super::tend::TICK`] apart,
//! with the file unchanged in between: most tools empty a file before they fill it. `suspended` and `foreign` last, over
//! restarts, until the link is made again. Who has no credential and has written nothing does not look at all.

use super::format::Mine;

/// What the link follows, compared with what it wrote last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Another credential than the one written last.
    Newer,
    /// No credential.
    Nothing,
    /// The credential that was written last.
    Same,
}

/// What lies at the place, after a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// One that the link wrote before the last.
    Earlier(Mine),
    /// No login.
    Empty,
    /// A login of somebody else.
    Foreign,
    /// What the link wrote last.
    Last(Mine),
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// The tool's user has logged in by other means.
    Foreign,
    /// All is well.
    Leave,
    /// The tool has logged out.
    Suspend,
    /// Take this out.
    Withdraw(Mine),
    /// Write; this is there now.
    Write(Option<Mine>),
}

/// What else decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Circumstances {
    /// The only write was a moment ago and has not been repeated.
    pub(super) just_begun: bool,
    /// Other users can read the file.
    pub(super) exposed: bool,
}

/// The table, for a link that has written.
pub(super) fn judge(wanted: Wanted, sight: Sight, circumstances: Circumstances) -> Deed {
    match (wanted, sight) {
        (_, Sight::Foreign) => Deed::Foreign,
        (Wanted::Nothing, Sight::Last(mine) | Sight::Earlier(mine)) => Deed::Withdraw(mine),
        (Wanted::Newer | Wanted::Same, Sight::Empty) if circumstances.just_begun => Deed::Write(None),
        (_, Sight::Empty) => Deed::Suspend,
        (Wanted::Same, Sight::Last(_)) if !circumstances.exposed => Deed::Leave,
        (_, Sight::Last(mine) | Sight::Earlier(mine)) => Deed::Write(Some(mine)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Fingerprint;

    #[test]
    fn every_row_of_the_table() {
        let mine = |n: u8| Mine { profile: "work".to_owned(), credential: Fingerprint([n; 16]), before: None };
        let (last, earlier) = (Sight::Last(mine(2)), Sight::Earlier(mine(1)));
        let usual = Circumstances::default();
        let just_begun = Circumstances { just_begun: true, ..usual };
        let exposed = Circumstances { exposed: true, ..usual };
        for (wanted, sight, circumstances, deed) in [
            (Wanted::Same, last.clone(), usual, Deed::Leave),
            (Wanted::Same, last.clone(), exposed, Deed::Write(Some(mine(2)))),
            (Wanted::Newer, last.clone(), usual, Deed::Write(Some(mine(2)))),
            (Wanted::Newer, earlier.clone(), usual, Deed::Write(Some(mine(1)))),
            (Wanted::Same, earlier.clone(), usual, Deed::Write(Some(mine(1)))),
            (Wanted::Same, Sight::Empty, just_begun, Deed::Write(None)),
            (Wanted::Nothing, Sight::Empty, just_begun, Deed::Suspend),
            (Wanted::Same, Sight::Empty, usual, Deed::Suspend),
            (Wanted::Newer, Sight::Empty, usual, Deed::Suspend),
            (Wanted::Nothing, Sight::Empty, usual, Deed::Suspend),
            (Wanted::Same, Sight::Foreign, just_begun, Deed::Foreign),
            (Wanted::Newer, Sight::Foreign, usual, Deed::Foreign),
            (Wanted::Nothing, Sight::Foreign, exposed, Deed::Foreign),
            (Wanted::Nothing, last, exposed, Deed::Withdraw(mine(2))),
            (Wanted::Nothing, earlier, usual, Deed::Withdraw(mine(1))),
        ] {
            assert_eq!(judge(wanted, sight.clone(), circumstances), deed, "{wanted:?} {sight:?} {circumstances:?}");
        }
    }
}
