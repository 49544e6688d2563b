//! The shells: what the driver starts.
use core::arch::nvptx;
#[cfg(feature = "schedules")]
use core::sync::atomic::AtomicU32;

use hairpin_core::Fma;
use hairpin_core::sgd::{Fused, Separate};

use crate::place::Place;
#[cfg(feature = "update")]
use crate::update::{Update, check, finish, update};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

pub(crate) struct Rn;

impl Fma for Rn {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        core::intrinsics::fmaf32(a, b, c)
    }
}

fn place() -> Place {
    unsafe {
        Place {
            thread: nvptx::_thread_idx_x() as u32,
            block: nvptx::_block_idx_x() as u32,
        }
    }
}

macro_rules! updates {
    ($($name:ident: $rounding:ty, $velocity:literal;)+) => {$(
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "ptx-kernel" fn $name(arguments: Update) {
            unsafe {
                let place = place();
                update::<$rounding, $velocity>(place, &arguments);
                nvptx::_syncthreads();
                if place.thread == 0 {
                    finish(nvptx::_grid_dim_x() as u32, arguments.control);
                }
            }
        }
    )+};
}

#[cfg(feature = "update")]
updates! {
    update_separate_plain: Separate, false;
    update_separate_momentum: Separate, true;
    update_fused_plain: Fused<Rn>, false;
    update_fused_momentum: Fused<Rn>, true;
}

#[cfg(feature = "update")]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "ptx-kernel" fn gradients_check(arguments: Update) {
    unsafe { check(place(), &arguments) };
}

#[cfg(feature = "schedules")]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "ptx-kernel" fn schedules_read(
    trials: u32,
    records: *const u8,
    offsets: *const u64,
    schedules: *mut u8,
    refused: *mut AtomicU32,
) {
    unsafe {
        let place = place();
        let trial = place.block * nvptx::_block_dim_x() as u32 + place.thread;
        crate::rates::read(trial, trials, records, offsets, schedules, refused);
    }
}

#[cfg(feature = "rates")]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "ptx-kernel" fn rates(
    first: u32,
    steps: u32,
    trials: u32,
    schedules: *const u8,
    rows: u32,
    out: *mut f32,
) {
    unsafe {
        let place = place();
        let at = place.block as u64 * nvptx::_block_dim_x() as u64 + place.thread as u64;
        let trial = at.checked_div(steps as u64).unwrap_or(u64::MAX);
        if trial < trials as u64 {
            let step = (at - trial * steps as u64) as u32;
            crate::rates::rate(first + step, trial as u32, trials, schedules, rows, out);
        }
    }
}
