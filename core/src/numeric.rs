//! The pieces that several schedules share: weights without cancellation, and powers without accumulation.

use core::f64::consts::{LN_2, LOG2_E};

use crate::elementary::{exp_in_two, exp2_in_two, in_two, parts};

/// What the step alone decides about a rate; what the numbers mean is each kind's own affair.
///
/// Two trials whose schedules have the same shape and different rates share it.
pub type Profile = [f64; 3];

/// `from * weights[0] + to * weights[1]`, the way every blend between two rates ends.
///
/// Both weights are at least 0, and each carries its own relative accuracy. So where the two rates have the same
/// sign nothing cancels, which `to + (from - to) * weight` does when `from` is far below `to`.
#[inline]
pub(crate) fn blend(from: f64, to: f64, weights: Profile) -> f64 {
    from * weights[0] + to * weights[1]
}

/// A blend of those two of three rates that have a weight.
#[inline]
pub(crate) fn blend_neighbours(rates: [f64; 3], weights: Profile) -> f64 {
    let ([a, b, c], [of_a, of_b, of_c]) = (rates, weights);
    if of_a == 0.0 {
        blend(b, c, [of_b, of_c, 0.0])
    } else if of_c == 0.0 {
        blend(a, b, [of_a, of_b, 0.0])
    } else {
        blend(a, c, [of_a, of_c, 0.0])
    }
}

/// The weights of a straight line: `[left / span, done / span]`, where `left = span - done` as integers.
#[inline]
pub(crate) fn linear_weights(done: u32, span: u32) -> Profile {
    let (left, whole) = (f64::from(span.saturating_sub(done)), f64::from(span));
    [left / whole, f64::from(done) / whole, 0.0]
}

/// `[smaller, 1 - smaller]` in the order asked for: the smaller weight is the one computed, the other is its complement.
#[inline]
pub(crate) fn complement(smaller: f64, smaller_is_first: bool) -> Profile {
    if smaller_is_first {
        [smaller, 1.0 - smaller, 0.0]
    } else {
        [1.0 - smaller, smaller, 0.0]
    }
}

/// How many times a factor is applied by products; more often it is applied by an exponential.
///
/// The products take a chip no more than 15 multiplications, an exponential the time of 25.
const FEW: u32 = 512;

/// Growth by a factor at each step, or by the exponential of a rate.
///
/// A power of at most 512 factors is made of products, by squaring: no more than 511 roundings in all, which is 1e-6 ULP of an `f32`.
/// Their error grows with `n`, to 1.45 ULP at 2^32, so that a higher power is the exponential of `n` times the logarithm, which is taken
/// once: its error before rounding stays below 1e-5 ULP at every `n`.
///
/// What is wanted is `base * factor^n` for any finite base, and it comes as two factors, `factor^(n / 2)` and the rest: one number would
/// be infinite or 0 long before a tiny base has grown or a huge one has decayed. Neither of the two is so while it matters. Where
/// the larger half, of `h > 1` factors, is beyond 2^1024, the power is beyond 2^(1024 * (2 - 1 / h)), at least 2^1536, and no base brings it
/// back into the range of `f32`; below 2^-1022, where numbers lose digits, the same holds of 0. One factor alone is what was given.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Growth {
    /// The factor or the rate as it was given: a logarithm does not give the factor back.
    given: f64,
    /// The logarithm of the growth of one step to base 2.
    doublings: f64,
    is_factor: bool,
}

impl Growth {
    /// Growth by the factor `base` a step; `0^0 = 1`.
    pub(crate) fn by_factor(base: f64) -> Self {
        Self {
            given: base,
            doublings: LOG2_E * libm::log(libm::fabs(base)),
            is_factor: true,
        }
    }

    /// Growth by the factor `e^rate` a step.
    pub(crate) const fn at_rate(rate: f64) -> Self {
        Self {
            given: rate,
            doublings: LOG2_E * rate,
            is_factor: false,
        }
    }

    /// What it was made from: the factor or the rate.
    pub(crate) const fn given(&self) -> f64 {
        self.given
    }

    /// The logarithm of what a step is multiplied by, without its sign.
    pub(crate) fn rate(&self) -> f64 {
        LN_2 * self.doublings
    }

    /// What the growth after `n` steps lacks to 1, with its own relative accuracy, where the growth is `grown`, from 0 to 1.
    pub(crate) fn shortfall(&self, n: u32, grown: f64) -> f64 {
        if n == 0 {
            0.0
        } else if grown <= 0.5 {
            1.0 - grown
        } else {
            -libm::expm1(LN_2 * self.doublings * f64::from(n))
        }
    }

    /// Two factors whose product is the growth after `n` steps.
    #[inline]
    pub(crate) fn after(&self, n: u32) -> Profile {
        let odd = n & 1 == 1;
        let [half, other] = if self.is_factor && n <= FEW {
            let size = libm::fabs(self.given);
            let half = whole_power(size, n >> 1);
            [half, if odd { half * size } else { half }]
        } else if n == 0 {
            [1.0, 1.0]
        } else {
            exp2_in_two(self.doublings * f64::from(n))
        };
        let alternates = self.is_factor && self.given < 0.0;
        [half, if alternates && odd { -other } else { other }, 0.0]
    }

    /// Two factors whose product is the growth after `n / span` steps, of a base that is not negative.
    #[inline]
    pub(crate) fn after_share(&self, n: u32, span: u32) -> Profile {
        if n == 0 {
            return [1.0, 1.0, 0.0];
        }
        let [half, other] = exp2_in_two(self.doublings * (f64::from(n) / f64::from(span)));
        [half, other, 0.0]
    }
}

/// `base^n` by squaring; `0^0 = 1`.
#[inline]
pub(crate) fn whole_power(base: f64, n: u32) -> f64 {
    if n == 0 {
        return 1.0;
    }
    // From the highest bit down: nothing is multiplied by 1.
    let zeros = n.leading_zeros();
    let (mut power, mut bits) = (base, n.wrapping_shl(zeros));
    for _ in zeros..31 {
        bits <<= 1;
        power *= power;
        if bits >> 31 == 1 {
            power *= base;
        }
    }
    power
}

/// `e^exponent` as two factors.
///
/// Two reach twice as far as one number before they overflow or vanish, so that a tiny base grows and a huge one decays
/// correctly wherever their product is in range.
#[inline]
pub(crate) fn exp_in_halves(exponent: f64) -> Profile {
    let [half, other] = exp_in_two(exponent);
    [half, other, 0.0]
}

/// A product of finite factors, of any size: 64 binary digits, of which a factor costs no more than the last two.
///
/// A product of integers costs a chip a third of one of `f64`, and cannot leave its range on the way.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    /// 0, or at least 2^63.
    digits: u64,
    /// What `digits / 2^64` is multiplied with is 2 to this power.
    exponent: i32,
    negative: bool,
}

impl Product {
    pub(crate) const ONE: Self = Self {
        digits: 1 << 63,
        exponent: 1,
        negative: false,
    };

    #[inline]
    pub(crate) fn times(self, factor: f64) -> Self {
        let (digits, scale) = parts(factor);
        let high = high_half(self.digits, digits << 11);
        let short = high >> 63 ^ 1;
        Self {
            digits: high << short,
            // The factor is digits / 2^53 times 2^(scale - 1022).
            exponent: self
                .exponent
                .saturating_add(scale)
                .saturating_sub(1022)
                .saturating_sub(short as i32),
            negative: self.negative != factor.is_sign_negative(),
        }
    }

    /// Two factors that make the product; beyond 2^2040 and below 2^-2040, where no `f64` brings it back into the range of `f32`, they
    /// make no more and no less than that.
    #[inline]
    pub(crate) fn in_two(self) -> [f64; 2] {
        if self.digits == 0 {
            return [0.0, 0.0];
        }
        const WHOLE: f64 = 18_446_744_073_709_551_616.0;
        let [size, power] = in_two(
            self.digits as f64 * (1.0 / WHOLE),
            self.exponent.clamp(-2040, 2040),
        );
        [if self.negative { -size } else { size }, power]
    }

    /// The product in one number.
    #[inline]
    pub(crate) fn value(self) -> f64 {
        let [first, second] = self.in_two();
        first * second
    }
}

/// The upper 64 binary digits of `a * b`, in products of 32, which are one instruction where those of 128 are a call.
#[inline]
fn high_half(a: u64, b: u64) -> u64 {
    const LOW: u64 = 0xffff_ffff;
    let ((a_high, a_low), (b_high, b_low)) = ((a >> 32, a & LOW), (b >> 32, b & LOW));
    let low = a_low.wrapping_mul(b_low) >> 32;
    let first = a_high.wrapping_mul(b_low).wrapping_add(low);
    let second = a_low.wrapping_mul(b_high).wrapping_add(first & LOW);
    a_high
        .wrapping_mul(b_high)
        .wrapping_add(first >> 32)
        .wrapping_add(second >> 32)
}

/// The larger of two numbers, or the first: of two zeros of different sign `f64::max` may give either.
#[inline]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The smaller of two numbers, or the first: of two zeros of different sign `f64::min` may give either.
#[inline]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// `a * b`, where a zero stays zero even times what has overflowed; NaN stays NaN.
#[inline]
pub(crate) fn product(a: f64, b: f64) -> f64 {
    let product = a * b;
    // Only these make NaN of numbers. The largest number in the place of infinity gives the zero its sign.
    if !product.is_nan() {
        product
    } else if a == 0.0 && b.is_infinite() {
        a * libm::copysign(f64::MAX, b)
    } else if b == 0.0 && a.is_infinite() {
        libm::copysign(f64::MAX, a) * b
    } else {
        product
    }
}

/// `a + b`, and what its rounding left out.
#[inline]
pub(crate) fn two_sum(a: f64, b: f64) -> [f64; 2] {
    let sum = a + b;
    let from_b = sum - a;
    [sum, (a - (sum - from_b)) + (b - from_b)]
}

/// `a * b` of finite numbers, and what its rounding left out; nothing where the product is infinite or below 2^-918, too small to matter.
///
/// An `fma` gives the same number. Where there is no instruction for it, it costs a chip more, and a kilobyte of flash: here only the last 64
/// binary digits of the exact product are formed, for it is in them that it differs from the rounded one.
#[inline]
pub(crate) fn two_product(a: f64, b: f64) -> [f64; 2] {
    let product = a * b;
    let ((x, x_scale), (y, y_scale), (rounded, scale)) = (parts(a), parts(b), parts(product));
    // The exact product is x * y * 2^(field - 1023), the rounded one `rounded` times as much of 2^52 or 2^53.
    let field = x_scale.saturating_add(y_scale).saturating_sub(1127);
    if product == 0.0 || product.is_infinite() || field < 1 {
        return [product, 0.0];
    }
    let shift = scale.saturating_sub(field).saturating_sub(52) as u32;
    let error = x.wrapping_mul(y).wrapping_sub(rounded.wrapping_shl(shift)) as i64;
    let error = error as f64 * f64::from_bits((field as u64) << 52);
    [product, if product < 0.0 { -error } else { error }]
}

/// `base` times both factors of a power.
#[inline]
pub(crate) fn grown(base: f64, factors: Profile) -> f64 {
    // Zero stays zero even where the growth has overflowed.
    if base == 0.0 {
        base
    } else {
        base * factors[0] * factors[1]
    }
}

/// Whether two lists hold the same numbers, the sign of a zero included.
pub(crate) fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.iter()
        .map(|x| x.to_bits())
        .eq(b.iter().map(|x| x.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_half_is_that_of_the_whole_product() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state
        };
        let edges = [0, 1, 0xffff_ffff, 1 << 32, 1 << 63, u64::MAX];
        let random: std::vec::Vec<u64> = (0..300).map(|_| next()).collect();
        for &a in edges.iter().chain(&random) {
            for &b in edges.iter().chain(&random) {
                let exact = (u128::from(a) * u128::from(b)) >> 64;
                assert_eq!(u128::from(high_half(a, b)), exact, "{a} {b}");
            }
        }
    }

    /// Exact factors make an exact product, whatever lies on the way.
    #[test]
    fn a_product_leaves_its_range_and_comes_back() {
        let made = |factors: &[f64]| {
            let product = factors
                .iter()
                .fold(Product::ONE, |product, &factor| product.times(factor));
            let [size, power] = product.in_two();
            size * power
        };
        assert_eq!(made(&[]), 1.0);
        assert_eq!(made(&[3.0, -7.0, 0.5]), -10.5);
        let (tiny, huge) = (f64::from_bits(1), 2f64.powi(1023));
        assert_eq!(made(&[tiny, tiny, huge, huge, 2f64.powi(102)]), 1.0);
        assert_eq!(made(&[huge, huge, -huge]), f64::NEG_INFINITY);
        assert_eq!(made(&[tiny, -tiny, tiny]), 0.0);
        assert_eq!(made(&[huge, -0.0, huge]), 0.0);
        // (1 - e)^16 is 1 - 16 * e but for squares of e, far below the last digit.
        let e = f64::EPSILON / 2.0;
        assert_eq!(made(&[1.0 - e; 16]), 1.0 - 16.0 * e);
    }

    #[test]
    fn what_a_product_lacks_is_what_an_fma_finds() {
        // Exponents near and far, with fractions from a Weyl sequence, and fractions of few digits.
        let mut fraction = 0u64;
        let values: std::vec::Vec<f64> = (0..2047u64)
            .step_by(7)
            .flat_map(|exponent| {
                fraction = fraction.wrapping_add(0x9e37_79b9_7f4a_7c15);
                [
                    fraction >> 12,
                    fraction >> 12 & !0xff_ffff_ffff,
                    0,
                    (1 << 52) - 1,
                ]
                .map(|fraction| f64::from_bits(exponent << 52 | fraction))
            })
            .collect();
        for &a in &values {
            for &b in &values {
                for (a, b) in [(a, b), (-a, b), (-a, -b)] {
                    let [product, error] = two_product(a, b);
                    if (2f64.powi(-916)..f64::INFINITY).contains(&product.abs()) {
                        assert_eq!(error, libm::fma(a, b, -product), "{a:e} * {b:e}");
                    } else {
                        assert!(error.abs() <= product.abs() * f64::EPSILON || error == 0.0);
                    }
                }
            }
        }
    }
}
