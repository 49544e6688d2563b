//! What the chips are asked: every kind and composition, the update, saved records, expressions.

use hairpin_core::{
    AnyFeedback, AnySchedule, Feedback, FeedbackKind, FeedbackState, Kind, Plan, PlateauState,
    Position, Sgd, SgdState,
};
use hairpin_host::lr::Rates;
use serde_json::Value;
use suite::{PARAMETERS, ROOM, building_step, record, request, update};

use crate::asked::{Asked, Request, saved};
use crate::cases::Machine;
use crate::comparison::Comparison;
use crate::rng::{Rng, env};
use crate::sealed::sealed;
use crate::{draw, draws, edges, kinds};

/// Steps where something ends.
const EDGES: [u32; 12] = [
    0,
    1,
    2,
    (1 << 24) - 1,
    1 << 24,
    (1 << 24) + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 31) + 1,
    u32::MAX - 2,
    u32::MAX - 1,
    u32::MAX,
];

/// Steps of one schedule.
const STEPS: usize = 12;

/// Losses that one schedule observes.
const LOSSES: usize = 40;

/// How many walks may begin far from their start: a chip takes each of them step by step.
const FAR_WALKS: usize = 4;

/// All requests; `rates` of every kind.
pub fn all(rates: usize) -> (Asked, String) {
    let mut rng = Rng::from_env("firmware conformance");
    let mut asked = Asked::new();
    let golden = golden(&mut asked);
    every_kind(&mut asked, &mut rng, rates);
    every_feedback_kind(&mut asked, &mut rng, rates);
    compositions(&mut asked, &mut rng, rates);
    updates(&mut asked, &mut rng, rates / 2);
    records(&mut asked, &mut rng, rates / 4);
    expressions(&mut asked, &mut rng, rates / 10);
    buildings(&mut asked, &mut rng, rates / 10);
    (asked, golden)
}

/// How many rates of every kind there are, unless `HAIRPIN_SAMPLES` says otherwise.
pub fn samples() -> usize {
    env("HAIRPIN_SAMPLES").map_or(6_000, |samples| samples as usize)
}

fn steps(rng: &mut Rng, length: u32) -> Vec<u32> {
    let step = |index| match index % 3 {
        0 => rng.pick(&EDGES),
        _ => draw::step(rng, length),
    };
    (0..STEPS).map(step).collect()
}

/// The libraries' runs, each schedule as the host has it.
struct Golden<'a> {
    asked: &'a mut Asked,
    values: usize,
}

impl Machine for Golden<'_> {
    fn rates(&mut self, plan: &Plan, steps: &[u32], losses: Option<&[f64]>) -> Vec<f32> {
        let record = saved(plan).expect("every schedule of a library fits");
        let answered = match plan {
            Plan::Schedule(_) => {
                let request = Request::new(request::RATES).bytes(&record).steps(steps);
                self.asked.ask("golden", request)
            }
            Plan::Feedback(_) => {
                // What is walked takes any number at every step.
                let last = steps.iter().max().map_or(0, |&last| last as usize);
                let idle = vec![0.0; last + 1];
                let losses = losses.unwrap_or(&idle);
                let request = along(&record, 0, 16, losses, &[]);
                self.asked.ask("golden", request)
            }
        };
        let rates: Vec<f32> = steps.iter().map(|step| answered[step]).collect();
        let host = Rates::new(plan.clone(), losses).expect("losses where they are needed");
        for (&step, rate) in steps.iter().zip(&rates) {
            let host = host.at(step).expect("a loss for each step");
            assert_eq!(rate.to_bits(), host.to_bits(), "{plan:?} at {step}");
        }
        self.values += rates.len();
        rates
    }
}

fn golden(asked: &mut Asked) -> String {
    let mut golden = Golden { asked, values: 0 };
    let comparison = Comparison::of(&mut golden);
    comparison.check();
    let compared: usize = comparison.table.values().map(|tally| tally.values).sum();
    assert!(golden.values >= compared, "every value was asked for");
    format!("{compared} values of libraries among them")
}

/// A request for rates along losses.
fn along(record: &[u8], first: u32, every: u8, losses: &[f64], steps: &[u32]) -> Request {
    let request = Request::new(request::LOSSES)
        .bytes(record)
        .u32(first)
        .u8(every)
        .u16(losses.len());
    let request = losses
        .iter()
        .fold(request, |request, &loss| request.f64(loss));
    request.steps(steps)
}

fn every_kind(asked: &mut Asked, rng: &mut Rng, rates: usize) {
    for (tag, info) in Kind::ALL {
        for index in 0..rates.div_ceil(STEPS) {
            let (kind, length) = match index % 3 {
                0 => (draws::kind(rng, *tag), 1 + rng.up_to(60)),
                _ => edges::kind(rng, *tag),
            };
            schedule(
                asked,
                rng,
                info.name,
                &AnySchedule::from(kind).into(),
                length,
            );
        }
    }
    for _ in 0..rates.div_ceil(8 * STEPS) {
        for drawn in kinds::one_of_each(rng) {
            schedule(
                asked,
                rng,
                "one of each",
                &Plan::Schedule(drawn.any),
                drawn.length,
            );
        }
    }
}

fn schedule(asked: &mut Asked, rng: &mut Rng, what: &str, plan: &Plan, length: u32) {
    let steps = steps(rng, length);
    match saved(plan) {
        Some(record) => {
            let request = Request::new(request::RATES).bytes(&record).steps(&steps);
            asked.ask(what, request);
        }
        None => asked.left_out += 1,
    }
}

fn feedback(asked: &mut Asked, rng: &mut Rng, what: &str, plan: &AnyFeedback, first: u32) {
    let losses = draws::losses(rng, LOSSES);
    let steps = if plan.needs_losses() {
        steps(rng, 50)
    } else {
        vec![]
    };
    let every = rng.pick(&[0, 1, 7]);
    match saved(&plan.clone().into()) {
        Some(record) => {
            asked.ask(what, along(&record, first, every, &losses, &steps));
        }
        None => asked.left_out += 1,
    }
}

fn every_feedback_kind(asked: &mut Asked, rng: &mut Rng, rates: usize) {
    for (tag, info) in FeedbackKind::ALL {
        for index in 0..rates.div_ceil(LOSSES) {
            let kind = match index % 3 {
                0 => edges::feedback_kind(rng, *tag),
                _ => draws::feedback_kind(rng, *tag),
            };
            let plan = AnyFeedback::from(kind);
            let first = match plan.needs_losses() {
                true => rng.pick(&[0, 1, 1000, u32::MAX - 50, u32::MAX - 5]),
                false => rng.up_to(9),
            };
            feedback(asked, rng, info.name, &plan, first);
        }
    }
}

fn compositions(asked: &mut Asked, rng: &mut Rng, rates: usize) {
    let mut far_walks = 0;
    for index in 0..rates.div_ceil(3) {
        match draws::plan(rng, 1 + (index % 4) as u32) {
            plan @ Plan::Schedule(_) => schedule(asked, rng, "composition", &plan, 30),
            Plan::Feedback(plan) => {
                if !plan.needs_losses() && walks_far(&plan) {
                    far_walks += 1;
                    if far_walks > FAR_WALKS {
                        continue;
                    }
                }
                feedback(asked, rng, "composition with feedback", &plan, 0);
            }
        }
    }
}

/// Whether a schedule that is walked is asked for a step far from its start: its state tells.
fn walks_far(plan: &AnyFeedback) -> bool {
    let mut state = plan.start();
    (0..LOSSES as u32).any(|step| {
        plan.observe(&mut state, step, 0.0);
        matches!(state, FeedbackState::Multiplicative(walked) if walked.step() > 1000)
    })
}

const SINGLES: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-45,
    -1e-45,
    1e-39,
    1.1754942e-38,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    1e-20,
    3e19,
    0.1,
    16_777_217.0,
];

fn single(rng: &mut Rng) -> f32 {
    match rng.up_to(4) {
        0 => rng.pick(&SINGLES),
        1 => f32::from_bits(rng.u64() as u32),
        _ => (rng.sign() * rng.log_uniform(1e-6, 10.0)) as f32,
    }
}

fn hyperparameter(rng: &mut Rng, usual: &[f64]) -> f64 {
    match rng.up_to(11) {
        0 => rng.pick(&[1e-50, 1e-42, 1e30, -1e30, 3.4e38, 5e-324]),
        1 => rng.sign() * rng.log_uniform(1e-10, 1e3),
        2 => rng.pick(&[1e39, f64::NAN, f64::INFINITY, -0.5, -0.0]),
        _ => rng.pick(usual),
    }
}

fn updates(asked: &mut Asked, rng: &mut Rng, requests: usize) {
    for index in 0..requests {
        let mut flags = if index % 2 == 0 { 0 } else { update::FUSED };
        for (flag, one_in) in [(update::GROUP, 2), (update::STARTED, 3)] {
            flags |= if rng.one_in(one_in) { flag } else { 0 };
        }
        let nesterov = rng.one_in(3);
        flags |= if nesterov { update::NESTEROV } else { 0 };
        let momentum = hyperparameter(
            rng,
            if nesterov {
                &[0.9]
            } else {
                &[0.0, 0.5, 0.9, 0.99]
            },
        );
        let dampening = if nesterov {
            0.0
        } else {
            hyperparameter(rng, &[0.0, 0.1, 1.0])
        };
        let numbers = [
            momentum,
            dampening,
            hyperparameter(rng, &[0.0, 1e-4, 0.1]),
            hyperparameter(rng, &[1.0, 0.125, 1.0 / 3.0, 65536.0]),
            hyperparameter(rng, &[1.0, 0.1, -2.0, 0.0]),
            hyperparameter(rng, &[0.0, 1e-4]),
        ];
        // Now and then a length that does not fit.
        let count = 1 + rng.up_to(PARAMETERS as u32 - 1) as u8;
        let other = |rng: &mut Rng, right: u8| {
            if rng.one_in(30) {
                rng.up_to(16) as u8
            } else {
                right
            }
        };
        let grads = other(rng, count);
        let velocities = other(rng, if momentum == 0.0 { 0 } else { count });
        let floats =
            |rng: &mut Rng, count: u8| (0..count).map(|_| single(rng)).collect::<Vec<f32>>();
        let request = numbers.iter().fold(
            Request::new(request::UPDATES).u8(flags),
            |request, &number| request.f64(number),
        );
        let mut request = request
            .u8(count)
            .u8(grads)
            .u8(velocities)
            .f32s(&floats(rng, count))
            .f32s(&floats(rng, velocities));
        let updates = 1 + rng.up_to(5) as u8;
        request = request.u8(updates);
        for _ in 0..updates {
            let at_momentum = if rng.one_in(4) {
                update::AT_MOMENTUM
            } else {
                0
            };
            let (usual, any) = (draw::rate(rng) as f32, single(rng));
            let rate = rng.pick(&[usual, usual, usual, any]);
            let any = single(rng);
            let momentum = rng.pick(&[0.85, 0.95, any]);
            request = request
                .u8(at_momentum)
                .f32s(&[rate, momentum])
                .f32s(&floats(rng, grads));
        }
        asked.ask("update", request);
    }
}

/// A record of one of the sorts, whole.
fn whole(rng: &mut Rng, what: u8) -> Vec<u8> {
    match what {
        record::POSITION => {
            let step = rng.u64() as u32;
            Position { step }.to_bytes().to_vec()
        }
        record::PLATEAU => draws::plateau(rng).1.to_bytes().to_vec(),
        record::SGD => draws::sgd(rng).to_bytes().to_vec(),
        record::SGD_STATE => SgdState::new(rng.one_in(2)).to_bytes().to_vec(),
        record::FEEDBACK_STATE => draws::feedback_state(rng).to_bytes().to_vec(),
        record::RECIPE => loop {
            let recipe = draws::recipe(rng);
            let mut bytes = vec![0; recipe.bytes_len().expect("no function is drawn")];
            recipe.to_bytes(&mut bytes).expect("it has a length");
            if bytes.len() <= ROOM {
                break bytes;
            }
        },
        _ => loop {
            if let Some(bytes) = saved(&draws::plan(rng, 3)) {
                break bytes;
            }
        },
    }
}

fn records(asked: &mut Asked, rng: &mut Rng, requests: usize) {
    // As many bytes as the records have that are not of schedules.
    let lengths = [
        Position::BYTES,
        PlateauState::BYTES,
        Sgd::BYTES,
        SgdState::BYTES,
        FeedbackState::BYTES,
    ];
    for index in 0..requests {
        let what = 1 + (index % 8) as u8;
        let mut bytes = whole(rng, what);
        let place = |rng: &mut Rng, bytes: &[u8]| rng.up_to(bytes.len() as u32 - 1) as usize;
        let read_as = match rng.up_to(9) {
            0 => rng.pick(&[1, 2, 3, 4, 5, 6, 7, 8]),
            _ => what,
        };
        let name = match rng.up_to(7) {
            0 => {
                let at = place(rng, &bytes);
                bytes[at] ^= 1 << rng.up_to(7);
                "record, flipped"
            }
            1 => {
                bytes.truncate(place(rng, &bytes));
                "record, cut"
            }
            2 => {
                let known = rng.pick(&lengths);
                let length = rng.pick(&[0, 1, 10, ROOM, known]);
                bytes = (0..length).map(|_| rng.u64() as u8).collect();
                "record, of nothing"
            }
            // Behind a right checksum.
            3 => {
                let at = place(rng, &bytes);
                bytes[at] = rng.pick(&[0, 1, 2, 127, 128, 240, 255]);
                bytes = sealed(bytes);
                "record, wrong and sealed"
            }
            4 => {
                let fields = 10.min(bytes.len() - 4)..bytes.len() - 4;
                bytes[fields].fill_with(|| rng.u64() as u8);
                bytes = sealed(bytes);
                "record, of nothing and sealed"
            }
            _ => "record",
        };
        asked.ask(
            name,
            Request::new(request::RECORD).u8(read_as).bytes(&bytes),
        );
    }
}

const EXPRESSIONS: &str = include_str!("../../golden/expressions.jsonl");

/// Decimals whose digits stand where 32 bits cannot count, and the last before it: the chips' `usize` is narrower than the host's.
const FAR_DECIMALS: [&str; 10] = [
    "1e-4294966981",
    "1e-4294966982",
    "1e-4294967296",
    "1e-5000000000",
    "0.25e-5000000000 + step",
    "1e-99999999999999999999",
    "1e4294967296",
    "1e5000000000",
    "1e99999999999999999999",
    "0e-5000000000",
];

fn expressions(asked: &mut Asked, rng: &mut Rng, requests: usize) {
    for line in EXPRESSIONS.lines() {
        let line: Value = serde_json::from_str(line).expect("one object a line");
        let text = line["text"].as_str().expect("every line has a text");
        let steps: Vec<u32> = line["steps"].as_array().map_or_else(Vec::new, |steps| {
            let step =
                |step: &Value| u32::try_from(step.as_u64().expect("a step")).expect("32 bits");
            steps.iter().map(step).collect()
        });
        if text.len() <= ROOM {
            let request = Request::new(request::EXPRESSION)
                .bytes(text.as_bytes())
                .steps(&steps);
            asked.ask("expression of CPython", request);
        }
    }
    for text in FAR_DECIMALS {
        let request = Request::new(request::EXPRESSION)
            .bytes(text.as_bytes())
            .steps(&[0, 1]);
        asked.ask("expression of a far decimal", request);
    }
    for _ in 0..requests {
        let number = |rng: &mut Rng| match rng.up_to(4) {
            0 => f64::from_bits(rng.u64() >> 1),
            1 => rng.log_uniform(1e-308, 1e308),
            _ => draw::rate(rng).abs(),
        };
        // Written in full, in few digits and in more than there are: all have to be read.
        let number = |rng: &mut Rng| {
            let number = number(rng);
            let number = if number.is_finite() { number } else { 0.5 };
            match rng.up_to(3) {
                0 => format!("{number}"),
                1 => format!("{number:.3e}"),
                2 => format!("{number:.25e}"),
                _ => format!("{number:e}"),
            }
        };
        let (a, b, c) = (number(rng), number(rng), number(rng));
        let function = rng.pick(&["sin", "cos", "exp", "log", "sqrt", "floor", "ceil", "abs"]);
        let operator = rng.pick(&["+", "-", "*", "/", "//", "%", "**"]);
        let other = rng.pick(&["+", "-", "*", "/", "//", "%", "**"]);
        let sign = rng.pick(&["", "-"]);
        let text = format!("{function}({sign}{a} {operator} step) {other} ({b} {operator} {c})");
        let text = match rng.up_to(4) {
            0 => format!("{function}(step {operator} {a})"),
            1 => format!("{a} {operator} step {other} {b} if step % 3 < 2 else {function}({c})"),
            2 => format!("max({text}, step ** {c}, pow({b}, step))"),
            _ => text,
        };
        let steps = steps(rng, 1000);
        if text.len() <= ROOM {
            let request = Request::new(request::EXPRESSION)
                .bytes(text.as_bytes())
                .steps(&steps);
            asked.ask("expression", request);
        }
    }
}

fn buildings(asked: &mut Asked, rng: &mut Rng, requests: usize) {
    for _ in 0..requests {
        let leaf = |rng: &mut Rng| loop {
            if let Some(bytes) = saved(&draws::plan(rng, 0)) {
                break bytes;
            }
        };
        let count = rng.up_to(4) as u8;
        let mut request = Request::new(request::BUILDING).bytes(&leaf(rng)).u8(count);
        for _ in 0..count {
            let what = 1 + rng.up_to(8) as u8;
            let number =
                |rng: &mut Rng| rng.pick(&[0.0, 0.5, -1.0, 1e300, f64::NAN, f64::INFINITY]);
            request = request.u8(what);
            request = match what {
                building_step::WARMUP => {
                    request.u32(rng.up_to(5)).f64(number(rng)).f64(number(rng))
                }
                building_step::SCALE => request.f64(number(rng)),
                building_step::CLAMP => request.f64(number(rng)).f64(number(rng)),
                building_step::NOISE => request
                    .f64(number(rng))
                    .f64(number(rng))
                    .u8(rng.up_to(1) as u8)
                    .u32(rng.up_to(9))
                    .u32(rng.pick(&[0, 5, 100, u32::MAX]))
                    .u32(rng.u64() as u32),
                building_step::REPEAT => request.u32(rng.up_to(5)),
                building_step::SEQUENCE => request
                    .u32(rng.up_to(9))
                    .u32(rng.up_to(9))
                    .bytes(&leaf(rng)),
                _ => request.bytes(&leaf(rng)),
            };
        }
        asked.ask("building", request);
    }
}
