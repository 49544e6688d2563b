use crate::course::{Bend, Course};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::numeric::whole_power;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Power, Way};

/// A polynomial decay that reads the share of steps done to a power.
///
/// `lr(t) = end_lr + (learning_rate - end_lr) * (1 - x^k)^power`, where `x = min(t / decay_steps, 1)`
///
/// A `k` above 1 keeps the rate high for longer, below 1 lets it fall at once. With `k = 1` it is `polynomial`.
///
/// `1 - x^k` is computed by `expm1`, so that it keeps its digits where `x^k` is near 1.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `learning_rate` and `end_lr` do
/// not have opposite signs; where they have, the same plus `32 * 2^-53` of the larger of the two. Both for a `power` and a `k`
/// from 1e-100 to 1e100; beyond that range the weight of an end may leave that of `f64`.
///
/// # Errors
/// [`KDecay::new`] refuses NaN, infinities, `decay_steps` of 0, and a `power` or a `k` that is not above 0.
///
/// # Examples
/// ```
/// use hairpin_core::{KDecay, Schedule};
///
/// let schedule = KDecay::new(0.1, 0.0, 20, 1.0, 2.0)?;
/// assert_eq!([schedule.lr(0), schedule.lr(10), schedule.lr(20), schedule.lr(21)], [0.1, 0.075, 0.0, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `k` and `power` act on different things: `power` on the share left, `k` on the share done. `power = 2` is not `k = 2`.
/// * For a cosine with `k`, use `cosine_decay` or `warm_restarts`.
///
/// # Source
/// `PolyLRScheduler` of timm with `k_decay`; Zhang and Li, "k-decay: A New Method for Learning Rate Schedule", 2020.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KDecay {
    learning_rate: f64,
    end_lr: f64,
    decay_steps: u32,
    power: Power,
    k: Power,
}

impl KDecay {
    /// A decay from `learning_rate` to `end_lr` over `decay_steps`, held there.
    ///
    /// # Errors
    /// A number that is NaN or infinite, `decay_steps` of 0, or a `power` or `k` not above 0.
    pub fn new(
        learning_rate: f64,
        end_lr: f64,
        decay_steps: u32,
        power: f64,
        k: f64,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            end_lr: finite("end_lr", end_lr)?,
            decay_steps: nonzero("decay_steps", decay_steps)?,
            power: Power::new("power", power)?,
            k: Power::new("k", k)?,
        })
    }
}

parameters! {
    KDecay, "k_decay", "end_lr + (learning_rate - end_lr) * (1 - min(t / decay_steps, 1)^k)^power";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    end_lr: f64 = 0.0, "the rate at decay_steps and after it" => |s| s.end_lr;
    decay_steps: u32, "how many steps the decay takes, at least 1" => |s| s.decay_steps;
    power: f64 = 1.0, "the exponent of what is left, above 0" => |s| s.power.exponent();
    k: f64 = 1.0, "the exponent of the share of steps done, above 0" => |s| s.k.exponent();
    => KDecay::new(learning_rate, end_lr, decay_steps, power, k)
}

impl Profiled for KDecay {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let done = step.min(self.decay_steps);
        let way = Way::steps(self.decay_steps.saturating_sub(done), done);
        self.power.weights(self.k.bend(way))
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.end_lr, profile)
    }

    fn course(&self, step: u32) -> Course {
        let bend = if self.k == Power::ONE {
            self.power.bend_to(self.end_lr, f64::from(self.decay_steps))
        } else if self.power == Power::ONE {
            self.k.bend_to(self.learning_rate, 0.0)
        } else {
            Bend::PowerOfRest {
                limit: self.end_lr,
                span: f64::from(self.decay_steps),
                k: self.k.exponent(),
                exponent: self.power.exponent(),
            }
        };
        Course::until(step, self.decay_steps, bend)
    }

    /// `(1 - x^k)^n` of the share done `x`: within a circle that leaves out 0 and 1 it is no more than `2^n`, and where it is a polynomial,
    /// within a circle of 1 around any share, no more than `(1 + 2^k)^n`.
    fn taylor(&self, first: u32, last: u32, order: u32) -> f64 {
        let size = libm::fabs(self.learning_rate) + libm::fabs(self.end_lr);
        let slope = 1.0 / f64::from(self.decay_steps);
        if order == 0 {
            return size;
        }
        if let (Power::Whole(k), Power::Whole(n)) = (self.k, self.power) {
            let (k, n) = (u32::from(k), u32::from(n));
            if order > k.saturating_mul(n) {
                return 0.0;
            }
            let widest = whole_power(1.0 + whole_power(2.0, k), n);
            return size * widest * whole_power(slope, order);
        }
        let left = self.decay_steps.saturating_sub(last);
        // In whole steps, a little less than as far as either end is.
        let radius = 0.999 * f64::from(first.min(left));
        let widest = libm::exp2(self.power.exponent());
        size * widest * whole_power(1.0 / radius, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.decay_steps == other.decay_steps && self.power == other.power && self.k == other.k
    }
}
