//! A run as words for the [store](crate::store): the core's own records, and the numbers by their bits.

use core::array;

use hairpin_core::{CheckpointError, FeedbackState, Position, SgdState};

use crate::training::{Plan, Run, Trainer, Weights};

/// Why what was stored is not continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It was trained by another schedule or update.
    OtherTraining,
    /// A record of the core is not what it should be.
    Record(CheckpointError),
    /// There are fewer words than a run has, or more.
    Length,
}

impl From<CheckpointError> for Refused {
    fn from(error: CheckpointError) -> Self {
        Self::Record(error)
    }
}

impl Trainer {
    /// What has to be stored of a run, word by word.
    pub fn words<'a>(&self, run: &'a Run) -> impl Iterator<Item = u32> + Clone + use<'a> {
        let velocity = self
            .recipe()
            .sgd()
            .needs_velocity()
            .then_some(&run.velocity);
        [self.identity()]
            .into_iter()
            .chain(of_bytes(run.position.to_bytes()))
            .chain(of_bytes(run.sgd.to_bytes()))
            .chain(
                run.feedback
                    .iter()
                    .flat_map(|state| of_bytes(state.to_bytes())),
            )
            .chain(of_weights(&run.weights))
            .chain(velocity.into_iter().flat_map(of_weights))
    }

    /// The run that was stored as these words, into `run`.
    ///
    /// # Errors
    /// Words that are no run of this training. `run` is of no use then.
    pub fn restore(
        &self,
        mut words: impl Iterator<Item = u32>,
        run: &mut Run,
    ) -> Result<(), Refused> {
        let words = &mut words;
        if words.next() != Some(self.identity()) {
            return Err(Refused::OtherTraining);
        }
        run.position = Position::from_bytes(&bytes::<{ Position::BYTES }>(words))?;
        run.sgd = SgdState::from_bytes(&bytes::<{ SgdState::BYTES }>(words))?;
        run.feedback = match self.recipe().schedule() {
            Plan::Schedule(_) => None,
            Plan::Feedback(_) => {
                let state = FeedbackState::from_bytes(&bytes::<{ FeedbackState::BYTES }>(words))?;
                Some(state)
            }
        };
        weights(words, &mut run.weights)?;
        if self.recipe().sgd().needs_velocity() {
            weights(words, &mut run.velocity)?;
        }
        match words.next() {
            None => Ok(()),
            Some(_) => Err(Refused::Length),
        }
    }
}

/// Bytes as words, the last one filled up with zeros.
fn of_bytes<const N: usize>(bytes: [u8; N]) -> impl Iterator<Item = u32> + Clone {
    (0..N).step_by(4).map(move |at| {
        let mut rest = bytes.into_iter().skip(at);
        u32::from_le_bytes(array::from_fn(|_| rest.next().unwrap_or(0)))
    })
}

/// The way back. Where words are missing, the bytes are 0 and the core's record is refused.
fn bytes<const N: usize>(words: &mut impl Iterator<Item = u32>) -> [u8; N] {
    let mut bytes = [0; N];
    for part in bytes.chunks_mut(4) {
        let word = words.next().unwrap_or(0).to_le_bytes();
        for (to, from) in part.iter_mut().zip(word) {
            *to = from;
        }
    }
    bytes
}

fn of_weights(weights: &Weights) -> impl Iterator<Item = u32> + Clone {
    let weights = weights.as_flattened().iter();
    weights.map(|weight| weight.to_bits())
}

fn weights(words: &mut impl Iterator<Item = u32>, to: &mut Weights) -> Result<(), Refused> {
    for weight in to.as_flattened_mut() {
        *weight = f32::from_bits(words.next().ok_or(Refused::Length)?);
    }
    Ok(())
}
