//! Logins that wait for a person: by which code they are polled, by which one they are shown, and how they stand.

/// What became of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approved,
    Denied,
    Expired,
}

/// How a login stands when it is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unknown,
    Pending,
    Approved,
    Denied,
    Expired,
    Used,
}

/// One login.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// What the client polls with.
    pub(super) code: String,
    /// What stands in the address of the page.
    pub(super) shown: String,
    /// The address of the page.
    pub(super) page: String,
    /// What the client has to repeat at the exchange.
    pub(super) state: Option<String>,
    pub(super) scope: String,
    /// Seconds since 1970 after which it is dead.
    pub(super) ends: i64,
    pub(super) decision: Option<Decision>,
    pub(super) used: bool,
}

impl Login {
    /// A login that nobody has decided.
    pub(super) fn new(code: String, shown: String, page: String, ends: i64) -> Self {
        Self { code, shown, page, state: None, scope: String::new(), ends, decision: None, used: false }
    }

    fn standing(&self, now: i64) -> Standing {
        match self.decision {
            _ if self.used => Standing::Used,
            Some(Decision::Expired) => Standing::Expired,
            _ if now >= self.ends => Standing::Expired,
            Some(Decision::Denied) => Standing::Denied,
            Some(Decision::Approved) => Standing::Approved,
            None => Standing::Pending,
        }
    }
}

/// All logins, oldest first.
#[derive(Debug, Default)]
pub(super) struct Logins(Vec<Login>);

impl Logins {
    pub(super) fn add(&mut self, login: Login) {
        self.0.push(login);
    }

    pub(super) fn find(&self, code: &str) -> Option<&Login> {
        self.0.iter().find(|login| login.code == code)
    }

    pub(super) fn standing(&self, code: &str, now: i64) -> Standing {
        self.find(code).map_or(Standing::Unknown, |login| login.standing(now))
    }

    /// The newest login that waits.
    pub(super) fn pending(&self, now: i64) -> Option<&Login> {
        self.0.iter().rev().find(|login| login.standing(now) == Standing::Pending)
    }

    /// Decides the newest login that waits.
    pub(super) fn decide(&mut self, decision: Decision, now: i64) -> bool {
        let login = self.0.iter_mut().rev().find(|login| login.standing(now) == Standing::Pending);
        login.map(|login| login.decision = Some(decision)).is_some()
    }

    /// Decides the login whose page is visited.
    pub(super) fn decide_shown(&mut self, shown: &str, decision: Decision, now: i64) -> bool {
        let mut waiting = self.0.iter_mut().filter(|login| login.standing(now) == Standing::Pending);
        waiting.find(|login| login.shown == shown).map(|login| login.decision = Some(decision)).is_some()
    }

    pub(super) fn mark_used(&mut self, code: &str) {
        self.0.iter_mut().filter(|login| login.code == code).for_each(|login| login.used = true);
    }
}
