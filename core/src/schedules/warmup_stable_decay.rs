use crate::course::Course;
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend_neighbours;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Curve, NO_AMOUNT, Shape};

/// Rises from `start_lr` to `learning_rate`, stays there, falls to `end_lr` and stays there, the trapezoid of long runs.
///
/// With `W = warmup_steps`, `S = stable_steps` and `D = decay_steps`:
///
/// * `t < W`: from `start_lr` to `learning_rate` on `warmup_shape` over `t / W`
/// * `W <= t < W + S`: `lr(t) = learning_rate`
/// * `W + S <= t < W + S + D`: from `learning_rate` to `end_lr` on `decay_shape` over `(t - W - S) / D`
/// * after: `lr(t) = end_lr`
///
/// The shapes are those of `anneal`, with the formulas given there.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where the two rates of a phase do not
/// have opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`WarmupStableDecay::new`] and its refinements refuse NaN, infinities, `decay_steps` of 0, and an `amount` that neither
/// shape takes or that one of them lacks.
///
/// # Examples
/// ```
/// use hairpin_core::{Schedule, Shape, WarmupStableDecay};
///
/// let schedule = WarmupStableDecay::new(1.0, 10, 100, 20)?.shapes(Shape::Linear, Shape::Sqrt, None)?;
/// assert_eq!([0, 5, 10, 109, 110].map(|step| schedule.lr(step)), [0.0, 0.5, 1.0, 1.0, 1.0]);
/// assert_eq!([115, 130, 131].map(|step| schedule.lr(step)), [0.5, 0.0, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * A warm-up from 0 wastes the first update: its rate is 0. Give a `start_lr`, as Transformers does with `min_lr_ratio`, where it
///   is the floor of both ends.
/// * Transformers' `num_cycles` belongs to its cosine: 0.5, the default, is half a wave, the shape `cosine`; another number is the
///   shape `cycles` with it as `amount`.
/// * `1-sqrt` is `sqrt` in a decay, and `reverse_sqrt` in a warm-up, where it means `1 - sqrt(1 - x)`.
/// * timm's `t_initial` counts the stable and the decay steps together; its warm-up comes in front of them.
/// * One `amount` serves both shapes. Where they need two, put an `anneal` before and after a `constant` in a `sequential`.
///
/// # Source
/// `get_wsd_schedule` of Transformers, `WSDLRScheduler` of timm (`linear`, `1-sqrt`, `cosine`, `power`, `exp`), llm.c (a decay
/// on `1 - sqrt(x)`); Hu et al., "MiniCPM", 2024.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupStableDecay {
    learning_rate: f64,
    start_lr: f64,
    end_lr: f64,
    warmup_steps: u32,
    stable_steps: u32,
    decay_steps: u32,
    warmup: Curve,
    decay: Curve,
}

impl WarmupStableDecay {
    /// From 0 to `learning_rate` and back to 0, in straight lines.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or `decay_steps` of 0.
    pub fn new(
        learning_rate: f64,
        warmup_steps: u32,
        stable_steps: u32,
        decay_steps: u32,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            start_lr: 0.0,
            end_lr: 0.0,
            warmup_steps,
            stable_steps,
            decay_steps: nonzero("decay_steps", decay_steps)?,
            warmup: Curve::Linear,
            decay: Curve::Linear,
        })
    }

    /// The same between other rates.
    ///
    /// # Errors
    /// A rate that is NaN or infinite.
    pub fn ends(self, start_lr: f64, end_lr: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            start_lr: finite("start_lr", start_lr)?,
            end_lr: finite("end_lr", end_lr)?,
            ..self
        })
    }

    /// The same on other curves.
    ///
    /// # Errors
    /// An `amount` that neither shape takes, or that one of them lacks.
    pub fn shapes(
        self,
        warmup_shape: Shape,
        decay_shape: Shape,
        amount: Option<f64>,
    ) -> Result<Self, ConfigError> {
        if amount.is_some() && !warmup_shape.takes_amount() && !decay_shape.takes_amount() {
            return Err(NO_AMOUNT);
        }
        let curve = |shape: Shape| Curve::new(shape, amount.filter(|_| shape.takes_amount()));
        Ok(Self {
            warmup: curve(warmup_shape)?,
            decay: curve(decay_shape)?,
            ..self
        })
    }
}

parameters! {
    WarmupStableDecay, "warmup_stable_decay", "start_lr to learning_rate in warmup_steps, held for stable_steps, to end_lr in decay_steps";
    learning_rate: f64, "the highest rate" => |s| s.learning_rate;
    start_lr: f64 = 0.0, "the rate at step 0" => |s| s.start_lr;
    end_lr: f64 = 0.0, "the rate at the end and after it" => |s| s.end_lr;
    warmup_steps: u32, "how many steps the way up takes, may be 0" => |s| s.warmup_steps;
    stable_steps: u32, "how many steps the rate stays at its highest, may be 0" => |s| s.stable_steps;
    decay_steps: u32, "how many steps the way down takes, at least 1" => |s| s.decay_steps;
    warmup_shape: Shape = "linear", "the curve of the way up" => |s| s.warmup.shape();
    decay_shape: Shape = "linear", "the curve of the way down" => |s| s.decay.shape();
    amount: Option<f64>, "the exponent of power, the base of exponential, the number of cycles" => |s| s.warmup.amount().or(s.decay.amount());
    => WarmupStableDecay::new(learning_rate, warmup_steps, stable_steps, decay_steps)?
        .ends(start_lr, end_lr)?
        .shapes(warmup_shape, decay_shape, amount)
}

/// The weights of `start_lr`, `learning_rate` and `end_lr`, of which one is 0.
impl Profiled for WarmupStableDecay {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let Some(since_peak) = step.checked_sub(self.warmup_steps) else {
            let [start, peak, _] = self.warmup.weights(step, self.warmup_steps);
            return [start, peak, 0.0];
        };
        let Some(into_decay) = since_peak.checked_sub(self.stable_steps) else {
            return [0.0, 1.0, 0.0];
        };
        let [peak, end, _] = self.decay.weights(into_decay, self.decay_steps);
        [0.0, peak, end]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend_neighbours([self.start_lr, self.learning_rate, self.end_lr], profile)
    }

    fn course(&self, step: u32) -> Course {
        let decay_begins = self.warmup_steps.saturating_add(self.stable_steps);
        if step < self.warmup_steps {
            let rates = [self.start_lr, self.learning_rate];
            self.warmup.course(rates, step, self.warmup_steps)
        } else if step < decay_begins {
            Course::flat(decay_begins.saturating_sub(1))
        } else {
            let into_decay = step.saturating_sub(decay_begins);
            let rates = [self.learning_rate, self.end_lr];
            self.decay
                .course(rates, into_decay, self.decay_steps)
                .later(decay_begins)
        }
    }

    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let peak = libm::fabs(self.learning_rate);
        if first < self.warmup_steps {
            (libm::fabs(self.start_lr) + peak) * self.warmup.taylor(self.warmup_steps, order)
        } else {
            (peak + libm::fabs(self.end_lr)) * self.decay.taylor(self.decay_steps, order)
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.warmup_steps == other.warmup_steps
            && self.stable_steps == other.stable_steps
            && self.decay_steps == other.decay_steps
            && self.warmup == other.warmup
            && self.decay == other.decay
    }
}
