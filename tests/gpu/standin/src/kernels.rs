//! Launches: every thread of every block, one after the other.

use std::ffi::c_void;
use std::sync::atomic::AtomicU32;

use hairpin_core::Fma;
use hairpin_core::sgd::{Fused, MulAdd, Separate};
use hairpin_kernels::place::Place;
use hairpin_kernels::rates;
use hairpin_kernels::train::Train;
use hairpin_kernels::update::{self, Update};

use crate::team::run_block;
use crate::world::Work;

struct Host;

impl Fma for Host {
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// The kernels that are known here.
const NAMES: [&str; 11] = [
    "update_separate_plain",
    "update_separate_momentum",
    "update_fused_plain",
    "update_fused_momentum",
    "gradients_check",
    "schedules_read",
    "rates",
    "train_softmax_fused_shared",
    "train_softmax_fused_global",
    "train_mlp_fused_shared",
    "train_mlp_fused_global",
];

/// The kernel of this name.
pub(crate) fn find(name: &str) -> Option<usize> {
    // For some numbers of lanes there are kernels of their own, with the same body.
    let name = name.trim_end_matches("_32").trim_end_matches("_16");
    NAMES.iter().position(|known| *known == name)
}

/// A launch of so many blocks and threads.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) blocks: u32,
    pub(crate) threads: u32,
    /// From the last thread of the last block to the first.
    pub(crate) backwards: bool,
}

impl Grid {
    fn each(self, mut thread: impl FnMut(Place), mut block_done: impl FnMut()) {
        let turned = |at: u32, of: u32| if self.backwards { of - 1 - at } else { at };
        for block in 0..self.blocks {
            for number in 0..self.threads {
                thread(Place {
                    block: turned(block, self.blocks),
                    thread: turned(number, self.threads),
                });
            }
            block_done();
        }
    }
}

/// What a launch does, with its arguments as they are now.
///
/// # Safety
/// `arguments` point to what the kernel takes. What those point to is good whenever the work is done.
pub(crate) unsafe fn work(kernel: usize, grid: Grid, arguments: *const *const c_void) -> Work {
    // SAFETY: the caller's, here and in the works.
    let argument = |number: usize| unsafe { *arguments.add(number) };
    // SAFETY: as above.
    let word = |number: usize| unsafe { *argument(number).cast::<u32>() };
    // SAFETY: as above.
    let address = |number: usize| unsafe { *argument(number).cast::<u64>() as usize };
    match NAMES[kernel] {
        "schedules_read" => {
            let trials = word(0);
            let (records, bounds) = (address(1), address(2));
            let (schedules, refused) = (address(3), address(4));
            Work::new(move || {
                grid.each(
                    |place| {
                        // SAFETY: as above.
                        unsafe {
                            rates::read(
                                u64::from(place.block) * u64::from(grid.threads)
                                    + u64::from(place.thread),
                                trials,
                                records as *const u8,
                                bounds as *const u64,
                                schedules as *mut u8,
                                refused as *mut AtomicU32,
                            );
                        }
                    },
                    || (),
                );
            })
        }
        "rates" => {
            let (first, steps, trials) = (word(0), word(1), word(2));
            let (schedules, rows, out) = (address(3), word(4), address(5));
            Work::new(move || {
                grid.each(
                    |place| {
                        // SAFETY: as above.
                        unsafe {
                            rates::rate(
                                u64::from(place.block) * u64::from(grid.threads)
                                    + u64::from(place.thread),
                                first,
                                steps,
                                trials,
                                schedules as *const u8,
                                rows,
                                out as *mut f32,
                            );
                        }
                    },
                    || (),
                );
            })
        }
        name if name.starts_with("train_") => {
            // SAFETY: as above.
            let train = Training(unsafe { *argument(0).cast::<Train>() });
            Work::new(move || train.run(grid))
        }
        name => {
            // SAFETY: as above.
            let update = Launch(unsafe { *argument(0).cast::<Update>() });
            match name {
                "update_separate_plain" => Work::new(move || update.step::<Separate, false>(grid)),
                "update_separate_momentum" => {
                    Work::new(move || update.step::<Separate, true>(grid))
                }
                "update_fused_plain" => Work::new(move || update.step::<Fused<Host>, false>(grid)),
                "update_fused_momentum" => {
                    Work::new(move || update.step::<Fused<Host>, true>(grid))
                }
                _ => Work::new(move || update.check(grid)),
            }
        }
    }
}

struct Training(Train);

// SAFETY: it holds addresses; works are done one at a time.
unsafe impl Send for Training {}
// SAFETY: as above.
unsafe impl Sync for Training {}

impl Training {
    fn run(&self, grid: Grid) {
        let train = &self.0;
        assert!(train.records.is_aligned() && train.params.is_aligned());
        assert!(train.trials_per_block <= grid.threads);
        let turned = |at: u32| {
            if grid.backwards {
                grid.blocks - 1 - at
            } else {
                at
            }
        };
        for block in 0..grid.blocks {
            // As few threads as will do: they are this machine's.
            run_block(train.trials_per_block.max(2), turned(block), train);
        }
    }
}

struct Launch(Update);

// SAFETY: it holds addresses; works are done one at a time.
unsafe impl Send for Launch {}
// SAFETY: as above.
unsafe impl Sync for Launch {}

impl Launch {
    /// What a device would stop at.
    fn look(&self) {
        let update = &self.0;
        let to = if update.aligned == 0 { 4 } else { 16 };
        for address in [
            update.params.addr(),
            update.grads.addr(),
            update.velocity.addr(),
        ] {
            assert_eq!(address % to, 0, "elements that are not aligned");
        }
        assert!(update.control.is_aligned() && update.trials.is_aligned());
        assert!(update.groups.is_aligned() && update.tiles.is_aligned());
    }

    fn step<M: MulAdd, const V: bool>(&self, grid: Grid) {
        self.look();
        grid.each(
            // SAFETY: what the host layer has to prove; each thread of the grid once.
            |place| unsafe { update::update::<M, V>(place, &self.0) },
            // SAFETY: as above; one thread of each block.
            || unsafe { update::finish(grid.blocks, self.0.control) },
        );
    }

    fn check(&self, grid: Grid) {
        self.look();
        // SAFETY: as above.
        grid.each(|place| unsafe { update::check(place, &self.0) }, || ());
    }
}
