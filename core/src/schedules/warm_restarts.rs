use crate::course::{Bend, Course, wave};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{Growth, grown, larger, two_product, two_sum};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Power, Way, half_cosine};
use core::f64::consts::PI;

/// Falls from `learning_rate` to `eta_min` on half a wave of a cosine, jumps back up, and does so again and again, each cycle
/// longer than the one before.
///
/// Cycle `i` takes `t_0 * t_mult^i` steps and begins at `S_i = t_0 * (1 + t_mult + … + t_mult^(i-1))`, whole or not. In the
/// cycle with `S_i <= t < S_(i+1)`
///
/// `lr(t) = eta_min + (learning_rate * peak_mult^i - eta_min) * (1 + cos(pi * x)) / 2`, where
/// `x = ((t - S_i) / (t_0 * t_mult^i))^k`
///
/// * with a `cycle_limit` of `n`, from `S_n` on: `lr(t) = eta_min`
/// * with `t_mult` below 1, from the first cycle on that is shorter than one step: `lr(t) = eta_min`
///
/// Where `t_mult` is not whole, an `S_i` within 2^-44 of itself from a whole step is on that step: 10 steps times 1.3 are 13, although no
/// `f64` is 1.3.
///
/// The cycle is found without a logarithm: by division where `t_mult` is 1, by adding up integers where it is whole, and for
/// any other `t_mult` by doubling, with `S_i` to twice the digits of `f64`. The work is bounded by the bits of the step.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where `eta_min` and the peak of the
/// cycle do not have opposite signs; where they have, the same plus `32 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`WarmRestarts::new`] and its refinements refuse NaN, infinities, `t_0` of 0, a `t_mult` that is not above 0 or is above
/// 2^32, and a `k` that is not above 0.
///
/// # Examples
/// ```
/// use hairpin_core::{Schedule, WarmRestarts};
///
/// let schedule = WarmRestarts::new(0.1, 0.0, 10, 2.0)?;
/// assert_eq!([0, 5, 10, 20, 30].map(|step| schedule.lr(step)), [0.1, 0.05, 0.1, 0.05, 0.1]);
/// let lower = schedule.peak_mult(0.5)?.cycle_limit(2);
/// assert_eq!([0, 10, 30].map(|step| lower.lr(step)), [0.1, 0.05, 0.0]);
/// let decimal = WarmRestarts::new(0.1, 0.0, 10, 1.3)?;
/// assert_eq!([10, 23].map(|step| decimal.lr(step)), [0.1, 0.1]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `eta_min` itself is never reached before a restart: the last step of a cycle is one before its end (pytorch 47560).
/// * PyTorch and PaddlePaddle, set to a step instead of stepped, find the cycle by a floored logarithm: at some restarts (T0 3,
///   Tmult 3, step 363) they are at `eta_min` instead of the peak. PaddlePaddle's `LinearWarmup` always goes that way.
/// * PyTorch resumed with `last_epoch` beyond the first cycle counts modulo the first cycle's length (pytorch 88791).
/// * Both take whole multipliers only (pytorch 95122 asks for shrinking cycles); Keras and timm take any.
/// * Keras' `alpha` is a share, and its `m_mul` scales the height above the floor: `learning_rate * ((1 - alpha) * m_mul^i * c
///   + alpha)`. With a floor that is not 0 it is the sum of a constant and these restarts with `eta_min = 0`.
/// * timm finds the cycle by a floored logarithm too, when stepped as well: with `cycle_mul = 3` and a first cycle of 1, step 121
///   is at `lr_min` instead of the peak.
/// * timm's `cycle_limit` is 1 unless said otherwise: no restart at all.
///
/// # Source
/// `CosineAnnealingWarmRestarts` of PyTorch and PaddlePaddle, `CosineDecayRestarts` of Keras (`t_mul`, `m_mul`),
/// `CosineLRScheduler` of timm (`cycle_mul`, `cycle_decay`, `cycle_limit`, `k_decay`); Loshchilov and Hutter, "SGDR", 2017.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmRestarts {
    learning_rate: f64,
    eta_min: f64,
    t_0: u32,
    t_mult: f64,
    peaks: Growth,
    cycle_limit: u32,
    k: Power,
}

/// A boundary this near to a whole step, as a share of itself, is on it: 10 steps times 1.3 are meant as 13, although the f64
/// nearest to 1.3 is a little larger. 2^-44 is less than a four-thousandth of a step among all that there are.
const ON_A_STEP: f64 = 1.0 / 17_592_186_044_416.0;

/// Longer second cycles than this never end; shorter ones keep every intermediate number in range.
const LONGEST: f64 = 4_294_967_296.0;

impl WarmRestarts {
    /// Cycles of equal height, the first of `t_0` steps, each `t_mult` times as long as the one before.
    ///
    /// # Errors
    /// A number that is NaN or infinite, `t_0` of 0, or a `t_mult` that is not above 0 or is above 2^32.
    pub fn new(
        learning_rate: f64,
        eta_min: f64,
        t_0: u32,
        t_mult: f64,
    ) -> Result<Self, ConfigError> {
        if finite("t_mult", t_mult)? <= 0.0 || t_mult > LONGEST {
            return Err(ConfigError::OutOfRange {
                field: "t_mult",
                value: t_mult,
                expected: "above 0 and at most 4294967296",
            });
        }
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            eta_min: finite("eta_min", eta_min)?,
            t_0: nonzero("t_0", t_0)?,
            t_mult,
            peaks: Growth::by_factor(1.0),
            cycle_limit: 0,
            k: Power::ONE,
        })
    }

    /// The same with each peak `peak_mult` times the one before.
    ///
    /// # Errors
    /// A `peak_mult` that is NaN or infinite.
    pub fn peak_mult(self, peak_mult: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            peaks: Growth::by_factor(finite("peak_mult", peak_mult)?),
            ..self
        })
    }

    /// The same with an end after this many cycles; 0 for none.
    #[must_use]
    pub const fn cycle_limit(self, cycle_limit: u32) -> Self {
        Self {
            cycle_limit,
            ..self
        }
    }

    /// The same with the share done of each cycle taken to a power.
    ///
    /// # Errors
    /// A `k` that is not above 0.
    pub fn k(self, k: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            k: Power::new("k", k)?,
            ..self
        })
    }

    /// The highest rate of a cycle.
    fn peak(&self, cycle: u32) -> f64 {
        grown(self.learning_rate, self.peaks.after(cycle))
    }

    /// The cycle that `step` falls into.
    #[inline]
    fn cycle(&self, step: u32) -> Option<Cycle> {
        let cycle = if self.t_mult == 1.0 {
            let into = step.checked_rem(self.t_0).unwrap_or(0);
            Cycle {
                index: step.checked_div(self.t_0).unwrap_or(0),
                way: Way::steps(self.t_0.saturating_sub(into), into),
                length: f64::from(self.t_0),
            }
        } else if self.t_mult > 1.0 && libm::floor(self.t_mult) == self.t_mult {
            Cycle::whole(step, self.t_0, self.t_mult as u64)
        } else {
            Cycle::real(step, f64::from(self.t_0), self.t_mult)?
        };
        (self.cycle_limit == 0 || cycle.index < self.cycle_limit).then_some(cycle)
    }
}

parameters! {
    WarmRestarts, "warm_restarts", "eta_min + (learning_rate * peak_mult^i - eta_min) * (1 + cos(pi * x^k)) / 2, x the share done of cycle i";
    learning_rate: f64, "the first peak" => |s| s.learning_rate;
    eta_min: f64 = 0.0, "the rate at the foot of each cycle" => |s| s.eta_min;
    t_0: u32, "how many steps the first cycle takes, at least 1" => |s| s.t_0;
    t_mult: f64 = 1.0, "how many times as long each cycle is as the one before, above 0 and at most 4294967296" => |s| s.t_mult;
    peak_mult: f64 = 1.0, "the factor from each peak to the next" => |s| s.peaks.given();
    cycle_limit: u32 = 0, "how many cycles there are, eta_min after them; 0 for no end" => |s| s.cycle_limit;
    k: f64 = 1.0, "the power of the share done of a cycle, above 0" => |s| s.k.exponent();
    => Ok(WarmRestarts::new(learning_rate, eta_min, t_0, t_mult)?
        .peak_mult(peak_mult)?
        .k(k)?
        .cycle_limit(cycle_limit))
}

/// A cycle, by its number, and how much of it is left and done.
struct Cycle {
    index: u32,
    way: Way,
    /// How many steps it takes, which are not quite all of its way where it begins a little after the step.
    length: f64,
}

impl Cycle {
    /// Lengths that are whole and at least double each time: no more than 32 turns.
    fn whole(step: u32, t_0: u32, t_mult: u64) -> Self {
        let (mut index, mut into, mut length) = (0_u32, u64::from(step), u64::from(t_0));
        while into >= length {
            into = into.saturating_sub(length);
            length = length.saturating_mul(t_mult);
            index = index.saturating_add(1);
        }
        Self {
            index,
            way: Way::parts(length.saturating_sub(into) as f64, into as f64),
            length: length as f64,
        }
    }

    /// Lengths of any kind: the number of completed cycles is found bit by bit.
    ///
    /// Both are known for n cycles: how many first cycles they are long, `G(n) = 1 + m + … + m^(n-1)`, and how many times as long
    /// as the first the next one is, `m^n`. Then `G(a + b) = G(a) + m^a * G(b)`, sums of positive numbers only.
    fn real(step: u32, t_0: f64, t_mult: f64) -> Option<Self> {
        let t = f64::from(step);
        let completed = |count: Double| {
            let end = count.times(Double::whole(t_0));
            (end.high - t) + end.low <= end.high * ON_A_STEP
        };
        // 1, 2, 4, … cycles, as far as all of them are over.
        let mut runs: heapless::Vec<(Double, Double), 32> = heapless::Vec::new();
        let (mut sum, mut power) = (Double::whole(1.0), Double::whole(t_mult));
        while completed(sum) && runs.push((sum, power)).is_ok() {
            sum = sum.plus(power.times(sum));
            power = power.times(power);
        }
        let (mut index, mut begin, mut scale) = (0_u32, Double::whole(0.0), Double::whole(1.0));
        for (bit, (sum, power)) in runs.iter().enumerate().rev() {
            let later = begin.plus(scale.times(*sum));
            if completed(later) {
                begin = later;
                scale = scale.times(*power);
                index |= 1_u32.checked_shl(bit as u32).unwrap_or(0);
            }
        }
        let (begin, length) = (
            begin.times(Double::whole(t_0)),
            scale.times(Double::whole(t_0)),
        );
        if length.high < 1.0 {
            return None;
        }
        let end = begin.plus(length);
        let left = (end.high - t) + end.low;
        let done = (t - begin.high) - begin.low;
        Some(Self {
            index,
            // The end was found to come after the step by another sum, which may differ in the last digit, and a beginning on the step may
            // lie a little behind it.
            way: Way::parts(larger(left, 0.0), larger(done, 0.0)),
            length: length.high,
        })
    }
}

/// A sum of two numbers, the second at most half a unit in the last place of the first; here never negative and never out of
/// range.
#[derive(Clone, Copy)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    const fn whole(value: f64) -> Self {
        Self {
            high: value,
            low: 0.0,
        }
    }

    /// `high + low`, where `high` is the larger one.
    #[inline]
    fn normal(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self {
            high: sum,
            low: low - (sum - high),
        }
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        let [sum, error] = two_sum(self.high, other.high);
        Self::normal(sum, error + (self.low + other.low))
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        let [product, error] = two_product(self.high, other.high);
        Self::normal(
            product,
            error + (self.high * other.low + self.low * other.high),
        )
    }
}

/// The weight of `learning_rate` in two factors, and that of `eta_min`.
impl Profiled for WarmRestarts {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let Some(cycle) = self.cycle(step) else {
            return [0.0, 1.0, 1.0];
        };
        let [peak, foot, _] = half_cosine(self.k.bend(cycle.way));
        // An overflowed peak has no part in a rate where its weight is 0.
        if peak == 0.0 || self.peaks.given() == 1.0 {
            return [peak, 1.0, foot];
        }
        let [half, other_half, _] = self.peaks.after(cycle.index);
        [peak * half, other_half, foot]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        grown(self.learning_rate, profile) + self.eta_min * profile[2]
    }

    fn course(&self, step: u32) -> Course {
        let Some(cycle) = self.cycle(step) else {
            return Course::FOREVER;
        };
        if self.k != Power::ONE {
            return Course::UNKNOWN;
        }
        // An end that is no whole number may be off by its last digit.
        const NEAR: f64 = 0.01;
        let ahead = cycle.way.left() - NEAR;
        if ahead < 1.0 {
            return Course::unknown_at(step);
        }
        let wave = Bend::HalfWave {
            limit: self.eta_min,
            top: self.peak(cycle.index),
            ahead: cycle.way.left(),
            turn: PI / cycle.length,
            exponent: 1,
        };
        Course::curve(wave, step.saturating_add(ahead as u32))
    }

    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let Some(cycle) = self.cycle(first) else {
            return f64::INFINITY;
        };
        (libm::fabs(self.peak(cycle.index)) + libm::fabs(self.eta_min))
            * wave(PI / cycle.length, order)
    }

    fn period(&self) -> Option<u32> {
        let alike = self.t_mult == 1.0 && self.peaks.given() == 1.0 && self.cycle_limit == 0;
        alike.then_some(self.t_0)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.t_0 == other.t_0
            && self.t_mult == other.t_mult
            && self.peaks == other.peaks
            && self.cycle_limit == other.cycle_limit
            && self.k == other.k
    }
}
