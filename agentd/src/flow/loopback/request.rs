//! Judges what comes to the loopback listener: is this the answer of the authorization server to this login?
//!
//! RFC 6749 §4.1.2 and §4.1.2.1, RFC 9207. Pure: no socket, no clock.

use hyper::{Method, Request, header};
use url::form_urlencoded;

use crate::flow::Failure;
use crate::flow::loopback::Page;
use crate::flow::redirect::Redirect;
use crate::oauth::issuer;
use crate::secret::{AuthorizationCode, State};

/// What an answer must look like.
#[derive(Debug)]
pub(in crate::flow) struct Expected {
    /// Where the browser was told to come.
    pub(in crate::flow) redirect: Redirect,
    /// The port that is listened on.
    pub(in crate::flow) port: u16,
    /// Sent in the authorization request.
    pub(in crate::flow) state: State,
    /// The issuer that was asked.
    pub(in crate::flow) issuer: String,
    /// Whether the service says that it names itself in every answer (RFC 9207 §3).
    pub(in crate::flow) iss_promised: bool,
}

/// The parameters of an answer; any of them twice makes it invalid (RFC 6749 §3.1).
#[derive(Default)]
struct Parameters {
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
    state: Option<String>,
}

impl Expected {
    /// The service's answer, if `request` is one; else the page for whoever sent it.
    pub(super) fn judge<B>(&self, request: &Request<B>) -> Result<Result<AuthorizationCode, Failure>, Page> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
        // A page of another site whose name leads here (DNS rebinding) shows by its `Host`.
        if hosts.next().is_some() || !self.redirect.is_host(host, self.port) || request.uri().authority().is_some() {
            return Err(Page::BadRequest);
        }
        if request.uri().path() != self.redirect.path() {
            return Err(Page::NotFound);
        }
        if request.method() != Method::GET {
            return Err(Page::WrongMethod);
        }
        // A browser says what it loads an address as (Fetch Metadata): the answer is a page, never part of another one.
        if request.headers().get("sec-fetch-dest").is_some_and(|dest| dest != "document") {
            return Err(Page::BadRequest);
        }
        let sent = parameters(request.uri().query().unwrap_or_default()).ok_or(Page::BadRequest)?;
        if !sent.state.as_ref().is_some_and(|state| self.state.matches(state)) {
            return Err(Page::BadRequest);
        }
        match (sent.code, sent.error) {
            (Some(code), None) if !code.is_empty() => {
                Ok(self.issued_by(sent.iss).map(|()| AuthorizationCode::new(code)))
            }
            (None, Some(error)) => Ok(self.issued_by(sent.iss).and(Err(refusal(&error)))),
            _ => Err(Page::BadRequest),
        }
    }

    /// RFC 9207 §2.4: a mix-up of two services shows by the issuer.
    fn issued_by(&self, iss: Option<String>) -> Result<(), Failure> {
        match iss {
            Some(iss) if issuer::is(&self.issuer, &iss) => Ok(()),
            None if !self.iss_promised => Ok(()),
            Some(_) => Err(Failure::IssuerMismatch {
                hint: "do not log in again before you know why: another service may have interfered".to_owned(),
            }),
            None => Err(Failure::IssuerMismatch {
                hint: "the answer names no issuer although this service promises to: another may have interfered"
                    .to_owned(),
            }),
        }
    }
}

fn parameters(query: &str) -> Option<Parameters> {
    let mut sent = Parameters::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let field = match &*name {
            "code" => &mut sent.code,
            "error" => &mut sent.error,
            "iss" => &mut sent.iss,
            "state" => &mut sent.state,
            _ => continue,
        };
        if field.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    Some(sent)
}

/// The codes a service may refuse an authorization request with: RFC 6749 §4.1.2.1, RFC 8707 §2, OpenID Connect Core
/// §3.1.2.6.
const REFUSALS: [&str; 15] = [
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "login_required",
    "request_not_supported",
    "request_uri_not_supported",
    "unauthorized_client",
    "unmet_authentication_requirements",
    "unsupported_response_type",
];

fn refusal(error: &str) -> Failure {
    match error {
        "access_denied" => Failure::Denied,
        "server_error" | "temporarily_unavailable" => Failure::Unreachable { why: "it is overloaded or out of order" },
        _ => match REFUSALS.into_iter().find(|code| *code == error) {
            Some(code) => Failure::Misconfigured { code },
            None => Failure::BadAnswer { why: "it refused with an error that no standard knows" },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "/callback?code=c0de&state=right";

    fn expected(iss_promised: bool) -> Expected {
        let redirect = Redirect::new(None, None).expect("the default is good");
        let (issuer, state) = ("https://as.example".to_owned(), State::new("right".to_owned()));
        Expected { redirect, port: 4321, state, issuer, iss_promised }
    }

    fn get(target: &str) -> Request<()> {
        Request::get(target).header("host", "127.0.0.1:4321").body(()).expect("the request is good")
    }

    fn judge(target: &str) -> Result<Result<AuthorizationCode, Failure>, Page> {
        expected(false).judge(&get(target))
    }

    #[test]
    fn the_right_answer_yields_its_code() {
        let code = judge(GOOD).expect("an answer").expect("a code");
        assert!(code.matches("c0de"));
    }

    #[test]
    fn a_wrong_absent_or_doubled_parameter_is_no_answer() {
        for target in [
            "/callback",
            "/callback?code=c0de",
            "/callback?code=c0de&state=",
            "/callback?code=c0de&state=wrong",
            "/callback?code=c0de&state=right&state=right",
            "/callback?code=c0de&code=other&state=right",
            "/callback?code=&state=right",
            "/callback?state=right",
            "/callback?code=c0de&error=access_denied&state=right",
            "/callback?error=access_denied&state=wrong",
        ] {
            assert_eq!(judge(target).err(), Some(Page::BadRequest), "{target}");
        }
    }

    #[test]
    fn another_path_host_or_method_is_no_answer() {
        assert_eq!(judge("/callback/?code=c0de&state=right").err(), Some(Page::NotFound));
        assert_eq!(judge("/favicon.ico").err(), Some(Page::NotFound));
        assert_eq!(judge("http://127.0.0.1:4321/callback?code=c0de&state=right").err(), Some(Page::BadRequest));
        for method in ["POST", "HEAD", "OPTIONS", "PUT"] {
            let mut request = get(GOOD);
            *request.method_mut() = method.parse().expect("a method");
            assert_eq!(expected(false).judge(&request).err(), Some(Page::WrongMethod), "{method}");
        }
        for host in ["evil.example:4321", "localhost:4321", "127.0.0.1"] {
            let request = Request::get(GOOD).header("host", host).body(()).expect("the request is good");
            assert_eq!(expected(false).judge(&request).err(), Some(Page::BadRequest), "{host}");
        }
        let mut twice = get(GOOD);
        twice.headers_mut().append("host", header::HeaderValue::from_static("evil.example"));
        assert_eq!(expected(false).judge(&twice).err(), Some(Page::BadRequest));
    }

    #[test]
    fn a_part_of_another_page_is_no_answer() {
        for (dest, is_answer) in
            [("document", true), ("image", false), ("iframe", false), ("empty", false), ("", false)]
        {
            let request = Request::get(GOOD).header("host", "127.0.0.1:4321").header("sec-fetch-dest", dest);
            let request = request.body(()).expect("the request is good");
            assert_eq!(expected(false).judge(&request).is_ok(), is_answer, "{dest}");
        }
    }

    #[test]
    fn another_issuer_ends_the_login_and_an_absent_one_does_where_it_is_promised() {
        let mismatch = |answer: Result<Result<AuthorizationCode, Failure>, Page>| {
            matches!(answer, Ok(Err(Failure::IssuerMismatch { .. })))
        };
        assert!(judge(&format!("{GOOD}&iss=https%3A%2F%2Fas.example")).is_ok_and(|answer| answer.is_ok()));
        assert!(mismatch(judge(&format!("{GOOD}&iss=https%3A%2F%2Fas.example%2F"))));
        assert!(mismatch(judge("/callback?error=access_denied&state=right&iss=https%3A%2F%2Fevil.example")));
        assert!(mismatch(expected(true).judge(&get(GOOD))));
    }

    #[test]
    fn refusals_are_told_apart_and_never_quoted() {
        let error = |code: &str| judge(&format!("/callback?error={code}&state=right")).ok().and_then(Result::err);
        assert_eq!(error("access_denied"), Some(Failure::Denied));
        assert_eq!(error("invalid_scope"), Some(Failure::Misconfigured { code: "invalid_scope" }));
        assert!(matches!(error("temporarily_unavailable"), Some(Failure::Unreachable { .. })));
        let unknown = error("%3Cscript%3E").expect("a failure");
        assert!(!format!("{unknown} {unknown:?}").contains("script"));
    }
}
