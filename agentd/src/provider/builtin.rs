//! The providers that are compiled in: one file each, of the same form as the person's own.

/// Name and text of each, sorted by name.
pub(super) const ALL: &[(&str, &str)] = &[
    ("auth0", include_str!("builtin/auth0.toml")),
    ("baseten", include_str!("builtin/baseten.toml")),
    ("contree", include_str!("builtin/contree.toml")),
    ("entra", include_str!("builtin/entra.toml")),
    ("github", include_str!("builtin/github.toml")),
    ("gitlab", include_str!("builtin/gitlab.toml")),
    ("google", include_str!("builtin/google.toml")),
    ("keycloak", include_str!("builtin/keycloak.toml")),
    ("llamaindex", include_str!("builtin/llamaindex.toml")),
    ("oidc", include_str!("builtin/oidc.toml")),
    ("okta", include_str!("builtin/okta.toml")),
    ("tank", include_str!("builtin/tank.toml")),
    ("tensormesh", include_str!("builtin/tensormesh.toml")),
];
