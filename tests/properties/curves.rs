//! The kinds that go from rate to rate on a curve: where they begin and end, what they are made of, and what they refuse.

use hairpin_core::{
    Anneal, ConfigError, CosineAnnealing, CosineCycles, CosineDecay, Cyclic, CyclicMode, Edges,
    Interpolation, KDecay, Linear, OneCycle, Past, PiecewiseInterpolate, Polynomial, Profiled,
    Schedule, Shape, Tanh, WarmRestarts, WarmupStableDecay,
};

use crate::draw;
use crate::kinds::bits;
use crate::rng::Rng;
use crate::totality::extreme;
use crate::{EDGES, configs};

/// Every shape with amounts at the ends of what it takes.
const SHAPES: [(Shape, Option<f64>); 17] = [
    (Shape::Linear, None),
    (Shape::Cosine, None),
    (Shape::Sqrt, None),
    (Shape::ReverseSqrt, None),
    (Shape::Power, Some(2.0)),
    (Shape::Power, Some(0.3)),
    (Shape::Power, Some(5e-324)),
    (Shape::Power, Some(f64::MAX)),
    (Shape::Exponential, Some(0.125)),
    (Shape::Exponential, Some(40.0)),
    (Shape::Exponential, Some(5e-324)),
    (Shape::Exponential, Some(f64::MAX)),
    (Shape::Exponential, Some(1.0 - f64::EPSILON / 2.0)),
    (Shape::Cycles, Some(0.5)),
    (Shape::Cycles, Some(-3.7)),
    (Shape::Cycles, Some(5e-324)),
    (Shape::Cycles, Some(f64::MAX)),
];

const INTERPOLATIONS: [Interpolation; 2] = [Interpolation::Linear, Interpolation::Cosine];

type Named = (&'static str, Box<dyn Schedule>);

/// Asserts that a rate lies between the lowest and the highest of some, up to 32 roundings of the largest: those of two weights, of
/// their products, and of the sum.
fn assert_between(rate: f32, rates: &[f64], config: &str, step: u32) {
    let largest = rates.iter().fold(0.0, |largest, x| x.abs().max(largest));
    let slack = 32.0 * 2f64.powi(-53) * largest;
    let low = rates.iter().copied().fold(f64::INFINITY, f64::min) - slack;
    let high = rates.iter().copied().fold(f64::NEG_INFINITY, f64::max) + slack;
    let (low, high) = (low as f32, high as f32);
    assert!(
        low <= rate && rate <= high,
        "{config} at {step}: {rate:e} outside {low:e} to {high:e}"
    );
}

fn steps(rng: &mut Rng, length: u32) -> Vec<u32> {
    let mut steps = EDGES.to_vec();
    steps.extend((0..16).map(|_| draw::step(rng, length)));
    steps
}

/// At every step, whatever the parameters: never NaN, and never beyond the rates they were made from.
#[test]
fn curves_stay_between_their_rates() {
    let mut rng = Rng::from_env("curves");
    for _ in 0..configs() {
        let rng = &mut rng;
        let (from, to, third) = (extreme(rng), extreme(rng), extreme(rng));
        let length = draw::length(rng);
        let (shape, amount) = rng.pick(&SHAPES);
        let (other, _) = rng.pick(&SHAPES[..4]);
        let power = |rng: &mut Rng| match rng.up_to(3) {
            0 => rng.pick(&[5e-324, 1e-300, 1e300, f64::MAX]),
            _ => draw::power(rng),
        };
        let any = [0.5, -3.0, 1e300, f64::MAX, extreme(rng), draw::power(rng)];
        let any = rng.pick(&any);
        let (exponent, k) = (power(rng), power(rng));
        let t_mult = rng.pick(&[1.0, 2.0, 1.5, 0.9, 1e-300, 4294967296.0, 1.0 + f64::EPSILON]);
        let pct = rng.uniform(0.0, 1.0);
        let down = draw::length(rng);
        let gamma = rng.pick(&[0.0, 1.0, 5e-324, 0.5, 1.0 - f64::EPSILON / 2.0]);
        let interpolation = rng.pick(&INTERPOLATIONS);
        let edges = rng.pick(&[Edges::LastStep, Edges::Floored]);
        let two: [Named; 10] = [
            (
                "anneal",
                Box::new(Anneal::new(from, to, length, shape, amount).unwrap()),
            ),
            (
                "cosine_decay",
                Box::new(
                    CosineDecay::new(from, to, length)
                        .and_then(|schedule| schedule.exponent(exponent)?.k(k))
                        .unwrap(),
                ),
            ),
            (
                "k_decay",
                Box::new(KDecay::new(from, to, length, exponent, k).unwrap()),
            ),
            (
                "cosine_cycles",
                Box::new(CosineCycles::new(from, to, length, any, false).unwrap()),
            ),
            (
                "cosine_cycles, hard",
                Box::new(CosineCycles::new(from, to, length, any, true).unwrap()),
            ),
            (
                "warm_restarts",
                Box::new(
                    WarmRestarts::new(from, to, length, t_mult)
                        .and_then(|schedule| schedule.k(k))
                        .unwrap(),
                ),
            ),
            (
                "tanh",
                Box::new(Tanh::new(from, to, length, any, third).unwrap()),
            ),
            (
                "cyclic",
                Box::new(Cyclic::new(from, to, length, down).unwrap()),
            ),
            (
                "cyclic, halved",
                Box::new(
                    Cyclic::new(from, to, length, down)
                        .and_then(|schedule| schedule.mode(CyclicMode::Triangular2, 1.0))
                        .unwrap(),
                ),
            ),
            (
                "cyclic, shrinking",
                Box::new(
                    Cyclic::new(from, to, length, down)
                        .and_then(|schedule| schedule.mode(CyclicMode::ExpRange, gamma))
                        .unwrap(),
                ),
            ),
        ];
        let three: [Named; 3] = [
            (
                "warmup_stable_decay",
                Box::new(
                    WarmupStableDecay::new(third, length, down, length)
                        .and_then(|schedule| schedule.ends(from, to)?.shapes(shape, other, amount))
                        .unwrap(),
                ),
            ),
            (
                "one_cycle",
                Box::new(
                    OneCycle::new(third, from, to, length)
                        .and_then(|schedule| schedule.pct_start(pct)?.edges(edges))
                        .unwrap()
                        .shape(interpolation),
                ),
            ),
            (
                "one_cycle, three phases",
                Box::new(
                    OneCycle::new(third, from, to, length)
                        .and_then(|schedule| schedule.edges(edges)?.pct_start(pct))
                        .and_then(|schedule| schedule.pct_final(pct + 0.5 * (1.0 - pct)))
                        .unwrap()
                        .shape(interpolation),
                ),
            ),
        ];
        for t in steps(rng, length) {
            let config = format!(
                "{from:e} {to:e} {third:e} {length} {down} {shape:?} {amount:?} {any:e} {exponent:e} {k:e} {t_mult:e} {pct} {gamma:e}"
            );
            for (name, schedule) in &two {
                assert_between(schedule.lr(t), &[from, to], &format!("{name} {config}"), t);
            }
            for (name, schedule) in &three {
                let rates = [from, to, third];
                assert_between(schedule.lr(t), &rates, &format!("{name} {config}"), t);
            }
        }
    }
}

/// What grows may leave the range of `f32`, but is no NaN, and a peak of 0 stays one.
#[test]
fn growing_cycles_are_never_nan() {
    let mut rng = Rng::from_env("growing cycles");
    for _ in 0..configs() {
        let rng = &mut rng;
        let (from, to, length) = (extreme(rng), extreme(rng), draw::length(rng));
        let factor = extreme(rng);
        let cyclic = Cyclic::new(from, to, length, draw::length(rng))
            .and_then(|schedule| schedule.mode(CyclicMode::ExpRange, factor))
            .unwrap();
        let t_mult = rng.pick(&[1.0, 2.0, 1.1]);
        let restarts = WarmRestarts::new(from, to, length, t_mult)
            .and_then(|schedule| schedule.peak_mult(factor))
            .unwrap();
        let grounded = WarmRestarts::new(0.0, 0.0, length, t_mult)
            .and_then(|schedule| schedule.peak_mult(factor))
            .unwrap();
        for t in steps(rng, length) {
            assert!(!cyclic.lr(t).is_nan(), "{cyclic:?} at {t}");
            assert!(!restarts.lr(t).is_nan(), "{restarts:?} at {t}");
            assert_eq!(grounded.lr(t), 0.0, "{grounded:?} at {t}");
        }
    }
}

/// The first rate is the first parameter, the last one is the last, and it is held.
#[test]
fn curves_meet_their_ends_exactly() {
    let mut rng = Rng::from_env("ends");
    for _ in 0..configs() {
        let rng = &mut rng;
        let (from, to, length) = draw::blend(rng);
        let peak = draw::rate(rng);
        let (shape, amount) = rng.pick(&SHAPES);
        let (exponent, k) = (draw::power(rng), draw::power(rng));
        let ended: [Named; 4] = [
            (
                "anneal",
                Box::new(Anneal::new(from, to, length, shape, amount).unwrap()),
            ),
            (
                "cosine_decay",
                Box::new(
                    CosineDecay::new(from, to, length)
                        .and_then(|schedule| schedule.exponent(exponent)?.k(k))
                        .unwrap(),
                ),
            ),
            (
                "k_decay",
                Box::new(KDecay::new(from, to, length, exponent, k).unwrap()),
            ),
            (
                "cosine_cycles",
                Box::new(CosineCycles::new(from, to, length, 3.7, true).unwrap()),
            ),
        ];
        let config = format!("{from:e} {to:e} {length} {shape:?} {amount:?} {exponent} {k}");
        for (name, schedule) in ended {
            assert_eq!(schedule.lr(0), from as f32, "{name} {config} at 0");
            for t in [length, length.saturating_add(1), u32::MAX] {
                assert_eq!(schedule.lr(t), to as f32, "{name} {config} at {t}");
            }
        }
        let tanh = Tanh::new(from, to, length, -6.0, 4.0).unwrap();
        assert_eq!(tanh.lr(length), to as f32, "{tanh:?}");

        let (warmup, stable, decay) = (length / 3, length / 4, length / 4 + 1);
        let trapezoid = WarmupStableDecay::new(peak, warmup, stable, decay)
            .and_then(|schedule| schedule.ends(from, to)?.shapes(shape, shape, amount))
            .unwrap();
        let first = if warmup > 0 { from } else { peak };
        assert_eq!(trapezoid.lr(0), first as f32, "{trapezoid:?}");
        for t in [warmup, warmup + stable / 2, warmup + stable] {
            assert_eq!(trapezoid.lr(t), peak as f32, "{trapezoid:?} at {t}");
        }
        for t in [warmup + stable + decay, u32::MAX] {
            assert_eq!(trapezoid.lr(t), to as f32, "{trapezoid:?} at {t}");
        }
        if stable > 0 && warmup > 0 && shape == Shape::Linear && from != peak {
            let before = trapezoid.lr(warmup / 2);
            assert_between(before, &[from, peak], "the way up", warmup / 2);
        }

        let total = length / 8 * 4 + 4;
        let interpolation = rng.pick(&INTERPOLATIONS);
        let floored = OneCycle::new(peak, from, to, total)
            .and_then(|schedule| schedule.pct_start(0.25)?.edges(Edges::Floored))
            .unwrap()
            .shape(interpolation);
        assert_eq!(floored.lr(0), from as f32, "{floored:?}");
        assert_eq!(floored.lr(total / 4), peak as f32, "{floored:?}");
        let back = floored.pct_final(0.75).unwrap();
        assert_eq!(back.lr(total / 4), peak as f32, "{back:?}");
        assert_eq!(back.lr(total / 4 * 3), from as f32, "{back:?}");
        for t in [total, total.saturating_add(1), u32::MAX] {
            assert_eq!(floored.lr(t), to as f32, "{floored:?} at {t}");
            assert_eq!(back.lr(t), to as f32, "{back:?} at {t}");
        }
        let last_step = floored.edges(Edges::LastStep).unwrap();
        for t in [total - 1, total, u32::MAX] {
            assert_eq!(last_step.lr(t), to as f32, "{last_step:?} at {t}");
        }
    }
}

/// Phases that would end before the first step are passed over, and none divides by its length of 0.
#[test]
fn one_cycle_has_a_rate_at_every_length() {
    for total in 1..40 {
        for pct in [0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0] {
            for edges in [Edges::LastStep, Edges::Floored] {
                let two = OneCycle::new(1.0, 0.25, 0.125, total)
                    .and_then(|schedule| schedule.pct_start(pct)?.edges(edges))
                    .unwrap();
                let n = f64::from(total);
                let mirrored = (2.0 * pct * n - 1.0) / n;
                let far = [1e300, 1e308, -1e308, f64::MAX, -f64::MAX];
                let three = far.into_iter().filter_map(|share| {
                    let made = two.pct_final(share);
                    assert_eq!(made.is_ok(), (share * n).is_finite(), "{share:e} of {n}");
                    made.ok()
                });
                let three = two.pct_final(mirrored).into_iter().chain(three);
                for schedule in core::iter::once(two).chain(three) {
                    for t in 0..=total + 1 {
                        let rate = schedule.lr(t);
                        assert!((0.125..=1.0).contains(&rate), "{schedule:?} at {t}: {rate}");
                        // No phase goes on after the cycle.
                        let last = if edges == Edges::Floored {
                            total
                        } else {
                            total - 1
                        };
                        let course = schedule.course(t);
                        assert!(t > last || course.last <= last, "{schedule:?} at {t}");
                    }
                    assert_eq!(schedule.lr(total + 1), 0.125, "{schedule:?}");
                }
            }
        }
    }
}

#[test]
fn cyclic_turns_at_its_sizes() {
    let mut rng = Rng::from_env("cyclic");
    for _ in 0..configs() {
        let (low, high) = (rng.log_uniform(1e-6, 1e-3), rng.log_uniform(1e-2, 1e2));
        let (up, down) = (2 + rng.up_to(1000), 2 + rng.up_to(1000));
        let plain = Cyclic::new(low, high, up, down).unwrap();
        let halved = plain.mode(CyclicMode::Triangular2, 1.0).unwrap();
        let gamma = rng.uniform(0.9, 1.0);
        let shrinking = plain.mode(CyclicMode::ExpRange, gamma).unwrap();
        for n in [0, 1, 2, 3, 20, u32::MAX / (up + down) - 1] {
            let foot = n * (up + down);
            for schedule in [&plain, &halved, &shrinking] {
                assert_eq!(schedule.lr(foot), low as f32, "{schedule:?} at {foot}");
            }
            let peak = foot + up;
            let rates = [peak - 1, peak, peak + 1].map(|t| plain.lr(t));
            assert_eq!(rates[1], high as f32, "{plain:?} at {peak}");
            assert!(
                rates[0] < rates[1] && rates[2] < rates[1],
                "{plain:?}: {rates:?}"
            );
            // The halves differ from the formula in f64 by the rounding to f32 alone, and a little.
            let lower = low + (high - low) * 0.5f64.powi(n.min(1100) as i32);
            let found = f64::from(halved.lr(peak));
            assert!((found / lower - 1.0).abs() < 1e-7, "{halved:?} at {peak}");
        }
        // A thousand million steps change nothing.
        let t = rng.up_to(up + down - 1);
        let later = 1_000_000_000 / (up + down) * (up + down) + t;
        assert_eq!(bits(plain.lr(t)), bits(plain.lr(later)), "{plain:?} at {t}");
    }
}

/// Restarts by arithmetic of their own: whole multipliers in integers, one and a half as a fraction.
#[test]
fn restarts_come_at_the_sums_of_the_lengths() {
    let mut rng = Rng::from_env("restarts");
    for _ in 0..configs() {
        let t_0 = 2 + rng.up_to(200);
        let (numerator, denominator) = rng.pick(&[
            (1_u32, 1_u32),
            (2, 1),
            (3, 1),
            (10, 1),
            (3, 2),
            (5, 4),
            (7, 4),
        ]);
        let t_mult = f64::from(numerator) / f64::from(denominator);
        let schedule = WarmRestarts::new(1.0, 0.0, t_0, t_mult).unwrap();
        // The cycle of number i begins at `begin / scale` and takes `length / scale` steps.
        let (mut begin, mut length, mut scale) = (0u128, u128::from(t_0), 1u128);
        for i in 0..28 {
            let first = begin.div_ceil(scale);
            let Ok(t) = u32::try_from(first) else {
                break;
            };
            let done = (first * scale - begin) as f64 / length as f64;
            let exact = (1.0 + (core::f64::consts::PI * done).cos()) / 2.0;
            let rate = schedule.lr(t);
            assert!(
                (f64::from(rate) - exact).abs() < 1e-7,
                "{schedule:?} at {t}, cycle {i}: {rate}, not {exact}"
            );
            if t > 0 {
                let before = schedule.lr(t - 1);
                assert!(
                    before < rate,
                    "{schedule:?} before {t}: {before} and {rate}"
                );
            }
            let limited = schedule.cycle_limit(i);
            if i > 0 {
                assert_eq!(limited.lr(t), 0.0, "{limited:?} at {t}");
                assert!(limited.lr(t - 1) > 0.0, "{limited:?} before {t}");
            }
            begin = (begin + length) * u128::from(denominator);
            length *= u128::from(numerator);
            scale *= u128::from(denominator);
        }
    }
    // Shrinking cycles end with the first that is shorter than a step: 8 + 4 + 2 + 1, and no half.
    let shrinking = WarmRestarts::new(1.0, 0.25, 8, 0.5).unwrap();
    assert_eq!(
        [0, 8, 12, 14, 15, 16, u32::MAX].map(|t| shrinking.lr(t)),
        [1.0, 1.0, 1.0, 1.0, 0.25, 0.25, 0.25]
    );
}

/// The general kind and the plain one.
type Pair = (Box<dyn Schedule>, Box<dyn Schedule>);

/// Each of these is another one where its extras have their defaults, to the bit.
#[test]
fn a_general_kind_is_the_plain_one_by_default() {
    let mut rng = Rng::from_env("plain");
    for _ in 0..configs() {
        let rng = &mut rng;
        let (from, to, length) = draw::blend(rng);
        let exponent = draw::power(rng);
        let cosine = CosineAnnealing::new(from, to, length).unwrap();
        let pairs: [(&str, Pair); 8] = [
            (
                "cosine_decay",
                (
                    Box::new(CosineDecay::new(from, to, length).unwrap()),
                    Box::new(cosine.past(Past::Hold)),
                ),
            ),
            (
                "cosine_cycles",
                (
                    Box::new(CosineCycles::new(from, to, length, 0.5, false).unwrap()),
                    Box::new(cosine),
                ),
            ),
            (
                "warm_restarts",
                (
                    Box::new(WarmRestarts::new(from, to, length, 1.0).unwrap()),
                    Box::new(cosine.past(Past::Restart)),
                ),
            ),
            (
                "k_decay",
                (
                    Box::new(KDecay::new(from, to, length, exponent, 1.0).unwrap()),
                    Box::new(Polynomial::new(from, to, length, exponent, false).unwrap()),
                ),
            ),
            (
                "anneal, linear",
                (
                    Box::new(Anneal::new(from, to, length, Shape::Linear, None).unwrap()),
                    Box::new(Linear::new(from, to, length).unwrap()),
                ),
            ),
            (
                "anneal, cosine",
                (
                    Box::new(Anneal::new(from, to, length, Shape::Cosine, None).unwrap()),
                    Box::new(cosine.past(Past::Hold)),
                ),
            ),
            (
                "anneal, half a cycle",
                (
                    Box::new(Anneal::new(from, to, length, Shape::Cycles, Some(0.5)).unwrap()),
                    Box::new(cosine.past(Past::Hold)),
                ),
            ),
            (
                "warmup_stable_decay",
                (
                    Box::new(
                        WarmupStableDecay::new(from, 0, 0, length)
                            .and_then(|schedule| schedule.ends(1.0, to))
                            .unwrap(),
                    ),
                    Box::new(Linear::new(from, to, length).unwrap()),
                ),
            ),
        ];
        for t in steps(rng, length) {
            for (name, (general, plain)) in &pairs {
                assert_eq!(
                    bits(general.lr(t)),
                    bits(plain.lr(t)),
                    "{name} {from:e} {to:e} {length} {exponent} at {t}"
                );
            }
        }
    }
}

/// A fall only falls, in steps that move the exact rate by more than 1e-13 of itself: far more than the error before rounding.
#[test]
fn curves_fall_and_rise() {
    let mut rng = Rng::from_env("falling curves");
    for _ in 0..configs() {
        let rng = &mut rng;
        let high = rng.log_uniform(1e-6, 1e2);
        let low = high * rng.log_uniform(1e-6, 0.9);
        let length = 1000 + rng.up_to(20_000);
        let (shape, amount) = rng.pick(&[
            (Shape::Linear, None),
            (Shape::Cosine, None),
            (Shape::Sqrt, None),
            (Shape::ReverseSqrt, None),
            (Shape::Power, Some(1.5)),
            (Shape::Exponential, Some(0.125)),
            (Shape::Exponential, Some(8.0)),
        ]);
        let power = rng.uniform(0.5, 2.0);
        let falling: [Named; 4] = [
            (
                "anneal",
                Box::new(Anneal::new(high, low, length, shape, amount).unwrap()),
            ),
            (
                "cosine_decay",
                Box::new(
                    CosineDecay::new(high, low, length)
                        .and_then(|schedule| schedule.exponent(power))
                        .unwrap(),
                ),
            ),
            (
                "k_decay",
                Box::new(KDecay::new(high, low, length, power, 1.5).unwrap()),
            ),
            (
                "tanh",
                Box::new(Tanh::new(high, low, length, -4.0, 4.0).unwrap()),
            ),
        ];
        let rising = Anneal::new(low, high, length, shape, amount).unwrap();
        let begin = rng.up_to(length - 200);
        for t in begin..begin + 200 {
            for (name, schedule) in &falling {
                let (now, next) = (schedule.lr(t), schedule.lr(t + 1));
                assert!(
                    next <= now,
                    "{name} {high:e} {low:e} {length} {shape:?} {power}: {now:e} at {t}, then {next:e}"
                );
            }
            assert!(rising.lr(t) <= rising.lr(t + 1), "{rising:?} at {t}");
        }
    }
}

type Build = fn(f64) -> Result<(), ConfigError>;

/// Every number of these kinds, by the field that the error must name; the last says whether any sign and size will do.
const NUMBERS: [(&str, Build, bool); 40] = [
    (
        "start_lr",
        |x| Anneal::new(x, 1.0, 9, Shape::Linear, None).map(drop),
        true,
    ),
    (
        "end_lr",
        |x| Anneal::new(1.0, x, 9, Shape::Linear, None).map(drop),
        true,
    ),
    (
        "amount",
        |x| Anneal::new(1.0, 0.0, 9, Shape::Power, Some(x)).map(drop),
        false,
    ),
    (
        "amount",
        |x| Anneal::new(1.0, 0.0, 9, Shape::Exponential, Some(x)).map(drop),
        false,
    ),
    (
        "amount",
        |x| Anneal::new(1.0, 0.0, 9, Shape::Cycles, Some(x)).map(drop),
        true,
    ),
    (
        "learning_rate",
        |x| CosineDecay::new(x, 0.0, 9).map(drop),
        true,
    ),
    ("eta_min", |x| CosineDecay::new(1.0, x, 9).map(drop), true),
    (
        "exponent",
        |x| CosineDecay::new(1.0, 0.0, 9)?.exponent(x).map(drop),
        false,
    ),
    (
        "k",
        |x| CosineDecay::new(1.0, 0.0, 9)?.k(x).map(drop),
        false,
    ),
    (
        "learning_rate",
        |x| KDecay::new(x, 0.0, 9, 1.0, 1.0).map(drop),
        true,
    ),
    (
        "end_lr",
        |x| KDecay::new(1.0, x, 9, 1.0, 1.0).map(drop),
        true,
    ),
    (
        "power",
        |x| KDecay::new(1.0, 0.0, 9, x, 1.0).map(drop),
        false,
    ),
    ("k", |x| KDecay::new(1.0, 0.0, 9, 1.0, x).map(drop), false),
    (
        "learning_rate",
        |x| CosineCycles::new(x, 0.0, 9, 1.0, true).map(drop),
        true,
    ),
    (
        "eta_min",
        |x| CosineCycles::new(1.0, x, 9, 1.0, true).map(drop),
        true,
    ),
    (
        "num_cycles",
        |x| CosineCycles::new(1.0, 0.0, 9, x, true).map(drop),
        true,
    ),
    (
        "num_cycles",
        |x| CosineCycles::new(1.0, 0.0, 9, x, false).map(drop),
        true,
    ),
    (
        "learning_rate",
        |x| WarmRestarts::new(x, 0.0, 9, 1.0).map(drop),
        true,
    ),
    (
        "eta_min",
        |x| WarmRestarts::new(1.0, x, 9, 1.0).map(drop),
        true,
    ),
    (
        "t_mult",
        |x| WarmRestarts::new(1.0, 0.0, 9, x).map(drop),
        false,
    ),
    (
        "peak_mult",
        |x| WarmRestarts::new(1.0, 0.0, 9, 1.0)?.peak_mult(x).map(drop),
        true,
    ),
    (
        "k",
        |x| WarmRestarts::new(1.0, 0.0, 9, 1.0)?.k(x).map(drop),
        false,
    ),
    (
        "learning_rate",
        |x| Tanh::new(x, 0.0, 9, -6.0, 4.0).map(drop),
        true,
    ),
    (
        "eta_min",
        |x| Tanh::new(1.0, x, 9, -6.0, 4.0).map(drop),
        true,
    ),
    ("lb", |x| Tanh::new(1.0, 0.0, 9, x, 4.0).map(drop), true),
    ("ub", |x| Tanh::new(1.0, 0.0, 9, -6.0, x).map(drop), true),
    (
        "learning_rate",
        |x| WarmupStableDecay::new(x, 1, 2, 3).map(drop),
        true,
    ),
    (
        "start_lr",
        |x| WarmupStableDecay::new(1.0, 1, 2, 3)?.ends(x, 0.0).map(drop),
        true,
    ),
    (
        "end_lr",
        |x| WarmupStableDecay::new(1.0, 1, 2, 3)?.ends(0.0, x).map(drop),
        true,
    ),
    (
        "amount",
        |x| {
            WarmupStableDecay::new(1.0, 1, 2, 3)?
                .shapes(Shape::Linear, Shape::Power, Some(x))
                .map(drop)
        },
        false,
    ),
    (
        "learning_rate",
        |x| OneCycle::new(x, 0.1, 0.0, 9).map(drop),
        true,
    ),
    (
        "start_lr",
        |x| OneCycle::new(1.0, x, 0.0, 9).map(drop),
        true,
    ),
    ("end_lr", |x| OneCycle::new(1.0, 0.1, x, 9).map(drop), true),
    (
        "pct_start",
        |x| OneCycle::new(1.0, 0.1, 0.0, 9)?.pct_start(x).map(drop),
        false,
    ),
    (
        "pct_final",
        |x| OneCycle::new(1.0, 0.1, 0.0, 9)?.pct_final(x).map(drop),
        false,
    ),
    (
        "learning_rate",
        |x| Cyclic::new(x, 1.0, 9, 9).map(drop),
        true,
    ),
    ("max_lr", |x| Cyclic::new(1.0, x, 9, 9).map(drop), true),
    (
        "gamma",
        |x| {
            Cyclic::new(1.0, 2.0, 9, 9)?
                .mode(CyclicMode::ExpRange, x)
                .map(drop)
        },
        true,
    ),
    ("learning_rate", |x| interpolate(x, &[3], &[1.0]), true),
    ("scales", |x| interpolate(1.0, &[3, 4], &[1.0, x]), false),
];

fn interpolate(rate: f64, boundaries: &[u32], scales: &[f64]) -> Result<(), ConfigError> {
    PiecewiseInterpolate::<16>::new(rate, boundaries, scales, Interpolation::Linear).map(drop)
}

#[test]
fn numbers_of_curves_are_refused_by_field() {
    for (field, build, free) in NUMBERS {
        assert_eq!(build(0.5), Ok(()), "{field}");
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(
                matches!(build(bad), Err(ConfigError::NotFinite { field: named, value })
                    if named == field && value.to_bits() == bad.to_bits()),
                "{field} = {bad}: {:?}",
                build(bad)
            );
        }
        let sizes = [0.0, -0.0, -1.0, 1.0, 1.5, 5e-324, -f64::MAX, f64::MAX];
        for x in sizes.into_iter().filter(|_| free) {
            assert_eq!(build(x), Ok(()), "{field} = {x:e}");
        }
    }
    let bounded: [(&str, Build, &[f64]); 10] = [
        ("amount", NUMBERS[2].1, &[0.0, -0.0, -1.0]),
        ("amount", NUMBERS[3].1, &[0.0, -1.0, 1.0]),
        ("exponent", NUMBERS[7].1, &[0.0, -0.5]),
        ("k", NUMBERS[8].1, &[0.0, -0.5]),
        ("power", NUMBERS[11].1, &[0.0, -0.5]),
        (
            "t_mult",
            NUMBERS[19].1,
            &[0.0, -1.0, 4294967297.0, f64::MAX],
        ),
        ("pct_start", NUMBERS[33].1, &[-0.1, 1.1, -5e-324]),
        // The first edge of 9 steps is 1.7, by default.
        ("pct_final", NUMBERS[34].1, &[0.2, 0.25, 1e308, -1e308]),
        ("scales", NUMBERS[39].1, &[1e-301, -1e301, 5e-324, f64::MAX]),
        ("amount", NUMBERS[29].1, &[0.0, -2.0]),
    ];
    for (field, build, refused) in bounded {
        for &bad in refused {
            assert!(
                matches!(build(bad), Err(ConfigError::OutOfRange { field: named, value, .. })
                    if named == field && value == bad),
                "{field} = {bad:e}: {:?}",
                build(bad)
            );
        }
    }
}

#[test]
fn lengths_amounts_and_lists_of_curves_are_refused_by_field() {
    let zero = [
        (
            "total_steps",
            Anneal::new(1.0, 0.0, 0, Shape::Sqrt, None).map(drop),
        ),
        ("decay_steps", CosineDecay::new(1.0, 0.0, 0).map(drop)),
        ("decay_steps", KDecay::new(1.0, 0.0, 0, 1.0, 1.0).map(drop)),
        (
            "total_steps",
            CosineCycles::new(1.0, 0.0, 0, 1.0, true).map(drop),
        ),
        ("t_0", WarmRestarts::new(1.0, 0.0, 0, 2.0).map(drop)),
        ("decay_steps", Tanh::new(1.0, 0.0, 0, -6.0, 4.0).map(drop)),
        (
            "decay_steps",
            WarmupStableDecay::new(1.0, 1, 1, 0).map(drop),
        ),
        ("total_steps", OneCycle::new(1.0, 0.1, 0.0, 0).map(drop)),
        ("step_size_up", Cyclic::new(0.1, 1.0, 0, 1).map(drop)),
        ("step_size_down", Cyclic::new(0.1, 1.0, 1, 0).map(drop)),
    ];
    for (field, result) in zero {
        assert_eq!(result, Err(ConfigError::ZeroLength { field }));
    }
    assert!(
        WarmupStableDecay::new(1.0, 0, 0, 1).is_ok(),
        "no warm-up and no plateau"
    );

    let conflict = |result: Result<(), ConfigError>, field: &str| {
        assert!(
            matches!(result, Err(ConfigError::Conflict { field: named, .. }) if named == field),
            "{result:?}"
        );
    };
    for (shape, amount) in SHAPES {
        let other = if amount.is_some() { None } else { Some(0.5) };
        conflict(Anneal::new(1.0, 0.0, 9, shape, other).map(drop), "amount");
        let trapezoid = WarmupStableDecay::new(1.0, 1, 2, 3).unwrap();
        conflict(
            trapezoid.shapes(shape, Shape::Linear, other).map(drop),
            "amount",
        );
        conflict(
            trapezoid.shapes(Shape::Linear, shape, other).map(drop),
            "amount",
        );
        assert!(trapezoid.shapes(Shape::Cosine, shape, amount).is_ok());
    }
    let cyclic = Cyclic::new(0.1, 1.0, 2, 2).unwrap();
    conflict(cyclic.mode(CyclicMode::Triangular2, 0.9).map(drop), "gamma");

    conflict(interpolate(1.0, &[], &[]), "boundaries");
    for found in [0, 1, 3] {
        assert_eq!(
            interpolate(1.0, &[1, 2], &vec![1.0; found]),
            Err(ConfigError::WrongCount {
                field: "scales",
                expected: 2,
                found
            })
        );
    }
    assert_eq!(
        interpolate(1.0, &[2, 2], &[1.0, 1.0]),
        Err(ConfigError::NotIncreasing {
            field: "boundaries",
            index: 1
        })
    );
    let many: Vec<u32> = (0..17).collect();
    assert_eq!(interpolate(1.0, &many[..16], &[1.0; 16]), Ok(()));
    assert_eq!(
        interpolate(1.0, &many, &[1.0; 17]),
        Err(ConfigError::OverCapacity {
            field: "boundaries",
            capacity: 16,
            found: 17
        })
    );
    assert_eq!(interpolate(1.0, &[1, 2], &[0.0, 5.0]), Ok(()), "0 for ever");
}
