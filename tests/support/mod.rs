//! Helpers the suites share.

pub mod sweep;
