//! The agent's operations as functions, one per route, over one kept connection.
//!
//! Every answer's introduction (`proto::hello`) is looked at first, so that two versions that do not understand each
//! other say so. What the bytes look like is `connection`'s part; which agent is at the other end is `connect`'s.

mod body;
mod connection;
mod error;
mod follow;
mod frames;
mod introduction;

use std::os::unix::net::UnixStream;
use std::time::Duration;

use proto::id::{LoginId, ProfileName, ProviderName};
use proto::link::{DoctorRequest, Findings, ImportRequest, Imported, Link, LinkRequest, Links, UnlinkRequest};
use proto::login::{LoginAnswer, LoginRequest, LoginStarted, LoginStep, Logins};
use proto::problem::Problem;
use proto::profile::{LoggedOut, LogoutRequest, Profile, Profiles, Removed, RenameRequest, Renamed, SwitchRequest};
use proto::project::{ProjectRequest, Projects};
use proto::provider::{
    Environment, EnvironmentRequest, EnvironmentSwitched, Forgotten, Provider, ProviderChecked, ProviderFile, Providers,
};
use proto::route::{self, Route};
use proto::status::{Done, Reloaded, Status};
use proto::token::{ExecRequest, ExecVariables, RefreshRequest, RejectRequest, Rejected, Token, TokenRequest};
use proto::whoami::{ProbeRequest, Probed, SyncRequest, Whoami, WhoamiRequest};
use proto::why::{Why, WhyRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::Deadline;
use crate::wiped::Wiped;
use connection::{Connection, Head};
pub(crate) use error::ClientError;
pub(crate) use follow::{Follow, Heard, Next};

/// For operations the agent answers from memory.
const LOCAL_WAIT: Duration = Duration::from_secs(15);
/// For operations that may wait for a service. The agent's own limits are shorter; this one only bounds a broken agent.
const SERVICE_WAIT: Duration = Duration::from_mins(3);
/// Room for the body of a usual request, in bytes.
const REQUEST_CAPACITY: usize = 256;

/// A connection to an agent.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
}

impl Client {
    /// Speaks over `stream`, whose other end was checked.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { connection: Connection::new(stream) }
    }

    /// The agent about itself.
    pub(crate) fn status(&mut self) -> Result<Status, ClientError> {
        self.call(&route::STATUS, "", None::<&()>, LOCAL_WAIT)
    }

    /// All profiles.
    pub(crate) fn list(&mut self) -> Result<Profiles, ClientError> {
        self.call(&route::LIST, "", None::<&()>, LOCAL_WAIT)
    }

    /// One profile.
    pub(crate) fn inspect(&mut self, name: &ProfileName) -> Result<Profile, ClientError> {
        self.call(&route::INSPECT, name.as_str(), None::<&()>, LOCAL_WAIT)
    }

    /// Forgets a profile.
    pub(crate) fn remove(&mut self, name: &ProfileName) -> Result<Removed, ClientError> {
        self.call(&route::REMOVE, name.as_str(), None::<&()>, LOCAL_WAIT)
    }

    /// Gives a profile another name.
    pub(crate) fn rename(&mut self, request: &RenameRequest) -> Result<Renamed, ClientError> {
        self.call(&route::RENAME, "", Some(request), LOCAL_WAIT)
    }

    /// Makes a profile current.
    pub(crate) fn switch(&mut self, request: &SwitchRequest) -> Result<Profile, ClientError> {
        self.call(&route::SWITCH, "", Some(request), LOCAL_WAIT)
    }

    /// A lease.
    pub(crate) fn token(&mut self, request: &TokenRequest) -> Result<Token, ClientError> {
        self.call(&route::TOKEN, "", Some(request), SERVICE_WAIT)
    }

    /// Refreshes now.
    pub(crate) fn refresh(&mut self, request: &RefreshRequest) -> Result<Profile, ClientError> {
        self.call(&route::REFRESH, "", Some(request), SERVICE_WAIT)
    }

    /// Reports a refused lease.
    pub(crate) fn reject(&mut self, request: &RejectRequest) -> Result<Rejected, ClientError> {
        self.call(&route::REJECT, "", Some(request), SERVICE_WAIT)
    }

    /// Starts a login.
    pub(crate) fn login(&mut self, request: &LoginRequest) -> Result<LoginStarted, ClientError> {
        self.call(&route::LOGIN, "", Some(request), SERVICE_WAIT)
    }

    /// Revokes and drops a grant.
    pub(crate) fn logout(&mut self, request: &LogoutRequest) -> Result<LoggedOut, ClientError> {
        self.call(&route::LOGOUT, "", Some(request), SERVICE_WAIT)
    }

    /// What a child process needs to act as a profile.
    pub(crate) fn exec(&mut self, request: &ExecRequest) -> Result<ExecVariables, ClientError> {
        self.call(&route::EXEC, "", Some(request), SERVICE_WAIT)
    }

    /// Who is logged in, as the service says.
    pub(crate) fn whoami(&mut self, request: &WhoamiRequest) -> Result<Whoami, ClientError> {
        self.call(&route::WHOAMI, "", Some(request), SERVICE_WAIT)
    }

    /// Which profile is meant.
    pub(crate) fn why(&mut self, request: &WhyRequest) -> Result<Why, ClientError> {
        self.call(&route::WHY, "", Some(request), LOCAL_WAIT)
    }

    /// Which profiles work. The agent ends each probe within 2 s.
    pub(crate) fn probe(&mut self, request: &ProbeRequest) -> Result<Probed, ClientError> {
        self.call(&route::PROBE, "", Some(request), LOCAL_WAIT)
    }

    /// Fetches what comes with a login.
    pub(crate) fn sync(&mut self, request: &SyncRequest) -> Result<Profile, ClientError> {
        self.call(&route::SYNC, "", Some(request), SERVICE_WAIT)
    }

    /// Projects of a profile.
    pub(crate) fn projects(&mut self, name: &ProfileName) -> Result<Projects, ClientError> {
        self.call(&route::PROJECTS, name.as_str(), None::<&()>, SERVICE_WAIT)
    }

    /// Chooses a project.
    pub(crate) fn project(&mut self, request: &ProjectRequest) -> Result<Profile, ClientError> {
        self.call(&route::PROJECT, "", Some(request), SERVICE_WAIT)
    }

    /// All services.
    pub(crate) fn providers(&mut self) -> Result<Providers, ClientError> {
        self.call(&route::PROVIDERS, "", None::<&()>, LOCAL_WAIT)
    }

    /// One service.
    pub(crate) fn provider(&mut self, name: &ProviderName) -> Result<Provider, ClientError> {
        self.call(&route::PROVIDER, name.as_str(), None::<&()>, LOCAL_WAIT)
    }

    /// Adds a description of a service.
    pub(crate) fn provider_add(&mut self, file: &ProviderFile) -> Result<ProviderChecked, ClientError> {
        self.call(&route::PROVIDER_ADD, "", Some(file), LOCAL_WAIT)
    }

    /// Checks a description of a service.
    pub(crate) fn provider_check(&mut self, file: &ProviderFile) -> Result<ProviderChecked, ClientError> {
        self.call(&route::PROVIDER_CHECK, "", Some(file), LOCAL_WAIT)
    }

    /// Forgets a description of a service.
    pub(crate) fn provider_remove(&mut self, name: &ProviderName) -> Result<Forgotten, ClientError> {
        self.call(&route::PROVIDER_REMOVE, name.as_str(), None::<&()>, LOCAL_WAIT)
    }

    /// Adds a deployment of a service, which may be asked whether it needs a login.
    pub(crate) fn env_add(&mut self, request: &EnvironmentRequest) -> Result<Environment, ClientError> {
        self.call(&route::ENV_ADD, "", Some(request), SERVICE_WAIT)
    }

    /// Forgets a deployment of a service.
    pub(crate) fn env_remove(&mut self, request: &EnvironmentRequest) -> Result<Forgotten, ClientError> {
        self.call(&route::ENV_REMOVE, "", Some(request), LOCAL_WAIT)
    }

    /// Makes a deployment of a service current.
    pub(crate) fn env_switch(&mut self, request: &EnvironmentRequest) -> Result<EnvironmentSwitched, ClientError> {
        self.call(&route::ENV_SWITCH, "", Some(request), LOCAL_WAIT)
    }

    /// Keeps a credential fresh in another tool's place.
    pub(crate) fn link(&mut self, request: &LinkRequest) -> Result<Link, ClientError> {
        self.call(&route::LINK, "", Some(request), SERVICE_WAIT)
    }

    /// All links.
    pub(crate) fn links(&mut self) -> Result<Links, ClientError> {
        self.call(&route::LINKS, "", None::<&()>, LOCAL_WAIT)
    }

    /// Ends links.
    pub(crate) fn unlink(&mut self, request: &UnlinkRequest) -> Result<Links, ClientError> {
        self.call(&route::UNLINK, "", Some(request), SERVICE_WAIT)
    }

    /// Takes logins over from other tools.
    pub(crate) fn import(&mut self, request: &ImportRequest) -> Result<Imported, ClientError> {
        self.call(&route::IMPORT, "", Some(request), SERVICE_WAIT)
    }

    /// Looks for credentials that lie badly.
    pub(crate) fn doctor(&mut self, request: &DoctorRequest) -> Result<Findings, ClientError> {
        self.call(&route::DOCTOR, "", Some(request), SERVICE_WAIT)
    }

    /// Logins that have not ended.
    pub(crate) fn logins(&mut self) -> Result<Logins, ClientError> {
        self.call(&route::LOGINS, "", None::<&()>, LOCAL_WAIT)
    }

    /// Hands a login the address that a browser elsewhere ended at.
    pub(crate) fn answer(&mut self, id: &LoginId, answer: &LoginAnswer) -> Result<Done, ClientError> {
        self.call(&route::ANSWER, id.as_str(), Some(answer), LOCAL_WAIT)
    }

    /// Cancels a login.
    pub(crate) fn cancel(&mut self, id: &LoginId) -> Result<Done, ClientError> {
        self.call(&route::CANCEL, id.as_str(), None::<&()>, LOCAL_WAIT)
    }

    /// Reads the configuration again.
    pub(crate) fn reload(&mut self) -> Result<Reloaded, ClientError> {
        self.call(&route::RELOAD, "", None::<&()>, LOCAL_WAIT)
    }

    /// Stops the agent. The one operation whose answer is believed whatever protocol it speaks: after an update, the
    /// old agent must be stoppable by the new client.
    pub(crate) fn shutdown(&mut self) -> Result<(), ClientError> {
        let deadline = Deadline::after(LOCAL_WAIT);
        let head = self.request(&route::SHUTDOWN, "", None::<&()>, deadline)?;
        let body = self.connection.body(head.transfer, deadline)?;
        if head.status == 200 { Ok(()) } else { Err(refusal(&route::SHUTDOWN, &head, &body)) }
    }

    /// Follows a login until its last step, waiting at most `wait` for it.
    pub(crate) fn follow(&mut self, id: &LoginId, wait: Duration) -> Result<Follow<'_, LoginStep>, ClientError> {
        self.stream(&route::FOLLOW, id.as_str(), wait)
    }

    /// What happens, the latest `recent` events first; tokens that are handed out as well only if `tokens`. What a newer agent
    /// adds is in it, so each is an object and not yet an `Event`.
    pub(crate) fn events(&mut self, recent: u32, tokens: bool) -> Result<Follow<'_, Value>, ClientError> {
        let (recently, handed_out) = (route::RECENT.name, route::TOKENS.name);
        let query = format!("?{recently}={recent}&{handed_out}={}", u8::from(tokens));
        self.stream(&route::EVENTS, &query, LOCAL_WAIT)
    }

    /// What is exchanged with services; items are not read yet, as with events.
    pub(crate) fn trace(&mut self) -> Result<Follow<'_, Value>, ClientError> {
        self.stream(&route::TRACE, "", LOCAL_WAIT)
    }

    /// Numbers about the agent, as text.
    pub(crate) fn metrics(&mut self) -> Result<String, ClientError> {
        let deadline = Deadline::after(LOCAL_WAIT);
        let head = self.request(&route::METRICS, "", None::<&()>, deadline)?;
        introduction::check(&head.agent)?;
        let body = self.connection.body(head.transfer, deadline)?;
        if head.status != 200 {
            return Err(refusal(&route::METRICS, &head, &body));
        }
        String::from_utf8(body.bytes().to_vec()).map_err(|_| ClientError::Garbled("the answer is not text"))
    }

    fn call<A: DeserializeOwned>(
        &mut self,
        route: &Route,
        value: &str,
        request: Option<&impl Serialize>,
        wait: Duration,
    ) -> Result<A, ClientError> {
        let deadline = Deadline::after(wait);
        let head = self.request(route, value, request, deadline)?;
        introduction::check(&head.agent)?;
        let body = self.connection.body(head.transfer, deadline)?;
        if head.status != 200 {
            return Err(refusal(route, &head, &body));
        }
        serde_json::from_slice(body.bytes()).map_err(|_| ClientError::Garbled("the answer is not the expected message"))
    }

    fn stream<E>(&mut self, route: &Route, value: &str, wait: Duration) -> Result<Follow<'_, E>, ClientError> {
        let deadline = Deadline::after(wait);
        let head = self.request(route, value, None::<&()>, deadline)?;
        introduction::check(&head.agent)?;
        if head.status != 200 {
            let body = self.connection.body(head.transfer, deadline)?;
            return Err(refusal(route, &head, &body));
        }
        Ok(Follow::new(&mut self.connection, head.transfer, deadline))
    }

    fn request(
        &mut self,
        route: &Route,
        value: &str,
        request: Option<&impl Serialize>,
        deadline: Deadline,
    ) -> Result<Head, ClientError> {
        let mut body = Wiped::with_capacity(if request.is_some() { REQUEST_CAPACITY } else { 0 });
        if let Some(request) = request {
            serde_json::to_writer(&mut body, request)
                .map_err(|_| ClientError::Garbled("the request cannot be written as JSON"))?;
        }
        let path = match value.strip_prefix('?') {
            Some(query) => format!("{}?{query}", route.path),
            None => route.at(value),
        };
        self.connection.send(route.method.as_str(), &path, body.bytes())?;
        self.connection.head(deadline)
    }
}

/// What an answer other than 200 says.
fn refusal(route: &Route, head: &Head, body: &Wiped) -> ClientError {
    match serde_json::from_slice::<Problem>(body.bytes()) {
        Ok(problem) if head.problem => introduction::refused(problem, &head.agent),
        // An agent of this version answers every path with a problem, so this one has never heard of the route.
        _ if head.status == 404 || head.status == 405 => introduction::unknown_operation(route.name, &head.agent),
        _ => ClientError::Garbled("an error without a problem document"),
    }
}

#[cfg(test)]
mod tests;
