//! A block of trials, walked through all steps together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hairpin_arithmetic::mean;
use hairpin_core::{
    AnyFeedback, AnySchedule, ConfigError, Feedback, FeedbackState, Plan, Schedule, Sgd, SgdConfig,
    SgdState, StepError,
};
use rayon::prelude::*;

use super::aligned::Aligned;
use super::engine::Engine;
use super::model::Scratch;
use super::order::Order;
use super::samples::Samples;
use super::{Cause, Divergence, Evaluation, Metric, TrainError, TrialOutcome};
use crate::lanes::{Kernel, Lanes, padded};

/// Where a trial's rates come from.
#[derive(Clone, Copy, Debug)]
pub enum Rates<'a> {
    /// A row of a table, one rate a step.
    Table(&'a [f32]),
    /// A function of the step.
    Schedule(&'a AnySchedule),
    /// A schedule that observes the metric at each evaluation.
    Feedback(&'a AnyFeedback),
}

impl<'a> From<&'a Plan> for Rates<'a> {
    fn from(plan: &'a Plan) -> Self {
        match plan {
            Plan::Schedule(schedule) => Self::Schedule(schedule),
            Plan::Feedback(feedback) => Self::Feedback(feedback),
        }
    }
}

/// What makes one trial differ from another.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Its rates.
    pub rates: Rates<'a>,
    /// Its momentum, where it goes with the step; the update's own is then the one at step 0.
    pub momentum: Option<&'a AnySchedule>,
    /// Its update.
    pub sgd: Sgd,
}

/// How to follow a run, and to stop it, from another thread.
#[derive(Debug, Default)]
pub struct Watch {
    /// Set it to stop: every block answers before its next step.
    pub cancel: AtomicBool,
    /// Trial-steps done. A trial that diverged counts as having taken all its steps.
    pub trial_steps: AtomicU64,
}

/// How a block ended.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockEnd {
    /// Every trial finished or diverged; in the order of the trials.
    Finished(Vec<TrialOutcome>),
    /// It was asked to stop. [`Engine::resume_block`] goes on from here.
    Stopped(BlockState),
}

/// A block between two steps, as bytes to be written to a file.
///
/// They begin with a version and end with a digest of the rest, so that a damaged or foreign file is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockState {
    bytes: Vec<u8>,
}

impl BlockState {
    /// The bytes that [`BlockState::as_bytes`] gave. They are checked when the block is resumed.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The bytes to save.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A trial on its way.
#[derive(Debug)]
pub(super) struct Runner<'a> {
    pub(super) trial: Trial<'a>,
    /// The state of its feedback schedule, if it has one.
    // Boxed: it has room for any kind's, and few trials have one.
    pub(super) feedback: Option<(&'a AnyFeedback, Box<FeedbackState>)>,
    /// Its place among the velocities, if it needs one.
    pub(super) velocity: Option<usize>,
    pub(super) optimizer: SgdState,
    /// What its evaluations gave, one after the other.
    pub(super) losses: Vec<f32>,
    pub(super) accuracies: Vec<f32>,
    /// The rates of a feedback schedule.
    pub(super) rates: Vec<f32>,
    pub(super) diverged: Option<Divergence>,
}

impl Runner<'_> {
    pub(super) fn observe(&mut self, evaluation: Evaluation, metric: Metric) {
        if let Some((schedule, state)) = &mut self.feedback {
            let metric = f64::from(evaluation.metric(metric));
            schedule.observe(state, evaluation.step, metric);
        }
        self.losses.push(evaluation.loss);
        self.accuracies.push(evaluation.accuracy);
    }

    fn rate(&mut self, step: u32) -> f32 {
        match self.trial.rates {
            Rates::Table(rates) => rates[step as usize],
            Rates::Schedule(schedule) => schedule.lr(step),
            Rates::Feedback(_) => {
                let rate = self
                    .feedback
                    .as_ref()
                    .map_or(f32::NAN, |(schedule, state)| schedule.lr(state, step));
                self.rates.push(rate);
                rate
            }
        }
    }
}

/// All trials of a block, before step `step`.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) engine: &'a Engine<'a>,
    pub(super) runners: Vec<Runner<'a>>,
    pub(super) step: u32,
    /// `[trials × stride]`, once there is [room](Block::make_room).
    pub(super) params: Aligned,
    /// `[trials with momentum × stride]`, likewise.
    pub(super) velocities: Aligned,
    velocity_count: usize,
    /// A trial's parameters, rounded up to whole cache lines.
    pub(super) stride: usize,
    order: Order,
    samples: Samples,
    scratch: Scratch,
}

impl<'a> Block<'a> {
    pub(super) fn new(engine: &'a Engine<'a>, trials: &[Trial<'a>]) -> Result<Self, TrainError> {
        let stride = padded(engine.parameters());
        let mut velocities = 0;
        let mut runners = Vec::with_capacity(trials.len());
        for (number, &trial) in trials.iter().enumerate() {
            let steps = engine.config.steps as usize;
            if let Rates::Table(rates) = trial.rates
                && rates.len() != steps
            {
                return Err(TrainError::RateCount {
                    trial: number,
                    expected: steps,
                    found: rates.len(),
                });
            }
            let velocity = trial.sgd.needs_velocity().then_some(velocities);
            velocities += usize::from(velocity.is_some());
            runners.push(Runner {
                trial,
                feedback: match trial.rates {
                    Rates::Feedback(schedule) => Some((schedule, Box::new(schedule.start()))),
                    Rates::Table(_) | Rates::Schedule(_) => None,
                },
                velocity,
                optimizer: SgdState::default(),
                losses: Vec::new(),
                accuracies: Vec::new(),
                rates: Vec::new(),
                diverged: None,
            });
        }
        let batch = engine.config.batch;
        let widest = engine.validation.iter().map(Samples::count).max();
        Ok(Self {
            engine,
            runners,
            step: 0,
            params: Aligned::zeros(0),
            velocities: Aligned::zeros(0),
            velocity_count: velocities,
            stride,
            order: engine.order(),
            samples: Samples::with_room(engine.data, batch),
            scratch: engine.network.scratch(batch.max(widest.unwrap_or(0))),
        })
    }

    /// Makes room for parameters, which begin as all trials do, and velocities. A block that is trained elsewhere may never need it.
    pub(super) fn make_room(&mut self) {
        if !self.params.is_empty() {
            return;
        }
        let initial = &self.engine.initial;
        self.params = Aligned::zeros(self.runners.len() * self.stride);
        for params in self.params.chunks_exact_mut(self.stride) {
            params[..initial.len()].copy_from_slice(initial);
        }
        self.velocities = Aligned::zeros(self.velocity_count * self.stride);
    }

    /// Trains to the end, or until asked to stop.
    pub(super) fn run(mut self, watch: &Watch) -> Result<BlockEnd, TrainError> {
        self.make_room();
        let steps = self.engine.config.steps;
        let all = self.runners.len() as u64 * u64::from(steps);
        let mut active: Vec<usize> = (0..self.runners.len())
            .filter(|&trial| self.runners[trial].diverged.is_none())
            .collect();
        // What is left is what the active trials have before them.
        let left = |active: usize, step: u32| active as u64 * u64::from(steps - step);
        let mut counted = all - left(active.len(), self.step);
        watch.trial_steps.fetch_add(counted, Ordering::Relaxed);
        while self.step < steps && !active.is_empty() {
            if watch.cancel.load(Ordering::Relaxed) {
                return Ok(BlockEnd::Stopped(self.state()));
            }
            let step = self.step;
            let batch = self.order.batch(step, self.engine.config.batch);
            self.samples.fill(self.engine.data, batch);
            for &trial in &active {
                self.descend(trial)?;
            }
            active.retain(|&trial| self.runners[trial].diverged.is_none());
            if self.engine.evaluates_after(step) {
                for &trial in &active {
                    self.evaluate(trial);
                }
            }
            self.step += 1;
            let done = all - left(active.len(), self.step);
            watch
                .trial_steps
                .fetch_add(done - counted, Ordering::Relaxed);
            counted = done;
        }
        Ok(BlockEnd::Finished(self.outcomes()))
    }

    /// Takes the next step of one trial.
    fn descend(&mut self, trial: usize) -> Result<(), TrainError> {
        let Engine {
            network,
            isa,
            config,
            ..
        } = self.engine;
        let runner = &mut self.runners[trial];
        let count = network.parameters();
        let params = &mut self.params[trial * self.stride..][..count];
        let diverged = |cause| {
            Some(Divergence {
                step: self.step,
                cause,
            })
        };
        let loss = network.descend(*isa, &self.samples, params, &mut self.scratch);
        if !(loss.is_finite() && loss <= config.divergence_bound) {
            runner.diverged = diverged(Cause::Loss);
            return Ok(());
        }
        let rate = runner.rate(self.step);
        if !rate.is_finite() {
            runner.diverged = diverged(Cause::Rate);
            return Ok(());
        }
        let (sgd, has_velocity) = match runner.trial.momentum.map(|m| m.lr(self.step)) {
            None => (Ok(runner.trial.sgd), true),
            // As torch does it: in a step without momentum the velocity rests.
            Some(0.0) => (without_momentum(&runner.trial.sgd), false),
            Some(momentum) => (runner.trial.sgd.at_momentum(momentum), true),
        };
        let Ok(sgd) = sgd else {
            runner.diverged = diverged(Cause::Rate);
            return Ok(());
        };
        let mut resting = SgdState::default();
        let updated = isa.run(Update {
            sgd: &sgd,
            state: if has_velocity {
                &mut runner.optimizer
            } else {
                &mut resting
            },
            rate,
            params,
            grads: &self.scratch.grads,
            velocity: match runner.velocity {
                Some(slot) if has_velocity => &mut self.velocities[slot * self.stride..][..count],
                _ => &mut [],
            },
        });
        match updated {
            Ok(true) => {}
            Ok(false) => runner.diverged = diverged(Cause::Parameters),
            Err(error) => return Err(TrainError::Update(error)),
        }
        Ok(())
    }

    /// Measures one trial on the validation part, after step `self.step`.
    fn evaluate(&mut self, trial: usize) {
        let Engine {
            network,
            isa,
            config,
            ..
        } = self.engine;
        let params = &self.params[trial * self.stride..][..network.parameters()];
        let (mut loss, mut correct, mut count) = (0.0, 0, 0);
        for samples in &self.engine.validation {
            let score = network.evaluate(*isa, samples, params, &mut self.scratch);
            loss += score.loss;
            correct += score.correct;
            count += samples.count();
        }
        let evaluation = Evaluation {
            step: self.step,
            loss: mean(loss, count),
            accuracy: mean(f64::from(correct), count),
        };
        self.runners[trial].observe(evaluation, config.metric);
    }

    /// The block as it stands, to go on from.
    pub(super) fn state(&self) -> BlockState {
        BlockState { bytes: self.save() }
    }

    pub(super) fn outcomes(self) -> Vec<TrialOutcome> {
        let config = self.engine.config;
        let count = self.engine.parameters();
        let (all, stride) = (self.params, self.stride);
        let steps: Vec<u32> = self.engine.eval_steps().collect();
        self.runners
            .into_par_iter()
            .with_min_len(1024)
            .enumerate()
            .map(|(trial, runner)| {
                let whole = runner.diverged.is_none();
                TrialOutcome {
                    last: evaluated(&steps, &runner.losses, &runner.accuracies)
                        .last()
                        .filter(|_| whole),
                    best: best(
                        evaluated(&steps, &runner.losses, &runner.accuracies),
                        config.metric,
                    ),
                    diverged: runner.diverged,
                    losses: runner.losses,
                    accuracies: runner.accuracies,
                    rates: runner.feedback.map(|_| runner.rates),
                    params: (config.keep_params && whole)
                        .then(|| all[trial * stride..][..count].to_vec()),
                }
            })
            .collect()
    }
}

/// Evaluations as they were taken.
fn evaluated<'a>(
    steps: &'a [u32],
    losses: &'a [f32],
    accuracies: &'a [f32],
) -> impl DoubleEndedIterator<Item = Evaluation> + 'a {
    let taken = steps.iter().zip(losses).zip(accuracies);
    taken.map(|((&step, &loss), &accuracy)| Evaluation {
        step,
        loss,
        accuracy,
    })
}

/// The best evaluation, the first of equals. NaN is never the best.
fn best(evaluations: impl Iterator<Item = Evaluation>, metric: Metric) -> Option<Evaluation> {
    let worth = |evaluation: &Evaluation| match metric {
        Metric::Loss => -evaluation.loss,
        Metric::Accuracy => evaluation.accuracy,
    };
    let mut best: Option<Evaluation> = None;
    for evaluation in evaluations.filter(|e| !worth(e).is_nan()) {
        if best.is_none_or(|best| worth(&evaluation) > worth(&best)) {
            best = Some(evaluation);
        }
    }
    best
}

/// The same update for a step that has no momentum.
fn without_momentum(sgd: &Sgd) -> Result<Sgd, ConfigError> {
    let config = *sgd.config();
    Sgd::new(SgdConfig {
        momentum: 0.0,
        dampening: 0.0,
        nesterov: false,
        ..config
    })?
    .group(sgd.lr_multiplier(), config.weight_decay)
}

/// The core's update, and whether it left all parameters finite.
struct Update<'a> {
    sgd: &'a Sgd,
    state: &'a mut SgdState,
    rate: f32,
    params: &'a mut [f32],
    grads: &'a [f32],
    velocity: &'a mut [f32],
}

impl Kernel for Update<'_> {
    type Output = Result<bool, StepError>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        self.sgd.step_with::<L::Fma>(
            self.state,
            self.rate,
            self.params,
            self.grads,
            self.velocity,
        )?;
        // Without an early exit, so that it is a loop over registers.
        const EXPONENT: u32 = f32::INFINITY.to_bits();
        let broken = self.params.iter().fold(false, |broken, x| {
            broken | (x.to_bits() & EXPONENT == EXPONENT)
        });
        Ok(!broken)
    }
}

#[cfg(test)]
mod tests {
    use hairpin_core::{Rounding, SgdConfig};

    use super::*;
    use crate::lanes::Isa;

    #[test]
    fn the_update_has_the_bits_of_the_core_on_every_instruction_set() {
        // Not a multiple of any register, and of several sizes and signs.
        let numbers = |salt: u32| -> Vec<f32> {
            let number = |i: u32| ((i * 7919 + salt) % 1013) as f32 / 97.0 - 5.0;
            (0..650).map(number).collect()
        };
        let momentum = SgdConfig {
            momentum: 0.9,
            weight_decay: 1e-2,
            ..SgdConfig::default()
        };
        for config in [
            SgdConfig::default(),
            momentum,
            SgdConfig {
                dampening: 0.3,
                gradient_scale: 0.7,
                ..momentum
            },
            SgdConfig {
                nesterov: true,
                ..momentum
            },
        ] {
            for rounding in [Rounding::Separate, Rounding::Fused] {
                let sgd = Sgd::new(SgdConfig { rounding, ..config }).unwrap();
                let room = if sgd.needs_velocity() { 650 } else { 0 };
                let run = |isa: Option<Isa>| {
                    let (mut params, mut velocity) = (numbers(1), vec![0.0; room]);
                    let mut state = SgdState::default();
                    for step in 0..3 {
                        let (rate, grads) = (0.1 + step as f32, numbers(step + 2));
                        let finite = match isa {
                            Some(isa) => isa.run(Update {
                                sgd: &sgd,
                                state: &mut state,
                                rate,
                                params: &mut params,
                                grads: &grads,
                                velocity: &mut velocity,
                            }),
                            None => sgd
                                .step(&mut state, rate, &mut params, &grads, &mut velocity)
                                .map(|()| true),
                        };
                        assert_eq!(finite, Ok(true));
                    }
                    let numbers = params.into_iter().chain(velocity);
                    numbers.map(f32::to_bits).collect::<Vec<_>>()
                };
                for isa in Isa::available() {
                    assert_eq!(run(Some(isa)), run(None), "{} {config:?}", isa.name());
                }
            }
        }
    }

    #[test]
    fn the_best_is_the_first_of_equals_and_never_nan() {
        let losses = [f32::NAN, 2.0, 1.0, f32::NAN, 1.0, f32::INFINITY];
        let evaluations: Vec<Evaluation> = (0..)
            .zip(losses)
            .map(|(step, loss)| Evaluation {
                step,
                loss,
                accuracy: 0.5,
            })
            .collect();
        assert_eq!(
            best(evaluations.iter().copied(), Metric::Loss).map(|e| e.step),
            Some(2)
        );
        assert_eq!(
            best(evaluations.iter().copied(), Metric::Accuracy).map(|e| e.step),
            Some(0)
        );
        assert_eq!(best(evaluations[..1].iter().copied(), Metric::Loss), None);
        assert_eq!(best(std::iter::empty(), Metric::Loss), None);
    }
}
