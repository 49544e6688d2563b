//! A composition of up to 8 pieces, read from a record. It may hold anything, so that every kind is linked.
#![no_std]
#![no_main]

use hairpin_core::Composed;

cost::schedule!(10_000, cost::record(Composed::<8>::from_bytes));
