//! What happens exactly at a boundary, one step before it and one after.

use hairpin_core::{
    Constant, CosineAnnealing, Exponential, LinearWarmup, MultiStep, Noam, PiecewiseConstant,
    Polynomial, Schedule, Step,
};

use crate::configs;
use crate::draw;
use crate::kinds::{bits, increasing, one_of_each};
use crate::rng::Rng;

#[test]
fn piecewise_constant_switches_at_the_boundary() {
    let mut rng = Rng::from_env("piecewise");
    for _ in 0..configs() {
        let boundaries = increasing(&mut rng, 1, 16);
        let values: Vec<f64> = (0..=boundaries.len())
            .map(|_| draw::rate(&mut rng))
            .collect();
        let schedule = PiecewiseConstant::<16>::new(&boundaries, &values).unwrap();
        assert_eq!(
            schedule.lr(0),
            values[usize::from(boundaries[0] == 0)] as f32
        );
        for (i, &boundary) in boundaries.iter().enumerate() {
            assert_eq!(
                schedule.lr(boundary),
                values[i + 1] as f32,
                "{schedule:?} at {boundary}"
            );
            if boundary > 0 {
                assert_eq!(
                    schedule.lr(boundary - 1),
                    values[i] as f32,
                    "{schedule:?} before {boundary}"
                );
            }
            let next = boundaries.get(i + 1).copied().unwrap_or(u32::MAX);
            if next - boundary > 1 {
                assert_eq!(
                    schedule.lr(boundary + 1),
                    values[i + 1] as f32,
                    "{schedule:?} after {boundary}"
                );
            }
        }
        assert_eq!(schedule.lr(u32::MAX), values[boundaries.len()] as f32);
    }
}

/// `step` and `multi_step` are constant in between, and after `n` switches they are where `exponential` is at `n`.
#[test]
fn stairs_switch_at_the_boundary() {
    let mut rng = Rng::from_env("stairs");
    for _ in 0..configs() {
        let (rate, size) = (draw::rate(&mut rng), draw::length(&mut rng));
        let gamma = draw::gamma(&mut rng, 8);
        let treads = Exponential::new(rate, gamma).unwrap();
        let step = Step::new(rate, size, gamma).unwrap();
        for n in 1..=4u32 {
            let Some(boundary) = n.checked_mul(size) else {
                break;
            };
            assert_eq!(
                bits(step.lr(boundary - 1)),
                bits(treads.lr(n - 1)),
                "{step:?} before {boundary}"
            );
            assert_eq!(
                bits(step.lr(boundary)),
                bits(treads.lr(n)),
                "{step:?} at {boundary}"
            );
            if size > 1 && boundary < u32::MAX {
                assert_eq!(
                    bits(step.lr(boundary + 1)),
                    bits(treads.lr(n)),
                    "{step:?} after {boundary}"
                );
            }
        }
        let milestones = increasing(&mut rng, 0, 32);
        let multi = MultiStep::<32>::new(rate, &milestones, gamma).unwrap();
        for (n, &milestone) in (1..).zip(&milestones) {
            assert_eq!(
                bits(multi.lr(milestone)),
                bits(treads.lr(n)),
                "{multi:?} at {milestone}"
            );
            assert_eq!(
                bits(multi.lr(milestone - 1)),
                bits(treads.lr(n - 1)),
                "{multi:?} before {milestone}"
            );
        }
        assert_eq!(
            bits(multi.lr(0)),
            bits(rate as f32),
            "{multi:?}: no milestone at 0 was drawn"
        );
    }
    let at_zero = MultiStep::<32>::new(1.0, &[0, 1], 0.5).unwrap();
    assert_eq!([at_zero.lr(0), at_zero.lr(1)], [0.5, 0.25]);
}

#[test]
fn polynomial_ends_exactly() {
    let mut rng = Rng::from_env("polynomial");
    for _ in 0..configs() {
        let (from, to, length) = draw::blend(&mut rng);
        let power = draw::power(&mut rng);
        let clamped = Polynomial::new(from, to, length, power, false).unwrap();
        let cycled = Polynomial::new(from, to, length, power, true).unwrap();
        for schedule in [&clamped, &cycled] {
            assert_eq!(schedule.lr(0), from as f32, "{schedule:?}");
            assert_eq!(schedule.lr(length), to as f32, "{schedule:?}");
        }
        for t in [length.saturating_add(1), length.saturating_mul(2), u32::MAX] {
            assert_eq!(clamped.lr(t), to as f32, "{clamped:?} at {t}");
        }
        for n in 1..5u32 {
            let Some(t) = n.checked_mul(length) else {
                break;
            };
            assert_eq!(cycled.lr(t), to as f32, "{cycled:?} at {t}");
        }
        assert_eq!(
            bits(clamped.lr(length - 1)),
            bits(cycled.lr(length - 1)),
            "{cycled:?}: the first cycle"
        );
    }
    // Right after the end it jumps up, to a peak that is lower than the first.
    let cycled = Polynomial::new(1.0, 0.0, 4, 1.0, true).unwrap();
    assert_eq!(
        [3, 4, 5, 8, 9].map(|t| cycled.lr(t)),
        [0.25, 0.0, 0.375, 0.0, 0.25]
    );
}

#[test]
fn cosine_annealing_meets_both_ends_for_ever() {
    let mut rng = Rng::from_env("cosine");
    for _ in 0..configs() {
        let (from, to, length) = draw::blend(&mut rng);
        let schedule = CosineAnnealing::new(from, to, length).unwrap();
        let periods = u32::MAX / length;
        for n in [0, 1, 2, 3, periods - 1, periods] {
            let Some(t) = n.checked_mul(length) else {
                continue;
            };
            let end = if n % 2 == 0 { from } else { to };
            assert_eq!(schedule.lr(t), end as f32, "{schedule:?} at {t}");
        }
        for _ in 0..8 {
            let (t, twice) = (rng.up_to(length), u64::from(length) * 2);
            let mirrored = twice - u64::from(t);
            let later = u64::from(t) + twice;
            for same in [mirrored, later]
                .into_iter()
                .filter_map(|t| u32::try_from(t).ok())
            {
                assert_eq!(
                    bits(schedule.lr(same)),
                    bits(schedule.lr(t)),
                    "{schedule:?} at {t} and {same}"
                );
            }
        }
    }
}

#[test]
fn noam_peaks_at_the_end_of_its_warmup() {
    let mut rng = Rng::from_env("noam");
    for _ in 0..configs() {
        let (rate, warmup) = (rng.log_uniform(1e-3, 1e3), 2 + rng.up_to(100_000));
        let schedule = Noam::new(rate, 1 + rng.up_to(4096), warmup).unwrap();
        assert_eq!(schedule.lr(0).to_bits(), 0, "{schedule:?}");
        let [before, peak, after] = [warmup - 1, warmup, warmup + 1].map(|t| schedule.lr(t));
        assert!(
            before < peak && after < peak,
            "{schedule:?}: {before:e} {peak:e} {after:e}"
        );
    }
}

#[test]
fn a_warmup_hands_over_at_its_length() {
    let mut rng = Rng::from_env("hand-over");
    for _ in 0..configs() / 4 {
        let (start, end, length) = (
            draw::rate(&mut rng),
            draw::rate(&mut rng),
            draw::length(&mut rng),
        );
        for after in one_of_each(&mut rng) {
            let schedule = LinearWarmup::new(length, start, end, after.concrete.clone()).unwrap();
            let config = format!("{length} {start:e} {end:e} {}", after.config);
            assert_eq!(schedule.lr(0), start as f32, "{config}");
            for t in [
                0,
                1,
                2,
                after.length - 1,
                after.length,
                draw::step(&mut rng, after.length),
            ] {
                if let Some(later) = t.checked_add(length) {
                    assert_eq!(
                        bits(schedule.lr(later)),
                        bits(after.concrete.lr(t)),
                        "{config} at {length} + {t}"
                    );
                }
            }
        }
    }
    // The last step of the line is one short of its end, and a jump is kept.
    let jump = LinearWarmup::new(4, 0.0, 1.0, Constant::new(5.0).unwrap()).unwrap();
    assert_eq!([2, 3, 4, 5].map(|t| jump.lr(t)), [0.5, 0.75, 5.0, 5.0]);
}
