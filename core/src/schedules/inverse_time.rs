use crate::course::{Course, end_of_stair};
use crate::error::{ConfigError, finite, nonzero};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Divides the rate by a straight line in the step, or by the stairs below it.
///
/// `lr(t) = learning_rate / (1 + gamma * t / decay_steps)`
///
/// With `staircase`, `t / decay_steps` is rounded down, in integers. As [`InverseTime::new`] makes it, `decay_steps` is 1:
/// `learning_rate / (1 + gamma * t)`.
///
/// Where a negative `gamma` makes the denominator exactly 0, the rate is infinite with the sign of `learning_rate`; a
/// `learning_rate` of 0 stays 0. The denominator `decay_steps + gamma * t` is rounded once, so that nothing is lost near its zero.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.4999947, the nearest
/// `f32` every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`InverseTime::new`] refuses NaN and infinities, [`InverseTime::transition`] `decay_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{InverseTime, Schedule};
///
/// let schedule = InverseTime::new(0.5, 0.25)?;
/// assert_eq!([schedule.lr(0), schedule.lr(4)], [0.5, 0.25]);
/// assert_eq!(InverseTime::new(-1.0, -0.5)?.lr(2), f32::NEG_INFINITY);
///
/// let slow = InverseTime::new(0.5, 1.0)?.transition(100, false)?;
/// assert_eq!([slow.lr(0), slow.lr(25), slow.lr(100)], [0.5, 0.4, 0.25]);
/// let stairs = InverseTime::new(0.5, 1.0)?.transition(100, true)?;
/// assert_eq!([stairs.lr(99), stairs.lr(100)], [0.5, 0.25]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * A negative `gamma` has a pole at `t = -decay_steps / gamma`, and the sign turns behind it. PaddlePaddle does not check for it:
///   division by zero.
/// * The decay never ends: after the first halving at `decay_steps / gamma` the next one takes twice as long, and so on.
///
/// # Source
/// `InverseTimeDecay` of PaddlePaddle; `InverseTimeDecay` of Keras (`decay_rate` is `gamma`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    learning_rate: f64,
    gamma: f64,
    decay_steps: u32,
    staircase: bool,
    /// What numerator and denominator are multiplied with, a power of two, and the two products.
    one: f64,
    scaled_rate: f64,
    scaled_gamma: f64,
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
            learning_rate,
            gamma,
            decay_steps: 1,
            staircase: false,
            one,
            scaled_rate: learning_rate * one,
            scaled_gamma: gamma * one,
        })
    }

    /// The same with `t / decay_steps` in place of `t`, rounded down with `staircase`.
    ///
    /// # Errors
    /// `decay_steps` of 0.
    pub fn transition(self, decay_steps: u32, staircase: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            decay_steps: nonzero("decay_steps", decay_steps)?,
            staircase,
            ..self
        })
    }
}

parameters! {
    InverseTime, "inverse_time", "learning_rate / (1 + gamma * t / decay_steps)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    gamma: f64, "the growth of the divisor in decay_steps" => |s| s.gamma;
    decay_steps: u32 = 1, "in how many steps the divisor grows by gamma, at least 1" => |s| s.decay_steps;
    staircase: bool = false, "round t / decay_steps down to a whole number" => |s| s.staircase;
    => InverseTime::new(learning_rate, gamma)?.transition(decay_steps, staircase)
}

impl Profiled for InverseTime {
    /// The denominator.
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let denominator = if self.decay_steps == 1 {
            libm::fma(self.scaled_gamma, f64::from(step), self.one)
        } else if self.staircase {
            let stair = step.checked_div(self.decay_steps).unwrap_or(0);
            libm::fma(self.scaled_gamma, f64::from(stair), self.one)
        } else {
            // Divided last, for it is the sum that must be rounded once.
            let span = f64::from(self.decay_steps);
            libm::fma(self.scaled_gamma, f64::from(step), self.one * span) / span
        };
        [denominator, 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        if self.learning_rate == 0.0 {
            self.learning_rate
        } else {
            self.scaled_rate / profile[0]
        }
    }

    fn course(&self, step: u32) -> Course {
        if self.staircase {
            return Course::flat(end_of_stair(step, self.decay_steps));
        }
        if self.learning_rate == 0.0 || self.gamma == 0.0 {
            return Course::FOREVER;
        }
        // Where the divisor is 0, and before it the rate has another sign than after it.
        let pole = -(f64::from(self.decay_steps) / self.gamma);
        let t = f64::from(step);
        if !(pole >= t - 1.0) {
            Course::inverse(u32::MAX)
        } else if pole - t > 2.0 {
            Course::inverse((pole - 1.0) as u32)
        } else {
            Course::unknown_at(step)
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.gamma == other.gamma
            && self.decay_steps == other.decay_steps
            && self.staircase == other.staircase
    }
}
