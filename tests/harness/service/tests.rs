//! What tests rely on: the wire of each service, and that the script, the ledger and the clock say the truth.

mod baseten;
mod client;
mod contree;
mod llamaindex;
mod scripts;
mod tank;
mod tensormesh;
