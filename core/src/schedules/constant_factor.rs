use crate::course::Course;
use crate::error::{ConfigError, finite, nonzero};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// A share of the rate for the first steps, then the whole rate.
///
/// * `t < total_steps`: `lr(t) = learning_rate * factor`
/// * `t >= total_steps`: `lr(t) = learning_rate`
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.4999797, the nearest
/// `f32` every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`ConstantFactor::new`] refuses NaN, infinities and `total_steps` of 0. Any finite `factor` will do: 0, negative, above 1.
///
/// # Examples
/// ```
/// use hairpin_core::{ConstantFactor, Schedule};
///
/// let schedule = ConstantFactor::new(0.1, 0.25, 5)?;
/// assert_eq!([schedule.lr(0), schedule.lr(4), schedule.lr(5), schedule.lr(99)], [0.025, 0.025, 0.1, 0.1]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The rate jumps at `total_steps`; a ramp is [`LinearFactor`](crate::LinearFactor).
/// * PyTorch divides the factor out again when the time has come. So a `factor` of 0 leaves its rate at 0 or NaN for ever, and a
///   length of 0 keeps the reduced rate for ever. Here the rate is a function of the step and comes back exactly.
///
/// # Source
/// `ConstantLR` of PyTorch (`total_iters` is `total_steps`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantFactor {
    learning_rate: f64,
    factor: f64,
    total_steps: u32,
}

impl ConstantFactor {
    /// `learning_rate * factor` for `total_steps`, then `learning_rate`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or `total_steps` of 0.
    pub fn new(learning_rate: f64, factor: f64, total_steps: u32) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            factor: finite("factor", factor)?,
            total_steps: nonzero("total_steps", total_steps)?,
        })
    }
}

parameters! {
    ConstantFactor, "constant_factor", "learning_rate * factor while t < total_steps, then learning_rate";
    learning_rate: f64, "the rate from total_steps on" => |s| s.learning_rate;
    factor: f64, "what the rate is multiplied with before that" => |s| s.factor;
    total_steps: u32, "how many steps the factor holds, at least 1" => |s| s.total_steps;
    => ConstantFactor::new(learning_rate, factor, total_steps)
}

impl Profiled for ConstantFactor {
    /// Whether the factor holds: 1 or 0.
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let holds = step < self.total_steps;
        [f64::from(u8::from(holds)), 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        if profile[0] == 0.0 {
            self.learning_rate
        } else {
            self.learning_rate * self.factor
        }
    }

    fn course(&self, step: u32) -> Course {
        if step < self.total_steps {
            Course::flat(self.total_steps.saturating_sub(1))
        } else {
            Course::FOREVER
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
    }
}
