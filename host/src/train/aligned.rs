//! Rows of `f32` that begin where a cache line does.

/// Elements in a cache line.
const LINE: usize = 16;

/// A fixed number of `f32`, the first at the start of a cache line. The bits never depend on it, the speed does.
#[derive(Debug)]
pub(super) struct Aligned {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` zeros.
    pub(super) fn zeros(len: usize) -> Self {
        let storage = vec![0.0; len + LINE - 1];
        // An allocation may answer that it cannot tell: then any start is as good as another.
        let start = storage.as_ptr().align_offset(LINE * size_of::<f32>());
        Self {
            storage,
            start: if start < LINE { start } else { 0 },
            len,
        }
    }
}

impl core::ops::Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.storage[self.start..][..self.len]
    }
}

impl core::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..][..self.len]
    }
}
