//! A block of a GPU's threads, played by threads of this machine.

use std::sync::Barrier;

use hairpin_core::LibmFma;
use hairpin_kernels::train::{Addressed, Team, Train, train};

struct Played<'a> {
    thread: u32,
    threads: u32,
    barrier: &'a Barrier,
}

impl Team for Played<'_> {
    fn thread(&self) -> u32 {
        self.thread
    }

    fn threads(&self) -> u32 {
        self.threads
    }

    fn sync(&self) {
        self.barrier.wait();
    }
}

/// What threads share, by address.
struct Shared<'a>(&'a Train, *mut f32);

// SAFETY: the kernel's threads keep apart what they write, which is what is tried here.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    fn get(&self) -> (&Train, *mut f32) {
        (self.0, self.1)
    }
}

/// Runs one block of a launch with so many threads, of which there are at least as many as it has trials or one.
pub(crate) fn run_block(threads: u32, block: u32, arguments: &Train) {
    let words = arguments.shape.bytes(arguments.trials_per_block) as usize / 4;
    // On 16 bytes, as the device's memory is. What was never written shows as NaN.
    let mut own = vec![[f32::NAN; 4]; words.div_ceil(4)];
    let pool = if arguments.scratch.is_null() {
        own.as_mut_ptr().cast()
    } else {
        arguments.scratch.wrapping_add(block as usize * words)
    };
    let barrier = Barrier::new(threads as usize);
    let shared = Shared(arguments, pool);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (shared, barrier) = (&shared, &barrier);
            scope.spawn(move || {
                let team = Played {
                    thread,
                    threads,
                    barrier,
                };
                let (arguments, pool) = shared.get();
                let pool = Addressed(pool);
                // SAFETY: the arguments are those of a launch, whose lengths the caller keeps; the pool has room for a block.
                unsafe {
                    if arguments.shape.hidden == 0 {
                        train::<_, _, LibmFma, false>(&team, block, arguments, pool);
                    } else {
                        train::<_, _, LibmFma, true>(&team, block, arguments, pool);
                    }
                }
            });
        }
    });
}
