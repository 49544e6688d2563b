use crate::course::{Course, wave};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{bend_of_restarts, bend_of_waves, full_waves, restarted_cosine};
use core::f64::consts::{PI, TAU};

/// A given number of cosine waves, or of falls with restarts, in a given number of steps.
///
/// `lr(t) = eta_min + (learning_rate - eta_min) * c`, where with `x = t / total_steps`
///
/// * without `hard_restarts`: `c = (1 + cos(2 * pi * num_cycles * x)) / 2`, and **so it goes on** after `total_steps`
/// * with `hard_restarts`: `c = (1 + cos(pi * frac(num_cycles * x))) / 2` while `t < total_steps`, and `c = 0` from then on;
///   `frac(v) = v - floor(v)`
///
/// `num_cycles` is a count of full waves in the first case, of half waves in the second. The product with the step is reduced
/// exactly, so that a restart happens at the right step and the waves keep their phase at every step.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `learning_rate` and `eta_min`
/// do not have opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`CosineCycles::new`] refuses NaN, infinities and `total_steps` of 0.
///
/// # Examples
/// ```
/// use hairpin_core::{CosineCycles, Schedule};
///
/// let once = CosineCycles::new(0.1, 0.0, 100, 0.5, false)?;
/// assert_eq!([0, 50, 100, 150, 200].map(|step| once.lr(step)), [0.1, 0.05, 0.0, 0.05, 0.1]);
/// let restarted = CosineCycles::new(0.1, 0.0, 100, 2.0, true)?;
/// assert_eq!([0, 25, 50, 75, 100].map(|step| restarted.lr(step)), [0.1, 0.05, 0.1, 0.05, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * With the default of half a wave the rate **rises again** after `total_steps`. Transformers behaves so; a run that is a
///   little longer than planned trains its last steps at a growing rate. `cosine_decay` holds.
/// * Transformers takes the fraction of a product of floats, which could bring a restart one step late, at a rate next to 0. For
///   whole counts up to 10 and up to 2,000 steps it never does, so the exact restarts are its own (huggingface 29852 asks what
///   the cycles are).
/// * In Transformers' functions `total_steps` is what is left after the warm-up, `num_training_steps - num_warmup_steps`, at
///   least 1.
///
/// # Source
/// `get_cosine_schedule_with_warmup`, `get_cosine_with_hard_restarts_schedule_with_warmup` and
/// `get_cosine_with_min_lr_schedule_with_warmup` of Transformers, after their warm-up.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineCycles {
    learning_rate: f64,
    eta_min: f64,
    total_steps: u32,
    num_cycles: f64,
    hard_restarts: bool,
}

impl CosineCycles {
    /// `num_cycles` waves between `learning_rate` and `eta_min` in `total_steps`, or as many falls.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or `total_steps` of 0.
    pub fn new(
        learning_rate: f64,
        eta_min: f64,
        total_steps: u32,
        num_cycles: f64,
        hard_restarts: bool,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            eta_min: finite("eta_min", eta_min)?,
            total_steps: nonzero("total_steps", total_steps)?,
            num_cycles: finite("num_cycles", num_cycles)?,
            hard_restarts,
        })
    }
}

parameters! {
    CosineCycles, "cosine_cycles", "eta_min + (learning_rate - eta_min) * (1 + cos(2 * pi * num_cycles * t / total_steps)) / 2";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    eta_min: f64 = 0.0, "the lowest rate" => |s| s.eta_min;
    total_steps: u32, "how many steps the cycles take together, at least 1" => |s| s.total_steps;
    num_cycles: f64 = 0.5, "how many waves there are, or with hard_restarts how many falls" => |s| s.num_cycles;
    hard_restarts: bool = false, "jump back up instead of rising, and stay at eta_min after total_steps" => |s| s.hard_restarts;
    => CosineCycles::new(learning_rate, eta_min, total_steps, num_cycles, hard_restarts)
}

impl CosineCycles {
    /// The radians of a step.
    fn turn(&self) -> f64 {
        let wave = if self.hard_restarts { PI } else { TAU };
        wave * libm::fabs(self.num_cycles) / f64::from(self.total_steps)
    }
}

impl Profiled for CosineCycles {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        if !self.hard_restarts {
            full_waves(self.num_cycles, step, self.total_steps)
        } else if step < self.total_steps {
            restarted_cosine(self.num_cycles, step, self.total_steps)
        } else {
            [0.0, 1.0, 0.0]
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.learning_rate, self.eta_min, profile)
    }

    fn course(&self, step: u32) -> Course {
        let rates = [self.learning_rate, self.eta_min];
        let (amount, span) = (self.num_cycles, self.total_steps);
        if !self.hard_restarts {
            return Course::curve(bend_of_waves(rates, amount, step, span), u32::MAX);
        }
        if step >= self.total_steps {
            return Course::FOREVER;
        }
        // Where a cosine ends hangs on the last digit of an exact product: near an end nothing is promised.
        const NEAR: f64 = 1e-6;
        let total = f64::from(self.total_steps);
        let passed = self.num_cycles * f64::from(step) / total;
        let begun = libm::floor(passed);
        if !(0.0..1e6).contains(&passed) || passed - begun < NEAR || begun + 1.0 - passed < NEAR {
            return Course::unknown_at(step);
        }
        let last = (begun + 1.0 - NEAR) / self.num_cycles * total;
        let end = self.total_steps.saturating_sub(1);
        Course::curve(
            bend_of_restarts(rates, amount, step, span),
            (last as u32).clamp(step, end),
        )
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        (libm::fabs(self.learning_rate) + libm::fabs(self.eta_min)) * wave(self.turn(), order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
            && self.num_cycles == other.num_cycles
            && self.hard_restarts == other.hard_restarts
    }
}
