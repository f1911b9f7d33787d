//! Links and imports, with a tool and a vault that do as they are told.

mod built_in;
mod import;
mod keep;
mod lasting;
mod make;
