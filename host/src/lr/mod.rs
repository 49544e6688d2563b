//! The rates of one schedule at any steps, as `hairpin lr` answers them.

mod chart;
mod jsonl;
mod steps;

use std::cell::Cell;

use hairpin_core::{AnyFeedback, Feedback, FeedbackState, Plan, Schedule};

use crate::document::{At, SpecError};
use crate::spec::Kind;

pub use chart::{Chart, Curve, LogAxis};
pub use jsonl::{Answer, answer};
pub use steps::Steps;

/// Why there is no rate at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LrError {
    /// The schedule reacts to losses, and none were given.
    #[error("the rates of this schedule depend on the losses it observes, and none were given")]
    LossesMissing,
    /// The schedule reacts to losses, and there are too few.
    #[error(
        "step {step} has no loss: {found} losses were given, for the steps from 0 on, and this schedule depends on them"
    )]
    LossMissing {
        /// The first step without a loss.
        step: u32,
        /// How many losses there are.
        found: usize,
    },
}

/// The rates of a plan.
///
/// For a schedule that depends on the step alone, losses have no influence, nor for one that is only walked by them. A feedback
/// schedule observes loss `j` at step `j`; the rate at step `j` is the one in force after that.
#[derive(Debug, Clone)]
pub enum Rates {
    /// The rate is a function of the step.
    OfStep(Box<hairpin_core::AnySchedule>),
    /// The rate after each loss.
    AfterLoss(Vec<f32>),
    /// The rate after a walk over the steps, which any losses would give.
    Walked(Box<Walk>),
}

/// A schedule that is walked step by step, and how far it was walked.
#[derive(Debug, Clone)]
pub struct Walk {
    schedule: AnyFeedback,
    /// The state, and the step that is taken next.
    at: Cell<(FeedbackState, u64)>,
}

impl Walk {
    fn new(schedule: AnyFeedback) -> Self {
        Self {
            at: Cell::new((schedule.start(), 0)),
            schedule,
        }
    }

    /// Goes on from the last step that was asked for; back from the start.
    fn rate(&self, step: u32) -> f32 {
        let (mut state, mut next) = self.at.get();
        if next > u64::from(step) + 1 {
            (state, next) = (self.schedule.start(), 0);
        }
        while next <= u64::from(step) {
            if let Ok(step) = u32::try_from(next) {
                self.schedule.observe(&mut state, step, 0.0);
            }
            next += 1;
        }
        self.at.set((state, next));
        self.schedule.lr(&state, step)
    }

    /// The rates at steps in any order, which are walked through from the smallest to the largest.
    fn all(&self, steps: &[u32]) -> Vec<f32> {
        let mut places: Vec<(u32, usize)> = steps.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut rates = vec![0.0; steps.len()];
        for (step, place) in places {
            rates[place] = self.rate(step);
        }
        rates
    }
}

impl Rates {
    /// The rates of `plan`; a feedback schedule observes all `losses` once, in their order.
    ///
    /// # Errors
    /// A feedback schedule without losses.
    pub fn new(plan: Plan, losses: Option<&[f64]>) -> Result<Self, LrError> {
        let feedback = match plan {
            Plan::Schedule(schedule) => return Ok(Self::OfStep(Box::new(schedule))),
            Plan::Feedback(feedback) if !feedback.needs_losses() => {
                return Ok(Self::Walked(Box::new(Walk::new(feedback))));
            }
            Plan::Feedback(feedback) => feedback,
        };
        let losses = losses.ok_or(LrError::LossesMissing)?;
        let mut state = feedback.start();
        let after = (0..=u32::MAX).zip(losses).map(|(step, &loss)| {
            feedback.observe(&mut state, step, loss);
            feedback.lr(&state, step)
        });
        Ok(Self::AfterLoss(after.collect()))
    }

    /// Whether all steps up to this one have a rate.
    ///
    /// # Errors
    /// As [`Rates::at`].
    pub fn reach(&self, step: u32) -> Result<(), LrError> {
        match self {
            Self::OfStep(_) | Self::Walked(_) => Ok(()),
            Self::AfterLoss(_) => self.at(step).map(|_| ()),
        }
    }

    /// The rate at a step. A schedule that is walked goes on from the step before, or starts over where it is asked for an
    /// earlier one; [`Rates::all`] and [`Rates::over`] never go back.
    ///
    /// # Errors
    /// A step without a loss, of a feedback schedule.
    pub fn at(&self, step: u32) -> Result<f32, LrError> {
        match self {
            Self::OfStep(schedule) => Ok(schedule.lr(step)),
            Self::Walked(walk) => Ok(walk.rate(step)),
            Self::AfterLoss(rates) => {
                let rate = usize::try_from(step)
                    .ok()
                    .and_then(|index| rates.get(index));
                rate.copied().ok_or(LrError::LossMissing {
                    step,
                    found: rates.len(),
                })
            }
        }
    }

    /// The rates at some steps, in their order; a schedule that is walked takes one walk to the largest.
    ///
    /// # Errors
    /// As [`Rates::at`], at the first step without a rate.
    pub fn all(&self, steps: &[u32]) -> Result<Vec<f32>, LrError> {
        match self {
            Self::Walked(walk) => Ok(walk.all(steps)),
            _ => steps.iter().map(|&step| self.at(step)).collect(),
        }
    }

    /// Steps with their rates, in the order in which they were asked for, as [`Rates::all`]. They take memory only where a
    /// schedule that is walked is asked for steps out of order.
    pub fn over<'a>(
        &'a self,
        steps: &'a Steps,
    ) -> Box<dyn Iterator<Item = Result<(u32, f32), LrError>> + 'a> {
        match self {
            Self::Walked(walk) if !steps.ascend() => {
                let steps: Vec<u32> = steps.iter().collect();
                let rates = walk.all(&steps);
                Box::new(steps.into_iter().zip(rates).map(Ok))
            }
            _ => Box::new(
                steps
                    .iter()
                    .map(|step| self.at(step).map(|rate| (step, rate))),
            ),
        }
    }
}

/// What is said where momentum is asked for and there is none.
#[must_use]
pub fn no_momentum(schedule: &At<'_>, kind: &Kind) -> SpecError {
    schedule
        .place()
        .error(format!("`{}` moves no momentum beside the rate", kind.name))
        .with_help("do not ask for the momentum: only the one-cycle and cyclic schedules of other libraries move it, under their names there and not inside a composition of our own")
}

/// A rate in the fewest decimal digits that give the same 32 bits when they are read again.
#[must_use]
pub fn decimal(rate: f32) -> String {
    if rate.is_finite() {
        format!("{rate:?}")
    } else {
        word(rate).to_owned()
    }
}

/// What stands for a number that JSON cannot write.
const fn word(rate: f32) -> &'static str {
    if rate.is_nan() {
        "NaN"
    } else if rate > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// A rate as JSON: as [`decimal`], non-finite ones in quotes.
#[must_use]
pub fn json(rate: f32) -> String {
    if rate.is_finite() {
        decimal(rate)
    } else {
        format!("\"{}\"", word(rate))
    }
}

#[cfg(test)]
mod tests;
