use crate::course::{Bend, Course, wave};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Power, Way, half_cosine};
use core::f64::consts::PI;

/// Falls from `learning_rate` to `eta_min` on half a wave of a cosine, and stays there.
///
/// `lr(t) = eta_min + (learning_rate - eta_min) * c^exponent`, where `c = (1 + cos(pi * x)) / 2` and
/// `x = min(t / decay_steps, 1)^k`
///
/// An `exponent` above 1 makes the fall steeper in its first half, below 1 flatter. A `k` below 1 moves the fall to earlier
/// steps, above 1 to later ones.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `learning_rate` and `eta_min`
/// do not have opposite signs; where they have, the same plus `32 * 2^-53` of the larger of the two. Both for an `exponent` and
/// a `k` from 1e-100 to 1e100; beyond that range the weight of an end may leave that of `f64`.
///
/// # Errors
/// [`CosineDecay::new`] and its refinements refuse NaN, infinities, `decay_steps` of 0, and an `exponent` or a `k` that is not
/// above 0.
///
/// # Examples
/// ```
/// use hairpin_core::{CosineDecay, Schedule};
///
/// let plain = CosineDecay::new(0.1, 0.0, 100)?;
/// assert_eq!([plain.lr(0), plain.lr(50), plain.lr(100), plain.lr(150)], [0.1, 0.05, 0.0, 0.0]);
/// let steeper = plain.exponent(2.0)?;
/// assert_eq!(steeper.lr(50), 0.025);
/// let later = plain.k(2.0)?;
/// assert!(later.lr(50) > plain.lr(50));
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * After the end it stays: for a rate that rises again use `cosine_annealing`, as PaddlePaddle's and PyTorch's do
///   (burn 5128 asks which it should be).
/// * Optax and Keras give the floor as `alpha`, a share of `learning_rate`: `eta_min = alpha * learning_rate`. timm gives it as
///   an absolute rate.
/// * Optax's `exponent` acts on the cosine, not on the step. That is timm's `k_decay`, here `k`.
/// * Where a warm-up comes first, Optax's `decay_steps` includes it, Keras' does not.
/// * Next to the end `1 + cos` has no digits left in `f32`: with 100,000 steps Optax and Keras are 100 % off there.
///
/// # Source
/// `cosine_decay_schedule` of Optax (`exponent`), `CosineDecay` of Keras, `CosineLRScheduler` of timm with one cycle
/// (`k_decay`, as `k`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineDecay {
    learning_rate: f64,
    eta_min: f64,
    decay_steps: u32,
    exponent: Power,
    k: Power,
}

impl CosineDecay {
    /// A cosine from `learning_rate` down to `eta_min` in `decay_steps`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or `decay_steps` of 0.
    pub fn new(learning_rate: f64, eta_min: f64, decay_steps: u32) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            eta_min: finite("eta_min", eta_min)?,
            decay_steps: nonzero("decay_steps", decay_steps)?,
            exponent: Power::ONE,
            k: Power::ONE,
        })
    }

    /// The same with the cosine taken to a power.
    ///
    /// # Errors
    /// An `exponent` that is not above 0.
    pub fn exponent(self, exponent: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            exponent: Power::new("exponent", exponent)?,
            ..self
        })
    }

    /// The same with the share of steps done taken to a power.
    ///
    /// # Errors
    /// A `k` that is not above 0.
    pub fn k(self, k: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            k: Power::new("k", k)?,
            ..self
        })
    }
}

parameters! {
    CosineDecay, "cosine_decay", "eta_min + (learning_rate - eta_min) * ((1 + cos(pi * min(t / decay_steps, 1)^k)) / 2)^exponent";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    eta_min: f64 = 0.0, "the rate at decay_steps and after it" => |s| s.eta_min;
    decay_steps: u32, "how many steps the fall takes, at least 1" => |s| s.decay_steps;
    exponent: f64 = 1.0, "the power of the cosine, above 0" => |s| s.exponent.exponent();
    k: f64 = 1.0, "the power of the share of steps done, above 0" => |s| s.k.exponent();
    => CosineDecay::new(learning_rate, eta_min, decay_steps)?.exponent(exponent)?.k(k)
}

impl Profiled for CosineDecay {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let done = step.min(self.decay_steps);
        let way = Way::steps(self.decay_steps.saturating_sub(done), done);
        let weights = half_cosine(self.k.bend(way));
        if self.exponent == Power::ONE {
            weights
        } else {
            self.exponent.weights(Way::parts(weights[0], weights[1]))
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.eta_min, profile)
    }

    fn course(&self, step: u32) -> Course {
        match (self.k, self.exponent) {
            (Power::Whole(1), Power::Whole(exponent)) => Course::until(
                step,
                self.decay_steps,
                Bend::HalfWave {
                    limit: self.eta_min,
                    top: self.learning_rate,
                    ahead: f64::from(self.decay_steps.saturating_sub(step)),
                    turn: PI / f64::from(self.decay_steps),
                    exponent,
                },
            ),
            _ => Course::UNKNOWN,
        }
    }

    /// A squared cosine to the power of `n` is a sum of waves of which the fastest goes through `pi * n`, and none is above 1: so are, by
    /// Bernstein's inequality, its derivatives.
    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        match (self.k, self.exponent) {
            (Power::Whole(1), Power::Whole(n)) => {
                (libm::fabs(self.learning_rate) + libm::fabs(self.eta_min))
                    * wave(PI * f64::from(n) / f64::from(self.decay_steps), order)
            }
            _ => f64::INFINITY,
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.decay_steps == other.decay_steps
            && self.exponent == other.exponent
            && self.k == other.k
    }
}
