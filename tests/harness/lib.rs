//! What the behaviour tests share: an authorization server that does as it is told, the real `oidc-provider`, a browser
//! without a screen, and a search for secrets where none may be.
//!
//! Nothing here knows the daemon or the client; it only plays the outside world.

pub mod browser;
pub mod canary;
pub mod issuer;
pub mod oidc_provider;
