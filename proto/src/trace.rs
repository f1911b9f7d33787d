//! Items of the `trace` stream: what is exchanged with services. There is no field that could hold a token, a code or a key.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TraceKind {
    /// A request, and its answer or why there is none.
    Exchange,
    /// The first one: it is listened to, and `number` is that of the last item before.
    Listening,
    /// Some items were not delivered because the reader was too slow.
    Lost,
    /// How the agent takes an answer, and what it does next.
    Remark,
    /// A kind from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Traced {
    /// Grows by one with each exchange and remark of this daemon.
    pub number: u64,
    /// When it ended.
    pub at: Timestamp,
    /// What.
    pub kind: TraceKind,
    /// On whose behalf: a profile, or what a login is called before it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whose: Option<String>,
    /// HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Where to, without the values of its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// HTTP status; absent without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The registered error code in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The answer's media type; `other` for one that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Bytes of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// From the first step to the last byte, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Seconds that the service asks to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the request can have reached the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Traced {
    /// An item with nothing in it.
    pub fn bare(number: u64, at: Timestamp, kind: TraceKind) -> Self {
        Self {
            number,
            at,
            kind,
            whose: None,
            method: None,
            url: None,
            status: None,
            code: None,
            content_type: None,
            size: None,
            took_ms: None,
            retry_after: None,
            why: None,
            sent: None,
            text: None,
        }
    }
}
