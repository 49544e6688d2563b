//! Launches that train: trials in shared memory where they fit, in global memory where they do not.

use std::ffi::c_void;

use cudarc::driver::sys;
use hairpin_kernels::train::{Shape, THREADS, Train, TrainRecord};

use super::context::Function;
use super::driver::done;
use super::grid::{Grid, launch};
use super::kernels::pointer;
use super::memory::{Buffer, Plain};
use super::stream::Stream;
use crate::error::GpuError;
use crate::modules::Module;

/// Trials that a block takes where they lie in global memory.
const TRIALS_IN_GLOBAL: u32 = 8;

/// Bytes that such blocks may take together.
const SCRATCH: u64 = 1 << 30;

/// What is trained on, and the kernel that does it.
#[derive(Debug)]
pub(crate) struct Training {
    kernel: Function,
    shape: Shape,
    /// Most trials of a block.
    trials_most: u32,
    shared: bool,
    scratch: Option<Buffer<f32>>,
    data: Buffer<f32>,
    labels: Buffer<f32>,
    validation: Buffer<u32>,
    samples: u64,
    divergence_bound: f32,
}

/// What a launch of [`Training`] reads and writes beside that.
pub(crate) struct Chunk<'a> {
    pub(crate) params: &'a Buffer<f32>,
    pub(crate) velocity: Option<&'a Buffer<f32>>,
    /// What all trials begin with, in place of their own parameters.
    pub(crate) initial: Option<&'a Buffer<f32>>,
    pub(crate) records: &'a Buffer<TrainRecord>,
    pub(crate) members: &'a Buffer<u32>,
    pub(crate) rates: &'a Buffer<f32>,
    pub(crate) momenta: Option<&'a Buffer<f32>>,
    pub(crate) batches: &'a Buffer<u32>,
    pub(crate) losses: &'a Buffer<f32>,
    pub(crate) accuracies: &'a Buffer<f32>,
    /// Where the rates and momenta of the first step lie, in rows.
    pub(crate) row: u64,
    pub(crate) first: u32,
    pub(crate) steps: u32,
    pub(crate) evaluate: bool,
}

impl Training {
    /// For up to `trials` models of `shape` on `labels.len()` samples, of which those numbered in `validation` are scored.
    pub(crate) fn new(
        stream: &Stream,
        shape: Shape,
        data: &[f32],
        labels: &[f32],
        validation: &[u32],
        divergence_bound: f32,
        trials: u64,
    ) -> Result<Self, GpuError> {
        let samples = labels.len() as u64;
        expect(
            "the data",
            samples * u64::from(shape.features),
            data.len() as u64,
        )?;
        below("validation", validation, samples)?;
        let gpu = stream.gpu();
        let room = u64::from(gpu.shared_memory());
        let each = 4 * u64::from(shape.piece);
        let fit = room.saturating_sub(shape.bytes(0)) / each.max(1);
        let shared = fit > 0;
        let (module, names) = if shape.hidden == 0 {
            (
                Module::Softmax,
                ["train_softmax_fused_shared", "train_softmax_fused_global"],
            )
        } else {
            (
                Module::Mlp,
                ["train_mlp_fused_shared", "train_mlp_fused_global"],
            )
        };
        let kernel = gpu
            .context()
            .function(module, names[usize::from(!shared)])?;
        let scratch = if shared {
            kernel.allow_shared(gpu.context(), gpu.shared_memory())?;
            None
        } else {
            let block = shape.bytes(TRIALS_IN_GLOBAL);
            // As many blocks as the device has room for beside each other, as memory takes, or as there are.
            let blocks = (2 * u64::from(gpu.multiprocessors()))
                .min(SCRATCH / block)
                .min(trials.div_ceil(u64::from(TRIALS_IN_GLOBAL)))
                .max(1);
            Some(Buffer::zeros(stream, blocks * block / 4)?)
        };
        Ok(Self {
            kernel,
            shape,
            trials_most: if shared {
                // A thread a trial settles it.
                fit.min(u64::from(THREADS)) as u32
            } else {
                TRIALS_IN_GLOBAL
            },
            shared,
            scratch,
            data: Buffer::from_slice(stream, data)?,
            labels: Buffer::from_slice(stream, labels)?,
            validation: Buffer::from_slice(stream, validation)?,
            samples,
            divergence_bound,
        })
    }

    /// How many trials a block takes, so that `members` of them keep all multiprocessors busy about as long.
    fn trials_per_block(&self, stream: &Stream, members: u32) -> u32 {
        let processors = stream.gpu().multiprocessors().max(1);
        // Whole groups of eight fill warps.
        let most = match self.trials_most {
            8.. => self.trials_most / 8 * 8,
            few => few,
        };
        let waves = members.div_ceil(most).div_ceil(processors).max(1);
        let even = members.div_ceil(waves.saturating_mul(processors)).max(1);
        even.next_multiple_of(4).min(most)
    }

    /// Takes the members through the steps of a chunk. The members and the minibatches were [checked](check_members).
    pub(crate) fn launch(&self, stream: &Stream, chunk: &Chunk<'_>) -> Result<(), GpuError> {
        let shape = &self.shape;
        let trials = chunk.records.len();
        let parameters = trials * u64::from(shape.parameters);
        if let Some(initial) = chunk.initial {
            expect(
                "the initial parameters",
                u64::from(shape.parameters),
                initial.len(),
            )?;
        }
        let (start, cells) = (trials * chunk.row, trials * u64::from(chunk.steps));
        expect("the parameters", parameters, chunk.params.len())?;
        if let Some(velocity) = chunk.velocity {
            expect("the velocity", parameters, velocity.len())?;
        }
        chunk.rates.within(start, cells)?;
        if let Some(momenta) = chunk.momenta {
            momenta.within(start, cells)?;
        }
        let batches = u64::from(chunk.steps) * u64::from(shape.batch);
        chunk.batches.within(0, batches)?;
        expect("the losses", trials, chunk.losses.len())?;
        expect("the accuracies", trials, chunk.accuracies.len())?;
        let member_count = chunk.members.len() as u32;
        if member_count == 0 {
            return Ok(());
        }
        let trials_per_block = self.trials_per_block(stream, member_count);
        let shared_bytes = if self.shared {
            shape.bytes(trials_per_block) as u32
        } else {
            0
        };
        // Where blocks have scratch memory of their own, there are no more at once than that is for.
        let blocks_at_once = match &self.scratch {
            None => u64::from(member_count.div_ceil(trials_per_block)),
            Some(scratch) => scratch.len() / (shape.bytes(trials_per_block) / 4),
        };
        let at_once =
            (blocks_at_once * u64::from(trials_per_block)).min(u64::from(member_count)) as u32;
        let mut begun = 0;
        while begun < member_count {
            let count = at_once.min(member_count - begun);
            let mut arguments = Train {
                shape: *shape,
                params: pointer(chunk.params),
                velocity: chunk.velocity.map_or(std::ptr::null_mut(), pointer),
                initial: chunk
                    .initial
                    .map_or(std::ptr::null(), |initial| pointer(initial).cast_const()),
                records: pointer(chunk.records),
                members: pointer(chunk.members).wrapping_add(begun as usize),
                rates: pointer(chunk.rates).wrapping_add(start as usize),
                momenta: chunk.momenta.map_or(std::ptr::null(), |momenta| {
                    pointer(momenta).wrapping_add(start as usize)
                }),
                data: pointer(&self.data),
                labels: pointer(&self.labels),
                batches: pointer(chunk.batches),
                validation: pointer(&self.validation),
                losses: pointer(chunk.losses),
                accuracies: pointer(chunk.accuracies),
                scratch: self.scratch.as_ref().map_or(std::ptr::null_mut(), pointer),
                first: chunk.first,
                steps: chunk.steps,
                trial_count: trials as u32,
                member_count: count,
                trials_per_block,
                validation_count: self.validation.len() as u32,
                evaluate: chunk.evaluate.into(),
                divergence_bound: self.divergence_bound,
            };
            let mut pointers = [(&raw mut arguments).cast::<c_void>()];
            // SAFETY: the kernel takes one such struct. All buffers were found to be as long as it asks, samples and trials that are named
            // in them exist, members are named once, and a block has the memory that its trials take.
            unsafe {
                launch(
                    "training",
                    stream,
                    self.kernel,
                    Grid {
                        blocks: u64::from(count.div_ceil(trials_per_block)),
                        threads: THREADS,
                        shared_bytes,
                    },
                    &mut pointers,
                )?;
            }
            begun += count;
        }
        Ok(())
    }

    /// That `batches` has so many minibatches, of samples that exist.
    pub(crate) fn check_batches(&self, steps: u32, batches: &[u32]) -> Result<(), GpuError> {
        let expected = u64::from(steps) * u64::from(self.shape.batch);
        expect("the minibatches", expected, batches.len() as u64)?;
        below("the minibatches", batches, self.samples)
    }
}

impl Function {
    /// Lets a block of this kernel have so much shared memory.
    fn allow_shared(self, context: &super::Context, bytes: u32) -> Result<(), GpuError> {
        context.bind()?;
        // SAFETY: a function of a loaded module.
        done("asking for shared memory", unsafe {
            sys::cuFuncSetAttribute(
                self.0.0,
                sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                bytes as i32,
            )
        })
    }
}

// SAFETY: numbers of 32 bits, 32 bytes of them.
unsafe impl Plain for TrainRecord {}

const _: () = assert!(size_of::<TrainRecord>() == 32);

/// That members are named in order, each once, and exist.
pub(crate) fn check_members(members: &[u32], trials: u64) -> Result<(), GpuError> {
    below("members", members, trials)?;
    if !members.is_sorted_by(|a, b| a < b) {
        return Err(GpuError::Unsupported(
            "members must be named in order, each once",
        ));
    }
    Ok(())
}

fn below(what: &'static str, numbers: &[u32], end: u64) -> Result<(), GpuError> {
    match numbers.iter().max() {
        Some(&most) if u64::from(most) >= end => Err(GpuError::TooMany {
            what,
            found: u64::from(most),
            most: end.saturating_sub(1),
        }),
        _ => Ok(()),
    }
}

fn expect(what: &'static str, expected: u64, found: u64) -> Result<(), GpuError> {
    if expected == found {
        return Ok(());
    }
    Err(GpuError::Length {
        what,
        expected,
        found,
    })
}
