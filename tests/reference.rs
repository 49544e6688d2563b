//! Every kind against its formula at 512 bits.
//!
//! The formulas are written down here once more, as the books have them, and evaluated from the same `f64` parameters by another
//! library with another arithmetic. The distance of the core's `f32` is measured in units in the last place of the exact value.
//!
//! The ordinary run takes seconds. For more samples, or others:
//!
//! ```text
//! HAIRPIN_SAMPLES=2000000 cargo test --release -p hairpin-tests --test reference -- --nocapture
//! HAIRPIN_SEED=7 cargo test -p hairpin-tests --test reference -- --nocapture
//! ```

#[path = "support/draw.rs"]
mod draw;
#[path = "support/exact.rs"]
mod exact;
#[path = "support/rng.rs"]
mod rng;

use draw;
use exact::{Exact, big, power, steps, ulps, whole_power};
use hairpin_core::{
    Constant, CosineAnnealing, Exponential, Factor, Feedback, InverseTime, Lambda, LinearWarmup,
    MultiStep, NaturalExp, Noam, PiecewiseConstant, PlateauConfig, Polynomial, ReduceOnPlateau,
    Schedule, Step,
};
use rng::{Rng, env};

/// Half a unit for the one rounding to `f32`, and a thousandth for everything before it.
const BOUND: f64 = 0.501;

/// Blends between ends of opposite signs pass through 0, where no relative bound can hold: the terms cancel, what is left is their
/// absolute error. Each of the two weights is off by at most two roundings (its division and its function), each product by one
/// more, and weights sum to 1: 3 * 2^-53 of the larger end. The sum's own rounding is one more.
fn crossing_slack(from: f64, to: f64) -> f64 {
    4.0 * 2f64.powi(-53) * from.abs().max(to.abs())
}

const STEPS_PER_CONFIG: usize = 8;

/// One rate, and what it should have been.
struct Sample {
    step: u32,
    found: f32,
    exact: Exact,
}

/// A configuration with some of its rates.
struct Case {
    config: String,
    samples: Vec<Sample>,
    /// The ends of a blend.
    ends: Option<(f64, f64)>,
}

impl Case {
    fn new<E: Into<Exact>>(
        rng: &mut Rng,
        length: u32,
        config: String,
        schedule: &dyn Schedule,
        exact: impl Fn(u32) -> E,
    ) -> Self {
        let samples = (0..STEPS_PER_CONFIG)
            .map(|_| {
                let step = draw::step(rng, length);
                let (found, exact) = (schedule.lr(step), exact(step).into());
                Sample { step, found, exact }
            })
            .collect();
        Self {
            config,
            samples,
            ends: None,
        }
    }

    fn between(self, from: f64, to: f64) -> Self {
        Self {
            ends: Some((from, to)),
            ..self
        }
    }

    /// Whether the two ends of a blend have opposite signs.
    fn crosses(&self) -> bool {
        self.ends
            .is_some_and(|(from, to)| (from < 0.0 && to > 0.0) || (from > 0.0 && to < 0.0))
    }
}

fn constant(rng: &mut Rng) -> Case {
    let rate = draw::rate(rng);
    let schedule = Constant::new(rate).unwrap();
    Case::new(rng, 100, format!("{schedule:?}"), &schedule, |_| big(rate))
}

fn piecewise_constant(rng: &mut Rng) -> Case {
    let mut boundaries: Vec<u32> = (0..=rng.up_to(15)).map(|_| draw::length(rng)).collect();
    boundaries.sort_unstable();
    boundaries.dedup();
    let values: Vec<f64> = (0..=boundaries.len()).map(|_| draw::rate(rng)).collect();
    let schedule = PiecewiseConstant::<16>::new(&boundaries, &values).unwrap();
    let around = rng.pick(&boundaries);
    Case::new(rng, around, format!("{schedule:?}"), &schedule, |t| {
        big(values[boundaries.iter().filter(|&&boundary| t >= boundary).count()])
    })
}

fn exponential(rng: &mut Rng) -> Case {
    let (rate, reach) = (draw::rate(rng), draw::length(rng));
    let gamma = draw::gamma(rng, reach);
    let schedule = Exponential::new(rate, gamma).unwrap();
    Case::new(rng, reach, format!("{rate:e} {gamma:e}"), &schedule, |t| {
        big(rate) * whole_power(gamma, t)
    })
}

fn natural_exp(rng: &mut Rng) -> Case {
    let (rate, reach) = (draw::rate(rng), draw::length(rng));
    let gamma = match rng.up_to(4) {
        0 => draw::rate(rng),
        _ => rng.uniform(-95.0, 95.0) / f64::from(reach),
    };
    let schedule = NaturalExp::new(rate, gamma).unwrap();
    Case::new(rng, reach, format!("{rate:e} {gamma:e}"), &schedule, |t| {
        let exponent = -big(gamma) * steps(t.into());
        // Beyond this every rate but 0 is far out of range of f32, and no number has to hold its exponent.
        let far = big(1e9);
        let exponent = if exponent > far {
            far
        } else if exponent < -far.clone() {
            -far
        } else {
            exponent
        };
        big(rate) * exponent.exp()
    })
}

fn inverse_time(rng: &mut Rng) -> Case {
    let (rate, reach) = (draw::rate(rng), draw::length(rng));
    let gamma = match rng.up_to(3) {
        // The denominator passes through 0 at or near `reach`.
        0 => -1.0 / f64::from(reach),
        1 => draw::rate(rng),
        2 => rng.sign() * rng.log_uniform(1e-300, 1e300),
        _ => rng.log_uniform(1e-12, 1e3),
    };
    let schedule = InverseTime::new(rate, gamma).unwrap();
    Case::new(rng, reach, format!("{rate:e} {gamma:e}"), &schedule, |t| {
        // The product alone, then the sum: at 512 bits both are exact for every gamma that the sum can see.
        let denominator = big(1.0) + big(gamma) * steps(t.into());
        if rate == 0.0 {
            Exact::Finite(big(0.0))
        } else if denominator == big(0.0) {
            Exact::Infinite(rate)
        } else {
            Exact::Finite(big(rate) / denominator)
        }
    })
}

fn polynomial(rng: &mut Rng) -> Case {
    let (from, to) = (draw::rate(rng), draw::rate(rng));
    let (length, exponent, cycle) = (draw::length(rng), draw::power(rng), rng.one_in(2));
    let schedule = Polynomial::new(from, to, length, exponent, cycle).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        let (t, length) = (u64::from(t), u64::from(length));
        let span = if cycle {
            length * t.div_ceil(length).max(1)
        } else {
            length
        };
        let left = steps(span - t.min(span)) / steps(span);
        (big(from) - big(to)) * power(&left, &big(exponent)) + big(to)
    })
    .between(from, to)
}

fn step(rng: &mut Rng) -> Case {
    let (rate, size) = (draw::rate(rng), draw::length(rng));
    let reach = draw::length(rng);
    let gamma = draw::gamma(rng, (reach / size).max(1));
    let schedule = Step::new(rate, size, gamma).unwrap();
    Case::new(rng, reach, format!("{schedule:?}"), &schedule, |t| {
        big(rate) * whole_power(gamma, t / size)
    })
}

fn multi_step(rng: &mut Rng) -> Case {
    let mut milestones: Vec<u32> = (0..rng.up_to(32)).map(|_| draw::length(rng)).collect();
    milestones.sort_unstable();
    milestones.dedup();
    let rate = draw::rate(rng);
    let gamma = draw::gamma(rng, milestones.len() as u32);
    let schedule = MultiStep::<32>::new(rate, &milestones, gamma).unwrap();
    let around = milestones.last().copied().unwrap_or(1);
    Case::new(rng, around, format!("{schedule:?}"), &schedule, |t| {
        let passed = milestones
            .iter()
            .filter(|&&milestone| t >= milestone)
            .count();
        big(rate) * whole_power(gamma, passed as u32)
    })
}

fn lambda_function(rng: &mut Rng) -> Case {
    fn factor(t: u32) -> f64 {
        1.0 / (1.0 + f64::from(t) / 7.0)
    }
    let rate = draw::rate(rng);
    let schedule = Lambda::new(rate, Factor::Function(factor)).unwrap();
    Case::new(rng, 100, format!("{rate:e}"), &schedule, |t| {
        big(rate) * big(factor(t))
    })
}

fn lambda_expression(rng: &mut Rng) -> Case {
    // Not 0: a lambda follows IEEE, and 0 times an overflowed factor is NaN.
    let (rate, reach) = (rng.sign() * rng.log_uniform(1e-8, 1e3), draw::length(rng));
    let gamma = (rng.uniform(-95.0, 95.0) / f64::from(reach)).exp();
    let text = format!("lambda epoch: {gamma} ** epoch");
    let schedule = Lambda::new(rate, Factor::parse(&text).unwrap()).unwrap();
    // Where the factor leaves the range of f64, the product has left that of f32.
    Case::new(rng, reach, format!("{rate:e} {text}"), &schedule, |t| {
        big(rate) * whole_power(gamma, t)
    })
}

fn cosine_annealing(rng: &mut Rng) -> Case {
    let (from, to, length) = (draw::rate(rng), draw::rate(rng), draw::length(rng));
    let schedule = CosineAnnealing::new(from, to, length).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        let cosine = (steps(t.into()) / steps(length.into())).cos_pi();
        (big(from) - big(to)) * ((big(1.0) + cosine) / big(2.0)) + big(to)
    })
    .between(from, to)
}

fn noam(rng: &mut Rng) -> Case {
    let (rate, width, warmup) = (draw::rate(rng), draw::length(rng), draw::length(rng));
    let schedule = Noam::new(rate, width, warmup).unwrap();
    Case::new(
        rng,
        warmup,
        format!("{rate:e} {width} {warmup}"),
        &schedule,
        |t| {
            if t == 0 {
                return big(0.0);
            }
            let (t, warmup) = (steps(t.into()), steps(warmup.into()));
            let falling = big(1.0) / t.sqrt();
            let rising = t / (warmup.sqrt() * warmup);
            let smaller = if rising < falling { rising } else { falling };
            big(rate) / steps(width.into()).sqrt() * smaller
        },
    )
}

fn linear_warmup(rng: &mut Rng) -> Case {
    let (from, to, length, rest) = (
        draw::rate(rng),
        draw::rate(rng),
        draw::length(rng),
        draw::rate(rng),
    );
    let schedule = LinearWarmup::new(length, from, to, Constant::new(rest).unwrap()).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        if t < length {
            big(from) + (big(to) - big(from)) * steps(t.into()) / steps(length.into())
        } else {
            big(rest)
        }
    })
    .between(from, to)
}

/// The rate after many cuts. It is kept in `f64` as the frameworks keep it, one rounding a cut: 1000 cuts add 2^-19 ULP.
fn reduce_on_plateau(rng: &mut Rng) -> Case {
    let rate = rng.log_uniform(1e-8, 1e3);
    let cuts = 1 + rng.up_to(999);
    let factor = (-rng.uniform(0.01, 95.0) / f64::from(cuts)).exp();
    let min_lr = if rng.one_in(2) {
        0.0
    } else {
        rate * rng.log_uniform(1e-8, 1.0)
    };
    let config = PlateauConfig {
        factor,
        patience: 0,
        min_lr,
        epsilon: 0.0,
        ..PlateauConfig::new(rate)
    };
    let schedule = ReduceOnPlateau::new(config).unwrap();
    let mut state = schedule.start();
    let samples = (0..=cuts)
        .map(|step| {
            // The first loss is the best, and each of the others costs a cut.
            schedule.observe(&mut state, step, 1.0);
            let cut = big(rate) * whole_power(factor, step);
            let floor = big(min_lr);
            let exact = if cut < floor { floor } else { cut };
            Sample {
                step,
                found: schedule.lr(&state, step),
                exact: exact.into(),
            }
        })
        .collect();
    Case {
        config: format!("{config:?}"),
        samples,
        ends: None,
    }
}

/// What was found of one kind.
struct Tally {
    samples: usize,
    /// Rates that are neither 0 nor infinite.
    ordinary: usize,
    max: f64,
    off: usize,
    worst: String,
}

impl Tally {
    const EMPTY: Self = Self {
        samples: 0,
        ordinary: 0,
        max: 0.0,
        off: 0,
        worst: String::new(),
    };

    fn add(&mut self, case: &Case, sample: &Sample, slack: f64) {
        let error = ulps(sample.found, &sample.exact, slack);
        self.samples += 1;
        self.ordinary += usize::from(sample.found != 0.0 && sample.found.is_finite());
        self.off += usize::from(!(error <= 0.5));
        if !(error <= self.max) {
            self.max = error;
            self.worst = format!(
                "{} at step {}: {:e}",
                case.config, sample.step, sample.found
            );
        }
    }

    fn print(&self, name: &str) {
        let share = self.off as f64 / self.samples as f64;
        println!(
            "{name:<38} {:>9} {:>9} {:>11.7} {share:>13.2e}",
            self.samples, self.ordinary, self.max
        );
    }
}

type Draw = fn(&mut Rng) -> Case;

const KINDS: [(&str, Draw); 14] = [
    ("constant", constant),
    ("piecewise_constant", piecewise_constant),
    ("exponential", exponential),
    ("natural_exp", natural_exp),
    ("inverse_time", inverse_time),
    ("polynomial", polynomial),
    ("step", step),
    ("multi_step", multi_step),
    ("lambda (function)", lambda_function),
    ("lambda (expression)", lambda_expression),
    ("cosine_annealing", cosine_annealing),
    ("noam", noam),
    ("linear_warmup", linear_warmup),
    ("reduce_on_plateau", reduce_on_plateau),
];

#[test]
fn every_kind_is_within_its_bound_of_the_exact_value() {
    let wanted = env("HAIRPIN_SAMPLES").unwrap_or(4000) as usize;
    let mut rng = Rng::from_env("reference");
    println!(
        "{:<38} {:>9} {:>9} {:>11} {:>13}",
        "kind", "samples", "ordinary", "max ULP", "not nearest"
    );
    let mut failures = Vec::new();
    for (name, draw) in KINDS {
        let (mut plain, mut crossing) = (Tally::EMPTY, Tally::EMPTY);
        while plain.samples < wanted {
            let case = draw(&mut rng);
            for sample in &case.samples {
                match case.ends {
                    Some((from, to)) if case.crosses() => {
                        crossing.add(&case, sample, crossing_slack(from, to))
                    }
                    _ => plain.add(&case, sample, 0.0),
                }
            }
        }
        let mut rows = vec![(name.to_owned(), plain)];
        if crossing.samples > 0 {
            rows.push((format!("{name}, ends of opposite signs"), crossing));
        }
        for (name, tally) in rows {
            tally.print(&name);
            if !(tally.max <= BOUND) {
                failures.push(format!("{name}: {} ULP, {}", tally.max, tally.worst));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "beyond {BOUND} ULP:\n{}",
        failures.join("\n")
    );
}

/// The measure itself: known distances, the subnormal range, and both sides of overflow.
#[test]
fn ulps_are_measured_in_the_spacing_at_the_exact_value() {
    let at = |exact: f64| Exact::Finite(big(exact));
    let half_ulp = f64::from(f32::EPSILON) / 2.0;
    assert_eq!(ulps(1.0, &at(1.0 + half_ulp / 2.0), 0.0), 0.25);
    assert_eq!(ulps(1.0, &at(1.0 + half_ulp / 2.0), half_ulp / 2.0), 0.0);
    assert_eq!(
        ulps(1.0, &at(1.0 - half_ulp / 2.0), 0.0),
        0.5,
        "below a power of two the spacing is half"
    );
    assert_eq!(ulps(0.0, &at(2f64.powi(-150)), 0.0), 0.5);
    assert_eq!(ulps(0.0, &at(2f64.powi(-1000)), 0.0), 2f64.powi(-851));
    let middle = 2f64.powi(128) - 2f64.powi(103);
    assert_eq!(ulps(f32::INFINITY, &at(middle), 0.0), 0.5);
    assert_eq!(ulps(f32::MAX, &at(middle), 0.0), 0.5);
    assert_eq!(ulps(f32::INFINITY, &at(1e300), 0.0), 0.0);
    assert!(ulps(f32::NEG_INFINITY, &at(1e300), 0.0) > 1.0);
    assert!(ulps(f32::MAX, &at(2f64.powi(128)), 0.0) > 0.5);
    assert_eq!(ulps(f32::NAN, &at(1.0), 0.0), f64::INFINITY);
    assert_eq!(
        ulps(f32::INFINITY, &Exact::Infinite(-1.0), 0.0),
        f64::INFINITY
    );
    let off = power(&big(2.0), &big(0.5)) - big(2.0).sqrt();
    assert!(off < big(2f64.powi(-500)) && -off < big(2f64.powi(-500)));
}
