//! The answer brought by hand: the browser is on another machine and ended at an address that leads nowhere there.
//!
//! The person copies that address. It becomes the request that the browser would have made here, and is judged as that:
//! nothing that the listener refuses is taken from a person.

use std::sync::{Arc, PoisonError, Weak};

use hyper::{Request, header};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::flow::loopback::{Delivery, Desk, Page};
use crate::flow::table::AnswerError;

/// Leads to the listener's desk as long as the listener waits.
#[derive(Clone)]
pub(in crate::flow) struct Hatch(Weak<Desk>);

impl std::fmt::Debug for Hatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hatch")
    }
}

impl Hatch {
    pub(super) fn of(desk: &Arc<Desk>) -> Self {
        Self(Arc::downgrade(desk))
    }

    /// Takes the whole `address`, the same without `http://`, or only its query.
    pub(in crate::flow) fn take(&self, address: &str) -> Result<(), AnswerError> {
        let desk = self.0.upgrade().ok_or(AnswerError::NotAwaited)?;
        let redirect_uri = desk.expected.redirect.uri(desk.expected.port);
        let no = |what: &str| AnswerError::NotTheAnswer { why: format!("{what}; it begins with `{redirect_uri}`") };
        let request =
            request(address, &redirect_uri).ok_or_else(|| no("this is not the address the browser ended at"))?;
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !desk.expected.redirect.is_host(host, desk.expected.port) {
            return Err(no("this address leads elsewhere than back to this login"));
        }
        let answer = desk.expected.judge(&request).map_err(|page| match page {
            Page::NotFound => no("this address leads elsewhere than back to this login"),
            _ => no("this address is not the answer to this login: it is of another one, or not whole"),
        })?;
        let deliver = desk.deliver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let deliver = deliver.ok_or(AnswerError::NotAwaited)?;
        // No browser waits for a page.
        let (page, _) = oneshot::channel();
        drop(deliver.send(Delivery { answer, page, gone: CancellationToken::new() }));
        Ok(())
    }
}

/// The request of a browser that was sent to `address`.
fn request(address: &str, redirect_uri: &str) -> Option<Request<()>> {
    let address = address.trim();
    let whole = if address.starts_with("http://") {
        address.to_owned()
    } else if address.split(['?', '&', '=']).next()?.contains('/') {
        format!("http://{address}")
    } else {
        let base = redirect_uri.split('?').next()?;
        format!("{base}?{}", address.trim_start_matches('?'))
    };
    let rest = whole.strip_prefix("http://")?;
    // What follows `#` never reaches a server (RFC 3986 §3.5).
    let rest = rest.split('#').next()?;
    let (host, target) = rest.split_at(rest.find(['/', '?'])?);
    Request::get(target).header(header::HOST, host).body(()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{anywhere, listen};
    use super::*;
    use crate::flow::testing::within;
    use crate::supervise::Tasks;

    #[tokio::test]
    async fn an_address_is_taken_whole_without_scheme_or_as_its_query_and_once() {
        for form in ["{at}/callback?code=c0de&state=right", "?code=c0de&state=right", "code=c0de&state=right"] {
            for scheme in ["http://", ""] {
                let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
                if scheme == "http://" && !form.contains("{at}") {
                    continue;
                }
                let address = format!(" {scheme}{} \n", form.replace("{at}", &at.to_string()));
                let hatch = listener.hatch();
                assert_eq!(hatch.take(&address), Ok(()), "{address}");
                assert_eq!(hatch.take(&address), Err(AnswerError::NotAwaited), "an answer counts once");
                let (_browser, answer) = within(listener.answer()).await;
                assert!(answer.is_ok_and(|code| code.matches("c0de")), "{address}");
            }
        }
    }

    #[tokio::test]
    async fn what_the_listener_refuses_is_refused_from_a_person() {
        let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
        let hatch = listener.hatch();
        for address in [
            String::new(),
            "nonsense".to_owned(),
            "https://as.example/authorize?state=right".to_owned(),
            format!("https://{at}/callback?code=c0de&state=right"),
            format!("http://{at}/callback?code=c0de&state=wrong"),
            format!("http://{at}/callback?code=c0de&state=right&state=right"),
            format!("http://{at}/callback?state=right"),
            format!("http://{at}/other?code=c0de&state=right"),
            format!("http://{at}/callback#?code=c0de&state=right"),
            "http://127.0.0.1:1/callback?code=c0de&state=right".to_owned(),
            "http://evil.example/callback?code=c0de&state=right".to_owned(),
            format!("http://user@{at}/callback?code=c0de&state=right"),
            "code=c0de&state=right&code=c0de".to_owned(),
        ] {
            let refused = hatch.take(&address);
            let Err(AnswerError::NotTheAnswer { why }) = refused else { unreachable!("{address}: {refused:?}") };
            assert!(!why.contains("c0de") && why.contains("/callback`"), "{why}");
        }
        assert_eq!(hatch.take(&format!("http://{at}/callback?code=c0de&state=right")), Ok(()), "none of them ended it");
        drop(listener);
    }

    #[tokio::test]
    async fn a_login_that_is_over_takes_no_address() {
        let (listener, _) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
        let hatch = listener.hatch();
        drop(listener);
        within(async {
            while hatch.0.strong_count() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(hatch.take("code=c0de&state=right"), Err(AnswerError::NotAwaited));
    }
}
