//! Learning-rate tables over thousands of trials, sweeps that train them, and what a person looks at afterwards.
#![deny(unsafe_code)]

pub mod document;
pub mod files;
pub mod lr;
pub mod npy;
pub mod sampling;
pub mod spec;
pub mod table;
pub mod table_file;
