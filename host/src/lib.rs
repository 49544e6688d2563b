//! Learning-rate tables over thousands of trials, sweeps that train them, and what a person looks at afterwards.
#![deny(unsafe_code)]

pub mod convert;
pub mod data;
pub mod dialect;
pub mod document;
pub mod explain;
pub mod export;
pub mod files;
pub mod growth;
pub mod kinds;
mod lanes;
pub mod lr;
pub mod npy;
pub mod pages;
mod plot;
mod random;
pub mod report;
pub mod sampling;
pub mod spec;
pub mod sweep;
pub mod table;
pub mod table_file;
pub mod train;
pub mod update;
