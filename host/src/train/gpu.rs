//! A block's steps taken on a GPU, with the bits that they have here.
//!
//! Steps go there in chunks that end at evaluations, or earlier. While one is under way the rates of the next are laid out; where a
//! schedule reacts to losses, what came of a chunk is waited for first.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use hairpin_core::{AnySchedule, Feedback, Schedule};
use hairpin_cuda::{
    Ended, Gpu, GpuError, Initial, ModelShape, Progress, Samples, Start, Steps, Trainer,
};
use rayon::prelude::*;

use super::block::{Block, BlockEnd, BlockState, Rates, Trial, Watch};
use super::engine::Engine;
use super::model::Model;
use super::{Cause, Divergence, Evaluation, TrainError};
use crate::data::Dataset;
use crate::table::{self, TableError};

/// Most steps of a chunk: so often somebody can look how far it is, or stop it.
const CHUNK: u32 = 64;

/// Trials whose schedules are compared with each other, to compute only once what they share.
const ALIKE: usize = 256;

/// Most trials of a block.
const TRIALS_MAX: u64 = 1 << 16;

/// The share of the GPU's free memory that a block may take.
const SHARE: f64 = 0.8;

/// Why a block was not trained on a GPU.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnGpuError {
    /// The trials were refused.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Their rates cannot be laid out.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The GPU, or its driver.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}

impl Engine<'_> {
    /// How many trials one block should hold on `gpu`, so that they fit beside each other.
    ///
    /// # Errors
    /// What the driver says.
    pub fn block_trials_on(&self, gpu: &Gpu) -> Result<usize, GpuError> {
        let parameters = self.parameters() as u64;
        // Parameters and velocity, two chunks of rates and momenta, and what is known of a trial.
        let each = 4 * (2 * parameters + 4 * u64::from(CHUNK)) + 256;
        let room = (gpu.free_memory()? as f64 * SHARE) as u64;
        Ok((room / each).clamp(1, TRIALS_MAX) as usize)
    }

    /// [`Engine::run_block`] on a GPU. The bits are the same.
    ///
    /// # Errors
    /// As there, and what the GPU or its driver refuses.
    pub fn run_block_on(
        &self,
        gpu: &Gpu,
        trials: &[Trial],
        watch: &Watch,
    ) -> Result<BlockEnd, OnGpuError> {
        Block::new(self, trials)?.run_on(gpu, watch)
    }

    /// [`Engine::resume_block`] on a GPU, wherever the block was stopped. The bits are the same.
    ///
    /// # Errors
    /// As there, and what the GPU or its driver refuses.
    pub fn resume_block_on(
        &self,
        gpu: &Gpu,
        trials: &[Trial],
        state: &BlockState,
        watch: &Watch,
    ) -> Result<BlockEnd, OnGpuError> {
        let mut block = Block::new(self, trials)?;
        block.restore(state).map_err(TrainError::from)?;
        block.run_on(gpu, watch)
    }
}

/// Steps that are under way.
#[derive(Clone, Copy)]
struct UnderWay {
    first: u32,
    count: u32,
    evaluates: bool,
}

impl Block<'_> {
    fn run_on(mut self, gpu: &Gpu, watch: &Watch) -> Result<BlockEnd, OnGpuError> {
        let steps = self.engine.config.steps;
        let all = self.runners.len() as u64 * u64::from(steps);
        let mut active = self.active();
        let mut asked = self.step;
        let left = |active: usize, step: u32| active as u64 * u64::from(steps - step);
        let mut counted = all - left(active.len(), self.step);
        watch.trial_steps.fetch_add(counted, Ordering::Relaxed);
        if asked == steps || active.is_empty() {
            return Ok(BlockEnd::Finished(self.outcomes()));
        }
        let mut trainer = self.trainer(gpu)?;
        let mut members = active.len();
        let reacts = self.runners.iter().any(|runner| runner.feedback.is_some());
        // With feedback the rates of a chunk follow from the one before.
        let ahead = if reacts { 0 } else { 1 };
        let mut under_way = VecDeque::new();
        let mut tables = Tables::default();
        loop {
            let stopped = watch.cancel.load(Ordering::Relaxed);
            let asks = asked < steps && !active.is_empty() && !stopped;
            if asks {
                let chunk = self.chunk(asked);
                tables.lay_out(&self, &active, chunk)?;
                trainer.run(&Steps {
                    first: chunk.first,
                    count: chunk.count,
                    rates: &tables.rates,
                    momenta: (!tables.momenta.is_empty()).then_some(&tables.momenta),
                    batches: &tables.batches,
                    evaluate: chunk.evaluates,
                })?;
                asked += chunk.count;
                under_way.push_back(chunk);
            }
            while under_way.len() > if asks { ahead } else { 0 } {
                let Some(progress) = trainer.collect()? else {
                    break;
                };
                if let Some(chunk) = under_way.pop_front() {
                    self.take(chunk, &progress);
                    active.retain(|&trial| self.runners[trial].diverged.is_none());
                    let done = all - left(active.len(), self.step);
                    watch
                        .trial_steps
                        .fetch_add(done - counted, Ordering::Relaxed);
                    counted = done;
                }
            }
            if !asks {
                break;
            }
            // A trial that ended costs little where it stands; after some of them the others move together.
            if active.len() < members - members / 8 {
                let numbers: Vec<u32> = active.iter().map(|&trial| trial as u32).collect();
                trainer.keep(&numbers)?;
                members = active.len();
            }
        }
        let stopped = self.step < steps && !active.is_empty();
        if stopped || self.engine.config.keep_params {
            self.bring_back(&trainer)?;
        }
        if stopped {
            return Ok(BlockEnd::Stopped(self.state()));
        }
        Ok(BlockEnd::Finished(self.outcomes()))
    }

    fn active(&self) -> Vec<usize> {
        (0..self.runners.len())
            .filter(|&trial| self.runners[trial].diverged.is_none())
            .collect()
    }

    /// The steps from `first` to the next evaluation, or as many as a chunk takes.
    fn chunk(&self, first: u32) -> UnderWay {
        let config = &self.engine.config;
        let to_evaluation = config.eval_every - first % config.eval_every;
        let count = to_evaluation.min(config.steps - first).min(CHUNK);
        UnderWay {
            first,
            count,
            evaluates: self.engine.evaluates_after(first + count - 1),
        }
    }

    /// All trials on the GPU, as they stand.
    fn trainer(&self, gpu: &Gpu) -> Result<Trainer, OnGpuError> {
        let Engine {
            data,
            config,
            network,
            ..
        } = self.engine;
        let starts: Vec<Start> = self
            .runners
            .iter()
            .map(|runner| Start {
                sgd: runner.trial.sgd,
                moving_momentum: runner.trial.momentum.is_some(),
                started: runner.optimizer.started(),
                ended: runner.diverged.is_some(),
            })
            .collect();
        let moves = self.runners.iter().any(|runner| runner.velocity.is_some());
        let (params, velocity) = self.dense(moves);
        let initial = if self.step == 0 {
            Initial::Same {
                params: &self.engine.initial,
                velocity: moves,
            }
        } else {
            Initial::Each {
                params: &params,
                velocity: moves.then_some(&velocity),
            }
        };
        let (numbers, labels) = laid_out(data);
        let validation: Vec<u32> = data.validation_rows().map(|row| row as u32).collect();
        Ok(Trainer::new(
            gpu,
            ModelShape {
                features: network.features as u32,
                hidden: match network.model {
                    Model::Softmax => 0,
                    Model::Mlp { hidden } => hidden as u32,
                },
                classes: network.classes as u32,
                batch: config.batch as u32,
            },
            Samples {
                data: &numbers,
                labels: &labels,
                validation: &validation,
            },
            config.divergence_bound,
            &starts,
            initial,
            CHUNK.min(config.steps),
        )?)
    }

    /// Parameters and, if they are wanted, velocities of a block that goes on, without what lies between trials.
    fn dense(&self, velocity: bool) -> (Vec<f32>, Vec<f32>) {
        let count = self.engine.parameters();
        let (trials, stride) = (self.runners.len(), self.stride);
        if self.step == 0 {
            return (Vec::new(), Vec::new());
        }
        let mut params = vec![0.0; trials * count];
        let rows = params.chunks_exact_mut(count);
        for (to, from) in rows.zip(self.params.chunks_exact(stride)) {
            to.copy_from_slice(&from[..count]);
        }
        let mut velocities = vec![0.0; if velocity { params.len() } else { 0 }];
        for (runner, to) in self.runners.iter().zip(velocities.chunks_exact_mut(count)) {
            if let Some(slot) = runner.velocity {
                to.copy_from_slice(&self.velocities[slot * stride..][..count]);
            }
        }
        (params, velocities)
    }

    /// Writes down what came of a chunk.
    fn take(&mut self, chunk: UnderWay, progress: &[Progress]) {
        let metric = self.engine.config.metric;
        self.step = chunk.first + chunk.count;
        let (first, end, evaluates) = (chunk.first, self.step, chunk.evaluates);
        // As many evaluations as most sweeps have: there is room for them from the first on.
        let room = self.engine.eval_steps().take(64).count();
        let runners = self.runners.par_iter_mut().with_min_len(ALIKE);
        runners.zip(progress).for_each(|(runner, came)| {
            if runner.diverged.is_some() {
                return;
            }
            let ended = came.ended.map(|(step, why)| match why {
                Ended::Loss => (step, Cause::Loss, step),
                // Its rate was asked for.
                Ended::Rate => (step, Cause::Rate, step + 1),
                Ended::Parameters => (step, Cause::Parameters, step + 1),
            });
            if let Some((schedule, state)) = &runner.feedback {
                let until = ended.map_or(end, |(_, _, asked)| asked);
                runner
                    .rates
                    .extend((first..until).map(|step| schedule.lr(state, step)));
            }
            if let Some((step, cause, _)) = ended {
                runner.diverged = Some(Divergence { step, cause });
            } else if evaluates {
                if runner.losses.is_empty() {
                    runner.losses.reserve_exact(room);
                    runner.accuracies.reserve_exact(room);
                }
                let evaluation = Evaluation {
                    step: end - 1,
                    loss: came.loss,
                    accuracy: came.accuracy,
                };
                runner.observe(evaluation, metric);
            }
        });
    }

    /// Brings parameters and velocities back.
    fn bring_back(&mut self, trainer: &Trainer) -> Result<(), GpuError> {
        self.make_room();
        let (params, velocity) = trainer.download()?;
        let count = self.engine.parameters();
        for (to, from) in self
            .params
            .chunks_exact_mut(self.stride)
            .zip(params.chunks_exact(count))
        {
            to[..count].copy_from_slice(from);
        }
        let velocity = velocity.unwrap_or_default();
        for (runner, from) in self.runners.iter().zip(velocity.chunks_exact(count)) {
            if let Some(slot) = runner.velocity {
                self.velocities[slot * self.stride..][..count].copy_from_slice(from);
            }
        }
        Ok(())
    }
}

/// Rates, momenta and minibatches of a chunk, step by step.
#[derive(Default)]
struct Tables {
    rates: Vec<f32>,
    momenta: Vec<f32>,
    batches: Vec<u32>,
    /// Trial by trial.
    rows: Vec<f32>,
}

impl Tables {
    fn lay_out(
        &mut self,
        block: &Block<'_>,
        active: &[usize],
        chunk: UnderWay,
    ) -> Result<(), TableError> {
        let UnderWay { first, count, .. } = chunk;
        let (trials, steps) = (block.runners.len(), count as usize);
        self.batches.clear();
        let mut order = block.engine.order();
        for step in first..first + count {
            let batch = order.batch(step, block.engine.config.batch);
            self.batches.extend(batch.map(|row| row as u32));
        }
        // Rows of trials whose rates are computed here; those of a table are read where they are.
        let computes =
            |trial: &usize| !matches!(block.runners[*trial].trial.rates, Rates::Table(_));
        let computed = active.iter().any(computes);
        self.rows
            .resize(if computed { trials * steps } else { 0 }, 0.0);
        if computed {
            let mut rows: Vec<Option<&mut [f32]>> =
                self.rows.chunks_exact_mut(steps).map(Some).collect();
            let mut rows: Vec<(usize, &mut [f32])> = active
                .iter()
                .filter_map(|&trial| Some((trial, rows[trial].take()?)))
                .collect();
            // Trials beside each other are searched for schedules that are alike.
            rows.par_chunks_mut(ALIKE)
                .try_for_each(|rows| fill_rows(block, first, rows))?;
        }
        let (rows, runners) = (&self.rows, &block.runners);
        self.rates.resize(trials * steps, 0.0);
        self.rates
            .par_chunks_exact_mut(trials)
            .zip(first..first + count)
            .for_each(|(cells, step)| {
                for &trial in active {
                    cells[trial] = match runners[trial].trial.rates {
                        Rates::Table(rates) => rates[step as usize],
                        _ => rows[trial * steps + (step - first) as usize],
                    };
                }
            });
        self.momenta.clear();
        if runners.iter().any(|runner| runner.trial.momentum.is_some()) {
            self.momenta.resize(trials * steps, 0.0);
            self.momenta
                .par_chunks_exact_mut(trials)
                .zip(first..first + count)
                .for_each(|(cells, step)| {
                    for &trial in active {
                        if let Some(momentum) = runners[trial].trial.momentum {
                            cells[trial] = momentum.lr(step);
                        }
                    }
                });
        }
        Ok(())
    }
}

/// The rates of some trials that have no table.
fn fill_rows(
    block: &Block<'_>,
    first: u32,
    rows: &mut [(usize, &mut [f32])],
) -> Result<(), TableError> {
    let mut schedules: Vec<(&AnySchedule, &mut [f32])> = Vec::new();
    for (trial, row) in rows {
        let runner = &block.runners[*trial];
        match (runner.trial.rates, &runner.feedback) {
            (Rates::Schedule(schedule), _) => schedules.push((schedule, row)),
            (_, Some((schedule, state))) => {
                for (step, cell) in (first..).zip(row.iter_mut()) {
                    *cell = schedule.lr(state, step);
                }
            }
            (_, None) => {}
        }
    }
    table::fill_each(schedules, first)
}

/// All samples, row after row, and their classes as numbers.
fn laid_out(data: &Dataset) -> (Vec<f32>, Vec<f32>) {
    let rows = 0..data.rows();
    (
        rows.clone()
            .flat_map(|row| data.row(row).iter().copied())
            .collect(),
        rows.map(|row| f32::from(data.label(row))).collect(),
    )
}
