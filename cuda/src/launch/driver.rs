//! The driver's library: whether it is there, and what it says when it refuses.

use std::sync::OnceLock;

use cudarc::driver::DriverError;
use cudarc::driver::sys::{CUevent, CUresult};
use libloading::Library;

use crate::error::GpuError;

#[cfg(windows)]
const NAMES: [&str; 1] = ["nvcuda.dll"];
#[cfg(not(windows))]
const NAMES: [&str; 2] = ["libcuda.so", "libcuda.so.1"];

/// Every entry point that is called here. cudarc looks each up at its first call and panics where one is missing.
const ENTRIES: [&str; 45] = [
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuCtxSynchronize",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDevicePrimaryCtxRelease_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDeviceTotalMem_v2",
    "cuDriverGetVersion",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventElapsedTime",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuFuncSetAttribute",
    "cuGetErrorName",
    "cuGetErrorString",
    "cuGraphDestroy",
    "cuGraphExecDestroy",
    "cuGraphInstantiateWithFlags",
    "cuGraphLaunch",
    "cuInit",
    "cuLaunchKernel",
    "cuMemAlloc_v2",
    "cuMemFreeHost",
    "cuMemFree_v2",
    "cuMemGetInfo_v2",
    "cuMemHostAlloc",
    "cuMemcpy2DAsync_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemsetD32Async",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuStreamBeginCapture_v2",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamEndCapture",
    "cuStreamIsCapturing",
    "cuStreamSynchronize",
    "cuStreamWaitEvent",
];

/// It stays loaded: cudarc loads it once more and never lets it go either.
static FOUND: OnceLock<Library> = OnceLock::new();

/// That the driver is there with everything that is called.
pub(super) fn present() -> Result<(), GpuError> {
    if FOUND.get().is_some() {
        return Ok(());
    }
    // SAFETY: loading the driver runs its initialisation, which is what every program on a GPU does.
    let library = NAMES
        .iter()
        .find_map(|name| unsafe { Library::new(*name) }.ok())
        .ok_or(GpuError::NoDriver)?;
    for entry in ENTRIES {
        // SAFETY: the address is looked at, never called.
        if unsafe { library.get::<*const ()>(entry.as_bytes()) }.is_err() {
            return Err(GpuError::OldDriver {
                found: format!("it has no {entry}"),
            });
        }
    }
    // Whoever was first may keep his.
    let _ = FOUND.set(library);
    Ok(())
}

/// What the driver says about `operation`. Only called once the driver is [present].
pub(super) fn failed(operation: &'static str, error: DriverError) -> GpuError {
    let words = |found: Result<&std::ffi::CStr, DriverError>| {
        found.map_or_else(
            |_| format!("error {}", error.0 as u32),
            |text| text.to_string_lossy().into_owned(),
        )
    };
    GpuError::Driver {
        operation,
        name: words(error.error_name()),
        text: words(error.error_string()),
    }
}

/// The result of a call to the driver.
pub(super) fn done(operation: &'static str, result: CUresult) -> Result<(), GpuError> {
    result.result().map_err(|error| failed(operation, error))
}

/// The milliseconds between two events. cudarc offers one of two entries by the version that it was built for; every driver has the first.
///
/// # Safety
/// Both events are valid.
pub(super) unsafe fn elapsed(start: CUevent, end: CUevent) -> Result<f32, GpuError> {
    type Entry = unsafe extern "C" fn(*mut f32, CUevent, CUevent) -> CUresult;
    let name = "cuEventElapsedTime";
    // SAFETY: the entry's type, as the driver's header declares it.
    let entry = FOUND
        .get()
        .and_then(|library| unsafe { library.get::<Entry>(name.as_bytes()) }.ok())
        .ok_or_else(|| GpuError::OldDriver {
            found: format!("it has no {name}"),
        })?;
    let mut milliseconds = 0.0;
    // SAFETY: the caller's; the time is written.
    done("reading the time between events", unsafe {
        entry(&mut milliseconds, start, end)
    })?;
    Ok(milliseconds)
}
