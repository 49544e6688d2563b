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

/// The measure itself: known distances, the subnormal range, and both sides of overflow.
#[test]
fn ulps_are_measured_in_the_spacing_at_the_exact_value() {
    let at = |exact: f64| Exact::Finite(big(exact));
    let half_ulp = f64::from(f32::EPSILON) / 2.0;
    assert_eq!(ulps(1.0, &at(1.0 + half_ulp / 2.0), 0.0), 0.25);
    assert_eq!(ulps(1.0, &at(1.0 + half_ulp / 2.0), half_ulp / 2.0), 0.0);
    assert_eq!(
        ulps(1.0, &at(1.0 - half_ulp / 2.0), 0.0),
        0.5,
        "below a power of two the spacing is half"
    );
    assert_eq!(ulps(0.0, &at(2f64.powi(-150)), 0.0), 0.5);
    assert_eq!(ulps(0.0, &at(2f64.powi(-1000)), 0.0), 2f64.powi(-851));
    let middle = 2f64.powi(128) - 2f64.powi(103);
    assert_eq!(ulps(f32::INFINITY, &at(middle), 0.0), 0.5);
    assert_eq!(ulps(f32::MAX, &at(middle), 0.0), 0.5);
    assert_eq!(ulps(f32::INFINITY, &at(1e300), 0.0), 0.0);
    assert!(ulps(f32::NEG_INFINITY, &at(1e300), 0.0) > 1.0);
    assert!(ulps(f32::MAX, &at(2f64.powi(128)), 0.0) > 0.5);
    assert_eq!(ulps(f32::NAN, &at(1.0), 0.0), f64::INFINITY);
    assert_eq!(
        ulps(f32::INFINITY, &Exact::Infinite(-1.0), 0.0),
        f64::INFINITY
    );
    let off = power(&big(2.0), &big(0.5)) - big(2.0).sqrt();
    assert!(off < big(2f64.powi(-500)) && -off < big(2f64.powi(-500)));
}
