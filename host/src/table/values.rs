//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use hairpin_core::{Change, Value};

use super::emit::{Given, Reach, UNIT, emit};
use crate::lanes::{EIGHT, Isa, Kernel, Lanes};

/// The most steps.
pub(super) const MOST_STEPS: usize = 512;

/// Steps with errors of their own: few, as one that is some share of the largest of them is more of the smallest.
const PART: usize = 128;

/// Rates, each within a reach of what the core computes, or exactly that where there is none.
#[derive(Clone)]
pub(super) struct Values {
    pub(super) rates: Vec<f64>,
    isa: Isa,
    reaches: [Reach; MOST_STEPS / PART],
}

impl Values {
    /// For no more than [`MOST_STEPS`].
    pub(super) fn of(isa: Isa, steps: usize) -> Self {
        Self {
            rates: vec![0.0; steps],
            isa,
            reaches: Default::default(),
        }
    }

    /// Those of so many steps from place `at` on are off by so much.
    pub(super) fn admit(&mut self, at: usize, steps: usize, reach: Reach) {
        for known in &mut self.reaches[at / PART..(at + steps).div_ceil(PART)] {
            known.absolute = known.absolute.max(reach.absolute);
            known.relative = known.relative.max(reach.relative);
        }
    }

    /// Rounds them to `f32`; where the error could change a bit, `core` is asked for the rate that many steps from the first.
    pub(super) fn round(&self, out: &mut [f32], core: impl Fn(u32) -> f32) {
        let parts = self.rates.chunks(PART).zip(&self.reaches);
        for ((rates, reach), (which, out)) in parts.zip(out.chunks_mut(PART).enumerate()) {
            let first = (which * PART) as u32;
            emit(self.isa, &Given(rates), *reach, 0, out, |ahead| {
                core(first + ahead)
            });
        }
    }

    fn parts(&mut self) -> impl Iterator<Item = Part<'_>> {
        let isa = self.isa;
        let parts = self.rates.chunks_mut(PART).zip(&mut self.reaches);
        parts.map(move |(rates, reach)| Part { isa, rates, reach })
    }

    /// Does the same to all parts of both.
    fn with(mut self, mut other: Self, join: impl Fn(&mut Part<'_>, Part<'_>)) -> Self {
        for (mut part, other) in self.parts().zip(other.parts()) {
            join(&mut part, other);
        }
        self
    }
}

impl Value for Values {
    fn product(self, other: Self) -> Self {
        self.with(other, |part, other| part.multiply(&other))
    }

    fn sum(self, other: Self) -> Self {
        self.with(other, |part, other| part.add(&other))
    }

    fn shared(mut self, parts: u32) -> Self {
        self.parts().for_each(|mut part| part.share(parts));
        self
    }

    fn changed(mut self, change: &Change, clock: u32) -> Self {
        for (mut part, clock) in self.parts().zip((clock..=u32::MAX).step_by(PART)) {
            part.change(change, clock);
        }
        self
    }
}

/// Rates of which one reach is known.
struct Part<'a> {
    isa: Isa,
    rates: &'a mut [f64],
    reach: &'a mut Reach,
}

impl Part<'_> {
    /// The size of the largest; one that is no number is passed over here, and settled when it is rounded.
    fn largest(&self) -> f64 {
        self.isa.run(Largest(self.rates))
    }

    fn is_exact(&self) -> bool {
        *self.reach == Reach::NONE
    }

    /// How far the one farthest off is.
    fn error(&self) -> f64 {
        if self.is_exact() {
            0.0
        } else {
            self.reach.absolute + self.reach.relative * self.largest()
        }
    }

    /// `(a + e)(b + f) - ab = af + be + ef`, and the product's own rounding.
    fn multiply(&mut self, other: &Part<'_>) {
        if !self.is_exact() || !other.is_exact() {
            let (a, b) = (self.largest(), other.largest());
            let (own, its) = (*self.reach, *other.reach);
            let absolute = a * its.absolute * (1.0 + own.relative)
                + b * own.absolute * (1.0 + its.relative)
                + own.absolute * its.absolute;
            *self.reach = Reach {
                // Below the normal numbers a product loses digits.
                absolute: absolute * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE,
                relative: own.relative + its.relative + own.relative * its.relative + 2.0 * UNIT,
            };
        }
        self.isa.run(Multiplied {
            rates: self.rates,
            others: other.rates,
        });
    }

    fn add(&mut self, other: &Part<'_>) {
        let is_exact = self.is_exact() && other.is_exact();
        let error = self.error() + other.error();
        self.isa.run(Added {
            rates: self.rates,
            others: other.rates,
        });
        if !is_exact {
            let error = error * (1.0 + 4.0 * UNIT) + 2.0 * UNIT * self.largest();
            *self.reach = Reach::absolute(error);
        }
    }

    fn share(&mut self, parts: u32) {
        for rate in &mut *self.rates {
            *rate = rate.shared(parts);
        }
        if !self.is_exact() {
            let Reach { absolute, relative } = self.reach;
            *absolute = *absolute / f64::from(parts) * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE;
            *relative += 2.0 * UNIT;
        }
    }

    fn change(&mut self, change: &Change, clock: u32) {
        match *change {
            Change::Scale(factor) => {
                self.isa.run(Scaled {
                    rates: self.rates,
                    factor,
                });
                self.scaled(factor);
            }
            Change::Clamp { min_lr, max_lr } => {
                let error = self.error();
                let is_settled = self.isa.run(Clamped {
                    rates: self.rates,
                    limits: [min_lr, max_lr],
                    error,
                });
                if is_settled {
                    *self.reach = Reach::NONE;
                } else {
                    // A limit may be as far from a rate beyond it as that one is off.
                    *self.reach = Reach::absolute(error);
                }
            }
            Change::Noise(_) => {
                let mut largest = 0.0;
                for (rate, clock) in self.rates.iter_mut().zip(clock..=u32::MAX) {
                    let factor = change.apply(1.0, clock);
                    largest = f64::max(largest, factor.abs());
                    *rate = rate.product(factor);
                }
                self.scaled(largest);
            }
        }
    }

    /// The rates were multiplied by numbers that are no larger.
    fn scaled(&mut self, factor: f64) {
        if !self.is_exact() {
            let Reach { absolute, relative } = self.reach;
            *absolute = *absolute * factor.abs() * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE;
            *relative += 2.0 * UNIT;
        }
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

/// Puts in products, each as the core has it.
struct Multiplied<'a> {
    rates: &'a mut [f64],
    others: &'a [f64],
}

impl Kernel for Multiplied<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (rates, rest) = self.rates.as_chunks_mut::<EIGHT>();
        let (others, others_rest) = self.others.as_chunks::<EIGHT>();
        for (rates, others) in rates.iter_mut().zip(others) {
            multiply(rates, others);
        }
        for (rate, other) in rest.iter_mut().zip(others_rest) {
            *rate = rate.product(*other);
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
        let (rates, rest) = self.rates.as_chunks_mut::<EIGHT>();
        for rates in rates {
            multiply(rates, &[self.factor; EIGHT]);
        }
        for rate in rest {
            *rate = rate.product(self.factor);
        }
    }
}

/// Only a product that is no number takes more than to multiply.
#[inline(always)]
fn multiply(rates: &mut [f64; EIGHT], others: &[f64; EIGHT]) {
    let products: [f64; EIGHT] = std::array::from_fn(|at| rates[at] * others[at]);
    if products.iter().all(|product| !product.is_nan()) {
        *rates = products;
    } else {
        for (rate, other) in rates.iter_mut().zip(others) {
            *rate = rate.product(*other);
        }
    }
}

struct Added<'a> {
    rates: &'a mut [f64],
    others: &'a [f64],
}

impl Kernel for Added<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (rate, other) in self.rates.iter_mut().zip(self.others) {
            *rate = rate.sum(*other);
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
