//! Random states to save.

use hairpin_core::parameters::{Parameter, ParameterType, Source};
use hairpin_core::{
    AnyFeedback, AnySchedule, Change, Combine, ConfigError, Distribution, Factor, Feedback,
    FeedbackKind, FeedbackState, Kind, NODES, Noise, Part, Plan, PlateauConfig, PlateauRules,
    PlateauState, Recipe, ReduceOnPlateau, Rounding, Sgd, SgdConfig,
};

use crate::rng::Rng;

/// A plateau schedule in the midst of a run.
pub(crate) fn plateau(rng: &mut Rng) -> (ReduceOnPlateau, PlateauState) {
    let schedule = ReduceOnPlateau::new(PlateauConfig {
        factor: rng.uniform(0.1, 0.9),
        patience: rng.up_to(3),
        cooldown: rng.up_to(3),
        accumulation: 1 + rng.up_to(2),
        rules: rng.pick(&[
            PlateauRules::PADDLE,
            PlateauRules::TORCH,
            PlateauRules::KERAS,
            PlateauRules::OPTAX,
        ]),
        ..PlateauConfig::new(rng.log_uniform(1e-3, 10.0))
    })
    .unwrap();
    let mut state = schedule.start();
    for step in 0..rng.up_to(12) {
        let loss = rng.pick(&[1.0, 0.5, 0.7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        schedule.observe(&mut state, step, loss);
    }
    (schedule, state)
}

/// An update with any accepted hyperparameters.
pub(crate) fn sgd(rng: &mut Rng) -> Sgd {
    let nesterov = rng.one_in(3);
    let config = SgdConfig {
        momentum: if nesterov {
            0.9
        } else {
            rng.pick(&[0.0, 0.5, 0.9, 1e-50])
        },
        dampening: if nesterov {
            0.0
        } else {
            rng.uniform(-1.0, 1.0)
        },
        nesterov,
        weight_decay: rng.sign() * rng.log_uniform(1e-6, 0.1),
        gradient_scale: rng.log_uniform(1e-4, 1e4),
        rounding: rng.pick(&[Rounding::Separate, Rounding::Fused]),
    };
    let sgd = Sgd::new(config).unwrap();
    if rng.one_in(2) {
        sgd.group(rng.uniform(-2.0, 2.0), rng.uniform(0.0, 0.1))
            .unwrap()
    } else {
        sgd
    }
}

/// Parameters of the right types, drawn without looking at what they mean.
struct Drawn<'a> {
    rng: &'a mut Rng,
    counts: Vec<u32>,
    numbers: Vec<f64>,
}

impl Source for Drawn<'_> {
    fn has(&mut self, _: &'static Parameter) -> bool {
        self.rng.one_in(2)
    }

    fn number(&mut self, _: &'static Parameter) -> f64 {
        match self.rng.up_to(5) {
            0 => self.rng.pick(&[0.0, -0.0, 1.0, 0.5, 2.0, -6.0, 4.0]),
            1 => -self.rng.log_uniform(1e-6, 1e3),
            2 => self.rng.log_uniform(1e-6, 1e3),
            _ => self.rng.uniform(0.0, 1.0),
        }
    }

    fn count(&mut self, _: &'static Parameter) -> u32 {
        match self.rng.up_to(3) {
            0 => self.rng.pick(&[0, 1, u32::MAX]),
            _ => self.rng.log_uniform(1.0, 50.0) as u32,
        }
    }

    fn flag(&mut self, _: &'static Parameter) -> bool {
        self.rng.one_in(2)
    }

    fn word(&mut self, parameter: &'static Parameter) -> usize {
        match parameter.ty {
            ParameterType::Word(words) => self.rng.up_to(words.len() as u32 - 1) as usize,
            other => panic!("{}: {other:?} has no words", parameter.name),
        }
    }

    fn numbers(&mut self, parameter: &'static Parameter) -> &[f64] {
        // As many as the counts before, or one more: what the kinds ask for.
        let count = self.counts.len() + self.rng.up_to(1) as usize;
        self.numbers = (0..count).map(|_| self.number(parameter)).collect();
        &self.numbers
    }

    fn counts(&mut self, _: &'static Parameter) -> &[u32] {
        let count = self.rng.pick(&[0, 1, 2, 3, 8, 16, 32]);
        let mut last = 0;
        self.counts.clear();
        for _ in 0..count {
            last += 1 + self.rng.up_to(9);
            self.counts.push(last);
        }
        &self.counts
    }

    fn factor(&mut self, _: &'static Parameter) -> Result<Factor, ConfigError> {
        Factor::parse(self.rng.pick(&[
            "0.95 ** step",
            "1",
            "lambda epoch: 1 / (1 + 0.1 * epoch) if epoch < 30 else sin(epoch) - 0.25",
            "sqrt(-1) if step == 7 else max(step, 2.5, 1e300) // 3",
        ]))
    }
}

/// What `read` makes of random parameters, once it accepts them.
fn accepted<T>(
    rng: &mut Rng,
    mut read: impl FnMut(&mut Drawn<'_>) -> Option<Result<T, ConfigError>>,
) -> T {
    for _ in 0..100_000 {
        let mut drawn = Drawn {
            rng: &mut *rng,
            counts: Vec::new(),
            numbers: Vec::new(),
        };
        if let Some(Ok(kind)) = read(&mut drawn) {
            return kind;
        }
    }
    panic!("no parameters drawn are accepted");
}

/// A schedule of the kind with this number.
pub(crate) fn kind(rng: &mut Rng, tag: u8) -> Kind {
    accepted(rng, |drawn| Kind::read(tag, drawn))
}

/// A feedback schedule of the kind with this number.
pub(crate) fn feedback_kind(rng: &mut Rng, tag: u8) -> FeedbackKind {
    accepted(rng, |drawn| FeedbackKind::read(tag, drawn))
}

fn any_kind(rng: &mut Rng) -> Kind {
    let (tag, _) = rng.pick(Kind::ALL);
    kind(rng, tag)
}

fn any_feedback_kind(rng: &mut Rng) -> FeedbackKind {
    let (tag, _) = rng.pick(FeedbackKind::ALL);
    feedback_kind(rng, tag)
}

/// Losses with the special ones among them.
pub(crate) fn losses(rng: &mut Rng, count: usize) -> Vec<f64> {
    let one = |_| match rng.up_to(9) {
        0 => rng.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]),
        1..=4 => rng.uniform(-1.0, 2.0),
        _ => rng.pick(&[1.0, 0.5, 0.75]),
    };
    (0..count).map(one).collect()
}

/// The state of any feedback schedule in the midst of a run.
pub(crate) fn feedback_state(rng: &mut Rng) -> FeedbackState {
    let schedule = any_feedback_kind(rng);
    let mut state = schedule.start();
    let count = rng.up_to(40) as usize;
    for (step, loss) in (0..).zip(losses(rng, count)) {
        schedule.observe(&mut state, step, loss);
    }
    state
}

fn change(rng: &mut Rng) -> Change {
    match rng.up_to(3) {
        0 => Change::Scale(rng.uniform(-2.0, 2.0)),
        1 => Change::Clamp {
            min_lr: rng.pick(&[f64::NEG_INFINITY, -0.0, 0.01]),
            max_lr: rng.pick(&[f64::INFINITY, 0.5]),
        },
        _ => {
            let end = rng.pick(&[None, Some(40)]);
            let distribution = rng.pick(&[Distribution::Normal, Distribution::Uniform]);
            let (begin, seed) = (rng.up_to(20), rng.u64() as u32);
            Change::Noise(Noise::new(0.5, 0.75, distribution, begin, end, seed).unwrap())
        }
    }
}

fn leaf(rng: &mut Rng) -> Plan {
    if rng.one_in(6) {
        Plan::Feedback(AnyFeedback::from(any_feedback_kind(rng)))
    } else {
        Plan::Schedule(AnySchedule::from(any_kind(rng)))
    }
}

/// A composition, at most so deep; what does not fit or has feedback twice is drawn again, as a single kind.
pub(crate) fn plan(rng: &mut Rng, depth: u32) -> Plan {
    if depth == 0 {
        return leaf(rng);
    }
    let inner = plan(rng, depth - 1);
    let composed = match rng.up_to(5) {
        0 => Ok(inner),
        1 => inner.after_warmup(1 + rng.up_to(20), rng.uniform(0.0, 0.1), 0.1),
        2 => inner.changed(change(rng)),
        3 => inner.repeated(1 + rng.up_to(30)),
        4 => {
            let others = [inner, plan(rng, depth - 1), leaf(rng)];
            let parts = others.each_ref();
            let combine = rng.pick(&[Combine::Product, Combine::Sum, Combine::Average]);
            Plan::combined(combine, &parts[..1 + rng.up_to(2) as usize])
        }
        _ => {
            let others = [inner, plan(rng, depth - 1), leaf(rng)];
            let mut from = 0;
            let mut parts = Vec::new();
            for schedule in &others[..1 + rng.up_to(2) as usize] {
                // A clock far ahead would be a long walk for the kind that is walked.
                let clock = rng.pick(&[0, from, 1, 10_000]);
                parts.push(Part {
                    from,
                    clock,
                    schedule,
                });
                from += 1 + rng.up_to(30);
            }
            Plan::sequence(&parts)
        }
    };
    composed.unwrap_or_else(|_| leaf(rng))
}

/// A schedule, an update, and sometimes a momentum that goes with the step.
pub(crate) fn recipe(rng: &mut Rng) -> Recipe<NODES> {
    let (schedule, sgd) = (plan(rng, 2), sgd(rng));
    let momentum = match plan(rng, 1) {
        Plan::Schedule(momentum) if sgd.needs_velocity() && rng.one_in(2) => Some(momentum),
        _ => None,
    };
    Recipe::new(schedule, sgd, momentum).unwrap()
}
