//! The harness.

pub mod architecture;
pub mod openapi;
