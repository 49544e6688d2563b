//! How far down the stack is written.
//!
//! The free stack is filled with one word, and looked through afterwards. The depth is what lies below the caller's frame: the
//! frames of what is called and of all that it calls.

use core::arch::asm;
use core::hint::black_box;
use core::mem::MaybeUninit;

use chip::Error;
use hairpin_core::ConfigError;

use crate::steps::Steps;
use crate::{Make, Use};

/// A word that no computation here leaves behind.
const PAINT: u32 = 0xc0a7_ed57;

/// What is free below the caller's frame: from the end of the data to the stack pointer.
struct Free {
    bottom: *mut u32,
    top: *mut u32,
}

impl Free {
    /// Fills it. Always inlined, as the frame has to be that of the function that makes the calls.
    #[inline(always)]
    fn painted() -> Self {
        unsafe extern "C" {
            // The linker scripts of both runtimes put it at the end of the data; there is no heap.
            static mut __sheap: u32;
        }
        let mut top: *mut u32;
        // SAFETY: it reads the stack pointer.
        #[cfg(target_arch = "arm")]
        unsafe {
            asm!("mov {}, sp", out(reg) top, options(nomem, nostack));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "riscv32")]
        unsafe {
            asm!("mv {}, sp", out(reg) top, options(nomem, nostack));
        }
        let bottom = &raw mut __sheap;
        let mut word = bottom;
        while word < top {
            // SAFETY: the word lies above all data and below the stack pointer. Nobody owns it: there is no heap, no interrupt is
            // enabled, and no function that is still running has its frame there.
            unsafe {
                word.write_volatile(PAINT);
                word = word.add(1);
            }
        }
        Self { bottom, top }
    }

    /// How many bytes of it were written; an error where all were, so that it did not suffice.
    #[inline(always)]
    fn written(&self) -> Result<u32, Error> {
        let mut word = self.bottom;
        // SAFETY: as above; all of it was written when it was painted.
        while word < self.top && unsafe { word.read_volatile() } == PAINT {
            // SAFETY: one word further, at most the top.
            word = unsafe { word.add(1) };
        }
        if word == self.bottom {
            return Err(Error);
        }
        Ok((self.top.addr() - word.addr()) as u32)
    }
}

/// Makes a thing in this place, and tells how deep that goes.
#[inline(never)]
pub(crate) fn of_making<T>(
    make: Make<T>,
    place: &mut MaybeUninit<Result<T, ConfigError>>,
) -> Result<(&mut T, u32), Error> {
    let free = Free::painted();
    let made = place.write(make());
    let depth = free.written()?;
    Ok((made.as_mut().map_err(|_| Error)?, depth))
}

/// Uses it at every step, and tells how deep that goes.
#[inline(never)]
pub(crate) fn of_using<T>(call: Use<T>, thing: &mut T, steps: &Steps) -> Result<u32, Error> {
    let free = Free::painted();
    for index in 0..steps.count() {
        black_box(call(thing, steps.at(index)));
    }
    free.written()
}
