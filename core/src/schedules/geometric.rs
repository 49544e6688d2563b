use crate::course::Course;
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{exp_in_halves, grown, linear_weights};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Goes from `start_lr` to `end_lr` by the same factor at every step, and stays there.
///
/// * `t < total_steps`: `lr(t) = start_lr * (end_lr / start_lr)^(t / total_steps)`
/// * `t >= total_steps`: `lr(t) = end_lr`
///
/// It is a straight line on a logarithmic axis: the sweep of a learning-rate finder, or an exponential decay told by its end.
/// Computed as `start_lr * exp(t / total_steps * ln(end_lr / start_lr))` with the logarithm taken at construction.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.4999423, the nearest
/// `f32` every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`Geometric::new`] refuses NaN, infinities, `total_steps` of 0, an end of 0 (no factor leads there), and ends of opposite signs.
///
/// # Examples
/// ```
/// use hairpin_core::{Geometric, Schedule};
///
/// let finder = Geometric::new(1e-6, 1.0, 60)?;
/// assert_eq!([finder.lr(0), finder.lr(10), finder.lr(30), finder.lr(60), finder.lr(99)], [1e-6, 1e-5, 1e-3, 1.0, 1.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * A decay "to 0" cannot be geometric: choose a small `end_lr`, or [`Linear`](crate::Linear).
/// * [`Exponential`](crate::Exponential) takes the factor of a step instead. To meet a given end with it, `gamma` has to be
///   `(end_lr / start_lr)^(1 / total_steps)`, and the digits that are lost in writing that number down are raised to the power of
///   the length.
///
/// # Source
/// `ExponentialDecayLR` of bullet; the sweep of learning-rate finders (Smith, "Cyclical Learning Rates", 2017).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    /// `ln(end_lr / start_lr)`
    log_ratio: f64,
}

impl Geometric {
    /// From `start_lr` at step 0 to `end_lr` at `total_steps`, by equal factors.
    ///
    /// # Errors
    /// A rate that is NaN, infinite or 0, rates of opposite signs, or `total_steps` of 0.
    pub fn new(start_lr: f64, end_lr: f64, total_steps: u32) -> Result<Self, ConfigError> {
        for (field, value) in [("start_lr", start_lr), ("end_lr", end_lr)] {
            if finite(field, value)? == 0.0 {
                return Err(ConfigError::OutOfRange {
                    field,
                    value,
                    expected: "not 0, which no factor leads to; for a way to 0 use `linear`",
                });
            }
        }
        if start_lr.is_sign_negative() != end_lr.is_sign_negative() {
            return Err(ConfigError::Conflict {
                field: "end_lr",
                with: "has not the sign of start_lr: no factor leads through 0; use `linear`",
            });
        }
        Ok(Self {
            start_lr,
            end_lr,
            total_steps: nonzero("total_steps", total_steps)?,
            // Two logarithms, for the quotient may leave the range of `f64`.
            log_ratio: libm::log(libm::fabs(end_lr)) - libm::log(libm::fabs(start_lr)),
        })
    }
}

parameters! {
    Geometric, "geometric", "start_lr * (end_lr / start_lr)^(min(t, total_steps) / total_steps)";
    start_lr: f64, "the rate at step 0, not 0" => |s| s.start_lr;
    end_lr: f64, "the rate at total_steps and after it, not 0, with the sign of start_lr" => |s| s.end_lr;
    total_steps: u32, "how many steps the way takes, at least 1" => |s| s.total_steps;
    => Geometric::new(start_lr, end_lr, total_steps)
}

impl Profiled for Geometric {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        linear_weights(step.min(self.total_steps), self.total_steps)
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        let [left, done, _] = profile;
        if left == 0.0 {
            self.end_lr
        } else {
            grown(self.start_lr, exp_in_halves(done * self.log_ratio))
        }
    }

    fn course(&self, step: u32) -> Course {
        match self.total_steps.checked_sub(step) {
            None | Some(0) => Course::FOREVER,
            Some(_) => Course::geometric(self.total_steps.saturating_sub(1)),
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
    }
}
