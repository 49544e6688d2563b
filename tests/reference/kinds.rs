//! The formulas of all kinds, as the books have them, beside the core's.

use hairpin_core::{
    Bend, Constant, ConstantFactor, CosineAnnealing, Exponential, Factor, Feedback, Geometric,
    InverseSqrt, InverseTime, Lambda, Linear, LinearFactor, LinearWarmup, MultiStep, NaturalExp,
    Noam, Past, PiecewiseConstant, PiecewiseScale, PlateauConfig, Polynomial, Profiled,
    ReduceOnPlateau, Schedule, Step, Switch,
};

use crate::draw;
use crate::exact::{Big, Exact, big, power, steps, whole_power};
use crate::rng::Rng;

const STEPS_PER_CONFIG: usize = 8;

/// One rate, and what it should have been.
pub(crate) struct Sample {
    pub(crate) step: u32,
    pub(crate) found: f32,
    pub(crate) exact: Exact,
}

/// A configuration with some of its rates.
pub(crate) struct Case {
    pub(crate) config: String,
    pub(crate) samples: Vec<Sample>,
    /// The ends of a blend.
    pub(crate) ends: Option<(f64, f64)>,
    /// Where the ends have opposite signs: how many roundings of the larger one may be left, each 2^-53 of it.
    ///
    /// 4 of them: each of the two weights is off by at most two roundings (its division and its function), each product by one
    /// more, and weights sum to 1, which makes 3; the sum's own is one more. Where weights take more operations it is said there.
    pub(crate) roundings: f64,
}

impl Case {
    /// A kind, whose rates before they are rounded are as near to the exact ones as tables rely on.
    pub(crate) fn new<S: Profiled, E: Into<Exact>>(
        rng: &mut Rng,
        length: u32,
        config: String,
        schedule: &S,
        exact: impl Fn(u32) -> E,
    ) -> Self {
        let case = Self::of(rng, length, config, schedule, exact);
        for Sample { step, exact, .. } in &case.samples {
            let Exact::Finite(exact) = exact else {
                continue;
            };
            let value = schedule.rate(schedule.profile(*step));
            let size = exact.to_f64().value().abs();
            let allowed = match schedule.course(*step).bend {
                Bend::Geometric => size * 2f64.powi(-40),
                Bend::Inverse | Bend::InverseRoot => size * 2f64.powi(-47),
                Bend::HalfWave { .. } | Bend::Smooth => {
                    schedule.taylor(*step, *step, 0) * 2f64.powi(-47)
                }
                Bend::Power { limit, .. }
                | Bend::PowerOfRest { limit, .. }
                | Bend::Logistic { limit, .. } => {
                    let beside = (exact.clone() - big(limit)).to_f64().value().abs();
                    (limit.abs() + beside) * 2f64.powi(-40)
                }
                _ => continue,
            };
            // Numbers below the normal ones, which no `f32` comes from, have fewer digits.
            if value.is_finite() && allowed > 1e-280 {
                let off = (big(value) - exact).to_f64().value().abs();
                let config = &case.config;
                assert!(
                    off <= allowed,
                    "{config} at {step}: off by {off:e}, more than {allowed:e}"
                );
            }
        }
        case
    }

    pub(crate) fn of<E: Into<Exact>>(
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
            roundings: 4.0,
        }
    }

    pub(crate) fn between(self, from: f64, to: f64) -> Self {
        Self {
            ends: Some((from, to)),
            ..self
        }
    }

    pub(crate) fn roundings(self, roundings: f64) -> Self {
        Self { roundings, ..self }
    }

    /// Whether the two ends of a blend have opposite signs.
    pub(crate) fn crosses(&self) -> bool {
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
    let (switch, first) = switch(rng);
    let schedule = schedule.switching(switch);
    Case::new(rng, around, format!("{schedule:?}"), &schedule, |t| {
        big(values[passed(&boundaries, first, t)])
    })
}

/// A rule for boundaries, and how many steps after a boundary it counts.
fn switch(rng: &mut Rng) -> (Switch, u64) {
    rng.pick(&[(Switch::At, 0), (Switch::After, 1)])
}

fn passed(boundaries: &[u32], first: u64, t: u32) -> usize {
    let passed = |boundary: u32| u64::from(t) >= u64::from(boundary) + first;
    boundaries
        .iter()
        .filter(|&&boundary| passed(boundary))
        .count()
}

fn piecewise_scale(rng: &mut Rng) -> Case {
    let mut boundaries: Vec<u32> = (0..rng.up_to(16)).map(|_| draw::length(rng)).collect();
    boundaries.sort_unstable();
    boundaries.dedup();
    let mut rate = draw::rate(rng);
    let scales: Vec<f64> = match rng.up_to(3) {
        // Products that leave the range of f64 on the way, and come back.
        0 => {
            rate = rng.sign() * rng.log_uniform(1e-20, 1e20);
            let far = rng.log_uniform(1e100, 1e300);
            let near = |rng: &mut Rng| rng.sign() * rng.log_uniform(0.5, 2.0);
            (0..boundaries.len())
                .map(|i| near(rng) * if i % 4 < 2 { far } else { 1.0 / far })
                .collect()
        }
        _ => (0..boundaries.len())
            .map(|_| draw::gamma(rng, 16))
            .collect(),
    };
    let (switch, first) = switch(rng);
    let schedule = PiecewiseScale::<16>::new(rate, &boundaries, &scales)
        .unwrap()
        .switching(switch);
    let around = match boundaries.as_slice() {
        [] => 1,
        some => rng.pick(some),
    };
    Case::new(rng, around, format!("{schedule:?}"), &schedule, |t| {
        scales[..passed(&boundaries, first, t)]
            .iter()
            .fold(big(rate), |product, &scale| product * big(scale))
    })
}

fn constant_factor(rng: &mut Rng) -> Case {
    let (rate, factor) = (draw::rate(rng), draw::gamma(rng, 1));
    let length = draw::length(rng);
    let schedule = ConstantFactor::new(rate, factor, length).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        big(rate) * big(if t < length { factor } else { 1.0 })
    })
}

fn straight(from: &Big, to: &Big, t: u32, length: u32) -> Big {
    let share = steps(t.min(length).into()) / steps(length.into());
    from + (to - from) * share
}

fn linear(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let schedule = Linear::new(from, to, length).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        straight(&big(from), &big(to), t, length)
    })
    .between(from, to)
}

fn linear_factor(rng: &mut Rng) -> Case {
    let (mut rate, (mut from, mut to, length)) = (draw::rate(rng), draw::blend(rng));
    // Factors and rate at opposite ends of f64, whose product is an ordinary number.
    if rng.one_in(4) {
        let apart = rng.pick(&[1e-265, 1e265]);
        (rate, from, to) = (rate * apart, from / apart, to / apart);
    }
    let schedule = LinearFactor::new(rate, from, to, length).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        big(rate) * straight(&big(from), &big(to), t, length)
    })
    .between(rate * from, rate * to)
}

fn geometric(rng: &mut Rng) -> Case {
    let sign = rng.sign();
    let mut end = || match rng.up_to(3) {
        0 => sign * rng.log_uniform(1e-300, 1e300),
        _ => sign * rng.log_uniform(1e-8, 1e3),
    };
    let (from, mut to) = (end(), end());
    if rng.one_in(4) {
        to = from * (1.0 + rng.log_uniform(1e-15, 1.0));
    }
    let length = draw::length(rng);
    let schedule = Geometric::new(from, to, length).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        let share = steps(t.min(length).into()) / steps(length.into());
        big(from) * power(&(big(to) / big(from)), &share)
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

/// Few factors and just not few any more, of any size, that take any rate back into the range of `f32`.
fn exponential_of_few(rng: &mut Rng) -> Case {
    let reach = match rng.up_to(2) {
        0 => 1 + rng.up_to(6),
        1 => 505 + rng.up_to(15),
        _ => 1 + rng.up_to(1_023),
    };
    let size = match rng.up_to(2) {
        0 => rng.log_uniform(1e-300, 1e300),
        _ => rng.log_uniform(1e-8, 1e3),
    };
    let rate = rng.sign() * size;
    let there = rng.log_uniform(1e-44, 1e38);
    let ln_gamma = (there.ln() - size.ln()) / f64::from(reach);
    let gamma = match rng.up_to(3) {
        0 => draw::gamma(rng, reach),
        _ => rng.sign() * ln_gamma.clamp(-700.0, 700.0).exp(),
    };
    let schedule = Exponential::new(rate, gamma).unwrap();
    Case::new(rng, reach, format!("{rate:e} {gamma:e}"), &schedule, |t| {
        big(rate) * whole_power(gamma, t)
    })
}

fn exponential_transition(rng: &mut Rng) -> Case {
    let (rate, span, begin) = (draw::rate(rng), draw::length(rng), draw::length(rng) - 1);
    let begin = rng.pick(&[0, 1, begin]);
    let reach = begin.saturating_add(draw::length(rng));
    let mut gamma = draw::gamma(rng, ((reach - begin) / span).max(1));
    let staircase = rng.one_in(2);
    if !staircase && span > 1 {
        gamma = gamma.abs();
    }
    let schedule = Exponential::new(rate, gamma)
        .and_then(|schedule| schedule.transition(span, staircase))
        .unwrap()
        .begin(begin);
    let end = rng.one_in(2).then(|| rate * rng.log_uniform(1e-8, 1e8));
    let schedule = match end {
        Some(end) => schedule.end_lr(end).unwrap(),
        None => schedule,
    };
    Case::new(rng, reach, format!("{schedule:?}"), &schedule, |t| {
        let t = t.saturating_sub(begin);
        let factor = if staircase || span == 1 {
            whole_power(gamma, t / span)
        } else {
            power(&big(gamma), &(steps(t.into()) / steps(span.into())))
        };
        let (rate, end) = (big(rate) * factor, end.map(big));
        match end {
            Some(end) if (gamma < 1.0 && rate < end) || (gamma >= 1.0 && rate > end) => end,
            _ => rate,
        }
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
    let mut rate = draw::rate(rng);
    let reach = draw::length(rng);
    let gamma = match rng.up_to(4) {
        // The denominator alone leaves the range of f64, the quotient does not.
        4 => {
            rate = rng.sign() * rng.log_uniform(1e290, 1e308);
            rng.sign() * rng.log_uniform(1e290, 1e308)
        }
        // The denominator passes through 0 at or near `reach`.
        0 => -1.0 / f64::from(reach),
        1 => draw::rate(rng),
        2 => rng.sign() * rng.log_uniform(1e-300, 1e300),
        _ => rng.log_uniform(1e-12, 1e3),
    };
    let (span, staircase) = match rng.up_to(2) {
        0 => (draw::length(rng), rng.one_in(2)),
        // The denominator is 0 at `reach`, but for the rounding of `gamma`.
        1 => (reach, false),
        _ => (1, false),
    };
    let gamma = if span == reach && gamma == -1.0 / f64::from(reach) {
        rng.pick(&[-1.0, gamma])
    } else {
        gamma
    };
    let schedule = InverseTime::new(rate, gamma)
        .and_then(|schedule| schedule.transition(span, staircase))
        .unwrap();
    Case::new(rng, reach, format!("{schedule:?}"), &schedule, |t| {
        let passed = if staircase {
            steps((t / span).into())
        } else {
            steps(t.into()) / steps(span.into())
        };
        // The product alone, then the sum: at 512 bits both are exact for every gamma that the sum can see.
        let denominator = big(1.0) + big(gamma) * passed;
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
    let (from, to, length) = draw::blend(rng);
    let (exponent, cycle) = (draw::power(rng), rng.one_in(2));
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
    let (from, to, length) = draw::blend(rng);
    let past = rng.pick(&[Past::Periodic, Past::Periodic, Past::Hold, Past::Restart]);
    let schedule = CosineAnnealing::new(from, to, length).unwrap().past(past);
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        let t = match past {
            Past::Periodic => t,
            Past::Hold => t.min(length),
            Past::Restart => t % length,
        };
        let cosine = (steps(t.into()) / steps(length.into())).cos_pi();
        (big(from) - big(to)) * ((big(1.0) + cosine) / big(2.0)) + big(to)
    })
    .between(from, to)
}

fn inverse_sqrt(rng: &mut Rng) -> Case {
    let (mut rate, reach) = (draw::rate(rng), draw::length(rng));
    let mut timescale = f64::from(draw::length(rng));
    let mut exponent = rng.pick(&[0.5, 0.5, 1.0, 2.0, -0.5, 0.0]);
    match rng.up_to(4) {
        0 => timescale = rng.log_uniform(1e-300, 1e300),
        1 => exponent = rng.uniform(-95.0, 95.0) / (f64::from(reach) / timescale).ln_1p(),
        2 => exponent = rng.sign() * rng.log_uniform(1e-3, 1e3),
        // The quotient leaves the range of f64, the rate does not.
        3 => {
            timescale = rng.log_uniform(1e-322, 1e-301);
            exponent = rng.uniform(-0.6, 0.6);
            rate *= (timescale.ln() * -exponent).exp();
        }
        _ => {}
    }
    let schedule = InverseSqrt::new(rate, timescale)
        .and_then(|schedule| schedule.power(exponent))
        .unwrap();
    Case::new(rng, reach, format!("{schedule:?}"), &schedule, |t| {
        let base = big(1.0) + steps(t.into()) / big(timescale);
        // Beyond this every rate but 0 is far out of range of f32, and no number has to hold its exponent.
        let exponent = (-big(exponent) * base.ln()).clamp(big(-1e9), big(1e9));
        big(rate) * exponent.exp()
    })
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
    let (from, to, length) = draw::blend(rng);
    let rest = draw::rate(rng);
    let schedule = LinearWarmup::new(length, from, to, Constant::new(rest).unwrap()).unwrap();
    Case::of(rng, length, format!("{schedule:?}"), &schedule, |t| {
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
        roundings: 0.0,
    }
}

/// A random configuration with some of its rates.
pub(crate) type Draw = fn(&mut Rng) -> Case;

/// Every kind by name.
pub(crate) const KINDS: [(&str, Draw); 22] = [
    ("constant", constant),
    ("piecewise_constant", piecewise_constant),
    ("piecewise_scale", piecewise_scale),
    ("constant_factor", constant_factor),
    ("linear", linear),
    ("linear_factor", linear_factor),
    ("geometric", geometric),
    ("exponential", exponential),
    ("exponential of few factors", exponential_of_few),
    ("exponential (transition)", exponential_transition),
    ("natural_exp", natural_exp),
    ("inverse_time", inverse_time),
    ("polynomial", polynomial),
    ("step", step),
    ("multi_step", multi_step),
    ("lambda (function)", lambda_function),
    ("lambda (expression)", lambda_expression),
    ("cosine_annealing", cosine_annealing),
    ("inverse_sqrt", inverse_sqrt),
    ("noam", noam),
    ("linear_warmup", linear_warmup),
    ("reduce_on_plateau", reduce_on_plateau),
];
