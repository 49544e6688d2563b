//! The `hairpin` command line.
fn main() {}
