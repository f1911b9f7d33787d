//! Grants at rest: sealed records in an embedded database, or nowhere.
//!
//! The store knows bytes, keys and durability; it does not know what a grant is good for. A record is written whole,
//! under a sequence number that only grows, and a write that has returned is durable.

pub mod record;
