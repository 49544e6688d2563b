//! What a schedule can do: rates, losses, bytes.

use core::mem::discriminant;

use hairpin_core::{ComposedFeedback, Feedback, FeedbackState, Observed, Schedule};

use crate::memory::{self, make, status};
use crate::objects::{HAIRPIN_PIECES, Plan, hairpin_schedule, hairpin_schedule_state};
use crate::status::hairpin_status::{
    HAIRPIN_BUFFER_TOO_SMALL, HAIRPIN_NEEDS_STATE, HAIRPIN_NO_STATE, HAIRPIN_OTHER_STATE,
};
use crate::status::{Answer, hairpin_refusal, hairpin_status};

/// How many bytes a saved hairpin_schedule_state takes.
pub const HAIRPIN_SCHEDULE_STATE_BYTES: usize = 459;

const _: () = assert!(
    HAIRPIN_SCHEDULE_STATE_BYTES == FeedbackState::BYTES,
    "the header tells how long the record is"
);

/// What an observed loss led to.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::enum_variant_names,
    reason = "constants in C have no other namespace"
)]
pub enum hairpin_observed {
    /// The loss was not looked at: a warm-up is still running, or the schedule needs none.
    HAIRPIN_OBSERVED_IGNORED = 0,
    /// It was taken into a mean that waits for more of them.
    HAIRPIN_OBSERVED_COLLECTED = 1,
    /// It fell into the pause after a cut or a raise.
    HAIRPIN_OBSERVED_COOLING_DOWN = 2,
    /// It is a new best.
    HAIRPIN_OBSERVED_IMPROVED = 3,
    /// It is not better, and patience lasts.
    HAIRPIN_OBSERVED_WAITING = 4,
    /// Patience ran out and the rate was cut.
    HAIRPIN_OBSERVED_REDUCED = 5,
    /// Patience ran out, but the cut is one that is not made.
    HAIRPIN_OBSERVED_EXHAUSTED = 6,
    /// The rate was raised.
    HAIRPIN_OBSERVED_RAISED = 7,
    /// Everything starts again.
    HAIRPIN_OBSERVED_RESET = 8,
    /// Something that this header has no name for.
    HAIRPIN_OBSERVED_OTHER = 64,
}

impl From<Observed> for hairpin_observed {
    fn from(observed: Observed) -> Self {
        match observed {
            Observed::Ignored => Self::HAIRPIN_OBSERVED_IGNORED,
            Observed::Collected => Self::HAIRPIN_OBSERVED_COLLECTED,
            Observed::CoolingDown => Self::HAIRPIN_OBSERVED_COOLING_DOWN,
            Observed::Improved => Self::HAIRPIN_OBSERVED_IMPROVED,
            Observed::Waiting => Self::HAIRPIN_OBSERVED_WAITING,
            Observed::Reduced => Self::HAIRPIN_OBSERVED_REDUCED,
            Observed::Exhausted => Self::HAIRPIN_OBSERVED_EXHAUSTED,
            Observed::Raised => Self::HAIRPIN_OBSERVED_RAISED,
            Observed::Reset => Self::HAIRPIN_OBSERVED_RESET,
            _ => Self::HAIRPIN_OBSERVED_OTHER,
        }
    }
}

/// The rate of a schedule at a step, for every step there is. One that has a state answers HAIRPIN_NEEDS_STATE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_lr(
    schedule: *const hairpin_schedule,
    step: u32,
    lr: *mut f32,
) -> hairpin_status {
    status(|| {
        let plan = memory::held(schedule)?;
        memory::usable(lr)?;
        let Plan::Schedule(schedule) = plan else {
            return Err(HAIRPIN_NEEDS_STATE.into());
        };
        memory::write(lr, schedule.lr(step));
        Ok(())
    })
}

/// Whether a schedule has a state, because it reacts to losses or is walked step by step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_has_state(
    schedule: *const hairpin_schedule,
    has_state: *mut bool,
) -> hairpin_status {
    status(|| {
        let plan = memory::held(schedule)?;
        memory::usable(has_state)?;
        memory::write(has_state, matches!(plan, Plan::Feedback(_)));
        Ok(())
    })
}

/// Makes the state of a schedule that has one, before any loss.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_start(
    schedule: *const hairpin_schedule,
    state: *mut hairpin_schedule_state,
) -> hairpin_status {
    make(state, core::ptr::null_mut(), || {
        Ok(Ok::<_, hairpin_refusal>(
            feedback(memory::held(schedule)?)?.start(),
        ))
    })
}

/// Takes notice of the loss seen at a step. NaN and infinities are data. `observed` says what it led to, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_observe(
    schedule: *const hairpin_schedule,
    state: *mut hairpin_schedule_state,
    step: u32,
    loss: f64,
    observed: *mut hairpin_observed,
) -> hairpin_status {
    status(|| {
        memory::usable(schedule)?;
        memory::usable(state)?;
        memory::apart((schedule, 1), (state.cast_const(), 1))?;
        let schedule = feedback(memory::held(schedule)?)?;
        if !observed.is_null() {
            memory::usable(observed)?;
        }
        // A copy: the schedule may call a function of the program, which must find no state that is half changed.
        let mut next = *memory::held(state.cast_const())?;
        fitting(schedule, &next)?;
        let seen = schedule.observe(&mut next, step, loss);
        memory::put(state, next);
        if !observed.is_null() {
            memory::write(observed, seen.into());
        }
        Ok(())
    })
}

/// The rate at a step of a schedule that has a state, after the losses observed so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_lr_after(
    schedule: *const hairpin_schedule,
    state: *const hairpin_schedule_state,
    step: u32,
    lr: *mut f32,
) -> hairpin_status {
    status(|| {
        let schedule = feedback(memory::held(schedule)?)?;
        let state = memory::held(state)?;
        memory::usable(lr)?;
        fitting(schedule, state)?;
        memory::write(lr, schedule.lr(state, step));
        Ok(())
    })
}

/// How many bytes a schedule takes when it is saved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_bytes(
    schedule: *const hairpin_schedule,
    length: *mut usize,
) -> hairpin_status {
    status(|| {
        let plan = memory::held(schedule)?;
        memory::usable(length)?;
        memory::write(length, plan.bytes_len()?);
        Ok(())
    })
}

/// Writes a schedule to the front of `bytes`, of which there are `capacity`, and how many it took to `written`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_save(
    schedule: *const hairpin_schedule,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> hairpin_status {
    status(|| {
        let plan = memory::held(schedule)?;
        memory::places_beside(schedule, bytes, capacity, written)?;
        let needed = plan.bytes_len()?;
        if capacity < needed {
            return Err(HAIRPIN_BUFFER_TOO_SMALL.into());
        }
        let length = plan.to_bytes(memory::list_mut(bytes, needed)?)?;
        memory::write(written, length);
        Ok(())
    })
}

/// Makes the schedule that was saved as these bytes: by this function's counterpart, by Rust, or by `hairpin export`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_load(
    out: *mut hairpin_schedule,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        memory::usable(bytes)?;
        Ok(Plan::from_bytes(memory::list(bytes, length)?))
    })
}

/// Writes a state to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SCHEDULE_STATE_BYTES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_state_save(
    state: *const hairpin_schedule_state,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> hairpin_status {
    memory::save(state, bytes, capacity, written, FeedbackState::to_bytes)
}

/// Makes the state that was saved as these bytes. Whether it is one of a schedule shows when the two meet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_schedule_state_load(
    out: *mut hairpin_schedule_state,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        memory::usable(bytes)?;
        Ok(FeedbackState::from_bytes(memory::list(bytes, length)?))
    })
}

fn feedback(plan: &Plan) -> Answer<&ComposedFeedback<HAIRPIN_PIECES>> {
    match plan {
        Plan::Feedback(feedback) => Ok(feedback),
        Plan::Schedule(_) => Err(HAIRPIN_NO_STATE.into()),
    }
}

/// That a state is one of this kind of schedule: the core would take another for a fresh one.
fn fitting(schedule: &ComposedFeedback<HAIRPIN_PIECES>, state: &FeedbackState) -> Answer<()> {
    if discriminant(state) == discriminant(&schedule.start()) {
        Ok(())
    } else {
        Err(HAIRPIN_OTHER_STATE.into())
    }
}
