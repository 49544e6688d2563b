//! Polynomials through a few values of a curve, and how far they are from it at most.
//!
//! For a piece of so many steps the places of the values, near those of Chebyshev, are fixed whole steps, and so is the matrix that makes the
//! coefficients from the values: it is worked out once, in whole numbers, so that each entry has but the rounding of its last digit.

use std::sync::LazyLock;

use super::emit::{Reach, fused};
use crate::lanes::{EIGHT, Eights, Lanes, Places};

/// The lengths of pieces, shortest first.
pub(super) const SIZES: [usize; 7] = [8, 16, 32, 64, 128, 256, 512];

/// How many values a polynomial goes through.
const COUNTS: [usize; 7] = [2, 3, 4, 6, 8, 10, 12];

/// The most values.
pub(super) const MOST: usize = 12;

/// Half a unit in the last place of 1.
const HALF_UNIT: f64 = f64::EPSILON / 2.0;

/// A way through values at some of the steps of a piece.
pub(super) struct Fit {
    /// How many values.
    pub(super) count: usize,
    /// Where they are, in steps from the first.
    pub(super) offsets: [u32; MOST],
    /// Each value's share of each coefficient, over the positions from -1 to 1.
    shares: [[f64; MOST]; MOST],
    /// The positions of all steps and of eight more.
    positions: Vec<f64>,
    /// The largest product of the distances of a step from all the values' places, in steps.
    farthest: f64,
    /// How many times as large as the errors of the values that of the polynomial is, at most.
    lebesgue: f64,
    /// The sum of the sizes of all shares.
    spread: f64,
}

impl Fit {
    fn new(size: usize, count: usize) -> Self {
        let last = size as i128 - 1;
        let mut offsets = [0_u32; MOST];
        for (i, offset) in offsets[..count].iter_mut().enumerate() {
            let angle = std::f64::consts::PI * (2 * i + 1) as f64 / (2 * count) as f64;
            *offset = (0.5 * last as f64 * (1.0 - angle.cos())).round() as u32;
        }
        // Twice the step less the last one: whole numbers from -last to last.
        let place = |offset: u32| 2 * i128::from(offset) - last;
        let mut shares = [[0.0; MOST]; MOST];
        for i in 0..count {
            let own = place(offsets[i]);
            let others = || (0..count).filter(|&m| m != i).map(|m| place(offsets[m]));
            let mut coefficients = [0_i128; MOST];
            coefficients[0] = 1;
            for other in others() {
                for k in (0..MOST).rev() {
                    let lower = if k > 0 { coefficients[k - 1] } else { 0 };
                    coefficients[k] = lower - other * coefficients[k];
                }
            }
            let divisor: i128 = others().map(|other| own - other).product();
            for (k, coefficient) in coefficients.iter().enumerate() {
                shares[i][k] = *coefficient as f64 * (last as f64).powi(k as i32) / divisor as f64;
            }
        }
        let positions: Vec<f64> = (0..(size + EIGHT) as u32)
            .map(|step| place(step) as f64 / last as f64)
            .collect();
        let basis = |i: usize, x: f64| (0..count).rev().fold(0.0, |sum, k| sum * x + shares[i][k]);
        // The positions' own roundings are far below the percent that is added.
        let lebesgue = positions[..size]
            .iter()
            .map(|&x| (0..count).map(|i| basis(i, x).abs()).sum::<f64>())
            .fold(0.0, f64::max);
        let farthest = (0..size as u32)
            .map(|step| {
                let distances = offsets[..count]
                    .iter()
                    .map(|&at| f64::from(step.abs_diff(at)));
                distances.product::<f64>()
            })
            .fold(0.0, f64::max);
        Self {
            count,
            offsets,
            shares,
            positions,
            farthest: farthest * 1.01,
            lebesgue: lebesgue * 1.01,
            spread: shares
                .iter()
                .flatten()
                .map(|share| share.abs())
                .sum::<f64>()
                * 1.01,
        }
    }

    /// How far the polynomial through exact values is from a curve with this bound of its Taylor coefficients, whose order is the number of
    /// values.
    pub(super) fn truncation(&self, taylor: f64) -> f64 {
        self.farthest * taylor
    }

    /// The polynomial through `values` of a curve of which no term is above `size`, and how far it is off, as it is computed. It is `truncation`
    /// away from exact values, and those that were given and those that will be compared are off by `2^-47 * size`.
    pub(super) fn polynomial(
        &self,
        values: &[f64; MOST],
        truncation: f64,
        size: f64,
    ) -> (Polynomial, Reach) {
        // Only what the values differ by goes through the sums.
        let middle = values[self.count / 2];
        let apart: [f64; MOST] = std::array::from_fn(|i| {
            if i < self.count {
                values[i] - middle
            } else {
                0.0
            }
        });
        let mut coefficients = [0.0; MOST];
        for (value, shares) in apart.iter().zip(&self.shares[..self.count]) {
            for (coefficient, share) in coefficients.iter_mut().zip(shares) {
                *coefficient += value * share;
            }
        }
        coefficients[0] += middle;
        let range = apart
            .iter()
            .fold(0.0, |range: f64, apart| range.max(apart.abs()));
        // A coefficient: a product, a sum and three roundings of the share for each value. Then at each step two roundings and that of the
        // position for each coefficient, none of which is reached by a partial sum above `spread * range`.
        let roundings = (4 * self.count + 16) as f64 * HALF_UNIT * self.spread * range;
        let error = truncation
            + (self.lebesgue + 1.0) * size * VALUE_ERROR
            + roundings
            + 8.0 * HALF_UNIT * size;
        (Polynomial { coefficients }, Reach::absolute(error))
    }

    /// Hands the curve of the polynomial from place `first` on to `user`.
    pub(super) fn with<U: CurveUser>(&self, polynomial: &Polynomial, first: usize, user: U) {
        let positions = &self.positions[first..];
        macro_rules! counts {
            ($($count:literal),+) => {
                match self.count {
                    $($count => user.take(Horner::<$count> {
                        coefficients: std::array::from_fn(|k| polynomial.coefficients[k]),
                        positions,
                    }),)+
                    _ => unreachable!("there are fits of no other counts"),
                }
            };
        }
        counts!(2, 3, 4, 6, 8, 10, 12);
    }
}

/// Takes a curve whose type is one of several.
pub(super) trait CurveUser {
    /// Takes it.
    fn take<C: Eights>(self, curve: C);
}

/// What no value of a smooth curve is off by, as a share of its largest term.
pub(super) const VALUE_ERROR: f64 = 1.0 / (1_u64 << 47) as f64;

/// A polynomial of a piece's position.
pub(super) struct Polynomial {
    coefficients: [f64; MOST],
}

/// A polynomial in as many lanes as there are. Its bits are nobody's promise: they are within a bound.
#[derive(Clone, Copy)]
struct Horner<'a, const N: usize> {
    coefficients: [f64; N],
    positions: &'a [f64],
}

impl<const N: usize> Eights for Horner<'_, N> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let x: &[f64; EIGHT] = self.positions[places.first..]
            .first_chunk()
            .expect("positions go on beyond the piece");
        let mut sums = [self.coefficients[N - 1]; EIGHT];
        for coefficient in self.coefficients[..N - 1].iter().rev() {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = fused::<L>(*sum, *x, *coefficient);
            }
        }
        sums
    }
}

/// The fits of pieces of one of the [`SIZES`], those through few values first.
pub(super) fn fits(size: usize) -> &'static [Fit] {
    static FITS: LazyLock<[Vec<Fit>; SIZES.len()]> = LazyLock::new(|| {
        SIZES.map(|size| {
            let counts = COUNTS.into_iter().filter(|&count| 2 * count <= size);
            counts.map(|count| Fit::new(size, count)).collect()
        })
    });
    &FITS[size.trailing_zeros() as usize - 3]
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::Isa;

    struct Stored<'a>(Isa, &'a mut [f64]);

    impl CurveUser for Stored<'_> {
        fn take<C: Eights>(self, curve: C) {
            store(self.0, &curve, 0, self.1);
        }
    }

    /// A curve whose Taylor coefficients are known: `e^(rate t)`.
    #[test]
    fn every_fit_is_within_its_error_on_every_instruction_set() {
        for size in SIZES {
            for fit in fits(size) {
                for rate in [1e-5, 1e-3, 0.5 / size as f64, 2.0 / size as f64] {
                    let curve = |step: f64| (rate * step).exp();
                    let mut values = [0.0; MOST];
                    for (value, offset) in values.iter_mut().zip(&fit.offsets[..fit.count]) {
                        *value = curve(f64::from(*offset));
                    }
                    let largest = curve((size - 1) as f64);
                    let factorial: f64 = (1..=fit.count).map(|k| k as f64).product();
                    let taylor = largest * rate.powi(fit.count as i32) / factorial;
                    let (polynomial, reach) =
                        fit.polynomial(&values, fit.truncation(taylor), largest);
                    let error = reach.absolute;
                    for isa in Isa::available() {
                        for first in [0, 1, size / 2] {
                            let mut out = vec![0.0; size - first];
                            fit.with(&polynomial, first, Stored(isa, &mut out));
                            for (step, found) in (first..).zip(out) {
                                let off = (found - curve(step as f64)).abs();
                                let count = fit.count;
                                assert!(
                                    off <= error,
                                    "{count} of {size}, rate {rate}, step {step}: {off:e} is above {error:e}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
