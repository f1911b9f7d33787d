//! Behaviour tests, one file per behaviour.

mod architecture;
mod openapi;
mod services;
