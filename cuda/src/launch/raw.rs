//! Steps with memory that is not this crate's.

use super::stream::Stream;
use crate::error::GpuError;
use crate::optimizer::Optimizer;

/// Addresses of elements on the device, for [`Optimizer::step_raw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawElements {
    /// Where the parameters lie.
    pub params: u64,
    /// Where their gradients lie.
    pub grads: u64,
    /// Where the velocity lies; not looked at where no trial has momentum.
    pub velocity: u64,
    /// How many elements each of them has.
    pub len: u64,
}

impl Optimizer {
    /// Takes a step with elements that are anybody's, on any stream of this GPU. Where that stream records a graph, the step is
    /// recorded; see [`Optimizer::prepare`].
    ///
    /// # Errors
    /// Another number of elements, an address that is null or between two floats, no rates for the step, or what the driver says.
    ///
    /// # Safety
    /// Each address is that of `len` floats on this GPU, apart from one another and from all that this crate made. They stay until the step
    /// is done, or as long as a graph that recorded it may be launched, and nothing but work in the order of `stream` uses them meanwhile. Where
    /// steps of one optimizer are on different streams, the caller lets those wait for each other.
    pub unsafe fn step_raw(
        &mut self,
        stream: &Stream,
        elements: RawElements,
    ) -> Result<(), GpuError> {
        if elements.len != self.elements() {
            return Err(GpuError::Length {
                what: "params",
                expected: self.elements(),
                found: elements.len,
            });
        }
        self.one(stream, |this| {
            let (update, tables) = this.update();
            // SAFETY: the caller's.
            unsafe { update.launch_raw(stream, tables, elements) }
        })
    }
}
