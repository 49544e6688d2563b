//! Numbers of 512 bits, and how far an `f32` is from one.

use dashu_float::{FBig, round::mode::HalfEven};

/// A binary float of [`BITS`] bits.
pub type Big = FBig<HalfEven, 2>;

/// What cancels in the formulas as they are written is the distance between two ends, 2^-153 to 2^133 as they are drawn, and
/// weights of 64 bits: 160 bits are left.
pub const BITS: usize = 512;

/// A finite number, exactly.
pub fn big(value: f64) -> Big {
    let exact = Big::try_from(value).expect("a finite number");
    exact.with_precision(BITS).value()
}

/// A step, exactly.
pub fn steps(value: u64) -> Big {
    Big::from(value).with_precision(BITS).value()
}

/// `base` to a real power; `0^0 = 1`. The base is not negative.
pub fn power(base: &Big, exponent: &Big) -> Big {
    let zero = big(0.0);
    if *exponent == zero {
        big(1.0)
    } else if *base == zero {
        zero
    } else {
        (base.ln() * exponent).exp()
    }
}

/// `base^n` for any base; `0^0 = 1`.
pub fn whole_power(base: f64, n: u32) -> Big {
    let size = power(&big(base.abs()), &steps(n.into()));
    if base < 0.0 && n % 2 == 1 {
        -size
    } else {
        size
    }
}

/// What a formula gives without rounding.
#[derive(Clone, Debug)]
pub enum Exact {
    Finite(Big),
    /// A pole, with the sign of this number.
    Infinite(f64),
}

impl From<Big> for Exact {
    fn from(value: Big) -> Self {
        Self::Finite(value)
    }
}

/// Distance of `found` from `exact` in units of the `f32` spacing at `exact`, less an absolute `slack`.
///
/// Below the smallest normal number the spacing stays 2^-149. An infinity counts as 2^128, where it would be if the range went
/// on; beyond that it is the right answer.
pub fn ulps(found: f32, exact: &Exact, slack: f64) -> f64 {
    let exact = match exact {
        Exact::Finite(exact) => exact,
        Exact::Infinite(sign) => {
            let right = found.is_infinite() && f64::from(found).signum() == sign.signum();
            return if right { 0.0 } else { f64::INFINITY };
        }
    };
    if found.is_nan() {
        return f64::INFINITY;
    }
    let size = if *exact < big(0.0) {
        -exact
    } else {
        exact.clone()
    };
    let beyond = big(2f64.powi(128));
    let found = if found.is_infinite() {
        let sign = f64::from(found).signum();
        if size >= beyond && (*exact > big(0.0)) == (sign > 0.0) {
            return 0.0;
        }
        big(sign) * beyond
    } else {
        big(f64::from(found))
    };
    let exponent = if size == big(0.0) {
        -126
    } else {
        let repr = size.repr();
        let top = repr.exponent() + repr.digits() as isize - 1;
        top.clamp(-126, 127)
    };
    let distance = found - exact;
    let distance = if distance < big(0.0) {
        -distance
    } else {
        distance
    };
    let distance = (distance - big(slack)) >> (exponent - 23);
    distance.to_f64().value().max(0.0)
}
