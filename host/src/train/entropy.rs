//! Mean cross-entropy over the columns of a matrix of logits: its gradient for a step, its value for an evaluation.
//!
//! Logits are class after class, one column a sample, so that a register holds as many samples as it has lanes.

use super::elementary::{exp_nonpositive, ln_from_one};
use super::lanes::{Kernel, Lanes, PAD};

/// The samples that belong to the columns.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// The right class of each column, as a number; anything in the padding.
    pub(super) labels: &'a [f32],
    /// How many columns are samples.
    pub(super) count: usize,
}

/// Turns logits into the gradient of the mean cross-entropy with respect to them, and gives that mean.
///
/// The gradient is 0 in the padding.
pub(super) struct Descend<'a> {
    pub(super) columns: Columns<'a>,
    /// `[classes × padded columns]`
    pub(super) logits: &'a mut [f32],
    /// Room for one number a column.
    pub(super) losses: &'a mut [f32],
}

impl Kernel for Descend<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> f32 {
        let Self {
            columns: Columns { labels, count },
            logits,
            losses,
        } = self;
        let stride = labels.len();
        let weight = 1.0 / count as f32;
        for at in (0..stride).step_by(L::WIDTH) {
            let label = L::load(&labels[at..]);
            let Peak { max, right, .. } = Peak::of(&logits[at..], stride, label);
            let mut sum = L::splat(0.0);
            for row in logits[at..].chunks_mut(stride) {
                let e = exp_nonpositive(L::load(row).sub(max));
                e.store(row);
                sum = sum.add(e);
            }
            // The logarithm is left to a loop over all columns.
            sum.store(&mut losses[at..]);
            let share = L::splat(weight).div(sum);
            for (class, row) in logits[at..].chunks_mut(stride).enumerate() {
                let target =
                    label.where_equal(L::splat(class as f32), L::splat(-weight), L::splat(0.0));
                L::load(row).mul_add(share, target).store(row);
            }
            max.sub(right).store(&mut losses[stride + at..]);
        }
        if count < stride {
            for row in logits.chunks_mut(stride) {
                row[count..].fill(0.0);
            }
        }
        (finish::<L>(losses, stride, count) / count as f64) as f32
    }
}

/// What an evaluation adds up over columns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Score {
    /// Sum of the cross-entropies.
    pub(super) loss: f64,
    /// How many columns have their largest logit, the first of equals, at the right class. With a NaN loss none has.
    pub(super) correct: u32,
}

/// Scores logits, which are left as they are.
pub(super) struct Evaluate<'a> {
    pub(super) columns: Columns<'a>,
    /// `[classes × padded columns]`
    pub(super) logits: &'a [f32],
    /// Room for three numbers a column.
    pub(super) scratch: &'a mut [f32],
}

impl Kernel for Evaluate<'_> {
    type Output = Score;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Score {
        let Self {
            columns: Columns { labels, count },
            logits,
            scratch,
        } = self;
        let stride = labels.len();
        let (losses, guesses) = scratch.split_at_mut(2 * stride);
        for at in (0..stride).step_by(L::WIDTH) {
            let label = L::load(&labels[at..]);
            let Peak { max, right, class } = Peak::of(&logits[at..], stride, label);
            let mut sum = L::splat(0.0);
            for row in logits[at..].chunks(stride) {
                sum = sum.add(exp_nonpositive(L::load(row).sub(max)));
            }
            sum.store(&mut losses[at..]);
            max.sub(right).store(&mut losses[stride + at..]);
            class.store(&mut guesses[at..]);
        }
        let loss = finish::<L>(losses, stride, count);
        let samples = labels.iter().zip(&*guesses).zip(&*losses).take(count);
        let correct = samples.filter(|((label, guess), loss)| label == guess && !loss.is_nan());
        Score {
            loss,
            correct: correct.count() as u32,
        }
    }
}

/// What a pass over the classes finds in each column.
struct Peak<L> {
    max: L,
    /// The logit of the right class.
    right: L,
    /// The first class that has the maximum.
    class: L,
}

impl<L: Lanes> Peak<L> {
    #[inline(always)]
    fn of(logits: &[f32], stride: usize, label: L) -> Self {
        let first = L::load(logits);
        let mut peak = Self {
            max: first,
            right: first,
            class: L::splat(0.0),
        };
        for (class, row) in logits.chunks(stride).enumerate().skip(1) {
            let (z, class) = (L::load(row), L::splat(class as f32));
            peak.right = label.where_equal(class, z, peak.right);
            peak.class = peak.max.where_below(z, class, peak.class);
            peak.max = z.max(peak.max);
        }
        peak
    }
}

/// `losses` holds the sums of exponentials, then `max - right`: makes the first part losses and adds those of `count` columns.
#[inline(always)]
fn finish<L: Lanes>(losses: &mut [f32], stride: usize, count: usize) -> f64 {
    let (losses, offsets) = losses.split_at_mut(stride);
    for (loss, offset) in losses.iter_mut().zip(&*offsets) {
        *loss = ln_from_one::<L::Fma>(*loss) + offset;
    }
    losses[count..].fill(0.0);
    let mut sums = [0.0_f64; PAD];
    for losses in losses.chunks_exact(PAD) {
        for (sum, &loss) in sums.iter_mut().zip(losses) {
            *sum += f64::from(loss);
        }
    }
    fold(sums, |a, b| a + b)
}

/// The sum of each row's first columns, into `out`; rows are padded with zeros.
pub(super) struct RowSums<'a> {
    pub(super) rows: &'a [f32],
    pub(super) stride: usize,
    pub(super) out: &'a mut [f32],
}

impl Kernel for RowSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (row, out) in self.rows.chunks_exact(self.stride).zip(self.out) {
            let mut sums = [0.0_f32; PAD];
            for x in row.chunks_exact(PAD) {
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum += x;
                }
            }
            *out = fold(sums, |a, b| a + b);
        }
    }
}

/// Adds in halves: the order is part of the result, and does not depend on the width of a register.
#[inline(always)]
fn fold<T: Copy>(mut sums: [T; PAD], add: impl Fn(T, T) -> T) -> T {
    let mut half = PAD / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] = add(sums[i], sums[i + half]);
        }
        half /= 2;
    }
    sums[0]
}
