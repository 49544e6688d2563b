//! Mean cross-entropy over samples: its gradient for a step, its value for an evaluation.

use hairpin_core::Fma;

use crate::{Real, exp_nonpositive, ln_from_one};

/// Samples whose losses an evaluation sums for themselves, before it adds that sum to those of the samples before them.
///
/// The features of so many small samples fit into a processor's first cache.
pub const SCORED_AT_ONCE: usize = 64;

/// The logits of a sample, or of as many as a register has lanes: a number for each class.
///
/// Implementations are `#[inline(always)]` throughout.
pub trait Column<R> {
    /// How many classes there are, at least one.
    fn classes(&self) -> u32;
    /// The number of `class`, which is below [`Column::classes`].
    fn get(&self, class: u32) -> R;
}

/// A [`Column`] that can be overwritten.
pub trait ColumnMut<R>: Column<R> {
    /// Overwrites the number of `class`, which is below [`Column::classes`].
    fn set(&mut self, class: u32, value: R);
}

/// A cross-entropy before the logarithm is taken, which is left to [`loss`]: it is taken of single numbers, in a loop of its own where
/// there is a register of them.
#[derive(Clone, Copy, Debug)]
pub struct Parts<R> {
    /// Sum over the classes of `exp(logit - largest logit)`.
    pub sum: R,
    /// The largest logit less that of the right class.
    pub offset: R,
}

/// What an evaluation finds in a column.
#[derive(Clone, Copy, Debug)]
pub struct Score<R> {
    /// Its loss, in parts.
    pub parts: Parts<R>,
    /// The first class that has the largest logit.
    pub class: R,
}

/// The share of each of `count` samples in their mean.
#[inline(always)]
#[must_use]
pub fn weight(count: usize) -> f32 {
    1.0 / count as f32
}

/// Turns logits into the gradient of the mean cross-entropy with respect to them. `label` is the right class, as a number;
/// `weight` the share of a sample in the mean.
#[inline(always)]
pub fn descend<R: Real>(column: &mut impl ColumnMut<R>, label: R, weight: f32) -> Parts<R> {
    let Peak { max, right, .. } = Peak::of(column, label);
    let mut sum = R::splat(0.0);
    for class in 0..column.classes() {
        let e = exp_nonpositive(column.get(class).sub(max));
        column.set(class, e);
        sum = sum.add(e);
    }
    let share = R::splat(weight).div(sum);
    for class in 0..column.classes() {
        let target = label.where_equal(R::splat(class as f32), R::splat(-weight), R::splat(0.0));
        column.set(class, column.get(class).mul_add(share, target));
    }
    Parts {
        sum,
        offset: max.sub(right),
    }
}

/// Scores logits, which are left as they are. `label` is the right class, as a number.
#[inline(always)]
pub fn score<R: Real>(column: &impl Column<R>, label: R) -> Score<R> {
    let Peak { max, right, class } = Peak::of(column, label);
    let mut sum = R::splat(0.0);
    for class in 0..column.classes() {
        sum = sum.add(exp_nonpositive(column.get(class).sub(max)));
    }
    Score {
        parts: Parts {
            sum,
            offset: max.sub(right),
        },
        class,
    }
}

/// The cross-entropy whose parts are `sum` and `offset`.
#[inline(always)]
#[must_use]
pub fn loss<F: Fma>(sum: f32, offset: f32) -> f32 {
    ln_from_one::<F>(sum) + offset
}

/// Whether a sample of class `label` is guessed right as `class`. With a NaN loss none is.
#[inline(always)]
#[must_use]
pub fn is_right(label: f32, class: f32, loss: f32) -> bool {
    label == class && !loss.is_nan()
}

/// What a pass over the classes finds in a column.
struct Peak<R> {
    max: R,
    /// The logit of the right class.
    right: R,
    /// The first class that has the maximum.
    class: R,
}

impl<R: Real> Peak<R> {
    #[inline(always)]
    fn of(column: &impl Column<R>, label: R) -> Self {
        let first = column.get(0);
        let mut peak = Self {
            max: first,
            right: first,
            class: R::splat(0.0),
        };
        for class in 1..column.classes() {
            let (z, class) = (column.get(class), R::splat(class as f32));
            peak.right = label.where_equal(class, z, peak.right);
            peak.class = peak.max.where_below(z, class, peak.class);
            peak.max = z.max(peak.max);
        }
        peak
    }
}

#[cfg(test)]
mod tests {
    use hairpin_core::LibmFma;

    use super::*;
    use crate::Scalar;

    type One = Scalar<LibmFma>;

    struct Logits([f32; 4]);

    impl Column<One> for Logits {
        fn classes(&self) -> u32 {
            4
        }

        fn get(&self, class: u32) -> One {
            One::new(self.0[class as usize])
        }
    }

    impl ColumnMut<One> for Logits {
        fn set(&mut self, class: u32, value: One) {
            self.0[class as usize] = value.0;
        }
    }

    fn scored(logits: [f32; 4], label: f32) -> (f32, f32) {
        let Score { parts, class } = score(&Logits(logits), One::new(label));
        (loss::<LibmFma>(parts.sum.0, parts.offset.0), class.0)
    }

    #[test]
    fn loss_and_gradient_are_those_of_the_definition() {
        let logits = [0.5, -1.25, 3.0, 2.0];
        let exps = logits.map(|z| libm::exp(f64::from(z)));
        let sum: f64 = exps.iter().sum();
        for label in 0..4 {
            let exact = libm::log(sum) - f64::from(logits[label]);
            let (loss, class) = scored(logits, label as f32);
            assert!((f64::from(loss) - exact).abs() < 1e-6, "{loss} {exact}");
            assert_eq!(class, 2.0);

            let mut column = Logits(logits);
            let parts = descend(&mut column, One::new(label as f32), weight(8));
            assert_eq!(super::loss::<LibmFma>(parts.sum.0, parts.offset.0), loss);
            for (class, found) in column.0.into_iter().enumerate() {
                let target = if class == label { 1.0 } else { 0.0 };
                let exact = (exps[class] / sum - target) / 8.0;
                assert!((f64::from(found) - exact).abs() < 1e-7, "{found} {exact}");
            }
        }
    }

    #[test]
    fn the_first_of_equals_is_guessed_and_nan_is_never_right() {
        let (loss, class) = scored([1.0, 2.0, 2.0, 0.0], 1.0);
        assert_eq!(class, 1.0);
        assert!(is_right(1.0, class, loss) && !is_right(2.0, class, loss));
        let (loss, class) = scored([5.0, f32::NAN, 0.0, 0.0], 0.0);
        assert!(loss.is_nan() && class == 0.0);
        assert!(!is_right(0.0, class, loss));
    }
}
