//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use hairpin_core::{Change, Value};

use crate::lanes::{Isa, Kernel, Lanes, Seen};

/// The most steps.
pub(super) const MOST_STEPS: usize = 512;

/// A unit in the last place of 1.
const UNIT: f64 = f64::EPSILON;

/// Rates, each within `absolute` and `relative` of itself of what the core computes, or exactly that where both are 0.
#[derive(Clone)]
pub(super) struct Values {
    pub(super) rates: Vec<f64>,
    absolute: f64,
    relative: f64,
}

impl Values {
    pub(super) fn of(steps: usize) -> Self {
        Self {
            rates: vec![0.0; steps],
            absolute: 0.0,
            relative: 0.0,
        }
    }

    /// Rates of so many steps are to come, none of them off.
    pub(super) fn restart(&mut self, steps: usize) {
        self.rates.resize(steps, 0.0);
        (self.absolute, self.relative) = (0.0, 0.0);
    }

    /// Some of them are off by so much.
    pub(super) fn admit(&mut self, absolute: f64, relative: f64) {
        self.absolute = self.absolute.max(absolute);
        self.relative = self.relative.max(relative);
    }

    /// The size of the largest; one that is no number is passed over here, and settled when it is rounded.
    fn largest(&self) -> f64 {
        let larger = |a: f64, b: f64| if b > a { b } else { a };
        // Several at a time, so that none waits for the one before.
        let mut largest = [0.0; 8];
        let (whole, rest) = self.rates.as_chunks::<8>();
        for rates in whole {
            for (largest, rate) in largest.iter_mut().zip(rates) {
                *largest = larger(*largest, rate.abs());
            }
        }
        let rest = rest.iter().map(|rate| rate.abs());
        largest.into_iter().chain(rest).fold(0.0, larger)
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
        let rates = &self.rates[..out.len()];
        let doubtful = isa.run(Round {
            rates,
            error: (!self.is_exact()).then_some([self.absolute, self.relative]),
            out: &mut *out,
        });
        if doubtful != 0 {
            self.settle(doubtful, out, core);
        }
    }

    /// Asks the core for those of the rounded rates of which the error could change a bit.
    #[cold]
    fn settle(&self, mut doubtful: u32, out: &mut [f32], core: impl Fn(u32) -> f32) {
        while doubtful != 0 {
            let first = doubtful.trailing_zeros() as usize * TOGETHER;
            doubtful &= doubtful - 1;
            for step in first..(first + TOGETHER).min(out.len()) {
                let rate = self.rates[step];
                let error = self.absolute + self.relative * rate.abs();
                let (low, high) = ((rate - error) as f32, (rate + error) as f32);
                // Without an error that is a number nothing is known.
                if low.to_bits() != high.to_bits() || !error.is_finite() || low.is_nan() {
                    out[step] = core(step as u32);
                }
            }
        }
    }

    fn combined(mut self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        for (a, &b) in self.rates.iter_mut().zip(&other.rates) {
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
        for rate in &mut self.rates {
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
        let mut left = 0.0;
        match *change {
            Change::Scale(factor) => {
                left = before * factor.abs();
                let scale = Change::Scale(factor);
                for rate in &mut self.rates {
                    *rate = scale.apply(*rate, clock);
                }
            }
            Change::Clamp { min_lr, max_lr } => {
                // Of a kind that is known where this is compiled.
                let clamp = Change::Clamp { min_lr, max_lr };
                for rate in &mut self.rates {
                    // Where both ends of what it may be come to the same limit there is no error left.
                    let low = clamp.apply(*rate - before, clock);
                    let high = clamp.apply(*rate + before, clock);
                    let settled = low.to_bits() == high.to_bits();
                    left = if settled { left } else { before };
                    *rate = if settled {
                        low
                    } else {
                        clamp.apply(*rate, clock)
                    };
                }
                // What is not known to within a number may be anything.
                if !before.is_finite() {
                    left = before;
                }
                if left == 0.0 {
                    (self.absolute, self.relative) = (0.0, 0.0);
                    return self;
                }
            }
            Change::Noise(_) => {
                for (rate, clock) in self.rates.iter_mut().zip(clock..=u32::MAX) {
                    let factor = change.apply(1.0, clock);
                    left = f64::max(left, before * factor.abs());
                    *rate = rate.product(factor);
                }
            }
        }
        if !exact {
            self.relative = 0.0;
            self.absolute =
                left * (1.0 + 4.0 * UNIT) + 2.0 * UNIT * self.largest() + f64::MIN_POSITIVE;
        }
        self
    }
}

/// Rates that are rounded together: so few that it costs little to look at each of them where one is in doubt.
const TOGETHER: usize = 128;

const _: () = assert!(MOST_STEPS / TOGETHER < 31, "a bit for each part");

/// Rounds, and tells in which parts, by a bit each, a rate is as near to half-way between two `f32` as it may be off.
struct Round<'a> {
    rates: &'a [f64],
    error: Option<[f64; 2]>,
    out: &'a mut [f32],
}

/// Whether none of the numbers, which are off by no more than that, has another `f32` within reach.
#[inline(always)]
fn is_sure(seen: Seen, absolute: f64, relative: f64) -> bool {
    const SMALLEST: u32 = upper_half(f32::MIN_POSITIVE as f64);
    const TOO_LARGE: u32 = upper_half(f32::MAX as f64 / 2.0);
    if seen.smallest < SMALLEST || seen.largest > TOO_LARGE {
        return false;
    }
    // One over the unit in the last place of the smallest: no other has a smaller one.
    let units = f64::from_bits(u64::from(2046 + 52 - (seen.smallest >> 20)) << 52);
    let reach = absolute * units + relative * (2.0 / UNIT) + 1.0;
    f64::from(seen.nearest) > 8.0 * reach
}

const fn upper_half(rate: f64) -> u32 {
    (rate.to_bits() >> 32) as u32
}

impl Kernel for Round<'_> {
    type Output = u32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u32 {
        let mut doubtful = 0;
        let parts = self
            .rates
            .chunks(TOGETHER)
            .zip(self.out.chunks_mut(TOGETHER));
        for (which, (rates, out)) in parts.enumerate() {
            let seen = L::round(rates, out);
            if let Some([absolute, relative]) = self.error
                && !is_sure(seen, absolute, relative)
            {
                doubtful |= 1 << which;
            }
        }
        doubtful
    }
}
