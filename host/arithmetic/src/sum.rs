//! Sums over samples, in an order that does not depend on who adds.

use core::ops::Add;

/// How many partial sums a sum has: number `n` is added to partial sum `n % PARTIAL`.
pub const PARTIAL: usize = 16;

/// A sum of numbers that come [`PARTIAL`] at a time; what is short of that is filled up with zeros.
///
/// Each of the [`PARTIAL`] partial sums takes one number of each array, in order; [`fold`] makes one number of them.
/// `f32` sums the gradients of biases, `f64` losses.
#[derive(Clone, Copy, Debug)]
pub struct Sum<T>([T; PARTIAL]);

impl<T: Default + Copy> Default for Sum<T> {
    #[inline(always)]
    fn default() -> Self {
        Self([T::default(); PARTIAL])
    }
}

impl<T: Copy + From<f32> + Add<Output = T>> Sum<T> {
    /// Adds the next numbers.
    #[inline(always)]
    pub fn add(&mut self, numbers: &[f32; PARTIAL]) {
        for (sum, &x) in self.0.iter_mut().zip(numbers) {
            *sum = *sum + T::from(x);
        }
    }

    /// The sum of all numbers that were added.
    #[inline(always)]
    #[must_use]
    pub fn total(self) -> T {
        fold(self.0)
    }
}

/// Adds partial sums in halves: the upper half to the lower one, until one is left. For whoever has a thread for each of them.
#[inline(always)]
pub fn fold<T: Copy + Add<Output = T>>(mut sums: [T; PARTIAL]) -> T {
    let mut half = PARTIAL / 2;
    // The half is never too large; `checked` spares the panic that the compiler would otherwise have to rule out.
    while let Some((lower, upper)) = sums.split_at_mut_checked(half)
        && half > 0
    {
        for (lower, &upper) in lower.iter_mut().zip(&*upper) {
            *lower = *lower + upper;
        }
        half /= 2;
    }
    sums[0]
}

/// The mean of `count` numbers whose sum is `sum`.
#[inline(always)]
#[must_use]
pub fn mean(sum: f64, count: usize) -> f32 {
    (sum / count as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_sums_take_every_sixteenth_number_and_are_folded_in_halves() {
        // Any other order has other bits: 1 is half a unit in the last place of the large one.
        const LARGE: f32 = 16_777_216.0;
        let mut sum = Sum::<f32>::default();
        let mut first = [0.0; PARTIAL];
        (first[0], first[8], first[1], first[9]) = (LARGE, 1.0, 1.0, 1.0);
        sum.add(&first);
        let mut second = [0.0; PARTIAL];
        second[8] = 1.0;
        sum.add(&second);
        let halves = ((LARGE + (1.0 + 1.0)) + 0.0) + (1.0 + 1.0);
        let in_order = LARGE + 1.0 + 1.0 + 1.0 + 1.0;
        assert_ne!(halves, in_order);
        assert_eq!(sum.total(), halves);
    }

    #[test]
    fn every_number_is_added_once() {
        let mut sum = Sum::<f64>::default();
        for start in [0, 16, 32] {
            sum.add(&core::array::from_fn(|i| (start + i) as f32));
        }
        assert_eq!(sum.total(), 1128.0);
        assert_eq!(mean(sum.total(), 48), 23.5);
    }
}
