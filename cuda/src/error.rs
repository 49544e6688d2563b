//! Why something was not done on the GPU, and what to do about it.

use hairpin_core::ConfigError;
use hairpin_core::checkpoint::CheckpointError;

use crate::footprint::Footprint;

/// The oldest version of CUDA whose driver will do, as (major, minor).
pub const OLDEST_CUDA: (u32, u32) = (11, 4);

/// The lowest compute capability of a device that will do, as (major, minor).
pub const OLDEST_CAPABILITY: (u32, u32) = (7, 5);

/// Why something was not done on the GPU. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The driver's library is not there.
    #[error(
        "no NVIDIA driver: libcuda.so.1 (nvcuda.dll on Windows) was not found; install the driver of the GPU, or in a container pass the \
         GPU through (docker run --gpus all); everything also runs on the CPU"
    )]
    NoDriver,
    /// What was found is the library of the toolkit for linking, not a driver.
    #[error(
        "no NVIDIA driver: the libcuda found is the CUDA toolkit's stub for linking; take its directory (…/stubs) out of LD_LIBRARY_PATH"
    )]
    StubDriver,
    /// There is a driver and no device that it may use.
    #[error(
        "the NVIDIA driver sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or in a container pass the GPU through"
    )]
    NoDevice,
    /// There is no device of this number.
    #[error("there is no GPU number {ordinal}: this machine has {count}, counted from 0")]
    NoSuchDevice {
        /// The number asked for.
        ordinal: u32,
        /// How many there are.
        count: u32,
    },
    /// The driver is too old.
    #[error(
        "the NVIDIA driver is too old ({found}): it must be for CUDA {}.{} or newer (driver 470); install a newer one",
        OLDEST_CUDA.0, OLDEST_CUDA.1
    )]
    OldDriver {
        /// What it is or lacks.
        found: String,
    },
    /// The device is too old.
    #[error(
        "{name} is too old: its compute capability is {}.{}, and the kernels need {}.{} (Turing, 2018) or newer",
        capability.0, capability.1, OLDEST_CAPABILITY.0, OLDEST_CAPABILITY.1
    )]
    OldDevice {
        /// Its name.
        name: String,
        /// Its compute capability, as (major, minor).
        capability: (u32, u32),
    },
    /// The driver refused an operation, or reports that an earlier one failed: then what that one wrote is not known.
    #[error("{operation} failed: {name} ({text})")]
    Driver {
        /// What was to be done.
        operation: &'static str,
        /// The driver's name for the cause.
        name: String,
        /// The driver's words for it.
        text: String,
    },
    /// It does not fit in the device's free memory.
    #[error(
        "{needed} bytes do not fit in the {free} that are free on the GPU{}",
        listed(parts)
    )]
    OutOfMemory {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// What they are needed for, where it is known.
        parts: Option<Box<Footprint>>,
    },
    /// There are too many elements, or too few.
    #[error("{what} has {found} elements: must have {expected}")]
    Length {
        /// What has another length.
        what: &'static str,
        /// How long it must be.
        expected: u64,
        /// How long it is.
        found: u64,
    },
    /// A number is larger than the device can count.
    #[error("{found} {what}: at most {most} can be had at once")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: u64,
        /// How much there may be.
        most: u64,
    },
    /// An address that is null or lies between two elements.
    #[error("{what} is at {address:#x}: must be an address on the device, a multiple of {align}")]
    Address {
        /// What lies there.
        what: &'static str,
        /// The address.
        address: u64,
        /// What it must be a multiple of.
        align: u64,
    },
    /// Objects of different devices do not work together.
    #[error("{what} is on another GPU than the stream")]
    OtherGpu {
        /// What is elsewhere.
        what: &'static str,
    },
    /// A number of the update, a group or a table was refused.
    #[error("{what}: {source}")]
    Config {
        /// What was refused.
        what: String,
        /// Why.
        source: ConfigError,
    },
    /// All trials of an optimizer are rounded alike.
    #[error(
        "trial {trial} is rounded otherwise than trial 0: trials of one optimizer share `rounding`, so make one for each"
    )]
    MixedRounding {
        /// The first that differs.
        trial: u32,
    },
    /// A multiple of the rate belongs to the layout's groups.
    #[error(
        "the update of trial {trial} has an lr_multiplier: give it to the groups of the layout instead"
    )]
    Multiplier {
        /// The trial.
        trial: u32,
    },
    /// The schedule of a trial cannot be brought to the device.
    #[error(
        "the schedule of trial {trial} cannot run on the GPU: {source}; upload its rates as a table instead"
    )]
    Schedule {
        /// The trial.
        trial: u32,
        /// Why.
        source: CheckpointError,
    },
    /// The device did not take a schedule that the host took.
    #[error(
        "the GPU refused the record of trial {trial}'s schedule: kernels and library are of different versions"
    )]
    Refused {
        /// The trial.
        trial: u32,
    },
    /// A momentum that no update may have.
    #[error(
        "momentum of trial {trial} at step {step} is {value}: must be at least 0, or NaN for the trial's own"
    )]
    Momentum {
        /// The trial.
        trial: u32,
        /// The step.
        step: u32,
        /// The momentum.
        value: f32,
    },
    /// There are no rates for a step.
    #[error("there are rates for the steps from {first} to before {until}: none for step {step}")]
    NoRates {
        /// The step.
        step: u32,
        /// The first step with rates.
        first: u32,
        /// One past the last step with rates.
        until: u32,
    },
    /// Rates of steps that were not taken yet would be overwritten.
    #[error(
        "{rows} more rows of rates do not fit: {free} of the table's are free until further steps are taken"
    )]
    TableFull {
        /// How many were to come.
        rows: u64,
        /// How many can come.
        free: u32,
    },
    /// What was asked for is not what this kind of table does.
    #[error("{0}")]
    Unsupported(&'static str),
    /// On the device a step was asked for that there were no rates for: parameters were left as they were.
    #[error(
        "step {step} was launched without rates for it and changed nothing: upload rates further ahead, or replay fewer steps"
    )]
    Overrun {
        /// The step.
        step: u32,
    },
}

fn listed(parts: &Option<Box<Footprint>>) -> String {
    parts
        .as_ref()
        .map_or_else(String::new, |parts| format!(": {parts}"))
}
