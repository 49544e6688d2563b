use crate::error::{ConfigError, finite};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Divides the rate by a straight line in the step.
///
/// `lr(t) = learning_rate / (1 + gamma * t)`
///
/// Where a negative `gamma` makes the denominator exactly 0, the rate is infinite with the sign of `learning_rate`; a
/// `learning_rate` of 0 stays 0. The denominator is rounded once, so that nothing is lost near its zero.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.5000000, the nearest `f32`
/// every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`InverseTime::new`] refuses NaN and infinities.
///
/// # Examples
/// ```
/// use hairpin_core::{InverseTime, Schedule};
///
/// let schedule = InverseTime::new(0.5, 0.25)?;
/// assert_eq!([schedule.lr(0), schedule.lr(4)], [0.5, 0.25]);
/// assert_eq!(InverseTime::new(-1.0, -0.5)?.lr(2), f32::NEG_INFINITY);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Source
/// `InverseTimeDecay` of PaddlePaddle.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    learning_rate: f64,
    gamma: f64,
    one: f64,
}

impl InverseTime {
    /// A rate of `learning_rate / (1 + gamma * t)`.
    ///
    /// # Errors
    /// A parameter that is NaN or infinite.
    pub fn new(learning_rate: f64, gamma: f64) -> Result<Self, ConfigError> {
        finite("learning_rate", learning_rate)?;
        finite("gamma", gamma)?;
        // A gamma so large that the denominator could overflow: the whole fraction is scaled down by 2^-64.
        const LARGE: f64 = 1e280;
        const SCALE: f64 = 1.0 / 18_446_744_073_709_551_616.0;
        let one = if libm::fabs(gamma) > LARGE {
            SCALE
        } else {
            1.0
        };
        Ok(Self {
            learning_rate: learning_rate * one,
            gamma: gamma * one,
            one,
        })
    }
}

parameters! {
    InverseTime, "inverse_time", "learning_rate / (1 + gamma * t)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate / s.one;
    gamma: f64, "the growth of the divisor with each step" => |s| s.gamma / s.one;
    => InverseTime::new(learning_rate, gamma)
}

impl Profiled for InverseTime {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        [libm::fma(self.gamma, f64::from(step), self.one), 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        if self.learning_rate == 0.0 {
            self.learning_rate
        } else {
            self.learning_rate / profile[0]
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.gamma == other.gamma && self.one == other.one
    }
}
