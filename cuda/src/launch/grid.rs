//! A launch.

use std::ffi::c_void;

use cudarc::driver::sys;

use super::context::Function;
use super::driver::done;
use super::stream::Stream;
use crate::error::GpuError;

/// Most blocks of a launch.
const MOST_BLOCKS: u64 = i32::MAX as u64;

/// The threads of a launch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) blocks: u64,
    /// Of a block.
    pub(super) threads: u32,
    /// Of a block's shared memory.
    pub(super) shared_bytes: u32,
}

/// Launches a kernel.
///
/// # Safety
/// `arguments` point to what the kernel takes, one after the other, and what those point to is as the kernel asks.
pub(super) unsafe fn launch(
    operation: &'static str,
    stream: &Stream,
    function: Function,
    grid: Grid,
    arguments: &mut [*mut c_void],
) -> Result<(), GpuError> {
    if grid.blocks > MOST_BLOCKS {
        return Err(GpuError::TooMany {
            what: "blocks",
            found: grid.blocks,
            most: MOST_BLOCKS,
        });
    }
    stream.gpu().context().bind()?;
    // SAFETY: the caller's; the driver copies the arguments during the call.
    done(operation, unsafe {
        sys::cuLaunchKernel(
            function.0.0,
            grid.blocks as u32,
            1,
            1,
            grid.threads,
            1,
            1,
            grid.shared_bytes,
            stream.handle(),
            arguments.as_mut_ptr(),
            std::ptr::null_mut(),
        )
    })
}
