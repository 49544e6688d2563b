use crate::course::Course;
use crate::error::{ConfigError, finite};
use crate::numeric::{Growth, grown};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Decays the rate by the natural exponential of the step.
///
/// `lr(t) = learning_rate * exp(-gamma * t)`; a negative `gamma` lets it grow.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.5000000, the nearest `f32`
/// every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`NaturalExp::new`] refuses NaN and infinities.
///
/// # Examples
/// ```
/// use hairpin_core::{NaturalExp, Schedule};
///
/// let schedule = NaturalExp::new(0.5, 0.1)?;
/// assert_eq!(schedule.lr(0), 0.5);
/// assert_eq!(schedule.lr(10), 0.18393973);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `gamma` is a speed, not a factor: 0.9 leaves 41 % after one step. The factor of a step is `exp(-gamma)`; who has a factor wants
///   [`Exponential`](crate::Exponential).
/// * In `f32` the exponent alone costs accuracy: 9e-7 of the rate at `gamma * t = 20`. It is formed in `f64` here.
/// * PaddlePaddle refuses a `gamma` that is not above 0.
///
/// # Source
/// `NaturalExpDecay` of PaddlePaddle.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NaturalExp {
    learning_rate: f64,
    growth: Growth,
}

impl NaturalExp {
    /// A rate that starts at `learning_rate` and decays at `gamma` per step.
    ///
    /// # Errors
    /// A parameter that is NaN or infinite.
    pub fn new(learning_rate: f64, gamma: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            growth: Growth::at_rate(-finite("gamma", gamma)?),
        })
    }
}

parameters! {
    NaturalExp, "natural_exp", "learning_rate * exp(-gamma * t)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    gamma: f64, "the decay of each step" => |s| -s.growth.given();
    => NaturalExp::new(learning_rate, gamma)
}

impl Profiled for NaturalExp {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        self.growth.after(step)
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        grown(self.learning_rate, profile)
    }

    fn course(&self, _step: u32) -> Course {
        Course::geometric(u32::MAX)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.growth == other.growth
    }
}
