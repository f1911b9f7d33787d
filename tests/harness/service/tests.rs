//! What tests rely on: the wire of each service, and that the script, the ledger and the clock say the truth.

mod client;
mod scripts;
mod tensormesh;
