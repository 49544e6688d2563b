//! What the journal's records hold.

use std::ops::Range;

use crate::train::{BlockState, Cause, Divergence, Evaluation, TrialOutcome};

/// One block, as far as it came.
#[derive(Debug, PartialEq)]
pub(super) enum Record {
    /// All its trials finished or diverged.
    Finished {
        trials: Range<u64>,
        outcomes: Vec<TrialOutcome>,
    },
    /// It was stopped; these bytes go on from there.
    Stopped { trials: Range<u64>, state: Vec<u8> },
}

const FINISHED: u8 = 1;
const STOPPED: u8 = 2;

impl Record {
    pub(super) fn finished(trials: Range<u64>, outcomes: &[TrialOutcome]) -> Vec<u8> {
        let mut bytes = header(FINISHED, &trials);
        for outcome in outcomes {
            put_evaluation(&mut bytes, outcome.last);
            put_evaluation(&mut bytes, outcome.best);
            let (step, cause) = match outcome.diverged {
                None => (0, 0),
                Some(Divergence { step, cause }) => (
                    step,
                    match cause {
                        Cause::Loss => 1,
                        Cause::Rate => 2,
                        Cause::Parameters => 3,
                    },
                ),
            };
            bytes.push(cause);
            bytes.extend(step.to_le_bytes());
            bytes.extend((outcome.losses.len() as u32).to_le_bytes());
            // The rates of feedback schedules follow from the evaluations, and parameters are not kept.
            for value in outcome.losses.iter().chain(&outcome.accuracies) {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes
    }

    pub(super) fn stopped(trials: Range<u64>, state: &BlockState) -> Vec<u8> {
        let mut bytes = header(STOPPED, &trials);
        bytes.extend(state.as_bytes());
        bytes
    }

    /// The record, or `None` for what this version does not write.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = bytes;
        let [kind] = take(&mut bytes)?;
        let trials = u64::from_le_bytes(take(&mut bytes)?)..u64::from_le_bytes(take(&mut bytes)?);
        match kind {
            FINISHED => {
                let mut outcomes = Vec::new();
                for _ in trials.clone() {
                    outcomes.push(take_outcome(&mut bytes)?);
                }
                bytes
                    .is_empty()
                    .then_some(Self::Finished { trials, outcomes })
            }
            STOPPED => Some(Self::Stopped {
                trials,
                state: bytes.to_vec(),
            }),
            _ => None,
        }
    }
}

fn header(kind: u8, trials: &Range<u64>) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(trials.start.to_le_bytes());
    bytes.extend(trials.end.to_le_bytes());
    bytes
}

fn put_evaluation(bytes: &mut Vec<u8>, evaluation: Option<Evaluation>) {
    bytes.push(u8::from(evaluation.is_some()));
    let (step, loss, accuracy) = evaluation.map_or(
        (0, 0.0, 0.0),
        |Evaluation {
             step,
             loss,
             accuracy,
         }| (step, loss, accuracy),
    );
    bytes.extend(step.to_le_bytes());
    bytes.extend(loss.to_le_bytes());
    bytes.extend(accuracy.to_le_bytes());
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn take_f32(bytes: &mut &[u8]) -> Option<f32> {
    take(bytes).map(f32::from_le_bytes)
}

fn take_evaluation(bytes: &mut &[u8]) -> Option<Option<Evaluation>> {
    let [seen] = take(bytes)?;
    let evaluation = Evaluation {
        step: u32::from_le_bytes(take(bytes)?),
        loss: take_f32(bytes)?,
        accuracy: take_f32(bytes)?,
    };
    Some((seen == 1).then_some(evaluation))
}

fn take_outcome(bytes: &mut &[u8]) -> Option<TrialOutcome> {
    let last = take_evaluation(bytes)?;
    let best = take_evaluation(bytes)?;
    let [cause] = take(bytes)?;
    let step = u32::from_le_bytes(take(bytes)?);
    let diverged = match cause {
        0 => None,
        1 => Some(Divergence {
            step,
            cause: Cause::Loss,
        }),
        2 => Some(Divergence {
            step,
            cause: Cause::Rate,
        }),
        3 => Some(Divergence {
            step,
            cause: Cause::Parameters,
        }),
        _ => return None,
    };
    let count = u32::from_le_bytes(take(bytes)?);
    let mut curve = || {
        (0..count)
            .map(|_| take_f32(bytes))
            .collect::<Option<Vec<f32>>>()
    };
    let (losses, accuracies) = (curve()?, curve()?);
    Some(TrialOutcome {
        last,
        best,
        diverged,
        losses,
        accuracies,
        rates: None,
        params: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_a_short_one_does_not() {
        let evaluation = Evaluation {
            step: 14,
            loss: 0.25,
            accuracy: 0.5,
        };
        let outcomes = vec![
            TrialOutcome {
                last: Some(evaluation),
                best: Some(evaluation),
                diverged: None,
                losses: vec![1.0, 0.25],
                accuracies: vec![0.1, 0.5],
                rates: None,
                params: None,
            },
            TrialOutcome {
                last: None,
                best: None,
                diverged: Some(Divergence {
                    step: 3,
                    cause: Cause::Parameters,
                }),
                losses: vec![],
                accuracies: vec![],
                rates: None,
                params: None,
            },
        ];
        let bytes = Record::finished(7..9, &outcomes);
        assert_eq!(
            Record::from_bytes(&bytes),
            Some(Record::Finished {
                trials: 7..9,
                outcomes
            })
        );
        for length in 0..bytes.len() {
            assert_eq!(Record::from_bytes(&bytes[..length]), None);
        }
        let state = BlockState::from_bytes(vec![1, 2, 3]);
        assert_eq!(
            Record::from_bytes(&Record::stopped(7..9, &state)),
            Some(Record::Stopped {
                trials: 7..9,
                state: vec![1, 2, 3]
            })
        );
    }
}
