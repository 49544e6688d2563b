//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use hairpin_core::{Change, Value};

use super::emit::{Given, Reach, UNIT, emit};
use crate::lanes::{Isa, Kernel, Lanes};

/// Rates, each within `absolute` and `relative` of itself of what the core computes, or exactly that where both are 0.
#[derive(Clone)]
pub(super) struct Values {
    pub(super) rates: Vec<f64>,
    isa: Isa,
    absolute: f64,
    relative: f64,
}

impl Values {
    pub(super) fn of(isa: Isa, steps: usize) -> Self {
        Self {
            rates: vec![0.0; steps],
            isa,
            absolute: 0.0,
            relative: 0.0,
        }
    }

    /// Some of them are off by so much.
    pub(super) fn admit(&mut self, reach: Reach) {
        self.absolute = self.absolute.max(reach.absolute);
        self.relative = self.relative.max(reach.relative);
    }

    /// The size of the largest; one that is no number is passed over here, and settled when it is rounded.
    fn largest(&self) -> f64 {
        self.isa.run(Largest(&self.rates))
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
    pub(super) fn round(&self, out: &mut [f32], core: impl Fn(u32) -> f32) {
        let reach = Reach {
            absolute: self.absolute,
            relative: self.relative,
        };
        emit(self.isa, &Given(&self.rates), reach, out, core);
    }

    /// Puts another's in, each by itself.
    fn combined(mut self, other: &Self, join: impl Join) -> Self {
        self.isa.run(Joined {
            rates: &mut self.rates,
            others: &other.rates,
            join,
        });
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
        let mut product = self.combined(&other, Product);
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
        let mut sum = self.combined(&other, Sum);
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
                self.isa.run(Scaled {
                    rates: &mut self.rates,
                    factor,
                });
            }
            Change::Clamp { min_lr, max_lr } => {
                let is_settled = self.isa.run(Clamped {
                    rates: &mut self.rates,
                    limits: [min_lr, max_lr],
                    error: before,
                });
                if is_settled {
                    (self.absolute, self.relative) = (0.0, 0.0);
                    return self;
                }
                left = before;
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

/// The size of the largest of some rates, but for those that are no numbers.
struct Largest<'a>(&'a [f64]);

impl Kernel for Largest<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<L: Lanes>(self) -> f64 {
        let larger = |a: f64, b: f64| if b > a { b } else { a };
        // Several at a time, so that none waits for the one before.
        let mut largest = [0.0; 16];
        let (whole, rest) = self.0.as_chunks::<16>();
        for rates in whole {
            for (largest, rate) in largest.iter_mut().zip(rates) {
                *largest = larger(*largest, rate.abs());
            }
        }
        let rest = rest.iter().map(|rate| rate.abs());
        largest.into_iter().chain(rest).fold(0.0, larger)
    }
}

/// What two rates make, as the core has it.
trait Join: Copy {
    fn join(self, a: f64, b: f64) -> f64;
}

#[derive(Clone, Copy)]
struct Product;

impl Join for Product {
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a.product(b)
    }
}

#[derive(Clone, Copy)]
struct Sum;

impl Join for Sum {
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a.sum(b)
    }
}

struct Joined<'a, J> {
    rates: &'a mut [f64],
    others: &'a [f64],
    join: J,
}

impl<J: Join> Kernel for Joined<'_, J> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (a, b) in self.rates.iter_mut().zip(self.others) {
            *a = self.join.join(*a, *b);
        }
    }
}

struct Scaled<'a> {
    rates: &'a mut [f64],
    factor: f64,
}

impl Kernel for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for rate in self.rates {
            *rate = rate.product(self.factor);
        }
    }
}

/// Keeps rates, which are off by no more than `error`, within limits; tells whether each is then one of them, whatever it was off by.
struct Clamped<'a> {
    rates: &'a mut [f64],
    limits: [f64; 2],
    error: f64,
}

impl Kernel for Clamped<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Lanes>(self) -> bool {
        let Self {
            rates,
            limits: [min_lr, max_lr],
            error,
        } = self;
        // Of a kind that is known where this is compiled.
        let clamp = Change::Clamp { min_lr, max_lr };
        let mut unsettled = 0;
        for rate in rates {
            // Where both ends of what it may be come to the same limit there is no error left.
            let low = clamp.apply(*rate - error, 0).to_bits();
            let high = clamp.apply(*rate + error, 0).to_bits();
            unsettled |= low ^ high;
            *rate = clamp.apply(*rate, 0);
        }
        // What is not known to within a number may be anything.
        unsettled == 0 && error.is_finite()
    }
}
