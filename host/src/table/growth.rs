//! What grows by one factor a step.

use std::cell::Cell;
use std::ops::Range;

use super::emit::{Line, SIXTEEN, each_fused};
use super::power::{EXPONENTIAL_ERROR, exp2};
use super::recent::Recent;
use crate::lanes::{EIGHT, Eights, Lanes, PART, Places, lanewise};

/// How fast something grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// A step.
    pub(super) doublings: f64,
    /// Whether it has another sign at each step.
    pub(super) alternates: bool,
}

/// What grows, for no more than [`LONGEST`](super::emit::LONGEST) steps: in 0 to 7 of them, in 0 to 15 times as many as 8, and in as many times 128; the last from where it begins.
#[derive(Clone, Copy)]
pub(super) struct Growth {
    rate: Rate,
    near: [f64; EIGHT],
    far: [f64; SIXTEEN],
    farthest: [f64; SIXTEEN],
}

impl Growth {
    /// The growth of this rate.
    pub(super) fn known(growths: &mut Recent<Self>, rate: Rate) -> &Self {
        growths.of(|growth| growth.rate == rate, || Self::new(rate))
    }

    /// From 1 on, off by less than 2^-46 of it.
    pub(super) fn new(rate: Rate) -> Self {
        // So many times are a rate without a rounding.
        let [one, far, farthest] =
            [1.0, EIGHT as f64, PART as f64].map(|steps| (steps * rate.doublings).exp2());
        let mut near = powers(one);
        if rate.alternates {
            for grown in near.iter_mut().skip(1).step_by(2) {
                *grown = -*grown;
            }
        }
        Self {
            rate,
            near,
            far: powers(far),
            farthest: powers(farthest),
        }
    }

    /// How fast it grows.
    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// From another beginning on.
    pub(super) fn from(mut self, begin: f64) -> Self {
        for grown in &mut self.farthest {
            *grown *= begin;
        }
        self
    }

    /// After so many steps, of which every eighth begins a group.
    #[inline(always)]
    fn group(&self, at: usize) -> f64 {
        self.far[at / EIGHT % SIXTEEN] * self.farthest[at / PART % SIXTEEN]
    }

    /// After so many steps.
    pub(super) fn of(&self, steps: usize) -> f64 {
        self.near[steps % EIGHT] * self.group(steps)
    }
}

/// The powers of a factor from 1 on.
fn powers<const N: usize>(factor: f64) -> [f64; N] {
    let mut powers = [1.0; N];
    for at in 1..N {
        powers[at] = powers[at - 1] * factor;
    }
    powers
}

impl Eights for Growth {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        !self.rate.alternates
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let grown = self.group(places.first);
        lanewise(self.near, |near| near * grown)
    }
}

/// What rows side by side that grow are off by besides, as a share of it: an exponential, of an exponent below 2^10 that was rounded, and as many
/// products with what they grow by, which was rounded, as there are steps in a block.
pub(super) const GROWTHS_ERROR: f64 = 2.0 * EXPONENTIAL_ERROR;

/// Eight rows side by side that grow. They are asked for step after step.
pub(super) struct Growths<'a> {
    now: Cell<[f64; EIGHT]>,
    factors: &'a [f64; EIGHT],
}

impl<'a> Growths<'a> {
    /// From some places on, with what they are at place 0, their doublings a step, and what they grow by.
    #[inline(always)]
    pub(super) fn from<L: Lanes>(
        places: &Places,
        begins: &[f64; EIGHT],
        doublings: &[f64; EIGHT],
        factors: &'a [f64; EIGHT],
    ) -> Self {
        let grown = exp2::<L>(product(places.numbers, doublings));
        Self {
            now: Cell::new(product(grown, begins)),
            factors,
        }
    }
}

impl Eights for Growths<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, _places: &Places) -> [f64; EIGHT] {
        let now = self.now.get();
        self.now.set(product(now, self.factors));
        now
    }
}

/// Eight rows side by side that are lines, each of which grows, above a limit.
pub(super) struct GrowingLines<'a> {
    pub(super) lines: Line<&'a [f64; EIGHT]>,
    pub(super) growths: Growths<'a>,
    pub(super) limits: &'a [f64; EIGHT],
}

impl Eights for GrowingLines<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let (lines, grown) = (
            self.lines.eight::<L>(places),
            self.growths.eight::<L>(places),
        );
        each_fused::<L>(lines, grown, *self.limits)
    }
}

#[inline(always)]
fn product(mut a: [f64; EIGHT], b: &[f64; EIGHT]) -> [f64; EIGHT] {
    for (a, b) in a.iter_mut().zip(b) {
        *a *= b;
    }
    a
}

#[cfg(test)]
mod tests {
    use super::super::emit::{LONGEST, store};
    use super::*;
    use crate::lanes::{Isa, Kernel};

    /// Rows side by side from a step on, one step after the other.
    struct Side<'a>(&'a [[f64; EIGHT]; 5], usize, &'a mut [[[f64; EIGHT]; 2]]);

    impl Kernel for Side<'_> {
        type Output = ();

        #[inline(always)]
        fn run<L: Lanes>(self) {
            let [begin, step, limits, doublings, factors] = self.0;
            let mut places = Places {
                first: self.1,
                numbers: [self.1 as f64; EIGHT],
            };
            let growths = || Growths::from::<L>(&places, &[0.7; EIGHT], doublings, factors);
            let alone = growths();
            let lines = GrowingLines {
                lines: Line { begin, step },
                growths: growths(),
                limits,
            };
            for out in self.2 {
                *out = [alone.eight::<L>(&places), lines.eight::<L>(&places)];
                places.next_of_each();
            }
        }
    }

    #[test]
    fn growths_side_by_side_are_within_their_error_on_every_instruction_set() {
        let doublings: [f64; EIGHT] = [-0.45, -0.3, -1e-9, 0.0, 1e-4, 0.02, 0.2, -0.1];
        let begin = [3.0, 1.0, 0.5, 7.0, 1.0, 2000.0, 30.0, 1e-3];
        let step = [1.0, -0.0, -1e-5, 0.5, 1.0, -0.25, 1.0, 1.0];
        let limits = [0.0, -0.0, 1.0, -2.0, 0.125, 0.0, 1e9, -1e-9];
        let numbers = [begin, step, limits, doublings, doublings.map(f64::exp2)];
        for isa in Isa::available() {
            for first in [0, 31, 1500, 2000] {
                let mut out = [[[0.0; EIGHT]; 2]; 32];
                isa.run(Side(&numbers, first, &mut out));
                for (at, [alone, lines]) in out.iter().enumerate() {
                    let place = (first + at) as f64;
                    for lane in 0..EIGHT {
                        let grown = 0.7 * (doublings[lane] * place).exp2();
                        // The exponent is off by a rounding here, too.
                        let exponent = (doublings[lane] * place).abs() * f64::EPSILON;
                        let off = (alone[lane] / grown - 1.0).abs();
                        let error = GROWTHS_ERROR + exponent;
                        assert!(off <= error, "{} {lane} {place}: {off:e}", isa.name());
                        let term = (begin[lane] + step[lane] * place) * grown;
                        let off = (lines[lane] - (limits[lane] + term)).abs();
                        let sum = term.abs() + limits[lane].abs();
                        let error = error * term.abs() + 4.0 * f64::EPSILON * sum;
                        assert!(off <= error, "{} {lane} {place}: {off:e}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn growths_are_within_their_error_on_every_instruction_set() {
        for rate in [-0.45, -0.3, -1e-9, 0.0, 1e-4, 0.02, 0.45] {
            for alternates in [false, true] {
                let mut growths = Recent::default();
                // Others after it, so that it is forgotten, and again.
                let rate_of = |doublings| Rate {
                    doublings,
                    alternates,
                };
                Growth::known(&mut growths, rate_of(rate));
                for other in 1..=4 {
                    Growth::known(&mut growths, rate_of(2.0 + f64::from(other)));
                }
                let growth = Growth::known(&mut growths, rate_of(rate)).from(0.75);
                for isa in Isa::available() {
                    let mut out = [0.0; LONGEST];
                    store(isa, &growth, 0, &mut out);
                    for (step, found) in out.into_iter().enumerate() {
                        let sign = if alternates && step % 2 == 1 {
                            -1.0
                        } else {
                            1.0
                        };
                        let exact = sign * 0.75 * (rate * step as f64).exp2();
                        // The exponent itself is off by a rounding here.
                        let error = 2_f64.powi(-46) + rate.abs() * step as f64 * f64::EPSILON;
                        let off = (found / exact - 1.0).abs();
                        assert!(off <= error, "{rate} {step}: {off:e} is above {error:e}");
                        assert_eq!(found, growth.of(step));
                    }
                }
            }
        }
    }
}
