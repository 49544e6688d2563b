//! Schedules of every kind from parameters at the edges of what is allowed.

use hairpin_core::parameters::{Parameter, ParameterType, Source};
use hairpin_core::{ConfigError, Factor, FeedbackKind, Kind};

use crate::draw;
use crate::rng::Rng;

const NUMBERS: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    1e-45,
    1.401298464324817e-45,
    3.4028234663852886e38,
    -3.5e38,
    1e160,
    f64::MAX,
    f64::MIN,
    0.9999999999999999,
];

const COUNTS: [u32; 9] = [
    1,
    2,
    3,
    (1 << 24) - 1,
    (1 << 24) + 1,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX - 1,
    u32::MAX,
];

const FACTORS: [&str; 6] = [
    "0.95 ** step",
    "lambda e: 1 / (1 + e) if e % 3 else -0.0",
    "sin(step) * exp(-step / 1e9)",
    "log(step) ** 1.5 // 1e-3",
    "cos(step ** 3) if step > 2**31 else sqrt(step - 1)",
    "max(1e300 * step, 5e-324, min(step, 7)) - 1e300 * step",
];

struct Edges<'a> {
    rng: &'a mut Rng,
    /// The last list of steps: the list of numbers beside it is as long, or by one longer.
    counts: Vec<u32>,
    numbers: Vec<f64>,
    /// Something happens around this step.
    length: u32,
}

impl Edges<'_> {
    fn one(&mut self) -> f64 {
        match self.rng.up_to(5) {
            0 => self.rng.pick(&NUMBERS),
            1 => draw::gamma(self.rng, self.length),
            2 => draw::power(self.rng),
            3 => self.rng.uniform(0.0, 1.0),
            _ => draw::rate(self.rng),
        }
    }
}

impl Source for Edges<'_> {
    fn has(&mut self, _: &'static Parameter) -> bool {
        self.rng.one_in(2)
    }

    fn number(&mut self, _: &'static Parameter) -> f64 {
        self.one()
    }

    fn count(&mut self, _: &'static Parameter) -> u32 {
        self.length = match self.rng.up_to(2) {
            0 => self.rng.pick(&COUNTS),
            _ => draw::length(self.rng),
        };
        self.length
    }

    fn flag(&mut self, _: &'static Parameter) -> bool {
        self.rng.one_in(2)
    }

    fn word(&mut self, parameter: &'static Parameter) -> usize {
        let ParameterType::Word(words) = parameter.ty else {
            panic!("{} has no words", parameter.name)
        };
        self.rng.up_to(words.len() as u32 - 1) as usize
    }

    fn numbers(&mut self, _: &'static Parameter) -> &[f64] {
        let count = self.counts.len() + self.rng.up_to(1) as usize;
        self.numbers = (0..count).map(|_| self.one()).collect();
        &self.numbers
    }

    fn counts(&mut self, _: &'static Parameter) -> &[u32] {
        let count = self.rng.pick(&[0, 1, 2, 5, 16, 32]);
        self.counts = (0..count).map(|_| draw::length(self.rng)).collect();
        self.counts.sort_unstable();
        self.counts.dedup();
        self.length = self.counts.first().copied().unwrap_or(1);
        &self.counts
    }

    fn factor(&mut self, _: &'static Parameter) -> Result<Factor, ConfigError> {
        Factor::parse(self.rng.pick(&FACTORS))
    }
}

/// What `read` makes of edge parameters once it accepts them, and a step around which something happens.
fn accepted<T>(
    rng: &mut Rng,
    mut read: impl FnMut(&mut Edges<'_>) -> Option<Result<T, ConfigError>>,
) -> (T, u32) {
    for _ in 0..1_000_000 {
        let mut edges = Edges {
            rng: &mut *rng,
            counts: Vec::new(),
            numbers: Vec::new(),
            length: 100,
        };
        if let Some(Ok(made)) = read(&mut edges) {
            return (made, edges.length);
        }
    }
    panic!("no parameters drawn are accepted");
}

pub fn kind(rng: &mut Rng, tag: u8) -> (Kind, u32) {
    accepted(rng, |edges| Kind::read(tag, edges))
}

pub fn feedback_kind(rng: &mut Rng, tag: u8) -> FeedbackKind {
    accepted(rng, |edges| FeedbackKind::read(tag, edges)).0
}
