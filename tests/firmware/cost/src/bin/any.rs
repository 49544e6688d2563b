//! A composition read from a record, as an export leaves it in flash: it may hold anything, so that every kind is linked.
#![no_std]
#![no_main]

use chip::Input;
use hairpin_core::{AnySchedule, ConfigError};

/// What the host has put down, which is shorter than this.
fn read() -> Option<AnySchedule> {
    let mut record = [0; 512];
    let mut input = Input::open(c"record").ok()?;
    let mut length = [0; 4];
    input.fill(&mut length).ok()?;
    let record = record.get_mut(..u32::from_le_bytes(length) as usize)?;
    input.fill(record).ok()?;
    AnySchedule::from_bytes(record).ok()
}

cost::schedule!(
    10_000,
    read().ok_or(ConfigError::NotFinite {
        field: "record",
        value: 0.0
    })
);
