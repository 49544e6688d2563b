//! From curves to cells: values are made, rounded and written in one go, and those in doubt are asked of the core.

use std::ops::Range;

use crate::lanes::{EIGHT, Eights, Isa, Kernel, Lanes, PART, PartUser, Places, Seen, upper_half};

/// A unit in the last place of 1.
pub(super) const UNIT: f64 = f64::EPSILON;

/// How far values may be from those of the core: by `absolute` and by `relative` of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reach {
    pub(super) absolute: f64,
    pub(super) relative: f64,
}

impl Reach {
    /// They are the core's.
    pub(super) const NONE: Self = Self {
        absolute: 0.0,
        relative: 0.0,
    };

    /// By so much, whatever their size.
    pub(super) const fn absolute(absolute: f64) -> Self {
        Self {
            absolute,
            relative: 0.0,
        }
    }

    /// By so much of themselves.
    pub(super) const fn relative(relative: f64) -> Self {
        Self {
            absolute: 0.0,
            relative,
        }
    }

    /// Of products with a factor that is no larger.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            // Below the normal numbers a product loses digits.
            absolute: self.absolute * factor.abs() * (1.0 + 4.0 * UNIT) + f64::MIN_POSITIVE,
            relative: self.relative + 2.0 * UNIT,
        }
    }

    /// Of what is kept within limits. Where only one of a value and the core's is beyond a limit, the limit stands for it, from which the other one is
    /// no farther than from it. The one beyond is no larger, in size, than the limit and what it is off by; a rate of less than half of it, where
    /// more is known than nothing, makes `1 / (1 - relative) <= 1 + 2 * relative`.
    pub(super) fn limited(self) -> Self {
        let more = 1.0 + 2.0 * self.relative + 4.0 * UNIT;
        let is_known = self.relative < 0.5;
        Self {
            absolute: if is_known {
                self.absolute * more
            } else {
                f64::INFINITY
            },
            relative: self.relative * more,
        }
    }
}

/// Values that are known.
#[derive(Clone, Copy)]
pub(super) struct Given<'a>(pub(super) &'a [[f64; EIGHT]]);

impl Eights for Given<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let eight = self.0.get(places.first / EIGHT);
        eight.copied().unwrap_or_default()
    }
}

/// The eight numbers from place `at` on; what is beyond the last of them is 0.
#[inline(always)]
pub(super) fn eight_of(numbers: &[f64], at: usize) -> [f64; EIGHT] {
    let from = numbers.get(at..).unwrap_or_default();
    if let Some(whole) = from.first_chunk() {
        return *whole;
    }
    let mut eight = [0.0; EIGHT];
    eight[..from.len()].copy_from_slice(from);
    eight
}

/// A number of a curve: the same in all eight lanes, or, for eight curves side by side, one for each.
pub(super) trait Coefficient: Copy {
    fn eight(self) -> [f64; EIGHT];
}

impl Coefficient for f64 {
    #[inline(always)]
    fn eight(self) -> [f64; EIGHT] {
        [self; EIGHT]
    }
}

impl Coefficient for &[f64; EIGHT] {
    #[inline(always)]
    fn eight(self) -> [f64; EIGHT] {
        *self
    }
}

/// A line through its first value.
#[derive(Clone, Copy)]
pub(super) struct Line<F = f64> {
    pub(super) begin: F,
    pub(super) step: F,
}

impl<F: Coefficient> Eights for Line<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        each_fused::<L>(places.numbers, self.step.eight(), self.begin.eight())
    }
}

/// Curves that put a place together from its place among eight, among the eights of a part, and among sixteen parts, are so long at most.
pub(super) const LONGEST: usize = PART * SIXTEEN;

/// See [`LONGEST`].
pub(super) const SIXTEEN: usize = 2 * EIGHT;

/// `a * b + c`, rounded once where that is an instruction.
#[inline(always)]
pub(super) fn fused<L: Lanes>(a: f64, b: f64, c: f64) -> f64 {
    if L::FUSES { a.mul_add(b, c) } else { a * b + c }
}

/// The same of each.
#[inline(always)]
pub(super) fn each_fused<L: Lanes>(
    a: [f64; EIGHT],
    b: [f64; EIGHT],
    c: [f64; EIGHT],
) -> [f64; EIGHT] {
    let mut sums = c;
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum = fused::<L>(a, b, *sum);
    }
    sums
}

/// Values that one call of a kernel rounds: a bit for each part, of which the first may be cut.
const AT_ONCE: usize = 31 * PART;

/// How far ahead memory is brought near.
const AHEAD: usize = 4 * PART;

/// The parts of a row from place `begin` on as ranges of so many cells.
#[inline(always)]
fn parts(begin: usize, cells: usize) -> impl Iterator<Item = Range<usize>> {
    let cut = begin % PART;
    let ends = (PART - cut..).step_by(PART);
    ends.map(move |end| end.saturating_sub(PART)..end.min(cells))
        .take_while(|part| !part.is_empty())
}

/// Writes the values of `curve` from place `begin` on, and those in doubt as `core` has them that many steps from the first of the curve. All may be
/// off by one reach, or each part by its own.
pub(super) fn emit<C: Eights>(
    isa: Isa,
    curve: &C,
    mut reaches: &[Reach],
    mut begin: usize,
    mut out: &mut [f32],
    core: impl Fn(u32) -> f32,
) {
    if let Some((eight, rest)) = ahead_of_eights(isa, curve, begin) {
        let (head, tail) = out.split_at_mut(rest.len().min(out.len()));
        for (out, value) in head.iter_mut().zip(&eight[rest.clone()]) {
            *out = *value as f32;
        }
        settle(&eight[rest], reach_of(reaches, 0), head, |ahead| {
            core(begin as u32 + ahead)
        });
        (begin, out) = (begin + head.len(), tail);
    }
    for out in out.chunks_mut(AT_ONCE) {
        let mut doubtful = isa.run(Emit {
            curve,
            reaches,
            begin,
            out: &mut *out,
        });
        for (which, cells) in parts(begin, out.len()).enumerate() {
            if doubtful & 1 == 1 {
                let place = begin + cells.start;
                let mut values = [0.0; PART];
                let values = &mut values[..cells.len()];
                store(isa, curve, place, values);
                settle(values, reach_of(reaches, which), &mut out[cells], |ahead| {
                    core(place as u32 + ahead)
                });
            }
            doubtful >>= 1;
            if doubtful == 0 {
                break;
            }
        }
        begin += out.len();
        if reaches.len() > 1 {
            reaches = reaches.get(AT_ONCE / PART..).unwrap_or_default();
        }
    }
}

/// That of a part; where none is known, no value is.
#[inline(always)]
pub(super) fn reach_of(reaches: &[Reach], part: usize) -> Reach {
    let last = reaches.len().saturating_sub(1);
    let reach = reaches.get(part.min(last));
    reach.copied().unwrap_or(Reach::absolute(f64::INFINITY))
}

/// Asks the core for those of the values of which the error could change a bit.
#[cold]
pub(super) fn settle(values: &[f64], reach: Reach, out: &mut [f32], core: impl Fn(u32) -> f32) {
    for ((value, out), ahead) in values.iter().zip(out).zip(0..) {
        let error = reach.absolute + reach.relative * value.abs();
        let (low, high) = ((value - error) as f32, (value + error) as f32);
        // Without an error that is a number nothing is known.
        if low.to_bits() != high.to_bits() || !error.is_finite() || low.is_nan() {
            *out = core(ahead);
        }
    }
}

/// Writes values as they are, from place `begin` on; tells of which parts of `out`, by a bit each of the first 32, it is known that they go one way.
pub(super) fn store<C: Eights>(isa: Isa, curve: &C, mut begin: usize, mut out: &mut [f64]) -> u32 {
    let is_even = begin.is_multiple_of(PART);
    if let Some((eight, rest)) = ahead_of_eights(isa, curve, begin) {
        let (head, tail) = out.split_at_mut(rest.len().min(out.len()));
        head.copy_from_slice(&eight[rest][..head.len()]);
        (begin, out) = (begin + head.len(), tail);
    }
    let one_way = isa.run(Store { curve, begin, out });
    // Else the parts of the curve are not those of `out`.
    if is_even { one_way } else { 0 }
}

/// The values of the eight places among which `begin` is, and those from it on, where it is not the first of them.
#[inline]
fn ahead_of_eights<C: Eights>(
    isa: Isa,
    curve: &C,
    begin: usize,
) -> Option<([f64; EIGHT], Range<usize>)> {
    let before = begin % EIGHT;
    (before > 0).then(|| {
        let mut eight = [0.0; EIGHT];
        let (begin, out) = (begin - before, &mut eight[..]);
        isa.run(Store { curve, begin, out });
        (eight, before..EIGHT)
    })
}

struct Store<'a, C> {
    curve: &'a C,
    begin: usize,
    out: &'a mut [f64],
}

impl<C: Eights> Kernel for Store<'_, C> {
    type Output = u32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u32 {
        let mut one_way = 0;
        for (which, cells) in (0..).zip(parts(self.begin, self.out.len())) {
            let place = self.begin + cells.start;
            let out = &mut self.out[cells];
            let goes_one_way = self
                .curve
                .part::<L, _>(place / PART, StorePart { place, out });
            one_way |= u32::from(goes_one_way).checked_shl(which).unwrap_or(0);
        }
        one_way
    }
}

/// Of a part, from a place on.
struct StorePart<'a> {
    place: usize,
    out: &'a mut [f64],
}

impl PartUser for StorePart<'_> {
    type Output = bool;

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, numbers: &E) -> bool {
        let goes_one_way = numbers.goes_one_way(self.place..self.place + self.out.len());
        let (whole, rest) = self.out.as_chunks_mut::<EIGHT>();
        let mut places = Places::from(self.place);
        for out in whole {
            *out = numbers.eight::<L>(&places);
            places.next();
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&numbers.eight::<L>(&places)[..rest.len()]);
        }
        goes_one_way
    }
}

/// Rounds, and tells in which parts, by a bit each, a value is as near to half-way between two `f32` as it may be off.
struct Emit<'a, C> {
    curve: &'a C,
    reaches: &'a [Reach],
    begin: usize,
    out: &'a mut [f32],
}

impl<C: Eights> Kernel for Emit<'_, C> {
    type Output = u32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u32 {
        let Self {
            curve,
            reaches,
            begin,
            out,
        } = self;
        let mut doubtful = 0;
        L::expect(&out[..out.len().min(AHEAD)]);
        for (which, cells) in parts(begin, out.len()).enumerate() {
            let later = cells.start + AHEAD;
            if later < out.len() {
                L::expect(&out[later..out.len().min(later + PART)]);
            }
            let place = begin + cells.start;
            let out = &mut out[cells];
            let seen = curve.part::<L, _>(place / PART, EmitPart { place, out });
            let reach = reach_of(reaches, which);
            if reach != Reach::NONE && !is_sure(seen, reach) {
                doubtful |= 1 << which;
            }
        }
        doubtful
    }
}

/// Of a part, from a place on.
struct EmitPart<'a> {
    place: usize,
    out: &'a mut [f32],
}

impl PartUser for EmitPart<'_> {
    type Output = Seen;

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, numbers: &E) -> Seen {
        let Self { place, out } = self;
        if numbers.goes_one_way(place..place + out.len()) {
            L::round::<_, false>(numbers, place, out).between(out[0], out[out.len() - 1])
        } else {
            L::round::<_, true>(numbers, place, out)
        }
    }
}

/// Whether none of the numbers, which are off by no more than that, has another `f32` within reach.
#[inline(always)]
fn is_sure(seen: Seen, Reach { absolute, relative }: Reach) -> bool {
    const SMALLEST: u32 = upper_half(f32::MIN_POSITIVE as f64);
    const TOO_LARGE: u32 = upper_half(f32::MAX as f64 / 2.0);
    if seen.smallest < SMALLEST || seen.largest > TOO_LARGE {
        return false;
    }
    // One over the unit in the last place of the smallest: no other has a smaller one. What is off from a power of 2 downwards has one of half the size.
    let units = f64::from_bits(u64::from(2046 + 52 - ((seen.smallest - 1) >> 20)) << 52);
    let reach = absolute * units + relative * (2.0 / UNIT) + 1.0;
    f64::from(seen.nearest) > 8.0 * reach
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Below a power of 2 numbers are closer to each other than above it.
    #[test]
    fn what_may_be_below_a_power_of_2_is_in_doubt() {
        // From 2^100 half of the way to the `f32` below it.
        let half = 2_f64.powi(75);
        let value = 2_f64.powi(100) + 0.2 * half;
        let values = [[value; EIGHT]];
        for isa in Isa::available() {
            for (off, expected) in [(1.1, value as f32), (1.5, 7.0)] {
                let mut out = [0.0; EIGHT];
                let reaches = [Reach::absolute(off * half)];
                emit(isa, &Given(&values), &reaches, 0, &mut out, |_| 7.0);
                assert_eq!(out, [expected; EIGHT], "{} {off}", isa.name());
            }
        }
    }
}
