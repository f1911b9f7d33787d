//! Why a chore ended early, and what to try.

/// Said once, at the end, as `error:` and `hint:`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
    /// The person has read it already; only the exit status is still to come.
    pub(crate) told: bool,
}

impl Failure {
    /// `what` in one sentence, without a full stop.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, told: false }
    }

    /// Adds what to try.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Marks it as already reported.
    pub(crate) fn told(mut self) -> Self {
        self.told = true;
        self
    }
}
