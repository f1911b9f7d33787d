//! The table of contents of the protocol: one row per operation.
//!
//! An operation has the same name here, in `agentd::api`, in `agentctl`'s client and in its `command` folder.

/// The HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Ends or forgets something; repeating it is harmless.
    Delete,
    /// Changes nothing.
    Get,
    /// Does something.
    Post,
}

impl Method {
    /// The word in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Delete => "DELETE",
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// How an answer's body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// One JSON object.
    Json,
    /// Server-sent events, one JSON object per `data:` line.
    Events,
    /// Text of this media type.
    Text(&'static str),
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The operation's name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Method of the request.
    pub method: Method,
    /// Path; `{name}`, `{provider}` and `{id}` are filled in.
    pub path: &'static str,
    /// Type of the request body, if it has one.
    pub request: Option<&'static str>,
    /// Type of the answer, or of each event.
    pub response: &'static str,
    /// Framing of the answer.
    pub body: Body,
    /// What may stand behind `?` in the path.
    pub query: &'static [Parameter],
}

/// One parameter behind `?`; each is a number that may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
}

impl Route {
    const fn json(
        name: &'static str,
        summary: &'static str,
        method: Method,
        path: &'static str,
        request: Option<&'static str>,
        response: &'static str,
    ) -> Self {
        Self { name, summary, method, path, request, response, body: Body::Json, query: &[] }
    }

    const fn events(name: &'static str, summary: &'static str, path: &'static str, response: &'static str) -> Self {
        Self { name, summary, method: Method::Get, path, request: None, response, body: Body::Events, query: &[] }
    }

    const fn with(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    /// The path with its placeholder replaced. Identifiers hold no byte that would need escaping in a path, except
    /// `+` and `@`, which RFC 3986 §3.3 allows there.
    pub fn at(&self, value: &str) -> String {
        match (self.path.find('{'), self.path.find('}')) {
            (Some(start), Some(end)) => format!("{}{value}{}", &self.path[..start], &self.path[end + 1..]),
            _ => self.path.to_owned(),
        }
    }
}

/// What the daemon says of itself.
pub const STATUS: Route = Route::json("status", "The daemon about itself", Method::Get, "/v1/status", None, "Status");
/// Profiles, without a request to any service.
pub const LIST: Route = Route::json("list", "All profiles, from memory", Method::Get, "/v1/profiles", None, "Profiles");
/// One profile.
pub const INSPECT: Route =
    Route::json("inspect", "One profile, from memory", Method::Get, "/v1/profiles/{name}", None, "Profile");
/// Forgets a profile, without a request to its service.
pub const REMOVE: Route = Route::json(
    "remove",
    "Forgets a profile without telling its service",
    Method::Delete,
    "/v1/profiles/{name}",
    None,
    "Removed",
);
/// Another name for a profile.
pub const RENAME: Route =
    Route::json("rename", "Gives a profile another name", Method::Post, "/v1/rename", Some("RenameRequest"), "Renamed");
/// Changes the current profile.
pub const SWITCH: Route =
    Route::json("switch", "Makes a profile current", Method::Post, "/v1/switch", Some("SwitchRequest"), "Profile");
/// Which profile is meant.
pub const WHY: Route =
    Route::json("why", "Which profile is meant, and why", Method::Post, "/v1/why", Some("WhyRequest"), "Why");
/// A lease.
pub const TOKEN: Route =
    Route::json("token", "An access token or key", Method::Post, "/v1/token", Some("TokenRequest"), "Token");
/// A refresh now.
pub const REFRESH: Route =
    Route::json("refresh", "Refreshes now", Method::Post, "/v1/refresh", Some("RefreshRequest"), "Profile");
/// "The service refused this one."
pub const REJECT: Route = Route::json(
    "reject",
    "Reports a refused lease and answers with another",
    Method::Post,
    "/v1/reject",
    Some("RejectRequest"),
    "Rejected",
);
/// Starts a login.
pub const LOGIN: Route =
    Route::json("login", "Starts a login", Method::Post, "/v1/login", Some("LoginRequest"), "LoginStarted");
/// Follows a login.
pub const FOLLOW: Route =
    Route::events("follow", "The steps of a login, from its start to its end", "/v1/login/{id}", "LoginStep");
/// Brings the answer of a browser on another machine to a login.
pub const ANSWER: Route = Route::json(
    "answer",
    "Hands a login the address that a browser elsewhere ended at",
    Method::Post,
    "/v1/login/{id}/answer",
    Some("LoginAnswer"),
    "Done",
);
/// Logins that have not ended.
pub const LOGINS: Route =
    Route::json("logins", "Logins that have not ended", Method::Get, "/v1/logins", None, "Logins");
/// Cancels a login.
pub const CANCEL: Route = Route::json("cancel", "Cancels a login", Method::Delete, "/v1/login/{id}", None, "Done");
/// Revokes and drops a grant.
pub const LOGOUT: Route = Route::json(
    "logout",
    "Revokes at the service and drops the grant",
    Method::Post,
    "/v1/logout",
    Some("LogoutRequest"),
    "LoggedOut",
);
/// What a child process needs to act as a profile.
pub const EXEC: Route = Route::json(
    "exec",
    "Variables for a child process",
    Method::Post,
    "/v1/exec",
    Some("ExecRequest"),
    "ExecVariables",
);
/// Who is logged in, as the service says.
pub const WHOAMI: Route = Route::json(
    "whoami",
    "Asks the service who is logged in",
    Method::Post,
    "/v1/whoami",
    Some("WhoamiRequest"),
    "Whoami",
);
/// Whether profiles work.
pub const PROBE: Route =
    Route::json("probe", "Tries profiles at their services", Method::Post, "/v1/probe", Some("ProbeRequest"), "Probed");
/// What comes with a login, fetched anew.
pub const SYNC: Route = Route::json(
    "sync",
    "Fetches the credentials that come with a login",
    Method::Post,
    "/v1/sync",
    Some("SyncRequest"),
    "Profile",
);
/// Projects of a profile.
pub const PROJECTS: Route = Route::json(
    "projects",
    "Asks the service for projects",
    Method::Get,
    "/v1/profiles/{name}/projects",
    None,
    "Projects",
);
/// The chosen project.
pub const PROJECT: Route =
    Route::json("project", "Chooses a project", Method::Post, "/v1/project", Some("ProjectRequest"), "Profile");
/// Services.
pub const PROVIDERS: Route =
    Route::json("providers", "All services the agent knows", Method::Get, "/v1/providers", None, "Providers");
/// One service.
pub const PROVIDER: Route =
    Route::json("provider", "One service", Method::Get, "/v1/providers/{provider}", None, "Provider");
/// A description of the person's own.
pub const PROVIDER_ADD: Route = Route::json(
    "provider-add",
    "Adds a description of a service",
    Method::Post,
    "/v1/providers",
    Some("ProviderFile"),
    "ProviderChecked",
);
/// All mistakes of a description.
pub const PROVIDER_CHECK: Route = Route::json(
    "provider-check",
    "Checks a description of a service",
    Method::Post,
    "/v1/providers/check",
    Some("ProviderFile"),
    "ProviderChecked",
);
/// Forgets a description of the person's own.
pub const PROVIDER_REMOVE: Route = Route::json(
    "provider-remove",
    "Forgets a description of a service",
    Method::Delete,
    "/v1/providers/{provider}",
    None,
    "Forgotten",
);
/// A further deployment.
pub const ENV_ADD: Route = Route::json(
    "env-add",
    "Adds a deployment of a service",
    Method::Post,
    "/v1/environments",
    Some("EnvironmentRequest"),
    "Environment",
);
/// Forgets a deployment.
pub const ENV_REMOVE: Route = Route::json(
    "env-remove",
    "Forgets a deployment of a service",
    Method::Post,
    "/v1/environments/remove",
    Some("EnvironmentRequest"),
    "Forgotten",
);
/// Another deployment is current.
pub const ENV_SWITCH: Route = Route::json(
    "env-switch",
    "Makes a deployment of a service current",
    Method::Post,
    "/v1/environments/switch",
    Some("EnvironmentRequest"),
    "EnvironmentSwitched",
);
/// A credential kept fresh in another tool's file.
pub const LINK: Route = Route::json(
    "link",
    "Keeps a credential fresh in another tool's file",
    Method::Post,
    "/v1/link",
    Some("LinkRequest"),
    "Link",
);
/// All links.
pub const LINKS: Route = Route::json("links", "All links", Method::Get, "/v1/links", None, "Links");
/// The end of links.
pub const UNLINK: Route =
    Route::json("unlink", "Ends links", Method::Post, "/v1/unlink", Some("UnlinkRequest"), "Links");
/// Logins of other tools.
pub const IMPORT: Route = Route::json(
    "import",
    "Takes logins over from other tools",
    Method::Post,
    "/v1/import",
    Some("ImportRequest"),
    "Imported",
);
/// Credentials that lie badly.
pub const DOCTOR: Route = Route::json(
    "doctor",
    "Looks for credentials that lie badly",
    Method::Post,
    "/v1/doctor",
    Some("DoctorRequest"),
    "Findings",
);
/// Everything that happens from now on.
pub const EVENTS: Route =
    Route::events("events", "What happens from now on", "/v1/events", "Event").with(&[RECENT, TOKENS]);
/// So many of the latest events are told first.
pub const RECENT: Parameter = Parameter { name: "recent", summary: "So many of the latest events are told first" };
/// Whether tokens handed out are told as well.
pub const TOKENS: Parameter =
    Parameter { name: "tokens", summary: "1: each token that is handed out is told as well, with who asked for it" };
/// What is exchanged with services from now on.
pub const TRACE: Route = Route::events("trace", "What is exchanged with services from now on", "/v1/trace", "Traced");
/// Numbers about the daemon.
pub const METRICS: Route = Route {
    body: Body::Text("text/plain; version=0.0.4"),
    ..Route::json("metrics", "Numbers for Prometheus", Method::Get, "/v1/metrics", None, "Metrics")
};
/// Reads the configuration again.
pub const RELOAD: Route =
    Route::json("reload", "Reads the configuration again", Method::Post, "/v1/reload", None, "Reloaded");
/// Stops the daemon.
pub const SHUTDOWN: Route = Route::json("shutdown", "Stops the daemon", Method::Post, "/v1/shutdown", None, "Done");

/// Every operation, sorted by name.
pub const ALL: &[Route] = &[
    ANSWER,
    CANCEL,
    DOCTOR,
    ENV_ADD,
    ENV_REMOVE,
    ENV_SWITCH,
    EVENTS,
    EXEC,
    FOLLOW,
    IMPORT,
    INSPECT,
    LINK,
    LINKS,
    LIST,
    LOGIN,
    LOGINS,
    LOGOUT,
    METRICS,
    PROBE,
    PROJECT,
    PROJECTS,
    PROVIDER,
    PROVIDER_ADD,
    PROVIDER_CHECK,
    PROVIDER_REMOVE,
    PROVIDERS,
    REFRESH,
    REJECT,
    RELOAD,
    REMOVE,
    RENAME,
    SHUTDOWN,
    STATUS,
    SWITCH,
    SYNC,
    TOKEN,
    TRACE,
    UNLINK,
    WHOAMI,
    WHY,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_each_operation_has_its_own_method_and_path() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
        for (i, a) in ALL.iter().enumerate() {
            assert!(ALL[i + 1..].iter().all(|b| (a.method, a.path) != (b.method, b.path)), "{}", a.name);
        }
    }

    #[test]
    fn placeholders_are_filled_in() {
        assert_eq!(INSPECT.at("me@example.org"), "/v1/profiles/me@example.org");
        assert_eq!(STATUS.at("ignored"), "/v1/status");
    }
}
