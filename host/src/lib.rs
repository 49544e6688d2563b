#![doc = "Learning-rate tables and sweeps on the CPU."]

pub mod document;
pub mod sampling;
pub mod spec;
