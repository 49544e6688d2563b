//! One SGD update of many trials at once, on all threads: `[trials, parameters]` in one piece of memory.
//!
//! Each trial is updated by [`Coefficients::walk`], compiled for the widest registers that the processor has, so that its bits are those of
//! [`Sgd::step`] for that trial alone.

use hairpin_core::sgd::{Coefficients, Form, Fused, MulAdd, Separate, group_rate};
use hairpin_core::{Rounding, Sgd, SgdState, StepError};
use rayon::prelude::*;

use crate::lanes::{Isa, Kernel, Lanes};

/// Parameters of a task, about: few enough to keep all cores busy, many enough for a task to be worth its start.
const PARAMETERS_PER_TASK: usize = 1 << 16;

/// Why trials were not updated. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Not as many of one thing as of another.
    #[error("{what} has {found} elements: must have {expected}, {why}")]
    Count {
        /// Which of the arguments.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        expected: usize,
        /// For what.
        why: &'static str,
    },
    /// The parameters are not as many for each trial.
    #[error("params has {found} elements: must have {trials} rows of equal length")]
    Shape {
        /// Number of trials.
        trials: usize,
        /// Number of parameters.
        found: usize,
    },
    /// A trial cannot be updated.
    #[error("trial {trial}: {error}")]
    Trial {
        /// Which one, from 0.
        trial: usize,
        /// What is wrong with it.
        error: StepError,
    },
}

/// The updates of many trials, looked at once and not in every step.
///
/// # Examples
/// ```
/// use hairpin_core::{Sgd, SgdConfig};
/// use hairpin_host::update::Updates;
///
/// let momentum = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
/// let updates: Updates = [Sgd::new(SgdConfig::default())?, momentum].into_iter().collect();
/// assert_eq!(updates.len(), 2);
/// assert!(updates.need_velocity());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Updates {
    trials: Vec<Update>,
    need_velocity: bool,
}

impl Updates {
    /// Of how many trials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trials.len()
    }

    /// Whether there is no trial.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// Whether a trial has a momentum, so that [`step`] needs a velocity for each parameter.
    #[must_use]
    pub fn need_velocity(&self) -> bool {
        self.need_velocity
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.trials)
    }

    /// The first trial whose rate is no number.
    fn nan(&self, rates: &[f32]) -> Option<usize> {
        // A finite rate times a multiplier, which is finite, is a number: mostly the rates alone have to be read, and that without a way out.
        if rates.iter().fold(true, |all, rate| all & rate.is_finite()) {
            return None;
        }
        let mut trials = self.trials.iter().zip(rates);
        trials.position(|(trial, rate)| group_rate(*rate, trial.lr_multiplier).is_nan())
    }
}

impl FromIterator<Sgd> for Updates {
    fn from_iter<I: IntoIterator<Item = Sgd>>(updates: I) -> Self {
        let trials: Vec<Update> = updates.into_iter().map(|sgd| Update::of(&sgd)).collect();
        let need_velocity = trials.iter().any(|trial| trial.later != Form::Plain);
        Self {
            trials,
            need_velocity,
        }
    }
}

/// What a step reads of a trial's [`Sgd`]: half a cache line.
#[derive(Clone, Copy, Debug)]
struct Update {
    coefficients: Coefficients,
    lr_multiplier: f64,
    /// What a step is, and what the first one is.
    later: Form,
    first: Form,
    rounding: Rounding,
}

impl Update {
    fn of(sgd: &Sgd) -> Self {
        Self {
            coefficients: sgd.coefficients(),
            lr_multiplier: sgd.lr_multiplier(),
            later: sgd.form(SgdState::new(true)),
            first: sgd.form(SgdState::new(false)),
            rounding: sgd.config().rounding,
        }
    }

    fn form(&self, state: SgdState) -> Form {
        if state.started() {
            self.later
        } else {
            self.first
        }
    }
}

/// Many trials' parameters, gradients and velocities, trial after trial.
#[derive(Debug)]
pub struct Stacked<'a> {
    /// The parameters, which are updated.
    pub params: &'a mut [f32],
    /// A gradient for each parameter.
    pub grads: &'a [f32],
    /// A velocity for each parameter, which is updated; empty where no trial has a momentum. Those of a trial without one stay as they are.
    pub velocity: &'a mut [f32],
}

/// Applies one update to every trial: the `i`-th of `updates` at rate `rates[i]`, in parallel.
///
/// # Errors
/// Lengths that do not fit together, or a rate that is NaN. Nothing is changed then.
///
/// # Examples
/// ```
/// use hairpin_core::{Sgd, SgdConfig, SgdState};
/// use hairpin_host::update::{Stacked, Updates, step};
///
/// let updates: Updates = [Sgd::new(SgdConfig::default())?; 2].into_iter().collect();
/// let mut states = [SgdState::default(); 2];
/// let mut params = [1.0, 2.0, 1.0, 2.0];
/// let stacked = Stacked { params: &mut params, grads: &[1.0; 4], velocity: &mut [] };
/// step(&updates, &mut states, &[0.5, 0.25], stacked)?;
/// assert_eq!(params, [0.5, 1.5, 0.75, 1.75]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn step(
    updates: &Updates,
    states: &mut [SgdState],
    rates: &[f32],
    stacked: Stacked<'_>,
) -> Result<(), UpdateError> {
    let isa = Isa::detect();
    let size = size(updates, states, rates, &stacked)?;
    if size == 0 {
        return Ok(());
    }
    // Whole trials, or pieces of one: its state changes when all of them are done.
    let each = if size < PARAMETERS_PER_TASK {
        PARAMETERS_PER_TASK / size * size
    } else {
        PARAMETERS_PER_TASK
    };
    let Stacked {
        params,
        grads,
        velocity,
    } = stacked;
    let started: &[SgdState] = states;
    let update = |task: usize, params: &mut [f32], grads: &[f32], velocity: &mut [f32]| {
        let first = task * each;
        let trial = first / size;
        isa.run(Task {
            updates: &updates.trials[trial..],
            states: &started[trial..],
            rates: &rates[trial..],
            size,
            done: first % size,
            params,
            grads,
            velocity,
        });
    };
    let tasks = params.par_chunks_mut(each).zip(grads.par_chunks(each));
    if velocity.is_empty() {
        tasks
            .enumerate()
            .for_each(|(task, (params, grads))| update(task, params, grads, &mut []));
    } else {
        tasks
            .zip(velocity.par_chunks_mut(each))
            .enumerate()
            .for_each(|(task, ((params, grads), velocity))| update(task, params, grads, velocity));
    }
    states.fill(SgdState::new(true));
    Ok(())
}

/// How many parameters a trial has, if everything fits together.
fn size(
    updates: &Updates,
    states: &[SgdState],
    rates: &[f32],
    stacked: &Stacked<'_>,
) -> Result<usize, UpdateError> {
    let trials = updates.len();
    let count = |what, found, expected, why| {
        if found == expected {
            Ok(())
        } else {
            Err(UpdateError::Count {
                what,
                found,
                expected,
                why,
            })
        }
    };
    let found = stacked.params.len();
    if found > 0 && (trials == 0 || !found.is_multiple_of(trials)) {
        return Err(UpdateError::Shape { trials, found });
    }
    count("states", states.len(), trials, "one for each update")?;
    count("rates", rates.len(), trials, "one for each update")?;
    count(
        "grads",
        stacked.grads.len(),
        found,
        "one for each parameter",
    )?;
    let (expected, why) = if updates.need_velocity {
        (found, "one for each parameter, as a trial has a momentum")
    } else {
        (0, "as no trial has a momentum")
    };
    count("velocity", stacked.velocity.len(), expected, why)?;
    if let Some(trial) = updates.nan(rates) {
        let error = StepError::NanRate;
        return Err(UpdateError::Trial { trial, error });
    }
    Ok(found.checked_div(trials).unwrap_or(0))
}

/// Some parameters in a row, of one trial or of several.
struct Task<'a> {
    /// From the trial of the first parameter on.
    updates: &'a [Update],
    states: &'a [SgdState],
    rates: &'a [f32],
    size: usize,
    /// How many parameters of the first trial lie before this task.
    done: usize,
    params: &'a mut [f32],
    grads: &'a [f32],
    velocity: &'a mut [f32],
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        while let (Some(update), Some(state)) = (self.updates.first(), self.states.first())
            && !self.params.is_empty()
        {
            match update.rounding {
                Rounding::Separate => self.alike::<Separate>(update, *state),
                Rounding::Fused => self.alike::<Fused<L::Fma>>(update, *state),
            }
        }
    }
}

impl Task<'_> {
    /// Updates trials as long as they are rounded like the first one and their step has its form: what these choose is chosen once for all of them.
    #[inline(always)]
    fn alike<M: MulAdd>(&mut self, update: &Update, state: SgdState) {
        let rounding = update.rounding;
        match update.form(state) {
            Form::Plain => self.of_form::<M>(rounding, Form::Plain),
            Form::First { nesterov: false } => {
                self.of_form::<M>(rounding, Form::First { nesterov: false });
            }
            Form::First { nesterov: true } => {
                self.of_form::<M>(rounding, Form::First { nesterov: true });
            }
            Form::Later { nesterov: false } => {
                self.of_form::<M>(rounding, Form::Later { nesterov: false });
            }
            Form::Later { nesterov: true } => {
                self.of_form::<M>(rounding, Form::Later { nesterov: true });
            }
        }
    }

    /// The same, with a form that the compiler knows.
    #[inline(always)]
    fn of_form<M: MulAdd>(&mut self, rounding: Rounding, form: Form) {
        let trials = self.updates.iter().zip(self.states).zip(self.rates);
        let mut walked = 0;
        for ((update, state), rate) in trials {
            if update.rounding != rounding || update.form(*state) != form || self.params.is_empty()
            {
                break;
            }
            let count = (self.size - self.done).min(self.params.len());
            self.done = 0;
            let params = self.params.split_off_mut(..count).unwrap_or_default();
            let grads = self.grads.split_off(..count).unwrap_or_default();
            let stacked = count.min(self.velocity.len());
            let velocity = self.velocity.split_off_mut(..stacked).unwrap_or_default();
            let rate = group_rate(*rate, update.lr_multiplier);
            let coefficients = update.coefficients;
            coefficients.walk::<M>(form, rate, params, grads, velocity);
            walked += 1;
        }
        self.updates = &self.updates[walked..];
        self.states = &self.states[walked..];
        self.rates = &self.rates[walked..];
    }
}

#[cfg(test)]
mod tests {
    use hairpin_core::SgdConfig;

    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 1e6 - 8.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    /// Trials of all sizes, those that several tasks share included, of all kinds and side by side.
    #[test]
    fn each_trial_is_updated_as_if_it_were_alone() {
        for (trials, size) in [
            (1, 3 * PARAMETERS_PER_TASK + 7),
            (5, 70_001),
            (300, 650),
            (999, 1),
            (7, 0),
        ] {
            for momentum in [0.0, 0.9] {
                let updates: Vec<Sgd> = (0..trials)
                    .map(|trial| {
                        let config = SgdConfig {
                            momentum: if trial % 3 == 1 { 0.0 } else { momentum },
                            weight_decay: if trial % 2 == 0 { 0.0 } else { 1e-2 },
                            nesterov: momentum > 0.0 && trial % 3 == 2,
                            gradient_scale: 0.5,
                            rounding: if trial % 5 < 3 {
                                Rounding::Separate
                            } else {
                                Rounding::Fused
                            },
                            ..SgdConfig::default()
                        };
                        let sgd = Sgd::new(config).unwrap();
                        if trial % 7 == 6 {
                            sgd.group(0.3, 0.1).unwrap()
                        } else {
                            sgd
                        }
                    })
                    .collect();
                let collected: Updates = updates.iter().copied().collect();
                let needs = updates.iter().any(Sgd::needs_velocity);
                let (mut params, grads) = (numbers(trials * size, 1), numbers(trials * size, 2));
                let mut velocity = numbers(if needs { trials * size } else { 0 }, 3);
                let (mut alone, mut alone_velocity) = (params.clone(), velocity.clone());
                let mut states = vec![SgdState::default(); trials];
                let mut alone_states = states.clone();
                for round in 1..4 {
                    let rates = numbers(trials, round);
                    let stacked = Stacked {
                        params: &mut params,
                        grads: &grads,
                        velocity: &mut velocity,
                    };
                    step(&collected, &mut states, &rates, stacked).unwrap();
                    for (trial, sgd) in updates.iter().enumerate() {
                        let own = trial * size..(trial + 1) * size;
                        let own_velocity = if sgd.needs_velocity() {
                            own.clone()
                        } else {
                            0..0
                        };
                        sgd.step(
                            &mut alone_states[trial],
                            rates[trial],
                            &mut alone[own.clone()],
                            &grads[own],
                            &mut alone_velocity[own_velocity],
                        )
                        .unwrap();
                    }
                    let bits =
                        |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert!(bits(&params) == bits(&alone), "{trials} x {size}");
                    assert!(
                        bits(&velocity) == bits(&alone_velocity),
                        "{trials} x {size}"
                    );
                    if size > 0 {
                        assert_eq!(states, alone_states);
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused_and_changes_nothing() {
        let plain = Sgd::new(SgdConfig::default()).unwrap();
        let heavy = Sgd::new(SgdConfig {
            momentum: 0.9,
            ..SgdConfig::default()
        });
        let heavy = heavy.unwrap();
        let tried = |updates: &[Sgd],
                     states: usize,
                     rates: &[f32],
                     params: usize,
                     grads: usize,
                     velocity: usize| {
            let mut before = vec![1.0; params];
            let mut states = vec![SgdState::default(); states];
            let stacked = Stacked {
                params: &mut before,
                grads: &vec![1.0; grads],
                velocity: &mut vec![0.0; velocity],
            };
            let updates = updates.iter().copied().collect();
            let error = step(&updates, &mut states, rates, stacked).unwrap_err();
            assert!(before.iter().all(|x| *x == 1.0));
            assert!(states.iter().all(|state| !state.started()));
            error.to_string()
        };
        assert_eq!(
            tried(&[plain; 2], 2, &[0.1; 2], 5, 5, 0),
            "params has 5 elements: must have 2 rows of equal length"
        );
        assert_eq!(
            tried(&[], 0, &[], 5, 5, 0),
            "params has 5 elements: must have 0 rows of equal length"
        );
        assert_eq!(
            tried(&[plain; 2], 1, &[0.1; 2], 4, 4, 0),
            "states has 1 elements: must have 2, one for each update"
        );
        assert_eq!(
            tried(&[plain; 2], 2, &[0.1; 3], 4, 4, 0),
            "rates has 3 elements: must have 2, one for each update"
        );
        assert_eq!(
            tried(&[plain; 2], 2, &[0.1; 2], 4, 3, 0),
            "grads has 3 elements: must have 4, one for each parameter"
        );
        assert_eq!(
            tried(&[plain; 2], 2, &[0.1; 2], 4, 4, 4),
            "velocity has 4 elements: must have 0, as no trial has a momentum"
        );
        assert_eq!(
            tried(&[plain, heavy], 2, &[0.1; 2], 4, 4, 0),
            "velocity has 0 elements: must have 4, one for each parameter, as a trial has a momentum"
        );
        assert_eq!(
            tried(&[plain; 2], 2, &[0.1, f32::NAN], 4, 4, 0),
            "trial 1: lr is NaN: look at the schedule, a built-in kind never gives one"
        );
        // Without an end, a rate is a number unless it is multiplied by 0.
        let still = plain.group(0.0, 0.0).unwrap();
        let told = tried(&[plain, still], 2, &[f32::INFINITY; 2], 4, 4, 0);
        assert!(told.starts_with("trial 1: lr is NaN"), "{told}");
    }
}
