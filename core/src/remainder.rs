//! The remainder of a division.

/// C's `fmod`: the exact remainder, with the sign of `a`.
///
/// There is one right answer, so that this is [`libm::fmod`] to the bit; that one leaves paths to a panic in a linked
/// program, and divides numbers of 128 bits, which costs a small chip several kilobytes.
pub(crate) fn remainder(a: f64, b: f64) -> f64 {
    if !a.is_finite() || b.is_nan() || b == 0.0 {
        return f64::NAN;
    }
    let (x, x_scale) = parts(a);
    let (y, y_scale) = parts(b);
    if libm::fabs(a) < libm::fabs(b) {
        return a;
    }
    // x * 2^shift modulo y, a bit at a time: x stays below y, which has at most 53 bits.
    let mut x = x.checked_rem(y).unwrap_or(0);
    for _ in y_scale..x_scale {
        x <<= 1;
        x = x.checked_sub(y).unwrap_or(x);
        if x == 0 {
            break;
        }
    }
    // The worth of b's last bit: a power of two, subnormal where the bit is below 2^-1022.
    let unit = match y_scale {
        53.. => (y_scale.saturating_sub(52)) << 52,
        _ => 1 << y_scale.saturating_sub(1),
    };
    libm::copysign(x as f64 * f64::from_bits(unit), a)
}

/// The significand of a finite number as a whole number, and its exponent counted from that of the subnormals, which is 1.
fn parts(value: f64) -> (u64, u64) {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    match bits >> 52 & 0x7ff {
        0 => (bits & FRACTION, 1),
        exponent => (bits & FRACTION | 1 << 52, exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::remainder;

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
