//! How far down the stack is written.
//!
//! The free stack is filled with one word, and looked through afterwards.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::ptr;

use crate::Error;

/// A word that no computation here leaves behind.
const PAINT: u32 = 0xc0a7_ed57;

/// A place that the linker script names. Nothing stands there that Rust knows of; only its address is taken.
#[repr(transparent)]
struct Place(UnsafeCell<u8>);

// SAFETY: nobody reads or writes it by this name.
unsafe impl Sync for Place {}

unsafe extern "C" {
    /// The end of what is in RAM for good, by the linker scripts of both runtimes; there is no heap.
    #[link_name = "__sheap"]
    safe static FLOOR: Place;
    /// The end of RAM, where the stack begins.
    #[link_name = "_stack_start"]
    safe static CEILING: Place;
}

fn address(place: &'static Place) -> usize {
    place.0.get().expose_provenance()
}

/// What was free below a frame, painted: from the end of the data to the stack pointer.
pub struct Painted {
    bottom: usize,
    top: usize,
}

impl Painted {
    /// Paints it. Always inlined, as the frame has to be that of the function that makes the calls.
    #[inline(always)]
    #[must_use]
    pub fn below() -> Self {
        let top: usize;
        // SAFETY: it reads the stack pointer.
        #[cfg(target_arch = "arm")]
        unsafe {
            asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "riscv32")]
        unsafe {
            asm!("mv {}, sp", out(reg) top, options(nomem, nostack, preserves_flags));
        }
        let bottom = address(&FLOOR);
        let mut word = bottom;
        while word < top {
            // SAFETY: the word lies above all data and below the stack pointer. It is memory of the chip in which Rust has no object: there is
            // no heap, no interrupt is enabled, and no function that is still running has its frame there.
            unsafe { ptr::with_exposed_provenance_mut::<u32>(word).write_volatile(PAINT) };
            word = word.wrapping_add(size_of::<u32>());
        }
        Self { bottom, top }
    }

    /// Where the lowest word that was written lies; an error where all were, so that the stack did not suffice.
    #[inline(always)]
    fn lowest(&self) -> Result<usize, Error> {
        let mut word = self.bottom;
        while word < self.top {
            // SAFETY: as above; whatever ran since has left its frames.
            let found = unsafe { ptr::with_exposed_provenance::<u32>(word).read_volatile() };
            if found != PAINT {
                break;
            }
            word = word.wrapping_add(size_of::<u32>());
        }
        if word == self.bottom {
            return Err(Error);
        }
        Ok(word)
    }

    /// How many bytes of it were written: the frames of what was called, and of all that it called.
    #[inline(always)]
    pub fn written(&self) -> Result<u32, Error> {
        Ok(self.top.wrapping_sub(self.lowest()?) as u32)
    }

    /// How many bytes of stack were in use at most, what was there before it was painted included.
    #[inline(always)]
    pub fn depth(&self) -> Result<u32, Error> {
        Ok(address(&CEILING).wrapping_sub(self.lowest()?) as u32)
    }
}
