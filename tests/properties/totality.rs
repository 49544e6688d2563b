//! Every accepted configuration has a rate at every step: no NaN, infinities of the right sign, and zero stays zero.

use hairpin_core::{
    Constant, CosineAnnealing, Exponential, InverseTime, LinearWarmup, MultiStep, NaturalExp, Noam,
    Polynomial, Schedule, Step,
};

use crate::draw;
use crate::rng::Rng;
use crate::{EDGES, configs};

/// Numbers at the ends of `f64`, among ordinary ones.
pub(crate) fn extreme(rng: &mut Rng) -> f64 {
    const ENDS: [f64; 12] = [
        0.0,
        -0.0,
        1.0,
        5e-324,
        1e-310,
        f64::MIN_POSITIVE,
        1e-160,
        1e-45,
        1e160,
        1e280,
        1.1e280,
        f64::MAX,
    ];
    if rng.one_in(2) {
        rng.sign() * rng.pick(&ENDS)
    } else {
        draw::rate(rng)
    }
}

fn steps(rng: &mut Rng, length: u32) -> Vec<u32> {
    let mut steps = EDGES.to_vec();
    steps.extend((0..16).map(|_| draw::step(rng, length)));
    steps
}

/// Asserts that `rate` is a number with `sign`, 0 included, and 0 where `base` is.
fn assert_signed(rate: f32, base: f64, sign: f64, config: &str, step: u32) {
    assert!(!rate.is_nan(), "{config} at {step}: NaN");
    let rate = f64::from(rate);
    if base == 0.0 {
        assert_eq!(rate, 0.0, "{config} at {step}: a base of 0 stays 0");
    }
    assert!(
        rate * sign >= 0.0,
        "{config} at {step}: {rate:e} has the wrong sign"
    );
}

/// Asserts that `rate` lies between two ends, up to the roundings of a blend: 4 * 2^-53 of the larger end.
fn assert_between(rate: f32, from: f64, to: f64, config: &str, step: u32) {
    let slack = 4.0 * 2f64.powi(-53) * from.abs().max(to.abs());
    let (low, high) = ((from.min(to) - slack) as f32, (from.max(to) + slack) as f32);
    assert!(
        low <= rate && rate <= high,
        "{config} at {step}: {rate:e} outside {low:e} to {high:e}"
    );
}

fn alternating(base: f64, gamma: f64, n: u32) -> f64 {
    if gamma < 0.0 && n % 2 == 1 {
        -base.signum()
    } else {
        base.signum()
    }
}

#[test]
fn growth_overflows_to_infinity_and_decay_to_zero() {
    let mut rng = Rng::from_env("growth");
    for _ in 0..configs() {
        let (base, gamma, length) = (extreme(&mut rng), extreme(&mut rng), draw::length(&mut rng));
        let milestones = crate::kinds::increasing(&mut rng, 0, 32);
        let exponential = Exponential::new(base, gamma).unwrap();
        let natural = NaturalExp::new(base, gamma).unwrap();
        let step = Step::new(base, length, gamma).unwrap();
        let multi = MultiStep::<32>::new(base, &milestones, gamma).unwrap();
        let config = format!("{base:e} {gamma:e} {length} {milestones:?}");
        for t in steps(&mut rng, length) {
            let passed = milestones.iter().filter(|&&m| t >= m).count() as u32;
            assert_signed(
                exponential.lr(t),
                base,
                alternating(base, gamma, t),
                &config,
                t,
            );
            assert_signed(natural.lr(t), base, base.signum(), &config, t);
            assert_signed(
                step.lr(t),
                base,
                alternating(base, gamma, t / length),
                &config,
                t,
            );
            assert_signed(
                multi.lr(t),
                base,
                alternating(base, gamma, passed),
                &config,
                t,
            );
        }
    }
}

#[test]
fn growth_out_of_range_is_infinite_or_zero() {
    for (base, gamma, step, expected) in [
        (1.0, 2.0, u32::MAX, f32::INFINITY),
        (-1.0, 2.0, u32::MAX, f32::NEG_INFINITY),
        (1.0, -2.0, u32::MAX, f32::NEG_INFINITY),
        (1.0, -2.0, u32::MAX - 1, f32::INFINITY),
        (-1.0, -2.0, u32::MAX, f32::INFINITY),
        (1.0, 0.5, u32::MAX, 0.0),
        (1.0, 0.0, 1, 0.0),
        (1.0, 0.0, 0, 1.0),
        (0.0, 0.0, 0, 0.0),
        (0.0, f64::MAX, u32::MAX, 0.0),
        // The base alone is far outside f32, the product is not.
        (1e-300, 10.0, 300, 1.0),
        (1e300, 0.1, 300, 1.0),
        (1e-320, 1e10, 32, 1.0),
    ] {
        let rate = Exponential::new(base, gamma).unwrap().lr(step);
        // The last ones carry the error of their f64 parameters.
        let near = if expected == 1.0 && step > 0 {
            (rate - expected).abs() < 1e-3
        } else {
            rate == expected
        };
        assert!(
            near,
            "{base:e} * {gamma:e}^{step} = {rate:e}, not {expected:e}"
        );
    }
    assert_eq!(
        NaturalExp::new(1.0, -f64::MAX).unwrap().lr(u32::MAX),
        f32::INFINITY
    );
    assert_eq!(
        NaturalExp::new(-1.0, -1.0).unwrap().lr(u32::MAX),
        f32::NEG_INFINITY
    );
    assert_eq!(NaturalExp::new(0.0, -f64::MAX).unwrap().lr(u32::MAX), 0.0);
    assert_eq!(Constant::new(1e300).unwrap().lr(0), f32::INFINITY);
    assert_eq!(Constant::new(-1e300).unwrap().lr(0), f32::NEG_INFINITY);
    assert_eq!(Noam::new(-1e300, 1, 1).unwrap().lr(1), f32::NEG_INFINITY);
}

#[test]
fn blends_stay_between_their_ends() {
    let mut rng = Rng::from_env("blends");
    for _ in 0..configs() {
        let (from, to, length) = (extreme(&mut rng), extreme(&mut rng), draw::length(&mut rng));
        let power = if rng.one_in(4) {
            rng.pick(&[5e-324, 1e-300, 1e300, f64::MAX])
        } else {
            draw::power(&mut rng)
        };
        let schedules: [(&str, Box<dyn Schedule>); 4] = [
            (
                "polynomial",
                Box::new(Polynomial::new(from, to, length, power, false).unwrap()),
            ),
            (
                "polynomial, cycle",
                Box::new(Polynomial::new(from, to, length, power, true).unwrap()),
            ),
            (
                "cosine",
                Box::new(CosineAnnealing::new(from, to, length).unwrap()),
            ),
            (
                "warm-up",
                Box::new(LinearWarmup::new(length, from, to, Constant::new(to).unwrap()).unwrap()),
            ),
        ];
        for t in steps(&mut rng, length) {
            for (name, schedule) in &schedules {
                let config = format!("{name} {from:e} {to:e} {length} {power:e}");
                assert_between(schedule.lr(t), from, to, &config, t);
            }
        }
    }
}

#[test]
fn inverse_time_and_noam_have_the_sign_of_their_formula() {
    let mut rng = Rng::from_env("poles");
    for _ in 0..configs() {
        let (base, length) = (extreme(&mut rng), draw::length(&mut rng));
        let gamma = if rng.one_in(2) {
            extreme(&mut rng)
        } else {
            -1.0 / f64::from(length)
        };
        let inverse = InverseTime::new(base, gamma).unwrap();
        let noam = Noam::new(base, draw::length(&mut rng), length).unwrap();
        let config = format!("{base:e} {gamma:e} {length}");
        for t in steps(&mut rng, length) {
            // An infinite intermediate of this test has the right sign too.
            let denominator = gamma.mul_add(f64::from(t), 1.0);
            let sign = if denominator < 0.0 {
                -base.signum()
            } else {
                base.signum()
            };
            assert_signed(inverse.lr(t), base, sign, &config, t);
            if denominator == 0.0 && base != 0.0 {
                assert_eq!(
                    f64::from(inverse.lr(t)),
                    base.signum() * f64::INFINITY,
                    "{config} at its pole {t}"
                );
            }
            assert_signed(noam.lr(t), base, base.signum(), &config, t);
        }
    }
}

#[test]
fn inverse_time_is_infinite_at_its_pole() {
    for (base, gamma, pole) in [
        (1.0, -0.5, 2),
        (-1.0, -0.25, 4),
        (1e-300, -1.0, 1),
        (3.0, -(2f64.powi(-31)), 1 << 31),
    ] {
        let schedule = InverseTime::new(base, gamma).unwrap();
        assert_eq!(f64::from(schedule.lr(pole)), f64::INFINITY.copysign(base));
        assert!(f64::from(schedule.lr(pole - 1)) * base >= 0.0);
        assert!(f64::from(schedule.lr(pole + 1)) * base <= 0.0);
    }
    assert_eq!(
        InverseTime::new(0.0, -0.5).unwrap().lr(2),
        0.0,
        "a base of 0 stays 0"
    );
    // 1/3 in binary is below a third: the denominator at 3 is 2^-54, not 0.
    assert_eq!(
        InverseTime::new(1.0, -1.0 / 3.0).unwrap().lr(3),
        2f32.powi(54)
    );
}
