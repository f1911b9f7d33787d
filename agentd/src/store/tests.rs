//! The store over real files, and over a medium that fails on demand.

#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod fault;
mod files;
mod samples;
mod versions;
mod writing;

pub(crate) use writing::on;
