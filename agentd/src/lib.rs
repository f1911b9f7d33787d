//! `agentd` as a library, so that tests run the daemon in their own process with a clock of their own.
//!
//! `daemon` composes; `api` translates; `vault` owns grants through one task each; `flow` runs logins. What each
//! module may know of the others is said in `docs/architecture.md` and checked by a test.

pub mod api;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod flow;
pub mod http;
pub mod inquiry;
pub mod link;
pub mod log;
pub mod notice;
pub mod oauth;
pub mod peer;
pub mod platform;
mod private;
pub mod provider;
pub mod secret;
pub mod service;
pub mod store;
pub mod supervise;
pub mod transport;
pub mod vault;
