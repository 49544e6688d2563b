//! Waves as they go on from a step: `value + along * (1 - cos(n * turn)) + across * sin(n * turn)`.

use std::array::from_fn;
use std::ops::Range;

use super::emit::{SIXTEEN, fused};
use super::recent::Recent;
use crate::lanes::{EIGHT, Eights, Lanes, PART, PartUser, Places};

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

    /// The swing of a wave whose foot, so many steps ahead, is at a limit, with its top at a height above it; and what share of both it is off by, for
    /// so many steps. None of what turns too little for a number to tell where its foot is.
    pub(super) fn half_swing(
        turn: f64,
        ahead: f64,
        [limit, height]: [f64; 2],
        steps: usize,
    ) -> Option<(Swing, f64)> {
        if !(ahead * turn).is_finite() {
            return None;
        }
        let begin = Angle::of(ahead * turn);
        let half = height / 2.0;
        let swing = Swing {
            value: limit + half * begin.lacking,
            along: half * begin.cosine(),
            across: -half * begin.sine,
        };
        // In half units in the last place of 1, the point of an angle on the circle is off by 3, and that of a sum of two angles by what theirs are
        // and by 4 more: at seven times an angle by 45, at fifteen times by 52. A swing is turned by two of the latter, 12 more each time, and its
        // value is found at one of the former; then 2 for the point where it begins, and some roundings of the sum: no more than 200 in all. The
        // angle itself was rounded three times.
        let farthest = (ahead.abs() + steps as f64) * turn;
        Some((swing, (100.0 + 4.0 * farthest) * f64::EPSILON))
    }

    /// The wave that begins like this.
    pub(super) const fn wave(&self, begin: Swing) -> Wave<'_> {
        Wave {
            circle: self,
            begin,
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
pub(super) struct Swing {
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

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::Isa;

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
                    let circle = Circle::known(&mut circles, turn, steps);
                    let (begin, off) =
                        Circle::half_swing(turn, ahead, [0.125, 0.5], steps).unwrap();
                    store(isa, &circle.wave(begin), 0, &mut out);
                    for (step, found) in out.iter().enumerate() {
                        let sine = (0.5 * turn * (ahead - step as f64)).sin();
                        let far = (found - (0.125 + 0.5 * sine * sine)).abs();
                        assert!(far <= 0.625 * off, "{t_max} {ahead} {step}: {far:e}");
                    }
                }
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

    impl crate::lanes::Kernel for Whole<'_> {
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
                let circle = Circle::of(turn, 2048);
                let (begin, _) = Circle::half_swing(turn, ahead, [0.125, 0.5], 2048).unwrap();
                for (from, to) in [
                    (0, 128),
                    (0, 5),
                    (8, 16),
                    (128, 256),
                    (200, 256),
                    (384, 400),
                ] {
                    for isa in Isa::available() {
                        let [is_told, does] = isa.run(Whole(circle.wave(begin), from..to));
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
