//! What happens exactly at a boundary, one step before it and one after.

use hairpin_core::{
    Constant, ConstantFactor, CosineAnnealing, Exponential, Geometric, InverseSqrt, InverseTime,
    Linear, LinearFactor, LinearWarmup, MultiStep, Noam, Past, PiecewiseConstant, PiecewiseScale,
    Polynomial, Schedule, Step, Switch,
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

/// With `after`, step `t` has what step `t - 1` has with `at`.
#[test]
fn boundaries_may_count_one_step_later() {
    let mut rng = Rng::from_env("switch");
    for _ in 0..configs() {
        let boundaries = increasing(&mut rng, 1, 16);
        let mut rates = |count: usize| -> Vec<f64> {
            (0..count)
                .map(|_| rng.sign() * rng.log_uniform(1e-2, 1e2))
                .collect()
        };
        let (values, scales) = (rates(boundaries.len() + 1), rates(boundaries.len()));
        let at = PiecewiseConstant::<16>::new(&boundaries, &values).unwrap();
        let after = at.clone().switching(Switch::After);
        let scaled = PiecewiseScale::<16>::new(values[0], &boundaries, &scales).unwrap();
        let scaled_after = scaled.clone().switching(Switch::After);
        assert_eq!(after.lr(0), values[0] as f32);
        assert_eq!(scaled_after.lr(0), values[0] as f32);
        let edges = boundaries.iter().flat_map(|&b| [b, b.saturating_add(1)]);
        for t in edges.chain([1, 2, u32::MAX]).filter(|&t| t > 0) {
            assert_eq!(after.lr(t), at.lr(t - 1), "{after:?} at {t}");
            assert_eq!(
                scaled_after.lr(t),
                scaled.lr(t - 1),
                "{scaled_after:?} at {t}"
            );
        }
    }
    let scaled = PiecewiseScale::<4>::new(8.0, &[0, 2], &[0.5, 0.25]).unwrap();
    assert_eq!([0, 1, 2, 3].map(|t| scaled.lr(t)), [4.0, 4.0, 1.0, 1.0]);
    let after = scaled.switching(Switch::After);
    assert_eq!([0, 1, 2, 3].map(|t| after.lr(t)), [8.0, 4.0, 4.0, 1.0]);
    let never = PiecewiseScale::<4>::new(0.5, &[], &[]).unwrap();
    assert_eq!([never.lr(0), never.lr(u32::MAX)], [0.5, 0.5]);
}

#[test]
fn lines_meet_both_ends() {
    let mut rng = Rng::from_env("lines");
    for _ in 0..configs() {
        let (from, to, length) = draw::blend(&mut rng);
        let rate = draw::rate(&mut rng);
        let linear = Linear::new(from, to, length).unwrap();
        let factor = LinearFactor::new(rate, from, to, length).unwrap();
        let constant = ConstantFactor::new(rate, from, length).unwrap();
        assert_eq!(linear.lr(0), from as f32, "{linear:?}");
        assert_eq!(factor.lr(0), (rate * from) as f32, "{factor:?}");
        for t in [0, length - 1] {
            assert_eq!(constant.lr(t), (rate * from) as f32, "{constant:?} at {t}");
        }
        for t in [length, length.saturating_add(1), u32::MAX] {
            assert_eq!(linear.lr(t), to as f32, "{linear:?} at {t}");
            assert_eq!(factor.lr(t), (rate * to) as f32, "{factor:?} at {t}");
            assert_eq!(constant.lr(t), rate as f32, "{constant:?} at {t}");
        }
        if from == 0.0 || to == 0.0 {
            continue;
        }
        let to = to.copysign(from);
        let geometric = Geometric::new(from, to, length).unwrap();
        assert_eq!(geometric.lr(0), from as f32, "{geometric:?}");
        for t in [length, length.saturating_add(1), u32::MAX] {
            assert_eq!(geometric.lr(t), to as f32, "{geometric:?} at {t}");
        }
    }
    let decades = Geometric::new(-1e-4, -1e4, 8).unwrap();
    assert_eq!([2, 4, 6].map(|t| decades.lr(t)), [-0.01, -1.0, -100.0]);
}

/// With a transition, whole multiples of it are where the plain schedule is after as many steps; stairs stay there.
#[test]
fn transitions_pass_through_the_plain_schedule() {
    let mut rng = Rng::from_env("transitions");
    for _ in 0..configs() {
        let (rate, span) = (draw::rate(&mut rng), draw::length(&mut rng));
        let gamma = draw::gamma(&mut rng, 8).abs();
        let begin = rng.pick(&[0, 1, 1000]);
        let growth = Exponential::new(rate, gamma).unwrap();
        let inverse = InverseTime::new(rate, gamma).unwrap();
        for n in 0..4u32 {
            let Some(t) = n.checked_mul(span).filter(|&t| t < u32::MAX - 1000) else {
                break;
            };
            for staircase in [false, true] {
                let slow = growth.transition(span, staircase).unwrap().begin(begin);
                assert_eq!(
                    bits(slow.lr(t + begin)),
                    bits(growth.lr(n)),
                    "{slow:?} at {t} + {begin}"
                );
                let slow = inverse.transition(span, staircase).unwrap();
                // (s + g * n * s) / s, rounded twice, against 1 + g * n, rounded once, both in f64: neighbours in f32 at most.
                let (found, plain) = (slow.lr(t), inverse.lr(n));
                let apart = found.to_bits().abs_diff(plain.to_bits());
                assert!(apart <= 1, "{slow:?} at {t}: {found:e}, {plain:e}");
            }
            let last = t.saturating_add(span - 1);
            let stairs = growth.transition(span, true).unwrap();
            assert_eq!(
                bits(stairs.lr(last)),
                bits(growth.lr(n)),
                "{stairs:?} at {last}"
            );
            let stairs = inverse.transition(span, true).unwrap();
            assert_eq!(
                bits(stairs.lr(last)),
                bits(inverse.lr(n)),
                "{stairs:?} at {last}"
            );
        }
        let late = growth.begin(begin);
        for t in [0, begin / 2, begin] {
            assert_eq!(bits(late.lr(t)), bits(rate as f32), "{late:?} at {t}");
        }
    }
}

#[test]
fn an_exponential_stops_at_its_end() {
    let falling = Exponential::new(1.0, 0.5)
        .and_then(|s| s.end_lr(0.2))
        .unwrap();
    assert_eq!(
        [0, 2, 3, u32::MAX].map(|t| falling.lr(t)),
        [1.0, 0.25, 0.2, 0.2]
    );
    let rising = Exponential::new(1.0, 2.0)
        .and_then(|s| s.end_lr(5.0))
        .unwrap();
    assert_eq!(
        [0, 2, 3, u32::MAX].map(|t| rising.lr(t)),
        [1.0, 4.0, 5.0, 5.0]
    );
    let level = Exponential::new(1.0, 1.0)
        .and_then(|s| s.end_lr(0.5))
        .unwrap();
    assert_eq!(level.lr(0), 0.5, "a factor of 1 has a ceiling");
    let below = Exponential::new(-1.0, 0.5)
        .and_then(|s| s.end_lr(0.0))
        .unwrap();
    assert_eq!(
        [0, 9].map(|t| below.lr(t)),
        [0.0, 0.0],
        "below the floor from the start"
    );
    let swinging = Exponential::new(1.0, -0.5)
        .and_then(|s| s.end_lr(-0.25))
        .unwrap();
    assert_eq!(
        [0, 1, 2, 3].map(|t| swinging.lr(t)),
        [1.0, -0.25, 0.25, -0.125]
    );
}

#[test]
fn a_cosine_holds_or_restarts() {
    let mut rng = Rng::from_env("cosine past");
    for _ in 0..configs() {
        let (from, to, length) = draw::blend(&mut rng);
        let periodic = CosineAnnealing::new(from, to, length).unwrap();
        let held = periodic.past(Past::Hold);
        let restarted = periodic.past(Past::Restart);
        for t in [0, 1, length / 2, length - 1, rng.up_to(length - 1)].map(|t| t.min(length - 1)) {
            let first = bits(periodic.lr(t));
            assert_eq!(bits(held.lr(t)), first, "{held:?} at {t}");
            assert_eq!(bits(restarted.lr(t)), first, "{restarted:?} at {t}");
            let cycles = (u32::MAX - t) / length;
            for n in [1, 2, 3, cycles].into_iter().filter(|&n| n <= cycles) {
                let later = t + n * length;
                assert_eq!(bits(restarted.lr(later)), first, "{restarted:?} at {later}");
            }
        }
        for t in [
            length,
            length.saturating_add(1),
            length.saturating_mul(2),
            u32::MAX,
        ] {
            assert_eq!(held.lr(t), to as f32, "{held:?} at {t}");
        }
    }
}

#[test]
fn inverse_sqrt_halves_at_three_timescales() {
    let mut rng = Rng::from_env("inverse sqrt");
    for _ in 0..configs() {
        let (rate, scale) = (draw::rate(&mut rng), 1 + rng.up_to(1 << 28));
        let schedule = InverseSqrt::new(rate, f64::from(scale)).unwrap();
        // Quotients and roots of these are exact.
        for (times, share) in [(0, 1.0), (3, 0.5), (15, 0.25)] {
            let found = schedule.lr(times * scale);
            assert_eq!(
                found,
                (rate * share) as f32,
                "{schedule:?} at {times} * {scale}"
            );
        }
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
