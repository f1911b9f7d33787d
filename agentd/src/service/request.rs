//! From a request's description to its answer.

use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::document::Document;
use super::{CallError, Presented, Secondary, Services, Site};
use crate::clock::Moment;
use crate::http::{self, HeaderName, Method, Payload, Reach, SendError, USER_AGENT};
use crate::provider::template::{Escape, Missing, Name, Values};
use crate::provider::{Authority, Body, Request, RequestMethod, Template};

/// What came back.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// From `Retry-After`, capped.
    pub(super) retry_after: Option<std::time::Duration>,
    /// The service's wall time, if it said.
    pub(super) date: Option<i64>,
    /// When the request was sent.
    pub(super) sent_at: Moment,
    /// How far this service may send us.
    pub(super) reach: Reach,
    body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// The answer to a request that was sent at `sent_at`.
    pub(super) fn of(answer: http::Response, sent_at: Moment) -> Self {
        let http::Response { status, retry_after, date, reach, body, .. } = answer;
        Self { status, retry_after, date, sent_at, reach, body }
    }

    /// The document of a good answer; else what the status means.
    pub(super) fn document(&self) -> Result<Document, CallError> {
        self.good()?;
        self.parsed().ok_or(CallError::Unreadable { why: "it is not JSON" })
    }

    /// The document, whatever the status.
    pub(super) fn parsed(&self) -> Option<Document> {
        Document::parse(&self.body)
    }

    /// The body, for the table of OAuth errors.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the status means.
    pub(super) fn good(&self) -> Result<(), CallError> {
        let (status, retry_after) = (self.status, self.retry_after);
        Err(match status {
            200..=299 => return Ok(()),
            300..=399 => CallError::Redirected,
            401 => CallError::Refused,
            403 => CallError::Forbidden,
            404 | 405 | 501 => CallError::NotOffered { status },
            408 | 429 | 500..=599 => CallError::Unavailable { status, retry_after },
            _ => CallError::Unexpected { status },
        })
    }
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Lost { why } => Self::Lost { why },
            SendError::NotSent { why } => Self::NotSent { why },
        }
    }
}

impl From<Missing> for CallError {
    fn from(Missing(name): Missing) -> Self {
        Self::Settings(match name.as_str() {
            "project" => "no project is chosen".to_owned(),
            _ => format!("there is no value for `{name}`"),
        })
    }
}

impl Services {
    /// Sends `request` once. `values` are what is known besides the place.
    pub(super) async fn send(
        &self,
        site: &Site,
        request: &Request,
        values: Values,
        credential: Option<Presented<'_>>,
    ) -> Result<Answer, CallError> {
        let values = with_place(values, site);
        let url = fill(&request.url, &values, site, Escape::Url)?;
        check_target(&url, site)?;
        let mut headers = headers(site, request, &values)?;
        headers.extend(credential.map(Presented::header));
        let fields;
        let payload = match &request.body {
            Body::None => Payload::None,
            Body::Json(members) => Payload::Json(json(members, &values, site)?),
            Body::Form(members) => {
                fields = form(members, &values, site);
                Payload::Form(fields.iter().map(|(name, value)| (*name, value.as_str())).collect())
            }
        };
        let method = match request.method {
            RequestMethod::Delete => Method::Delete,
            RequestMethod::Get => Method::Get,
            RequestMethod::Post => Method::Post,
        };
        let sent_at = self.clock.now();
        let ca_file = site.place.ca_file.as_deref();
        // The provider's file has named the host.
        let reach = Reach::Anywhere;
        let answer = self.http.send(http::Request { method, url: &url, payload, headers, ca_file, reach }).await?;
        Ok(Answer::of(answer, sent_at))
    }
}

/// A URL that needs no more than the place.
pub(super) fn url(site: &Site, template: &Template) -> Result<String, CallError> {
    let url = fill(template, &with_place(Values::new(), site), site, Escape::Url)?;
    check_target(&url, site)?;
    Ok(url.to_string())
}

/// The provider's variables for a child process; one whose value is not known is left out.
pub(super) fn variables(
    site: &Site,
    credential: Option<&str>,
    secondaries: &[Secondary],
) -> Vec<(String, Zeroizing<String>)> {
    let mut values = with_place(Values::new(), site).maybe(Name::Credential, credential);
    for held in secondaries {
        for (name, value) in &held.values {
            values.set(Name::Taken(name.clone()), value.as_str());
        }
        if let Some(secret) = &held.secret {
            // EXPOSE: the child that was asked for gets it.
            values.set(Name::Taken(held.name.clone()), secret.expose());
        }
    }
    let filled = |(name, template): &(String, Template)| {
        fill(template, &values, site, Escape::None).ok().map(|value| (name.clone(), value))
    };
    site.provider.exec.iter().filter_map(filled).collect()
}

/// The place's values beside `values`.
fn with_place(values: Values, site: &Site) -> Values {
    let place = &site.place;
    let urls = place.urls.iter().fold(values, |values, (name, url)| values.with(Name::Url(name.clone()), url));
    urls.with(Name::Base, &place.base)
        .with(Name::Version, env!("CARGO_PKG_VERSION"))
        .maybe(Name::Project, place.project.as_deref())
}

/// The template with its values. A further URL that this environment does not have is where the provider says, else its
/// base.
fn fill(template: &Template, values: &Values, site: &Site, escape: Escape) -> Result<Zeroizing<String>, Missing> {
    let missing: Vec<&Name> =
        template.names().filter(|name| matches!(name, Name::Url(_)) && values.value(name).is_none()).collect();
    if missing.is_empty() {
        return template.fill(values, escape);
    }
    let mut more = values.clone();
    for name in missing {
        let usual = site.provider.urls.get(name.word());
        let base = Values::new().with(Name::Base, &site.place.base);
        let url = usual.map(|usual| usual.fill(&base, Escape::Url)).transpose()?;
        more.set(name.clone(), url.as_deref().unwrap_or(&site.place.base));
    }
    template.fill(&more, escape)
}

/// The credential's hosts: those of the place, to the port, and those that the provider lists.
fn check_target(url: &str, site: &Site) -> Result<(), CallError> {
    let refused = |why: &str| CallError::Settings(why.to_owned());
    let url = http::check_endpoint(url).map_err(|error| refused(error.why()))?;
    let places = std::iter::once(&site.place.base).chain(site.place.urls.values());
    let of_place = places.filter_map(|own| Url::parse(own).ok()).any(|own| own.origin() == url.origin());
    let listed = url.scheme() == "https"
        && Authority::of(&url).is_some_and(|authority| site.provider.lists(&site.place, &authority));
    if of_place || listed { Ok(()) } else { Err(refused("its address is none of the service's hosts")) }
}

type Headers = Vec<(HeaderName, Zeroizing<String>)>;

fn headers(site: &Site, request: &Request, values: &Values) -> Result<Headers, CallError> {
    let unusable = |name: &str| CallError::Settings(format!("the header `{name}` cannot be written"));
    let own = site.provider.user_agent.iter().map(|agent| ("user-agent", agent));
    let described = request.headers.iter().map(|(name, value)| (name.as_str(), value));
    let mut headers = Vec::new();
    for (name, template) in own.chain(described) {
        // A header whose value is not known is left out.
        let Ok(value) = fill(template, values, site, Escape::None) else { continue };
        if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(unusable(name));
        }
        let name = match name {
            "user-agent" => USER_AGENT,
            other => HeaderName::from_bytes(other.as_bytes()).map_err(|_| unusable(other))?,
        };
        headers.push((name, value));
    }
    Ok(headers)
}

fn form<'a>(members: &'a [(String, Template)], values: &Values, site: &Site) -> Vec<(&'a str, Zeroizing<String>)> {
    let filled = |(name, template): &'a (String, Template)| {
        fill(template, values, site, Escape::None).ok().map(|value| (name.as_str(), value))
    };
    members.iter().filter_map(filled).collect()
}

fn json(members: &[(String, Option<Template>)], values: &Values, site: &Site) -> Result<Zeroizing<Vec<u8>>, CallError> {
    let mut object = Map::new();
    for (name, template) in members {
        let value = match template {
            None => Value::Null,
            Some(template) => match fill(template, values, site, Escape::None) {
                Ok(value) => Value::String(value.to_string()),
                Err(_) => continue,
            },
        };
        object.insert(name.clone(), value);
    }
    let written = serde_json::to_vec(&object).map(Zeroizing::new);
    for value in object.values_mut() {
        if let Value::String(text) = value {
            drop(Zeroizing::new(std::mem::take(text)));
        }
    }
    written.map_err(|_| CallError::Settings("its body cannot be written".to_owned()))
}
