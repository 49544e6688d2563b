//! What lies where while trials are trained: computed once on the host, read by every thread.

/// Columns of matrices that samples lie in are padded to a multiple of this; it is also how many partial sums a sum has.
pub const PAD: u32 = hairpin_arithmetic::PARTIAL as u32;

/// Words between rows beside each other, beyond whole groups of 32: threads that read one column of several rows then meet different banks.
const SKEW: u32 = 4;

/// Words of a trial's piece, modulo 32: threads of four neighbouring trials then meet different banks.
const TRIAL_SKEW: u32 = 8;

/// Samples that are scored at a time, at most.
pub const SCORED: u32 = hairpin_arithmetic::SCORED_AT_ONCE as u32;

/// What a trial knows of itself, in words of its piece.
pub mod word {
    /// 0 while it trains, else [`super::cause`].
    pub const CAUSE: u32 = 0;
    /// The step at which it ended.
    pub const STEP: u32 = 1;
    /// Which rule the update of this step follows.
    pub const RULE: u32 = 2;
    /// The rate of this step.
    pub const LR: u32 = 3;
    /// The coefficients: momentum, the undampened share, weight decay, the gradient's scale.
    pub const COEFFICIENTS: u32 = 4;
    /// Whether its velocity was written.
    pub const STARTED: u32 = 8;
    /// Whether this step left a parameter that is not finite.
    pub const BROKEN: u32 = 9;
    /// What its update does.
    pub const FLAGS: u32 = 10;
    /// How many there are.
    pub const COUNT: u32 = 12;
}

/// Why a trial ended.
pub mod cause {
    /// The loss of the minibatch.
    pub const LOSS: u32 = 1;
    /// The rate, or the momentum.
    pub const RATE: u32 = 2;
    /// A parameter after the update.
    pub const PARAMETERS: u32 = 3;
}

/// One matrix or vector of parameters.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Rows and columns.
    pub rows: u32,
    /// As many to a row.
    pub columns: u32,
    /// Where it begins among a trial's parameters in global memory, where rows follow one another.
    pub dense: u32,
    /// Where it begins in a trial's piece.
    pub at: u32,
    /// From row to row there.
    pub stride: u32,
}

/// The shape of a model and of the memory that a block trains it in.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers of a sample.
    pub features: u32,
    /// Hidden units; 0 for softmax regression.
    pub hidden: u32,
    /// Classes.
    pub classes: u32,
    /// Samples of a minibatch.
    pub batch: u32,
    /// The same, padded.
    pub columns: u32,
    /// Samples that are scored at once: a divisor of [`SCORED`], no more than `columns`.
    pub scored: u32,
    /// From row to row where samples are columns.
    pub stride: u32,
    /// Weights and biases, from the input up.
    pub parts: [Part; 4],
    /// How many of the parts there are.
    pub part_count: u32,
    /// Parameters of a trial.
    pub parameters: u32,
    /// Words of a trial's piece that parameters take; the velocity follows and takes as many.
    pub parameter_words: u32,
    /// Where the logits of a trial begin in its piece.
    pub logits: u32,
    /// Where its hidden units begin.
    pub active: u32,
    /// Where their gradients begin.
    pub hidden_grads: u32,
    /// Where the losses of its samples begin: of a minibatch, or of a chunk that is scored.
    pub losses: u32,
    /// Where [`word`]s begin.
    pub words: u32,
    /// Words of its piece.
    pub piece: u32,
    /// Words in front of the pieces: samples and labels.
    pub samples: u32,
}

impl Shape {
    /// The shape of a model of so many `features`, `hidden` units (0 for none) and `classes`, trained on minibatches of `batch`
    /// samples; with room for velocities if some trial has one.
    ///
    /// Nothing if a piece would have 2^31 words or more.
    #[must_use]
    pub fn new(
        features: u32,
        hidden: u32,
        classes: u32,
        batch: u32,
        velocity: bool,
    ) -> Option<Self> {
        let wide = |count: u64| u32::try_from(count).ok().filter(|&count| count < 1 << 31);
        let columns = wide(u64::from(batch).next_multiple_of(u64::from(PAD)))?;
        let stride = columns + SKEW;
        let scored = match columns {
            64.. => 64,
            32.. => 32,
            _ => 16,
        };
        let mut parts = [Part::default(); 4];
        let (mut dense, mut at, mut part_count) = (0_u64, 0_u64, 0);
        let layers = if hidden == 0 {
            [[classes, features], [0, 0]]
        } else {
            [[hidden, features], [classes, hidden]]
        };
        for [outputs, inputs] in layers.into_iter().filter(|[outputs, _]| *outputs > 0) {
            for (rows, columns) in [(outputs, inputs), (1, outputs)] {
                let stride = wide(u64::from(columns).next_multiple_of(4))?;
                parts[part_count as usize] = Part {
                    rows,
                    columns,
                    dense: wide(dense)?,
                    at: wide(at)?,
                    stride,
                };
                dense += u64::from(rows) * u64::from(columns);
                at += u64::from(rows) * u64::from(stride);
                part_count += 1;
            }
        }
        let parameter_words = wide(at)?;
        let mut next = at * if velocity { 2 } else { 1 };
        let mut take = |words: u64| {
            let at = wide(next);
            next += words;
            at
        };
        let grid = |rows: u32| u64::from(rows) * u64::from(stride);
        let logits = take(grid(classes))?;
        let active = take(grid(hidden))?;
        let hidden_grads = take(grid(hidden))?;
        let losses = take(u64::from(columns.max(SCORED)))?;
        let words = take(u64::from(word::COUNT))?;
        // The next number that leaves TRIAL_SKEW modulo 32.
        let piece = (next + u64::from(31 - TRIAL_SKEW)) / 32 * 32 + u64::from(TRIAL_SKEW);
        Some(Self {
            features,
            hidden,
            classes,
            batch,
            columns,
            scored,
            stride,
            parts,
            part_count,
            parameters: wide(dense)?,
            parameter_words,
            logits,
            active,
            hidden_grads,
            losses,
            words,
            piece: wide(piece)?,
            samples: wide(grid(features) + u64::from(columns))?,
        })
    }

    /// Bytes that a block needs to train so many trials.
    #[must_use]
    pub fn bytes(&self, trials: u32) -> u64 {
        4 * (u64::from(self.samples) + u64::from(trials) * u64::from(self.piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_leave_their_skew_and_hold_what_they_must() {
        for (hidden, velocity) in [(0, false), (0, true), (32, true), (7, false)] {
            let shape = Shape::new(64, hidden, 10, 32, velocity).unwrap();
            assert_eq!(shape.piece % 32, TRIAL_SKEW);
            assert!(shape.piece >= shape.words + word::COUNT);
            assert!(shape.piece < shape.words + word::COUNT + 32);
            for at in [
                shape.logits,
                shape.active,
                shape.hidden_grads,
                shape.losses,
                shape.words,
                shape.samples,
            ] {
                assert_eq!(at % 4, 0);
            }
        }
        assert_eq!(Shape::new(u32::MAX, 0, 10, 32, false), None);
        assert_eq!(Shape::new(1 << 16, 1 << 16, 10, 32, false), None);
    }
}
