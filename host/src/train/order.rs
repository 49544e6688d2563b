//! Which rows a step trains on: the same for every trial, decided by the seed alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::random::generator;

/// The stream of a seed that initial weights are drawn from; epoch `e` shuffles with stream `e + 1`.
const INIT_STREAM: u64 = 0;

/// The generator of one stream of a seed.
fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    generator(seed, *b"training", stream)
}

/// Numbers below 1 in size, of either sign, for initial weights.
pub(super) fn signed_units(seed: u64) -> impl Iterator<Item = f32> {
    let mut random = stream(seed, INIT_STREAM);
    // 24 bits: every value is exact, and so is its double less one.
    core::iter::repeat_with(move || {
        let unit = (random.next_u32() >> 8) as f32 / 16_777_216.0;
        2.0 * unit - 1.0
    })
}

/// Endless rows: every epoch is a fresh permutation of the training part, and a batch may span two of them.
#[derive(Debug)]
pub(super) struct Order {
    seed: u64,
    rows: Vec<u32>,
    /// The permutation of `epoch`, once one was asked for.
    shuffled: Vec<u32>,
    epoch: Option<u64>,
}

impl Order {
    /// The order of the training rows `rows` under `seed`.
    pub(super) fn new(seed: u64, rows: Vec<u32>) -> Self {
        Self {
            seed,
            shuffled: rows.clone(),
            rows,
            epoch: None,
        }
    }

    /// The rows of minibatch number `step`.
    pub(super) fn batch(&mut self, step: u32, batch: usize) -> impl Iterator<Item = usize> {
        let first = u64::from(step) * batch as u64;
        (first..first + batch as u64).map(|position| {
            let count = self.rows.len() as u64;
            let (epoch, at) = (position / count, position % count);
            if self.epoch != Some(epoch) {
                self.shuffle(epoch);
            }
            self.shuffled[at as usize] as usize
        })
    }

    /// Fisher and Yates from the last place down. An epoch does not build on the one before, so that any can be had at once.
    fn shuffle(&mut self, epoch: u64) {
        let mut random = stream(self.seed, epoch + 1);
        self.shuffled.copy_from_slice(&self.rows);
        for last in (1..self.shuffled.len()).rev() {
            // The high half of a product spreads 32 bits over fewer places; the bias is below 2^-32 of their number.
            let pick = (u64::from(random.next_u32()) * (last as u64 + 1)) >> 32;
            self.shuffled.swap(last, pick as usize);
        }
        self.epoch = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_holds_every_row_once_and_another_order() {
        let rows: Vec<u32> = (0..10).map(|row| row * 3).collect();
        let mut order = Order::new(7, rows.clone());
        // 15 batches of 4 are 6 epochs of 10; every other batch spans two of them.
        let seen: Vec<u32> = (0..15)
            .flat_map(|step| order.batch(step, 4).collect::<Vec<_>>())
            .map(|row| row as u32)
            .collect();
        let mut epochs: Vec<Vec<u32>> = seen.chunks(10).map(<[u32]>::to_vec).collect();
        assert_ne!(epochs[0], epochs[1]);
        for epoch in &mut epochs {
            epoch.sort_unstable();
            assert_eq!(*epoch, rows);
        }
    }

    #[test]
    fn a_batch_depends_on_seed_and_step_alone() {
        let rows: Vec<u32> = (0..50).collect();
        let batch =
            |seed, step| -> Vec<usize> { Order::new(seed, rows.clone()).batch(step, 8).collect() };
        let mut walked = Order::new(1, rows.clone());
        for step in 0..20 {
            let here: Vec<usize> = walked.batch(step, 8).collect();
            assert_eq!(here, batch(1, step));
        }
        assert_ne!(batch(1, 0), batch(2, 0));
    }

    #[test]
    fn initial_numbers_are_signed_and_below_one() {
        let numbers: Vec<f32> = signed_units(3).take(10_000).collect();
        assert!(numbers.iter().all(|x| x.abs() <= 1.0));
        // The mean of n uniform numbers from -1 to 1 has deviation 1/sqrt(3n) = 0.0058: five of them.
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.029, "{mean}");
    }
}
