//! What the behaviour tests share: the daemon and the client in a sandbox, and the outside world they live in: an
//! authorization server that does as it is told, the real `oidc-provider`, the services' own clients, a real keyring, a
//! browser without a screen, and a search for secrets where none may be.

#![allow(clippy::panic, reason = "the harness fails the test that uses it")]

pub mod architecture;
#[cfg(target_os = "linux")]
pub mod away;
pub mod browser;
pub mod canary;
#[cfg(target_os = "linux")]
pub mod chromium;
pub mod client;
pub mod ctl;
pub mod daemon;
pub mod desk;
pub mod evil;
pub mod form;
pub mod front;
pub mod issuer;
pub mod lean;
pub mod logins;
pub mod named_tests;
pub mod oidc_provider;
pub mod openapi;
pub mod page;
pub mod proc;
pub mod raw;
pub mod running;
pub mod sandbox;
pub mod screen;
#[cfg(target_os = "linux")]
pub mod secret_service;
pub mod service;
pub mod session;
pub mod site;
pub mod soak;
pub mod stage;
pub mod standard;
pub mod stranger;
#[cfg(target_os = "linux")]
pub mod terminal;
pub mod tunnel;
pub mod until;
pub mod wire;
