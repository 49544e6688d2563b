//! Training of many trials of one small model, each at its own rates, on the device from the first step to the last.

use hairpin_core::{Rounding, Sgd};
use hairpin_kernels::train::{self, Shape, TrainRecord, cause};

use crate::error::GpuError;
use crate::gpu::Gpu;
use crate::launch::{Buffer, Chunk, Event, Stream, Training, check_members};

/// A model: softmax regression, or with hidden units a perceptron of one hidden layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelShape {
    /// Numbers of a sample.
    pub features: u32,
    /// Hidden units; 0 for softmax regression.
    pub hidden: u32,
    /// Classes.
    pub classes: u32,
    /// Samples of a minibatch.
    pub batch: u32,
}

/// What is trained on.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// `[samples, features]`
    pub data: &'a [f32],
    /// `[samples]`: classes from 0 on, as numbers.
    pub labels: &'a [f32],
    /// Numbers of the samples that trials are scored on.
    pub validation: &'a [u32],
}

/// Why a trial ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The loss of the minibatch was NaN, infinite or above the bound.
    Loss,
    /// The rate was NaN or infinite, or a momentum that goes with the step was below 0 or not finite.
    Rate,
    /// The update made a parameter NaN or infinite.
    Parameters,
}

/// What a trial begins or goes on with.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Its update.
    pub sgd: Sgd,
    /// Whether its momentum comes from the table of momenta.
    pub moving_momentum: bool,
    /// Whether its velocity was written.
    pub started: bool,
    /// Whether it ended before.
    pub ended: bool,
}

/// Parameters and velocities that trials begin or go on with.
#[derive(Clone, Copy, Debug)]
pub enum Initial<'a> {
    /// All begin with the same, and with velocities of 0.
    Same {
        /// `[parameters]`
        params: &'a [f32],
        /// Whether some trial has a velocity.
        velocity: bool,
    },
    /// Each goes on with its own.
    Each {
        /// `[trials, parameters]`
        params: &'a [f32],
        /// `[trials, parameters]`, if some trial has one.
        velocity: Option<&'a [f32]>,
    },
}

/// What came of a trial in a chunk of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Where and why it ended, if it did.
    pub ended: Option<(u32, Ended)>,
    /// Mean cross-entropy over the validation samples, if it was evaluated.
    pub loss: f32,
    /// Share of them that is guessed right, likewise.
    pub accuracy: f32,
}

/// Steps to take.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// The first.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// `[count, trials]`: the rate of each.
    pub rates: &'a [f32],
    /// `[count, trials]`: the momentum of each, if some trial's moves.
    pub momenta: Option<&'a [f32]>,
    /// `[count, batch]`: the samples of each.
    pub batches: &'a [u32],
    /// Whether trials are evaluated after the last.
    pub evaluate: bool,
}

/// How many chunks can be under way: one runs while the host prepares the next.
const SLOTS: usize = 2;

/// What a chunk brings and leaves.
#[derive(Debug)]
struct Slot {
    batches: Buffer<u32>,
    losses: Buffer<f32>,
    accuracies: Buffer<f32>,
    records: Buffer<TrainRecord>,
    done: Event,
}

/// Trials on the device.
///
/// Steps are asked for with [`Trainer::run`] and go on while the host prepares more; [`Trainer::collect`] gives what came of the oldest
/// that was not collected. At most two chunks are under way.
#[derive(Debug)]
pub struct Trainer {
    training: Training,
    /// Where trials train.
    stream: Stream,
    /// Where bytes come and go meanwhile.
    copies: Stream,
    params: Buffer<f32>,
    velocity: Option<Buffer<f32>>,
    /// What all trials begin with, until they have.
    initial: Option<Buffer<f32>>,
    records: Buffer<TrainRecord>,
    members: Buffer<u32>,
    rates: Buffer<f32>,
    momenta: Option<Buffer<f32>>,
    slots: [Slot; SLOTS],
    /// Most steps of a chunk.
    window: u32,
    trials: u64,
    /// Chunks asked for, and collected.
    asked: u64,
    collected: u64,
}

impl Trainer {
    /// Brings trials to the device. No chunk has more than `window` steps.
    ///
    /// # Errors
    /// Lengths that do not fit each other, a model that is too large, no memory, or what the driver says.
    pub fn new(
        gpu: &Gpu,
        model: ModelShape,
        samples: Samples<'_>,
        divergence_bound: f32,
        starts: &[Start],
        initial: Initial<'_>,
        window: u32,
    ) -> Result<Self, GpuError> {
        let ModelShape {
            features,
            hidden,
            classes,
            batch,
        } = model;
        let stream = gpu.stream()?;
        let moves = match initial {
            Initial::Same { velocity, .. } => velocity,
            Initial::Each { velocity, .. } => velocity.is_some(),
        };
        let shape =
            Shape::new(features, hidden, classes, batch, moves).ok_or(GpuError::Unsupported(
                "the model and its minibatch are too large for the GPU's kernels",
            ))?;
        let training = Training::new(
            &stream,
            shape,
            samples.data,
            samples.labels,
            samples.validation,
            divergence_bound,
            starts.len() as u64,
        )?;
        let trials = starts.len() as u64;
        let moving = starts.iter().any(|start| start.moving_momentum);
        let records: Vec<TrainRecord> = starts.iter().map(record).collect();
        let members: Vec<u32> = active(&records);
        let rates = u64::from(window) * SLOTS as u64 * trials;
        let elements = trials * u64::from(shape.parameters);
        let (params, velocity, initial) = match initial {
            Initial::Same { params, velocity } => (
                Buffer::zeros(&stream, elements)?,
                velocity
                    .then(|| Buffer::zeros(&stream, elements))
                    .transpose()?,
                Some(Buffer::from_slice(&stream, params)?),
            ),
            Initial::Each { params, velocity } => (
                Buffer::from_slice(&stream, params)?,
                velocity
                    .map(|velocity| Buffer::from_slice(&stream, velocity))
                    .transpose()?,
                None,
            ),
        };
        let slot = || -> Result<Slot, GpuError> {
            Ok(Slot {
                batches: Buffer::zeros(&stream, u64::from(window) * u64::from(batch))?,
                losses: Buffer::zeros(&stream, trials)?,
                accuracies: Buffer::zeros(&stream, trials)?,
                records: Buffer::zeros(&stream, trials)?,
                done: Event::new(gpu)?,
            })
        };
        let trainer = Self {
            params,
            velocity,
            initial,
            records: Buffer::from_slice(&stream, &records)?,
            members: Buffer::from_slice(&stream, &members)?,
            rates: Buffer::zeros(&stream, rates)?,
            momenta: moving.then(|| Buffer::zeros(&stream, rates)).transpose()?,
            slots: [slot()?, slot()?],
            training,
            copies: gpu.stream()?,
            stream,
            window,
            trials,
            asked: 0,
            collected: 0,
        };
        // What was cleared on this stream is written on the other from now on.
        trainer.stream.synchronize()?;
        Ok(trainer)
    }

    /// How many chunks are under way.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.asked - self.collected
    }

    /// Takes the trials through steps. It comes back before they are taken; what was handed over can be used again.
    ///
    /// # Errors
    /// Two chunks that are under way already, more steps than a chunk has, lengths that do not fit, or what the driver says.
    pub fn run(&mut self, steps: &Steps<'_>) -> Result<(), GpuError> {
        if self.under_way() == SLOTS as u64 {
            return Err(GpuError::Unsupported(
                "two chunks of steps are under way: collect one of them first",
            ));
        }
        let Steps {
            first,
            count,
            rates,
            momenta,
            batches,
            evaluate,
        } = *steps;
        if count > self.window {
            return Err(GpuError::TooMany {
                what: "steps of a chunk",
                found: u64::from(count),
                most: u64::from(self.window),
            });
        }
        self.training.check_batches(count, batches)?;
        let slot = (self.asked % SLOTS as u64) as usize;
        // The rows of this slot: the chunk that used them last was collected.
        let row = slot as u64 * u64::from(self.window);
        for (what, table, numbers) in [
            ("the rates", Some(&self.rates), Some(rates)),
            ("the momenta", self.momenta.as_ref(), momenta),
        ] {
            let Some(table) = table else { continue };
            let numbers = numbers.unwrap_or_default();
            let expected = u64::from(count) * self.trials;
            if numbers.len() as u64 != expected {
                return Err(GpuError::Length {
                    what,
                    expected,
                    found: numbers.len() as u64,
                });
            }
            table.write(&self.copies, row * self.trials, numbers)?;
        }
        let used = &self.slots[slot];
        used.batches.write(&self.copies, 0, batches)?;
        self.training.launch(
            &self.stream,
            &Chunk {
                params: &self.params,
                velocity: self.velocity.as_ref(),
                initial: self.initial.as_ref().filter(|_| self.asked == 0),
                records: &self.records,
                members: &self.members,
                rates: &self.rates,
                momenta: self.momenta.as_ref(),
                batches: &used.batches,
                losses: &used.losses,
                accuracies: &used.accuracies,
                row,
                first,
                steps: count,
                evaluate,
            },
        )?;
        let used = &mut self.slots[slot];
        used.records.copy_from(&self.stream, &self.records)?;
        used.done.record(&self.stream)?;
        self.asked += 1;
        Ok(())
    }

    /// Waits for the oldest chunk under way and gives what came of each trial in it; nothing where none is.
    ///
    /// # Errors
    /// What the driver says.
    pub fn collect(&mut self) -> Result<Option<Vec<Progress>>, GpuError> {
        if self.under_way() == 0 {
            return Ok(None);
        }
        let slot = &self.slots[(self.collected % SLOTS as u64) as usize];
        slot.done.synchronize()?;
        let records = slot.records.download(&self.copies)?;
        let losses = slot.losses.download(&self.copies)?;
        let accuracies = slot.accuracies.download(&self.copies)?;
        self.collected += 1;
        let progress = records.iter().zip(losses).zip(accuracies);
        Ok(Some(
            progress
                .map(|((record, loss), accuracy)| Progress {
                    ended: ended(record),
                    loss,
                    accuracy,
                })
                .collect(),
        ))
    }

    /// Leaves trials out that ended, so that they cost nothing from now on.
    ///
    /// # Errors
    /// Chunks under way, members that are not trials or not in order, or what the driver says.
    pub fn keep(&mut self, members: &[u32]) -> Result<(), GpuError> {
        check_members(members, self.trials)?;
        // Those under way read the old list, which is freed when they are through.
        self.members = Buffer::from_slice(&self.copies, members)?;
        Ok(())
    }

    /// The parameters and velocities of all trials, once all chunks are through, and whether the velocity of each was written.
    ///
    /// # Errors
    /// What the driver says.
    pub fn download(&self) -> Result<(Vec<f32>, Option<Vec<f32>>), GpuError> {
        let params = self.params.download(&self.stream)?;
        let velocity = self
            .velocity
            .as_ref()
            .map(|velocity| velocity.download(&self.stream))
            .transpose()?;
        Ok((params, velocity))
    }
}

fn record(start: &Start) -> TrainRecord {
    let config = start.sgd.config();
    let flag = |on: bool, flag: u32| if on { flag } else { 0 };
    TrainRecord {
        coefficients: start.sgd.coefficients(),
        flags: flag(start.sgd.needs_velocity(), train::VELOCITY)
            | flag(config.nesterov, train::NESTEROV)
            | flag(start.moving_momentum, train::MOVING)
            | flag(config.rounding == Rounding::Fused, train::FUSED),
        started: start.started.into(),
        cause: flag(start.ended, cause::LOSS),
        step: 0,
    }
}

fn active(records: &[TrainRecord]) -> Vec<u32> {
    let trials = (0..).zip(records);
    trials
        .filter(|(_, record)| record.cause == 0)
        .map(|(trial, _)| trial)
        .collect()
}

fn ended(record: &TrainRecord) -> Option<(u32, Ended)> {
    let why = match record.cause {
        0 => return None,
        cause::LOSS => Ended::Loss,
        cause::RATE => Ended::Rate,
        _ => Ended::Parameters,
    };
    Some((record.step, why))
}
