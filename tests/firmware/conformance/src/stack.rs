//! How deep the stack was: memory below it is painted, and what is still painted was never used.

use core::ptr;

unsafe extern "C" {
    /// The end of what is in RAM for good, by the linker script.
    #[link_name = "__sheap"]
    static FLOOR: u32;
    /// The end of RAM, where the stack begins.
    #[link_name = "_stack_start"]
    static TOP: u32;
}

const PAINT: u32 = 0x9d3c_a55f;

/// Bytes below the caller's frame that are left alone: the painter's own frame.
const MARGIN: usize = 128;

/// Painted memory between what is in RAM for good and the stack.
pub struct Paint {
    words: usize,
}

impl Paint {
    /// Paints all below the caller.
    #[inline(never)]
    pub fn spread() -> Self {
        let here = 0_u32;
        let floor = &raw const FLOOR;
        let free = (&raw const here).addr().saturating_sub(floor.addr());
        let words = free.saturating_sub(MARGIN) / size_of::<u32>();
        for word in 0..words {
            // SAFETY: from the floor up to below this frame nothing is in use: no heap, no other stack, no interrupt.
            unsafe { ptr::write_volatile(floor.cast_mut().add(word), PAINT) };
        }
        Self { words }
    }

    /// How many bytes of stack were in use at most; `None` where it went as far as the floor, and perhaps beyond.
    pub fn depth(&self) -> Option<u32> {
        let floor = &raw const FLOOR;
        // SAFETY: the words that were painted, read as they are.
        let is_painted = |word: &usize| unsafe { ptr::read_volatile(floor.add(*word)) } == PAINT;
        let unused = (0..self.words).take_while(is_painted).count();
        if unused == 0 {
            return None;
        }
        let all = (&raw const TOP).addr().saturating_sub(floor.addr());
        u32::try_from(all.saturating_sub(unused.saturating_mul(size_of::<u32>()))).ok()
    }
}
