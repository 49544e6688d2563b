use crate::error::{ConfigError, nonzero};
use crate::schedule::{Feedback, Observed, Profiled, Schedule};
use crate::schedules::Linear;

/// The line of a warm-up, whose length is called `warmup_steps` where it is refused.
pub(crate) fn line(warmup_steps: u32, start_lr: f64, end_lr: f64) -> Result<Linear, ConfigError> {
    Linear::new(start_lr, end_lr, nonzero("warmup_steps", warmup_steps)?)
}

/// A straight warm-up in front of any schedule, a feedback schedule or another warm-up included.
///
/// * `t < warmup_steps`: `lr(t) = start_lr + (end_lr - start_lr) * t / warmup_steps`
/// * after: `after` at `t - warmup_steps`, steps since the end of the warm-up
///
/// `end_lr` need not be where `after` begins; the jump is kept. A feedback schedule sees no loss of the warm-up.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step of the warm-up (`reference` in the test suite measured 0.5000000 over
/// 60,000 random configurations and steps), where the two rates
/// do not have opposite signs; where they have, the same plus `4 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`LinearWarmup::new`] refuses NaN, infinities and `warmup_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Exponential, LinearWarmup, Schedule};
///
/// let schedule = LinearWarmup::new(10, 0.0, 0.5, Exponential::new(0.5, 0.9)?)?;
/// assert_eq!([schedule.lr(0), schedule.lr(5), schedule.lr(10), schedule.lr(12)], [0.0, 0.25, 0.5, 0.405]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * From `start_lr = 0` the first update does nothing: one batch is spent on no step. The kind `warmup` with a
///   `first_step` of 1 starts one step up the line.
/// * The clock of `after` begins at 0. timm's, without `warmup_prefix`, has counted all along, so that the rate drops where the warm-up
///   ends (timm 1242).
/// * Frameworks cannot warm up in front of a plateau (pytorch 68978, transformers 29417), and PaddlePaddle, asked to, feeds the step to the plateau
///   as if it were the loss. Here the plateau sees the losses that come after the warm-up.
/// * PaddlePaddle demands that `end_lr` is above `start_lr`, and its dynamic warm-up once forgot `start_lr` (paddle 24878). Here any two rates
///   will do.
///
/// # Source
/// `LinearWarmup` of PaddlePaddle.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearWarmup<S> {
    line: Linear,
    warmup_steps: u32,
    after: S,
}

impl<S> LinearWarmup<S> {
    /// A line from `start_lr` towards `end_lr` for `warmup_steps`, then `after`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or `warmup_steps` of 0.
    pub fn new(
        warmup_steps: u32,
        start_lr: f64,
        end_lr: f64,
        after: S,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            line: line(warmup_steps, start_lr, end_lr)?,
            warmup_steps,
            after,
        })
    }
}

impl<S> LinearWarmup<S> {
    /// A line, then `after`.
    pub(crate) const fn of(line: Linear, after: S) -> Self {
        Self {
            warmup_steps: line.total_steps(),
            line,
            after,
        }
    }
}

impl<S: Schedule> Schedule for LinearWarmup<S> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        match step.checked_sub(self.warmup_steps) {
            Some(step) => self.after.lr(step),
            None => self.line.lr(step),
        }
    }
}

impl<S: Feedback> Feedback for LinearWarmup<S> {
    type State = S::State;

    fn start(&self) -> Self::State {
        self.after.start()
    }

    fn observe(&self, state: &mut Self::State, step: u32, loss: f64) -> Observed {
        match step.checked_sub(self.warmup_steps) {
            Some(step) => self.after.observe(state, step, loss),
            None => Observed::Ignored,
        }
    }

    fn rate(&self, state: &Self::State, step: u32) -> f64 {
        match step.checked_sub(self.warmup_steps) {
            Some(step) => self.after.rate(state, step),
            None => self.line.rate(self.line.profile(step)),
        }
    }
}
