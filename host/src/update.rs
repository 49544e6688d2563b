//! One SGD update of many trials at once, on all threads: `[trials, parameters]` in one piece of memory.
//!
//! Each trial is updated by [`Sgd::step_with`], compiled for the widest registers that the processor has, so that its bits are those of
//! [`Sgd::step`] for that trial alone.

use hairpin_core::{Sgd, SgdState, StepError, sgd::group_rate};
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

/// Applies one update to every trial: `updates[i]` at rate `rates[i]`, in parallel.
///
/// # Errors
/// Lengths that do not fit together, or a rate that is NaN. Nothing is changed then.
///
/// # Examples
/// ```
/// use hairpin_core::{Sgd, SgdConfig, SgdState};
/// use hairpin_host::update::{Stacked, step};
///
/// let updates = [Sgd::new(SgdConfig::default())?; 2];
/// let mut states = [SgdState::default(); 2];
/// let mut params = [1.0, 2.0, 1.0, 2.0];
/// let stacked = Stacked { params: &mut params, grads: &[1.0; 4], velocity: &mut [] };
/// step(&updates, &mut states, &[0.5, 0.25], stacked)?;
/// assert_eq!(params, [0.5, 1.5, 0.75, 1.75]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn step(
    updates: &[Sgd],
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
        isa.run(Task {
            updates,
            states: started,
            rates,
            size,
            first: task * each,
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
    updates: &[Sgd],
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
    let looked_at = Looked::at(updates, rates);
    let (expected, why) = if looked_at.needs_velocity {
        (found, "one for each parameter, as a trial has a momentum")
    } else {
        (0, "as no trial has a momentum")
    };
    count("velocity", stacked.velocity.len(), expected, why)?;
    if let Some(trial) = looked_at.nan {
        let error = StepError::NanRate;
        return Err(UpdateError::Trial { trial, error });
    }
    Ok(found.checked_div(trials).unwrap_or(0))
}

/// What was seen of some trials.
struct Looked {
    needs_velocity: bool,
    /// The first whose rate is no number.
    nan: Option<usize>,
}

impl Looked {
    /// Looks at all trials: with few parameters each that is a part of the work, and shared like the rest.
    fn at(updates: &[Sgd], rates: &[f32]) -> Self {
        const FEW: usize = 4096;
        if updates.len() > FEW {
            let half = updates.len() / 2;
            let ((updates, later_updates), (rates, later_rates)) =
                (updates.split_at(half), rates.split_at(half));
            let (first, later) = rayon::join(
                || Self::at(updates, rates),
                || Self::at(later_updates, later_rates),
            );
            return Self {
                needs_velocity: first.needs_velocity || later.needs_velocity,
                nan: first.nan.or(later.nan.map(|trial| half + trial)),
            };
        }
        let is_nan = |(sgd, rate): (&Sgd, &f32)| group_rate(*rate, sgd.lr_multiplier()).is_nan();
        Self {
            needs_velocity: updates.iter().any(Sgd::needs_velocity),
            nan: updates.iter().zip(rates).position(is_nan),
        }
    }
}

/// Some parameters in a row, of one trial or of several.
struct Task<'a> {
    updates: &'a [Sgd],
    states: &'a [SgdState],
    rates: &'a [f32],
    size: usize,
    /// The number of the first parameter.
    first: usize,
    params: &'a mut [f32],
    grads: &'a [f32],
    velocity: &'a mut [f32],
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self {
            mut params,
            mut grads,
            mut velocity,
            ..
        } = self;
        // A task may begin and end inside a trial.
        let mut done = self.first % self.size;
        let trials = self.updates.iter().zip(self.states).zip(self.rates);
        for ((sgd, state), rate) in trials.skip(self.first / self.size) {
            if params.is_empty() {
                break;
            }
            let count = (self.size - done).min(params.len());
            done = 0;
            let (own, rest) = params.split_at_mut(count);
            params = rest;
            let (own_grads, rest) = grads.split_at(count);
            grads = rest;
            let stacked = count.min(velocity.len());
            let (mut own_velocity, rest) = velocity.split_at_mut(stacked);
            velocity = rest;
            if !sgd.needs_velocity() {
                own_velocity = &mut [];
            }
            let mut state = *state;
            let updated = sgd.step_with::<L::Fma>(&mut state, *rate, own, own_grads, own_velocity);
            debug_assert_eq!(updated, Ok(()), "all of this was looked at before");
        }
    }
}

#[cfg(test)]
mod tests {
    use hairpin_core::{Rounding, SgdConfig};

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
                        Sgd::new(config).unwrap()
                    })
                    .collect();
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
                    step(&updates, &mut states, &rates, stacked).unwrap();
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
            let error = step(updates, &mut states, rates, stacked).unwrap_err();
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
        // So many that several threads look at them; the first one counts.
        let many = vec![plain; 20_000];
        let mut rates = vec![0.1; 20_000];
        (rates[9_000], rates[19_999]) = (f32::NAN, f32::NAN);
        let told = tried(&many, 20_000, &rates, 20_000, 20_000, 0);
        assert!(told.starts_with("trial 9000: lr is NaN"), "{told}");
        rates.fill(0.1);
        let mut mixed = many;
        mixed[15_000] = heavy;
        assert_eq!(
            tried(&mixed, 20_000, &rates, 20_000, 20_000, 0),
            "velocity has 0 elements: must have 20000, one for each parameter, as a trial has a momentum"
        );
    }
}
