use crate::course::{Course, end_of_stair};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{Growth, grown};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Multiplies the rate by `gamma` once every `step_size` steps.
///
/// `lr(t) = learning_rate * gamma^floor(t / step_size)`, the quotient taken in integers.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.5000000, the nearest `f32`
/// every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`Step::new`] refuses NaN, infinities and a `step_size` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Schedule, Step};
///
/// let schedule = Step::new(0.5, 30, 0.1)?;
/// assert_eq!([schedule.lr(29), schedule.lr(30), schedule.lr(60)], [0.5, 0.05, 0.005]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `step_size` counts what the step counts. Epochs in the one and batches in the other cut the rate a thousand times too early.
/// * Above 2^24 a quotient taken in `f32` goes wrong, for a `step_size` of 3 at one step of six; here it is taken in integers.
/// * PaddlePaddle refuses a `gamma` of 1 or above, PyTorch takes any; so does this kind. A `step_size` that is not whole, as timm takes,
///   is a [`MultiStep`](crate::MultiStep).
///
/// # Source
/// `StepDecay` of PaddlePaddle, `StepLR` of PyTorch.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    learning_rate: f64,
    step_size: u32,
    growth: Growth,
}

impl Step {
    /// A rate that starts at `learning_rate` and is multiplied by `gamma` at every multiple of `step_size`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or a `step_size` of 0.
    pub fn new(learning_rate: f64, step_size: u32, gamma: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            step_size: nonzero("step_size", step_size)?,
            growth: Growth::by_factor(finite("gamma", gamma)?),
        })
    }
}

parameters! {
    Step, "step", "learning_rate * gamma^floor(t / step_size)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    step_size: u32, "the steps between two cuts, at least 1" => |s| s.step_size;
    gamma: f64 = 0.1, "the factor of each cut" => |s| s.growth.given();
    => Step::new(learning_rate, step_size, gamma)
}

impl Profiled for Step {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        self.growth
            .after(step.checked_div(self.step_size).unwrap_or(0))
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        grown(self.learning_rate, profile)
    }

    fn course(&self, step: u32) -> Course {
        Course::flat(end_of_stair(step, self.step_size))
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.step_size == other.step_size && self.growth == other.growth
    }
}
