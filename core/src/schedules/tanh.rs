use core::f64::consts::PI;

use crate::course::{Bend, Course};
use crate::elementary::exp;
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::whole_power;
use crate::numeric::{blend, two_product, two_sum};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// Falls from near `learning_rate` to near `eta_min` on a hyperbolic tangent, and stays at `eta_min`.
///
/// * `t < decay_steps`: `lr(t) = eta_min + (learning_rate - eta_min) / 2 * (1 - tanh(lb * (1 - x) + ub * x))`, where
///   `x = t / decay_steps`
/// * `t >= decay_steps`: `lr(t) = eta_min`
///
/// The weight `(1 - tanh(y)) / 2` is computed as `1 / (1 + exp(2 * y))`, which keeps its digits at both ends, and `y` without the
/// rounding errors of its two products.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `learning_rate` and `eta_min`
/// do not have opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`Tanh::new`] refuses NaN, infinities and `decay_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Schedule, Tanh};
///
/// let schedule = Tanh::new(0.1, 0.0, 100, -5.0, 5.0)?;
/// assert_eq!([schedule.lr(50), schedule.lr(100), schedule.lr(101)], [0.05, 0.0, 0.0]);
/// assert!(schedule.lr(0) > 0.0999 && schedule.lr(0) < 0.1);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The first rate is not quite `learning_rate`, and the one before the end not quite `eta_min`: with the default bounds the jump
///   at the end is 3e-4 of the height. Wider bounds make both smaller.
/// * timm's defaults are `lb = -7` and `ub = 3`.
/// * timm's own rate before the first call of its scheduler is `learning_rate` itself.
///
/// # Source
/// `TanhLRScheduler` of timm, one cycle; Hsueh et al., "Stochastic Gradient Descent with Hyperbolic-Tangent Decay on
/// Classification", 2018.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh {
    learning_rate: f64,
    eta_min: f64,
    decay_steps: u32,
    lb: f64,
    ub: f64,
}

impl Tanh {
    /// A fall over `decay_steps` on the tangent from `lb` to `ub`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or `decay_steps` of 0.
    pub fn new(
        learning_rate: f64,
        eta_min: f64,
        decay_steps: u32,
        lb: f64,
        ub: f64,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            eta_min: finite("eta_min", eta_min)?,
            decay_steps: nonzero("decay_steps", decay_steps)?,
            lb: finite("lb", lb)?,
            ub: finite("ub", ub)?,
        })
    }
}

parameters! {
    Tanh, "tanh", "eta_min + (learning_rate - eta_min) / 2 * (1 - tanh(lb * (1 - x) + ub * x)), x = t / decay_steps";
    learning_rate: f64, "the rate that the fall comes from" => |s| s.learning_rate;
    eta_min: f64 = 0.0, "the rate at decay_steps and after it" => |s| s.eta_min;
    decay_steps: u32, "how many steps the fall takes, at least 1" => |s| s.decay_steps;
    lb: f64 = -6.0, "where on the tangent it begins" => |s| s.lb;
    ub: f64 = 4.0, "where on the tangent it ends" => |s| s.ub;
    => Tanh::new(learning_rate, eta_min, decay_steps, lb, ub)
}

/// `a * x + b * y` as if rounded once, where the two may cancel.
#[inline]
fn sum_of_products(a: f64, x: f64, b: f64, y: f64) -> f64 {
    let ([first, first_lacks], [second, second_lacks]) = (two_product(a, x), two_product(b, y));
    let [sum, lacks] = two_sum(first, second);
    sum + (lacks + first_lacks + second_lacks)
}

impl Tanh {
    /// Where on the tangent a step is.
    #[inline]
    fn place(&self, left: u32, done: u32) -> f64 {
        // Where the two ends cancel, three roundings of numbers this small shift the tangent by no more than 2^-41, and a rate by 1e-5 ULP.
        const SMALL: f64 = 1024.0;
        if libm::fabs(self.lb) <= SMALL && libm::fabs(self.ub) <= SMALL {
            let way = self.lb * f64::from(left) + self.ub * f64::from(done);
            return way / f64::from(self.decay_steps);
        }
        // In units of 2^32 steps, so that no product leaves the range of f64.
        let share = |steps: u32| libm::scalbn(f64::from(steps), -32);
        sum_of_products(self.lb, share(left), self.ub, share(done)) / share(self.decay_steps)
    }
}

impl Profiled for Tanh {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        if step >= self.decay_steps {
            return [0.0, 1.0, 0.0];
        }
        let y = self.place(self.decay_steps.saturating_sub(step), step);
        let tail = exp(-2.0 * libm::fabs(y));
        let (small, large) = (tail / (1.0 + tail), 1.0 / (1.0 + tail));
        if y > 0.0 {
            [small, large, 0.0]
        } else {
            [large, small, 0.0]
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.eta_min, profile)
    }

    fn course(&self, step: u32) -> Course {
        if step < self.decay_steps {
            // (1 - tanh(y)) / 2 = 1 / (1 + e^(2 y))
            let bend = Bend::Logistic {
                limit: self.eta_min,
                begin: 2.0 * self.lb,
                rate: 2.0 * (self.ub - self.lb) / f64::from(self.decay_steps),
            };
            Course::curve(bend, self.decay_steps.saturating_sub(1))
        } else {
            Course::FOREVER
        }
    }

    /// `1 / (1 + e^w)` is a sum over its poles, which are `pi, 3 pi, 5 pi, …` from the real line on both sides, of residues of 1: a coefficient
    /// is no more than `2 / pi^(n + 1) * (1 + 1 / 3^(n + 1) + …)`, and that no more than `1 / pi^n`.
    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        let slope = 2.0 * libm::fabs(self.ub - self.lb) / f64::from(self.decay_steps);
        (libm::fabs(self.learning_rate) + libm::fabs(self.eta_min)) * whole_power(slope / PI, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.decay_steps == other.decay_steps && self.lb == other.lb && self.ub == other.ub
    }
}
