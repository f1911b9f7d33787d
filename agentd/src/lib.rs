//! `agentd` as a library, so that tests run the daemon in their own process with a clock of their own.

pub mod clock;
pub mod flow;
pub mod http;
pub mod oauth;
pub mod provider;
pub mod secret;
pub mod store;
pub mod supervise;
