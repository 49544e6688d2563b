//! A device, its context and the modules loaded into it.

use std::ffi::CString;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use cudarc::driver::{CudaContext, DriverError};

use super::driver::{done, failed, present};
use super::recording;
use crate::error::{GpuError, OLDEST_CAPABILITY, OLDEST_CUDA};
use crate::modules::{self, Module};

/// What a device says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) capability: (u32, u32),
    pub(crate) multiprocessors: u32,
    pub(crate) shared_memory: u32,
    pub(crate) total_memory: u64,
    pub(crate) cuda: (u32, u32),
}

/// A handle of the driver's.
#[derive(Debug)]
pub(super) struct Handle<T>(pub(super) *mut T);

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

// SAFETY: a handle is a name for something the driver keeps; the driver takes calls from any thread.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}

/// The primary context of a device, which PyTorch, JAX and the CUDA runtime use, too.
#[derive(Debug)]
pub(crate) struct Context {
    cuda: Arc<CudaContext>,
    device: Device,
    loaded: Mutex<[Option<Loaded>; modules::COUNT]>,
}

/// A kernel in a loaded module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function(pub(super) Handle<sys::CUfunc_st>);

/// A module in the context, unloaded in the end.
#[derive(Debug)]
struct Loaded {
    handle: Handle<sys::CUmod_st>,
    cuda: Arc<CudaContext>,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        if self.cuda.bind_to_thread().is_ok() {
            // SAFETY: loaded once, unloaded here. Functions live no longer than the context that holds this.
            let _ = unsafe { sys::cuModuleUnload(self.handle.0) };
        }
    }
}

impl Context {
    pub(crate) fn open(ordinal: u32) -> Result<Self, GpuError> {
        present()?;
        // SAFETY: the library is there, here and in all that follows.
        match unsafe { sys::cuInit(0) } {
            CUresult::CUDA_SUCCESS => {}
            CUresult::CUDA_ERROR_NO_DEVICE => return Err(GpuError::NoDevice),
            CUresult::CUDA_ERROR_STUB_LIBRARY => return Err(GpuError::StubDriver),
            other => done("starting the driver", other)?,
        }
        let mut version = 0;
        // SAFETY: `version` is written.
        done("asking for the driver's version", unsafe {
            sys::cuDriverGetVersion(&mut version)
        })?;
        let version = unsigned(version);
        let cuda = (version / 1000, version % 1000 / 10);
        if cuda < OLDEST_CUDA {
            return Err(GpuError::OldDriver {
                found: format!("it is for CUDA {}.{}", cuda.0, cuda.1),
            });
        }
        let count = match CudaContext::device_count() {
            Ok(count) => unsigned(count),
            Err(DriverError(CUresult::CUDA_ERROR_NO_DEVICE)) => 0,
            Err(error) => return Err(failed("counting devices", error)),
        };
        if count == 0 {
            return Err(GpuError::NoDevice);
        }
        if ordinal >= count {
            return Err(GpuError::NoSuchDevice { ordinal, count });
        }
        let context = CudaContext::new(ordinal as usize)
            .map_err(|error| failed("opening the device's context", error))?;
        let attribute = |attribute| {
            context
                .attribute(attribute)
                .map(unsigned)
                .map_err(|error| failed("asking what the device is", error))
        };
        let device = Device {
            name: context
                .name()
                .map_err(|error| failed("asking for the device's name", error))?,
            capability: (
                attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
                attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
            ),
            multiprocessors: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
            shared_memory: attribute(
                Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
            )?,
            total_memory: context
                .total_mem()
                .map_err(|error| failed("asking for the device's memory", error))?
                as u64,
            cuda,
        };
        if device.capability < OLDEST_CAPABILITY {
            return Err(GpuError::OldDevice {
                name: device.name,
                capability: device.capability,
            });
        }
        Ok(Self {
            cuda: context,
            device,
            loaded: Mutex::default(),
        })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn cuda(&self) -> &Arc<CudaContext> {
        &self.cuda
    }

    /// Whether memory and streams of `other` can be used with this one's.
    pub(crate) fn same(&self, other: &Self) -> bool {
        ptr::eq(self.cuda.cu_ctx(), other.cuda.cu_ctx())
    }

    /// Makes it the calling thread's.
    pub(super) fn bind(&self) -> Result<(), GpuError> {
        self.cuda
            .bind_to_thread()
            .map_err(|error| failed("making the device current", error))
    }

    /// Waits for everything that was asked of the device in this context.
    pub(crate) fn synchronize(&self) -> Result<(), GpuError> {
        self.bind()?;
        let Some(_alone) = recording::none() else {
            return Err(GpuError::Unsupported(
                "a thread that is recording a graph cannot wait for a GPU: wait before or after",
            ));
        };
        // SAFETY: the context is current.
        done("waiting for the GPU", unsafe { sys::cuCtxSynchronize() })
    }

    /// Bytes free on the device.
    pub(crate) fn free_memory(&self) -> Result<u64, GpuError> {
        self.bind()?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: both are written.
        done("asking for free memory", unsafe {
            sys::cuMemGetInfo_v2(&mut free, &mut total)
        })?;
        Ok(free as u64)
    }

    /// The kernel `name`; its module is compiled for the device the first time that one of its kernels is asked for.
    pub(crate) fn function(&self, module: Module, name: &str) -> Result<Function, GpuError> {
        self.bind()?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut loaded[module as usize];
        let handle = match slot {
            Some(loaded) => loaded.handle,
            None => {
                let handle = self.load(module)?;
                *slot = Some(Loaded {
                    handle,
                    cuda: Arc::clone(&self.cuda),
                });
                handle
            }
        };
        let name = text(name);
        let mut function = ptr::null_mut();
        // SAFETY: the module stays loaded as long as the context; the name ends with a zero.
        done("looking a kernel up", unsafe {
            sys::cuModuleGetFunction(&mut function, handle.0, name.as_ptr())
        })?;
        Ok(Function(Handle(function)))
    }

    fn load(&self, module: Module) -> Result<Handle<sys::CUmod_st>, GpuError> {
        let ptx = text(module.ptx());
        let mut handle = ptr::null_mut();
        // SAFETY: the text ends with a zero and is read during the call only.
        match unsafe { sys::cuModuleLoadData(&mut handle, ptx.as_ptr().cast()) } {
            CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
            | CUresult::CUDA_ERROR_INVALID_PTX
            | CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU => Err(GpuError::OldDriver {
                found: format!(
                    "for CUDA {}.{} as it is, it does not take these kernels",
                    self.device.cuda.0, self.device.cuda.1
                ),
            }),
            other => {
                done("loading kernels", other)?;
                Ok(Handle(handle))
            }
        }
    }
}

/// Text up to its first zero, which the driver wants behind it. None of ours has one inside.
fn text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
