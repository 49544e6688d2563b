//! Waves through three values: `a + b * cos(n * turn) + c * sin(n * turn)`.

use crate::lanes::{Isa, Kernel, Lanes};

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
    /// The circle of this turn.
    pub(super) fn of(&mut self, isa: Isa, turn: f64) -> &Circle {
        let known = self.known.iter().position(|circle| circle.turn == turn);
        let at = known.unwrap_or_else(|| {
            let at = self.next;
            self.next = (at + 1) % REMEMBERED;
            if at == self.known.len() {
                self.known.push(Circle {
                    turn,
                    sines: vec![0.0; 2 * HALF],
                    lacking: vec![0.0; 2 * HALF],
                });
            }
            self.known[at].turn = turn;
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
            sines,
            lacking,
        } = self.0;
        let (back_sines, sines) = sines.split_at_mut(HALF);
        let (back_lacking, cosines) = lacking.split_at_mut(HALF);
        (sines[0], cosines[0]) = (0.0, 1.0);
        let mut known = 1;
        // Each time as many again, further by an angle whose own sine and cosine are taken: no error is doubled.
        while known < HALF {
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
        // The last one is that of `HALF` turns back, which none of the waves goes.
        for (back, ahead) in back_sines.iter_mut().rev().zip(&sines[1..]) {
            *back = -ahead;
        }
        for (back, ahead) in back_lacking.iter_mut().rev().zip(&cosines[1..]) {
            *back = *ahead;
        }
    }
}

impl Circle {
    /// Fills `out` with the wave that has these values at its first step, in the middle of its odd number of steps and at the last of them; an
    /// even number has one step more. What it gives, times the largest term of the wave, is how far any value is off.
    pub(super) fn wave(&self, isa: Isa, [first, middle, last]: [f64; 3], out: &mut [f64]) -> f64 {
        let half = (out.len() - 1) / 2;
        let (sine, lacking) = (self.sines[HALF + half], self.lacking[HALF + half]);
        let from = HALF - half;
        isa.run(Wave {
            middle,
            across: (last - first) / 2.0 / sine,
            along: ((last - middle) + (first - middle)) / 2.0 / lacking,
            sines: &self.sines[from..from + out.len()],
            lacking: &self.lacking[from..from + out.len()],
            out,
        });
        // Each of the three values is off by 2^-47 of the largest term, and so is the core's. What the cosine lacks is, one step beyond the ends of
        // eight, 16/9 of what it lacks there, and the sine 4/3: their errors come in five times, with the core's six times.
        const VALUES: f64 = 8.0 / (1_u64 << 47) as f64;
        // Sines and cosines are off by eight times four roundings, and by what their angle is, which was rounded three times. Both the one at a
        // step and the one at the ends count, with the same shares.
        let circle = (40.0 + 4.0 * self.turn * half as f64) * f64::EPSILON;
        VALUES + 6.0 * circle
    }
}

/// A wave around its middle.
struct Wave<'a> {
    middle: f64,
    across: f64,
    along: f64,
    sines: &'a [f64],
    lacking: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Wave<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let angles = self.sines.iter().zip(self.lacking);
        for ((sine, lacking), out) in angles.zip(self.out) {
            *out = self.middle + (self.across * sine + self.along * lacking);
        }
    }
}

#[cfg(test)]
mod tests {
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
                        circles.of(isa, 0.01 * f64::from(other) + 1e-3);
                    }
                    for _ in 0..2 {
                        let mut out = vec![0.0; length];
                        let error = 0.75 * circles.of(isa, turn).wave(isa, three, &mut out);
                        for (step, found) in out.iter().enumerate() {
                            let off = (found - curve(step as f64)).abs();
                            assert!(off <= error, "{turn} {length} {step}: {off:e}");
                        }
                        circles.of(isa, 0.4);
                        circles.of(isa, 0.41);
                    }
                }
            }
        }
    }
}
