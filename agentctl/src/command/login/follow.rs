//! Follows a login and shows the person what to do. All of it goes to standard error; only the end is data.
//!
//! Four things are waited for at once: the agent, what the person pastes, a signal, and the next second of the progress.

use std::os::fd::AsFd as _;
use std::time::Duration;

use proto::id::LoginId;
use proto::login::{Flow, LoginAnswer, LoginStep};
use proto::problem::Code;
use proto::profile::{Profile, Source};
use proto::secret::Secret;
use proto::timestamp::Timestamp;

use super::show::{self, Manner};
use crate::client::{Client, ClientError, Follow, Next};
use crate::clock::{self, Deadline};
use crate::exit::Status;
use crate::failure::Failure;
use crate::interrupt::{Held, Hold};
use crate::invocation::Invocation;
use crate::output::{login, profile, wide_characters};
use crate::prompt::{Key, Typed};
use crate::wait;

const WAITING: &str = "Waiting for approval…";
/// The agent ends a login at its deadline; this much later it is taken for dead.
const SLACK: Duration = Duration::from_secs(30);
/// How often the progress is drawn.
const TICK: Duration = Duration::from_secs(1);
/// How long the end of a login that was cancelled is waited for.
const CANCEL_WAIT: Duration = Duration::from_secs(5);
/// The longest address that is pasted, in bytes: codes of some services are signed tokens.
const ADDRESS_LIMIT: usize = 16 * 1024;
const FRAMES: [char; 4] = ['⠋', '⠙', '⠸', '⠴'];
const PLAIN_FRAMES: [char; 4] = ['-', '\\', '|', '/'];

/// A login that succeeded.
#[derive(Debug)]
pub(super) struct Ended {
    /// The profile as it is now.
    pub(super) profile: Profile,
    /// Whether it became the current one.
    pub(super) switched: bool,
    /// What the person should know.
    pub(super) warnings: Vec<String>,
}

/// Shows the steps of a login until it ends.
pub(super) fn follow(
    invocation: &Invocation,
    client: &mut Client,
    (id, deadline): (&LoginId, Timestamp),
    manner: &Manner,
) -> Result<Ended, Failure> {
    // Whoever interrupts ends the login too, which the agent runs.
    let hold = Hold::new();
    let left = deadline.unix().saturating_sub(clock::now().unix());
    let wait = Duration::from_secs(u64::try_from(left).unwrap_or(0)) + SLACK;
    invocation.output.detail(&format!("login {id}, at most {} s", wait.as_secs()));
    let mut steps = client.follow(id, wait)?;
    let mut pasted: Option<Typed> = None;
    let mut progress = Progress { invocation, until: deadline, frame: 0, begun: false };
    loop {
        match steps.here()? {
            Next::Event(LoginStep::Done { profile, switched, warnings }) => {
                invocation.output.settle();
                return Ok(Ended { profile: *profile, switched, warnings });
            }
            Next::Event(LoginStep::Failed { problem }) => {
                invocation.output.settle();
                return Err(problem.into());
            }
            Next::Event(step) => {
                if let LoginStep::Device { expires_at, .. } = &step {
                    progress.until = deadline.min(*expires_at);
                }
                if let Some(back) = show::step(invocation, manner, &step) {
                    pasted = ask_for_address(invocation, id, &back);
                }
                progress.begin(&step);
                continue;
            }
            Next::End => break,
            Next::Nothing => {}
        }
        progress.draw();
        let paste = pasted.as_ref().map(|pasted| pasted.source().as_fd());
        let [signal, arrived, typed] = wait::ready([hold.source(), Some(steps.source()), paste], TICK);
        if signal && let Some(held) = hold.take() {
            invocation.output.settle();
            if let Some(pasted) = &mut pasted {
                pasted.show();
            }
            if !held.stops() {
                return Err(interrupted(invocation, id, &mut steps, held));
            }
            held.obey();
            if let Some(pasted) = &mut pasted {
                pasted.hide();
            }
        } else if arrived {
            steps.fill()?;
        } else if typed && let Some(mut line) = pasted.take() {
            pasted = read(invocation, id, &mut line)?.then_some(line);
        }
    }
    Err(Failure::unreachable("the agent stopped before the login ended").hint("log in again"))
}

/// Asks for the address that a browser on another machine ends at, if somebody can be asked.
fn ask_for_address(invocation: &Invocation, id: &LoginId, back: &str) -> Option<Typed> {
    let output = &invocation.output;
    if !invocation.can_ask() || !invocation.in_foreground() {
        output.hint(&format!(
            "a browser on another machine ends at an address it cannot connect to; hand it over with \
             `agentctl login --resume {id} --answer-stdin`"
        ));
        return None;
    }
    output.instruct(
        "If that browser is on another machine, it will say that it cannot connect. Copy the address it ended",
    );
    output.instruct(&format!("at, which begins with {back}, and paste it here (it is not shown):"));
    Some(Typed::begin(ADDRESS_LIMIT))
}

/// Takes in what was typed; whether more may come.
fn read(invocation: &Invocation, id: &LoginId, line: &mut Typed) -> Result<bool, Failure> {
    match line.read() {
        Ok(Key::More) => return Ok(true),
        Ok(Key::Line) => {}
        // Whoever closes the input waits for the browser on this machine.
        Ok(Key::End) | Err(_) => return Ok(false),
    }
    let output = &invocation.output;
    let address = String::from_utf8_lossy(line.text()).trim().to_owned();
    line.clear();
    if address.is_empty() {
        return Ok(true);
    }
    let answer = LoginAnswer { redirect: Secret::new(address) };
    match invocation.connect()?.answer(id, &answer) {
        Ok(_) => {
            output.note("That is the answer");
            Ok(false)
        }
        Err(ClientError::Problem(problem)) if problem.code == Code::InvalidRequest => {
            output.instruct(&problem.detail);
            output.instruct("Paste the address again:");
            Ok(true)
        }
        // It is over, or the browser on this machine was faster: the next step says which.
        Err(ClientError::Problem(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Cancels the login, says how it ended, and ends by the signal.
fn interrupted(invocation: &Invocation, id: &LoginId, steps: &mut Follow<'_, LoginStep>, held: Held) -> Failure {
    let output = &invocation.output;
    // A login that has ended cannot be cancelled; its last step is on its way then.
    let cancelled = invocation.connect().is_ok_and(|mut client| client.cancel(id).is_ok());
    let deadline = Deadline::after(CANCEL_WAIT);
    let last = loop {
        match steps.here() {
            Ok(Next::Event(step @ (LoginStep::Done { .. } | LoginStep::Failed { .. }))) => break Some(step),
            Ok(Next::Event(_)) => {}
            Ok(Next::Nothing) => {
                let Some(left) = deadline.left() else { break None };
                let [arrived] = wait::ready([Some(steps.source())], left);
                if arrived && steps.fill().is_err() {
                    break None;
                }
            }
            Ok(Next::End) | Err(_) => break None,
        }
    };
    match last {
        Some(LoginStep::Done { profile, .. }) => output.note(&format!("Logged in to {} all the same", profile.name)),
        Some(_) if cancelled => output.note("Cancelled the login; nothing was changed"),
        Some(_) => output.note("The login has failed"),
        None => output.warning(&format!("the login may still wait: `agentctl login --cancel {id}`")),
    }
    held.obey();
    Failure::Quiet(Status::Failed)
}

/// Says that it goes on.
struct Progress<'i> {
    invocation: &'i Invocation,
    until: Timestamp,
    frame: usize,
    begun: bool,
}

impl Progress<'_> {
    /// The person has something to do.
    fn begin(&mut self, step: &LoginStep) {
        let waits = matches!(step, LoginStep::Open { .. } | LoginStep::Device { .. });
        if waits && !self.begun && !self.invocation.output.redraws() {
            self.invocation.output.note(WAITING);
        }
        self.begun |= waits;
    }

    fn draw(&mut self) {
        if !self.begun || !self.invocation.output.redraws() {
            return;
        }
        let frames = if wide_characters() { FRAMES } else { PLAIN_FRAMES };
        let left = login::clock(self.until.unix().saturating_sub(clock::now().unix()));
        self.invocation.output.progress(&format!("{} {WAITING} {left} left", frames[self.frame % frames.len()]));
        self.frame += 1;
    }
}

/// Says who is logged in and which profile is current.
pub(super) fn done(invocation: &Invocation, ended: &Ended) -> Result<(), Failure> {
    let output = &invocation.output;
    let made = &ended.profile;
    if output.is_json() {
        output.json(made)?;
    } else {
        output.text(&sentence(made))?;
        match (ended.switched, made.current) {
            (true, _) => output.note("It is the current profile now"),
            (false, true) => output.note("It is the current profile"),
            (false, false) => output.note(&format!("It is not the current profile; `agentctl switch {}`", made.name)),
        }
    }
    for warning in &ended.warnings {
        output.warning(warning);
    }
    if made.source == Source::Memory {
        let config = invocation.paths().config.display();
        output.hint(&format!(
            "this login is gone when the agent stops; `store.key = \"file\"` in `{config}` keeps logins"
        ));
    }
    Ok(())
}

fn sentence(made: &Profile) -> String {
    let project = profile::project(made).map_or_else(String::new, |project| format!(", project {project}"));
    if made.flow == Flow::None {
        return format!("Made the profile {}{project}; its environment needs no login", made.name);
    }
    format!("Logged in to {}{project}", profile::line(made))
}
