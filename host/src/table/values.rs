//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use hairpin_core::{Change, Value};

use crate::lanes::{Isa, Kernel, Lanes, Seen};

/// The most steps.
pub(super) const MOST_STEPS: usize = 256 + 32;

/// A unit in the last place of 1.
const UNIT: f64 = f64::EPSILON;

/// Rates, each within `absolute` and `relative` of itself of what the core computes, or exactly that where both are 0.
#[derive(Clone)]
pub(super) struct Values {
    pub(super) rates: [f64; MOST_STEPS],
    pub(super) steps: usize,
    absolute: f64,
    relative: f64,
}

impl Values {
    pub(super) fn of(steps: usize) -> Self {
        Self {
            rates: [0.0; MOST_STEPS],
            steps,
            absolute: 0.0,
            relative: 0.0,
        }
    }

    /// Rates of so many steps are to come, none of them off.
    pub(super) fn restart(&mut self, steps: usize) {
        (self.steps, self.absolute, self.relative) = (steps, 0.0, 0.0);
    }

    /// Some of them are off by so much.
    pub(super) fn admit(&mut self, absolute: f64, relative: f64) {
        self.absolute = self.absolute.max(absolute);
        self.relative = self.relative.max(relative);
    }

    fn largest(&self) -> f64 {
        self.rates[..self.steps]
            .iter()
            .fold(0.0, |largest, rate| f64::max(largest, rate.abs()))
    }

    fn is_exact(&self) -> bool {
        self.absolute == 0.0 && self.relative == 0.0
    }

    /// How far the one farthest off is.
    fn error(&self) -> f64 {
        if self.is_exact() {
            0.0
        } else {
            self.absolute + self.relative * self.largest()
        }
    }

    /// Rounds them to `f32`; where the error could change a bit, `core` is asked for the rate that many steps from the first.
    pub(super) fn round(&self, isa: Isa, out: &mut [f32], core: impl Fn(u32) -> f32) {
        // So few that it costs little to look at each of them where one is in doubt.
        const TOGETHER: usize = 64;
        let rates = &self.rates[..out.len()];
        for (part, (rates, out)) in rates
            .chunks(TOGETHER)
            .zip(out.chunks_mut(TOGETHER))
            .enumerate()
        {
            let seen = isa.run(Round {
                rates,
                out: &mut *out,
            });
            if self.is_exact() || is_sure(seen, self.absolute, self.relative) {
                continue;
            }
            let steps = (part * TOGETHER) as u32..;
            for ((&rate, out), step) in rates.iter().zip(out).zip(steps) {
                let error = self.absolute + self.relative * rate.abs();
                let (low, high) = ((rate - error) as f32, (rate + error) as f32);
                // An infinite error makes NaN of one of them, which has other bits.
                if low.to_bits() != high.to_bits() || !error.is_finite() {
                    *out = core(step);
                }
            }
        }
    }

    fn combined(mut self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        self.steps = self.steps.min(other.steps);
        for (a, &b) in self.rates[..self.steps].iter_mut().zip(&other.rates) {
            *a = join(*a, b);
        }
        self
    }
}

impl Value for Values {
    /// `(a + e)(b + f) - ab = af + be + ef`, and the product's own rounding.
    fn product(self, other: Self) -> Self {
        let exact = self.is_exact() && other.is_exact();
        let (a, b) = (self.largest(), other.largest());
        let absolute = a * other.absolute * (1.0 + self.relative)
            + b * self.absolute * (1.0 + other.relative)
            + self.absolute * other.absolute;
        let relative = self.relative + other.relative + self.relative * other.relative + 2.0 * UNIT;
        let mut product = self.combined(&other, f64::product);
        (product.absolute, product.relative) = if exact {
            (0.0, 0.0)
        } else {
            // Below the normal numbers a product loses digits.
            (absolute * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE, relative)
        };
        product
    }

    fn sum(self, other: Self) -> Self {
        let exact = self.is_exact() && other.is_exact();
        let error = self.error() + other.error();
        let mut sum = self.combined(&other, f64::sum);
        sum.relative = 0.0;
        sum.absolute = if exact {
            0.0
        } else {
            error * (1.0 + 4.0 * UNIT) + 2.0 * UNIT * sum.largest()
        };
        sum
    }

    fn shared(mut self, parts: u32) -> Self {
        for rate in &mut self.rates[..self.steps] {
            *rate = rate.shared(parts);
        }
        if !self.is_exact() {
            self.absolute =
                self.absolute / f64::from(parts) * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE;
            self.relative += 2.0 * UNIT;
        }
        self
    }

    fn changed(mut self, change: &Change, clock: u32) -> Self {
        let (exact, before) = (self.is_exact(), self.error());
        let mut steepest = 1.0;
        match change {
            Change::Scale(factor) => {
                steepest = factor.abs();
                for rate in &mut self.rates[..self.steps] {
                    *rate = change.apply(*rate, clock);
                }
            }
            Change::Clamp { .. } => {
                for rate in &mut self.rates[..self.steps] {
                    *rate = change.apply(*rate, clock);
                }
            }
            Change::Noise(_) => {
                for (rate, clock) in self.rates[..self.steps].iter_mut().zip(clock..=u32::MAX) {
                    let factor = change.apply(1.0, clock);
                    steepest = f64::max(steepest, factor.abs());
                    *rate = change.apply(*rate, clock);
                }
            }
        }
        if !exact {
            self.relative = 0.0;
            self.absolute = before * steepest * (1.0 + 4.0 * UNIT)
                + 2.0 * UNIT * self.largest()
                + f64::MIN_POSITIVE;
        }
        self
    }
}

/// Rounds, and sees how near to half-way between two `f32` a rate comes.
struct Round<'a> {
    rates: &'a [f64],
    out: &'a mut [f32],
}

/// Whether none of the numbers, which are off by no more than that, has another `f32` within reach.
fn is_sure(seen: Seen, absolute: f64, relative: f64) -> bool {
    const SMALLEST: u32 = upper_half(f32::MIN_POSITIVE as f64);
    const TOO_LARGE: u32 = upper_half(f32::MAX as f64 / 2.0);
    if seen.smallest < SMALLEST || seen.largest > TOO_LARGE {
        return false;
    }
    // The unit in the last place of the smallest: no other has a smaller one.
    let unit = f64::from_bits(u64::from((seen.smallest >> 20) - 52) << 52);
    let reach = absolute / unit + relative * (2.0 / UNIT) + 1.0;
    f64::from(seen.nearest) > 8.0 * reach
}

const fn upper_half(rate: f64) -> u32 {
    (rate.to_bits() >> 32) as u32
}

impl Kernel for Round<'_> {
    type Output = Seen;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Seen {
        L::round(self.rates, self.out)
    }
}
