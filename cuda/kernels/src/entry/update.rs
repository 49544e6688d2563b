//! The update, in both roundings, for trials without momentum or with it.

use core::arch::nvptx;

use hairpin_core::sgd::{Fused, MulAdd, Separate};

use super::{Rn, place};
use crate::update::{Update, check, finish, update};

macro_rules! updates {
    ($($name:ident: $rounding:ty, $velocity:literal $(, $lanes:literal)?;)+) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $name(arguments: Update) {
            $(
                // Where the compiler knows how many lanes there are it needs fewer registers, and more threads fit.
                let arguments = Update {
                    lanes: $lanes,
                    ..arguments
                };
            )?
            // SAFETY: whoever launches it keeps what `update` asks for, over one thread a lane of every tile.
            unsafe { step::<$rounding, $velocity>(&arguments) };
        }
    )+};
}

// For tiles of a whole warp, of half a warp, and of any size.
updates! {
    update_separate_plain_32: Separate, false, 32;
    update_separate_plain_16: Separate, false, 16;
    update_separate_plain: Separate, false;
    update_separate_momentum_32: Separate, true, 32;
    update_separate_momentum_16: Separate, true, 16;
    update_separate_momentum: Separate, true;
    update_fused_plain_32: Fused<Rn>, false, 32;
    update_fused_plain_16: Fused<Rn>, false, 16;
    update_fused_plain: Fused<Rn>, false;
    update_fused_momentum_32: Fused<Rn>, true, 32;
    update_fused_momentum_16: Fused<Rn>, true, 16;
    update_fused_momentum: Fused<Rn>, true;
}

/// # Safety
/// As [`update`].
#[inline(always)]
unsafe fn step<M: MulAdd, const V: bool>(arguments: &Update) {
    // SAFETY: the caller's.
    unsafe {
        let place = place();
        update::<M, V>(place, arguments);
        nvptx::_syncthreads();
        if place.thread == 0 {
            finish(nvptx::_grid_dim_x() as u32, arguments.control);
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "ptx-kernel" fn gradients_check(arguments: Update) {
    // SAFETY: as above.
    unsafe { check(place(), &arguments) };
}
