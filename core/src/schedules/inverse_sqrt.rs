use crate::course::{Bend, Course};
use crate::error::{ConfigError, finite};
use crate::numeric::{exp_in_halves, grown};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Falls with the inverse square root of the step, or another power of it, from the first step on.
///
/// `lr(t) = learning_rate * (1 + t / timescale)^-power`
///
/// The rate has halved at `t = timescale * (2^(1 / power) - 1)`: at three times the `timescale` for the square root. It never
/// ends. A `power` of 1/2 takes one square root, any other one logarithm and one exponential.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.4999997, the nearest
/// `f32` every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`InverseSqrt::new`] and [`InverseSqrt::power`] refuse NaN, infinities and a `timescale` that is not above 0. Any finite
/// `power` will do: 0 is a constant, a negative one rises.
///
/// # Examples
/// ```
/// use hairpin_core::{InverseSqrt, Schedule};
///
/// let schedule = InverseSqrt::new(0.5, 100.0)?;
/// assert_eq!([schedule.lr(0), schedule.lr(300), schedule.lr(1500)], [0.5, 0.25, 0.125]);
///
/// let faster = schedule.power(2.0)?;
/// assert_eq!([faster.lr(0), faster.lr(100)], [0.5, 0.125]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * Libraries put a warm-up in front whose length is also the `timescale`; Transformers falls back to a `timescale` of 10,000 when
///   there is no warm-up. Here the warm-up is a schedule of its own and the `timescale` is always given.
/// * A warm-up from 0 wastes the first update: its rate is 0.
/// * [`Noam`](crate::Noam) is the same tail with `t` in place of `t + timescale`: it has no value of its own at step 0.
///
/// # Source
/// `get_inverse_sqrt_schedule` of Transformers after its warm-up; the `rsqrt` stable phase of timm's warm-up, stable, decay
/// scheduler, and with `power` its `power` stable phase.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    learning_rate: f64,
    timescale: f64,
    power: f64,
}

impl InverseSqrt {
    /// A rate of `learning_rate / sqrt(1 + t / timescale)`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or a `timescale` not above 0.
    pub fn new(learning_rate: f64, timescale: f64) -> Result<Self, ConfigError> {
        if finite("timescale", timescale)? <= 0.0 {
            return Err(ConfigError::OutOfRange {
                field: "timescale",
                value: timescale,
                expected: "above 0",
            });
        }
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            timescale,
            power: 0.5,
        })
    }

    /// The same with another power than 1/2.
    ///
    /// # Errors
    /// A `power` that is NaN or infinite.
    pub fn power(self, power: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            power: finite("power", power)?,
            ..self
        })
    }
}

parameters! {
    InverseSqrt, "inverse_sqrt", "learning_rate * (1 + t / timescale)^-power";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    timescale: f64, "the steps in which the base of the power grows by 1, above 0" => |s| s.timescale;
    power: f64 = 0.5, "the exponent; 1/2 is the inverse square root" => |s| s.power;
    => InverseSqrt::new(learning_rate, timescale)?.power(power)
}

impl Profiled for InverseSqrt {
    /// Two factors whose product is the power.
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let t = f64::from(step);
        let quotient = t / self.timescale;
        // A tiny timescale takes the quotient out of range, but not its logarithm.
        if quotient.is_infinite() {
            return exp_in_halves(-self.power * (libm::log(t) - libm::log(self.timescale)));
        }
        if self.power == 0.5 {
            [1.0 / libm::sqrt(1.0 + quotient), 1.0, 0.0]
        } else {
            exp_in_halves(-self.power * libm::log1p(quotient))
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        grown(self.learning_rate, profile)
    }

    fn course(&self, _step: u32) -> Course {
        if self.power == 0.5 {
            Course::INVERSE_ROOT
        } else {
            let power = Bend::Power {
                limit: 0.0,
                origin: -self.timescale,
                exponent: -self.power,
                rate: 0.0,
            };
            Course::curve(power, u32::MAX)
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.timescale == other.timescale && self.power == other.power
    }
}
