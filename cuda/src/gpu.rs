//! A GPU, found and opened.

use std::sync::Arc;

use cudarc::driver::CudaContext;

use crate::error::GpuError;
use crate::launch::{Context, Stream};

/// A GPU that runs hairpin's kernels. Clones are the same one.
///
/// # Examples
/// ```
/// use hairpin_cuda::{Gpu, GpuError};
///
/// match Gpu::open() {
///     Ok(gpu) => println!("{} with {} bytes free", gpu.name(), gpu.free_memory()?),
///     Err(GpuError::NoDriver | GpuError::NoDevice) => println!("on the CPU, then"),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), GpuError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gpu {
    context: Arc<Context>,
}

impl Gpu {
    /// The first GPU that the driver names.
    ///
    /// # Errors
    /// Each with its remedy: no driver, no device, a driver or a device that is too old, or what else the driver says. It never
    /// panics.
    pub fn open() -> Result<Self, GpuError> {
        Self::open_device(0)
    }

    /// GPU number `ordinal`, counted from 0 as the driver counts.
    ///
    /// # Errors
    /// As [`Gpu::open`], and where there is no such device.
    pub fn open_device(ordinal: u32) -> Result<Self, GpuError> {
        Ok(Self {
            context: Arc::new(Context::open(ordinal)?),
        })
    }

    /// Its name, as its maker writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.context.device().name
    }

    /// Its compute capability, as (major, minor).
    #[must_use]
    pub fn capability(&self) -> (u32, u32) {
        self.context.device().capability
    }

    /// The version of CUDA that the driver is for, as (major, minor).
    #[must_use]
    pub fn cuda_version(&self) -> (u32, u32) {
        self.context.device().cuda
    }

    /// How many multiprocessors it has.
    #[must_use]
    pub fn multiprocessors(&self) -> u32 {
        self.context.device().multiprocessors
    }

    /// Bytes of shared memory that a block can have at most, when it asks for them.
    #[must_use]
    pub fn shared_memory(&self) -> u32 {
        self.context.device().shared_memory
    }

    /// Bytes of memory that it has.
    #[must_use]
    pub fn total_memory(&self) -> u64 {
        self.context.device().total_memory
    }

    /// Bytes of memory that are free now.
    ///
    /// # Errors
    /// What the driver says.
    pub fn free_memory(&self) -> Result<u64, GpuError> {
        self.context.free_memory()
    }

    /// Waits until all that was asked of any of its streams is done.
    ///
    /// # Errors
    /// What the driver says; also that something asked earlier failed.
    pub fn synchronize(&self) -> Result<(), GpuError> {
        self.context.synchronize()
    }

    /// A new stream. It runs beside all others, the default one included.
    ///
    /// # Errors
    /// What the driver says.
    pub fn stream(&self) -> Result<Stream, GpuError> {
        Stream::new(self)
    }

    /// The context for cudarc's own objects: the primary one, which PyTorch, JAX and the CUDA runtime use.
    #[must_use]
    pub fn cudarc(&self) -> &Arc<CudaContext> {
        self.context.cuda()
    }

    /// Whether memory and streams of one can be used with the other's.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.context.same(&other.context)
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}
