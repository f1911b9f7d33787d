//! Requests to the daemon, as a program with an HTTP library would make them.

use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use proto::id::ProfileName;
use proto::login::{LoginRequest, LoginStarted, LoginStep};
use proto::problem::Problem;
use proto::profile::Profile;
use proto::route::{self, Route};
use proto::token::{Token, TokenRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

/// One answer.
#[derive(Debug)]
#[must_use]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Response headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// The route's message.
    ///
    /// # Errors
    /// The problem that came instead.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.status == 200 {
            return Ok(serde_json::from_slice(&self.body).expect("an answer with status 200 is the route's message"));
        }
        Err(serde_json::from_slice(&self.body).expect("any other answer is a problem"))
    }
}

/// Makes requests to one socket, each on a connection of its own.
#[derive(Debug, Clone)]
pub struct Wire {
    socket: PathBuf,
}

impl Wire {
    /// For the daemon at `socket`.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Sends `request` as it is and gives back the head of the answer and its body as it comes.
    pub async fn send(&self, request: Request<Body>) -> Response<Incoming> {
        let stream = UnixStream::connect(&self.socket).await.expect("the daemon accepts");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        drop(tokio::spawn(connection));
        sender.send_request(request).await.expect("the daemon answers")
    }

    /// Calls `route`, with `value` in its path, and waits for the whole answer.
    pub async fn call(&self, route: &Route, value: &str, body: &impl Serialize) -> Answer {
        let body =
            if route.request.is_some() { serde_json::to_vec(body).expect("messages are JSON") } else { Vec::new() };
        let request = Request::builder()
            .method(route.method.as_str())
            .uri(route.at(value))
            .header("host", proto::hello::HOST)
            .body(Body::from(body))
            .expect("routes are valid paths");
        let response = self.send(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the answer comes whole").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// A lease.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token(&self, request: &TokenRequest) -> Result<Token, Problem> {
        self.call(&route::TOKEN, "", request).await.message()
    }

    /// One profile.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn inspect(&self, profile: &str) -> Result<Profile, Problem> {
        self.call(&route::INSPECT, profile, &()).await.message()
    }

    /// Starts a login.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn login(&self, request: &LoginRequest) -> Result<LoginStarted, Problem> {
        self.call(&route::LOGIN, "", request).await.message()
    }

    /// Follows a login, giving each step to `act`, until its last step, which is returned.
    pub async fn follow(&self, id: &str, mut act: impl AsyncFnMut(&LoginStep)) -> LoginStep {
        let request = Request::get(route::FOLLOW.at(id)).header("host", proto::hello::HOST).body(Body::empty());
        let mut body = self.send(request.expect("routes are valid paths")).await.into_body();
        let mut text = String::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.expect("the stream is not cut");
            let Some(chunk) = frame.data_ref() else { continue };
            text.push_str(std::str::from_utf8(chunk).expect("events are text"));
            while let Some((event, rest)) = text.split_once("\n\n") {
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                let step: Option<LoginStep> = serde_json::from_str(data.trim()).ok();
                text = rest.to_owned();
                let Some(step) = step else { continue };
                act(&step).await;
                if matches!(step, LoginStep::Done { .. } | LoginStep::Failed { .. }) {
                    return step;
                }
            }
        }
        panic!("the stream ended before the login did")
    }
}

/// A request for the token of `profile`.
pub fn of(profile: &str) -> TokenRequest {
    TokenRequest { profile: Some(name(profile)), ..TokenRequest::default() }
}

/// A profile's name.
pub fn name(profile: &str) -> ProfileName {
    ProfileName::parse(profile).expect("tests use good names")
}
