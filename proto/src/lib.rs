//! The words `agentd` and `agentctl` share.
//!
//! The protocol is HTTP/1.1 with JSON bodies over a local socket. Each operation is a [`route::Route`]; its messages
//! are the types of the module that carries the operation's name. An answer is either the route's message with status
//! 200 or a [`problem::Problem`] (`application/problem+json`, RFC 9457). Every answer, good or bad, carries the
//! headers of [`hello`], so two versions that do not understand each other can say so.
//!
//! Compatibility: unknown fields are ignored, unknown variants become `Unknown`, a field is never renamed or given a
//! new meaning within one [`PROTOCOL_VERSION`]. `tests/golden/v1` holds one file per message; files are added, never
//! edited.
//!
//! This crate has no I/O, no runtime and no clock. It has **no word for a refresh token**, so none can be sent.

pub mod event;
pub mod hello;
pub mod id;
pub mod link;
pub mod login;
pub mod paths;
pub mod problem;
pub mod profile;
pub mod project;
pub mod provider;
pub mod route;
pub mod secret;
pub mod status;
pub mod timestamp;
pub mod token;
pub mod trace;
pub mod whoami;
pub mod why;

/// The version of the wire described by this crate. It changes only when an old client could misread an answer;
/// anything that can be ignored safely is a capability instead (see [`hello::CAPABILITIES`]).
pub const PROTOCOL_VERSION: u32 = 1;

/// Leaves a `false` out of a message.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
