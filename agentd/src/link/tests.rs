//! Links and imports, with a tool and a vault that do as they are told.

mod import;
mod keep;
mod lasting;
mod make;
