//! Learning-rate tables and the SGD update on a GPU.
//!
//! One launch updates all parameters of all trials, each trial at its own rate, with the bits that `hairpin-core` computes on a chip.
//!
//! * It builds without CUDA and needs nothing but the driver to run. [`Gpu::open`] says what is missing; nothing here panics.
//! * The kernels are the core's own code, compiled to PTX for compute capability 7.5 and newer.

/// The guide's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/gpu.md")]
pub struct OnAGpu;

mod error;
mod footprint;
mod gpu;
mod launch;
mod layout;
mod modules;
mod optimizer;
mod schedules;
mod table;
mod trainer;

pub use error::{GpuError, OLDEST_CAPABILITY, OLDEST_CUDA};
pub use footprint::Footprint;
pub use gpu::Gpu;
pub use launch::{Buffer, Event, Graph, Plain, RawElements, Stream};
pub use layout::{Group, Layout};
pub use optimizer::{Optimizer, Options, StepGraph, TrialState};
pub use schedules::DeviceSchedules;
pub use table::{RateTable, Source};
pub use trainer::{Ended, Initial, ModelShape, Progress, Samples, Start, Steps, Trainer};
