//! Parameters and steps for tests: wide ranges, with weight on the values where formulas break.

use crate::rng::Rng;

/// A rate of either sign: mostly one that someone might use, now and then a number with something special to it.
pub fn rate(rng: &mut Rng) -> f64 {
    match rng.up_to(19) {
        0 => rng.pick(&[0.0, -0.0, 1.0, 0.1, 0.5, f64::from(0.1f32)]),
        1 => rng.sign() * rng.log_uniform(1e-46, 1e-37),
        2 => rng.sign() * rng.log_uniform(1e35, 1e40),
        _ => rng.sign() * rng.log_uniform(1e-8, 1e3),
    }
}

/// Both ends of a blend and its length: any, or two ends of one sign so far apart over so many steps that the smaller
/// weight of the larger end decides the rate.
pub fn blend(rng: &mut Rng) -> (f64, f64, u32) {
    if rng.one_in(2) {
        return (rate(rng), rate(rng), length(rng));
    }
    let (near, apart) = (
        rng.sign() * rng.log_uniform(1e-8, 1e3),
        rng.log_uniform(1e6, 1e20),
    );
    let length = rng.log_uniform(1e5, 4.29e9) as u32;
    if rng.one_in(2) {
        (near, near * apart, length)
    } else {
        (near * apart, near, length)
    }
}

/// A factor applied `n` times: where the result stays in range, near 1, far from it, and the special ones.
pub fn gamma(rng: &mut Rng, n: u32) -> f64 {
    match rng.up_to(9) {
        0 => rng.pick(&[
            0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 0.1, 0.9, 0.99, 0.999, 0.9999, 1.1,
        ]),
        1 => rng.sign() * (1.0 + rng.sign() * rng.log_uniform(1e-16, 0.1)),
        2 => rng.sign() * rng.log_uniform(1e-8, 1e8),
        kind => {
            let sign = if kind < 5 { -1.0 } else { 1.0 };
            sign * (rng.uniform(-95.0, 95.0) / f64::from(n.max(1))).exp()
        }
    }
}

/// A length in steps.
pub fn length(rng: &mut Rng) -> u32 {
    match rng.up_to(9) {
        0 => rng.pick(&[
            1,
            2,
            3,
            1 << 24,
            (1 << 24) + 1,
            1 << 31,
            u32::MAX - 1,
            u32::MAX,
        ]),
        1..=3 => 1 + rng.up_to(199),
        _ => rng.log_uniform(1.0, 4.29e9) as u32,
    }
}

/// The exponent of a polynomial.
pub fn power(rng: &mut Rng) -> f64 {
    match rng.up_to(3) {
        0 => f64::from(1 + rng.up_to(11)),
        1 => rng.pick(&[0.5, 0.9, 1.5, 2.5, 1.0, 2.0, 3.0]),
        _ => rng.log_uniform(1e-3, 1e3),
    }
}

/// A step: the ends of the type, where `f32` stops counting, around multiples of `length`, and anywhere.
pub fn step(rng: &mut Rng, length: u32) -> u32 {
    match rng.up_to(9) {
        0 => rng.pick(&[
            0,
            1,
            2,
            (1 << 24) - 1,
            (1 << 24) + 1,
            (1 << 31) - 1,
            1 << 31,
            u32::MAX - 1,
            u32::MAX,
        ]),
        1..=3 => {
            let multiple = length.saturating_mul(1 + rng.up_to(3));
            multiple.saturating_add(rng.up_to(2)).saturating_sub(1)
        }
        4 => rng.up_to(8).min(length),
        5 => length.saturating_sub(rng.up_to(8)),
        6 => rng.up_to(length.saturating_mul(2)),
        7 => rng.log_uniform(1.0, 4.29e9) as u32,
        _ => rng.up_to(u32::MAX),
    }
}
