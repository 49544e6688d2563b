//! Memory of the host that the device copies from by itself.

use std::ptr;

use cudarc::driver::sys;

use super::context::Handle;
use super::driver::done;
use super::events::Event;
use super::memory::Buffer;
use super::stream::Stream;
use crate::error::GpuError;
use crate::gpu::Gpu;

/// Rates on their way to the device: written here, copied while the host goes on.
#[derive(Debug)]
pub(crate) struct Pinned {
    pointer: Handle<f32>,
    len: usize,
    copied: Event,
    gpu: Gpu,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Not freed where a copy may be under way.
        if self.copied.synchronize().is_ok() {
            // SAFETY: allocated here, freed once.
            let _ = unsafe { sys::cuMemFreeHost(self.pointer.0.cast()) };
        }
    }
}

impl Pinned {
    pub(crate) fn new(gpu: &Gpu, len: usize) -> Result<Self, GpuError> {
        let copied = Event::new(gpu)?;
        let bytes = len
            .checked_mul(size_of::<f32>())
            .ok_or(GpuError::TooMany {
                what: "rates in a window",
                found: len as u64,
                most: usize::MAX as u64 / 4,
            })?
            .max(size_of::<f32>());
        let mut pointer = ptr::null_mut();
        // SAFETY: `pointer` is written.
        done("allocating pinned memory", unsafe {
            sys::cuMemHostAlloc(&mut pointer, bytes, 0)
        })?;
        // SAFETY: as many bytes as were just allocated; zeros are floats.
        unsafe { ptr::write_bytes(pointer.cast::<u8>(), 0, bytes) };
        Ok(Self {
            pointer: Handle(pointer.cast()),
            len,
            copied,
            gpu: gpu.clone(),
        })
    }

    /// What is written next, once the last copy is through.
    pub(crate) fn free(&mut self) -> Result<&mut [f32], GpuError> {
        self.copied.synchronize()?;
        // SAFETY: allocated with this length and initialised; nothing copies from it, and whoever would holds it mutably.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.pointer.0, self.len) })
    }

    /// Copies the first `count` rates to `buffer` from number `at` on, in the order of `stream`, which [`Pinned::copied`] marks.
    pub(crate) fn send(
        &mut self,
        stream: &Stream,
        buffer: &Buffer<f32>,
        at: u64,
        count: usize,
    ) -> Result<(), GpuError> {
        if count > self.len || !self.gpu.same(stream.gpu()) {
            return Err(GpuError::Length {
                what: "the pinned window",
                expected: count as u64,
                found: self.len as u64,
            });
        }
        buffer.within(at, count as u64)?;
        stream.ready(buffer, "the table")?;
        // SAFETY: inside both; this memory is neither written nor freed before the event is reached.
        done("uploading rates", unsafe {
            sys::cuMemcpyHtoDAsync_v2(
                buffer.at(at),
                self.pointer.0.cast(),
                count * size_of::<f32>(),
                stream.handle(),
            )
        })?;
        self.copied.record(stream)
    }

    /// The point behind the last copy.
    pub(crate) fn copied(&self) -> &Event {
        &self.copied
    }
}
