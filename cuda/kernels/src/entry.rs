//! The shells: what the driver starts, a module of PTX for each of the files here.

#[cfg(feature = "rates")]
mod rates;
#[cfg(feature = "schedules")]
mod schedules;
#[cfg(any(feature = "softmax", feature = "mlp"))]
mod train;
#[cfg(feature = "update")]
mod update;

#[cfg(any(feature = "update", feature = "softmax", feature = "mlp"))]
use hairpin_core::Fma;

/// Nothing here panics: no module of PTX has a call to this.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The device's own multiply-add, rounded once.
#[cfg(any(feature = "update", feature = "softmax", feature = "mlp"))]
struct Rn;

#[cfg(any(feature = "update", feature = "softmax", feature = "mlp"))]
impl Fma for Rn {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        core::intrinsics::fmaf32(a, b, c)
    }
}

/// Where this thread stands.
#[cfg(any(feature = "update", feature = "rates", feature = "schedules"))]
fn place() -> crate::place::Place {
    // SAFETY: it only asks.
    unsafe {
        crate::place::Place {
            thread: core::arch::nvptx::_thread_idx_x() as u32,
            block: core::arch::nvptx::_block_idx_x() as u32,
        }
    }
}

/// The number of this thread in the grid.
#[cfg(any(feature = "rates", feature = "schedules"))]
fn number() -> u64 {
    let place = place();
    // SAFETY: it only asks.
    let threads = unsafe { core::arch::nvptx::_block_dim_x() } as u64;
    u64::from(place.block) * threads + u64::from(place.thread)
}
