//! Rates of some steps in a row before they are rounded, and how far they may be from those of the core.

use std::cell::RefCell;
use std::ops;

use hairpin_core::{Change, Value};

use super::emit::{Given, Reach, UNIT, emit, reach_of};
use crate::lanes::{EIGHT, Eights, Isa, Kernel, Lanes, PART, Places, lanewise};

/// The most steps: two of them stay in the nearest cache.
pub(super) const MOST_STEPS: usize = 1024;

thread_local! {
    /// Memory for rates. They are all overwritten, and to clear it each time would take as long as a curve.
    static SPARE: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// Rates, each within a reach of what the core computes, or exactly that where there is none.
pub(super) struct Values {
    isa: Isa,
    steps: usize,
    known: Known,
    pending: Pending,
}

/// Rates, and what is known of each part of them. Parts have errors of their own, and are short, as what is some share of the largest rate is more
/// of the smallest.
#[derive(Default)]
struct Known {
    /// In eights, the last of which may be more than there are steps.
    rates: Vec<[f64; EIGHT]>,
    reaches: Vec<Reach>,
    ranges: Vec<Option<Range>>,
}

/// The lowest and the highest rate, but for those that are no numbers: these are settled when they are rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    lowest: f64,
    highest: f64,
    /// Whether it is known that all are numbers.
    are_numbers: bool,
}

impl Range {
    const NOTHING: Self = Self {
        lowest: f64::INFINITY,
        highest: f64::NEG_INFINITY,
        are_numbers: false,
    };

    /// Of what goes one way from one end to another. Every number, and both ends, may be off by a reach.
    fn between(first: f64, last: f64, reach: Reach) -> Self {
        let off = 2.0 * (reach.absolute + reach.relative * first.abs().max(last.abs()));
        Self {
            lowest: first.min(last) - off,
            highest: first.max(last) + off,
            are_numbers: first.is_finite() && last.is_finite(),
        }
    }

    /// After a product with a factor.
    const fn times(self, factor: f64) -> Self {
        let (a, b) = (self.lowest * factor, self.highest * factor);
        Self {
            lowest: a.min(b),
            highest: a.max(b),
            ..self
        }
    }

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
        known.rates.resize(steps.div_ceil(EIGHT), [0.0; EIGHT]);
        let parts = steps.div_ceil(PART);
        known.reaches.clear();
        known.reaches.resize(parts, Reach::NONE);
        known.ranges.clear();
        known.ranges.resize(parts, None);
        Self {
            isa,
            steps,
            known,
            pending: Pending::NOTHING,
        }
    }

    pub(super) fn rates(&mut self) -> &mut [f64] {
        &mut self.known.rates.as_flattened_mut()[..self.steps]
    }

    pub(super) const fn len(&self) -> usize {
        self.steps
    }

    /// Those of some cells are off by so much; of some of the parts that begin there, by a bit each, it is known that they go one way.
    pub(super) fn admit(&mut self, cells: ops::Range<usize>, reach: Reach, one_way: u32) {
        // Nothing is known where it is no number how far they are off.
        let is_known = !reach.absolute.is_nan() && !reach.relative.is_nan();
        let reach = if is_known {
            reach
        } else {
            Reach::absolute(f64::INFINITY)
        };
        for known in &mut self.known.reaches[cells.start / PART..cells.end.div_ceil(PART)] {
            known.absolute = known.absolute.max(reach.absolute);
            known.relative = known.relative.max(reach.relative);
        }
        if !cells.start.is_multiple_of(PART) {
            return;
        }
        let steps = self.steps;
        let rates = &self.known.rates.as_flattened()[..cells.end];
        let parts = rates.chunks(PART).zip(&mut self.known.ranges).enumerate();
        for (which, (rates, range)) in parts.skip(cells.start / PART) {
            let is_all = rates.len() == PART || cells.end == steps;
            if let [first, .., last] = rates
                && is_all
                && one_way >> (which - cells.start / PART) & 1 == 1
            {
                *range = Some(Range::between(*first, *last, reach));
            }
        }
    }

    /// Rounds them to `f32`; where the error could change a bit, `core` is asked for the rate that many steps from the first.
    pub(super) fn round(mut self, out: &mut [f32], core: impl Fn(u32) -> f32) {
        let Self {
            isa,
            known:
                Known {
                    ref rates,
                    ref mut reaches,
                    ref ranges,
                },
            pending,
            ..
        } = self;
        let given = Given(rates);
        if pending == Pending::NOTHING {
            return emit(isa, &given, reaches, 0, out, core);
        }
        for (reach, range) in reaches.iter_mut().zip(ranges) {
            *reach = pending.reach(*reach, range);
        }
        let changed = Changed {
            rates: given,
            pending,
        };
        emit(isa, &changed, reaches, 0, out, |ahead| {
            // A limit itself may be so near to half-way between two `f32` that all rates beyond it are in doubt.
            let rate = rates.as_flattened()[ahead as usize] * pending.factor;
            let reach = reach_of(reaches, ahead as usize / PART);
            match pending.beyond(rate, rate, reach) {
                Some(limit) => limit as f32,
                None => core(ahead),
            }
        });
    }

    fn parts(&mut self) -> impl Iterator<Item = Part<'_>> {
        let isa = self.isa;
        let Known {
            rates,
            reaches,
            ranges,
        } = &mut self.known;
        let known = reaches.iter_mut().zip(ranges);
        let rates = &mut rates.as_flattened_mut()[..self.steps];
        let parts = rates.chunks_mut(PART).zip(known);
        parts.map(move |(rates, (reach, range))| Part {
            isa,
            rates,
            reach,
            range,
        })
    }

    /// Makes a change to all parts now.
    fn change(&mut self, change: &Change, clock: u32) {
        for (mut part, clock) in self.parts().zip((clock..=u32::MAX).step_by(PART)) {
            part.change(change, clock);
        }
    }

    /// Makes the changes that were left for the rounding.
    fn catch_up(&mut self) {
        let Pending { factor, limits } = std::mem::replace(&mut self.pending, Pending::NOTHING);
        if factor != Pending::NOTHING.factor {
            self.change(&Change::Scale(factor), 0);
        }
        if limits != Pending::NOTHING.limits {
            let [min_lr, max_lr] = limits;
            self.change(&Change::Clamp { min_lr, max_lr }, 0);
        }
    }

    /// Does the same to all parts of both.
    fn with(mut self, mut other: Self, join: impl Fn(&mut Part<'_>, Part<'_>)) -> Self {
        self.catch_up();
        other.catch_up();
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
        self.catch_up();
        self.parts().for_each(|mut part| part.share(parts));
        self
    }

    fn changed(mut self, change: &Change, clock: u32) -> Self {
        if !self.pending.takes(change) {
            self.catch_up();
            if !self.pending.takes(change) {
                self.change(change, clock);
            }
        }
        self
    }
}

/// Changes that are left for the rounding, which saves a way through the memory for each: a factor, and then limits.
#[derive(Clone, Copy, PartialEq)]
struct Pending {
    factor: f64,
    limits: [f64; 2],
}

impl Pending {
    const NOTHING: Self = Self {
        factor: 1.0,
        limits: [f64::NEG_INFINITY, f64::INFINITY],
    };

    /// Leaves one more for later, if it may be made after those that are there.
    fn takes(&mut self, change: &Change) -> bool {
        match *change {
            // Only 0 makes something else than a product of what has overflowed.
            Change::Scale(factor) if factor != 0.0 && *self == Self::NOTHING => {
                self.factor = factor;
                true
            }
            Change::Clamp { min_lr, max_lr } if self.limits == Self::NOTHING.limits => {
                self.limits = [min_lr, max_lr];
                true
            }
            _ => false,
        }
    }

    /// Of rates that are off by some reach; none where all of them are beyond a limit.
    fn reach(&self, reach: Reach, range: &Option<Range>) -> Reach {
        if reach == Reach::NONE {
            return reach;
        }
        let scaled = if self.factor == Self::NOTHING.factor {
            reach
        } else {
            reach.times(self.factor)
        };
        if self.limits == Self::NOTHING.limits {
            return scaled;
        }
        let range = range.filter(|range| range.are_numbers);
        let limit = range.and_then(|range| {
            let Range {
                lowest, highest, ..
            } = range.times(self.factor);
            self.beyond(lowest, highest, scaled)
        });
        if limit.is_some() {
            Reach::NONE
        } else {
            scaled.limited()
        }
    }

    /// The limit that all rates between two are beyond, whatever they are off by.
    fn beyond(&self, lowest: f64, highest: f64, reach: Reach) -> Option<f64> {
        let [min_lr, max_lr] = self.limits;
        let off = |rate: f64| reach.absolute + reach.relative * rate.abs();
        if highest + off(highest) < min_lr {
            Some(min_lr)
        } else if lowest - off(lowest) > max_lr {
            Some(max_lr)
        } else {
            None
        }
    }
}

/// Rates after such changes.
struct Changed<'a> {
    rates: Given<'a>,
    pending: Pending,
}

impl Eights for Changed<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let Pending {
            factor,
            limits: [min_lr, max_lr],
        } = self.pending;
        // Of a kind that is known where this is compiled.
        let clamp = Change::Clamp { min_lr, max_lr };
        let rates = self.rates.eight::<L>(places);
        lanewise(rates, |rate| clamp.apply(rate * factor, 0))
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
        let is_exact = self.is_exact() && other.is_exact();
        if !is_exact {
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
            is_exact,
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
                    is_exact: self.is_exact(),
                    rates: self.rates,
                    factor,
                });
                *self.range = Some(range);
                self.scaled(factor);
            }
            Change::Clamp { min_lr, max_lr } => {
                let error = self.error();
                let range = self.range();
                let is_known = error.is_finite() && range.lowest <= range.highest;
                // What is not known to within a number may be anything, and so may what is none.
                if is_known && min_lr < range.lowest && range.highest < max_lr {
                    return;
                }
                let are_numbers = self.isa.run(Clamped {
                    rates: self.rates,
                    limits: [min_lr, max_lr],
                });
                let limits = Pending {
                    limits: [min_lr, max_lr],
                    ..Pending::NOTHING
                };
                let range = Range {
                    are_numbers,
                    ..range
                };
                *self.reach = limits.reach(*self.reach, &Some(range));
                *self.range = None;
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
            *self.reach = self.reach.times(factor);
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
    for (
        Range {
            lowest, highest, ..
        },
        rate,
    ) in ranges.iter_mut().zip(rates)
    {
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
        are_numbers: false,
    })
}

/// Puts in products: each as the core has it, or, of rates that are not exact, as numbers are multiplied, as those that come to none are settled when
/// they are rounded.
struct Multiplied<'a> {
    rates: &'a mut [f64],
    others: &'a [f64],
    is_exact: bool,
}

impl Kernel for Multiplied<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (rate, other) in self.rates.iter_mut().zip(self.others) {
            *rate = if self.is_exact {
                rate.product(*other)
            } else {
                *rate * other
            };
        }
    }
}

/// The same with one factor.
struct Scaled<'a> {
    rates: &'a mut [f64],
    factor: f64,
    is_exact: bool,
}

impl Kernel for Scaled<'_> {
    type Output = Range;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Range {
        let Self {
            rates,
            factor,
            is_exact,
        } = self;
        if is_exact {
            for rate in &mut *rates {
                *rate = rate.product(factor);
            }
            return Ranging(rates).run::<L>();
        }
        let mut ranges = [Range::NOTHING; EIGHT];
        let (rates, rest) = rates.as_chunks_mut::<EIGHT>();
        for rates in rates {
            *rates = lanewise(*rates, |rate| rate * factor);
            widen(&mut ranges, rates);
        }
        for rate in &mut *rest {
            *rate *= factor;
        }
        widened(ranges, rest)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates on both sides of 0, of parts that are all beyond a limit, all within both, and neither; and limits that are 0, or half-way between two
    /// `f32`, so that the rounding alone could not tell what is beyond them from what is near.
    #[test]
    fn a_factor_and_limits_are_applied_while_rounding() {
        let half_way = 1.0 + f64::EPSILON * (1_u64 << 28) as f64;
        let steps = 5 * PART + 7;
        let rate = |step: usize| (step as f64 - 300.5) / 100.0;
        let off = 1e-13;
        for factor in [1.0, -0.5] {
            for limits in [
                [0.0, 0.25],
                [-1.0, half_way],
                [half_way, half_way],
                [f64::NEG_INFINITY, 0.0],
            ] {
                let [min_lr, max_lr] = limits;
                let clamp = Change::Clamp { min_lr, max_lr };
                let expected = |step: usize| clamp.apply(rate(step) * factor, 0) as f32;
                for isa in Isa::available() {
                    let mut values = Values::of(isa, steps);
                    for (step, out) in values.rates().iter_mut().enumerate() {
                        *out = rate(step);
                    }
                    values.admit(0..steps, Reach::relative(off), u32::MAX);
                    let mut out = vec![f32::NAN; steps];
                    let changed = values.changed(&Change::Scale(factor), 0);
                    changed.changed(&clamp, 0).round(&mut out, |step| {
                        let step = step as usize;
                        let rate = rate(step) * factor;
                        let is_beyond = rate < min_lr || rate > max_lr;
                        assert!(!is_beyond, "{factor} {limits:?}: asked for step {step}");
                        expected(step)
                    });
                    for (step, found) in out.iter().enumerate() {
                        assert_eq!(found.to_bits(), expected(step).to_bits(), "{step}");
                    }
                }
            }
        }
    }
}
