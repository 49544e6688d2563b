//! Where the formula only falls or only rises, so does its `f32`.
//!
//! Neighbouring steps are compared, at parameters that move the exact rate by more than 1e-13 of itself from one to the
//! next: far more than the core's error before its one rounding, so that the order cannot turn.

use hairpin_core::{
    Constant, CosineAnnealing, Exponential, Geometric, InverseSqrt, InverseTime, Linear,
    LinearFactor, LinearWarmup, MultiStep, NaturalExp, Noam, Past, PiecewiseScale, Polynomial,
    Schedule, Step,
};

use crate::configs;
use crate::rng::Rng;

/// Asserts that rates do not rise from `first` to `last`, or do not fall when `rising`.
fn assert_monotone(
    rng: &mut Rng,
    schedule: &dyn Schedule,
    first: u32,
    last: u32,
    rising: bool,
    config: &str,
) {
    let walk = 200.min(last - first);
    let begin = first + rng.up_to(last - first - walk);
    let mut before = schedule.lr(begin);
    for t in begin + 1..=begin + walk {
        let now = schedule.lr(t);
        let (low, high) = if rising { (before, now) } else { (now, before) };
        assert!(
            low <= high,
            "{config}: {before:e} at {}, {now:e} at {t}",
            t - 1
        );
        before = now;
    }
}

#[test]
fn rates_move_in_the_direction_of_their_formula() {
    let mut rng = Rng::from_env("monotone");
    for _ in 0..configs() {
        let rng = &mut rng;
        let rate = rng.log_uniform(1e-6, 1e2);
        let low = rate * rng.log_uniform(1e-6, 0.9);
        let length = 1000 + rng.up_to(99_000);
        // A fall by this exponent over the whole length stays above the smallest f32.
        let fall = rng.uniform(0.1, 60.0) / f64::from(length);
        let config = format!("{rate:e} {low:e} {length} {fall:e}");

        assert_monotone(
            rng,
            &Exponential::new(rate, (-fall).exp()).unwrap(),
            0,
            length,
            false,
            &config,
        );
        assert_monotone(
            rng,
            &Exponential::new(rate, fall.exp()).unwrap(),
            0,
            length,
            true,
            &config,
        );
        assert_monotone(
            rng,
            &Exponential::new(-rate, (-fall).exp()).unwrap(),
            0,
            length,
            true,
            &config,
        );
        assert_monotone(
            rng,
            &NaturalExp::new(rate, fall).unwrap(),
            0,
            length,
            false,
            &config,
        );
        assert_monotone(
            rng,
            &InverseTime::new(rate, fall).unwrap(),
            0,
            length,
            false,
            &config,
        );
        assert_monotone(
            rng,
            &Step::new(rate, 7, (-fall).exp()).unwrap(),
            0,
            length,
            false,
            &config,
        );
        let milestones = [3, 50, length / 2, length];
        assert_monotone(
            rng,
            &MultiStep::<32>::new(rate, &milestones, 0.3).unwrap(),
            0,
            length,
            false,
            &config,
        );

        for staircase in [false, true] {
            let slow = Exponential::new(rate, (-9.0 * fall).exp())
                .and_then(|schedule| schedule.transition(9, staircase))
                .unwrap();
            assert_monotone(rng, &slow, 0, length, false, &config);
            let floored = slow.begin(length / 3).end_lr(low).unwrap();
            assert_monotone(rng, &floored, 0, 2 * length, false, &config);
            let inverse = InverseTime::new(rate, 9.0 * fall)
                .and_then(|schedule| schedule.transition(9, staircase))
                .unwrap();
            assert_monotone(rng, &inverse, 0, length, false, &config);
        }
        let scaled = PiecewiseScale::<16>::new(rate, &milestones, &[0.5, 1.0, 0.9, 0.0]).unwrap();
        assert_monotone(rng, &scaled, 0, 2 * length, false, &config);
        for (from, to, rising) in [(rate, low, false), (low, rate, true)] {
            let linear = Linear::new(from, to, length).unwrap();
            assert_monotone(rng, &linear, 0, 2 * length, rising, &config);
            let factor = LinearFactor::new(rate, from, to, length).unwrap();
            assert_monotone(rng, &factor, 0, 2 * length, rising, &config);
            let geometric = Geometric::new(from, to, length).unwrap();
            assert_monotone(rng, &geometric, 0, 2 * length, rising, &config);
        }
        for power in [0.5, rng.uniform(0.1, 3.0)] {
            let timescale = f64::from(length) * rng.log_uniform(1e-3, 1e3);
            let inverse = InverseSqrt::new(rate, timescale)
                .and_then(|schedule| schedule.power(power))
                .unwrap();
            assert_monotone(rng, &inverse, 0, length, false, &config);
        }

        // A power of 2 moves by the square of a share near its flat end.
        let power = rng.uniform(0.3, 2.0);
        assert_monotone(
            rng,
            &Polynomial::new(rate, low, length, power, false).unwrap(),
            0,
            2 * length,
            false,
            &config,
        );
        assert_monotone(
            rng,
            &Polynomial::new(low, rate, length, power, false).unwrap(),
            0,
            2 * length,
            true,
            &config,
        );

        let cosine = CosineAnnealing::new(rate, low, length).unwrap();
        assert_monotone(rng, &cosine, 0, length, false, &config);
        assert_monotone(rng, &cosine, length, 2 * length, true, &config);
        let held = cosine.past(Past::Hold);
        assert_monotone(rng, &held, 0, 2 * length, false, &config);
        let restarted = cosine.past(Past::Restart);
        assert_monotone(rng, &restarted, length, 2 * length - 1, false, &config);

        let noam = Noam::new(rate, 64, length).unwrap();
        assert_monotone(rng, &noam, 0, length, true, &config);
        assert_monotone(rng, &noam, length, 4 * length, false, &config);

        let warmup = LinearWarmup::new(length, low, rate, Constant::new(rate).unwrap()).unwrap();
        assert_monotone(rng, &warmup, 0, 2 * length, true, &config);
    }
}
