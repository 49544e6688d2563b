use crate::course::{Bend, Course, end_of_stair, wave};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::parameters::{parameters, words};
use crate::schedule::{Profile, Profiled};
use crate::shape::{Way, half_cosine};
use core::f64::consts::PI;

words! {
    /// What a cosine does past its end.
    #[derive(Default)]
    pub enum Past {
        /// It rises again, and goes on swinging.
        #[default]
        Periodic = "periodic",
        /// It stays at the lowest rate.
        Hold = "hold",
        /// It starts again from the highest rate, at `t_max` itself: the lowest rate is never quite reached.
        Restart = "restart",
    }
}

/// Goes from `learning_rate` down to `eta_min` on half a cosine of `t_max` steps, and on from there as `past` says.
///
/// `lr(t) = eta_min + (learning_rate - eta_min) * (1 + cos(pi * u / t_max)) / 2`, where
///
/// * `past` is `periodic`: `u = t`. It is `learning_rate` at 0, `eta_min` at `t_max`, and **rises again** after that: the period
///   is `2 * t_max`
/// * `past` is `hold`: `u = min(t, t_max)`; from `t_max` on the rate is `eta_min`
/// * `past` is `restart`: `u = t mod t_max`; at every multiple of `t_max` the rate is back at `learning_rate`
///
/// PaddlePaddle and PyTorch document it as a recursion of two branches. The ordinary branch scales the last rate by
/// `(1 + cos(pi*t/T)) / (1 + cos(pi*(t-1)/T))`; the other one, taken where that is 0/0, adds
/// `(learning_rate - eta_min) * (1 - cos(pi/T)) / 2`. Both branches are steps of this one closed form: the first by
/// division of two of its values, the second by subtraction where the last value is `eta_min`. So the closed form is what
/// the recursion computes, without its drift (2.4e-13 of the peak after 100,000 steps in f64, NaN in f32), and it can be
/// resumed anywhere.
///
/// The step is folded into `0..=t_max` in integers, and the weight of the nearer end is a squared sine of at most 45
/// degrees, so that `1 + cos` never cancels.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.4999793 over 60,000 random
/// configurations and steps), where `learning_rate` and `eta_min` do not have opposite signs; where they have, the same plus
/// `4 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`CosineAnnealing::new`] refuses NaN, infinities and a `t_max` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{CosineAnnealing, Schedule};
///
/// let schedule = CosineAnnealing::new(0.1, 0.0, 100)?;
/// assert_eq!([schedule.lr(0), schedule.lr(50), schedule.lr(100)], [0.1, 0.05, 0.0]);
/// assert_eq!(schedule.lr(150), schedule.lr(50));
///
/// use hairpin_core::Past;
/// assert_eq!(schedule.past(Past::Hold).lr(150), 0.0);
/// assert_eq!(schedule.past(Past::Restart).lr(100), 0.1);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * Past its end the libraries disagree: PaddlePaddle, PyTorch and burn rise again, Optax, Keras and timm stay at the bottom,
///   some start again from the top (burn 5128). Someone who trains longer than `t_max` should say which: `past`.
/// * The two-branch recursion forgets where it is when it is resumed: from step 10 of `t_max = 10` it climbs to 40 times the
///   right rate. In f32 it ends in NaN for lengths from 12,868 on. The closed form knows neither.
/// * `restart` restarts at `t_max`, not at `t_max + 1`, so that `eta_min` itself is no rate of it (pytorch 47560). Longer and longer
///   cycles are warm restarts.
///
/// # Source
/// `CosineAnnealingDecay` of PaddlePaddle, `CosineAnnealingLR` of PyTorch; with `hold` Optax's `cosine_decay_schedule`
/// and Keras' `CosineDecay` without their extras; Loshchilov and Hutter, "SGDR", 2017.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineAnnealing {
    learning_rate: f64,
    eta_min: f64,
    t_max: u32,
    past: Past,
}

impl CosineAnnealing {
    /// A cosine from `learning_rate` down to `eta_min` in `t_max` steps, and up again in the next `t_max`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or a `t_max` of 0.
    pub fn new(learning_rate: f64, eta_min: f64, t_max: u32) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            eta_min: finite("eta_min", eta_min)?,
            t_max: nonzero("t_max", t_max)?,
            past: Past::Periodic,
        })
    }

    /// The same with another way to go on past `t_max`.
    #[must_use]
    pub const fn past(self, past: Past) -> Self {
        Self { past, ..self }
    }
}

parameters! {
    CosineAnnealing, "cosine_annealing", "eta_min + (learning_rate - eta_min) * (1 + cos(pi * u / t_max)) / 2, u being t, min(t, t_max) or t mod t_max as past says";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    eta_min: f64 = 0.0, "the lowest rate" => |s| s.eta_min;
    t_max: u32, "the steps from the highest rate to the lowest, at least 1" => |s| s.t_max;
    past: Past = "periodic", "past t_max: rise again, stay at eta_min, or start again" => |s| s.past;
    => CosineAnnealing::new(learning_rate, eta_min, t_max).map(|made| made.past(past))
}

impl CosineAnnealing {
    /// How many steps of `t_max` a step is from the nearest one with the highest rate.
    #[inline]
    fn steps_from_top(&self, step: u32) -> u32 {
        match self.past {
            Past::Periodic => {
                let quotient = step.checked_div(self.t_max).unwrap_or(0);
                let remainder = step.checked_rem(self.t_max).unwrap_or(0);
                if quotient & 1 == 0 {
                    remainder
                } else {
                    self.t_max.saturating_sub(remainder)
                }
            }
            Past::Hold => step.min(self.t_max),
            Past::Restart => step.checked_rem(self.t_max).unwrap_or(0),
        }
    }
}

impl Profiled for CosineAnnealing {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let from_top = self.steps_from_top(step);
        let from_bottom = self.t_max.saturating_sub(from_top);
        half_cosine(Way::steps(from_bottom, from_top))
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.eta_min, profile)
    }

    /// The periodic one has no seam: it is the cosine itself, folded only so that the angle stays small.
    fn course(&self, step: u32) -> Course {
        let from_top = f64::from(self.steps_from_top(step));
        let t_max = f64::from(self.t_max);
        let falls = match self.past {
            Past::Periodic => step.checked_div(self.t_max).unwrap_or(0) & 1 == 0,
            Past::Hold | Past::Restart => true,
        };
        let to_foot = t_max - from_top;
        let wave = Bend::HalfWave {
            limit: self.eta_min,
            top: self.learning_rate,
            ahead: if falls { to_foot } else { -to_foot },
            turn: PI / t_max,
            exponent: 1,
        };
        match self.past {
            Past::Periodic => Course::curve(wave, u32::MAX),
            Past::Hold => Course::until(step, self.t_max, wave),
            Past::Restart => Course::curve(wave, end_of_stair(step, self.t_max)),
        }
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        (libm::fabs(self.learning_rate) + libm::fabs(self.eta_min))
            * wave(PI / f64::from(self.t_max), order)
    }

    fn period(&self) -> Option<u32> {
        match self.past {
            Past::Periodic => self.t_max.checked_mul(2),
            Past::Hold => None,
            Past::Restart => Some(self.t_max),
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.t_max == other.t_max && self.past == other.past
    }
}
