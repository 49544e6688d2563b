//! Schedules, read from their records once.

use core::sync::atomic::AtomicU32;

use super::number;
use crate::rates::read;

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
