//! Waves through three values: `a + b * cos(n * turn) + c * sin(n * turn)`.

use super::emit::{Reach, fused};
use crate::lanes::{EIGHT, Eights, Lanes};

/// Circles that are remembered.
const REMEMBERED: usize = 4;

/// The most steps of a wave: what two places of eight tell apart, and so few that half of them turn by no more than two radians.
pub(super) fn longest_wave(turn: f64) -> usize {
    // What is no number is 0 here.
    let half = (2.0 / turn) as usize;
    2 * half.min(EIGHT * EIGHT * EIGHT / 2 - 1) + 1
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
}

/// Sines, and what cosines lack to 1, of 0 to 7 turns, of as many times 8, and of as many times 64.
#[derive(Clone, Copy)]
pub(super) struct Circle {
    turn: f64,
    near: [Angle; EIGHT],
    far: [Angle; EIGHT],
    farthest: [Angle; EIGHT],
}

impl Circle {
    fn of(turn: f64) -> Self {
        // So many times are an angle without a rounding.
        let [near, far, farthest] = [1.0, 8.0, 64.0].map(|times| Angle::of(times * turn).times());
        Self {
            turn,
            near,
            far,
            farthest,
        }
    }

    /// That of so many turns.
    fn at(&self, turns: usize) -> Angle {
        let far = self.farthest[turns / 64 % EIGHT].plus(self.far[turns / EIGHT % EIGHT]);
        far.plus(self.near[turns % EIGHT])
    }
}

/// The circles that were asked for last.
#[derive(Default)]
pub(super) struct Circles {
    known: Vec<Circle>,
    next: usize,
}

impl Circles {
    /// The circle of this turn.
    pub(super) fn of(&mut self, turn: f64) -> Circle {
        if let Some(known) = self.known.iter().find(|circle| circle.turn == turn) {
            return *known;
        }
        let circle = Circle::of(turn);
        if self.known.len() < REMEMBERED {
            self.known.push(circle);
        } else {
            self.known[self.next] = circle;
            self.next = (self.next + 1) % REMEMBERED;
        }
        circle
    }
}

impl Circle {
    /// The wave that has these values at its first step, in the middle of its odd number of steps and at the last of them, where an even number
    /// has one step more; and how far it is off, if no term of it is above `size`.
    pub(super) fn wave(
        &self,
        [first, middle, last]: [f64; 3],
        steps: usize,
        size: f64,
    ) -> (Wave, Reach) {
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
        let wave = Wave {
            near: split(self.near),
            far: self.far,
            farthest: self.farthest.map(|angle| begin.turned(angle)),
        };
        // Each of the three values is off by 2^-47 of the largest term, and so is the core's. What the cosine lacks is, one step beyond the ends of
        // eight, 16/9 of what it lacks there, and the sine 4/3: their errors come in five times, with the core's six times.
        const VALUES: f64 = 8.0 / (1_u64 << 47) as f64;
        // In half units in the last place of 1, the point of an angle on the circle is off by 3, and that of a sum of two angles by what theirs are
        // and by 4 more: at seven times an angle by 45, at the sum of three such angles by 143. To turn a swing takes 12 more, if no term of it
        // is above the size. The angle itself was rounded three times. Both the angle at a step and the one at the ends count, with the same
        // shares.
        let circle = (78.0 + 4.0 * self.turn * half as f64) * f64::EPSILON;
        (wave, Reach::absolute(size * (VALUES + 6.0 * circle)))
    }
}

fn split(angles: [Angle; EIGHT]) -> [[f64; EIGHT]; 2] {
    [
        angles.map(|angle| angle.sine),
        angles.map(|angle| angle.lacking),
    ]
}

/// A wave as it goes on from a step: `value + along * (1 - cos(angle)) + across * sin(angle)`.
#[derive(Clone, Copy)]
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

/// A wave from its first step on.
#[derive(Clone, Copy)]
pub(super) struct Wave {
    /// Sines of 0 to 7 turns, and what their cosines lack.
    near: [[f64; EIGHT]; 2],
    /// As many times 8 turns.
    far: [Angle; EIGHT],
    /// How it goes on from as many times 64 steps.
    farthest: [Swing; EIGHT],
}

impl Eights for Wave {
    #[inline(always)]
    fn eight<L: Lanes>(&self, at: usize) -> [f64; EIGHT] {
        let swing =
            self.farthest[at / (EIGHT * EIGHT) % EIGHT].turned(self.far[at / EIGHT % EIGHT]);
        let [sines, lacking] = &self.near;
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
            for length in [8, 9, 100, 511, 512] {
                let length = length.min(longest_wave(turn));
                if length < 8 {
                    continue;
                }
                let middle = (length - 1) / 2;
                let three = [0, middle, 2 * middle].map(|step| curve(step as f64));
                for isa in Isa::available() {
                    let mut circles = Circles::default();
                    // Others before it, so that one is forgotten.
                    for other in 1..4 {
                        circles.of(0.01 * f64::from(other) + 1e-3);
                    }
                    for _ in 0..2 {
                        let mut out = vec![0.0; length];
                        let circle = circles.of(turn);
                        let (wave, reach) = circle.wave(three, length, 1.0);
                        store(isa, &wave, &mut out);
                        let error = 0.75 * reach.absolute;
                        for (step, found) in out.iter().enumerate() {
                            let off = (found - curve(step as f64)).abs();
                            assert!(off <= error, "{turn} {length} {step}: {off:e}");
                        }
                        circles.of(0.4);
                        circles.of(0.41);
                    }
                }
            }
        }
    }
}
