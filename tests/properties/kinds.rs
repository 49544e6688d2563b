//! A random schedule of every kind that needs nothing but the step.

use std::rc::Rc;

use hairpin_core::{
    Anneal, AnySchedule, Constant, ConstantFactor, CosineAnnealing, CosineCycles, CosineDecay,
    Cyclic, CyclicMode, Edges, Exponential, Factor, Geometric, Interpolation, InverseSqrt,
    InverseTime, KDecay, Lambda, Linear, LinearFactor, MultiStep, NaturalExp, Noam, OneCycle, Past,
    PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale, Polynomial, Schedule, Shape, Step,
    Switch, Tanh, WarmRestarts, WarmupStableDecay,
};

use crate::draw;
use crate::rng::Rng;

/// A schedule of any type, to be put in a list or behind a warm-up.
#[derive(Clone)]
pub(crate) struct Dynamic(Rc<dyn Schedule>);

impl Dynamic {
    pub(crate) fn new(schedule: impl Schedule + 'static) -> Self {
        Self(Rc::new(schedule))
    }
}

impl Schedule for Dynamic {
    fn lr(&self, step: u32) -> f32 {
        self.0.lr(step)
    }
}

/// One schedule, as its own type and as a value chosen at run time.
pub(crate) struct Drawn {
    pub(crate) config: String,
    pub(crate) concrete: Dynamic,
    pub(crate) any: AnySchedule,
    /// Something happens around multiples of this step.
    pub(crate) length: u32,
}

fn drawn<S>(schedule: S, length: u32) -> Drawn
where
    S: Schedule + Clone + core::fmt::Debug + Into<AnySchedule> + 'static,
{
    Drawn {
        config: format!("{schedule:?}"),
        any: schedule.clone().into(),
        concrete: Dynamic::new(schedule),
        length,
    }
}

/// Steps in strictly increasing order, `least` to `most` of them before duplicates are dropped.
pub(crate) fn increasing(rng: &mut Rng, least: u32, most: u32) -> Vec<u32> {
    let count = least + rng.up_to(most - least);
    let mut steps: Vec<u32> = (0..count).map(|_| draw::length(rng)).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// A schedule of each kind.
pub(crate) fn one_of_each(rng: &mut Rng) -> Vec<Drawn> {
    let length = draw::length(rng);
    let (rate, end) = (draw::rate(rng), draw::rate(rng));
    let gamma = draw::gamma(rng, length);
    let (power, cycle) = (draw::power(rng), rng.one_in(2));
    let boundaries = increasing(rng, 1, 16);
    let values: Vec<f64> = (0..=boundaries.len()).map(|_| draw::rate(rng)).collect();
    let milestones = increasing(rng, 0, 32);
    let texts = [
        "0.95 ** epoch",
        "1 / (1 + step)",
        "0.5 if step >= 10 else 1",
        "-max(0, 1 - step / 50)",
    ];
    let scales: Vec<f64> = boundaries.iter().map(|_| draw::gamma(rng, 4)).collect();
    let switch = rng.pick(&[Switch::At, Switch::After]);
    let past = rng.pick(&[Past::Periodic, Past::Hold, Past::Restart]);
    let (span, staircase, begin) = (draw::length(rng), rng.one_in(2), draw::length(rng) - 1);
    // A share of a step has no power of a negative number.
    let base = if staircase { gamma } else { gamma.abs() };
    let transition = Exponential::new(rate, base)
        .and_then(|schedule| schedule.transition(span, staircase))
        .unwrap()
        .begin(begin);
    let near = [0.5, 2.0].map(|share| rng.sign() * rng.log_uniform(1e-8, 1e3) * share);
    let timescale = rng.log_uniform(1e-3, 1e9);
    let factors = [
        Factor::parse(rng.pick(&texts)).unwrap(),
        Factor::Function(|step| 1.0 / (1.0 + f64::from(step))),
    ];
    let t_mult = rng.pick(&[1.0, 2.0, 1.5]);
    let mode = rng.pick(&[CyclicMode::Triangular, CyclicMode::Triangular2]);
    let shape = rng.pick(&[Interpolation::Linear, Interpolation::Cosine]);
    let (base, waves) = (rng.log_uniform(1e-3, 0.9), rng.uniform(0.1, 9.0));
    let (anneal, amount) = rng.pick(&[
        (Shape::Cosine, None),
        (Shape::Sqrt, None),
        (Shape::ReverseSqrt, None),
        (Shape::Exponential, Some(base)),
        (Shape::Cycles, Some(waves)),
    ]);
    vec![
        drawn(Constant::new(rate).unwrap(), length),
        drawn(
            PiecewiseConstant::<16>::new(&boundaries, &values).unwrap(),
            rng.pick(&boundaries),
        ),
        drawn(Exponential::new(rate, gamma).unwrap(), length),
        drawn(
            NaturalExp::new(rate, rng.uniform(-95.0, 95.0) / f64::from(length)).unwrap(),
            length,
        ),
        drawn(
            Polynomial::new(rate, end, length, power, cycle).unwrap(),
            length,
        ),
        drawn(Step::new(rate, length, gamma).unwrap(), length),
        drawn(
            MultiStep::<32>::new(rate, &milestones, gamma).unwrap(),
            milestones.first().copied().unwrap_or(length),
        ),
        drawn(InverseTime::new(rate, end).unwrap(), length),
        drawn(Lambda::new(rate, rng.pick(&factors)).unwrap(), length),
        drawn(CosineAnnealing::new(rate, end, length).unwrap(), length),
        drawn(Noam::new(rate, draw::length(rng), length).unwrap(), length),
        drawn(
            Anneal::new(rate, end, length, Shape::Power, Some(power)).unwrap(),
            length,
        ),
        drawn(
            CosineDecay::new(rate, end, length)
                .and_then(|schedule| schedule.exponent(power)?.k(1.5))
                .unwrap(),
            length,
        ),
        drawn(KDecay::new(rate, end, length, power, 0.5).unwrap(), length),
        drawn(
            CosineCycles::new(rate, end, length, power, cycle).unwrap(),
            length,
        ),
        drawn(
            WarmRestarts::new(rate, end, length, t_mult)
                .and_then(|schedule| schedule.peak_mult(0.9))
                .unwrap(),
            length,
        ),
        drawn(Tanh::new(rate, end, length, -6.0, 4.0).unwrap(), length),
        drawn(
            WarmupStableDecay::new(rate, length, length / 2, length)
                .and_then(|schedule| schedule.ends(end, 0.0))
                .unwrap(),
            length,
        ),
        drawn(OneCycle::new(rate, end, 0.0, length).unwrap(), length),
        drawn(
            Cyclic::new(rate, end, length, 1 + length / 2)
                .and_then(|schedule| schedule.mode(CyclicMode::ExpRange, gamma.abs().min(1.0)))
                .unwrap(),
            length,
        ),
        drawn(
            PiecewiseInterpolate::<16>::new(rate, &[length], &[power], Interpolation::Cosine)
                .unwrap(),
            length,
        ),
        drawn(
            PiecewiseConstant::<16>::new(&boundaries, &values)
                .unwrap()
                .switching(Switch::After),
            rng.pick(&boundaries),
        ),
        drawn(
            PiecewiseScale::<16>::new(rate, &boundaries, &scales)
                .unwrap()
                .switching(switch),
            rng.pick(&boundaries),
        ),
        drawn(transition, begin.saturating_add(span)),
        drawn(transition.end_lr(end).unwrap(), begin.saturating_add(span)),
        drawn(
            InverseTime::new(rate, end)
                .and_then(|schedule| schedule.transition(span, staircase))
                .unwrap(),
            span,
        ),
        drawn(
            CosineAnnealing::new(rate, end, length).unwrap().past(past),
            length,
        ),
        drawn(ConstantFactor::new(rate, end, length).unwrap(), length),
        drawn(Linear::new(rate, end, length).unwrap(), length),
        drawn(LinearFactor::new(rate, end, gamma, length).unwrap(), length),
        drawn(
            Geometric::new(near[0], near[1].copysign(near[0]), length).unwrap(),
            length,
        ),
        drawn(InverseSqrt::new(rate, timescale).unwrap(), length),
        drawn(
            InverseSqrt::new(rate, timescale)
                .and_then(|schedule| schedule.power(rng.uniform(-3.0, 3.0)))
                .unwrap(),
            length,
        ),
        drawn(one_cycle(rng, [rate, end], length), length),
        drawn(
            Anneal::new(rate, end, length, anneal, amount).unwrap(),
            length,
        ),
        drawn(
            Cyclic::new(rate, end, length, span)
                .and_then(|schedule| schedule.mode(mode, 1.0))
                .unwrap(),
            length,
        ),
        drawn(
            PiecewiseInterpolate::<16>::new(rate, &boundaries, &scales, shape).unwrap(),
            rng.pick(&boundaries),
        ),
    ]
}

/// A cycle whose phases may have no length, and may be to end after it.
fn one_cycle(rng: &mut Rng, [rate, end]: [f64; 2], length: u32) -> OneCycle {
    let [start, end] = rng.pick(&[[0.0, 0.0], [end, 0.0], [0.0, end], [end, rate]]);
    let shape = rng.pick(&[Interpolation::Linear, Interpolation::Cosine]);
    let edges = rng.pick(&[Edges::LastStep, Edges::Floored]);
    let any = rng.uniform(0.0, 1.0);
    let pct = rng.pick(&[0.0, 0.3, 1.0, any]);
    let two = OneCycle::new(rate, start, end, length)
        .and_then(|schedule| schedule.pct_start(pct)?.shape(shape).edges(edges))
        .unwrap();
    let (within, beyond) = (rng.uniform(pct, 1.0), rng.uniform(1.0, 3.0));
    let second = rng.pick(&[pct, 1.0, within, beyond, 1e298]);
    if rng.one_in(3) {
        two
    } else {
        two.pct_final(second).unwrap()
    }
}

/// Bits to compare by: the sign of zero counts, the payload of a lambda's NaN does not.
pub(crate) fn bits(rate: f32) -> u32 {
    if rate.is_nan() {
        u32::MAX
    } else {
        rate.to_bits()
    }
}
