//! Streams, and graphs recorded from them.

use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::sys;

use super::context::Handle;
use super::driver::done;
use super::memory::{Buffer, Memory, Plain};
use super::recording::RecordingThread;
use crate::error::GpuError;
use crate::gpu::Gpu;

/// Work on a GPU that is done in order. Clones are the same stream.
#[derive(Clone, Debug)]
pub struct Stream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    gpu: Gpu,
    handle: Handle<sys::CUstream_st>,
    owned: bool,
    /// What a graph that is being recorded uses.
    kept: Mutex<Option<Vec<Arc<Memory>>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.owned && self.gpu.context().bind().is_ok() {
            // SAFETY: created here, destroyed once; work under way is done all the same.
            let _ = unsafe { sys::cuStreamDestroy_v2(self.handle.0) };
        }
    }
}

impl Stream {
    pub(crate) fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        gpu.context().bind()?;
        let mut handle = ptr::null_mut();
        // SAFETY: `handle` is written.
        done("making a stream", unsafe {
            sys::cuStreamCreate(
                &mut handle,
                sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32,
            )
        })?;
        Ok(Self::of(gpu, handle, true))
    }

    /// A stream that somebody else made and keeps: of PyTorch, JAX or a CUDA program. 0 is the default stream.
    ///
    /// # Safety
    /// `handle` is a `CUstream` (or `cudaStream_t`) of this GPU's primary context, and stays one as long as the result and what was made with it.
    #[must_use]
    pub unsafe fn borrowed(gpu: &Gpu, handle: u64) -> Self {
        Self::of(gpu, handle as usize as sys::CUstream, false)
    }

    fn of(gpu: &Gpu, handle: sys::CUstream, owned: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                gpu: gpu.clone(),
                handle: Handle(handle),
                owned,
                kept: Mutex::default(),
            }),
        }
    }

    /// The GPU that it runs on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        &self.inner.gpu
    }

    /// Waits until all that was asked of it is done.
    ///
    /// # Errors
    /// What the driver says; also that something asked earlier failed.
    pub fn synchronize(&self) -> Result<(), GpuError> {
        self.gpu().context().bind()?;
        // SAFETY: the handle is valid as long as this lives.
        done("waiting for the GPU", unsafe {
            sys::cuStreamSynchronize(self.handle())
        })
    }

    /// Whether a graph is being recorded from it: what is asked of it then is not done but written down.
    ///
    /// # Errors
    /// What the driver says.
    pub fn is_recording(&self) -> Result<bool, GpuError> {
        self.gpu().context().bind()?;
        let mut status = sys::CUstreamCaptureStatus_enum::CU_STREAM_CAPTURE_STATUS_NONE;
        // SAFETY: the handle is valid; `status` is written.
        done("asking whether a graph is being recorded", unsafe {
            sys::cuStreamIsCapturing(self.handle(), &mut status)
        })?;
        Ok(status != sys::CUstreamCaptureStatus_enum::CU_STREAM_CAPTURE_STATUS_NONE)
    }

    /// Records what `work` asks of this stream, to be done again and again by [`Graph::launch`]. Nothing is done yet. Other threads that wait for the
    /// whole GPU, or free memory of it, do so when it is recorded: `work` must not wait for them, nor for another recording. Memory of the GPU that
    /// `work` frees is freed then, too.
    ///
    /// # Errors
    /// What `work` or the driver says.
    pub fn record(&self, work: impl FnOnce() -> Result<(), GpuError>) -> Result<Graph, GpuError> {
        self.gpu().context().bind()?;
        let _thread = RecordingThread::begin();
        // SAFETY: the handle is valid.
        done("beginning to record a graph", unsafe {
            sys::cuStreamBeginCapture_v2(
                self.handle(),
                sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL,
            )
        })?;
        *self.kept() = Some(Vec::new());
        let recording = Recording(self);
        let worked = work();
        let (graph, kept) = recording.end();
        let graph = graph?;
        worked?;
        let mut ready = ptr::null_mut();
        // SAFETY: the graph was just recorded; `ready` is written.
        done("preparing a graph", unsafe {
            sys::cuGraphInstantiateWithFlags(&mut ready, graph.0.0, 0)
        })?;
        Ok(Graph {
            ready: Handle(ready),
            stream: self.clone(),
            _kept: kept,
        })
    }

    /// Whether both are the same stream of the driver's.
    pub(crate) fn same(&self, other: &Self) -> bool {
        ptr::eq(self.handle(), other.handle()) && self.gpu().same(other.gpu())
    }

    pub(super) fn handle(&self) -> sys::CUstream {
        self.inner.handle.0
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Vec<Arc<Memory>>>> {
        self.inner
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps memory for a graph that is being recorded.
    pub(super) fn keep(&self, memory: &Arc<Memory>) {
        if let Some(kept) = self.kept().as_mut()
            && !kept.iter().any(|held| Arc::ptr_eq(held, memory))
        {
            kept.push(Arc::clone(memory));
        }
    }

    /// That a buffer is on this stream's GPU, which becomes the thread's.
    pub(super) fn on_same<T: Plain>(
        &self,
        buffer: &Buffer<T>,
        what: &'static str,
    ) -> Result<(), GpuError> {
        if !self.gpu().same(buffer.gpu()) {
            return Err(GpuError::OtherGpu { what });
        }
        self.gpu().context().bind()
    }

    /// That a buffer's bytes can go to or from the host now.
    pub(super) fn ready<T: Plain>(
        &self,
        buffer: &Buffer<T>,
        what: &'static str,
    ) -> Result<(), GpuError> {
        self.on_same(buffer, what)?;
        if self.is_recording()? {
            return Err(GpuError::Unsupported(
                "bytes of the host are copied at once and cannot be part of a graph: copy before or after it is recorded",
            ));
        }
        Ok(())
    }
}

/// A graph as it was recorded.
struct Recorded(Handle<sys::CUgraph_st>);

impl Drop for Recorded {
    fn drop(&mut self) {
        // SAFETY: recorded once, destroyed here; what was prepared from it goes on.
        let _ = unsafe { sys::cuGraphDestroy(self.0.0) };
    }
}

/// A stream while a graph is being recorded, which ends whatever happens.
struct Recording<'a>(&'a Stream);

impl Recording<'_> {
    fn end(self) -> (Result<Recorded, GpuError>, Vec<Arc<Memory>>) {
        let kept = self.0.kept().take().unwrap_or_default();
        let graph = self.stop();
        std::mem::forget(self);
        (graph, kept)
    }

    fn stop(&self) -> Result<Recorded, GpuError> {
        self.0.gpu().context().bind()?;
        let mut graph = ptr::null_mut();
        // SAFETY: this stream is recording; `graph` is written.
        done("ending to record a graph", unsafe {
            sys::cuStreamEndCapture(self.0.handle(), &mut graph)
        })?;
        Ok(Recorded(Handle(graph)))
    }
}

impl Drop for Recording<'_> {
    /// Where `work` panicked.
    fn drop(&mut self) {
        *self.0.kept() = None;
        let _ = self.stop();
    }
}

/// Work that was recorded and can be launched again and again. It keeps the memory it uses.
#[derive(Debug)]
pub struct Graph {
    ready: Handle<sys::CUgraphExec_st>,
    stream: Stream,
    _kept: Vec<Arc<Memory>>,
}

impl Drop for Graph {
    fn drop(&mut self) {
        if self.stream.synchronize().is_ok() {
            // SAFETY: prepared once, destroyed here.
            let _ = unsafe { sys::cuGraphExecDestroy(self.ready.0) };
        }
    }
}

impl Graph {
    /// Does what was recorded, on the stream that it was recorded from.
    ///
    /// # Errors
    /// What the driver says.
    pub fn launch(&mut self) -> Result<(), GpuError> {
        self.stream.gpu().context().bind()?;
        // SAFETY: prepared and not yet destroyed; no other thread uses it, as it is borrowed mutably.
        done("launching a graph", unsafe {
            sys::cuGraphLaunch(self.ready.0, self.stream.handle())
        })
    }
}
