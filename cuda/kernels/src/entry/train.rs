//! Training, in shared memory or in global memory.

use core::arch::{asm, global_asm, nvptx};

use super::Rn;
use crate::train::{Addressed, Space, Team, Train, train};

// As much as the launch asks for.
global_asm!(".extern .shared .align 16 .b8 hairpin_pool[];");

/// An address in shared memory, which takes loads and stores of its own.
#[derive(Clone, Copy)]
struct Shared(u32);

impl Shared {
    fn pool() -> Self {
        let address;
        // SAFETY: it only asks where the memory of the launch begins.
        unsafe {
            asm!("mov.u32 {}, hairpin_pool;", out(reg32) address, options(pure, nomem, nostack))
        };
        Self(address)
    }

    #[inline(always)]
    fn at(self, at: u32) -> u32 {
        self.0.wrapping_add(at.wrapping_mul(4))
    }
}

impl Space for Shared {
    #[inline(always)]
    fn beyond(self, words: u32) -> Self {
        Self(self.at(words))
    }

    #[inline(always)]
    fn beyond_many(self, count: u32, words: u32) -> Self {
        Self(self.at(count.wrapping_mul(words)))
    }

    #[inline(always)]
    unsafe fn load(self, at: u32) -> f32 {
        let x;
        // SAFETY: the caller's.
        unsafe {
            asm!("ld.shared.b32 {}, [{}];", out(reg32) x, in(reg32) self.at(at), options(pure, readonly, nostack))
        };
        x
    }

    #[inline(always)]
    unsafe fn load4(self, at: u32) -> [f32; 4] {
        let (a, b, c, d);
        // SAFETY: the caller's.
        unsafe {
            asm!(
                "ld.shared.v4.b32 {{{}, {}, {}, {}}}, [{}];",
                out(reg32) a, out(reg32) b, out(reg32) c, out(reg32) d, in(reg32) self.at(at),
                options(pure, readonly, nostack)
            )
        };
        [a, b, c, d]
    }

    #[inline(always)]
    unsafe fn store(self, at: u32, x: f32) {
        // SAFETY: the caller's.
        unsafe {
            asm!("st.shared.b32 [{}], {};", in(reg32) self.at(at), in(reg32) x, options(nostack))
        }
    }

    #[inline(always)]
    unsafe fn store4(self, at: u32, [a, b, c, d]: [f32; 4]) {
        // SAFETY: the caller's.
        unsafe {
            asm!(
                "st.shared.v4.b32 [{}], {{{}, {}, {}, {}}};",
                in(reg32) self.at(at), in(reg32) a, in(reg32) b, in(reg32) c, in(reg32) d,
                options(nostack)
            )
        }
    }
}

struct Threads;

impl Team for Threads {
    #[inline(always)]
    fn thread(&self) -> u32 {
        // SAFETY: it only asks.
        unsafe { nvptx::_thread_idx_x() as u32 }
    }

    #[inline(always)]
    fn threads(&self) -> u32 {
        crate::train::THREADS
    }

    #[inline(always)]
    fn sync(&self) {
        // SAFETY: every thread of a block takes the same way from phase to phase.
        unsafe { nvptx::_syncthreads() }
    }
}

macro_rules! trains {
    ($($feature:literal $name:ident: $hidden:literal, $pool:expr;)+) => {$(
        #[cfg(feature = $feature)]
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $name(arguments: Train) {
            // SAFETY: whoever launches it keeps what `train` asks for.
            unsafe {
                let block = nvptx::_block_idx_x() as u32;
                let pool = $pool(&arguments, block);
                train::<Threads, _, Rn, $hidden>(&Threads, block, &arguments, pool);
            }
        }
    )+};
}

fn shared(_: &Train, _: u32) -> Shared {
    Shared::pool()
}

fn global(arguments: &Train, block: u32) -> Addressed {
    let words = arguments.shape.bytes(arguments.trials_per_block) / 4;
    Addressed(
        arguments
            .scratch
            .wrapping_add(block as usize * words as usize),
    )
}

// Products are fused, whatever the update is: the names say so.
trains! {
    "softmax" train_softmax_fused_shared: false, shared;
    "softmax" train_softmax_fused_global: false, global;
    "mlp" train_mlp_fused_shared: true, shared;
    "mlp" train_mlp_fused_global: true, global;
}
