//! Schedules evaluated at any steps.

use super::number;
use crate::rates::rate;

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
