//! What the person sees of a step, and what is done for them: the address opened, drawn, copied.

use proto::login::{LoginPurpose, LoginStep};

use super::options::Login;
use crate::browser::{self, Seat};
use crate::clipboard::{self, Way};
use crate::clock;
use crate::invocation::Invocation;
use crate::output::{login, when};
use crate::program;

/// Lines around a QR code that the person must see with it.
const LINES_AROUND: usize = 9;

/// How steps are shown.
#[derive(Debug)]
pub(super) struct Manner {
    /// Whether a browser may be opened.
    pub(super) open: bool,
    /// Whether a QR code is wanted; `None`: where it helps.
    pub(super) qr: Option<bool>,
    /// Whether the code is copied.
    pub(super) copy: bool,
    /// Where the person sits.
    pub(super) seat: Seat,
    /// What chose the flow, if it was not the seat.
    pub(super) chosen: Option<&'static str>,
}

impl Manner {
    /// By the command line.
    pub(super) fn of(login: &Login) -> Self {
        Self {
            open: !login.no_open_browser && !login.resume,
            qr: match (login.qr, login.no_qr) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            copy: login.copy,
            seat: browser::here(),
            chosen: login.method().map(|_| "the command line says so"),
        }
    }
}

/// Shows a step. The redirect URI, if its answer may have to be brought by hand.
pub(super) fn step(invocation: &Invocation, manner: &Manner, step: &LoginStep) -> Option<String> {
    match step {
        LoginStep::Open { url, anywhere, redirect_uri, .. } => {
            why(invocation, manner, "the browser", true);
            open(invocation, manner, url, *anywhere, redirect_uri.as_deref())
        }
        LoginStep::Device { user_code, verification_uri, verification_uri_complete, expires_at, purpose } => {
            why(invocation, manner, "a code for any browser", false);
            let complete = verification_uri_complete.as_deref();
            device(invocation, manner, user_code, verification_uri, complete, purpose.as_ref());
            if !invocation.output.redraws() {
                invocation.output.note(&format!("The code stops working {}", when(*expires_at, clock::now())));
            }
            None
        }
        // A newer agent's step is between two that we know.
        _ => None,
    }
}

/// Says why it is this flow, with `-v`; `opens`: it is that of a person who has a browser here.
fn why(invocation: &Invocation, manner: &Manner, flow: &str, opens: bool) {
    let seated = if manner.seat.opens == opens { manner.seat.why } else { "nothing else was offered or picked" };
    let reason = manner.chosen.unwrap_or(seated);
    invocation.output.detail(&format!("logging in with {flow}: {reason}"));
}

fn open(invocation: &Invocation, manner: &Manner, url: &str, anywhere: bool, back: Option<&str>) -> Option<String> {
    let output = &invocation.output;
    let here = if manner.open && manner.seat.opens { "in a browser on this machine" } else { "in a browser" };
    output.instruct(&format!("To log in, open this address {}:", if anywhere { "in any browser" } else { here }));
    output.address(url);
    if manner.qr == Some(true) {
        // An address that leads back to this machine is of no use to a telephone.
        if !anywhere {
            output.warning("there is no QR code: this login ends at an address on this machine");
        } else if !output.qr(url, LINES_AROUND, true) {
            output.warning("the screen is too narrow for the QR code, or shows no such characters");
        }
    }
    copy(invocation, manner, "address", url);
    let opened = manner.open && open_browser(invocation, url, manner.seat);
    back.filter(|_| !opened).map(str::to_owned)
}

fn device(
    invocation: &Invocation,
    manner: &Manner,
    code: &str,
    uri: &str,
    complete: Option<&str>,
    purpose: Option<&LoginPurpose>,
) {
    let output = &invocation.output;
    if let Some(purpose) = purpose {
        output.instruct(&login::purpose(purpose));
        // RFC 8628 §5.4: a code that somebody else sent is how a login is stolen.
        output.instruct("Go on only if you have started this login yourself");
    }
    output.instruct("To log in, open this address in any browser and enter the code:");
    output.address(uri);
    output.instruct(&format!("  {code}"));
    if let Some(complete) = complete {
        output.instruct("or open this address, which holds the code already:");
        output.address(complete);
    }
    copy(invocation, manner, "code", code);
    let address = complete.unwrap_or(uri);
    let opened = manner.open && manner.seat.opens && open_browser(invocation, address, manner.seat);
    let wanted = manner.qr == Some(true);
    let drawn = (wanted || manner.qr.is_none() && !opened) && output.qr(address, LINES_AROUND, wanted);
    if wanted && !drawn {
        output.warning("the screen is too narrow for the QR code, or shows no such characters");
    }
}

/// Opens the browser; says whether it could.
fn open_browser(invocation: &Invocation, url: &str, seat: Seat) -> bool {
    let opened = seat.opens && browser::open(url, |name| std::env::var_os(name));
    if opened {
        invocation.output.note("Opened in the browser");
    } else {
        invocation.output.warning("no browser could be opened here; open the address by hand");
    }
    opened
}

/// Copies `text`, `what` it is, if that is wished; says what it did.
fn copy(invocation: &Invocation, manner: &Manner, what: &str, text: &str) {
    if !manner.copy {
        return;
    }
    let output = &invocation.output;
    for way in clipboard::ways(|name| std::env::var_os(name), program::is_trusted, output.redraws()) {
        match way {
            Way::Program { path, arguments } if clipboard::give(&path, arguments, text) => {
                return output.note(&format!("The {what} is in the clipboard (`{}`)", path.display()));
            }
            Way::Program { .. } => {}
            Way::Terminal => {
                output.sequence(&clipboard::sequence(text));
                return output.note(&format!("The terminal was told to copy the {what} (OSC 52); not every one does"));
            }
        }
    }
    output.warning(&format!("the {what} could not be copied: there is no program for the clipboard here"));
}
