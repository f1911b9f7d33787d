//! What is known of a service before anybody logs in to it.
//!
//! A [`Provider`] is the checked form of one TOML file, built in or the user's own: ways to log in, requests to make,
//! members to read, hosts that may see the credential. A [`Place`] is what binds one profile to it: environment, base URL
//! and project. [`Settings`] are what a person gave for one OAuth login. This part holds no grant and makes no request.

mod builtin;
mod catalogue;
mod hosts;
mod model;
mod place;
mod schema;
mod settings;
pub mod template;

pub use catalogue::{Catalogue, ChangeError};
pub use hosts::{Asked, Authority};
pub use model::{
    Absent, AccountFields, Address, Body, Discovery, Environment, Expiry, FlowSpec, Groups, Input, KeySpec, Method,
    MethodName, OauthSpec, Origin, OwnClient, Pick, Pointer, PollExchange, Probe, Projects, Provider, Request,
    RequestMethod, Secondary, Step, TokenFields, Variant, Whoami,
};
pub use place::Place;
pub use settings::{Endpoints, Flow, Registration, Settings};
pub use template::Template;
