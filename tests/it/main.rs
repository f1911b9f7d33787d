//! Behaviour tests, one file per behaviour.

mod agentctl;
mod architecture;
mod config;
#[cfg(target_os = "linux")]
mod crowd;
mod exec;
mod hostile_client;
#[cfg(target_os = "linux")]
mod instance;
mod openapi;
mod restart;
mod services;
mod trust;
mod versions;
