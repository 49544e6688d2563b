//! The update, in both roundings, for trials without momentum or with it.

use core::arch::nvptx;

use hairpin_core::sgd::{Fused, MulAdd, Separate};

use super::{Rn, place};
use crate::place::LANES;
use crate::update::{Update, check, finish, update};

macro_rules! updates {
    ($($wide:ident, $small:ident: $rounding:ty, $velocity:literal;)+) => {$(
        /// For tiles that a whole warp takes: the compiler knows how many lanes that are, and needs fewer registers.
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $wide(arguments: Update) {
            let arguments = Update {
                lanes: LANES,
                ..arguments
            };
            // SAFETY: whoever launches it keeps what `update` asks for, over one thread a lane of every tile.
            unsafe { step::<$rounding, $velocity>(&arguments) };
        }

        /// For tiles of any size.
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $small(arguments: Update) {
            // SAFETY: as above.
            unsafe { step::<$rounding, $velocity>(&arguments) };
        }
    )+};
}

updates! {
    update_separate_plain_wide, update_separate_plain: Separate, false;
    update_separate_momentum_wide, update_separate_momentum: Separate, true;
    update_fused_plain_wide, update_fused_plain: Fused<Rn>, false;
    update_fused_momentum_wide, update_fused_momentum: Fused<Rn>, true;
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
