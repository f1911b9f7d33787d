//! Domain errors as problems: the one place that chooses codes, hints and HTTP statuses.
//!
//! What goes on the socket is the sentence for people; the chain of causes stays in the log.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::problem::{Code, MEDIA_TYPE, Missing, Problem, Reason};

use crate::flow::{AnswerError, Failure as LoginFailure, StartError};
use crate::inquiry::InquiryError;
use crate::link::{Absent, FormatError, ImportError, LinkError};
use crate::oauth::DiscoveryError;
use crate::service::CallError;
use crate::store::WriteError;
use crate::vault::{SelectError, ServeError, SwitchError, Trouble, Why};

/// A problem as an answer.
#[derive(Debug)]
pub(super) struct Failure(pub(super) Problem);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Failure(problem) = self;
        tracing::debug!(problem = %problem.code, detail = %problem.detail, "refused");
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).expect("a problem is plain text and numbers");
        let mut response = (status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// How a domain error is told.
pub(super) trait Told {
    fn told(self) -> Problem;
}

impl<E: Told> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.told())
    }
}

/// The word of the wire for a reason.
pub(super) fn reason(why: Why) -> Reason {
    match why {
        Why::Expired => Reason::Expired,
        Why::LoggedOut => Reason::LoggedOut,
        Why::NeverLoggedIn => Reason::NeverLoggedIn,
        Why::Refused => Reason::Refused,
        Why::RotationUncertain => Reason::RotationUncertain,
        Why::ScopeNotGranted => Reason::ScopeNotGranted,
    }
}

/// A trouble of one profile.
pub(super) fn trouble(profile: &str, trouble: &Trouble) -> Problem {
    let detail = format!("profile `{profile}`: {trouble}");
    match trouble {
        Trouble::Busy => Problem::new(Code::Busy, detail).retry_after(1),
        Trouble::ExchangeRefused { .. } => Problem::new(Code::Unsupported, detail).hint(format!(
            "ask without --scope, --audience and --resource, or set another `narrow` under `[profile.{profile}]` in \
             config.toml"
        )),
        Trouble::LoginRequired(why) => {
            let hint = match why {
                Why::ScopeNotGranted => format!("run `agentctl login {profile} --scope …` with every scope you need"),
                _ => format!("run `agentctl login {profile}`"),
            };
            Problem::new(Code::LoginRequired, detail).reason(reason(*why)).hint(hint)
        }
        Trouble::Misconfigured { .. } => Problem::new(Code::Misconfigured, detail)
            .hint(format!("check client id and secret, then run `agentctl login {profile}`")),
        Trouble::NarrowingUnsupported => Problem::new(Code::Unsupported, detail).hint(format!(
            "ask without --scope, --audience and --resource, or set `narrow = \"refresh\"` or `narrow = \"exchange\"` \
             under `[profile.{profile}]` in config.toml, whichever the service supports"
        )),
        Trouble::NoneNeeded => Problem::new(Code::Unsupported, detail),
        Trouble::NoRefreshToken => Problem::new(Code::LoginRequired, detail)
            .reason(Reason::NotRefreshable)
            .hint(format!("run `agentctl login {profile}` for a new one")),
        Trouble::Superseded => Problem::new(Code::Busy, detail).retry_after(1).hint("try again"),
        Trouble::TargetRefused { .. } => {
            Problem::new(Code::Denied, detail).hint("ask for a scope, audience or resource that the login covers")
        }
        Trouble::Unreachable { retry_after, .. } => {
            let problem = Problem::new(Code::IssuerUnreachable, detail).hint("try again later");
            match retry_after {
                Some(wait) => problem.retry_after(wait.as_secs().max(1)),
                None => problem,
            }
        }
        Trouble::Wider => Problem::new(Code::Denied, detail).hint("this service ignores requests for less"),
    }
}

impl Told for StartError {
    fn told(self) -> Problem {
        let problem = Problem::new(Code::Busy, self.to_string());
        match self {
            StartError::Pending { profile } => {
                problem.hint(format!("`agentctl login --resume {profile}` goes on with it, `--cancel` ends it"))
            }
            StartError::TooMany => problem.retry_after(10).hint("`agentctl login --list` shows them"),
        }
    }
}

impl Told for AnswerError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            AnswerError::NotTheAnswer { .. } => Problem::new(Code::InvalidRequest, detail)
                .hint("copy the whole address from the browser, after it was sent back and could not connect"),
            AnswerError::NotAwaited => {
                Problem::new(Code::Unsupported, detail).hint("`agentctl login --list` shows what each login waits for")
            }
            AnswerError::Unknown => {
                Problem::new(Code::NotFound, detail).hint("`agentctl login --list` shows those that are pending")
            }
        }
    }
}

impl Told for ServeError {
    fn told(self) -> Problem {
        match self {
            ServeError::Select(error) => error.told(),
            ServeError::Trouble { profile, trouble: why } => trouble(&profile, &why),
            ServeError::NoSuchSecondary { ref known, .. } => {
                Problem::new(Code::NotFound, self.to_string()).hint(among(known, "`agentctl sync` fetches them"))
            }
            ServeError::UnknownLease => Problem::new(Code::NotFound, self.to_string())
                .hint("leave the lease out to report the profile's present token"),
        }
    }
}

impl Told for SelectError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            SelectError::NobodyLoggedIn => {
                Problem::new(Code::LoginRequired, detail).reason(Reason::LoggedOut).hint("run `agentctl login NAME`")
            }
            SelectError::NoProfiles => {
                Problem::new(Code::LoginRequired, detail).reason(Reason::NeverLoggedIn).hint("run `agentctl login`")
            }
            SelectError::NoneCurrent => Problem::new(Code::NotFound, detail)
                .hint("name one with --profile, or make one current with `agentctl switch NAME`"),
            SelectError::NotFound { near, .. } => {
                let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                Problem::new(Code::NotFound, detail).hint(format!("{near}`agentctl list` shows them"))
            }
        }
    }
}

impl Told for WriteError {
    fn told(self) -> Problem {
        tracing::error!(error = %self, "the store cannot be written");
        Problem::new(Code::Internal, "the change could not be saved").hint("check the disk that holds the store")
    }
}

impl Told for SwitchError {
    fn told(self) -> Problem {
        match self {
            SwitchError::NoProfile(error) => error.told(),
            SwitchError::NotSaved(error) => error.told(),
        }
    }
}

impl Told for Absent {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match &self {
            Absent::Locked => Problem::new(Code::Locked, detail),
            Absent::LoggedOut(name) => Problem::new(Code::LoginRequired, detail)
                .reason(Reason::LoggedOut)
                .hint(format!("run `agentctl login {name}`")),
            Absent::NoneCurrent | Absent::NoneOfProvider(_) => Problem::new(Code::NotFound, detail)
                .hint("name a profile, or make one current with `agentctl switch NAME`"),
            Absent::NoProfile(_) => Problem::new(Code::NotFound, detail).hint("`agentctl list` shows them"),
        }
    }
}

impl Told for FormatError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            FormatError::Io { .. } => Problem::new(Code::Denied, detail).hint("check the place and try again"),
            FormatError::Keyring(_) => Problem::new(Code::Unsupported, detail)
                .hint("unlock the keyring, or let the tool keep its login in a file"),
            FormatError::Place(_) => Problem::new(Code::InvalidRequest, detail),
            FormatError::Refused(_) => Problem::new(Code::Denied, detail),
            FormatError::Unreadable { .. } => {
                Problem::new(Code::Denied, detail).hint("it was left as it is; mend it or move it away")
            }
        }
    }
}

/// The formats there are, for a hint.
fn formats(known: &[&str]) -> String {
    if known.is_empty() { "this agent has no formats".to_owned() } else { format!("formats: {}", known.join(", ")) }
}

impl Told for LinkError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            LinkError::Absent(absent) => absent.told(),
            LinkError::Ending => Problem::new(Code::Busy, detail).retry_after(1),
            LinkError::Foreign { link, .. } => Problem::new(Code::Denied, detail).hint(match link {
                Some(link) => format!("it is what the link `{link}` wrote: end that one with `agentctl unlink {link}`"),
                None => "another login is never overwritten: log out with that tool, or take its login over with \
                         `agentctl import`"
                    .to_owned(),
            }),
            LinkError::Format(error) => error.told(),
            LinkError::NoMemory => {
                Problem::new(Code::Unsupported, detail).hint("leave `--to tmpfs` out, or set `XDG_RUNTIME_DIR`")
            }
            LinkError::NoProvider(_) => {
                Problem::new(Code::InvalidRequest, detail).hint("leave `--current` out to follow the profile itself")
            }
            LinkError::NotSaved => {
                Problem::new(Code::Internal, detail).hint("check the disk that holds the agent's directory")
            }
            LinkError::NoSuchLink => Problem::new(Code::NotFound, detail).hint("`agentctl links` shows them"),
            LinkError::OtherFormat { .. } => Problem::new(Code::InvalidRequest, detail),
            LinkError::TooMany => Problem::new(Code::Denied, detail).hint("end one with `agentctl unlink`"),
            LinkError::UnknownFormat { known, .. } => Problem::new(Code::InvalidRequest, detail).hint(formats(&known)),
        }
    }
}

impl Told for ImportError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            ImportError::Ending => Problem::new(Code::Internal, detail).hint("import again: what was done is known"),
            ImportError::Exists(_) => Problem::new(Code::InvalidRequest, detail).hint("choose another name with --as"),
            ImportError::Format(error) => error.told(),
            ImportError::Intake(_) => Problem::new(Code::Internal, detail),
            ImportError::Several { .. } => {
                Problem::new(Code::InvalidRequest, detail).hint("leave --as out, or name one login")
            }
            ImportError::Unknown(_) => {
                Problem::new(Code::NotFound, detail).hint("`agentctl import` without a name shows what there is")
            }
        }
    }
}

impl Told for InquiryError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            InquiryError::Call { profile, error } => call(&profile, &error, detail),
            InquiryError::NoAddress { provider, example, .. } => Problem::new(Code::InvalidRequest, detail)
                .hint(format!("for example `agentctl login {provider} --environment {example}`"))
                .missing(Missing::Environment),
            InquiryError::NoSuchEnvironment { known, .. } => Problem::new(Code::NotFound, detail)
                .hint(among(&known, "add one with `agentctl env add`, or give its URL")),
            InquiryError::NoSuchProject { known } => {
                Problem::new(Code::NotFound, detail).hint(among(&known, "the login has none"))
            }
            InquiryError::NoSuchProvider { known } => {
                Problem::new(Code::NotFound, detail).hint(among(&known, "add one with `agentctl provider add`"))
            }
            InquiryError::NotOffered(_) => Problem::new(Code::Unsupported, detail),
            InquiryError::Select(error) => error.told(),
            InquiryError::Serve(error) => error.told(),
            InquiryError::Url(_) => Problem::new(Code::InvalidRequest, detail),
        }
    }
}

/// What a service's answer to a question means.
fn call(profile: &str, error: &CallError, detail: String) -> Problem {
    match error {
        CallError::Refused => Problem::new(Code::LoginRequired, detail)
            .reason(Reason::Refused)
            .hint(format!("run `agentctl login {profile}`")),
        CallError::Forbidden => Problem::new(Code::Denied, detail).hint("the credential is good, but not for this"),
        CallError::Settings(_) => Problem::new(Code::Misconfigured, detail),
        CallError::Unavailable { retry_after: Some(wait), .. } => {
            Problem::new(Code::IssuerUnreachable, detail).retry_after(wait.as_secs().max(1)).hint("try again later")
        }
        _ => Problem::new(Code::IssuerUnreachable, detail).hint("try again later"),
    }
}

/// The names there are, or what to do where there is none.
fn among(known: &[String], otherwise: &str) -> String {
    if known.is_empty() { otherwise.to_owned() } else { format!("there are: {}", known.join(", ")) }
}

/// Why a login failed. `flow` words the cause and the hint; the code is chosen here.
pub(super) fn login(failure: &LoginFailure) -> Problem {
    let code = match failure {
        LoginFailure::Denied | LoginFailure::KeyRefused | LoginFailure::WeakLogin(_) => Code::Denied,
        LoginFailure::Expired | LoginFailure::TimedOut => Code::LoginTimeout,
        LoginFailure::Unreachable { .. } => Code::IssuerUnreachable,
        LoginFailure::Misconfigured { .. } => Code::Misconfigured,
        LoginFailure::NoPkce | LoginFailure::NoSuchFlow { .. } | LoginFailure::NotHere => Code::Unsupported,
        LoginFailure::BadKey { .. }
        | LoginFailure::BadMetadata(DiscoveryError::NotOffered)
        | LoginFailure::BadSettings { .. }
        | LoginFailure::NoClientId
        | LoginFailure::NoRegistration
        | LoginFailure::RegistrationRefused { .. }
        | LoginFailure::NoKey => Code::InvalidRequest,
        _ => Code::LoginFailed,
    };
    let problem = Problem::new(code, failure.to_string());
    match failure.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// A request that breaks a rule.
pub(super) fn invalid(detail: impl Into<String>) -> Failure {
    Failure(Problem::new(Code::InvalidRequest, detail))
}
