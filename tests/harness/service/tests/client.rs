//! A client without opinions, and answers that are easy to look at.

use crate::{browser::client, service::Service, service::Wire};
use serde_json::Value;

/// An answer that arrived whole.
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) headers: reqwest::header::HeaderMap,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    pub(super) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().expect("the member is text").to_owned()
    }
}

/// Sends a request; `None` when no whole answer came.
pub(super) async fn seen(request: reqwest::RequestBuilder) -> Option<Seen> {
    let answer = request.send().await.ok()?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = String::from_utf8_lossy(&answer.bytes().await.ok()?).into_owned();
    Some(Seen { status, text, headers })
}

impl<W: Wire> Service<W> {
    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    pub(super) async fn post_json(&self, path: &str, body: &Value) -> Seen {
        self.post_json_as(path, body, "").await
    }

    pub(super) async fn post_json_as(&self, path: &str, body: &Value, authorization: &str) -> Seen {
        let request = client(None).post(self.address(path)).header("content-type", "application/json");
        let request = request.header("authorization", authorization).body(body.to_string());
        seen(request).await.expect("an answer comes")
    }

    pub(super) async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Seen {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client(None).post(self.address(path));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        seen(request).await.expect("an answer comes")
    }

    pub(super) async fn post_empty(&self, path: &str, authorization: &str) -> Seen {
        let request = client(None).post(self.address(path)).header("authorization", authorization);
        seen(request).await.expect("an answer comes")
    }

    pub(super) async fn try_get(&self, path: &str) -> Option<Seen> {
        seen(client(None).get(self.address(path))).await
    }

    pub(super) async fn get_as(&self, path: &str, authorization: &str) -> Seen {
        let request = client(None).get(self.address(path)).header("authorization", authorization);
        seen(request).await.expect("an answer comes")
    }

    pub(super) async fn delete_as(&self, path: &str, authorization: &str) -> Seen {
        let request = client(None).delete(self.address(path)).header("authorization", authorization);
        seen(request).await.expect("an answer comes")
    }
}
