//! Waves through three values: `a + b * cos(n * turn) + c * sin(n * turn)`.

use super::emit::{Given, Reach, fused};
use crate::lanes::{EIGHT, Eights, Isa, Kernel, Lanes};

/// Steps to either side of a wave's middle.
const HALF: usize = 256;

/// Circles that are remembered.
const REMEMBERED: usize = 4;

/// The most steps of a wave: so few that half of them turn by no more than two radians.
pub(super) fn longest_wave(turn: f64) -> usize {
    // What is no number is 0 here.
    let half = (2.0 / turn) as usize;
    2 * half.min(HALF - 1) + 1
}

/// Sines, and what cosines lack to 1, of whole numbers of turns.
pub(super) struct Circle {
    turn: f64,
    /// How many turns to either side are known.
    reach: usize,
    /// From `-HALF` turns to below `HALF`.
    sines: Vec<f64>,
    lacking: Vec<f64>,
}

/// The circles that were asked for last.
#[derive(Default)]
pub(super) struct Circles {
    known: Vec<Circle>,
    next: usize,
}

impl Circles {
    /// The circle of this turn, so far around, of [`HALF`] turns at most.
    pub(super) fn of(&mut self, isa: Isa, turn: f64, reach: usize) -> &Circle {
        let is_known = |circle: &Circle| circle.turn == turn && circle.reach >= reach;
        let known = self.known.iter().position(is_known);
        let at = known.unwrap_or_else(|| {
            let at = self.next;
            self.next = (at + 1) % REMEMBERED;
            if at == self.known.len() {
                self.known.push(Circle {
                    turn,
                    reach,
                    sines: vec![0.0; 2 * HALF],
                    lacking: vec![0.0; 2 * HALF],
                });
            }
            (self.known[at].turn, self.known[at].reach) = (turn, reach);
            isa.run(Around(&mut self.known[at]));
            at
        });
        &self.known[at]
    }
}

/// Goes around a circle.
struct Around<'a>(&'a mut Circle);

impl Kernel for Around<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Circle {
            turn,
            reach,
            sines,
            lacking,
        } = self.0;
        // Twice as many each time, and one more than are wanted.
        let half = (*reach + 1).next_power_of_two().min(HALF);
        let around = HALF - half..HALF + half;
        let (back_sines, sines) = sines[around.clone()].split_at_mut(half);
        let (back_lacking, cosines) = lacking[around].split_at_mut(half);
        (sines[0], cosines[0]) = (0.0, 1.0);
        let mut known = 1;
        // Each time as many again, further by an angle whose own sine and cosine are taken: no error is doubled.
        while known < half {
            let (sine, cosine) = (*turn * known as f64).sin_cos();
            let (from, to) = sines.split_at_mut(known);
            let (from_cosines, to_cosines) = cosines.split_at_mut(known);
            for (((s, c), to_s), to_c) in from.iter().zip(&*from_cosines).zip(to).zip(to_cosines) {
                *to_s = s * cosine + c * sine;
                *to_c = c * cosine - s * sine;
            }
            known *= 2;
        }
        for cosine in cosines.iter_mut() {
            *cosine = 1.0 - *cosine;
        }
        // The last one is farther back than any of the waves goes.
        for (back, ahead) in back_sines.iter_mut().rev().zip(&sines[1..]) {
            *back = -ahead;
        }
        for (back, ahead) in back_lacking.iter_mut().rev().zip(&cosines[1..]) {
            *back = *ahead;
        }
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
    ) -> (Wave<'_>, Reach) {
        let half = (steps - 1) / 2;
        let (sine, lacking) = (self.sines[HALF + half], self.lacking[HALF + half]);
        let from = HALF - half;
        let wave = Wave {
            middle,
            across: (last - first) / 2.0 / sine,
            along: ((last - middle) + (first - middle)) / 2.0 / lacking,
            sines: Given(&self.sines[from..]),
            lacking: Given(&self.lacking[from..]),
        };
        // Each of the three values is off by 2^-47 of the largest term, and so is the core's. What the cosine lacks is, one step beyond the ends of
        // eight, 16/9 of what it lacks there, and the sine 4/3: their errors come in five times, with the core's six times.
        const VALUES: f64 = 8.0 / (1_u64 << 47) as f64;
        // Sines and cosines are off by eight times four roundings, and by what their angle is, which was rounded three times. Both the one at a
        // step and the one at the ends count, with the same shares.
        let circle = (40.0 + 4.0 * self.turn * half as f64) * f64::EPSILON;
        (wave, Reach::absolute(size * (VALUES + 6.0 * circle)))
    }
}

/// A wave around its middle.
#[derive(Clone, Copy)]
pub(super) struct Wave<'a> {
    middle: f64,
    across: f64,
    along: f64,
    sines: Given<'a>,
    lacking: Given<'a>,
}

impl Eights for Wave<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, at: usize) -> [f64; EIGHT] {
        let (sines, lacking) = (self.sines.eight::<L>(at), self.lacking.eight::<L>(at));
        std::array::from_fn(|i| {
            fused::<L>(
                self.across,
                sines[i],
                fused::<L>(self.along, lacking[i], self.middle),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;

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
                        circles.of(isa, 0.01 * f64::from(other) + 1e-3, 256);
                    }
                    for _ in 0..2 {
                        let mut out = vec![0.0; length];
                        let circle = circles.of(isa, turn, length.div_ceil(2));
                        let (wave, reach) = circle.wave(three, length, 1.0);
                        store(isa, &wave, &mut out);
                        let error = 0.75 * reach.absolute;
                        for (step, found) in out.iter().enumerate() {
                            let off = (found - curve(step as f64)).abs();
                            assert!(off <= error, "{turn} {length} {step}: {off:e}");
                        }
                        circles.of(isa, 0.4, 3);
                        circles.of(isa, 0.41, 256);
                    }
                }
            }
        }
    }
}
