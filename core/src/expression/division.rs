//! Python's `//` and `%` of floats, from the exact remainder.

use crate::remainder::remainder;

/// Whether a remainder of C's kind lies on the other side of zero from the divisor, where Python takes the next one.
fn needs_shift(remainder: f64, divisor: f64) -> bool {
    remainder != 0.0 && (divisor < 0.0) != (remainder < 0.0)
}

/// Python's `a % b`: the divisor's sign, also on a zero. A zero divisor, where Python raises, gives NaN.
pub(super) fn modulo(a: f64, b: f64) -> f64 {
    let remainder = remainder(a, b);
    if remainder == 0.0 {
        libm::copysign(0.0, b)
    } else if needs_shift(remainder, b) {
        remainder + b
    } else {
        remainder
    }
}

/// Python's `a // b`: from the exact remainder, so that it never rounds up to the next whole number as
/// `floor(a / b)` does. A zero divisor, where Python raises, gives what `a / b` gives.
pub(super) fn floor_divide(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return a / b;
    }
    let remainder = remainder(a, b);
    let mut quotient = (a - remainder) / b;
    if needs_shift(remainder, b) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return libm::copysign(0.0, a / b);
    }
    // The division above may have rounded a whole number to just beneath it.
    let whole = libm::floor(quotient);
    if quotient - whole > 0.5 {
        whole + 1.0
    } else {
        whole
    }
}
