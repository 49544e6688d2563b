//! Noise on a rate, the same at every target and in any order of calls.

use crate::error::{ConfigError, finite};
use crate::numeric::smaller;
use crate::parameters::words;
use crate::shape::{Way, half_cosine};

words! {
    /// How noise is distributed.
    pub enum Distribution {
        /// Normal, drawn again where it is not within the limit.
        Normal = "normal",
        /// Even between the limits.
        Uniform = "uniform",
    }
}

/// Noise that multiplies a rate by `1 + e`, with `|e|` below `amount`, drawn anew at each step.
///
/// * `begin <= t < end`: `lr(t) = (1 + e(seed, t)) * schedule(t)`
/// * elsewhere: `schedule(t)`
///
/// `e` is a function of the seed and the step alone: there is no state, and a run that is resumed sees the noise it would have
/// seen. The bits of step and seed are mixed by SplitMix64; two draws make one normal number by the method of Box and
/// Muller, and a draw not within `amount` is repeated, up to 64 times, after which an even one stands in: by then `std` is so much larger
/// than `amount` that the two cannot be told apart.
///
/// # Accuracy
/// The draw is the same bits on every target. Its product with the schedule is formed in `f64` and rounded to `f32` once.
///
/// # Pitfalls
/// * Where `amount` is below `std`, as with timm's defaults of 0.67 and 1, a normal `e` is nearly even between the limits.
/// * Two groups of parameters with the same seed move together; give each its own.
/// * An `amount` above 1 can turn a rate negative.
///
/// # Source
/// The `noise_range_t`, `noise_pct`, `noise_std` and `noise_seed` of timm, whose draws come from another generator.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    pub(crate) amount: f64,
    pub(crate) std: f64,
    pub(crate) distribution: Distribution,
    pub(crate) begin: u32,
    pub(crate) end: Option<u32>,
    pub(crate) seed: u32,
}

/// Draws before an even number stands in for a normal one.
const TRIES: u32 = 64;

impl Noise {
    /// Noise below `amount` from step `begin` on, until `end` if there is one; `std` matters to the normal distribution.
    ///
    /// # Errors
    /// A number that is NaN or infinite, an `amount` below 0, a `std` not above 0, or an `end` not after `begin`.
    pub fn new(
        amount: f64,
        std: f64,
        distribution: Distribution,
        begin: u32,
        end: Option<u32>,
        seed: u32,
    ) -> Result<Self, ConfigError> {
        if finite("amount", amount)? < 0.0 {
            return Err(ConfigError::OutOfRange {
                field: "amount",
                value: amount,
                expected: "at least 0",
            });
        }
        if finite("std", std)? <= 0.0 {
            return Err(ConfigError::OutOfRange {
                field: "std",
                value: std,
                expected: "above 0",
            });
        }
        match end {
            Some(end) if end <= begin => Err(ConfigError::OutOfRange {
                field: "end",
                value: f64::from(end),
                expected: "after begin; without an end leave it out",
            }),
            _ => Ok(Self {
                amount,
                std,
                distribution,
                begin,
                end,
                seed,
            }),
        }
    }

    /// What the rate at `step` is multiplied by.
    pub(crate) fn factor(&self, step: u32) -> f64 {
        let on = step >= self.begin && self.end.is_none_or(|end| step < end);
        if on { 1.0 + self.draw(step) } else { 1.0 }
    }

    fn draw(&self, step: u32) -> f64 {
        // No normal number is within nothing: every try would be for nothing.
        if self.amount == 0.0 {
            return 0.0;
        }
        let key = (u64::from(self.seed) << 32) | u64::from(step);
        if self.distribution == Distribution::Normal {
            for attempt in 0..TRIES {
                let normal = self.std * normal(key, attempt);
                if libm::fabs(normal) < self.amount {
                    return normal;
                }
            }
        }
        // Above -1 and below 1.
        self.amount * (2.0 * unit(key, 2 * TRIES) - 1.0)
    }
}

/// A normal number of mean 0 and variance 1.
fn normal(key: u64, attempt: u32) -> f64 {
    let first = unit(key, attempt.saturating_mul(2));
    let second = unit(key, attempt.saturating_mul(2).saturating_add(1));
    // cos(2 * pi * u) is cos(pi * x) with x twice the way to the nearest whole number, and that is the difference of its weights. x and
    // what it lacks to 1 are exact.
    let x = 2.0 * smaller(second, 1.0 - second);
    let [up, down, _] = half_cosine(Way::parts(1.0 - x, x));
    libm::sqrt(-2.0 * libm::log(first)) * (up - down)
}

/// A number above 0 and below 1: the middle of one of 2^52 equal parts.
fn unit(key: u64, draw: u32) -> f64 {
    let bits = mix(mix(key).wrapping_add(u64::from(draw)));
    ((bits >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0
}

/// A step of SplitMix64.
const fn mix(key: u64) -> u64 {
    let z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(amount: f64, std: f64, distribution: Distribution) -> Noise {
        Noise::new(amount, std, distribution, 10, Some(20_010), 7).unwrap()
    }

    #[test]
    fn draws_keep_to_their_range_and_moments() {
        for (std, distribution, variance) in [
            // A normal number within 0.67 standard deviations has a variance of 1 - 2 * 0.67 * phi(0.67) / (2 * Phi(0.67) - 1).
            (1.0, Distribution::Normal, 0.140_2),
            (1.0, Distribution::Uniform, 0.67 * 0.67 / 3.0),
        ] {
            let noise = noise(0.67, std, distribution);
            let draws: std::vec::Vec<f64> =
                (10..20_010).map(|step| noise.factor(step) - 1.0).collect();
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let square = draws.iter().map(|d| d * d).sum::<f64>() / 20_000.0;
            assert!(draws.iter().all(|d| d.abs() < 0.67));
            // Five standard errors of 20,000 draws whose squares vary by less than their limit.
            assert!(mean.abs() < 5.0 * 0.4 / 141.0, "{mean}");
            assert!((square - variance).abs() < 5.0 * 0.14 / 141.0, "{square}");
        }
    }

    #[test]
    fn an_amount_of_nothing_is_none() {
        for distribution in [Distribution::Normal, Distribution::Uniform] {
            let noise = noise(0.0, 1.0, distribution);
            assert!((10..1_000).all(|step| noise.factor(step) == 1.0));
        }
    }

    #[test]
    fn outside_of_its_steps_there_is_none() {
        let noise = noise(0.5, 1.0, Distribution::Uniform);
        assert_eq!(
            [9, 20_010, u32::MAX].map(|step| noise.factor(step)),
            [1.0; 3]
        );
    }

    #[test]
    fn a_limit_that_draws_never_meet_leaves_even_noise() {
        let noise = noise(1e-9, 1e9, Distribution::Normal);
        assert!((10..1_000).all(|step| (noise.factor(step) - 1.0).abs() <= 1e-9));
        assert_ne!(noise.factor(11), noise.factor(12));
    }
}
