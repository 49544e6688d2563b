//! Floats as bits.

/// The distance between neighbouring `f32` numbers at `value`.
pub fn ulp(value: f64) -> f64 {
    // Below the smallest normal number the spacing stays 2^-149.
    let exponent = ((value.abs().to_bits() >> 52) as i32 - 1023).max(-126);
    2f64.powi(exponent - 23)
}
