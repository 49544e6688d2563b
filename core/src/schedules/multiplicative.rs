use super::{Factor, StepFunction};
use crate::error::{ConfigError, finite};
use crate::parameters::parameters;
use crate::schedule::{Feedback, Observed};

/// A rate multiplied by a function of the step at every step.
///
/// * `lr(0) = learning_rate`
/// * `lr(t) = lr(t - 1) * factor(t)`, that is `learning_rate * factor(1) * … * factor(t)`; `factor(0)` is not asked for
///
/// It needs no losses. It is a [`Feedback`] schedule because a rate takes all factors up to its step: the state remembers the
/// product up to a step, [`Feedback::observe`] walks on to the step observed, and a rate ahead of the state is reached by walking from
/// it. So it is the one kind whose cost grows: with the distance from the state to the step that is asked for, or from 0 where the
/// state is already past it. Observe every step, or every hundredth, with any number as the loss.
///
/// A rate is the same wherever the walk to it began: the product is always formed from the first factor on.
///
/// # Accuracy
/// The product in `f64`, one rounding a factor, rounded to `f32` once: at step `t` at most `0.5 + t * 2^-29` ULP from the exact product
/// of the factors, as long as it stays in range.
///
/// # Errors
/// [`Multiplicative::new`] refuses a `learning_rate` that is NaN or infinite.
///
/// # Examples
/// ```
/// use hairpin_core::{Factor, Feedback, Multiplicative};
///
/// let schedule = Multiplicative::new(0.8, Factor::parse("0.5 if epoch % 2 else 1")?)?;
/// let mut state = schedule.start();
/// assert_eq!([0, 1, 2, 3].map(|step| schedule.lr(&state, step)), [0.8, 0.4, 0.4, 0.2]);
/// // The same rates, with nothing to walk.
/// schedule.observe(&mut state, 2, f64::NAN);
/// assert_eq!([2, 3].map(|step| schedule.lr(&state, step)), [0.4, 0.2]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The first factor is the one at step 1 (paddle 41637).
/// * A factor that depends on the step only is cheaper as a [`Lambda`](crate::Lambda) of the whole product: `0.95 ** step` in place of a constant 0.95.
///
/// # Source
/// `MultiplicativeDecay` of PaddlePaddle (which forms the whole product anew at each step), `MultiplicativeLR` of PyTorch.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug)]
pub struct Multiplicative {
    learning_rate: f64,
    factor: Factor,
}

/// How far a [`Multiplicative`] has been walked.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiplicativeState {
    pub(crate) step: u32,
    /// The rate at that step.
    pub(crate) product: f64,
}

impl MultiplicativeState {
    /// The step that was walked to.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.step
    }
}

impl Multiplicative {
    /// A rate of `learning_rate * factor(1) * … * factor(t)`.
    ///
    /// # Errors
    /// A `learning_rate` that is NaN or infinite.
    pub fn new(learning_rate: f64, factor: Factor) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            factor,
        })
    }

    /// The state at `step`, walked to from `state` or from the start.
    fn walked(&self, state: &MultiplicativeState, step: u32) -> MultiplicativeState {
        let from = if state.step <= step {
            *state
        } else {
            self.start()
        };
        let mut product = from.product;
        let mut at = from.step;
        while at < step {
            at = at.saturating_add(1);
            product *= self.factor.at(at);
        }
        MultiplicativeState { step, product }
    }
}

parameters! {
    Multiplicative, "multiplicative", "learning_rate * factor(1) * … * factor(t)";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    factor: Factor, "an expression of `step`, written as in Python: \"0.5 if step % 30 == 0 else 1\"" => |s| s.factor;
    => Multiplicative::new(learning_rate, factor)
}

impl Feedback for Multiplicative {
    type State = MultiplicativeState;

    fn start(&self) -> MultiplicativeState {
        MultiplicativeState {
            step: 0,
            product: self.learning_rate,
        }
    }

    /// Walks to `step`, whatever the loss.
    fn observe(&self, state: &mut MultiplicativeState, step: u32, _loss: f64) -> Observed {
        *state = self.walked(state, step);
        Observed::Ignored
    }

    #[inline]
    fn rate(&self, state: &MultiplicativeState, step: u32) -> f64 {
        self.walked(state, step).product
    }

    fn needs_losses(&self) -> bool {
        false
    }
}
