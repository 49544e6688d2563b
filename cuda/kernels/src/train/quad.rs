//! Four samples at once: while one waits for its exponential, the other three compute theirs.

use hairpin_arithmetic::{Real, Scalar};
use hairpin_core::Fma;

/// Four numbers, each by itself.
pub(super) struct Quad<F>(pub(super) [Scalar<F>; 4]);

// Not derived: that would ask `F`, of which there is no value, to be `Copy`.
impl<F> Clone for Quad<F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Quad<F> {}

impl<F: Fma> Quad<F> {
    #[inline(always)]
    pub(super) fn new(numbers: [f32; 4]) -> Self {
        Self(numbers.map(Scalar::new))
    }

    #[inline(always)]
    pub(super) fn get(self) -> [f32; 4] {
        self.0.map(|x| x.0)
    }

    #[inline(always)]
    fn with(self, b: Self, of: impl Fn(Scalar<F>, Scalar<F>) -> Scalar<F>) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.0, b.0);
        Self([of(a0, b0), of(a1, b1), of(a2, b2), of(a3, b3)])
    }

    #[inline(always)]
    fn choose(
        self,
        other: Self,
        then: Self,
        otherwise: Self,
        of: impl Fn(Scalar<F>, Scalar<F>, Scalar<F>, Scalar<F>) -> Scalar<F>,
    ) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.0, other.0);
        let ([c0, c1, c2, c3], [d0, d1, d2, d3]) = (then.0, otherwise.0);
        Self([
            of(a0, b0, c0, d0),
            of(a1, b1, c1, d1),
            of(a2, b2, c2, d2),
            of(a3, b3, c3, d3),
        ])
    }
}

impl<F: Fma> Real for Quad<F> {
    type Fma = F;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self::new([x; 4])
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.choose(b, c, c, |a, b, c, _| a.mul_add(b, c))
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.with(b, Scalar::add)
    }

    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.with(b, Scalar::sub)
    }

    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.with(b, Scalar::mul)
    }

    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.with(b, Scalar::div)
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.with(b, Scalar::max)
    }

    #[inline(always)]
    fn where_below(self, limit: Self, then: Self, otherwise: Self) -> Self {
        self.choose(limit, then, otherwise, Scalar::where_below)
    }

    #[inline(always)]
    fn where_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        self.choose(other, then, otherwise, Scalar::where_equal)
    }

    #[inline(always)]
    fn exp2_of_low_bits(self) -> Self {
        Self(self.0.map(Scalar::exp2_of_low_bits))
    }
}
