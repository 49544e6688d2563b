//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use std::cell::RefCell;

use hairpin_core::{Change, Value};

use super::emit::{Given, Reach, UNIT, emit};
use crate::lanes::{EIGHT, Isa, Kernel, Lanes, PART};

/// The most steps: two of them stay in the nearest cache.
pub(super) const MOST_STEPS: usize = 1024;

thread_local! {
    /// Memory for rates. They are all overwritten, and to clear it each time would take as long as a curve.
    static SPARE: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// Rates, each within a reach of what the core computes, or exactly that where there is none.
pub(super) struct Values {
    isa: Isa,
    known: Known,
}

/// Rates, and what is known of each part of them. Parts have errors of their own, and are short, as what is some share of the largest rate is more
/// of the smallest.
#[derive(Default)]
struct Known {
    rates: Vec<f64>,
    reaches: Vec<Reach>,
    ranges: Vec<Option<Range>>,
}

/// The lowest and the highest rate, but for those that are no numbers: these are settled when they are rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    lowest: f64,
    highest: f64,
}

impl Range {
    const NOTHING: Self = Self {
        lowest: f64::INFINITY,
        highest: f64::NEG_INFINITY,
    };

    /// The size of the largest.
    const fn largest(self) -> f64 {
        if self.lowest > self.highest {
            0.0
        } else {
            self.lowest.abs().max(self.highest.abs())
        }
    }
}

impl Values {
    /// For no more than [`MOST_STEPS`].
    pub(super) fn of(isa: Isa, steps: usize) -> Self {
        let mut known = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        known.rates.resize(steps, 0.0);
        let parts = steps.div_ceil(PART);
        known.reaches.clear();
        known.reaches.resize(parts, Reach::NONE);
        known.ranges.clear();
        known.ranges.resize(parts, None);
        Self { isa, known }
    }

    pub(super) fn rates(&mut self) -> &mut [f64] {
        &mut self.known.rates
    }

    pub(super) fn len(&self) -> usize {
        self.known.rates.len()
    }

    /// Those of so many steps from place `at` on are off by so much.
    pub(super) fn admit(&mut self, at: usize, steps: usize, reach: Reach) {
        for known in &mut self.known.reaches[at / PART..(at + steps).div_ceil(PART)] {
            known.absolute = known.absolute.max(reach.absolute);
            known.relative = known.relative.max(reach.relative);
        }
    }

    /// Rounds them to `f32`; where the error could change a bit, `core` is asked for the rate that many steps from the first.
    pub(super) fn round(&self, out: &mut [f32], core: impl Fn(u32) -> f32) {
        let Known { rates, reaches, .. } = &self.known;
        emit(self.isa, &Given(rates), reaches, 0, out, core);
    }

    fn parts(&mut self) -> impl Iterator<Item = Part<'_>> {
        let isa = self.isa;
        let Known {
            rates,
            reaches,
            ranges,
        } = &mut self.known;
        let known = reaches.iter_mut().zip(ranges);
        let parts = rates.chunks_mut(PART).zip(known);
        parts.map(move |(rates, (reach, range))| Part {
            isa,
            rates,
            reach,
            range,
        })
    }

    /// Does the same to all parts of both.
    fn with(mut self, mut other: Self, join: impl Fn(&mut Part<'_>, Part<'_>)) -> Self {
        for (mut part, other) in self.parts().zip(other.parts()) {
            join(&mut part, other);
        }
        self
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        let known = std::mem::take(&mut self.known);
        SPARE.with_borrow_mut(|spare| spare.push(known));
    }
}

impl Value for Values {
    fn product(self, other: Self) -> Self {
        self.with(other, |part, other| part.multiply(other))
    }

    fn sum(self, other: Self) -> Self {
        self.with(other, |part, other| part.add(other))
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
    /// Where it is known.
    range: &'a mut Option<Range>,
}

impl Part<'_> {
    fn range(&mut self) -> Range {
        *self
            .range
            .get_or_insert_with(|| self.isa.run(Ranging(self.rates)))
    }

    /// The size of the largest.
    fn largest(&mut self) -> f64 {
        self.range().largest()
    }

    fn is_exact(&self) -> bool {
        *self.reach == Reach::NONE
    }

    /// How far the one farthest off is.
    fn error(&mut self) -> f64 {
        if self.is_exact() {
            0.0
        } else {
            self.reach.absolute + self.reach.relative * self.largest()
        }
    }

    /// `(a + e)(b + f) - ab = af + be + ef`, and the product's own rounding.
    fn multiply(&mut self, mut other: Part<'_>) {
        if !self.is_exact() || !other.is_exact() {
            let (own, its) = (*self.reach, *other.reach);
            // What is multiplied by 0 need not be known.
            let a = if its.absolute == 0.0 {
                0.0
            } else {
                self.largest()
            };
            let b = if own.absolute == 0.0 {
                0.0
            } else {
                other.largest()
            };
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
        *self.range = None;
    }

    fn add(&mut self, mut other: Part<'_>) {
        let is_exact = self.is_exact() && other.is_exact();
        let error = self.error() + other.error();
        self.isa.run(Added {
            rates: self.rates,
            others: other.rates,
        });
        *self.range = None;
        if !is_exact {
            let error = error * (1.0 + 4.0 * UNIT) + 2.0 * UNIT * self.largest();
            *self.reach = Reach::absolute(error);
        }
    }

    fn share(&mut self, parts: u32) {
        for rate in &mut *self.rates {
            *rate = rate.shared(parts);
        }
        *self.range = None;
        if !self.is_exact() {
            let Reach { absolute, relative } = self.reach;
            *absolute = *absolute / f64::from(parts) * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE;
            *relative += 2.0 * UNIT;
        }
    }

    fn change(&mut self, change: &Change, clock: u32) {
        match *change {
            Change::Scale(factor) => {
                let range = self.isa.run(Scaled {
                    rates: self.rates,
                    factor,
                });
                *self.range = Some(range);
                self.scaled(factor);
            }
            Change::Clamp { min_lr, max_lr } => {
                let error = self.error();
                let Range { lowest, highest } = self.range();
                // What is not known to within a number may be anything, and so may what is none.
                let is_known = error.is_finite() && lowest <= highest;
                if is_known && min_lr < lowest && highest < max_lr {
                    return;
                }
                let are_numbers = self.isa.run(Clamped {
                    rates: self.rates,
                    limits: [min_lr, max_lr],
                });
                *self.range = None;
                if !self.is_exact() {
                    // Where all of them are beyond one limit, whatever they are off by, they are that limit. Else a limit may be as far from a rate
                    // beyond it as that one is off.
                    let beyond = highest + error < min_lr || lowest - error > max_lr;
                    *self.reach = if is_known && are_numbers && beyond {
                        Reach::NONE
                    } else {
                        Reach::absolute(error)
                    };
                }
            }
            Change::Noise(_) => {
                let mut largest = 0.0;
                for (rate, clock) in self.rates.iter_mut().zip(clock..=u32::MAX) {
                    let factor = change.apply(1.0, clock);
                    largest = f64::max(largest, factor.abs());
                    *rate = rate.product(factor);
                }
                *self.range = None;
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

/// Looks for the lowest and the highest of some rates.
struct Ranging<'a>(&'a [f64]);

impl Kernel for Ranging<'_> {
    type Output = Range;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Range {
        let mut ranges = [Range::NOTHING; EIGHT];
        let (whole, rest) = self.0.as_chunks::<EIGHT>();
        for rates in whole {
            widen(&mut ranges, rates);
        }
        widened(ranges, rest)
    }
}

/// Several at a time, so that none waits for the one before; what is no number changes nothing.
#[inline(always)]
fn widen(ranges: &mut [Range; EIGHT], rates: &[f64; EIGHT]) {
    for (Range { lowest, highest }, rate) in ranges.iter_mut().zip(rates) {
        *lowest = if rate < lowest { *rate } else { *lowest };
        *highest = if rate > highest { *rate } else { *highest };
    }
}

/// All of them, and a few rates more.
#[inline(always)]
fn widened(mut ranges: [Range; EIGHT], rates: &[f64]) -> Range {
    for rate in rates {
        widen(&mut ranges, &[*rate; EIGHT]);
    }
    ranges.into_iter().fold(Range::NOTHING, |all, range| Range {
        lowest: all.lowest.min(range.lowest),
        highest: all.highest.max(range.highest),
    })
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
    type Output = Range;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Range {
        let mut ranges = [Range::NOTHING; EIGHT];
        let (rates, rest) = self.rates.as_chunks_mut::<EIGHT>();
        for rates in rates {
            // Only 0 makes something else of numbers than their product; no factor is infinite.
            if self.factor == 0.0 {
                multiply(rates, &[self.factor; EIGHT]);
            } else {
                *rates = rates.map(|rate| rate * self.factor);
            }
            widen(&mut ranges, rates);
        }
        for rate in &mut *rest {
            *rate = rate.product(self.factor);
        }
        widened(ranges, rest)
    }
}

/// Only a product that is no number takes more than to multiply.
#[inline(always)]
fn multiply(rates: &mut [f64; EIGHT], others: &[f64; EIGHT]) {
    let products: [f64; EIGHT] = std::array::from_fn(|at| rates[at] * others[at]);
    // All of them, as a way out at each would take longer.
    let are_numbers = products
        .iter()
        .fold(true, |are, product| are & !product.is_nan());
    if are_numbers {
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

/// Keeps rates within limits; tells whether all are numbers.
struct Clamped<'a> {
    rates: &'a mut [f64],
    limits: [f64; 2],
}

impl Kernel for Clamped<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Lanes>(self) -> bool {
        let [min_lr, max_lr] = self.limits;
        // Of a kind that is known where this is compiled.
        let clamp = Change::Clamp { min_lr, max_lr };
        let mut are_numbers = true;
        for rate in self.rates {
            are_numbers &= !rate.is_nan();
            *rate = clamp.apply(*rate, 0);
        }
        are_numbers
    }
}
