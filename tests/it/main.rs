//! Behaviour tests, one file per behaviour.

mod agentctl;
mod architecture;
mod config;
#[cfg(target_os = "linux")]
mod crowd;
mod events;
mod exec;
mod hostile_client;
#[cfg(target_os = "linux")]
mod instance;
mod narrow;
mod no_leak;
mod openapi;
mod redaction;
mod refresh;
mod reject;
mod restart;
mod rotation;
mod services;
mod single_flight;
mod trust;
mod unsaved;
mod versions;
