//! Memory that a block works in: shared where a trial fits, global where it does not.

/// Numbers at places that are counted from the start of a piece of memory.
///
/// All threads of a block see it. What one writes another may read after the next [`Team::sync`](super::Team::sync).
pub trait Space: Copy {
    /// The piece that begins `words` further on.
    fn beyond(self, words: u32) -> Self;

    /// The piece that begins `count` pieces of `words` further on, however far that is.
    fn beyond_many(self, count: u32, words: u32) -> Self;

    /// The number at `at`.
    ///
    /// # Safety
    /// `at` is inside, and was written.
    unsafe fn load(self, at: u32) -> f32;

    /// Four numbers from `at` on.
    ///
    /// # Safety
    /// As [`Space::load`]; `at` lies on 16 bytes.
    unsafe fn load4(self, at: u32) -> [f32; 4];

    /// Writes the number at `at`.
    ///
    /// # Safety
    /// `at` is inside, and no other thread uses it before the next sync.
    unsafe fn store(self, at: u32, x: f32);

    /// Writes four numbers from `at` on.
    ///
    /// # Safety
    /// As [`Space::store`]; `at` lies on 16 bytes.
    unsafe fn store4(self, at: u32, x: [f32; 4]);
}

/// Memory that has an address like any other: global memory, or that of a host.
#[derive(Clone, Copy, Debug)]
pub struct Addressed(pub *mut f32);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Vector([f32; 4]);

impl Space for Addressed {
    #[inline(always)]
    fn beyond(self, words: u32) -> Self {
        Self(self.0.wrapping_add(words as usize))
    }

    #[inline(always)]
    fn beyond_many(self, count: u32, words: u32) -> Self {
        Self(self.0.wrapping_add(count as usize * words as usize))
    }

    #[inline(always)]
    unsafe fn load(self, at: u32) -> f32 {
        // SAFETY: the caller's.
        unsafe { *self.0.add(at as usize) }
    }

    #[inline(always)]
    unsafe fn load4(self, at: u32) -> [f32; 4] {
        // SAFETY: the caller's.
        unsafe { (*self.0.add(at as usize).cast::<Vector>()).0 }
    }

    #[inline(always)]
    unsafe fn store(self, at: u32, x: f32) {
        // SAFETY: the caller's.
        unsafe { *self.0.add(at as usize) = x }
    }

    #[inline(always)]
    unsafe fn store4(self, at: u32, x: [f32; 4]) {
        // SAFETY: the caller's.
        unsafe { *self.0.add(at as usize).cast::<Vector>() = Vector(x) }
    }
}
