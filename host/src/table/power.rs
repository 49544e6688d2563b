//! Powers of a distance: `limit + term * (d / d_0)^exponent`, in as many lanes as there are.
//!
//! Logarithms and exponentials of base 2 are polynomials, within a bound of what they are off by: the bits are the core's, who is asked where it
//! matters.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};
use std::ops::Range;
use std::sync::LazyLock;

use super::emit::{Coefficient, Reach, UNIT, each_fused, eight_of, fused};
use super::growth::{Growth, Rate};
use crate::lanes::{EIGHT, Eights, Lanes, PartUser, Places, lanewise};

/// Terms of the exponential's series: the next one is below 2^-42 of the sum for half a doubling.
const EXPONENTIAL: usize = 11;

/// What [`exp2`] is not off by, as a share of its value.
pub(super) const EXPONENTIAL_ERROR: f64 = 1.0 / (1_u64 << 41) as f64;

/// `ln(2)^k / k!`
const DOUBLINGS: [f64; EXPONENTIAL] = {
    let mut terms = [1.0; EXPONENTIAL];
    let mut k = 1;
    while k < EXPONENTIAL {
        terms[k] = terms[k - 1] * LN_2 / k as f64;
        k += 1;
    }
    terms
};

/// Terms of the logarithm's series, whose ratio is below 0.0295: the next one is below 2^-44 of the sum.
const LOGARITHM: usize = 8;

/// `2 / (ln(2) * (2 k + 1))`
const HALVINGS: [f64; LOGARITHM] = {
    let mut terms = [0.0; LOGARITHM];
    let mut k = 0;
    while k < LOGARITHM {
        terms[k] = 2.0 * LOG2_E / (2 * k + 1) as f64;
        k += 1;
    }
    terms
};

/// The lowest exponent of [`exp2`], whose highest is as far above 0.
pub(super) const LOWEST: f64 = -1000.0;

/// `2^x` for `x` from [`LOWEST`] to its opposite, off by less than [`EXPONENTIAL_ERROR`] of it.
#[inline(always)]
pub(super) fn exp2<L: Lanes>(x: [f64; EIGHT]) -> [f64; EIGHT] {
    // 1.5 * 2^52: a sum with it has no digits behind the point, and ends in the whole number as an integer has it.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let shifted = lanewise(x, |x| x + WHOLE);
    let mut rest = x;
    for (rest, shifted) in rest.iter_mut().zip(shifted) {
        *rest -= shifted - WHOLE;
    }
    let sums = polynomial::<L, EXPONENTIAL>(&DOUBLINGS, rest);
    let mut powers = sums;
    for ((power, sum), shifted) in powers.iter_mut().zip(sums).zip(shifted) {
        *power = f64::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 52));
    }
    powers
}

/// The logarithm of a positive normal number to base 2, off by less than `128 + 4 * |log2(x)|` units in the last place of 1, and by less than 256 of its
/// own near 1.
#[inline(always)]
fn log2<L: Lanes>(x: [f64; EIGHT]) -> [f64; EIGHT] {
    /// Of the root of 1/2: mantissas go from there to that of 2.
    const LEAST: u64 = (SQRT_2 / 2.0).to_bits();
    const ONE: u64 = 1_f64.to_bits();
    /// 2^52, to whose bits a whole number below it is added as it is.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let mut wholes = x;
    let mut shares = x;
    for ((whole, share), x) in wholes.iter_mut().zip(&mut shares).zip(x) {
        let above = x.to_bits().wrapping_sub(LEAST).wrapping_add(ONE);
        let exponent = above >> 52;
        *whole = f64::from_bits(WHOLE.to_bits() | exponent) - (WHOLE + 1023.0);
        let mantissa = f64::from_bits((above & ((1 << 52) - 1)).wrapping_add(LEAST));
        *share = (mantissa - 1.0) / (mantissa + 1.0);
    }
    let sums = polynomial::<L, LOGARITHM>(&HALVINGS, lanewise(shares, |share| share * share));
    for ((whole, share), sum) in wholes.iter_mut().zip(shares).zip(sums) {
        *whole = fused::<L>(share, sum, *whole);
    }
    wholes
}

/// A polynomial in fours: no sum waits for more than two before it.
#[inline(always)]
pub(super) fn polynomial<L: Lanes, const N: usize>(
    coefficients: &[f64; N],
    x: [f64; EIGHT],
) -> [f64; EIGHT] {
    let square = lanewise(x, |x| x * x);
    let fourth = lanewise(square, |square| square * square);
    let four = |from: usize| {
        let term = |k: usize| [coefficients[from + k]; EIGHT];
        let low = each_fused::<L>(term(1), x, term(0));
        // There are 2, 3 or 4 of them.
        match N - from {
            2 => low,
            3 => each_fused::<L>(term(2), square, low),
            _ => each_fused::<L>(each_fused::<L>(term(3), x, term(2)), square, low),
        }
    };
    let all = if N > 8 {
        each_fused::<L>(four(8), fourth, four(4))
    } else {
        four(4)
    };
    each_fused::<L>(all, fourth, four(0))
}

/// Steps from an origin.
#[derive(Clone, Copy)]
pub(super) struct Steps<F = f64> {
    /// At place 0.
    pub(super) begin: F,
    /// 1 away from the origin, -1 towards it.
    pub(super) step: F,
}

impl<F: Coefficient> Eights for Steps<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    /// Off by one rounding, as a product with 1 or -1 is none.
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        each_fused::<L>(self.step.eight(), places.numbers, self.begin.eight())
    }
}

/// The distance from an origin, as a share of that at which the term is known.
#[derive(Clone, Copy)]
pub(super) struct Distance {
    pub(super) steps: Steps,
    /// One over the distance where the term is known.
    pub(super) share: f64,
}

/// What is added to a term, and what the term is multiplied by at each step.
#[derive(Clone, Copy)]
pub(super) struct Sum<F = f64> {
    pub(super) limit: F,
    pub(super) term: F,
}

impl<F: Coefficient> Sum<F> {
    #[inline(always)]
    fn of<L: Lanes>(&self, powers: [f64; EIGHT]) -> [f64; EIGHT] {
        each_fused::<L>(self.term.eight(), powers, self.limit.eight())
    }
}

/// Powers from 1 to 5.
#[inline(always)]
fn whole_powers(numbers: [f64; EIGHT], exponent: u32) -> [f64; EIGHT] {
    if exponent == 1 {
        return numbers;
    }
    // By squares, so that few products wait for others.
    let squares = lanewise(numbers, |number| number * number);
    let mut powers = if exponent < 4 {
        squares
    } else {
        lanewise(squares, |square| square * square)
    };
    if exponent % 2 == 1 {
        for (power, number) in powers.iter_mut().zip(numbers) {
            *power *= number;
        }
    }
    powers
}

/// A whole power from 1 to 5 of steps, or of another curve.
#[derive(Clone, Copy)]
pub(super) struct Whole<const N: u32, C = Steps, F = f64>(pub(super) Sum<F>, pub(super) C);

impl<const N: u32, C: Eights, F: Coefficient> Eights for Whole<N, C, F> {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        self.1.goes_one_way(places)
    }

    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, part: usize, user: U) -> U::Output {
        self.1.part::<L, _>(part, OfPart::<N, U, F>(self.0, user))
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let distances = self.1.eight::<L>(places);
        self.0.of::<L>(whole_powers(distances, N))
    }
}

/// Takes a whole power of what it is given.
struct OfPart<const N: u32, U, F>(Sum<F>, U);

impl<const N: u32, U: PartUser, F: Coefficient> PartUser for OfPart<N, U, F> {
    type Output = U::Output;

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, numbers: &E) -> U::Output {
        self.1.take::<L, _>(&Whole::<N, &E, F>(self.0, numbers))
    }
}

/// The root.
#[derive(Clone, Copy)]
pub(super) struct Root(pub(super) Sum, pub(super) Steps);

impl Eights for Root {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let roots = lanewise(self.1.eight::<L>(places), f64::sqrt);
        self.0.of::<L>(roots)
    }
}

/// The logarithms of distances to base 2, less that of the one where the term is known.
pub(super) trait Logarithms: Copy {
    fn logarithms<L: Lanes>(&self, places: &Places) -> [f64; EIGHT];
}

impl Logarithms for Distance {
    #[inline(always)]
    fn logarithms<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let steps = self.steps.eight::<L>(places);
        log2::<L>(lanewise(steps, |steps| steps * self.share))
    }
}

/// How many logarithms of whole numbers are remembered: 64 KiB of them.
const REMEMBERED: usize = 1 << 13;

/// Those of distances of whole steps.
#[derive(Clone, Copy)]
pub(super) struct Remembered {
    /// All that are known, behind eight that count for nothing.
    logarithms: &'static [f64],
    /// Where that of place 0 is.
    begin: usize,
    /// Towards the origin.
    falls: bool,
    /// That of the distance where the term is known.
    known: f64,
}

impl Remembered {
    /// Those of `count` distances from `begin` on towards `end`, if all are whole and not too large.
    pub(super) fn of([begin, end]: [f64; 2], known: f64) -> Option<Self> {
        static LOGARITHMS: LazyLock<Vec<f64>> = LazyLock::new(|| {
            let all = (0..REMEMBERED).map(|distance| (distance as f64).max(1.0).log2());
            std::iter::repeat_n(0.0, EIGHT).chain(all).collect()
        });
        let is_whole = begin.fract() == 0.0 && begin.max(end) < REMEMBERED as f64;
        is_whole.then(|| Self {
            logarithms: &LOGARITHMS,
            begin: begin as usize + EIGHT,
            falls: end < begin,
            known: known.log2(),
        })
    }
}

impl Logarithms for Remembered {
    #[inline(always)]
    fn logarithms<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let logarithms = if self.falls {
            let nearest = self.begin.saturating_sub(places.first + EIGHT - 1);
            let mut eight = eight_of(self.logarithms, nearest);
            eight.reverse();
            eight
        } else {
            eight_of(self.logarithms, self.begin + places.first)
        };
        lanewise(logarithms, |logarithm| logarithm - self.known)
    }
}

/// Any power.
#[derive(Clone, Copy)]
pub(super) struct Real<G> {
    pub(super) sum: Sum,
    pub(super) exponent: f64,
    pub(super) distances: G,
}

impl<G: Logarithms> Eights for Real<G> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let logarithms = self.distances.logarithms::<L>(places);
        let powers = exp2::<L>(lanewise(logarithms, |logarithm| self.exponent * logarithm));
        self.sum.of::<L>(powers)
    }
}

/// A power of what a power of the distance lacks to 1: `(1 - (d / d_0)^k)^exponent`.
#[derive(Clone, Copy)]
pub(super) struct Lacking<G> {
    pub(super) sum: Sum,
    pub(super) exponent: f64,
    pub(super) k: f64,
    pub(super) distances: G,
}

impl<G: Logarithms> Eights for Lacking<G> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let logarithms = self.distances.logarithms::<L>(places);
        // Where nothing is left of a power it is 2^-1000, which is nothing beside 1.
        let shares = exp2::<L>(lanewise(logarithms, |logarithm| {
            (self.k * logarithm).max(LOWEST)
        }));
        let lacking = log2::<L>(lanewise(shares, |share| 1.0 - share));
        let powers = exp2::<L>(lanewise(lacking, |logarithm| self.exponent * logarithm));
        self.sum.of::<L>(powers)
    }
}

/// What whole powers, from 1 to 5, of shares lack to 1.
#[derive(Clone, Copy)]
pub(super) struct Rest<F = f64> {
    pub(super) k: u32,
    pub(super) steps: Steps<F>,
    /// One over the `k`-th power of the distance that is all.
    pub(super) share: F,
}

impl<F: Coefficient> Eights for Rest<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, _part: usize, user: U) -> U::Output {
        // The most common power is chosen for all numbers of a part.
        if self.k == 2 {
            user.take::<L, _>(&OfSquares(*self))
        } else {
            user.take::<L, _>(self)
        }
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let done = whole_powers(self.steps.eight::<L>(places), self.k);
        let lost = lanewise(self.share.eight(), |share| -share);
        each_fused::<L>(lost, done, [1.0; EIGHT])
    }
}

/// The same where the power is 2.
#[derive(Clone, Copy)]
struct OfSquares<F>(Rest<F>);

impl<F: Coefficient> Eights for OfSquares<F> {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        self.0.goes_one_way(places)
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        Rest { k: 2, ..self.0 }.eight::<L>(places)
    }
}

/// Steps, times what grows or decays.
#[derive(Clone, Copy)]
pub(super) struct Damped {
    pub(super) limit: f64,
    pub(super) steps: Steps,
    /// From what the term is a step from the origin, had it grown until place 0.
    pub(super) growth: Growth,
    /// The place of the highest or the lowest.
    turn: f64,
}

impl Damped {
    pub(super) fn new(limit: f64, steps: Steps, growth: Growth) -> Self {
        let turn = Self::turn(steps, growth.rate());
        Self {
            limit,
            steps,
            growth,
            turn,
        }
    }

    /// The place of the highest or the lowest: where the derivative of the product is 0, `step + (begin + step * place) * rate = 0`.
    pub(super) fn turn(steps: Steps, rate: Rate) -> f64 {
        -1.0 / (rate.doublings * LN_2) - steps.begin * steps.step
    }
}

impl Eights for Damped {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        // A step more on both sides than the roundings of it.
        let before = places.end as f64 + 1.0 < self.turn;
        before || places.start as f64 - 1.0 > self.turn
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let mut rates = self.steps.eight::<L>(places);
        for (rate, grown) in rates.iter_mut().zip(self.growth.eight::<L>(places)) {
            *rate = fused::<L>(*rate, grown, self.limit);
        }
        rates
    }
}

/// One over what an exponential and 1 make together.
#[derive(Clone, Copy)]
pub(super) struct Logistic {
    pub(super) sum: Sum,
    /// The exponential's logarithm to base 2 at place 0, and what it grows by.
    pub(super) begin: f64,
    pub(super) rate: f64,
}

impl Eights for Logistic {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let grown = exp2::<L>(lanewise(places.numbers, |place| {
            fused::<L>(self.rate, place, self.begin)
        }));
        self.sum
            .of::<L>(lanewise(grown, |grown| 1.0 / (1.0 + grown)))
    }
}

/// How far a curve is off whose limit is exact, of whose other values one gave its term, and all, with those that it is compared with, are off by
/// `value` of the limit and of their term. No term is above one and a half times that one,
/// nor is below 2 to the power of `lowest` of it.
pub(super) fn reach(value: f64, limit: f64, exponent: f64, lowest: f64) -> Reach {
    // A rounding of the distance, and those of its power where the term is known, or two logarithms of numbers below 2^13, as often as the exponent
    // says; the logarithm, its product with the exponent, and what of both is left in the exponential, which is off by itself. A whole power has less
    // of each, and what is damped three exponentials 7, 15 and 15 times, and some roundings.
    let power = UNIT * (160.0 * exponent.abs() + 12.0 * lowest.abs()) + EXPONENTIAL_ERROR;
    let relative = 1.01 * (2.0 * value + power + 4.0 * UNIT);
    // What the known term is off by is as many times larger in another one as that is itself. So the limit counts one and a half times there, once in
    // what it is compared with, and, as a term is no larger than a value and the limit together, twice more for both: 4.5 times `value`, of which
    // `relative` has two.
    Reach {
        absolute: 3.0 * relative * limit.abs(),
        relative,
    }
}

/// The same for [`Lacking`], or for [`Rest`] where both powers are whole numbers, of the distances that lead to these ends; the term is that
/// of a distance of 0.
pub(super) fn lacking_reach(
    value: f64,
    sum: Sum,
    [k, exponent]: [f64; 2],
    ends: [f64; 2],
) -> Option<Reach> {
    // What a power of a share lacks to 1 is off by as much as the power, of which no more than `k * share^k * log(share)`, below 1, counts.
    let is_whole = k.fract() == 0.0 && exponent.fract() == 0.0;
    let exponential = if is_whole { 0.0 } else { EXPONENTIAL_ERROR };
    let off = UNIT * (40.0 * k + 40.0) + exponential;
    let lacking = ends.map(|share| 1.0 - share.powf(k));
    let least = lacking[0].min(lacking[1]);
    let lowest = exponent * least.log2();
    if !(least > 1e4 * off && lowest > LOWEST) {
        return None;
    }
    // The derivative at the end where it is larger, and a hundredth more for what is between.
    let steepest = exponent * least.powf(exponent - 1.0).max(1.0);
    let rest = reach(value, sum.limit, exponent, lowest);
    Some(Reach {
        absolute: rest.absolute + 1.01 * off * steepest * sum.term.abs(),
        relative: rest.relative,
    })
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::super::growth::Rate;
    use super::*;
    use crate::lanes::{Isa, Kernel};

    /// Both functions of some numbers.
    struct Both<'a>([f64; EIGHT], &'a mut [[f64; EIGHT]; 2]);

    impl Kernel for Both<'_> {
        type Output = ();

        #[inline(always)]
        fn run<L: Lanes>(self) {
            *self.1 = [exp2::<L>(self.0), log2::<L>(self.0)];
        }
    }

    fn both(isa: Isa, x: [f64; EIGHT]) -> [[f64; EIGHT]; 2] {
        let mut found = [[0.0; EIGHT]; 2];
        isa.run(Both(x, &mut found));
        found
    }

    #[test]
    fn exponentials_and_logarithms_are_within_their_bounds() {
        for isa in Isa::available() {
            for i in 0..100_000 {
                let share = f64::from(i) / 1e5;
                // Between whole numbers, at them and around 0.
                let x = [
                    LOWEST + 2000.0 * share,
                    share - 0.5,
                    1e-9 * share,
                    -30.0 * share,
                    (1000.0 * share).round(),
                    (1000.0 * share).round() + 0.5,
                    -1e-300,
                    0.0,
                ];
                for (x, found) in x.iter().zip(both(isa, x)[0]) {
                    // The platform's own is off by less than a unit.
                    let off = (found / x.exp2() - 1.0).abs();
                    assert!(off < EXPONENTIAL_ERROR, "2^{x}: {off:e}");
                }
                let x = [
                    1e-280 * (1.0 + share),
                    1e280 * (1.0 + share),
                    1.0 + 1e-6 * share,
                    1.0 - 1e-6 * share,
                    0.5 + share,
                    1e-3 + 5e3 * share,
                    (2.0_f64).powf(600.0 * share - 300.0),
                    SQRT_2 / 2.0,
                ];
                for (x, found) in x.iter().zip(both(isa, x)[1]) {
                    let exact = x.log2();
                    let off = (found - exact).abs();
                    let near = 257.0 * UNIT * exact.abs();
                    let bound = (UNIT * (128.0 + 4.0 * exact.abs())).min(if exact.abs() < 0.1 {
                        near
                    } else {
                        f64::INFINITY
                    });
                    assert!(off <= bound, "log2({x}): {off:e} is above {bound:e}");
                }
            }
        }
    }

    /// Holds a curve against what it is, without the errors of the values that a core would have.
    fn assert_within<C: Eights>(curve: &C, reach: Reach, name: &str, exact: impl Fn(f64) -> f64) {
        for isa in Isa::available() {
            let mut found = vec![0.0; 500];
            store(isa, curve, 0, &mut found);
            for (place, found) in found.iter().enumerate() {
                let off = (found - exact(place as f64)).abs();
                let bound = reach.absolute + reach.relative * found.abs();
                assert!(
                    off <= bound,
                    "{name} at {place}: {off:e} is above {bound:e}"
                );
            }
        }
    }

    #[test]
    fn every_curve_is_within_its_reach_on_every_instruction_set() {
        for limit in [0.0, 0.125, -3.0] {
            let sum = Sum { limit, term: 0.75 };
            for (begin, step) in [(1.0, 1.0), (500.0, -1.0), (8000.0, -1.0), (3.25, 1.0)] {
                let end: f64 = begin + step * 499.0;
                for exponent in [0.3_f64, 0.5, 1.7, 2.0, 5.0, -0.7] {
                    let known = if exponent > 0.0 {
                        end.max(begin)
                    } else {
                        end.min(begin)
                    };
                    let steps = Steps { begin, step };
                    let distance = Distance {
                        steps,
                        share: 1.0 / known,
                    };
                    let of_steps = Sum {
                        limit,
                        term: 0.75 / known.powf(exponent),
                    };
                    let share = |place: f64| (begin + step * place) / known;
                    let lowest = [0.0, 499.0]
                        .map(|place| (share(place).log2() * exponent).min(0.0))
                        .into_iter()
                        .fold(0.0, f64::min);
                    let reach = reach(0.0, limit, exponent, lowest);
                    let exact = |place: f64| limit + 0.75 * share(place).powf(exponent);
                    let distances = distance;
                    assert_within(
                        &Real {
                            sum,
                            exponent,
                            distances,
                        },
                        reach,
                        "measured",
                        exact,
                    );
                    if let Some(distances) = Remembered::of([begin, end], known) {
                        let curve = Real {
                            sum,
                            exponent,
                            distances,
                        };
                        assert_within(&curve, reach, "remembered", exact);
                    } else {
                        assert!(begin.fract() != 0.0);
                    }
                    if exponent == 0.5 {
                        assert_within(&Root(of_steps, steps), reach, "root", exact);
                    } else if exponent == 5.0 {
                        assert_within(&Whole::<5>(of_steps, steps), reach, "whole", exact);
                    }
                }
                for rate in [-0.01, 1e-4, 0.02] {
                    let known = begin;
                    let exact = |place: f64| {
                        limit + 0.75 * (begin + step * place) / known * (rate * place + 3.0).exp2()
                    };
                    let reach = reach(0.0, limit, 1.0, 20.0);
                    let rate = Rate {
                        doublings: rate,
                        alternates: false,
                    };
                    let growth = Growth::new(rate).from(0.75 / known * 3_f64.exp2());
                    let curve = Damped::new(limit, Steps { begin, step }, growth);
                    assert_within(&curve, reach, "damped", exact);
                }
                if begin.fract() == 0.0 {
                    for [k, exponent] in [
                        [0.5, 0.7],
                        [2.5, 0.5],
                        [1.3, 3.0],
                        [5.0, 1.0],
                        [3.0, 4.0],
                        [2.0, 2.0],
                    ] {
                        let span = begin.max(end) + 20.0;
                        let ends = [begin, end].map(|end| end / span);
                        let reach = lacking_reach(0.0, sum, [k, exponent], ends).unwrap();
                        let exact = |place: f64| {
                            let share = (begin + step * place) / span;
                            limit + 0.75 * (1.0 - share.powf(k)).powf(exponent)
                        };
                        let rest = Rest {
                            k: k as u32,
                            steps: Steps { begin, step },
                            share: 1.0 / span.powf(k),
                        };
                        // Where both are whole, nothing else is taken.
                        match (k.fract() == 0.0, exponent) {
                            (true, 1.0) => {
                                assert_within(&Whole::<1, _>(sum, rest), reach, "rest", exact);
                            }
                            (true, 2.0) => {
                                assert_within(&Whole::<2, _>(sum, rest), reach, "rest", exact);
                            }
                            (true, 4.0) => {
                                assert_within(&Whole::<4, _>(sum, rest), reach, "rest", exact);
                            }
                            _ => {
                                let distances = Remembered::of([begin, end], span).unwrap();
                                let curve = Lacking {
                                    sum,
                                    exponent,
                                    k,
                                    distances,
                                };
                                assert_within(&curve, reach, "lacking", exact);
                            }
                        }
                    }
                }
            }
            for (begin, rate) in [(-20.0_f64, 0.08), (3.0, -0.01), (700.0, -2.8)] {
                let curve = Logistic { sum, begin, rate };
                let farthest = begin.abs().max((begin + 499.0 * rate).abs());
                let reach = reach(0.0, limit, 0.0, 2.0 * farthest);
                assert_within(&curve, reach, "logistic", |place| {
                    limit + 0.75 / (1.0 + (begin + rate * place).exp2())
                });
            }
        }
    }
}
