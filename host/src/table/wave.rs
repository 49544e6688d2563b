//! Waves as they go on from a step: `value + along * (1 - cos(n * turn)) + across * sin(n * turn)`.

use std::array::from_fn;
use std::cell::Cell;
use std::f64::consts::{FRAC_2_PI, FRAC_PI_8, PI};
use std::ops::Range;

use super::columns::TOGETHER;
use super::emit::{LONGEST, Line, SIXTEEN, each_fused, fused};
use super::power::polynomial;
use super::recent::Recent;
use crate::lanes::{EIGHT, Eights, Lanes, PART, PartUser, Places, lanewise};

/// An angle's sine, and what its cosine lacks to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Angle {
    sine: f64,
    lacking: f64,
}

impl Angle {
    fn of(angle: f64) -> Self {
        let (sine, cosine) = angle.sin_cos();
        Self {
            sine,
            lacking: 1.0 - cosine,
        }
    }

    fn cosine(self) -> f64 {
        1.0 - self.lacking
    }

    fn plus(self, other: Self) -> Self {
        Self {
            sine: self.sine * other.cosine() + other.sine * self.cosine(),
            lacking: self.lacking + other.lacking * self.cosine() + self.sine * other.sine,
        }
    }

    /// It 0 to 7 times, each from no more than two sums before it.
    fn times(self) -> [Self; EIGHT] {
        let two = self.plus(self);
        let four = two.plus(two);
        let three = two.plus(self);
        [
            Self::default(),
            self,
            two,
            three,
            four,
            four.plus(self),
            four.plus(two),
            four.plus(three),
        ]
    }

    /// It 0 to 15 times, of which it 8 times was found by itself.
    fn times_and_eight(self, eight: Self) -> [Self; SIXTEEN] {
        let times = self.times();
        from_fn(|at| {
            if at < EIGHT {
                times[at]
            } else {
                eight.plus(times[at - EIGHT])
            }
        })
    }
}

/// Sines, and what cosines lack to 1, of 0 to 7 turns, of 0 to 15 times as many as 8, and of as many times 128.
pub(super) struct Circle {
    turn: f64,
    /// For waves of so many steps; what only longer ones need is not there.
    steps: usize,
    near: [[f64; EIGHT]; 2],
    far: [[f64; SIXTEEN]; 2],
    farthest: [Angle; SIXTEEN],
}

impl Circle {
    /// The circle of this turn, for waves of so many steps.
    pub(super) fn known(circles: &mut Recent<Self>, turn: f64, steps: usize) -> &Self {
        let circle = circles.of(|circle| circle.turn == turn, || Self::of(turn, steps));
        if circle.steps < steps {
            *circle = Self::of(turn, steps);
        }
        circle
    }

    fn of(turn: f64, steps: usize) -> Self {
        // So many times are an angle without a rounding.
        let angle = |times: usize| {
            if times < steps {
                Angle::of(times as f64 * turn)
            } else {
                Angle::default()
            }
        };
        let farthest = if steps > PART {
            angle(PART).times_and_eight(angle(EIGHT * PART))
        } else {
            [Angle::default(); SIXTEEN]
        };
        Self {
            turn,
            steps,
            near: split(angle(1).times()),
            far: split(angle(EIGHT).times_and_eight(angle(EIGHT * EIGHT))),
            farthest,
        }
    }
}

fn split<const N: usize>(angles: [Angle; N]) -> [[f64; N]; 2] {
    [
        angles.map(|angle| angle.sine),
        angles.map(|angle| angle.lacking),
    ]
}

const fn of<const N: usize>([sines, lacking]: &[[f64; N]; 2], at: usize) -> Angle {
    Angle {
        sine: sines[at],
        lacking: lacking[at],
    }
}

/// A wave as it goes on from a step: `value + along * (1 - cos(angle)) + across * sin(angle)`.
#[derive(Clone, Copy, Debug)]
struct Swing {
    value: f64,
    along: f64,
    across: f64,
}

impl Swing {
    /// As it goes on from an angle ahead.
    #[inline(always)]
    fn turned(self, Angle { sine, lacking }: Angle) -> Self {
        let cosine = 1.0 - lacking;
        Self {
            value: self.value + (self.along * lacking + self.across * sine),
            along: self.along * cosine - self.across * sine,
            across: self.along * sine + self.across * cosine,
        }
    }
}

/// Half waves between feet and tops, as they go on from a step, for no more than so many.
#[derive(Clone, Copy)]
pub(super) struct HalfWaves {
    begin: Swing,
    /// Radians a step.
    turn: f64,
    /// Where a foot is.
    foot: f64,
    steps: usize,
}

impl HalfWaves {
    /// Those with a foot at a limit, so many steps ahead, and tops at a height above it; and what share of both they are off by. None of what turns too
    /// little for a number to tell where its foot is.
    pub(super) fn of(
        turn: f64,
        foot: f64,
        [limit, height]: [f64; 2],
        steps: usize,
    ) -> Option<(Self, f64)> {
        if !(foot * turn).is_finite() {
            return None;
        }
        let begin = Angle::of(foot * turn);
        let half = height / 2.0;
        let begin = Swing {
            value: limit + half * begin.lacking,
            along: half * begin.cosine(),
            across: -half * begin.sine,
        };
        let waves = Self {
            begin,
            turn,
            foot,
            steps,
        };
        // In half units in the last place of 1, the point of an angle on the circle is off by 3, and that of a sum of two angles by what theirs are
        // and by 4 more: at seven times an angle by 45, at fifteen times by 52. A swing is turned by two of the latter, 12 more each time, and its
        // value is found at one of the former; then 2 for the point where it begins, and some roundings of the sum: no more than 200 in all. The
        // angle itself was rounded three times.
        let farthest = (foot.abs() + steps as f64) * turn;
        Some((waves, (100.0 + 4.0 * farthest) * f64::EPSILON))
    }

    /// As one row.
    pub(super) fn row<'a>(&self, circles: &'a mut Recent<Circle>) -> Wave<'a> {
        Wave {
            circle: Circle::known(circles, self.turn, self.steps),
            begin: self.begin,
        }
    }

    /// Makes a side of them, if they turn so slowly that these are within the error, too; tells whether they do.
    pub(super) fn set_side(&self, side: &mut Side<f64>) -> bool {
        if self.turn > FASTEST {
            return false;
        }
        let (sine, cosine) = self.turn.sin_cos();
        *side = Side {
            along: self.begin.along,
            across: self.begin.across,
            turn: self.turn,
            sine,
            cosine,
        };
        true
    }

    /// What is half-way between foot and top.
    pub(super) const fn middle(&self) -> f64 {
        self.begin.value + self.begin.along
    }

    /// The size that none is above.
    pub(super) const fn largest(&self) -> f64 {
        let Swing {
            value,
            along,
            across,
        } = self.begin;
        value.abs() + 2.0 * along.abs() + across.abs()
    }

    /// The first foot or top after a place, or at it.
    pub(super) fn end(&self, place: f64) -> f64 {
        let half = PI / self.turn;
        let end = self.foot + half * ((place - self.foot) / half).ceil();
        // One at the place may have been rounded to before it.
        if end < place { end + half } else { end }
    }
}

/// A wave from its first step on.
#[derive(Clone, Copy)]
pub(super) struct Wave<'a> {
    circle: &'a Circle,
    begin: Swing,
}

impl Eights for Wave<'_> {
    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, part: usize, user: U) -> U::Output {
        let begin = self.begin.turned(self.circle.farthest[part % SIXTEEN]);
        user.take::<L, _>(&WavePart::of(self.circle, begin))
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let begin = self
            .begin
            .turned(self.circle.farthest[places.first / PART % SIXTEEN]);
        WavePart::of(self.circle, begin).eight::<L>(places)
    }
}

/// A part of a wave.
struct WavePart<'a> {
    circle: &'a Circle,
    /// Where each eight steps begin.
    values: [f64; SIXTEEN],
    along: [f64; SIXTEEN],
    across: [f64; SIXTEEN],
}

impl<'a> WavePart<'a> {
    /// From where it begins.
    #[inline(always)]
    fn of(circle: &'a Circle, begin: Swing) -> Self {
        let Swing {
            value,
            along,
            across,
        } = begin;
        let [sines, lacking] = &circle.far;
        let cosines = lacking.map(|lacking| 1.0 - lacking);
        Self {
            circle,
            values: from_fn(|i| value + (along * lacking[i] + across * sines[i])),
            along: from_fn(|i| along * cosines[i] - across * sines[i]),
            across: from_fn(|i| along * sines[i] + across * cosines[i]),
        }
    }
}

impl Eights for WavePart<'_> {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        let groups = places.start / EIGHT..places.end.div_ceil(EIGHT);
        // Within less than half a circle there is no more than one top or foot: there is none if it rises or falls at both ends.
        let turns = (EIGHT * groups.len()) as f64 * self.circle.turn;
        let (first, last) = (groups.start % SIXTEEN, (groups.end - 1) % SIXTEEN);
        let Angle { sine, lacking } = of(&self.circle.far, 1);
        let end = self.along[last] * sine + self.across[last] * (1.0 - lacking);
        self.circle.steps > EIGHT && turns < 3.0 && self.across[first] * end > 0.0
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let group = places.first / EIGHT % SIXTEEN;
        let [value, along, across] = [&self.values, &self.along, &self.across].map(|of| of[group]);
        let [sines, lacking] = &self.circle.near;
        from_fn(|i| {
            let value = fused::<L>(along, lacking[i], value);
            fused::<L>(across, sines[i], value)
        })
    }
}

/// The most that waves side by side turn in a step.
const FASTEST: f64 = FRAC_PI_8;

// Within the range of `sines_and_cosines`, and as many of every other step as `Waves::from` says.
const _: () = assert!(LONGEST as f64 * FASTEST < 1024.0 && TOGETHER == 2 * 16);

/// A wave that is one of eight rows, or eight of them: what goes around it, and the sine and the cosine of its turn.
#[derive(Clone, Copy, Default)]
pub(super) struct Side<F> {
    pub(super) along: F,
    pub(super) across: F,
    pub(super) turn: F,
    pub(super) sine: F,
    pub(super) cosine: F,
}

/// Eight rows side by side that are lines, or waves around their beginning. They are asked for step after step, in no more than [`TOGETHER`](super::columns::TOGETHER) of them.
///
/// Of a wave `x`, `x(n + 2) = x(n) + d(n)` and `d(n + 2) = d(n) - 4 sin^2(turn) x(n + 2)`: every other step by itself, so that few operations wait for
/// the one before.
pub(super) struct Waves<'a> {
    now: Cell<[Every; 2]>,
    middles: &'a [f64; EIGHT],
    pulls: [f64; EIGHT],
}

/// How every other step goes on.
#[derive(Clone, Copy)]
struct Every {
    x: [f64; EIGHT],
    step: [f64; EIGHT],
}

impl Side<[f64; EIGHT]> {
    /// Has one of the rows be another one.
    pub(super) fn set(&mut self, lane: usize, of: &Side<f64>) {
        self.along[lane] = of.along;
        self.across[lane] = of.across;
        self.turn[lane] = of.turn;
        self.sine[lane] = of.sine;
        self.cosine[lane] = of.cosine;
    }
}

impl<'a> Waves<'a> {
    /// From some places on.
    //
    // Off by less than 100 units in the last place of `|limit| + |height|`, and 4 for each radian, which is what `HalfWaves::of` says, if a step turns
    // by no more than `FASTEST`, and there are no more than 16 of every other step. In units of half a height, with `t` for `turn`:
    //
    // * Sine and cosine are off by 1.5, what they are made to by 5 at `x` and, of its own size, which is `2 sin(t)`, by 8 at `d`.
    // * What `x` is off by stays or becomes `1 / cos(t)` times as much, 1.09; of `d`, `sin(2 k t) / sin(2 t)` times as much is in `x` after `k` of every other
    //   step: of its own size, 1.09 again. With half a unit from each sum: 1.09 * (5 + 8 + 16 * (0.5 + 0.5)) = 32.
    // * Where products are rounded, too, `4 sin^2(t)` of half a unit more is in `d` each time, `2 sin(t)` of its own size: 16 * 1.09 * 0.39 = 7.
    // * What pulls is off by 3 units of itself, and the angle of all 16 by `tan(t)` of that each time, which is 20, and the height by 2.
    //
    // Together 61, which are 31 of the height, and some for the sum with the middle. A line is added up: half a unit of the largest for each of
    // 16 sums, and some for the first.
    #[inline(always)]
    pub(super) fn from<L: Lanes>(
        places: &Places,
        lines: Line<&'a [f64; EIGHT]>,
        side: &Side<[f64; EIGHT]>,
    ) -> Self {
        let Side {
            along,
            across,
            turn,
            sine,
            ..
        } = side;
        let [sines, cosines] = sines_and_cosines::<L>(product(&places.numbers, turn));
        // A wave, and what it grows by for an angle.
        let x = turned::<L>(&sines, across, &cosines, &negative(along));
        let grows = turned::<L>(&cosines, across, &sines, along);
        let [x_next, grows_next] = next::<L>(side, &x, &grows);
        let [_, grows_after] = next::<L>(side, &x_next, &grows_next);
        let twice = lanewise(*sine, |sine| sine + sine);
        let step_twice = lanewise(*lines.step, |step| step + step);
        let places_next = lanewise(places.numbers, |place| place + 1.0);
        Self {
            now: Cell::new([
                Every {
                    x: each_fused::<L>(places.numbers, *lines.step, x),
                    step: each_fused::<L>(twice, grows_next, step_twice),
                },
                Every {
                    x: each_fused::<L>(places_next, *lines.step, x_next),
                    step: each_fused::<L>(twice, grows_after, step_twice),
                },
            ]),
            middles: lines.begin,
            pulls: negative(&product(&twice, &twice)),
        }
    }
}

/// Waves, and what they grow by for an angle, a turn ahead.
#[inline(always)]
fn next<L: Lanes>(
    Side { sine, cosine, .. }: &Side<[f64; EIGHT]>,
    x: &[f64; EIGHT],
    grows: &[f64; EIGHT],
) -> [[f64; EIGHT]; 2] {
    [
        turned::<L>(cosine, x, sine, grows),
        turned::<L>(cosine, grows, &negative(sine), x),
    ]
}

impl Eights for Waves<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, _places: &Places) -> [f64; EIGHT] {
        let [now, next] = self.now.get();
        let x = sum(&now.x, &now.step);
        let after = Every {
            x,
            step: each_fused::<L>(self.pulls, x, now.step),
        };
        self.now.set([next, after]);
        sum(&now.x, self.middles)
    }
}

/// `a * b + c * d`
#[inline(always)]
fn turned<L: Lanes>(
    a: &[f64; EIGHT],
    b: &[f64; EIGHT],
    c: &[f64; EIGHT],
    d: &[f64; EIGHT],
) -> [f64; EIGHT] {
    each_fused::<L>(*a, *b, product(c, d))
}

#[inline(always)]
fn product(a: &[f64; EIGHT], b: &[f64; EIGHT]) -> [f64; EIGHT] {
    let mut product = *a;
    for (product, b) in product.iter_mut().zip(b) {
        *product *= b;
    }
    product
}

#[inline(always)]
fn sum(a: &[f64; EIGHT], b: &[f64; EIGHT]) -> [f64; EIGHT] {
    let mut sum = *a;
    for (sum, b) in sum.iter_mut().zip(b) {
        *sum += b;
    }
    sum
}

#[inline(always)]
fn negative(of: &[f64; EIGHT]) -> [f64; EIGHT] {
    lanewise(*of, |number| -number)
}

/// Terms of the sine's series: the next one is below half a unit in the last place of 1 for an eighth of a circle.
const SINE: usize = 7;

/// The same of the cosine's.
const COSINE: usize = 8;

/// `(-1)^(k + 1) / (2 k + first)!`, with `k` from 0 on.
const fn series<const N: usize>(first: u32) -> [f64; N] {
    let mut terms = [0.0; N];
    let (mut k, mut term, mut at) = (0, 1.0, 1);
    while k < N {
        while at <= 2 * k as u32 + first {
            term /= at as f64;
            at += 1;
        }
        terms[k] = if k % 2 == 0 { -term } else { term };
        k += 1;
    }
    terms
}

/// The sines and cosines of angles up to 2^10 in size, off by less than 1.5 units in the last place of 1.
#[inline(always)]
fn sines_and_cosines<L: Lanes>(angles: [f64; EIGHT]) -> [[f64; EIGHT]; 2] {
    const SINES: [f64; SINE] = series(3);
    const COSINES: [f64; COSINE] = series(2);
    /// 1.5 * 2^52: a sum with it has no digits behind the point, and ends in the whole number as an integer has it.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    /// A quarter of a circle, of which the first has so few digits that its products with whole numbers up to 2^11 are exact.
    const QUARTER: [f64; 2] = [
        f64::from_bits(0x3ff9_21fb_5444_0000),
        2.563_344_151_594_519e-12,
    ];
    let shifted = lanewise(angles, |angle| angle * FRAC_2_PI + WHOLE);
    let mut rest = angles;
    for (rest, shifted) in rest.iter_mut().zip(shifted) {
        let quarters = shifted - WHOLE;
        *rest = (*rest - quarters * QUARTER[0]) - quarters * QUARTER[1];
    }
    let square = product(&rest, &rest);
    let sines = polynomial::<L, SINE>(&SINES, square);
    let cosines = polynomial::<L, COSINE>(&COSINES, square);
    let sines = each_fused::<L>(product(&rest, &square), sines, rest);
    let cosines = each_fused::<L>(square, cosines, [1.0; EIGHT]);
    let mut found = [sines, cosines];
    let [found_sines, found_cosines] = &mut found;
    let of = found_sines.iter_mut().zip(found_cosines).zip(shifted);
    for ((sine, cosine), shifted) in of {
        let quarters = shifted.to_bits();
        let [one, other] = if quarters & 1 == 0 {
            [*sine, *cosine]
        } else {
            [*cosine, *sine]
        };
        // Below the middle in the second half of a circle; left of it in the second and third quarter.
        *sine = f64::from_bits(one.to_bits() ^ (quarters & 2) << 62);
        *cosine = f64::from_bits(other.to_bits() ^ (quarters.wrapping_add(1) & 2) << 62);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::{Isa, Kernel};

    #[test]
    fn every_half_wave_is_within_its_error_on_every_instruction_set() {
        for (t_max, ahead) in [
            (700.0, 700.0),
            (700.0, 3.25),
            (90.5, -20.0),
            (1e7, 4000.0),
            (3.0, 1.0),
        ] {
            let turn = std::f64::consts::PI / t_max;
            for steps in [8, 500, 2048] {
                for isa in Isa::available() {
                    let mut out = vec![0.0; steps];
                    let mut circles = Recent::default();
                    // Known before, but for shorter waves; and others, so that one is forgotten.
                    for other in [turn, 0.1, 0.2, 0.3, 0.4] {
                        Circle::known(&mut circles, other, 8);
                    }
                    Circle::known(&mut circles, turn, 8);
                    let (waves, off) = HalfWaves::of(turn, ahead, [0.125, 0.5], steps).unwrap();
                    store(isa, &waves.row(&mut circles), 0, &mut out);
                    for (step, found) in out.iter().enumerate() {
                        let sine = (0.5 * turn * (ahead - step as f64)).sin();
                        let far = (found - (0.125 + 0.5 * sine * sine)).abs();
                        assert!(far <= 0.625 * off, "{t_max} {ahead} {step}: {far:e}");
                    }
                }
            }
        }
    }

    /// Rows side by side from a step on, one step after the other.
    struct Steps<'a>(usize, Line<&'a [f64; EIGHT]>, &'a Side<[f64; EIGHT]>);

    impl Kernel for Steps<'_> {
        type Output = [[f64; EIGHT]; TOGETHER];

        #[inline(always)]
        fn run<L: Lanes>(self) -> Self::Output {
            let places = Places {
                first: self.0,
                numbers: [self.0 as f64; EIGHT],
            };
            let waves = Waves::from::<L>(&places, self.1, self.2);
            from_fn(|_| waves.eight::<L>(&places))
        }
    }

    #[test]
    fn waves_and_lines_side_by_side_are_within_their_error_on_every_instruction_set() {
        let waves: [(f64, f64); EIGHT - 2] = [
            (8.0, 3.0),
            (9.7, -20.0),
            (90.5, 0.0),
            (700.0, 3.25),
            (1e7, 4000.0),
            (33.0, 1e6),
        ];
        let (begins, steps) = ([0.0, -3.0], [0.25, 1.7e-3]);
        let mut side = Side::default();
        let (mut middles, mut each) = ([begins[0]; EIGHT], [steps[0]; EIGHT]);
        (middles[1], each[1]) = (begins[1], steps[1]);
        let mut off = [f64::NAN; EIGHT];
        for (lane, (t_max, foot)) in (2..).zip(waves) {
            let turn = PI / t_max;
            let (waves, error) = HalfWaves::of(turn, foot, [0.125, 0.5], 2048).unwrap();
            let mut one = Side::default();
            assert!(waves.set_side(&mut one));
            side.set(lane, &one);
            (middles[lane], each[lane], off[lane]) = (waves.middle(), -0.0, 0.625 * error);
        }
        let lines = Line {
            begin: &middles,
            step: &each,
        };
        for isa in Isa::available() {
            for first in [0, 1, 777, 2016] {
                let found = isa.run(Steps(first, lines, &side));
                for (place, found) in (first..).zip(found) {
                    let place = place as f64;
                    for (lane, (t_max, foot)) in (2..).zip(waves) {
                        let sine = (0.5 * PI / t_max * (foot - place)).sin();
                        let far = (found[lane] - (0.125 + 0.5 * sine * sine)).abs();
                        assert!(far <= off[lane], "{} {t_max} {place}: {far:e}", isa.name());
                    }
                    for lane in 0..2 {
                        let (begin, step) = (begins[lane], steps[lane]);
                        let far = (found[lane] - (begin + step * place)).abs();
                        let largest = begin.abs() + step * (first + TOGETHER) as f64;
                        let error = 10.0 * f64::EPSILON * largest;
                        assert!(far <= error, "{} {begin} {place}: {far:e}", isa.name());
                    }
                }
            }
        }
        let fast = HalfWaves::of(PI / 7.0, 0.0, [0.125, 0.5], 2048);
        assert!(!fast.unwrap().0.set_side(&mut Side::default()));
    }

    #[test]
    fn halves_end_at_feet_and_tops() {
        let (waves, _) = HalfWaves::of(PI / 50.0, 20.0, [0.0, 1.0], 2048).unwrap();
        for (place, end) in [(0.0, 20.0), (21.0, 70.0), (-31.0, -30.0), (1000.0, 1020.0)] {
            let found = waves.end(place);
            assert!((found - end).abs() < 1e-9, "{place}: {found}");
        }
        // Whole numbers whose feet are rounded to both sides of them.
        for half in 8..200 {
            let (waves, _) = HalfWaves::of(PI / f64::from(half), 0.1, [0.0, 1.0], 2048).unwrap();
            for which in 0..8 {
                let place = f64::from(which * half) + 0.1;
                let end = waves.end(place);
                assert!(
                    end >= place && end < place + f64::from(half) + 1e-9,
                    "{place}: {end}"
                );
            }
        }
    }

    /// Tells whether a part goes one way, and whether it does.
    struct OneWay(Range<usize>);

    impl PartUser for OneWay {
        type Output = [bool; 2];

        #[inline(always)]
        fn take<L: Lanes, E: Eights>(self, numbers: &E) -> [bool; 2] {
            let mut places = Places::from(self.0.start);
            let mut all = vec![];
            while all.len() < self.0.len() {
                all.extend(numbers.eight::<L>(&places));
                places.next();
            }
            all.truncate(self.0.len());
            let ends = [all[0], all[all.len() - 1]];
            let between = ends[0].min(ends[1]) - 1e-15..=ends[0].max(ends[1]) + 1e-15;
            [
                numbers.goes_one_way(self.0),
                all.iter().all(|number| between.contains(number)),
            ]
        }
    }

    struct Whole<'a>(Wave<'a>, Range<usize>);

    impl Kernel for Whole<'_> {
        type Output = [bool; 2];

        #[inline(always)]
        fn run<L: Lanes>(self) -> [bool; 2] {
            self.0.part::<L, _>(self.1.start / PART, OneWay(self.1))
        }
    }

    #[test]
    fn parts_are_told_to_go_one_way_only_where_they_do() {
        let mut told = [0, 0];
        for t_max in [5.0, 60.0, 130.0, 700.0, 1e5] {
            let turn = std::f64::consts::PI / t_max;
            for ahead in [-3.0, 0.0, 0.5, 60.0, 64.0, 127.0, 300.7] {
                let mut circles = Recent::default();
                let (waves, _) = HalfWaves::of(turn, ahead, [0.125, 0.5], 2048).unwrap();
                let wave = waves.row(&mut circles);
                for (from, to) in [
                    (0, 128),
                    (0, 5),
                    (8, 16),
                    (128, 256),
                    (200, 256),
                    (384, 400),
                ] {
                    for isa in Isa::available() {
                        let [is_told, does] = isa.run(Whole(wave, from..to));
                        assert!(does || !is_told, "{t_max} {ahead} {from}..{to}");
                        told[usize::from(is_told)] += 1;
                    }
                }
            }
        }
        // Neither always nor never.
        assert!(told.iter().all(|count| *count > 50), "{told:?}");
    }
}
