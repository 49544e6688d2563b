//! Waves through three values: `a + b * cos(n * turn) + c * sin(n * turn)`.

use std::ops::Range;

use super::emit::{FAR, LONGEST, Reach, SIXTEEN, fused};
use super::recent::Recent;
use crate::lanes::{EIGHT, Eights, Lanes, Places};

/// The most steps of a wave: no more than [`LONGEST`], and so few that half of them turn by no more than two radians.
pub(super) fn longest_wave(turn: f64) -> usize {
    // What is no number is 0 here.
    let half = (2.0 / turn) as usize;
    2 * half.min(LONGEST / 2 - 1) + 1
}

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
        std::array::from_fn(|at| {
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
    far: [Angle; SIXTEEN],
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
        let farthest = if steps > FAR {
            angle(FAR).times_and_eight(angle(EIGHT * FAR))
        } else {
            [Angle::default(); SIXTEEN]
        };
        Self {
            turn,
            steps,
            near: split(angle(1).times()),
            far: angle(EIGHT).times_and_eight(angle(EIGHT * EIGHT)),
            farthest,
        }
    }

    /// That of so many turns.
    fn at(&self, turns: usize) -> Angle {
        let far = self.farthest[turns / FAR].plus(self.far[turns / EIGHT % SIXTEEN]);
        let [sines, lacking] = &self.near;
        far.plus(Angle {
            sine: sines[turns % EIGHT],
            lacking: lacking[turns % EIGHT],
        })
    }
}

impl Circle {
    /// The swing that has these values at its first step, in the middle of its odd number of steps and at the last of them, where an even number
    /// has one step more; and how far its wave is off, if no term of it is above `size`.
    pub(super) fn swing(
        &self,
        [first, middle, last]: [f64; 3],
        steps: usize,
        size: f64,
    ) -> (Swing, Reach) {
        let half = (steps - 1) / 2;
        let angle = self.at(half);
        let across = (last - first) / 2.0 / angle.sine;
        let along = ((last - middle) + (first - middle)) / 2.0 / angle.lacking;
        // Seen from the middle so far; from here on, from the first step.
        let begin = Swing {
            value: first,
            along: along * angle.cosine() + across * angle.sine,
            across: across * angle.cosine() - along * angle.sine,
        };
        // Each of the three values is off by 2^-47 of the largest term, and so is the core's. What the cosine lacks is, one step beyond the ends of
        // eight, 16/9 of what it lacks there, and the sine 4/3: their errors come in five times, with the core's six times.
        const VALUES: f64 = 8.0 / (1_u64 << 47) as f64;
        // In half units in the last place of 1, the point of an angle on the circle is off by 3, and that of a sum of two angles by what theirs are
        // and by 4 more: at seven times an angle by 45, at fifteen times by 52, at the sum of three such angles by 157. To turn a swing takes 12
        // more, if no term of it is above the size. The angle itself was rounded three times. Both the angle at a step and the one at the ends
        // count, with the same shares.
        let circle = (85.0 + 4.0 * self.turn * half as f64) * f64::EPSILON;
        (begin, Reach::absolute(size * (VALUES + 6.0 * circle)))
    }

    /// The swing of a wave whose foot, so many steps ahead, is at a limit, with its top at a height above it; and what share of both it is off by, for
    /// so many steps.
    pub(super) fn half_swing(
        turn: f64,
        ahead: f64,
        [limit, height]: [f64; 2],
        steps: usize,
    ) -> (Swing, f64) {
        let begin = Angle::of(ahead * turn);
        let half = height / 2.0;
        let swing = Swing {
            value: limit + half * begin.lacking,
            along: half * begin.cosine(),
            across: -half * begin.sine,
        };
        // In half units in the last place of 1: 169 for a point of the circle and the swing that is turned there, as above, 2 for the point where it
        // begins, and some roundings of the sum. Then there is the angle, rounded three times.
        let farthest = (ahead.abs() + steps as f64) * turn;
        (swing, (100.0 + 4.0 * farthest) * f64::EPSILON)
    }

    /// The wave that begins like this, as far as it is known for so many steps.
    pub(super) fn wave(&self, begin: Swing, steps: usize) -> Wave<'_> {
        let mut farthest = [begin; SIXTEEN];
        let known = steps.div_ceil(FAR);
        for (swing, angle) in farthest[1..known].iter_mut().zip(&self.farthest[1..]) {
            *swing = begin.turned(*angle);
        }
        Wave {
            circle: self,
            // What is no number is 0 here.
            one_way: (3.14 / (FAR as f64 * self.turn)) as usize,
            known,
            farthest,
        }
    }
}

fn split(angles: [Angle; EIGHT]) -> [[f64; EIGHT]; 2] {
    [
        angles.map(|angle| angle.sine),
        angles.map(|angle| angle.lacking),
    ]
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
    /// So many times 128 steps turn by no more than half a circle, which has one top or foot at most.
    one_way: usize,
    /// How many of these are known.
    known: usize,
    /// How it goes on from 0 to 15 times as many as 128 steps.
    farthest: [Swing; SIXTEEN],
}

impl Eights for Wave<'_> {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        // As it does where it begins and where it ends.
        let (first, last) = (places.start / FAR, places.end.div_ceil(FAR));
        last < self.known
            && last - first <= self.one_way
            && self.farthest[first].across * self.farthest[last].across > 0.0
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let (circle, at) = (self.circle, places.first);
        let swing = self.farthest[at / FAR % SIXTEEN].turned(circle.far[at / EIGHT % SIXTEEN]);
        let [sines, lacking] = &circle.near;
        std::array::from_fn(|i| {
            let value = fused::<L>(swing.along, lacking[i], swing.value);
            fused::<L>(swing.across, sines[i], value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::Isa;

    #[test]
    fn every_wave_is_within_its_error_on_every_instruction_set() {
        for turn in [1e-6, 1e-4, 0.01, 0.1, 0.3, 0.5] {
            let curve = |step: f64| 0.25 + 0.5 * (1.0 + turn * step).sin();
            for length in [8, 9, 64, 65, 100, 128, 129, 512, 1024, 1025, 2047, 2048] {
                let length = length.min(longest_wave(turn));
                if length < 8 {
                    continue;
                }
                let middle = (length - 1) / 2;
                let three = [0, middle, 2 * middle].map(|step| curve(step as f64));
                for isa in Isa::available() {
                    let mut circles = Recent::default();
                    // Others before it, so that one is forgotten.
                    for other in 1..4 {
                        Circle::known(&mut circles, 0.01 * f64::from(other) + 1e-3, 8);
                    }
                    for _ in 0..2 {
                        let mut out = vec![0.0; length];
                        // Known before, but for shorter waves.
                        Circle::known(&mut circles, turn, 8);
                        let circle = Circle::known(&mut circles, turn, length);
                        let (begin, reach) = circle.swing(three, length, 1.0);
                        let wave = circle.wave(begin, length);
                        store(isa, &wave, 0, &mut out);
                        let error = 0.75 * reach.absolute;
                        for (step, found) in out.iter().enumerate() {
                            let off = (found - curve(step as f64)).abs();
                            assert!(off <= error, "{turn} {length} {step}: {off:e}");
                        }
                        Circle::known(&mut circles, 0.4, 8);
                        Circle::known(&mut circles, 0.41, 8);
                    }
                }
            }
        }
    }

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
                    let circle = Circle::known(&mut circles, turn, steps);
                    let (begin, off) = Circle::half_swing(turn, ahead, [0.125, 0.5], steps);
                    store(isa, &circle.wave(begin, steps), 0, &mut out);
                    for (step, found) in out.iter().enumerate() {
                        let sine = (0.5 * turn * (ahead - step as f64)).sin();
                        let far = (found - (0.125 + 0.5 * sine * sine)).abs();
                        assert!(far <= 0.625 * off, "{t_max} {ahead} {step}: {far:e}");
                    }
                }
            }
        }
    }
}
