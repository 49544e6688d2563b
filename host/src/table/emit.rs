//! From curves to cells: values are made, rounded and written in one go, and those in doubt are asked of the core.

use std::ops::Range;

use crate::lanes::{EIGHT, Eights, Isa, Kernel, Lanes, Places, Seen, upper_half};

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
}

/// Values that are known.
#[derive(Clone, Copy)]
pub(super) struct Given<'a>(pub(super) &'a [f64]);

impl Eights for Given<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        eight_of(self.0, places.first)
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

/// A line through its first value.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) begin: f64,
    pub(super) step: f64,
}

impl Eights for Line {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        places
            .numbers
            .map(|place| fused::<L>(place, self.step, self.begin))
    }
}

/// Curves that put a place together from its place among eight, among sixteen eights, and among sixteen of those, are so long at most.
pub(super) const LONGEST: usize = FAR * SIXTEEN;

/// See [`LONGEST`].
pub(super) const SIXTEEN: usize = 2 * EIGHT;

/// Steps that a place among eight and one among sixteen eights tell apart.
pub(super) const FAR: usize = EIGHT * SIXTEEN;

/// `a * b + c`, rounded once where that is an instruction.
#[inline(always)]
pub(super) fn fused<L: Lanes>(a: f64, b: f64, c: f64) -> f64 {
    if L::FUSES { a.mul_add(b, c) } else { a * b + c }
}

/// Values that are rounded together: so few that it costs little to look at each of them where one is in doubt.
const TOGETHER: usize = 128;

/// Values that one call of a kernel rounds: a bit for each part.
const AT_ONCE: usize = 32 * TOGETHER;

/// How far ahead memory is brought near.
const AHEAD: usize = 4 * TOGETHER;

/// Writes the values of `curve` from place `begin` on, a multiple of [`EIGHT`], which may be off by `reach`, and those in doubt as `core` has them
/// that many steps from the first of the curve.
pub(super) fn emit<C: Eights>(
    isa: Isa,
    curve: &C,
    reach: Reach,
    mut begin: usize,
    out: &mut [f32],
    core: impl Fn(u32) -> f32,
) {
    for out in out.chunks_mut(AT_ONCE) {
        let mut doubtful = isa.run(Emit {
            curve,
            reach,
            begin,
            out: &mut *out,
        });
        while doubtful != 0 {
            let first = doubtful.trailing_zeros() as usize * TOGETHER;
            doubtful &= doubtful - 1;
            let end = (first + TOGETHER).min(out.len());
            let mut values = [0.0; TOGETHER];
            let values = &mut values[..end - first];
            isa.run(Store {
                curve,
                begin: begin + first,
                out: values,
            });
            settle(values, reach, &mut out[first..end], |ahead| {
                core((begin + first) as u32 + ahead)
            });
        }
        begin += out.len();
    }
}

/// Asks the core for those of the values of which the error could change a bit.
#[cold]
fn settle(values: &[f64], reach: Reach, out: &mut [f32], core: impl Fn(u32) -> f32) {
    for ((value, out), ahead) in values.iter().zip(out).zip(0..) {
        let error = reach.absolute + reach.relative * value.abs();
        let (low, high) = ((value - error) as f32, (value + error) as f32);
        // Without an error that is a number nothing is known.
        if low.to_bits() != high.to_bits() || !error.is_finite() || low.is_nan() {
            *out = core(ahead);
        }
    }
}

/// Writes values as they are, from place `begin` on, a multiple of [`EIGHT`].
pub(super) fn store<C: Eights>(isa: Isa, curve: &C, begin: usize, out: &mut [f64]) {
    isa.run(Store { curve, begin, out });
}

struct Store<'a, C> {
    curve: &'a C,
    begin: usize,
    out: &'a mut [f64],
}

impl<C: Eights> Kernel for Store<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (whole, rest) = self.out.as_chunks_mut::<EIGHT>();
        let mut places = Places::from(self.begin);
        for out in whole {
            *out = self.curve.eight::<L>(&places);
            places.next();
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&self.curve.eight::<L>(&places)[..rest.len()]);
        }
    }
}

/// Rounds, and tells in which parts, by a bit each, a value is as near to half-way between two `f32` as it may be off.
struct Emit<'a, C> {
    curve: &'a C,
    reach: Reach,
    begin: usize,
    out: &'a mut [f32],
}

impl<C: Eights> Kernel for Emit<'_, C> {
    type Output = u32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u32 {
        let Self {
            curve,
            reach,
            begin,
            out,
        } = self;
        let mut doubtful = 0;
        L::expect(&out[..out.len().min(AHEAD)]);
        for (which, first) in (0..out.len()).step_by(TOGETHER).enumerate() {
            let later = first + AHEAD;
            if later < out.len() {
                L::expect(&out[later..out.len().min(later + TOGETHER)]);
            }
            let end = out.len().min(first + TOGETHER);
            let place = begin + first;
            let out = &mut out[first..end];
            let seen = if curve.goes_one_way(place..place + out.len()) {
                L::round::<_, false>(curve, place, out).between(out[0], out[out.len() - 1])
            } else {
                L::round::<_, true>(curve, place, out)
            };
            if reach != Reach::NONE && !is_sure(seen, reach) {
                doubtful |= 1 << which;
            }
        }
        doubtful
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
    // One over the unit in the last place of the smallest: no other has a smaller one.
    let units = f64::from_bits(u64::from(2046 + 52 - (seen.smallest >> 20)) << 52);
    let reach = absolute * units + relative * (2.0 / UNIT) + 1.0;
    f64::from(seen.nearest) > 8.0 * reach
}
