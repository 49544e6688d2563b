//! Why nothing was exported.

use std::io;
use std::path::PathBuf;

use hairpin_core::{CheckpointError, ConfigError};

use super::flash::FlashSize;
use crate::document::SpecError;

/// Why a trial was not exported, and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is no sweep.
    #[error("{} holds no sweep: give the directory that `hairpin sweep` wrote, the one with index.html", dir.display())]
    NotASweep {
        /// The directory.
        dir: PathBuf,
    },
    /// The sweep is under way, or was stopped.
    #[error("the sweep in {} is not finished: `hairpin sweep SPEC -o {}` goes on with it", dir.display(), dir.display())]
    Unfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// Another version of the program made the sweep.
    #[error(
        "the sweep in {} was made by hairpin {found}, this is {}: export it with that version, or train it again with this one",
        dir.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The directory.
        dir: PathBuf,
        /// The version that made it, or its layout.
        found: String,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read ({source}): train the sweep again into another directory with -o", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not belong to the others.
    #[error("{}: does not say what the sweep trained: it was changed or damaged; train the sweep again into another directory with -o", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// There is no such trial.
    #[error("there is no trial {trial}, the sweep has {trials}: give 0 to {}, or best", trials.saturating_sub(1))]
    NoTrial {
        /// What was asked for.
        trial: u64,
        /// How many there are.
        trials: u64,
    },
    /// The trial led nowhere.
    #[error("trial {trial} diverged at step {step}: choose another one, or best")]
    Diverged {
        /// The trial.
        trial: u64,
        /// Where it diverged.
        step: String,
    },
    /// All trials led nowhere.
    #[error("no trial of the sweep finished: lower the learning rates and train again")]
    NoneFinished,
    /// A trial cannot be drawn or translated again.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The update is refused.
    #[error(transparent)]
    Update(#[from] ConfigError),
    /// It has no bytes.
    #[error(transparent)]
    Save(#[from] CheckpointError),
    /// The names of a header would be those of the C interface.
    #[error("--name {name}: `{name}_schedule` is a type of the C interface: choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The rates react to losses.
    #[error(
        "trial {trial} draws `{kind}`, whose rates depend on losses: it has no table; --format rust, c or bytes export the schedule itself"
    )]
    Feedback {
        /// The trial.
        trial: u64,
        /// Its kind of schedule.
        kind: &'static str,
    },
    /// The table has no room.
    #[error("{}", no_room(*needed, *limit, *stride))]
    NoRoom {
        /// How many bytes the table takes.
        needed: u64,
        /// How many there are.
        limit: FlashSize,
        /// The smallest stride with which it would fit, if any does.
        stride: Option<u64>,
    },
    /// More steps than a table can be asked for.
    #[error(
        "--steps spans {steps} steps, a table at most {}: compute the rates on the chip with --format rust, c or bytes, or take fewer steps",
        super::rate_table::MOST_STEPS
    )]
    TooManySteps {
        /// How many steps were asked for.
        steps: u64,
    },
    /// A table holds numbers.
    #[error(
        "the {what} at step {step} is {value}, which a table cannot hold: end --steps before it"
    )]
    NotFinite {
        /// Rate or momentum.
        what: &'static str,
        /// The first such step.
        step: u32,
        /// What it is there.
        value: f32,
    },
}

fn no_room(needed: u64, limit: FlashSize, stride: Option<u64>) -> String {
    let remedy = match stride {
        Some(stride) => format!("--stride {stride} is the smallest stride that fits"),
        None => "no stride makes it fit".to_owned(),
    };
    format!(
        "the table takes {needed} bytes and --flash leaves {limit}: {remedy}; or compute the rates on the chip with --format rust, c or bytes"
    )
}
