//! Memory on the device.

use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUresult};
use hairpin_kernels::update::{Control, GroupRecord, TileRecord, TrialRecord};

use super::driver::done;
use super::recording::leave;
use super::stream::Stream;
use crate::error::GpuError;
use crate::gpu::Gpu;

/// What may lie in a [`Buffer`].
///
/// # Safety
/// Every pattern of bits is a value, no byte of a value is padding, and none is a pointer.
pub unsafe trait Plain: Sized + 'static {}

macro_rules! plain {
    ($($type:ty),+) => {$(
        // SAFETY: a number of the machine, or a `repr(C)` struct of such numbers that leaves no byte between them.
        unsafe impl Plain for $type {}
    )+};
}

plain!(
    f32,
    f64,
    u8,
    u32,
    u64,
    i32,
    i64,
    TrialRecord,
    GroupRecord,
    TileRecord,
    Control
);

const _: () = assert!(
    size_of::<TrialRecord>() == 32
        && size_of::<GroupRecord>() == 16
        && size_of::<TileRecord>() == 24
        && size_of::<Control>() == 16
);

/// An allocation; it is freed once nothing uses it any more, on the device either.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) address: u64,
    gpu: Gpu,
}

impl Memory {
    fn new(gpu: &Gpu, bytes: u64) -> Result<Self, GpuError> {
        gpu.context().bind()?;
        let mut address = 0;
        let refused = |free| GpuError::OutOfMemory {
            needed: bytes,
            free,
            parts: None,
        };
        let Ok(size) = usize::try_from(bytes) else {
            return Err(refused(gpu.free_memory()?));
        };
        // SAFETY: `address` is written.
        match unsafe { sys::cuMemAlloc_v2(&mut address, size) } {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => Err(refused(gpu.free_memory()?)),
            other => {
                done("allocating memory", other)?;
                Ok(Self {
                    address,
                    gpu: gpu.clone(),
                })
            }
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let (address, gpu) = (self.address, &self.gpu);
        let is_left = leave(|| Self {
            address,
            gpu: gpu.clone(),
        });
        if !is_left && gpu.context().bind().is_ok() {
            // A device that failed cannot be told of it.
            let _ = gpu.synchronize();
            // SAFETY: allocated once and freed here, after all that was launched with it, in its context.
            let _ = unsafe { sys::cuMemFree_v2(address) };
        }
    }
}

/// `len` values of type `T` on the device.
///
/// Uploads and downloads wait until they are through. They and launches are in the order of the stream that they are given.
///
/// # Examples
/// ```no_run
/// let gpu = hairpin_cuda::Gpu::open()?;
/// let stream = gpu.stream()?;
/// let mut params = hairpin_cuda::Buffer::<f32>::zeros(&stream, 1 << 20)?;
/// params.upload(&stream, 2, &[1.0, 2.0])?;
/// assert_eq!(params.download_range(&stream, 1, 3)?, [0.0, 1.0, 2.0]);
/// # Ok::<(), hairpin_cuda::GpuError>(())
/// ```
#[derive(Debug)]
pub struct Buffer<T> {
    memory: Arc<Memory>,
    len: u64,
    of: PhantomData<fn() -> T>,
}

impl<T: Plain> Buffer<T> {
    const SIZE: u64 = size_of::<T>() as u64;

    /// `len` values whose bytes are 0.
    ///
    /// # Errors
    /// No memory for them, or what the driver says.
    pub fn zeros(stream: &Stream, len: u64) -> Result<Self, GpuError> {
        let bytes = len
            .checked_mul(Self::SIZE)
            .and_then(|bytes| bytes.max(1).checked_next_multiple_of(16))
            .ok_or(GpuError::TooMany {
                what: "elements",
                found: len,
                most: u64::MAX / Self::SIZE - 16,
            })?;
        let memory = Memory::new(stream.gpu(), bytes)?;
        // SAFETY: as many words as were just allocated.
        done("clearing memory", unsafe {
            sys::cuMemsetD32Async(memory.address, 0, (bytes / 4) as usize, stream.handle())
        })?;
        Ok(Self {
            memory: Arc::new(memory),
            len,
            of: PhantomData,
        })
    }

    /// A copy of `values`.
    ///
    /// # Errors
    /// As [`Buffer::zeros`].
    pub fn from_slice(stream: &Stream, values: &[T]) -> Result<Self, GpuError> {
        let mut buffer = Self::zeros(stream, values.len() as u64)?;
        buffer.upload(stream, 0, values)?;
        Ok(buffer)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where it lies on the device; a multiple of 256.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.memory.address
    }

    /// Overwrites the values from number `at` on.
    ///
    /// # Errors
    /// More values than there are from there on, another GPU's stream, one that is recording a graph, or what the driver says.
    pub fn upload(&mut self, stream: &Stream, at: u64, values: &[T]) -> Result<(), GpuError> {
        self.write(stream, at, values)
    }

    /// All values.
    ///
    /// # Errors
    /// As [`Buffer::upload`].
    pub fn download(&self, stream: &Stream) -> Result<Vec<T>, GpuError> {
        self.download_range(stream, 0, self.len)
    }

    /// `count` values from number `at` on.
    ///
    /// # Errors
    /// As [`Buffer::upload`].
    pub fn download_range(&self, stream: &Stream, at: u64, count: u64) -> Result<Vec<T>, GpuError> {
        self.within(at, count)?;
        stream.ready(self, "the buffer")?;
        let count = count as usize;
        let mut values = Vec::<T>::with_capacity(count);
        if count > 0 {
            // SAFETY: inside the allocation on one side, inside the vector's capacity on the other; the wait ends the copy before the
            // vector is looked at, and any bits are values.
            unsafe {
                done(
                    "downloading",
                    sys::cuMemcpyDtoHAsync_v2(
                        values.as_mut_ptr().cast(),
                        self.at(at),
                        count * size_of::<T>(),
                        stream.handle(),
                    ),
                )?;
                stream.synchronize()?;
                values.set_len(count);
            }
        }
        Ok(values)
    }

    /// Overwrites all values with those of `other`, on the device.
    ///
    /// # Errors
    /// Another length, another GPU, or what the driver says.
    pub fn copy_from(&mut self, stream: &Stream, other: &Self) -> Result<(), GpuError> {
        if self.len != other.len {
            return Err(GpuError::Length {
                what: "the buffer copied from",
                expected: self.len,
                found: other.len,
            });
        }
        stream.on_same(self, "the buffer")?;
        stream.on_same(other, "the buffer copied from")?;
        stream.keep(&self.memory);
        stream.keep(&other.memory);
        // SAFETY: two allocations of this length; both live until the copy is through.
        done("copying on the device", unsafe {
            sys::cuMemcpyDtoDAsync_v2(
                self.at(0),
                other.at(0),
                (self.len * Self::SIZE) as usize,
                stream.handle(),
            )
        })
    }

    /// [`Buffer::upload`] where the crate knows who else writes here.
    pub(crate) fn write(&self, stream: &Stream, at: u64, values: &[T]) -> Result<(), GpuError> {
        self.within(at, values.len() as u64)?;
        stream.ready(self, "the buffer")?;
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: inside the allocation, and the values stay where they are until the wait is over.
        done("uploading", unsafe {
            sys::cuMemcpyHtoDAsync_v2(
                self.at(at),
                values.as_ptr().cast(),
                size_of_val(values),
                stream.handle(),
            )
        })?;
        stream.synchronize()
    }

    /// Writes the 32-bit word at `offset` bytes, in the order of the stream and without a wait.
    pub(crate) fn set_word(
        &self,
        stream: &Stream,
        offset: usize,
        word: u32,
    ) -> Result<(), GpuError> {
        let offset = offset as u64;
        let end = self.len * Self::SIZE;
        if !offset.is_multiple_of(4) || offset.checked_add(4).is_none_or(|last| last > end) {
            return Err(GpuError::Length {
                what: "the word's buffer",
                expected: offset.saturating_add(4),
                found: end,
            });
        }
        stream.on_same(self, "the buffer")?;
        stream.keep(&self.memory);
        // SAFETY: a word inside the allocation.
        done("setting a number", unsafe {
            sys::cuMemsetD32Async(self.at(0) + offset, word, 1, stream.handle())
        })
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(super) fn gpu(&self) -> &Gpu {
        &self.memory.gpu
    }

    /// The address of value number `at`.
    pub(super) fn at(&self, at: u64) -> u64 {
        self.memory.address + at * Self::SIZE
    }

    /// That there are `count` values from number `at` on.
    pub(super) fn within(&self, at: u64, count: u64) -> Result<(), GpuError> {
        match at.checked_add(count) {
            Some(end) if end <= self.len => Ok(()),
            end => Err(GpuError::Length {
                what: "the buffer",
                expected: end.unwrap_or(u64::MAX),
                found: self.len,
            }),
        }
    }
}

impl Buffer<f32> {
    /// Overwrites one column of a matrix `[.., width]`, from `row` on.
    pub(crate) fn write_column(
        &self,
        stream: &Stream,
        width: u64,
        row: u64,
        column: u64,
        values: &[f32],
    ) -> Result<(), GpuError> {
        let Some(more) = values.len().checked_sub(1) else {
            return Ok(());
        };
        let last = (row + more as u64)
            .checked_mul(width)
            .and_then(|start| start.checked_add(column));
        self.within(last.unwrap_or(u64::MAX), 1)?;
        stream.ready(self, "the table")?;
        let pitch = (width * Self::SIZE) as usize;
        let copy = sys::CUDA_MEMCPY2D_st {
            srcXInBytes: 0,
            srcY: 0,
            srcMemoryType: sys::CUmemorytype::CU_MEMORYTYPE_HOST,
            srcHost: values.as_ptr().cast(),
            srcDevice: 0,
            srcArray: std::ptr::null_mut(),
            srcPitch: size_of::<f32>(),
            dstXInBytes: 0,
            dstY: 0,
            dstMemoryType: sys::CUmemorytype::CU_MEMORYTYPE_DEVICE,
            dstHost: std::ptr::null_mut(),
            dstDevice: self.at(row * width + column),
            dstArray: std::ptr::null_mut(),
            dstPitch: pitch,
            WidthInBytes: size_of::<f32>(),
            Height: values.len(),
        };
        // SAFETY: the last element, and so every one, is inside the allocation; the values stay until the wait is over.
        done("uploading a column", unsafe {
            sys::cuMemcpy2DAsync_v2(&copy, stream.handle())
        })?;
        stream.synchronize()
    }
}
