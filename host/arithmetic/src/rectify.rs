//! The rectified linear unit, forth and back.

use crate::Real;

/// `x` where it is above 0, else 0. NaN is kept: a broken trial must not look healthy.
#[inline(always)]
pub fn rectify<R: Real>(x: R) -> R {
    let zero = R::splat(0.0);
    x.where_below(zero, zero, x)
}

/// The gradient of what went into units that gave `active`, where that of what they gave is `grad`: all of it above 0, else none.
#[inline(always)]
pub fn rectify_grad<R: Real>(active: R, grad: R) -> R {
    let zero = R::splat(0.0);
    zero.where_below(active, grad, zero)
}

#[cfg(test)]
mod tests {
    use hairpin_core::LibmFma;

    use super::*;
    use crate::Scalar;

    type One = Scalar<LibmFma>;

    #[test]
    fn what_is_broken_stays_broken() {
        let forth = |x| rectify(One::new(x)).0;
        assert_eq!([-1.0, 0.0, 2.0].map(forth), [0.0, 0.0, 2.0]);
        assert!(forth(f32::NAN).is_nan());
        let back = |active, grad| rectify_grad(One::new(active), One::new(grad)).0;
        assert_eq!([0.0, 2.0].map(|active| back(active, -3.0)), [0.0, -3.0]);
        assert!(back(1.0, f32::NAN).is_nan());
    }
}
