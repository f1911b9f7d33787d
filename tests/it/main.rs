//! Behaviour tests, one file per behaviour.

mod architecture;
mod login_code;
mod login_device;
mod oidc_provider;
mod openapi;
mod quirks_device;
mod quirks_discovery;
mod quirks_refresh;
mod quirks_revocation;
mod services;
mod short_tokens;
mod tls;
