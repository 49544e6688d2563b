//! A composition of as many pieces as it holds unless its type says otherwise, read from a record. It may hold anything, so that every kind is linked.
#![no_std]
#![no_main]

use hairpin_core::AnySchedule;

cost::schedule!(10_000, cost::record(AnySchedule::from_bytes));
