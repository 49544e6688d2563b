//! Requests to the core and its answers, the same source on the host and on every chip.
//!
//! A request is a byte that says what is asked for and what it takes, little-endian, floats by their bits; see the modules. An
//! answer begins with an outcome: 0, or the number of an error with its details. Schedules, updates and states come as the bytes that the core
//! saves them as, so that a request can hold any of them and every one of them is read and written again on the way.
//!
//! The payload of a NaN is not promised: answers hold one and the same.
#![no_std]
#![forbid(unsafe_code)]

mod building;
mod expressions;
mod outcome;
mod records;
mod schedules;
mod updates;
mod wire;

use wire::Wire;

/// What is asked for.
pub mod request {
    /// The rates of a schedule at some steps.
    pub const RATES: u8 = 1;
    /// The rates of a feedback schedule along losses.
    pub const LOSSES: u8 = 2;
    /// Parameters after some updates.
    pub const UPDATES: u8 = 3;
    /// A saved record, read and written again.
    pub const RECORD: u8 = 4;
    /// A text compiled, and its values.
    pub const EXPRESSION: u8 = 5;
    /// A schedule put together by the constructors.
    pub const BUILDING: u8 = 6;
}

/// The longest record or text in a request.
pub const ROOM: usize = 1024;

/// The most parameters of one request.
pub const PARAMETERS: usize = 16;

/// What [`request::RECORD`] asks to read.
pub mod record {
    /// A [`Position`](hairpin_core::Position).
    pub const POSITION: u8 = 1;
    /// A [`PlateauState`](hairpin_core::PlateauState).
    pub const PLATEAU: u8 = 2;
    /// An [`Sgd`](hairpin_core::Sgd).
    pub const SGD: u8 = 3;
    /// An [`SgdState`](hairpin_core::SgdState).
    pub const SGD_STATE: u8 = 4;
    /// A [`Plan`](hairpin_core::Plan).
    pub const PLAN: u8 = 5;
    /// A [`FeedbackState`](hairpin_core::FeedbackState).
    pub const FEEDBACK_STATE: u8 = 6;
    /// A plan of few pieces, which refuses more.
    pub const SMALL_PLAN: u8 = 7;
    /// A [`Recipe`](hairpin_core::Recipe) of few pieces.
    pub const RECIPE: u8 = 8;
}

/// How an update is made and asked for, in [`request::UPDATES`]; flags of a byte.
pub mod update {
    /// With Nesterov's momentum.
    pub const NESTEROV: u8 = 1;
    /// With fused products.
    pub const FUSED: u8 = 2;
    /// With a group's own multiplier and weight decay.
    pub const GROUP: u8 = 4;
    /// The velocity goes on from earlier steps.
    pub const STARTED: u8 = 8;
    /// The step has a momentum of its own.
    pub const AT_MOMENTUM: u8 = 1;
}

/// What is done to a schedule, in [`request::BUILDING`].
pub mod building_step {
    /// A warm-up in front of it.
    pub const WARMUP: u8 = 1;
    /// Its rate times a number.
    pub const SCALE: u8 = 2;
    /// Its rate within limits.
    pub const CLAMP: u8 = 3;
    /// Noise on its rate.
    pub const NOISE: u8 = 4;
    /// Its clock over and over again.
    pub const REPEAT: u8 = 5;
    /// Another one after it.
    pub const SEQUENCE: u8 = 6;
    /// Its rate times another one's.
    pub const PRODUCT: u8 = 7;
    /// Its rate and another one's.
    pub const SUM: u8 = 8;
    /// The mean of its rate and another one's.
    pub const AVERAGE: u8 = 9;
}

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Whether it went well, or why not.
    Outcome,
    /// Something as the core saves it.
    Record,
    /// The rate at this step.
    Rate(u32),
    /// What the loss of this step led to.
    Observed(u32),
    /// A feedback state, by the step of the loss before it.
    State(u32),
    /// A parameter after this update.
    Parameter(u32),
    /// A velocity after the last update.
    Velocity,
    /// The value of an expression at this step.
    Value(u32),
}

/// The requests are none, end in the middle, or the channel is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Where requests come from and answers go.
pub trait Channel {
    /// Fills `bytes`; `false` where the requests have ended before the first of them.
    ///
    /// # Errors
    /// Requests that end in the middle, or cannot be read.
    fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Broken>;

    /// Adds a part to the answer.
    ///
    /// # Errors
    /// Answers that cannot be written.
    fn write(&mut self, field: Field, bytes: &[u8]) -> Result<(), Broken>;
}

/// Answers all requests.
///
/// # Errors
/// Requests that are none, and what goes wrong with the channel.
pub fn answer<C: Channel>(channel: &mut C) -> Result<(), Broken> {
    let mut kind = [0];
    while channel.read(&mut kind)? {
        let mut wire = Wire::new(channel);
        match kind {
            [request::RATES] => schedules::rates(&mut wire)?,
            [request::LOSSES] => schedules::losses(&mut wire)?,
            [request::UPDATES] => updates::updates(&mut wire)?,
            [request::RECORD] => records::record(&mut wire)?,
            [request::EXPRESSION] => expressions::expression(&mut wire)?,
            [request::BUILDING] => building::building(&mut wire)?,
            _ => return Err(Broken),
        }
    }
    Ok(())
}
