//! The pages the browser sees.
//!
//! Fixed text: nothing from the request or from the service is ever in them, only the name of the profile, which is the
//! person's own. No script, nothing loaded; the one style sheet is inside, and the policy names it by its hash.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::flow::{Failure, Step};

const STYLE: &str = include_str!("page.css");

/// The same for every page.
const STRICT: [(HeaderName, &str); 7] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // The address holds the code: no page may learn it from a link.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::flow) enum Page {
    /// The grant is kept.
    Done {
        /// By this profile.
        profile: String,
    },
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

/// What a page says. `what` and `next` are HTML.
struct Words {
    tone: &'static str,
    mark: &'static str,
    title: &'static str,
    what: String,
    next: &'static str,
}

impl Words {
    fn new(tone: Tone, title: &'static str, what: &str, next: &'static str) -> Self {
        let (tone, mark) = match tone {
            Tone::Good => ("good", "✓"),
            Tone::Bad => ("bad", "✕"),
            Tone::Quiet => ("quiet", "…"),
        };
        Self { tone, mark, title, what: what.to_owned(), next }
    }
}

#[derive(Clone, Copy)]
enum Tone {
    Good,
    Bad,
    Quiet,
}

impl Page {
    /// The page for the end of a login.
    pub(in crate::flow) fn for_end(last: &Step) -> Self {
        match last {
            Step::Done(finished) => Self::Done { profile: finished.profile.clone() },
            Step::Failed(Failure::Denied) => Self::Denied,
            _ => Self::Failed,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Done { .. } | Self::StillWorking => StatusCode::OK,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::BAD_GATEWAY,
            Self::UsedBefore => StatusCode::GONE,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn words(&self) -> Words {
        const BACK: &str = "You can close this page and go back to the terminal.";
        const AGAIN: &str = "You can close this page. To try again, type <code>agentctl login</code> in the terminal, as you did before.";
        const ELSEWHERE: &str = "You can close this page.";
        match self {
            Self::Done { profile } => {
                let what = format!("The agent keeps this login as <code>{}</code>.", escaped(profile));
                Words::new(Tone::Good, "You are logged in", &what, BACK)
            }
            Self::Denied => {
                Words::new(Tone::Bad, "The login was refused", "You or the service said no. Nothing was stored.", AGAIN)
            }
            Self::Failed => Words::new(
                Tone::Bad,
                "The login did not succeed",
                "Nothing was stored. The terminal says why, and what to do.",
                AGAIN,
            ),
            Self::StillWorking => Words::new(
                Tone::Quiet,
                "The login is not finished yet",
                "The service takes its time. The terminal shows how it ends.",
                BACK,
            ),
            Self::UsedBefore => Words::new(
                Tone::Quiet,
                "This login was answered before",
                "An answer counts once. The terminal shows how it ended.",
                BACK,
            ),
            Self::BadRequest => Words::new(
                Tone::Bad,
                "This is not the answer to a login",
                "It does not belong to the login that waits here, so it was left aside.",
                AGAIN,
            ),
            Self::NotFound => Words::new(Tone::Quiet, "Not found", "There is nothing here.", ELSEWHERE),
            Self::WrongMethod => Words::new(Tone::Quiet, "Not allowed", "There is nothing here.", ELSEWHERE),
        }
    }

    /// The page as an answer.
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let Words { tone, mark, title, what, next } = self.words();
        // The empty icon keeps the browser from asking for one when nobody listens any more.
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main class=\"{tone}\">\n<p class=\"mark\" aria-hidden=\"true\">{mark}</p>\n<h1>{title}</h1>\n\
             <p>{what}</p>\n<p>{next}</p>\n</main>\n<footer>agentd, on this machine</footer>\n</body>\n</html>\n"
        );
        let mut response = Response::new(Full::new(Bytes::from(html)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        for (name, value) in STRICT {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(policy) = HeaderValue::from_str(&policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if *self == Self::WrongMethod {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

/// Nothing but the style sheet and the empty icon.
fn policy() -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn html(page: &Page) -> String {
        let body = page.response().into_body().collect().await.expect("it is in memory").to_bytes();
        String::from_utf8(body.to_vec()).expect("pages are text")
    }

    #[tokio::test]
    async fn a_name_is_text_whatever_it_is_made_of() {
        let page = html(&Page::Done { profile: "a<script>&'\"".to_owned() }).await;
        assert!(page.contains("<code>a&lt;script&gt;&amp;&#39;&quot;</code>"), "{page}");
    }

    #[tokio::test]
    async fn every_page_says_what_to_do_and_loads_nothing() {
        let done = Page::Done { profile: "work".to_owned() };
        for page in [done, Page::Denied, Page::Failed, Page::StillWorking, Page::UsedBefore, Page::BadRequest] {
            let html = html(&page).await;
            assert!(html.contains("You can close this page") && html.contains("terminal"), "{html}");
            for loaded in ["<script", "src=", "http:", "https:", "url(", "@import", " style=", "onload"] {
                assert!(!html.contains(loaded), "{loaded} in {html}");
            }
        }
    }
}
