//! Behaviour tests, one file per behaviour.

mod architecture;
mod events;
mod narrow;
mod openapi;
mod refresh;
mod reject;
mod rotation;
mod services;
mod single_flight;
mod unsaved;
