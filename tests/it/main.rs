//! Behaviour tests, one file per behaviour.

mod architecture;
mod kill;
mod openapi;
mod services;
