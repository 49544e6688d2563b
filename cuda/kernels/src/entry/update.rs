//! The update, in both roundings, for trials without momentum or with it.

use core::arch::nvptx;

use hairpin_core::sgd::{Fused, Separate};

use super::{Rn, place};
use crate::update::{Update, check, finish, update};

macro_rules! updates {
    ($($name:ident: $rounding:ty, $velocity:literal;)+) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $name(arguments: Update) {
            // SAFETY: whoever launches it keeps what `update` asks for, over one thread a lane of every tile.
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

updates! {
    update_separate_plain: Separate, false;
    update_separate_momentum: Separate, true;
    update_fused_plain: Fused<Rn>, false;
    update_fused_momentum: Fused<Rn>, true;
}

#[unsafe(no_mangle)]
unsafe extern "ptx-kernel" fn gradients_check(arguments: Update) {
    // SAFETY: as above.
    unsafe { check(place(), &arguments) };
}
