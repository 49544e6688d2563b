use crate::course::{Course, line};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Power, Way};

/// Goes from `learning_rate` to `end_lr` on a power of the share of steps left.
///
/// `lr(t) = (learning_rate - end_lr) * ((T - t) / T)^power + end_lr`, where
///
/// * without `cycle`: `T = decay_steps`, and from `t = T` on the rate stays at `end_lr`
/// * with `cycle`: `T = decay_steps * max(1, ceil(t / decay_steps))`. The rate is `end_lr` at every multiple of
///   `decay_steps` and jumps up right after, to lower and lower peaks
///
/// `T - t` is taken in integers. The weights of the two ends are computed each with its own relative accuracy: for whole
/// powers up to 8 by products, for others by one exponential of `power * ln(1 - t / T)`.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000000 over 60,000 random
/// configurations and steps), where `learning_rate` and
/// `end_lr` do not have opposite signs; where they have, the same plus `4 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`Polynomial::new`] refuses NaN, infinities, `decay_steps` of 0 and a `power` that is not above 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Polynomial, Schedule};
///
/// let schedule = Polynomial::new(0.1, 0.01, 20, 1.0, false)?;
/// assert_eq!([schedule.lr(0), schedule.lr(10), schedule.lr(20), schedule.lr(21)], [0.1, 0.055, 0.01, 0.01]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * With `cycle` the rate is not restarted but raised to a share of it: the peaks shrink as `1 / (k + 1)`, and the rate is `end_lr` at
///   every multiple of `decay_steps` itself. PaddlePaddle's page had another formula (PaddlePaddle/docs 1053).
/// * `end_lr` is 1e-4 where nothing is said, as in PaddlePaddle and Keras; PyTorch ends at 0, Optax asks.
/// * In `f32`, `(1 - t / T)^power` near the end is off by 0.14 % of the rate at 100,000 steps and by 19 % at ten million. Optax, compiled, computes a slightly
///   negative base at the end, and with a fractional `power` the rate is NaN from there on.
/// * A length of 0 is the first rate in PyTorch and Optax, and refused by PaddlePaddle and here.
///
/// # Source
/// `PolynomialDecay` of PaddlePaddle, `PolynomialLR` of PyTorch (`end_lr` 0).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    learning_rate: f64,
    end_lr: f64,
    decay_steps: u32,
    power: Power,
    cycle: bool,
}

impl Polynomial {
    /// A decay to `end_lr` over `decay_steps`, held there or, with `cycle`, begun again lower.
    ///
    /// # Errors
    /// A number that is NaN or infinite, `decay_steps` of 0, or a `power` not above 0.
    pub fn new(
        learning_rate: f64,
        end_lr: f64,
        decay_steps: u32,
        power: f64,
        cycle: bool,
    ) -> Result<Self, ConfigError> {
        let power = Power::new("power", power)?;
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            end_lr: finite("end_lr", end_lr)?,
            decay_steps: nonzero("decay_steps", decay_steps)?,
            power,
            cycle,
        })
    }
}

parameters! {
    Polynomial, "polynomial", "end_lr + (learning_rate - end_lr) * ((T - t) / T)^power";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    end_lr: f64 = 1e-4, "the rate at the end" => |s| s.end_lr;
    decay_steps: u32, "how many steps the decay takes, at least 1" => |s| s.decay_steps;
    power: f64 = 1.0, "the exponent, above 0; 1 is a straight line" => |s| s.power.exponent();
    cycle: bool = false, "begin again, lower, instead of staying at the end" => |s| s.cycle;
    => Polynomial::new(learning_rate, end_lr, decay_steps, power, cycle)
}

impl Polynomial {
    /// The step at which the cycle of `step` is at its end; one end belongs to the cycle before it.
    fn end_of_cycle(&self, step: u32) -> u64 {
        let size = u64::from(self.decay_steps);
        u64::from(step.max(1))
            .div_ceil(size.max(1))
            .saturating_mul(size)
    }
}

impl Profiled for Polynomial {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let (left, done) = if self.cycle {
            let into_cycle = step.checked_rem(self.decay_steps).unwrap_or(0);
            let at_an_end = into_cycle == 0 && step > 0;
            let left = if at_an_end {
                0
            } else {
                self.decay_steps.saturating_sub(into_cycle)
            };
            (left, step)
        } else {
            let done = step.min(self.decay_steps);
            (self.decay_steps.saturating_sub(done), done)
        };
        self.power.weights(Way::steps(left, done))
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.end_lr, profile)
    }

    fn course(&self, step: u32) -> Course {
        let end = if self.cycle {
            self.end_of_cycle(step)
        } else {
            u64::from(self.decay_steps)
        };
        let last = end.min(u64::from(u32::MAX)) as u32;
        Course::until(step, last, self.power.bend_to(self.end_lr, end as f64))
    }

    /// Of a straight line; any other power is told by its course.
    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let end = if self.cycle {
            self.end_of_cycle(first)
        } else {
            u64::from(self.decay_steps)
        };
        (libm::fabs(self.learning_rate) + libm::fabs(self.end_lr)) * line(1.0 / end as f64, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.decay_steps == other.decay_steps
            && self.power == other.power
            && self.cycle == other.cycle
    }
}
