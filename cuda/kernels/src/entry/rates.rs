//! Schedules, read once and evaluated at any steps.

use core::arch::nvptx;
use core::sync::atomic::AtomicU32;

use super::place;
use crate::rates::{rate, read};

/// The thread's number in the grid.
fn number() -> u64 {
    let place = place();
    // SAFETY: it only asks.
    let threads = unsafe { nvptx::_block_dim_x() } as u64;
    u64::from(place.block) * threads + u64::from(place.thread)
}

#[unsafe(no_mangle)]
unsafe extern "ptx-kernel" fn schedules_read(
    trials: u32,
    records: *const u8,
    offsets: *const u64,
    schedules: *mut u8,
    refused: *mut AtomicU32,
) {
    // SAFETY: whoever launches it keeps what `read` asks for.
    unsafe { read(number(), trials, records, offsets, schedules, refused) };
}

#[unsafe(no_mangle)]
unsafe extern "ptx-kernel" fn rates(
    first: u32,
    steps: u32,
    trials: u32,
    schedules: *const u8,
    rows: u32,
    out: *mut f32,
) {
    // SAFETY: whoever launches it keeps what `rate` asks for.
    unsafe { rate(number(), first, steps, trials, schedules, rows, out) };
}
