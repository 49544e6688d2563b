//! The exponential and the logarithm of the cross-entropy, in `f32`: few operations, and the same bits wherever they are done.

use hairpin_core::Fma;

use crate::Real;

/// `1.5 * 2^23`: added to a small number, it leaves the nearest integer in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// Below it the result is 0. It is `-126 ln 2`, rounded up: no result is subnormal.
const EXP_LIMIT: f32 = -87.33654;

/// `ln 2` in two parts; the first has enough zero bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln 2 / 2`, of minimax relative error 3.3e-9.
const EXP_TAIL: [f32; 5] = [
    0.499_999_94,
    0.166_665_15,
    0.041_668_456,
    0.008_369_419,
    0.001_381_314_5,
];

/// `exp(x)` for `x <= 0`; 0 below -87.33654, NaN for NaN. At most 1.0 ULP off where it is not 0.
#[inline(always)]
pub fn exp_nonpositive<R: Real>(x: R) -> R {
    let shifted = x.mul_add(R::splat(core::f32::consts::LOG2_E), R::splat(ROUNDER));
    let n = shifted.sub(R::splat(ROUNDER));
    let r = n.mul_add(R::splat(-LN_2_HIGH), x);
    let r = n.mul_add(R::splat(-LN_2_LOW), r);
    let [c2, c3, c4, c5, c6] = EXP_TAIL.map(R::splat);
    let tail = c6
        .mul_add(r, c5)
        .mul_add(r, c4)
        .mul_add(r, c3)
        .mul_add(r, c2);
    let one = R::splat(1.0);
    let y = tail.mul_add(r, one).mul_add(r, one);
    let y = y.mul(shifted.exp2_of_low_bits());
    x.where_below(R::splat(EXP_LIMIT), R::splat(0.0), y)
}

/// `(ln(1 + f) - f + f^2 / 2) / f^3` for `1 + f` between the square roots of 1/2 and of 2, of minimax relative error 7.6e-10.
const LN_TAIL: [f32; 9] = [
    0.333_333_13,
    -0.250_000_1,
    0.200_021_34,
    -0.166_680_07,
    0.142_192_24,
    -0.124_051_35,
    0.118_903_25,
    -0.116_796_58,
    0.067_466_02,
];

/// `ln(x)` for `x` from 1 to the largest finite number; NaN for NaN, and no promise for others. At most 1.0 ULP off.
#[inline(always)]
#[must_use]
pub fn ln_from_one<F: Fma>(x: f32) -> f32 {
    // The mantissa is moved to [sqrt(1/2), sqrt(2)), by taking its distance from sqrt(1/2) in units in the last place.
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let distance = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (distance as i32 >> 23) as f32;
    let mantissa = f32::from_bits((distance & 0x007f_ffff) + SQRT_HALF_BITS);
    let f = mantissa - 1.0;
    let [c3, c4, c5, c6, c7, c8, c9, c10, c11] = LN_TAIL;
    let tail = F::fma(F::fma(c11, f, c10), f, c9);
    let tail = F::fma(F::fma(tail, f, c8), f, c7);
    let tail = F::fma(F::fma(tail, f, c6), f, c5);
    let tail = F::fma(F::fma(tail, f, c4), f, c3);
    let square = f * f;
    let tail = F::fma(tail * f, square, exponent * LN_2_LOW);
    let tail = F::fma(-0.5, square, tail);
    let y = F::fma(exponent, LN_2_HIGH, f + tail);
    if x.is_nan() { x } else { y }
}

#[cfg(test)]
mod tests {
    use hairpin_core::LibmFma;

    use super::*;
    use crate::Scalar;

    fn exp(x: f32) -> f32 {
        exp_nonpositive(Scalar::<LibmFma>::new(x)).0
    }

    fn ln(x: f32) -> f32 {
        ln_from_one::<LibmFma>(x)
    }

    /// Distance of `found` from the exact value, in units in the last place of the `f32` nearest to it.
    fn ulps(found: f32, exact: f64) -> f64 {
        let nearest = (exact as f32).abs();
        let unit = f64::from(nearest.next_up()) - f64::from(nearest);
        ((f64::from(found) - exact) / unit).abs()
    }

    /// All `f32` from `first` to `last` by encodings, in about `count` even strides.
    fn sweep(first: f32, last: f32, count: u32) -> impl Iterator<Item = f32> {
        let (first, last) = (first.to_bits(), last.to_bits());
        (first..=last)
            .step_by(((last - first) / count).max(1) as usize)
            .map(f32::from_bits)
    }

    #[test]
    fn exp_is_within_one_ulp() {
        let worst = sweep(-1e-9, EXP_LIMIT, 4_000_000)
            .map(|x| ulps(exp(x), libm::exp(f64::from(x))))
            .fold(0.0, f64::max);
        assert!(worst <= 1.0, "{worst} ULP");
    }

    #[test]
    fn exp_has_its_limits() {
        assert_eq!([0.0, -0.0].map(exp), [1.0, 1.0]);
        let below = [f32::NEG_INFINITY, -1e30, EXP_LIMIT.next_down()];
        assert_eq!(below.map(exp), [0.0; 3]);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn ln_is_within_one_ulp() {
        let worst = sweep(1.0, 1024.0, 2_000_000)
            .chain(sweep(1.0, f32::MAX, 1_000_000))
            .map(|x| ulps(ln(x), libm::log(f64::from(x))))
            .fold(0.0, f64::max);
        assert!(worst <= 1.0, "{worst} ULP");
        assert!(ln(f32::NAN).is_nan());
    }
}
