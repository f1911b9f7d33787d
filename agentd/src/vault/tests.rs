//! The vault against an issuer that answers as told, on a manual clock.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod endings;
mod exchanges;
mod narrowing;
mod stand;
