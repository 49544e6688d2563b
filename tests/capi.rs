//! The C interface: its header is what the crate says, and a program in C gets the core's bits from it.

#[path = "capi/header.rs"]
mod header;
