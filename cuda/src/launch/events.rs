//! Points in the order of a stream.

use std::ptr;

use cudarc::driver::sys;

use super::context::Handle;
use super::driver::{done, elapsed};
use super::stream::Stream;
use crate::error::GpuError;
use crate::gpu::Gpu;

/// A point in the order of a stream, to wait for or to measure from.
///
/// # Examples
/// ```no_run
/// use hairpin_cuda::{Event, Gpu};
///
/// let stream = Gpu::open()?.stream()?;
/// let (start, end) = (Event::timed(stream.gpu())?, Event::timed(stream.gpu())?);
/// start.record(&stream)?;
/// end.record(&stream)?;
/// assert!(start.milliseconds_to(&end)? >= 0.0);
/// # Ok::<(), hairpin_cuda::GpuError>(())
/// ```
#[derive(Debug)]
pub struct Event {
    handle: Handle<sys::CUevent_st>,
    gpu: Gpu,
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.gpu.context().bind().is_ok() {
            // SAFETY: created here, destroyed once; who waits for it waits on.
            let _ = unsafe { sys::cuEventDestroy_v2(self.handle.0) };
        }
    }
}

impl Event {
    /// An event to wait for.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Self::with(gpu, sys::CUevent_flags_enum::CU_EVENT_DISABLE_TIMING)
    }

    /// An event that also knows its time.
    ///
    /// # Errors
    /// What the driver says.
    pub fn timed(gpu: &Gpu) -> Result<Self, GpuError> {
        Self::with(gpu, sys::CUevent_flags_enum::CU_EVENT_DEFAULT)
    }

    fn with(gpu: &Gpu, flags: sys::CUevent_flags_enum) -> Result<Self, GpuError> {
        gpu.context().bind()?;
        let mut handle = ptr::null_mut();
        // SAFETY: `handle` is written.
        done("making an event", unsafe {
            sys::cuEventCreate(&mut handle, flags as u32)
        })?;
        Ok(Self {
            handle: Handle(handle),
            gpu: gpu.clone(),
        })
    }

    /// Makes it the point behind all that was asked of `stream` so far.
    ///
    /// # Errors
    /// A stream of another GPU, or what the driver says.
    pub fn record(&self, stream: &Stream) -> Result<(), GpuError> {
        self.on_same(stream)?;
        // SAFETY: both are valid, and of one context.
        done("recording an event", unsafe {
            sys::cuEventRecord(self.handle.0, stream.handle())
        })
    }

    /// Lets what is asked of `stream` from now on wait for it, without a wait here.
    ///
    /// # Errors
    /// A stream of another GPU, or what the driver says.
    pub fn hold(&self, stream: &Stream) -> Result<(), GpuError> {
        self.on_same(stream)?;
        // SAFETY: both are valid, and of one context.
        done("letting a stream wait", unsafe {
            sys::cuStreamWaitEvent(stream.handle(), self.handle.0, 0)
        })
    }

    /// Waits until it is reached; not at all where it was never recorded.
    ///
    /// # Errors
    /// What the driver says.
    pub fn synchronize(&self) -> Result<(), GpuError> {
        self.gpu.context().bind()?;
        // SAFETY: the event is valid.
        done("waiting for an event", unsafe {
            sys::cuEventSynchronize(self.handle.0)
        })
    }

    /// How long after this one `later` was reached, in milliseconds. It waits for both; both are timed and recorded.
    ///
    /// # Errors
    /// What the driver says.
    pub fn milliseconds_to(&self, later: &Self) -> Result<f32, GpuError> {
        self.synchronize()?;
        later.synchronize()?;
        // SAFETY: both are valid.
        unsafe { elapsed(self.handle.0, later.handle.0) }
    }

    fn on_same(&self, stream: &Stream) -> Result<(), GpuError> {
        if !self.gpu.same(stream.gpu()) {
            return Err(GpuError::OtherGpu { what: "the event" });
        }
        self.gpu.context().bind()
    }
}
