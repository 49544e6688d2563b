//! Schedules read from records and evaluated where the parameters lie.

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hairpin_core::{AnySchedule, Schedule};

/// Bytes between one schedule and the next. The device alone knows how it lays one out; this is room for it.
pub const SCHEDULE_BYTES: usize = 3072;

const _: () =
    assert!(size_of::<AnySchedule>() <= SCHEDULE_BYTES && align_of::<AnySchedule>() <= 16);

/// Reads the record of trial number `thread`, if there is one, into its place among `schedules`.
///
/// # Safety
/// `offsets` has one number more than there are trials, the bounds of each trial's record in `records`; `schedules` has room for
/// [`SCHEDULE_BYTES`] a trial; `refused` is valid.
#[inline(always)]
pub unsafe fn read(
    thread: u64,
    trials: u32,
    records: *const u8,
    offsets: *const u64,
    schedules: *mut u8,
    refused: *mut AtomicU32,
) {
    if thread >= u64::from(trials) {
        return;
    }
    let trial = thread as usize;
    // SAFETY: the caller's.
    let record = unsafe {
        let (start, end) = (*offsets.add(trial), *offsets.add(trial + 1));
        core::slice::from_raw_parts(records.add(start as usize), (end - start) as usize)
    };
    match AnySchedule::from_bytes(record) {
        // SAFETY: there is room, aligned.
        Ok(schedule) => unsafe {
            let place = schedules.add(trial * SCHEDULE_BYTES);
            place
                .cast::<MaybeUninit<AnySchedule>>()
                .write(MaybeUninit::new(schedule));
        },
        // SAFETY: valid and atomic.
        Err(_) => unsafe { (*refused).store(trial as u32 + 1, Relaxed) },
    }
}

/// The rate of one trial at one of the `steps` from `first` on, into row `step % rows` of `rates`.
///
/// Threads beside each other take steps of one trial: they go the same way through its formula.
///
/// # Safety
/// The schedules of all trials were [read]; `rates` is `[rows, trials]`.
#[inline(always)]
pub unsafe fn rate(
    thread: u64,
    first: u32,
    steps: u32,
    trials: u32,
    schedules: *const u8,
    rows: u32,
    rates: *mut f32,
) {
    let Some(trial) = thread
        .checked_div(u64::from(steps))
        .filter(|trial| *trial < u64::from(trials))
    else {
        return;
    };
    let step = first.wrapping_add((thread - trial * u64::from(steps)) as u32);
    let row = step.checked_rem(rows).unwrap_or(0);
    // SAFETY: the caller's.
    unsafe {
        let schedule = &*schedules
            .add(trial as usize * SCHEDULE_BYTES)
            .cast::<AnySchedule>();
        let cell = row as usize * trials as usize + trial as usize;
        *rates.add(cell) = schedule.lr(step);
    }
}
