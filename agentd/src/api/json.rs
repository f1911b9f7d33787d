//! JSON in and out. An unreadable body is described by place and kind, never by its text.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use proto::problem::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::problem::{Failure, invalid};

/// Most answers fit, in bytes; a longer one grows its buffer.
const USUAL_ANSWER: usize = 1000;

/// A JSON body. As a request, nothing at all counts as `{}`, so that `curl -X POST` alone asks for the defaults.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body = Bytes::from_request(request, state).await.map_err(|_| invalid("the request body cannot be read"))?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(text).map(Json).map_err(|error| {
            let what = match error.classify() {
                Category::Data => "has a value that this operation does not take",
                Category::Eof => "ends too early",
                Category::Io | Category::Syntax => "is no JSON",
            };
            invalid(format!("the request body {what} (line {}, column {})", error.line(), error.column()))
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(USUAL_ANSWER);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => {
                let mut response = body.into_response();
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => {
                tracing::error!(line = error.line(), "an answer cannot be written as JSON");
                Failure(Problem::new(Code::Internal, "the answer cannot be written")).into_response()
            }
        }
    }
}
