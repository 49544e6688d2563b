//! Why there is nothing to train, or nothing to go on from.

use hairpin_core::StepError;

use super::PARAMETERS_MAX;

/// Why trials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A number that must be at least 1 is 0.
    #[error("{field} is 0: must be at least 1")]
    Zero {
        /// The setting.
        field: &'static str,
    },
    /// A minibatch does not fit into the data.
    #[error(
        "batch is {batch}, but the training part has {rows} rows: lower batch to {rows} or less"
    )]
    BatchTooLarge {
        /// The setting.
        batch: usize,
        /// Rows of the training part.
        rows: usize,
    },
    /// The model has too many parameters.
    #[error(
        "the model would have {features} features, {classes} classes and {hidden} hidden units: at most {PARAMETERS_MAX} parameters are taken"
    )]
    ModelTooLarge {
        /// Features of a row.
        features: usize,
        /// Number of classes.
        classes: usize,
        /// Number of hidden units, 0 without a hidden layer.
        hidden: usize,
    },
    /// The bound on the loss would end every trial, or none by mistake.
    #[error("divergence_bound is {}: must be above 0", f32::from_bits(*bits))]
    DivergenceBound {
        /// Its encoding.
        bits: u32,
    },
    /// A trial's rates are not as many as the steps.
    #[error("trial {trial} has {found} rates: must have {expected}, one for each step")]
    RateCount {
        /// The trial, from 0.
        trial: usize,
        /// Number of steps.
        expected: usize,
        /// Number of rates.
        found: usize,
    },
    /// The update refused its operands.
    #[error("the update was refused: {0}")]
    Update(StepError),
    /// A saved state is not one to go on from.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Why a saved state is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not a block's state, or of another version.
    #[error("the saved state is not one that this version writes: train the block from its start")]
    Format,
    /// It was cut off, or changed.
    #[error("the saved state is damaged: train the block from its start")]
    Damaged,
    /// It belongs to another block.
    #[error(
        "the saved state belongs to other data, another configuration or other trials: train the block from its start"
    )]
    OtherBlock,
}
