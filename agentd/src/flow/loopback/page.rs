//! The pages the browser sees. Fixed text: nothing from the request or from the service is ever in them.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode, header};

use crate::flow::{Failure, Step};

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Page {
    /// The grant is kept.
    Done,
    /// The service said no.
    Denied,
    /// The login has failed; the terminal says why.
    Failed,
    /// The login goes on behind the page.
    StillWorking,
    /// The answer came before.
    UsedBefore,
    /// Not an answer of this login: wrong or absent `state`, another host, parameters missing or twice.
    BadRequest,
    /// Another path.
    NotFound,
    /// Not a `GET`.
    WrongMethod,
}

impl Page {
    /// The page for the end of a login.
    pub(in crate::flow) fn for_end(last: &Step) -> Self {
        match last {
            Step::Done(_) => Self::Done,
            Step::Failed(Failure::Denied) => Self::Denied,
            _ => Self::Failed,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Done | Self::StillWorking => StatusCode::OK,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::BAD_GATEWAY,
            Self::UsedBefore => StatusCode::GONE,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("You are logged in", "You can close this page and go back to the terminal."),
            Self::Denied => ("The login was refused", "Nothing was stored. You can close this page."),
            Self::Failed => ("The login did not succeed", "The terminal says why. You can close this page."),
            Self::StillWorking => {
                ("The login is not finished yet", "The terminal shows how it ends. You can close this page.")
            }
            Self::UsedBefore => ("This login was answered before", "You can close this page."),
            Self::BadRequest => {
                ("This is not the answer to a login", "If you are logging in, start again from the terminal.")
            }
            Self::NotFound => ("Not found", "There is nothing here."),
            Self::WrongMethod => ("Not allowed", "There is nothing here."),
        }
    }

    /// The page as an answer.
    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let (title, text) = self.text();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n</head>\n\
             <body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body>\n</html>\n"
        );
        let mut response = Response::new(Full::new(Bytes::from(html)));
        *response.status_mut() = self.status();
        let strict = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
            // The address holds the code: no page may learn it from a link.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ];
        for (name, value) in strict {
            response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        }
        if self == Self::WrongMethod {
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET"));
        }
        response
    }
}
