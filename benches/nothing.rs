//! Does nothing: what starting a process costs by itself.

fn main() {}
