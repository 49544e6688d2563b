//! What grows by one factor a step.

use crate::lanes::{EIGHT, Eights, Lanes};

/// The most steps of a [`Growth`]: what three places of eight tell apart.
pub(super) const GROWTH: usize = EIGHT * EIGHT * EIGHT;

/// What grows in 0 to 7 steps, in as many times 8, and in as many times 64; the last from where it begins.
#[derive(Clone, Copy)]
pub(super) struct Growth([[f64; EIGHT]; 3]);

impl Growth {
    /// From 1 on, by so many doublings a step, off by less than 2^-46 of it; with another sign at each step or not.
    pub(super) fn new(rate: f64, alternates: bool) -> Self {
        // So many times are a rate without a rounding.
        let mut places = [1.0, 8.0, 64.0].map(|steps| {
            let factor = (steps * rate).exp2();
            let mut powers = [1.0; EIGHT];
            for at in 1..EIGHT {
                powers[at] = powers[at - 1] * factor;
            }
            powers
        });
        if alternates {
            let [near, ..] = &mut places;
            near.iter_mut()
                .skip(1)
                .step_by(2)
                .for_each(|grown| *grown = -*grown);
        }
        Self(places)
    }

    /// From another beginning on.
    pub(super) fn from(mut self, begin: f64) -> Self {
        let [.., farthest] = &mut self.0;
        farthest.iter_mut().for_each(|grown| *grown *= begin);
        self
    }

    /// After so many steps, of which every eighth begins a group.
    #[inline(always)]
    fn group(&self, at: usize) -> f64 {
        let [_, far, farthest] = &self.0;
        far[at / EIGHT % EIGHT] * farthest[at / (EIGHT * EIGHT) % EIGHT]
    }

    /// After so many steps.
    pub(super) fn of(&self, steps: usize) -> f64 {
        self.0[0][steps % EIGHT] * self.group(steps)
    }
}

impl Eights for Growth {
    #[inline(always)]
    fn eight<L: Lanes>(&self, at: usize) -> [f64; EIGHT] {
        let grown = self.group(at);
        self.0[0].map(|near| near * grown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::Isa;

    #[test]
    fn growths_are_within_their_error_on_every_instruction_set() {
        for rate in [-1.9, -0.3, -1e-9, 0.0, 1e-4, 0.02, 1.9] {
            for alternates in [false, true] {
                let growth = Growth::new(rate, alternates).from(0.75);
                for isa in Isa::available() {
                    let mut out = [0.0; GROWTH];
                    store(isa, &growth, &mut out);
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
