//! Softmax regression, a minibatch a step.

use hairpin_core::{
    CheckpointError, ConfigError, Feedback, FeedbackState, Position, Recipe, Schedule, SgdState,
    StepError,
};

use crate::digits::{self, CLASSES, Digit, PIXELS};

/// Steps of a whole run.
pub const STEPS: u32 = 300;
/// Steps from one evaluation to the next.
pub const EVALUATE_EVERY: u32 = 20;
/// Digits of a minibatch.
const BATCH: u32 = 32;

/// A row of weights for each pixel, and one for the constant 1.
pub type Weights = [[f32; CLASSES]; PIXELS + 1];

/// The most pieces that a schedule is composed of, for there to be room for it.
pub const PIECES: usize = 6;
/// A schedule, which may react to losses.
pub type Plan = hairpin_core::ComposedPlan<PIECES>;

/// How a run is trained: by what a sweep has found to be best.
#[derive(Clone, Debug)]
pub struct Trainer {
    recipe: Recipe<PIECES>,
    /// The checksum of the record that it was made from.
    identity: u32,
}

/// Why a step was not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepRefused {
    /// The momentum of this step cannot be had.
    Momentum(ConfigError),
    /// The update refuses.
    Update(StepError),
}

/// Where a run stands: all that has to survive.
#[derive(Clone, Debug)]
pub struct Run {
    /// The next step.
    pub position: Position,
    /// What the update remembers beside the velocity.
    pub sgd: SgdState,
    /// What a feedback schedule remembers.
    pub feedback: Option<FeedbackState>,
    /// What is trained.
    pub weights: Weights,
    /// Of no use without momentum, and 0 then.
    pub velocity: Weights,
}

/// How good the weights are on digits that no step trains on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Steps taken.
    pub steps: u32,
    /// The rate of the last of them.
    pub rate: f32,
    /// Mean cross-entropy.
    pub loss: f32,
    /// How many are told right.
    pub right: u32,
    /// Out of how many.
    pub of: u32,
}

impl Trainer {
    /// The schedule and the update that `hairpin export --format bytes` has written.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record, or a schedule of too many pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let recipe = Recipe::from_bytes(bytes)?;
        // A record ends with its checksum.
        let checksum = bytes.last_chunk().copied().unwrap_or_default();
        Ok(Self {
            recipe,
            identity: u32::from_le_bytes(checksum),
        })
    }

    /// The schedule and the update.
    #[must_use]
    pub const fn recipe(&self) -> &Recipe<PIECES> {
        &self.recipe
    }

    /// A number for the schedule and the update, so that no run goes on with others.
    #[must_use]
    pub const fn identity(&self) -> u32 {
        self.identity
    }

    /// A run before its first step.
    #[must_use]
    pub fn start(&self) -> Run {
        Run {
            position: Position::default(),
            sgd: SgdState::default(),
            feedback: match self.recipe.schedule() {
                Plan::Schedule(_) => None,
                Plan::Feedback(schedule) => Some(schedule.start()),
            },
            weights: [[0.0; CLASSES]; PIXELS + 1],
            velocity: [[0.0; CLASSES]; PIXELS + 1],
        }
    }

    /// The rate of a step, with what has been observed until then.
    #[must_use]
    pub fn rate(&self, feedback: Option<&FeedbackState>, step: u32) -> f32 {
        match (self.recipe.schedule(), feedback) {
            (Plan::Schedule(schedule), _) => schedule.lr(step),
            (Plan::Feedback(schedule), Some(state)) => schedule.lr(state, step),
            (Plan::Feedback(schedule), None) => schedule.lr(&schedule.start(), step),
        }
    }

    /// Takes the next step, and says at which rate.
    ///
    /// # Errors
    /// What the core refuses; no weight has changed then.
    pub fn step(&self, run: &mut Run) -> Result<f32, StepRefused> {
        let step = run.position.step;
        let rate = self.rate(run.feedback.as_ref(), step);
        let gradient = gradient(&run.weights, step);
        let sgd = self.recipe.sgd_at(step).map_err(StepRefused::Momentum)?;
        let velocity = if sgd.needs_velocity() {
            run.velocity.as_flattened_mut()
        } else {
            &mut []
        };
        let weights = run.weights.as_flattened_mut();
        sgd.step(
            &mut run.sgd,
            rate,
            weights,
            gradient.as_flattened(),
            velocity,
        )
        .map_err(StepRefused::Update)?;
        run.position.step = step.saturating_add(1);
        Ok(rate)
    }

    /// Measures the weights after a step at `rate`, and lets a feedback schedule see the loss.
    pub fn measure(&self, run: &mut Run, rate: f32) -> Measured {
        let steps = run.position.step;
        let (mut sum, mut right, mut of) = (0.0, 0, 0_u16);
        for digit in digits::held_out() {
            let [.., label] = *digit;
            let scores = Scores::of(&run.weights, digit);
            sum += scores.loss(label.into());
            right += u32::from(scores.first_largest() == usize::from(label));
            of += 1;
        }
        let loss = sum / f32::from(of);
        let schedule = self.recipe.schedule();
        if let (Plan::Feedback(schedule), Some(state)) = (schedule, &mut run.feedback) {
            schedule.observe(state, steps.saturating_sub(1), loss.into());
        }
        Measured {
            steps,
            rate,
            loss,
            right,
            of: of.into(),
        }
    }
}

/// The mean gradient over the minibatch of a step.
fn gradient(weights: &Weights, step: u32) -> Weights {
    let mut gradient = [[0.0; CLASSES]; PIXELS + 1];
    let first = step.wrapping_mul(BATCH);
    for place in 0..BATCH {
        let digit = digits::training(drawn(first.wrapping_add(place)));
        let [pixels @ .., label] = digit;
        let errors = Scores::of(weights, digit).errors(usize::from(*label));
        let [rows @ .., constant] = &mut gradient;
        for (row, &pixel) in rows.iter_mut().zip(pixels).filter(is_dark) {
            let x = brightness(pixel);
            for (sum, error) in row.iter_mut().zip(errors) {
                *sum += x * error;
            }
        }
        for (sum, error) in constant.iter_mut().zip(errors) {
            *sum += error;
        }
    }
    for sum in gradient.as_flattened_mut() {
        *sum /= BATCH as f32;
    }
    gradient
}

/// Which digit stands at this place of the endless row of digits that are trained on.
///
/// Like a rate, it is a function of the place alone: a run that resumes needs no state of a generator. The steps are those at the end of MurmurHash3.
const fn drawn(place: u32) -> u32 {
    let hash = (place ^ (place >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Half of all pixels are blank: they are a factor of 0, and are passed over.
fn is_dark<R>((_, pixel): &(R, &u8)) -> bool {
    **pixel != 0
}

/// A pixel from 0 to 1, exactly.
fn brightness(pixel: u8) -> f32 {
    f32::from(pixel) / 16.0
}

/// A number for each class: the larger, the more likely.
#[derive(Clone, Copy)]
struct Scores([f32; CLASSES]);

impl Scores {
    fn of(weights: &Weights, digit: &Digit) -> Self {
        let [rows @ .., constant] = weights;
        let [pixels @ .., _] = digit;
        let mut scores = *constant;
        for (row, &pixel) in rows.iter().zip(pixels).filter(is_dark) {
            let x = brightness(pixel);
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += weight * x;
            }
        }
        Self(scores)
    }

    fn largest(&self) -> f32 {
        let scores = self.0.into_iter();
        scores.fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
    }

    /// The exponentials of the distances from the largest, and their sum.
    fn exponentials(&self) -> ([f32; CLASSES], f32) {
        let largest = self.largest();
        let each = self.0.map(|score| libm::expf(score - largest));
        (each, each.into_iter().sum())
    }

    /// By how much each class is thought more likely than it is.
    fn errors(&self, label: usize) -> [f32; CLASSES] {
        let (mut errors, sum) = self.exponentials();
        for (class, error) in errors.iter_mut().enumerate() {
            *error = *error / sum - f32::from(u8::from(class == label));
        }
        errors
    }

    /// The cross-entropy.
    fn loss(&self, label: usize) -> f32 {
        let (_, sum) = self.exponentials();
        let own = self.0.get(label).copied().unwrap_or(f32::NAN);
        libm::logf(sum) + (self.largest() - own)
    }

    fn first_largest(&self) -> usize {
        let largest = self.largest();
        let place = self.0.iter().position(|&score| score == largest);
        place.unwrap_or(CLASSES)
    }
}

/// FNV-1a over the bits of all weights: a name for them that fits on a line.
#[must_use]
pub fn hash(weights: &Weights) -> u64 {
    let bytes = weights
        .as_flattened()
        .iter()
        .flat_map(|weight| weight.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
