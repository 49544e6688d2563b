use crate::course::{Bend, Course, line};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{blend, linear_weights};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// A straight line from `start_lr` to `end_lr`, and `end_lr` from then on.
///
/// * `t < total_steps`: `lr(t) = start_lr + (end_lr - start_lr) * t / total_steps`
/// * `t >= total_steps`: `lr(t) = end_lr`
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.4999527 over 60,000 random
/// configurations and steps), where the two rates do not have opposite signs; where they have, the same plus
/// `4 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`Linear::new`] refuses NaN, infinities and `total_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Linear, Schedule};
///
/// let schedule = Linear::new(0.0, 0.5, 10)?;
/// assert_eq!([schedule.lr(0), schedule.lr(5), schedule.lr(10), schedule.lr(99)], [0.0, 0.25, 0.5, 0.5]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * A length of 0 means "already there" to some and "never" to others: Optax then returns `init_value` for ever, so that a warm-up
///   of 0 steps never leaves its start. Here it is refused.
/// * Lines stepped recursively, as PyTorch and PaddlePaddle step theirs, drift (6e-13 of the peak), and a PyTorch `LinearLR` of no steps
///   stays at its first factor (pytorch 193682).
/// * `1 - t * (1 / T)`, contracted to one fused operation, is below 0 at the end for about half of all lengths. Here the end is
///   a case of its own.
///
/// # Source
/// `linear_schedule` of Optax; the line of PaddlePaddle's `LinearWarmup`.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
}

impl Linear {
    /// A line from `start_lr` at step 0 to `end_lr` at `total_steps`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or `total_steps` of 0.
    pub fn new(start_lr: f64, end_lr: f64, total_steps: u32) -> Result<Self, ConfigError> {
        Ok(Self {
            start_lr: finite("start_lr", start_lr)?,
            end_lr: finite("end_lr", end_lr)?,
            total_steps: nonzero("total_steps", total_steps)?,
        })
    }
}

impl Linear {
    /// How many steps the line takes.
    pub(crate) const fn total_steps(&self) -> u32 {
        self.total_steps
    }
}

parameters! {
    Linear, "linear", "start_lr + (end_lr - start_lr) * min(t, total_steps) / total_steps";
    start_lr: f64, "the rate at step 0" => |s| s.start_lr;
    end_lr: f64, "the rate at total_steps and after it" => |s| s.end_lr;
    total_steps: u32, "how many steps the line takes, at least 1" => |s| s.total_steps;
    => Linear::new(start_lr, end_lr, total_steps)
}

impl Profiled for Linear {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        linear_weights(step.min(self.total_steps), self.total_steps)
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.start_lr, self.end_lr, profile)
    }

    fn course(&self, step: u32) -> Course {
        Course::until(step, self.total_steps, Bend::Smooth)
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        (libm::fabs(self.start_lr) + libm::fabs(self.end_lr))
            * line(1.0 / f64::from(self.total_steps), order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
    }
}
