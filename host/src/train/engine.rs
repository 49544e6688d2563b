//! The engine: what all blocks share, checked and prepared once.

use hairpin_arithmetic::SCORED_AT_ONCE;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::block::{Block, BlockEnd, BlockState, Trial, Watch};
use super::model::{Model, Network};
use super::order::Order;
use super::samples::Samples;
use super::{PARAMETERS_MAX, TrainConfig, TrainError, TrialOutcome};
use crate::data::Dataset;
use crate::lanes::Isa;

/// Trains trials of one model on one data set.
///
/// # Examples
/// ```
/// use hairpin_core::{CosineAnnealing, Plan, Sgd, SgdConfig};
/// use hairpin_host::data::digits;
/// use hairpin_host::train::{Engine, Model, Rates, TrainConfig, Trial, Watch};
///
/// let digits = digits()?;
/// let engine = Engine::new(&digits, TrainConfig::new(Model::Softmax, 100))?;
/// let plan = Plan::from(CosineAnnealing::new(0.5, 0.0, 100)?);
/// let trial = Trial { rates: Rates::from(&plan), momentum: None, sgd: Sgd::new(SgdConfig::default())? };
/// let outcomes = engine.run(&[trial], &Watch::default())?.unwrap_or_default();
/// assert!(outcomes[0].last.is_some_and(|evaluation| evaluation.accuracy > 0.8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine<'a> {
    pub(super) data: &'a Dataset,
    pub(super) config: TrainConfig,
    pub(super) network: Network,
    pub(super) isa: Isa,
    pub(super) initial: Vec<f32>,
    pub(super) validation: Vec<Samples>,
    training: Vec<u32>,
    /// Of data and configuration: what a saved state must agree with.
    pub(super) identity: [u8; 32],
}

impl<'a> Engine<'a> {
    /// Checks the configuration against the data.
    ///
    /// # Errors
    /// A number that is 0, a batch larger than the training part, a model of more than [`PARAMETERS_MAX`] parameters, or a
    /// bound on the loss that is not above 0.
    pub fn new(data: &'a Dataset, config: TrainConfig) -> Result<Self, TrainError> {
        let training: Vec<u32> = data.training_rows().map(|row| row as u32).collect();
        let (features, classes) = (data.width(), data.classes().len());
        let hidden = match config.model {
            Model::Softmax => 0,
            Model::Mlp { hidden } => {
                nonzero("hidden", hidden)?;
                hidden
            }
        };
        nonzero("steps", config.steps as usize)?;
        nonzero("batch", config.batch)?;
        nonzero("eval_every", config.eval_every as usize)?;
        if config.batch > training.len() {
            return Err(TrainError::BatchTooLarge {
                batch: config.batch,
                rows: training.len(),
            });
        }
        // No factor is above 2^31 once `hidden` is not, so that the count cannot overflow.
        let network = Network {
            model: config.model,
            features,
            classes,
        };
        if hidden > PARAMETERS_MAX || network.parameters() > PARAMETERS_MAX {
            return Err(TrainError::ModelTooLarge {
                features,
                classes,
                hidden,
            });
        }
        if !(config.divergence_bound > 0.0) {
            return Err(TrainError::DivergenceBound {
                bits: config.divergence_bound.to_bits(),
            });
        }
        let rows: Vec<usize> = data.validation_rows().collect();
        let validation = rows
            .chunks(SCORED_AT_ONCE)
            .map(|rows| {
                let mut samples = Samples::with_room(data, rows.len());
                samples.fill(data, rows.iter().copied());
                samples
            })
            .collect();
        Ok(Self {
            data,
            config,
            network,
            isa: Isa::detect(),
            initial: network.initial(config.seed),
            validation,
            training,
            identity: identity(data, &config),
        })
    }

    /// Uses another instruction set than the fastest. The bits are the same.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The instruction set in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// SHA-256 of the data and of every setting that decides a trial's bits.
    #[must_use]
    pub fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// Number of parameters of a trial.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.network.parameters()
    }

    /// The parameters every trial starts from; [`Model`] says how they lie.
    #[must_use]
    pub fn initial_params(&self) -> &[f32] {
        &self.initial
    }

    /// The rows of the data that step `step` trains on, in order.
    #[must_use]
    pub fn minibatch(&self, step: u32) -> Vec<usize> {
        self.order().batch(step, self.config.batch).collect()
    }

    /// The steps after which trials are evaluated, counted from 0.
    pub fn eval_steps(&self) -> impl Iterator<Item = u32> {
        let (steps, every) = (self.config.steps, self.config.eval_every);
        let whole = (1..=steps / every).map(move |i| i * every - 1);
        whole.chain((steps % every != 0).then_some(steps - 1))
    }

    /// How many trials one block should hold, so that their weights stay in the second cache.
    #[must_use]
    pub fn block_trials(&self) -> usize {
        const CACHE: usize = 256 * 1024;
        (CACHE / size_of::<f32>() / self.parameters().max(1)).clamp(8, 64)
    }

    pub(super) fn order(&self) -> Order {
        Order::new(self.config.seed, self.training.clone())
    }

    /// Whether trials are evaluated after step `step`.
    pub(super) fn evaluates_after(&self, step: u32) -> bool {
        let taken = step + 1;
        taken == self.config.steps || taken.is_multiple_of(self.config.eval_every)
    }

    /// Trains all `trials`, in blocks spread over rayon's threads. Outcomes are in the order of the trials; there are none when
    /// `watch` asked to stop before all were trained.
    ///
    /// # Errors
    /// A trial with the wrong number of rates.
    pub fn run(
        &self,
        trials: &[Trial],
        watch: &Watch,
    ) -> Result<Option<Vec<TrialOutcome>>, TrainError> {
        let blocks: Vec<BlockEnd> = trials
            .par_chunks(self.block_trials())
            .map(|block| self.run_block(block, watch))
            .collect::<Result<_, _>>()?;
        let mut outcomes = Vec::with_capacity(trials.len());
        for block in blocks {
            match block {
                BlockEnd::Finished(finished) => outcomes.extend(finished),
                BlockEnd::Stopped(_) => return Ok(None),
            }
        }
        Ok(Some(outcomes))
    }

    /// Trains the trials of one block on this thread.
    ///
    /// # Errors
    /// A trial with the wrong number of rates.
    pub fn run_block(&self, trials: &[Trial], watch: &Watch) -> Result<BlockEnd, TrainError> {
        Block::new(self, trials)?.run(watch)
    }

    /// Goes on with a block that was stopped, as if it had not been: the bits are those of a run in one go. The progress counter
    /// first receives what was done before.
    ///
    /// # Errors
    /// As [`Engine::run_block`], and a state that is damaged, or belongs to other data, another configuration or other trials.
    pub fn resume_block(
        &self,
        trials: &[Trial],
        state: &BlockState,
        watch: &Watch,
    ) -> Result<BlockEnd, TrainError> {
        let mut block = Block::new(self, trials)?;
        block.restore(state)?;
        block.run(watch)
    }
}

fn nonzero(field: &'static str, value: usize) -> Result<(), TrainError> {
    if value == 0 {
        return Err(TrainError::Zero { field });
    }
    Ok(())
}

/// Everything that decides a trial's bits, but for the trial itself.
fn identity(data: &Dataset, config: &TrainConfig) -> [u8; 32] {
    // Named one by one: a setting added later must be thought about here.
    let TrainConfig {
        model,
        steps,
        batch,
        eval_every,
        seed,
        divergence_bound,
        metric,
        keep_params: _,
    } = *config;
    let hidden = match model {
        Model::Softmax => 0,
        Model::Mlp { hidden } => hidden,
    };
    let mut hash = Sha256::new();
    for number in [
        hidden as u64,
        u64::from(steps),
        batch as u64,
        u64::from(eval_every),
        seed,
        u64::from(divergence_bound.to_bits()),
        metric as u64,
        data.width() as u64,
        data.rows() as u64,
        data.classes().len() as u64,
    ] {
        hash.update(number.to_le_bytes());
    }
    for row in 0..data.rows() {
        hash.update(data.label(row).to_le_bytes());
        for x in data.row(row) {
            hash.update(x.to_le_bytes());
        }
    }
    hash.finalize().into()
}
