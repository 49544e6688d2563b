//! What formulas are written over.

use core::marker::PhantomData;

use hairpin_core::Fma;

/// A number, or a register of numbers on which every operation is that of one number in each lane.
///
/// Implementations are `#[inline(always)]` throughout.
pub trait Real: Copy {
    /// The same multiply-add for a single number.
    type Fma: Fma;

    /// `x` in every lane.
    fn splat(x: f32) -> Self;
    /// `self * b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `self + b`
    fn add(self, b: Self) -> Self;
    /// `self - b`
    fn sub(self, b: Self) -> Self;
    /// `self * b`
    fn mul(self, b: Self) -> Self;
    /// `self / b`
    fn div(self, b: Self) -> Self;
    /// `self` where it is greater, else `b`: also where either is NaN.
    fn max(self, b: Self) -> Self;
    /// `then` where `self < limit`, else `otherwise`: also where either is NaN.
    fn where_below(self, limit: Self, then: Self, otherwise: Self) -> Self;
    /// `then` where `self == other`, else `otherwise`.
    fn where_equal(self, other: Self, then: Self, otherwise: Self) -> Self;
    /// Two to the power that the lowest bits of the encoding hold as a signed integer between -126 and 127.
    fn exp2_of_low_bits(self) -> Self;
}

/// One number, with the multiply-add `F`: what a thread of a GPU computes with, and what a register does in each lane.
#[derive(Debug)]
pub struct Scalar<F>(pub f32, PhantomData<F>);

impl<F> Scalar<F> {
    /// The number `x`.
    #[inline(always)]
    #[must_use]
    pub const fn new(x: f32) -> Self {
        Self(x, PhantomData)
    }
}

// Not derived: that would ask `F`, of which there is no value, to be `Copy`.
impl<F> Clone for Scalar<F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Scalar<F> {}

impl<F: Fma> Real for Scalar<F> {
    type Fma = F;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self::new(x)
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self::new(F::fma(self.0, b.0, c.0))
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self::new(self.0 + b.0)
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Self::new(self.0 - b.0)
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Self::new(self.0 * b.0)
    }

    #[inline(always)]
    fn div(self, b: Self) -> Self {
        Self::new(self.0 / b.0)
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        b.where_below(self, self, b)
    }

    #[inline(always)]
    fn where_below(self, limit: Self, then: Self, otherwise: Self) -> Self {
        if self.0 < limit.0 { then } else { otherwise }
    }

    #[inline(always)]
    fn where_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        if self.0 == other.0 { then } else { otherwise }
    }

    #[inline(always)]
    fn exp2_of_low_bits(self) -> Self {
        Self::new(f32::from_bits(
            (self.0.to_bits() << 23).wrapping_add(1.0_f32.to_bits()),
        ))
    }
}
