use crate::course::{Course, line};
use crate::error::{ConfigError, finite, nonzero};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Rises in a straight line for `warmup_steps`, then falls with the inverse square root of the step.
///
/// * `t <= warmup_steps`: `lr(t) = learning_rate * d_model^-0.5 * t * warmup_steps^-1.5`, which is 0 at step 0
/// * after: `lr(t) = learning_rate * d_model^-0.5 * t^-0.5`
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step; `reference` in the test suite measured 0.5000000, the nearest `f32`
/// every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`Noam::new`] refuses NaN, infinities, and a `d_model` or `warmup_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Noam, Schedule};
///
/// let schedule = Noam::new(1.0, 64, 100)?;
/// assert_eq!([schedule.lr(0), schedule.lr(50), schedule.lr(100), schedule.lr(400)], [0.0, 0.00625, 0.0125, 0.00625]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * Step 0 has the rate 0, as in PaddlePaddle: the first update does nothing. burn begins its count at 1, and never evaluates 0.
/// * `learning_rate` is a multiple, not the highest rate: that is `learning_rate * (d_model * warmup_steps)^-0.5`, 0.0007 for the
///   article's 512 and 4,000.
/// * With a `warmup_steps` of 0 PaddlePaddle divides by zero. It is refused here.
///
/// # Source
/// `NoamDecay` of PaddlePaddle; Vaswani et al., "Attention Is All You Need", 2017.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noam {
    learning_rate: f64,
    d_model: u32,
    scale: f64,
    warmup_steps: u32,
    /// `warmup_steps^1.5`
    ramp: f64,
}

impl Noam {
    /// The schedule of a model `d_model` wide, with its peak at `warmup_steps`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, a `d_model` or a `warmup_steps` of 0.
    pub fn new(learning_rate: f64, d_model: u32, warmup_steps: u32) -> Result<Self, ConfigError> {
        if d_model == 0 {
            return Err(ConfigError::OutOfRange {
                field: "d_model",
                value: 0.0,
                expected: "at least 1, the width of the model",
            });
        }
        let warmup = f64::from(nonzero("warmup_steps", warmup_steps)?);
        Ok(Self {
            learning_rate,
            d_model,
            scale: finite("learning_rate", learning_rate)? / libm::sqrt(f64::from(d_model)),
            warmup_steps,
            ramp: warmup * libm::sqrt(warmup),
        })
    }
}

parameters! {
    Noam, "noam", "learning_rate * d_model^-0.5 * min(t^-0.5, t * warmup_steps^-1.5)";
    learning_rate: f64 = 1.0, "the rate everything is measured from" => |s| s.learning_rate;
    d_model: u32, "the width of the model, at least 1" => |s| s.d_model;
    warmup_steps: u32, "the step of the highest rate, at least 1" => |s| s.warmup_steps;
    => Noam::new(learning_rate, d_model, warmup_steps)
}

impl Profiled for Noam {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let t = f64::from(step);
        let profile = if step <= self.warmup_steps {
            t / self.ramp
        } else {
            1.0 / libm::sqrt(t)
        };
        [profile, 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        self.scale * profile[0]
    }

    fn course(&self, step: u32) -> Course {
        if step <= self.warmup_steps {
            Course::smooth(self.warmup_steps)
        } else {
            Course::INVERSE_ROOT
        }
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        let warmup = f64::from(self.warmup_steps);
        libm::fabs(self.scale) * warmup / self.ramp * line(1.0 / warmup, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.warmup_steps == other.warmup_steps
    }
}
