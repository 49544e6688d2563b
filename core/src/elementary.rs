//! Elementary functions on the arguments that rates have, cheaper than functions of any argument.
//!
//! An angle of a schedule is a share of a turn: it is folded in whole numbers before it becomes an angle, and never passes 45 degrees.
//! The sine of any `f64` takes angles of up to 10^308 modulo a quarter turn, by a product of a thousand bits; on a chip that is
//! most of the firmware. Here it is a polynomial.
//!
//! An exponential is one of base 2, whose exponent comes apart into a whole number and a rest without a product; the caller gets two
//! factors that together reach twice as far as one number.
//!
//! Everything is a product, a sum or a quotient of `f64` in a stated order, or a step in whole numbers, so that it is the same bits wherever
//! IEEE 754 holds. The polynomials are fdlibm's, and no branch stands among their terms.

use core::f64::consts::{LN_2, LOG2_E};

/// `sin(x)` for `x` from 0 to `pi / 4`, and a few units in the last place beyond.
///
/// Off by less than one unit in the last place: the polynomial by `2^-58`, half a unit by the last sum, and by roundings of a
/// correction that is no more than a tenth of `x`. The bits are those of [`libm::sin`].
#[inline]
pub(crate) fn sine(x: f64) -> f64 {
    const S1: f64 = -1.666_666_666_666_663_2e-1;
    const S2: f64 = 8.333_333_333_322_49e-3;
    const S3: f64 = -1.984_126_982_985_795e-4;
    const S4: f64 = 2.755_731_370_707_006_8e-6;
    const S5: f64 = -2.505_076_025_340_686_3e-8;
    const S6: f64 = 1.589_690_995_211_55e-10;
    let square = x * x;
    let rest = S2 + square * (S3 + square * S4) + square * (square * square) * (S5 + square * S6);
    x + square * x * (S1 + square * rest)
}

/// `2^x` as two factors, the second a power of two.
///
/// Off by less than one and a half units in the last place. The factors cover every `x` from -2040 to 2040, where one number covers 1024:
/// beyond, both are 0 or both infinite, as is right for every `f64` times `2^x` that is rounded to `f32`.
#[inline]
pub(crate) fn exp2_in_two(x: f64) -> [f64; 2] {
    const P1: f64 = 1.666_666_666_666_660_2e-1;
    const P2: f64 = -2.777_777_777_701_559_3e-3;
    const P3: f64 = 6.613_756_321_437_934e-5;
    const P4: f64 = -1.653_390_220_546_525_2e-6;
    const P5: f64 = 4.138_136_797_057_238_5e-8;
    // 1.5 * 2^52: a sum with it has no digits behind the point, and ends in the whole number as an integer has it.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    // 2^2040 takes the smallest number out of the range of `f32`, and 2^-2040 the largest.
    const REACH: f64 = 2040.0;

    // Not "above": NaN goes this way too, and stays NaN.
    if !(libm::fabs(x) <= REACH) {
        let factor = if x < 0.0 { 0.0 } else { x * f64::INFINITY };
        return [factor, factor];
    }
    // 2^x = 2^k * e^r with |r| <= ln(2) / 2. What is left of x is exact.
    let shifted = x + WHOLE;
    let r = LN_2 * (x - (shifted - WHOLE));
    // e^r = 1 + r + r * c / (2 - c) with c = r - r^2 * P(r^2)
    let square = r * r;
    let c = r - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
    let mantissa = 1.0 + (r * c / (2.0 - c) + r);
    // From 0.7 to 1.5.
    in_two(mantissa, shifted.to_bits() as i32)
}

/// `mantissa * 2^k` as two factors, both normal numbers, for a mantissa from 1/2 to 2 and a `k` from -2040 to 2040.
#[inline]
pub(crate) fn in_two(mantissa: f64, k: i32) -> [f64; 2] {
    let half = k >> 1;
    [
        f64::from_bits(mantissa.to_bits().wrapping_add((half as u64) << 52)),
        f64::from_bits((k.wrapping_sub(half).wrapping_add(1023) as u64) << 52),
    ]
}

/// `e^x` as two factors, the second a power of two.
///
/// The exponent is off by two roundings, which is `|x| * 2^-52` of the result.
#[inline]
pub(crate) fn exp_in_two(x: f64) -> [f64; 2] {
    exp2_in_two(LOG2_E * x)
}

/// `e^x`, for an `x` below 0, in one number.
///
/// Below -708 it is subnormal and off by up to 2^-1075, below -746 it is 0. It weighs a rate: of 10^275 or less it takes no more than a
/// thousandth of the smallest `f32`. Larger ones lose digits there that a second factor would keep.
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    let [mantissa, power] = exp_in_two(x);
    mantissa * power
}

/// C's `fmod`: the exact remainder, with the sign of `a`.
///
/// There is one right answer, so that this is [`libm::fmod`] to the bit; that one leaves paths to a panic in a linked
/// program, and divides numbers of 128 bits, which costs a small chip several kilobytes.
pub(crate) fn remainder(a: f64, b: f64) -> f64 {
    if !a.is_finite() || b.is_nan() || b == 0.0 {
        return f64::NAN;
    }
    if libm::fabs(a) < libm::fabs(b) {
        return a;
    }
    let (mut x, mut scale) = parts(a);
    let (y, y_scale) = parts(b);
    // Both have 53 bits: x is less than twice y. Then x * 2^shift modulo y, a bit at a time.
    x = x.checked_sub(y).unwrap_or(x);
    while scale > y_scale && x != 0 {
        x <<= 1;
        x = x.checked_sub(y).unwrap_or(x);
        scale -= 1;
    }
    // The worth of b's last bit where b is normal. Where it is not, the zeros put behind it are taken away again.
    let unit = f64::from_bits(match y_scale {
        53.. => (y_scale.saturating_sub(52) as u64) << 52,
        1..53 => 1 << y_scale.saturating_sub(1),
        _ => {
            x = x.wrapping_shr(1_i32.saturating_sub(y_scale) as u32);
            1
        }
    });
    libm::copysign(x as f64 * unit, a)
}

/// The significand of a finite number but 0 as a whole number of 53 bits, and its exponent counted from that of the subnormals,
/// which is 1.
pub(crate) fn parts(value: f64) -> (u64, i32) {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    match (bits >> 52 & 0x7ff) as i32 {
        0 => {
            let fraction = bits & FRACTION;
            let zeros = fraction.leading_zeros().saturating_sub(11);
            (
                fraction.wrapping_shl(zeros),
                1_i32.saturating_sub_unsigned(zeros),
            )
        }
        exponent => (bits & FRACTION | 1 << 52, exponent),
    }
}

#[cfg(test)]
mod tests {
    use core::f64::consts::FRAC_PI_4;

    use super::*;

    /// Numbers between two ends, evenly and near each end.
    fn between(from: f64, to: f64) -> impl Iterator<Item = f64> {
        let share = |part: u32| f64::from(part) / 200_000.0;
        let even = (0..=200_000).map(move |part| from + (to - from) * share(part));
        let near = (0..1_074).flat_map(move |halvings| {
            let part = libm::scalbn(to - from, -halvings);
            [from + part, to - part]
        });
        even.chain(near)
    }

    #[test]
    fn the_sine_has_the_bits_of_a_sine_of_any_argument() {
        for x in between(0.0, FRAC_PI_4) {
            assert_eq!(sine(x).to_bits(), libm::sin(x).to_bits(), "{x:e}");
        }
    }

    /// How many numbers apart two positive ones are.
    fn apart(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    /// Ours is off by less than 1.5 units, libm's by less than one; whole numbers of units apart are 2 at most.
    #[test]
    fn a_power_of_two_is_that_of_libm_to_two_units() {
        for x in between(-1022.0, 1023.5).chain(between(-1.0, 1.0)) {
            let [mantissa, power] = exp2_in_two(x);
            assert!(apart(mantissa * power, libm::exp2(x)) <= 2, "{x:e}");
        }
        for whole in -1022..1024 {
            let [mantissa, power] = exp2_in_two(f64::from(whole));
            assert_eq!(mantissa * power, libm::scalbn(1.0, whole));
        }
        assert!(exp2_in_two(f64::NAN)[0].is_nan());
    }

    #[test]
    fn the_two_factors_reach_twice_as_far() {
        // Exact, and never half-way between two whole numbers.
        for part in (-2040 * 256 + 1..2040 * 256_i32).step_by(2) {
            let x = f64::from(part) / 256.0;
            let [mantissa, power] = exp2_in_two(x);
            assert!(mantissa.is_normal() && power.is_normal(), "{x}");
            let whole = part.div_euclid(256);
            let [one, other] = exp2_in_two(x - f64::from(whole));
            let first = whole / 2;
            let back = libm::scalbn(mantissa, -first) * libm::scalbn(power, first - whole);
            assert_eq!(back, one * other, "{x}");
        }
        for x in [2040.1, 1e5, f64::INFINITY] {
            assert_eq!(exp2_in_two(x), [f64::INFINITY; 2]);
            assert_eq!(exp2_in_two(-x), [0.0; 2]);
        }
    }

    #[test]
    fn the_remainder_is_fmod() {
        let special = [
            0.0,
            5e-324,
            1e-310,
            2.2250738585072014e-308,
            4.450147717014403e-308,
            0.1,
            0.3,
            1.0,
            1.5,
            3.0,
            7.0,
            2e15,
            9e15,
            1e292,
            1e308,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        // Every pair of exponents near and far, with fractions from a Weyl sequence.
        let mut fraction = 0u64;
        let varied = (0..2047u64).step_by(13).map(|exponent| {
            fraction = fraction.wrapping_add(0x9e37_79b9_7f4a_7c15);
            f64::from_bits(exponent << 52 | fraction >> 12)
        });
        let values: std::vec::Vec<f64> = special.into_iter().chain(varied).collect();
        for &a in &values {
            for &b in &values {
                for (a, b) in [(a, b), (-a, b), (a, -b)] {
                    let (found, expected) = (remainder(a, b), libm::fmod(a, b));
                    let same = found.to_bits() == expected.to_bits()
                        || (found.is_nan() && expected.is_nan());
                    assert!(same, "{a:e} mod {b:e}: {found:e}, not {expected:e}");
                }
            }
        }
    }
}
