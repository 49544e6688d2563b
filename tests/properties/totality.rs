//! Every accepted configuration has a rate at every step: no NaN, infinities of the right sign, and zero stays zero.

use hairpin_core::{
    Constant, ConstantFactor, CosineAnnealing, Exponential, Geometric, InverseSqrt, InverseTime,
    Linear, LinearFactor, LinearWarmup, MultiStep, NaturalExp, Noam, Past, PiecewiseScale,
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
        let (span, begin) = (draw::length(&mut rng), draw::length(&mut rng) - 1);
        let begin = rng.pick(&[0, begin]);
        let transition = |gamma, staircase| {
            let schedule = Exponential::new(base, gamma)?.transition(span, staircase)?;
            Ok::<_, hairpin_core::ConfigError>(schedule.begin(begin))
        };
        let stairs = transition(gamma, true).unwrap();
        let smooth = transition(gamma.abs(), false).unwrap();
        let config = format!("{base:e} {gamma:e} {length} {span} {begin} {milestones:?}");
        for t in steps(&mut rng, length) {
            let since = t.saturating_sub(begin);
            assert_signed(
                stairs.lr(t),
                base,
                alternating(base, gamma, since / span),
                &config,
                t,
            );
            assert_signed(smooth.lr(t), base, base.signum(), &config, t);
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

/// Products of scales, sign and zeros included, wherever the partial products go.
#[test]
fn scales_multiply_without_leaving_the_range() {
    let mut rng = Rng::from_env("scales");
    for _ in 0..configs() {
        let boundaries = crate::kinds::increasing(&mut rng, 1, 16);
        let scales: Vec<f64> = boundaries.iter().map(|_| extreme(&mut rng)).collect();
        let base = extreme(&mut rng);
        let schedule = PiecewiseScale::<16>::new(base, &boundaries, &scales).unwrap();
        let factor = ConstantFactor::new(base, scales[0], boundaries[0].max(1)).unwrap();
        let config = format!("{schedule:?}");
        for t in steps(&mut rng, boundaries[0]) {
            let passed = boundaries.iter().filter(|&&boundary| t >= boundary).count();
            let signs = scales[..passed].iter().map(|scale| scale.signum());
            let sign = signs.product::<f64>() * base.signum();
            assert_signed(schedule.lr(t), base, sign, &config, t);
            if scales[..passed].contains(&0.0) {
                assert_eq!(schedule.lr(t), 0.0, "{config} at {t}: 0 stays 0");
            }
            let sign = if t < boundaries[0].max(1) {
                base.signum() * scales[0].signum()
            } else {
                base.signum()
            };
            assert_signed(factor.lr(t), base, sign, &config, t);
        }
    }
    // Exact in f64, one after another: 2^1800, 2^-1800, 1.
    let far = 2f64.powi(900);
    let there_and_back = [
        far,
        far,
        1.0 / far,
        1.0 / far,
        1.0 / far,
        1.0 / far,
        far,
        far,
    ];
    let boundaries: Vec<u32> = (1..=8).collect();
    let schedule = PiecewiseScale::<8>::new(3.0, &boundaries, &there_and_back).unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|t| schedule.lr(t)),
        [
            3.0,
            f32::INFINITY,
            f32::INFINITY,
            f32::INFINITY,
            3.0,
            0.0,
            0.0,
            0.0,
            3.0
        ]
    );
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
        let past = rng.pick(&[Past::Hold, Past::Restart]);
        let schedules: [(&str, Box<dyn Schedule>); 6] = [
            ("linear", Box::new(Linear::new(from, to, length).unwrap())),
            (
                "cosine, past its end",
                Box::new(CosineAnnealing::new(from, to, length).unwrap().past(past)),
            ),
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

/// A factor times a rate: finite parameters whose products may leave every range.
#[test]
fn linear_factors_stay_between_their_ends() {
    let mut rng = Rng::from_env("factors");
    for _ in 0..configs() {
        let (rate, length) = (extreme(&mut rng), draw::length(&mut rng));
        let (from, to) = (extreme(&mut rng), extreme(&mut rng));
        let schedule = LinearFactor::new(rate, from, to, length).unwrap();
        let (first, last) = (rate * from, rate * to);
        let config = format!("{schedule:?}");
        for t in steps(&mut rng, length) {
            let found = schedule.lr(t);
            if first.is_finite() && last.is_finite() {
                assert_between(found, first, last, &config, t);
            } else if from.signum() == to.signum() {
                assert_signed(found, rate, first.signum(), &config, t);
            } else {
                assert!(!found.is_nan(), "{config} at {t}: NaN");
            }
        }
        assert_eq!(schedule.lr(0), first as f32, "{config}");
        assert_eq!(schedule.lr(length), last as f32, "{config}");
    }
    // Factors at the ends of f64, and a rate that brings them back: 1 - 2^-53 all the way, and 1 to 3 times 2^-51.
    for length in 1..50 {
        let level = LinearFactor::new(f64::MIN_POSITIVE / 4.0, f64::MAX, f64::MAX, length).unwrap();
        for t in 0..=length {
            assert_eq!(level.lr(t), 1.0, "{level:?} at {t}");
        }
    }
    let smallest = f64::from_bits(1);
    let rising = LinearFactor::new(2f64.powi(1023), smallest, 3.0 * smallest, 4).unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4].map(|t| rising.lr(t)),
        [1.0, 1.5, 2.0, 2.5, 3.0].map(|times: f32| times * 2f32.powi(-51))
    );
}

/// Between its ends, up to the error of its exponent: of at most 1490, made from two logarithms of at most 745, each of these
/// numbers, the share, the product and the exponential rounded once. In all less than 8 * 1490 * 2^-53.
#[test]
fn geometric_stays_between_its_ends() {
    const SLACK: f64 = 8.0 * 1490.0 / 9_007_199_254_740_992.0;
    let mut rng = Rng::from_env("geometric");
    for _ in 0..configs() {
        let mut end = || loop {
            let end = extreme(&mut rng).abs();
            if end > 0.0 {
                break end;
            }
        };
        let (from, to) = (end(), end());
        let (length, sign) = (draw::length(&mut rng), rng.sign());
        let schedule = Geometric::new(sign * from, sign * to, length).unwrap();
        let low = (from.min(to) * (1.0 - SLACK)) as f32;
        let high = (from.max(to) * (1.0 + SLACK)) as f32;
        for t in steps(&mut rng, length) {
            let size = schedule.lr(t) * sign as f32;
            assert!(
                low <= size && size <= high,
                "{schedule:?} at {t}: {size:e} outside {low:e} to {high:e}"
            );
        }
    }
}

#[test]
fn inverse_sqrt_has_the_sign_of_its_rate() {
    let mut rng = Rng::from_env("inverse sqrt");
    for _ in 0..configs() {
        let timescale = extreme(&mut rng).abs().max(5e-324);
        let (rate, length) = (extreme(&mut rng), draw::length(&mut rng));
        let schedule = InverseSqrt::new(rate, timescale).unwrap();
        let schedule = match rng.one_in(2) {
            true => schedule.power(extreme(&mut rng)).unwrap(),
            false => schedule,
        };
        let config = format!("{schedule:?}");
        assert_eq!(schedule.lr(0), rate as f32, "{config}");
        for t in steps(&mut rng, length) {
            assert_signed(schedule.lr(t), rate, rate.signum(), &config, t);
        }
    }
    // sqrt(1e-300) on both sides; then a quotient of 4e317, beyond f64.
    for (rate, timescale) in [(1e150, 1e-300), (1e159, 2.5e-318f64)] {
        let schedule = InverseSqrt::new(rate, timescale).unwrap();
        assert_eq!(schedule.lr(1), (rate * timescale.sqrt()) as f32);
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
        let span = draw::length(&mut rng);
        let [smooth, stairs] =
            [false, true].map(|staircase| inverse.transition(span, staircase).unwrap());
        let config = format!("{base:e} {gamma:e} {length} {span}");
        for t in steps(&mut rng, length) {
            for (schedule, one, passed) in [(smooth, span, t), (stairs, 1, t / span)] {
                let denominator = gamma.mul_add(f64::from(passed), f64::from(one));
                let sign = if denominator < 0.0 { -1.0 } else { 1.0 };
                assert_signed(schedule.lr(t), base, sign * base.signum(), &config, t);
            }
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
