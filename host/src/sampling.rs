//! Trials by their number: what trial 17 draws depends on the seed and on 17 alone.
//!
//! So any part of a sweep, on any machine, in any order, draws the same trials as the whole. A trial first draws its
//! alternative (if there are several), then that alternative's parameters and the update's, in the order of
//! [`Spec::parameters`]; what is fixed draws nothing.
//!
//! * `random`: ChaCha8, keyed by the seed, the trial's number as its stream; 53 bits a draw.
//! * `sobol`: an Owen-scrambled Sobol sequence, one dimension a draw, 24 bits each. The sequence is 2^16 points long; each
//!   further 2^16 trials are another, independently scrambled one.
//! * `grid`: all points of the first alternative, then of the next; the last parameter changes fastest.

use hairpin_core::{AnySchedule, Plan, SgdConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::document::SpecError;
use crate::random::generator;
use crate::spec::{Method, ParameterValue, Resolved, Spec, assemble};

/// One trial: its number, what it drew, and what that makes.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Its number, counted from 0.
    pub index: u64,
    /// Which of the specification's schedules it drew.
    pub alternative: usize,
    /// The parameters that differ between trials, by their names: `learning_rate`, `after.gamma`, `sgd.momentum`.
    pub parameters: Vec<(String, ParameterValue)>,
    /// The schedule with all its values, to be written down.
    pub schedule: Resolved,
    /// The schedule, to be computed.
    pub plan: Plan,
    /// The momentum, where the schedule moves it with the rate; instead of the update's own.
    pub momentum: Option<AnySchedule>,
    /// The update.
    pub sgd: SgdConfig,
}

/// Draws the trials of a specification.
#[derive(Debug, Clone)]
pub struct Sampler<'a> {
    spec: &'a Spec,
    /// Of a grid: how many points lie in front of each alternative, and in front of the end.
    offsets: Vec<u64>,
}

impl<'a> Sampler<'a> {
    /// The trials of `spec`.
    #[must_use]
    pub fn new(spec: &'a Spec) -> Self {
        let mut offsets = vec![0];
        if spec.method == Method::Grid {
            let mut total: u64 = 0;
            for alternative in 0..spec.schedules.len() {
                // The specification was refused if any of this did not fit.
                let sizes = spec
                    .parameters(alternative)
                    .map(|(_, field)| field.domain.size().unwrap_or(1));
                total = total.saturating_add(sizes.fold(1, u64::saturating_mul));
                offsets.push(total);
            }
        }
        Self { spec, offsets }
    }

    /// How many trials there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.spec.trials
    }

    /// Trial number `index`, counted from 0.
    ///
    /// # Errors
    /// Where there is no such trial, or the core refuses what it drew; the message names the trial and its draws.
    pub fn trial(&self, index: u64) -> Result<Trial, SpecError> {
        if index >= self.spec.trials {
            return Err(SpecError::whole(
                format!(
                    "there is no trial {index}, the sweep has {}",
                    self.spec.trials
                ),
                "trials are counted from 0",
            ));
        }
        let (alternative, values) = match self.spec.method {
            Method::Grid => self.grid(index),
            Method::Random => self.draw(&mut Random::new(self.spec.seed, index)),
            Method::Sobol => self.draw(&mut Sobol::new(self.spec.seed, index)),
        };
        let parameters: Vec<_> = self
            .spec
            .parameters(alternative)
            .zip(&values)
            .filter(|((_, field), _)| !field.domain.is_fixed())
            .filter_map(|((name, _), value)| Some((name, value.clone()?)))
            .collect();
        let built = assemble(&self.spec.schedules[alternative], &values).and_then(
            |(schedule, built, rest)| {
                let beside = (built.momentum, self.spec.schedules[alternative].place());
                let steps = self.spec.train.steps;
                let (sgd, momentum) = self.spec.sgd.build(rest, beside, steps)?;
                Ok((schedule, built.plan, sgd, momentum))
            },
        );
        match built {
            Ok((schedule, plan, sgd, momentum)) => Ok(Trial {
                index,
                alternative,
                parameters,
                schedule,
                plan,
                momentum,
                sgd,
            }),
            Err(error) => {
                let drawn: Vec<_> = parameters
                    .iter()
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                Err(error.with_note(&format!("trial {index} drew {}", drawn.join(", "))))
            }
        }
    }

    fn draw(&self, coordinates: &mut impl Coordinates) -> (usize, Vec<Option<ParameterValue>>) {
        let alternatives = self.spec.schedules.len();
        let alternative = if alternatives > 1 {
            pick(coordinates.next(), alternatives)
        } else {
            0
        };
        let values = self
            .spec
            .parameters(alternative)
            .map(|(_, field)| {
                field.domain.at(if field.domain.is_fixed() {
                    0.0
                } else {
                    coordinates.next()
                })
            })
            .collect();
        (alternative, values)
    }

    fn grid(&self, index: u64) -> (usize, Vec<Option<ParameterValue>>) {
        let alternative = self
            .offsets
            .partition_point(|&offset| offset <= index)
            .saturating_sub(1);
        let mut rest = index - self.offsets[alternative];
        let fields: Vec<_> = self
            .spec
            .parameters(alternative)
            .map(|(_, field)| field)
            .collect();
        let mut values: Vec<_> = fields
            .iter()
            .rev()
            .map(|field| {
                let size = field.domain.size().unwrap_or(1);
                let digit = rest % size;
                rest /= size;
                field.domain.nth(digit)
            })
            .collect();
        values.reverse();
        (alternative, values)
    }
}

// The product is below `count`, a number of alternatives in a file.
fn pick(fraction: f64, count: usize) -> usize {
    ((fraction * count as f64) as usize).min(count - 1)
}

/// The coordinates of a trial, each in [0, 1), one after another.
trait Coordinates {
    fn next(&mut self) -> f64;
}

struct Random(ChaCha8Rng);

impl Random {
    fn new(seed: u64, index: u64) -> Self {
        Self(generator(seed, *b"trials\0\0", index))
    }
}

impl Coordinates for Random {
    fn next(&mut self) -> f64 {
        // The upper 53 bits are a whole number that f64 holds exactly.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Sobol {
    point: u32,
    dimension: u32,
    scramble: u32,
}

/// How long the sequence is.
const SOBOL_POINTS: u64 = 1 << 16;

impl Sobol {
    fn new(seed: u64, index: u64) -> Self {
        let scramble = generator(seed, *b"sobol\0\0\0", index / SOBOL_POINTS).next_u32();
        Self {
            point: (index % SOBOL_POINTS) as u32,
            dimension: 0,
            scramble,
        }
    }
}

impl Coordinates for Sobol {
    fn next(&mut self) -> f64 {
        // No alternative has as many parameters as there are dimensions; the remainder keeps the call total.
        let dimension = self.dimension % sobol_burley::NUM_DIMENSIONS;
        self.dimension += 1;
        f64::from(sobol_burley::sample(self.point, dimension, self.scramble))
    }
}

#[cfg(test)]
mod tests;
