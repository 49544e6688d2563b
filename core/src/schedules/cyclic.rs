use crate::course::{Bend, Course, line};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{Growth, blend, grown, linear_weights};
use crate::parameters::{parameters, words};
use crate::schedule::{Profile, Profiled};

words! {
    /// How the triangles of a [`Cyclic`] change.
    pub enum CyclicMode {
        /// They do not.
        Triangular = "triangular",
        /// Each is half as high as the one before.
        Triangular2 = "triangular2",
        /// They shrink by `gamma` a step.
        ExpRange = "exp_range",
    }
}

/// Goes up from `learning_rate` to `max_lr` in a line and down again, over and over.
///
/// `lr(t) = learning_rate + (max_lr - learning_rate) * s * scale`, where with `n = step_size_up + step_size_down`,
/// `k = floor(t / n)` and `r = t mod n`
///
/// * `r <= step_size_up`: `s = r / step_size_up`
/// * `r > step_size_up`: `s = (n - r) / step_size_down`
/// * `scale` is 1 (`triangular`), `2^-k` (`triangular2`) or `gamma^t` (`exp_range`)
///
/// `k` and `r` are integers, so that the four thousand millionth step is as exact as the first.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `learning_rate` and `max_lr` do
/// not have opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two. With `gamma` below 0 or above 1
/// the rate leaves the range between the two, and the same holds where the terms of the formula do not cancel.
///
/// # Errors
/// [`Cyclic::new`] and [`Cyclic::mode`] refuse NaN, infinities, `step_size_up` or `step_size_down` of 0, and a `gamma` other
/// than 1 in a mode that does not use it.
///
/// # Examples
/// ```
/// use hairpin_core::{Cyclic, CyclicMode, Schedule};
///
/// let schedule = Cyclic::new(0.0, 1.0, 4, 2)?;
/// assert_eq!([0, 1, 4, 5, 6].map(|step| schedule.lr(step)), [0.0, 0.25, 1.0, 0.5, 0.0]);
/// let halved = schedule.mode(CyclicMode::Triangular2, 1.0)?;
/// assert_eq!([4, 10, 16].map(|step| halved.lr(step)), [1.0, 0.5, 0.25]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `max_lr` below `learning_rate` makes triangles that point down; nobody refuses it.
/// * PyTorch and PaddlePaddle find the cycle by a floored float, which is off by 2.4e-12 of the peak after 100,000 steps, in
///   `f32` by a fifth of it after 2^24; and their `triangular2` raises after 1024 cycles (pytorch 52989). Here the triangles
///   shrink to nothing.
/// * Counted from 0 the first triangle has scale `2^-0`. Some libraries count from 0 with `2^-(k-1)`: their first peak is twice
///   as high.
/// * PyTorch turns the momentum the other way at the same time; that is a schedule of its own, with `learning_rate` and `max_lr`
///   exchanged for the two momenta.
///
/// # Source
/// `CyclicLR` of PyTorch and PaddlePaddle; Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cyclic {
    learning_rate: f64,
    max_lr: f64,
    step_size_up: u32,
    step_size_down: u32,
    mode: CyclicMode,
    growth: Growth,
}

impl Cyclic {
    /// Triangles of one height: `step_size_up` steps up to `max_lr`, `step_size_down` down to `learning_rate`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or a size of 0.
    pub fn new(
        learning_rate: f64,
        max_lr: f64,
        step_size_up: u32,
        step_size_down: u32,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            max_lr: finite("max_lr", max_lr)?,
            step_size_up: nonzero("step_size_up", step_size_up)?,
            step_size_down: nonzero("step_size_down", step_size_down)?,
            mode: CyclicMode::Triangular,
            growth: Growth::by_factor(1.0),
        })
    }

    /// The same with triangles that change; `gamma` is 1 unless the mode is [`CyclicMode::ExpRange`].
    ///
    /// # Errors
    /// A `gamma` that is NaN or infinite, or one that the mode would not use.
    pub fn mode(self, mode: CyclicMode, gamma: f64) -> Result<Self, ConfigError> {
        if finite("gamma", gamma)? != 1.0 && mode != CyclicMode::ExpRange {
            return Err(ConfigError::Conflict {
                field: "gamma",
                with: "is only for the mode exp_range: leave it out",
            });
        }
        Ok(Self {
            mode,
            growth: Growth::by_factor(gamma),
            ..self
        })
    }

    /// How many steps lead up, and how many a whole triangle takes.
    fn lengths(&self) -> (u64, u64) {
        let up = u64::from(self.step_size_up);
        (up, up.saturating_add(u64::from(self.step_size_down)))
    }

    /// The weights on the triangle of its first height, and how many were completed before.
    #[inline]
    fn triangle(&self, step: u32) -> (Profile, u32) {
        let (up, both) = self.lengths();
        let t = u64::from(step);
        let within = t.checked_rem(both).unwrap_or(0);
        let completed = t.checked_div(both).unwrap_or(0) as u32;
        // Both are below 2^32: the way up is at most step_size_up long, the way down at most step_size_down.
        let weights = if within <= up {
            linear_weights(within as u32, self.step_size_up)
        } else {
            let left = both.saturating_sub(within) as u32;
            linear_weights(left, self.step_size_down)
        };
        (weights, completed)
    }
}

parameters! {
    Cyclic, "cyclic", "learning_rate + (max_lr - learning_rate) * triangle(t) * scale";
    learning_rate: f64, "the rate at the foot of the triangles" => |s| s.learning_rate;
    max_lr: f64, "the rate at the first peak" => |s| s.max_lr;
    step_size_up: u32, "the steps from the foot to the peak, at least 1" => |s| s.step_size_up;
    step_size_down: u32, "the steps from the peak to the foot, at least 1" => |s| s.step_size_down;
    mode: CyclicMode = "triangular", "all alike, each half as high as the one before, or lower by gamma each step" => |s| s.mode;
    gamma: f64 = 1.0, "the factor of each step in the mode exp_range" => |s| s.growth.given();
    => Cyclic::new(learning_rate, max_lr, step_size_up, step_size_down)?.mode(mode, gamma)
}

/// The weights of both rates and 0, or where one of them would be negative: two factors of the height, of which the second is
/// not 0.
impl Profiled for Cyclic {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let (weights, completed) = self.triangle(step);
        let [foot, peak, _] = weights;
        match self.mode {
            CyclicMode::Triangular => weights,
            CyclicMode::Triangular2 => {
                // Beyond this nothing is left.
                let halvings = completed.min(1100) as i32;
                if halvings == 0 {
                    weights
                } else {
                    let peak = libm::scalbn(peak, -halvings);
                    [1.0 - peak, peak, 0.0]
                }
            }
            CyclicMode::ExpRange => {
                let gamma = self.growth.given();
                if peak == 0.0 || gamma == 1.0 {
                    return weights;
                }
                let [half, signed_half, _] = self.growth.after(step);
                let scale = half * signed_half;
                if (0.0..=1.0).contains(&scale) {
                    // 1 - s * g = (1 - s) + s * (1 - g), without a difference of near numbers.
                    let lacking = foot + peak * self.growth.shortfall(step, scale);
                    [lacking, peak * scale, 0.0]
                } else {
                    [peak * half, signed_half, 1.0]
                }
            }
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        if profile[2] == 0.0 {
            blend(self.learning_rate, self.max_lr, profile)
        } else {
            self.learning_rate + grown(self.max_lr - self.learning_rate, profile)
        }
    }

    fn course(&self, step: u32) -> Course {
        let (up, both) = self.lengths();
        let within = u64::from(step).checked_rem(both).unwrap_or(0);
        let ahead = if within <= up { up } else { both }.saturating_sub(within);
        let ahead = ahead.min(u64::from(u32::MAX)) as u32;
        let last = step.saturating_add(ahead);
        match self.mode {
            // Beyond this many cycles nothing is left of the peaks.
            CyclicMode::Triangular2 if within == 0 && step > 0 => Course::unknown_at(step),
            CyclicMode::Triangular2 if within > up => {
                // The foot belongs to the next triangle.
                Course::smooth(step.saturating_add(ahead.saturating_sub(1)))
            }
            CyclicMode::ExpRange if !(self.growth.given() > 0.0) => Course::UNKNOWN,
            CyclicMode::ExpRange if self.growth.given() != 1.0 => {
                let begin = f64::from(step) - within as f64;
                let foot = if within <= up { 0 } else { both };
                let falls = Bend::Power {
                    limit: self.learning_rate,
                    origin: begin + foot as f64,
                    exponent: 1.0,
                    rate: self.growth.rate(),
                };
                Course::curve(falls, last)
            }
            _ => Course::smooth(last),
        }
    }

    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let (up, both) = self.lengths();
        let within = u64::from(first).checked_rem(both).unwrap_or(0);
        let size = if within <= up {
            self.step_size_up
        } else {
            self.step_size_down
        };
        let slope = 1.0 / f64::from(size);
        (libm::fabs(self.learning_rate) + libm::fabs(self.max_lr)) * line(slope, order)
    }

    fn period(&self) -> Option<u32> {
        match self.mode {
            CyclicMode::Triangular => self.step_size_up.checked_add(self.step_size_down),
            CyclicMode::Triangular2 | CyclicMode::ExpRange => None,
        }
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.step_size_up == other.step_size_up
            && self.step_size_down == other.step_size_down
            && self.mode == other.mode
            && self.growth == other.growth
    }
}
