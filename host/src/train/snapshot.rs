//! A block's state as bytes, and back.
//!
//! Little-endian: the mark and version; the identity of engine and trials; the step; then trial after trial whether and where it
//! diverged, its evaluations, the rates of its feedback schedule, and, unless it diverged, its parameters and velocity; last
//! a SHA-256 of all before. The state of a feedback schedule is not written: it is what its observations make of it.

use hairpin_core::{Feedback, Schedule, SgdState};
use sha2::{Digest, Sha256};

use super::block::{Block, BlockState, Rates, Runner};
use super::{Cause, Divergence, Evaluation, StateError};

/// The last byte is the version.
const MARK: [u8; 8] = *b"hairpin\x01";
const DIGEST: usize = 32;
/// How many rates of a trial take part in its identity.
const SAMPLED_RATES: u32 = 64;

const ACTIVE: u8 = 0;
const DIVERGED_LOSS: u8 = 1;
const DIVERGED_RATE: u8 = 2;
const DIVERGED_PARAMETERS: u8 = 3;

impl Block<'_> {
    pub(super) fn save(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend(self.identity());
        bytes.extend(self.step.to_le_bytes());
        for (trial, runner) in self.runners.iter().enumerate() {
            let (tag, step) = match runner.diverged {
                None => (ACTIVE, 0),
                Some(Divergence { step, cause }) => (
                    match cause {
                        Cause::Loss => DIVERGED_LOSS,
                        Cause::Rate => DIVERGED_RATE,
                        Cause::Parameters => DIVERGED_PARAMETERS,
                    },
                    step,
                ),
            };
            bytes.push(tag);
            bytes.extend(step.to_le_bytes());
            bytes.extend((runner.losses.len() as u64).to_le_bytes());
            for (loss, accuracy) in runner.losses.iter().zip(&runner.accuracies) {
                bytes.extend(loss.to_le_bytes());
                bytes.extend(accuracy.to_le_bytes());
            }
            bytes.extend((runner.rates.len() as u64).to_le_bytes());
            put_all(&mut bytes, &runner.rates);
            if runner.diverged.is_none() {
                let [params, velocity] = self.places(trial);
                put_all(&mut bytes, &self.params[params]);
                put_all(&mut bytes, &self.velocities[velocity]);
            }
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        bytes
    }

    /// Puts a fresh block where the saved one was.
    pub(super) fn restore(&mut self, state: &BlockState) -> Result<(), StateError> {
        self.make_room();
        let bytes = state.as_bytes();
        if !bytes.starts_with(&MARK) {
            return Err(StateError::Format);
        }
        let (body, digest) = bytes
            .split_last_chunk::<DIGEST>()
            .ok_or(StateError::Damaged)?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(StateError::Damaged);
        }
        let mut reader = Reader(body.get(MARK.len()..).ok_or(StateError::Damaged)?);
        if reader.take::<32>()? != self.identity() {
            return Err(StateError::OtherBlock);
        }
        self.step = reader.u32()?;
        if self.step > self.engine.config.steps {
            return Err(StateError::Damaged);
        }
        for trial in 0..self.runners.len() {
            self.restore_trial(trial, &mut reader)?;
        }
        if !reader.0.is_empty() {
            return Err(StateError::Damaged);
        }
        Ok(())
    }

    fn restore_trial(&mut self, trial: usize, reader: &mut Reader) -> Result<(), StateError> {
        let [tag] = reader.take::<1>()?;
        let step = reader.u32()?;
        let cause = match tag {
            ACTIVE => None,
            DIVERGED_LOSS => Some(Cause::Loss),
            DIVERGED_RATE => Some(Cause::Rate),
            DIVERGED_PARAMETERS => Some(Cause::Parameters),
            _ => return Err(StateError::Damaged),
        };
        let metric = self.engine.config.metric;
        let mut eval_steps = self.engine.eval_steps();
        let runner = &mut self.runners[trial];
        for _ in 0..reader.u64()? {
            let evaluation = Evaluation {
                step: eval_steps.next().ok_or(StateError::Damaged)?,
                loss: reader.f32()?,
                accuracy: reader.f32()?,
            };
            runner.observe(evaluation, metric);
        }
        for _ in 0..reader.u64()? {
            runner.rates.push(reader.f32()?);
        }
        runner.diverged = cause.map(|cause| Divergence { step, cause });
        // Its first step is the first one with momentum.
        runner.optimizer = SgdState::new(match runner.trial.momentum {
            None => self.step > 0,
            Some(momentum) => (0..self.step).any(|step| momentum.lr(step) != 0.0),
        });
        if cause.is_none() {
            let [params, velocity] = self.places(trial);
            reader.fill(&mut self.params[params])?;
            reader.fill(&mut self.velocities[velocity])?;
        }
        Ok(())
    }

    /// Where a trial's parameters and velocity lie.
    fn places(&self, trial: usize) -> [core::ops::Range<usize>; 2] {
        let count = self.engine.parameters();
        let place = |slot: usize| slot * self.stride..slot * self.stride + count;
        [
            place(trial),
            self.runners[trial].velocity.map_or(0..0, place),
        ]
    }

    /// Data, configuration and trials. Rates take part by samples, so that it does not matter how they are handed over.
    fn identity(&self) -> [u8; DIGEST] {
        let mut hash = Sha256::new();
        hash.update(self.engine.identity);
        hash.update((self.runners.len() as u64).to_le_bytes());
        let steps = self.engine.config.steps;
        for Runner { trial, .. } in &self.runners {
            let sgd = trial.sgd.config();
            for number in [
                sgd.momentum,
                sgd.dampening,
                sgd.weight_decay,
                sgd.gradient_scale,
                trial.sgd.lr_multiplier(),
            ] {
                hash.update(number.to_le_bytes());
            }
            hash.update([u8::from(sgd.nesterov), sgd.rounding as u8]);
            if let Some(momentum) = trial.momentum {
                hash.update(format!("{momentum:?}"));
            }
            // A feedback schedule shows itself only once it has seen losses: all its parameters count.
            if let Rates::Feedback(schedule) = trial.rates {
                hash.update(format!("{schedule:?}"));
            }
            for step in (0..steps).step_by(steps.div_ceil(SAMPLED_RATES) as usize) {
                let rate = match trial.rates {
                    Rates::Table(rates) => rates[step as usize],
                    Rates::Schedule(schedule) => schedule.lr(step),
                    Rates::Feedback(schedule) => schedule.lr(&schedule.start(), step),
                };
                hash.update(rate.to_le_bytes());
            }
        }
        hash.finalize().into()
    }
}

fn put_all(bytes: &mut Vec<u8>, numbers: &[f32]) {
    bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
}

/// What is left to read. The digest was right, so that running out means a state that another program wrote.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(StateError::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, StateError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u64(&mut self) -> Result<u64, StateError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn f32(&mut self) -> Result<f32, StateError> {
        Ok(f32::from_le_bytes(self.take()?))
    }

    fn fill(&mut self, numbers: &mut [f32]) -> Result<(), StateError> {
        for number in numbers {
            *number = self.f32()?;
        }
        Ok(())
    }
}
