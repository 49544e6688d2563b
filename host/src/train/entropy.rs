//! Mean cross-entropy over the columns of a matrix of logits, a register of them at a time; [`hairpin_arithmetic`] knows how.
//!
//! Logits are class after class, one column a sample, so that a register holds as many samples as it has lanes.

use std::ops::{Add, Deref, DerefMut};

use hairpin_arithmetic::{
    Column, ColumnMut, Sum, descend, is_right, loss as loss_of, mean, score, weight,
};

use crate::lanes::{Kernel, Lanes};

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
    /// Room for two numbers a column.
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
        let weight = weight(count);
        let classes = (logits.len() / stride) as u32;
        for at in (0..stride).step_by(L::WIDTH) {
            let mut column = Register {
                logits: &mut logits[at..],
                stride,
                classes,
            };
            let parts = descend(&mut column, L::load(&labels[at..]), weight);
            // The logarithm is left to a loop over all columns.
            parts.sum.store(&mut losses[at..]);
            parts.offset.store(&mut losses[stride + at..]);
        }
        if count < stride {
            for row in logits.chunks_mut(stride) {
                row[count..].fill(0.0);
            }
        }
        mean(finish::<L>(losses, stride, count), count)
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
        let classes = (logits.len() / stride) as u32;
        for at in (0..stride).step_by(L::WIDTH) {
            let column = Register {
                logits: &logits[at..],
                stride,
                classes,
            };
            let found = score(&column, L::load(&labels[at..]));
            found.parts.sum.store(&mut losses[at..]);
            found.parts.offset.store(&mut losses[stride + at..]);
            found.class.store(&mut guesses[at..]);
        }
        let loss = finish::<L>(losses, stride, count);
        let samples = labels.iter().zip(&*guesses).zip(&*losses).take(count);
        let correct = samples.filter(|&((&label, &guess), &loss)| is_right(label, guess, loss));
        Score {
            loss,
            correct: correct.count() as u32,
        }
    }
}

/// A register of columns, among rows of them.
struct Register<T> {
    /// From the first class of the first column on.
    logits: T,
    /// Elements from class to class.
    stride: usize,
    classes: u32,
}

impl<L: Lanes, T: Deref<Target = [f32]>> Column<L> for Register<T> {
    #[inline(always)]
    fn classes(&self) -> u32 {
        self.classes
    }

    #[inline(always)]
    fn get(&self, class: u32) -> L {
        L::load(&self.logits[class as usize * self.stride..])
    }
}

impl<L: Lanes, T: DerefMut<Target = [f32]>> ColumnMut<L> for Register<T> {
    #[inline(always)]
    fn set(&mut self, class: u32, value: L) {
        value.store(&mut self.logits[class as usize * self.stride..]);
    }
}

/// `losses` holds the sums of exponentials, then `max - right`: makes the first part losses and adds those of `count` columns.
#[inline(always)]
fn finish<L: Lanes>(losses: &mut [f32], stride: usize, count: usize) -> f64 {
    let (losses, offsets) = losses.split_at_mut(stride);
    for (loss, offset) in losses.iter_mut().zip(&*offsets) {
        *loss = loss_of::<L::Fma>(*loss, *offset);
    }
    losses[count..].fill(0.0);
    sum(losses)
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
            *out = sum(row);
        }
    }
}

/// The sum of `numbers`, of which there are a multiple of [`PAD`](crate::lanes::PAD).
#[inline(always)]
fn sum<T: Copy + Default + From<f32> + Add<Output = T>>(numbers: &[f32]) -> T {
    let mut sum = Sum::default();
    let (rounds, _) = numbers.as_chunks();
    for numbers in rounds {
        sum.add(numbers);
    }
    sum.total()
}

#[cfg(test)]
mod tests {
    use hairpin_arithmetic::{PARTIAL, Real, Scalar};
    use hairpin_core::LibmFma;

    use super::*;
    use crate::lanes::{Isa, padded};

    type One = Scalar<LibmFma>;

    const CLASSES: usize = 5;

    /// The column of one sample, by itself.
    struct Single([f32; CLASSES]);

    impl Single {
        fn of(logits: &[f32], stride: usize, at: usize) -> Self {
            Self(core::array::from_fn(|class| logits[class * stride + at]))
        }
    }

    impl Column<One> for Single {
        fn classes(&self) -> u32 {
            CLASSES as u32
        }

        fn get(&self, class: u32) -> One {
            One::splat(self.0[class as usize])
        }
    }

    impl ColumnMut<One> for Single {
        fn set(&mut self, class: u32, value: One) {
            self.0[class as usize] = value.0;
        }
    }

    fn total(losses: &[f32]) -> f64 {
        let mut sum = Sum::<f64>::default();
        for losses in losses.chunks(PARTIAL) {
            let mut round = [0.0; PARTIAL];
            round[..losses.len()].copy_from_slice(losses);
            sum.add(&round);
        }
        sum.total()
    }

    #[test]
    fn registers_of_samples_have_the_bits_of_samples_one_by_one() {
        for count in [1, 16, 45] {
            let stride = padded(count);
            let logits: Vec<f32> = (0..(CLASSES * stride) as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 * 1e-6 - 8.0)
                .collect();
            let labels: Vec<f32> = (0..stride).map(|at| (at * 3 % CLASSES) as f32).collect();

            let mut grads = vec![0.0; logits.len()];
            let (mut descended, mut scored, mut right) = (vec![], vec![], 0);
            for at in 0..count {
                let label = One::splat(labels[at]);
                let mut column = Single::of(&logits, stride, at);
                let found = score(&column, label);
                let loss = loss_of::<LibmFma>(found.parts.sum.0, found.parts.offset.0);
                right += u32::from(is_right(label.0, found.class.0, loss));
                scored.push(loss);
                let parts = descend(&mut column, label, weight(count));
                descended.push(loss_of::<LibmFma>(parts.sum.0, parts.offset.0));
                for (class, grad) in column.0.into_iter().enumerate() {
                    grads[class * stride + at] = grad;
                }
            }

            let columns = Columns {
                labels: &labels,
                count,
            };
            let mut scratch = vec![f32::NAN; 3 * stride];
            for isa in Isa::available() {
                let found = isa.run(Evaluate {
                    columns,
                    logits: &logits,
                    scratch: &mut scratch,
                });
                let expected = Score {
                    loss: total(&scored),
                    correct: right,
                };
                assert_eq!(found, expected, "{} {count}", isa.name());

                let mut found = logits.clone();
                let loss = isa.run(Descend {
                    columns,
                    logits: &mut found,
                    losses: &mut scratch[..2 * stride],
                });
                let expected = mean(total(&descended), count);
                assert_eq!(loss.to_bits(), expected.to_bits(), "{}", isa.name());
                assert!(
                    found
                        .iter()
                        .zip(&grads)
                        .all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{} {count}",
                    isa.name()
                );
            }
        }
    }
}
