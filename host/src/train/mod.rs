//! Training of many trials of one small model, each with its own rates, on the CPU.
//!
//! All trials share the data, the model, the initial weights and the order of minibatches (common random numbers: what differs
//! between two trials differs because of their rates). A block of trials is walked through all steps by one thread, so
//! that its weights stay in the cache; blocks run in parallel.
//!
//! # The bits of a trial
//! What comes out of a trial (weights, curves, rates, where it diverged) depends on the data, the configuration and the trial alone:
//! not on the number of threads, its block, its place there, or which neighbours diverge. Nor does it depend on the processor:
//! products are summed in a fixed order of fused multiply-adds, the exponential and the logarithm are this crate's own, and all
//! instruction sets give the same bits. What a NaN carries in its payload is not promised.
//!
//! # A step
//! Step `t`, counted from 0, takes minibatch `t`, forms the mean cross-entropy and its gradient, and applies
//! [`hairpin_core::Sgd`] at the rate of step `t`. A trial *diverges* at the step whose minibatch loss is NaN, infinite or above
//! [`TrainConfig::divergence_bound`] (the update is then not made), whose rate is NaN or infinite (likewise), or whose update leaves a
//! parameter that is not finite. It takes no further part.
//!
//! After step `t` the trial is evaluated on the validation part when `(t + 1) % eval_every == 0`, and after the last step. A feedback
//! schedule observes the metric as that evaluation, at step `t`, exactly as it is recorded; NaN and infinities are passed on.

mod aligned;
mod block;
mod engine;
mod entropy;
mod error;
mod gpu;
mod model;
mod order;
mod product;
mod samples;
mod snapshot;

pub use crate::lanes::Isa;
pub use block::{BlockEnd, BlockState, Rates, Trial, Watch};
pub use engine::Engine;
pub use error::{StateError, TrainError};
pub use gpu::OnGpuError;
pub use model::Model;

/// Most parameters that a model can have.
pub const PARAMETERS_MAX: usize = 1 << 24;

/// What all trials of a sweep have in common, beside the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainConfig {
    /// What is trained.
    pub model: Model,
    /// Updates of a trial, at least 1.
    pub steps: u32,
    /// Rows in a minibatch, from 1 to the rows of the training part. Every epoch is a new permutation; a batch that does not fit
    /// into one goes on in the next.
    pub batch: usize,
    /// Updates from one evaluation to the next, at least 1.
    pub eval_every: u32,
    /// Decides the order of minibatches and the initial weights.
    pub seed: u64,
    /// A minibatch loss above it ends a trial; infinity allows every finite loss.
    pub divergence_bound: f32,
    /// What feedback schedules observe, and what the best evaluation is best in.
    pub metric: Metric,
    /// Whether an outcome holds the trained parameters.
    pub keep_params: bool,
}

impl TrainConfig {
    /// Batches of 32, twenty evaluations, seed 0, any finite loss, the loss as the metric, no parameters kept.
    #[must_use]
    pub fn new(model: Model, steps: u32) -> Self {
        Self {
            model,
            steps,
            batch: 32,
            eval_every: (steps / 20).max(1),
            seed: 0,
            divergence_bound: f32::INFINITY,
            metric: Metric::Loss,
            keep_params: false,
        }
    }
}

/// What an evaluation measures on the validation part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Mean cross-entropy: smaller is better.
    #[default]
    Loss,
    /// Share of rows whose class is guessed right: larger is better.
    Accuracy,
}

/// What was measured on the validation part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The step just taken, counted from 0.
    pub step: u32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// Share of rows whose class is guessed right: the class of the largest logit, the first among equals.
    pub accuracy: f32,
}

impl Evaluation {
    /// The number that `metric` names.
    #[must_use]
    pub fn metric(&self, metric: Metric) -> f32 {
        match metric {
            Metric::Loss => self.loss,
            Metric::Accuracy => self.accuracy,
        }
    }
}

/// Where and why a trial ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The step, counted from 0.
    pub step: u32,
    /// What happened there.
    pub cause: Cause,
}

/// Why a trial ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The loss of the minibatch was NaN, infinite or above the bound.
    Loss,
    /// The rate was NaN or infinite, or a momentum that goes with the step was below 0 or not finite.
    Rate,
    /// The update made a parameter NaN or infinite.
    Parameters,
}

/// What became of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialOutcome {
    /// The evaluation after the last step; none if the trial diverged.
    pub last: Option<Evaluation>,
    /// The evaluation that is best in the configured metric, the first of equals; none if there was none, or all were NaN.
    pub best: Option<Evaluation>,
    /// Where the trial ended early, if it did.
    pub diverged: Option<Divergence>,
    /// Loss at each evaluation; [`Engine::eval_steps`] says when they were.
    pub losses: Vec<f32>,
    /// Accuracy at each evaluation.
    pub accuracies: Vec<f32>,
    /// Rates of the steps taken, for a feedback schedule.
    pub rates: Option<Vec<f32>>,
    /// Parameters after the last step, if they are to be kept and the trial did not diverge; [`Model`] says how they lie.
    pub params: Option<Vec<f32>>,
}
