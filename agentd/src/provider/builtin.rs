//! The providers that are compiled in: one file each, of the same form as the person's own.

/// Name and text of each, sorted by name.
pub(super) const ALL: &[(&str, &str)] = &[
    ("baseten", include_str!("builtin/baseten.toml")),
    ("contree", include_str!("builtin/contree.toml")),
    ("llamaindex", include_str!("builtin/llamaindex.toml")),
    ("tank", include_str!("builtin/tank.toml")),
    ("tensormesh", include_str!("builtin/tensormesh.toml")),
];
