//! The structs that a C program owns.

use hairpin_core::{ComposedPlan, FeedbackState, Sgd, SgdState};

use crate::memory::Object;

/// How many pieces a schedule is composed of at most: a kind is one, and what joins or changes schedules is one more. A kind behind a warm-up has
/// three.
pub const HAIRPIN_PIECES: usize = 4;

/// How large a hairpin_schedule is, in words of 8 bytes.
pub const HAIRPIN_SCHEDULE_WORDS: usize = 160;

/// How large a hairpin_schedule_state is, in words of 8 bytes.
pub const HAIRPIN_SCHEDULE_STATE_WORDS: usize = 64;

/// How large a hairpin_sgd is, in words of 8 bytes.
pub const HAIRPIN_SGD_WORDS: usize = 10;

/// Any schedule: a kind, or a composition of up to HAIRPIN_PIECES pieces.
///
/// Made by the functions that take one as `out`. It is not changed by being used, may be copied as a whole, and needs no end.
/// To keep it beyond a reset save it with hairpin_schedule_save(): the words themselves mean something to this build of the library only.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_schedule {
    /// The library's own.
    pub opaque: [u64; HAIRPIN_SCHEDULE_WORDS],
}

/// What a schedule that reacts to losses remembers; see hairpin_schedule_start().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_schedule_state {
    /// The library's own.
    pub opaque: [u64; HAIRPIN_SCHEDULE_STATE_WORDS],
}

/// The SGD update with its hyperparameters; see hairpin_sgd_init().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_sgd {
    /// The library's own.
    pub opaque: [u64; HAIRPIN_SGD_WORDS],
}

/// What an update remembers beside the velocity: whether its first step was taken; see hairpin_sgd_start().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_sgd_state {
    /// The library's own.
    pub opaque: [u64; 2],
}

/// What a hairpin_schedule holds.
pub(crate) type Plan = ComposedPlan<HAIRPIN_PIECES>;

impl Object for hairpin_schedule {
    type Value = Plan;
    const MARK: u64 = u64::from_le_bytes(*b"schedule");
}

impl Object for hairpin_schedule_state {
    type Value = FeedbackState;
    const MARK: u64 = u64::from_le_bytes(*b"feedback");
}

impl Object for hairpin_sgd {
    type Value = Sgd;
    const MARK: u64 = u64::from_le_bytes(*b"momentum");
}

impl Object for hairpin_sgd_state {
    type Value = SgdState;
    const MARK: u64 = u64::from_le_bytes(*b"velocity");
}
