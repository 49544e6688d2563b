//! Rates by the step, and along losses.

use hairpin_core::{AnyFeedback, CheckpointError, Feedback, FeedbackState, Plan, Schedule};

use crate::wire::Wire;
use crate::{Broken, Channel, Field, ROOM};

/// A record of a schedule; `u16` steps, `u32` each.
///
/// Answered by the record as it is written again and the rate at each step. A feedback schedule has not seen a loss.
#[inline(never)]
pub(crate) fn rates<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let mut room = [0; ROOM];
    // Matched where it is: a copy of it would be thousands of bytes more.
    let plan = Plan::from_bytes(wire.bytes(&mut room)?);
    written(wire, &plan, &mut room)?;
    let steps = wire.u16()?;
    for _ in 0..steps {
        let step = wire.u32()?;
        let rate = match &plan {
            Ok(Plan::Schedule(schedule)) => schedule.lr(step),
            Ok(Plan::Feedback(feedback)) => feedback.lr(&feedback.start(), step),
            Err(_) => continue,
        };
        wire.write_f32(Field::Rate(step), rate)?;
    }
    Ok(())
}

/// Answers with how reading went, and the record as it is written again.
#[inline(never)]
fn written<C: Channel>(
    wire: &mut Wire<'_, C>,
    plan: &Result<Plan, CheckpointError>,
    room: &mut [u8],
) -> Result<(), Broken> {
    match plan {
        Ok(plan) => {
            wire.done()?;
            match wire.outcome(plan.to_bytes(room))? {
                Some(length) => wire.write_record(room.get(..length).ok_or(Broken)?),
                None => Ok(()),
            }
        }
        Err(error) => wire.refuse(*error),
    }
}

/// A record of a feedback schedule; the `u32` step of the first loss; a `u8` that says after how many losses the state is saved and read
/// again, 0 for never; `u16` losses, `f64` each; `u16` steps, `u32` each.
///
/// Answered by the record as it is written again; after each loss by what it led to and the rate, and by the state where it is saved;
/// at the end by the state and the rate at each step. A schedule that takes no losses is answered as one that cannot be read.
#[inline(never)]
pub(crate) fn losses<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let mut room = [0; ROOM];
    let plan = Plan::from_bytes(wire.bytes(&mut room)?);
    written(wire, &plan, &mut room)?;
    match &plan {
        Ok(Plan::Feedback(feedback)) => walk(wire, Some(feedback)),
        _ => walk(wire, None),
    }
}

/// The losses and what follows; apart, so that its state is not on the stack while the schedule is read.
#[inline(never)]
fn walk<C: Channel>(wire: &mut Wire<'_, C>, feedback: Option<&AnyFeedback>) -> Result<(), Broken> {
    let (first, every, count) = (wire.u32()?, wire.u8()?, wire.u16()?);
    let mut state = feedback.map(Feedback::start);
    let mut step = first;
    for index in 0..count {
        let loss = wire.f64()?;
        if let (Some(feedback), Some(state)) = (feedback, &mut state) {
            step = first.saturating_add(u32::from(index));
            let observed = feedback.observe(state, step, loss);
            wire.write(Field::Observed(step), &[observed as u8])?;
            wire.write_f32(Field::Rate(step), feedback.lr(state, step))?;
            if index.checked_rem(u16::from(every)) == Some(0) {
                resume(wire, state, step)?;
            }
        }
    }
    let steps = wire.u16()?;
    if let Some(state) = &mut state {
        resume(wire, state, step)?;
    }
    for _ in 0..steps {
        let step = wire.u32()?;
        if let (Some(feedback), Some(state)) = (feedback, &state) {
            wire.write_f32(Field::Rate(step), rate(feedback, state, step))?;
        }
    }
    Ok(())
}

#[inline(never)]
fn rate(feedback: &AnyFeedback, state: &FeedbackState, step: u32) -> f32 {
    feedback.lr(state, step)
}

/// Saves the state, answers with it, and goes on with what is read back.
#[inline(never)]
fn resume<C: Channel>(
    wire: &mut Wire<'_, C>,
    state: &mut FeedbackState,
    step: u32,
) -> Result<(), Broken> {
    let mut bytes = state.to_bytes();
    let read = FeedbackState::from_bytes(&bytes);
    if let Some(read) = wire.outcome(read)? {
        *state = read;
    }
    let comparable = comparable(&mut bytes).ok_or(Broken)?;
    wire.write(Field::State(step), comparable)
}

/// Where the kind of a saved state stands, and where what it remembers begins.
const KIND_AT: usize = 6;
const FIELDS_AT: usize = 7;
const CRC: usize = 4;

/// The saved state with every NaN the same, and without the checksum that its payload decides.
pub(crate) fn comparable(bytes: &mut [u8; FeedbackState::BYTES]) -> Option<&[u8]> {
    // The numbers of a plateau, and those of a greedy schedule before its window: all others are of a product that is walked.
    let numbers: &[usize] = match bytes.get(KIND_AT)? {
        129 => &[0, 9, 25],
        130 => &[0, 8, 36],
        _ => &[4],
    };
    let end = FeedbackState::BYTES.checked_sub(CRC)?;
    let (window, fields) = (48, bytes.get_mut(FIELDS_AT..end)?);
    for &at in numbers {
        canonical(fields, at)?;
    }
    for at in (window..fields.len()).step_by(8) {
        canonical(fields, at)?;
    }
    bytes.get(..end)
}

/// Makes the number at this place the one NaN, if it is any.
fn canonical(fields: &mut [u8], at: usize) -> Option<()> {
    let field = fields.get_mut(at..)?.first_chunk_mut::<8>()?;
    if f64::from_le_bytes(*field).is_nan() {
        *field = f64::NAN.to_le_bytes();
    }
    Some(())
}
