//! How a call went, and why not better.

use core::ffi::{CStr, c_char};

use hairpin_core::{CheckpointError, ConfigError, StepError};

/// How a call went: 0, or why it was refused. What is refused changes nothing.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::enum_variant_names,
    reason = "constants in C have no other namespace"
)]
pub enum hairpin_status {
    /// Done.
    HAIRPIN_OK = 0,

    /// A pointer is NULL that may not be.
    HAIRPIN_NULL_POINTER = 1,
    /// A pointer is not aligned as its type has to be.
    HAIRPIN_MISALIGNED = 2,
    /// Two areas of memory overlap that may not.
    HAIRPIN_OVERLAP = 3,
    /// A length is 0 where there has to be something.
    HAIRPIN_EMPTY = 4,
    /// A length goes beyond the end of the memory.
    HAIRPIN_TOO_LONG = 5,
    /// A struct was not made by this library, or it is of another type.
    HAIRPIN_NOT_MADE = 6,

    /// A parameter is NaN or infinite.
    HAIRPIN_NOT_FINITE = 16,
    /// A parameter lies outside what the formula allows, or is none of its constants.
    HAIRPIN_OUT_OF_RANGE = 17,
    /// A length in steps is 0; for a rate that never changes use hairpin_constant().
    HAIRPIN_ZERO_LENGTH = 18,
    /// A list of steps does not strictly increase.
    HAIRPIN_NOT_INCREASING = 19,
    /// A list has the wrong number of elements.
    HAIRPIN_WRONG_COUNT = 20,
    /// A list, or a composition, is longer than the library was built for.
    HAIRPIN_OVER_CAPACITY = 21,
    /// Two parameters exclude each other.
    HAIRPIN_CONFLICT = 22,
    /// The text of an expression does not compile.
    HAIRPIN_EXPRESSION = 23,

    /// There are more or fewer bytes than the record has.
    HAIRPIN_BYTES_LENGTH = 32,
    /// The bytes are no record of hairpin's: erased flash, or something else.
    HAIRPIN_BYTES_FOREIGN = 33,
    /// The record is of another version of the layout.
    HAIRPIN_BYTES_VERSION = 34,
    /// It is a record of something else.
    HAIRPIN_BYTES_KIND = 35,
    /// The record is torn or damaged: its checksum is wrong.
    HAIRPIN_BYTES_DAMAGED = 36,
    /// The record is whole, but holds what is never written.
    HAIRPIN_BYTES_CONTENT = 37,
    /// The record holds a composition of more pieces than the library was built for.
    HAIRPIN_BYTES_CAPACITY = 38,
    /// There is not enough room for the record.
    HAIRPIN_BUFFER_TOO_SMALL = 39,
    /// A function of the program cannot be saved; an expression can.
    HAIRPIN_FUNCTION = 40,

    /// The schedule reacts to losses, or is walked step by step: ask hairpin_schedule_lr_after().
    HAIRPIN_NEEDS_STATE = 48,
    /// The schedule is a function of the step alone and has no state.
    HAIRPIN_NO_STATE = 49,
    /// The state is one of another kind of schedule.
    HAIRPIN_OTHER_STATE = 50,
    /// With momentum there has to be a velocity, without momentum it has to be NULL.
    HAIRPIN_VELOCITY = 51,
    /// The rate is NaN: an update with it would erase every parameter.
    HAIRPIN_NAN_RATE = 52,

    /// Refused for a reason that this header has no name for.
    HAIRPIN_REFUSED = 64,
}

use hairpin_status::*;

/// A text of the library's: not terminated, never freed, empty where there is nothing to say.
///
/// Print it with `printf("%.*s", (int)text.length, text.start)`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_text {
    /// Its first character.
    pub start: *const c_char,
    /// How many bytes it has.
    pub length: usize,
}

impl hairpin_text {
    const EMPTY: Self = Self::new("");

    const fn new(text: &'static str) -> Self {
        Self {
            start: text.as_ptr().cast(),
            length: text.len(),
        }
    }
}

/// Why something was refused. Whoever does not want to know passes NULL. It is written only when something is refused.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_refusal {
    /// What the function returned.
    pub status: hairpin_status,
    /// The parameter, or the field of a record, that was refused.
    pub field: hairpin_text,
    /// What would be accepted, or what the field cannot be combined with.
    pub expected: hairpin_text,
    /// The number that was refused, else 0.
    pub value: f64,
    /// The first element of a list that is not above the one before it; the byte at which an expression goes wrong; else 0.
    pub index: usize,
    /// How many elements, pieces or bytes there have to be, or there is room for; else 0.
    pub limit: usize,
    /// How many there are, or which version or kind of record there is; else 0.
    pub found: usize,
}

impl hairpin_refusal {
    pub(crate) const fn new(status: hairpin_status) -> Self {
        Self {
            status,
            field: hairpin_text::EMPTY,
            expected: hairpin_text::EMPTY,
            value: 0.0,
            index: 0,
            limit: 0,
            found: 0,
        }
    }

    pub(crate) const fn of(status: hairpin_status, field: &'static str) -> Self {
        Self {
            field: hairpin_text::new(field),
            ..Self::new(status)
        }
    }
}

/// A number that is none of those a parameter may be.
pub(crate) fn none_of(field: &'static str, value: i32, expected: &'static str) -> hairpin_refusal {
    hairpin_refusal::from(ConfigError::OutOfRange {
        field,
        value: f64::from(value),
        expected,
    })
}

/// What a function comes to.
pub(crate) type Answer<T> = Result<T, hairpin_refusal>;

impl From<hairpin_status> for hairpin_refusal {
    fn from(status: hairpin_status) -> Self {
        Self::new(status)
    }
}

impl From<ConfigError> for hairpin_refusal {
    fn from(error: ConfigError) -> Self {
        let of = |status| Self::of(status, error.field());
        match error {
            ConfigError::NotFinite { value, .. } => Self {
                value,
                ..of(HAIRPIN_NOT_FINITE)
            },
            ConfigError::OutOfRange {
                value, expected, ..
            } => Self {
                value,
                expected: hairpin_text::new(expected),
                ..of(HAIRPIN_OUT_OF_RANGE)
            },
            ConfigError::ZeroLength { .. } => of(HAIRPIN_ZERO_LENGTH),
            ConfigError::NotIncreasing { index, .. } => Self {
                index,
                ..of(HAIRPIN_NOT_INCREASING)
            },
            ConfigError::WrongCount {
                expected, found, ..
            } => Self {
                limit: expected,
                found,
                ..of(HAIRPIN_WRONG_COUNT)
            },
            ConfigError::OverCapacity {
                capacity, found, ..
            } => Self {
                limit: capacity,
                found,
                ..of(HAIRPIN_OVER_CAPACITY)
            },
            ConfigError::Conflict { with, .. } => Self {
                expected: hairpin_text::new(with),
                ..of(HAIRPIN_CONFLICT)
            },
            ConfigError::Expression(error) => Self {
                index: error.at(),
                ..of(HAIRPIN_EXPRESSION)
            },
            _ => of(HAIRPIN_REFUSED),
        }
    }
}

impl From<CheckpointError> for hairpin_refusal {
    fn from(error: CheckpointError) -> Self {
        let of = |status, limit, found| Self {
            limit,
            found,
            ..Self::new(status)
        };
        match error {
            CheckpointError::Length { expected, found } => {
                of(HAIRPIN_BYTES_LENGTH, expected, found)
            }
            CheckpointError::Magic => Self::new(HAIRPIN_BYTES_FOREIGN),
            CheckpointError::Version(found) => of(HAIRPIN_BYTES_VERSION, 0, usize::from(found)),
            CheckpointError::Kind(found) => of(HAIRPIN_BYTES_KIND, 0, usize::from(found)),
            CheckpointError::Crc => Self::new(HAIRPIN_BYTES_DAMAGED),
            CheckpointError::Content(field) => Self::of(HAIRPIN_BYTES_CONTENT, field),
            CheckpointError::OverCapacity { capacity, found } => {
                of(HAIRPIN_BYTES_CAPACITY, capacity, found)
            }
            CheckpointError::TooSmall { needed, found } => {
                of(HAIRPIN_BUFFER_TOO_SMALL, needed, found)
            }
            CheckpointError::Function => Self::of(HAIRPIN_FUNCTION, "factor"),
            _ => Self::new(HAIRPIN_REFUSED),
        }
    }
}

impl From<StepError> for hairpin_refusal {
    fn from(error: StepError) -> Self {
        Self::new(match error {
            StepError::VelocityCount { .. } => HAIRPIN_VELOCITY,
            StepError::NanRate => HAIRPIN_NAN_RATE,
            _ => HAIRPIN_REFUSED,
        })
    }
}

/// What a status means, as a terminated text in English. Any number is understood, one that is no status too.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_status_text(status: i32) -> *const c_char {
    const TEXTS: &[(hairpin_status, &CStr)] = &[
        (HAIRPIN_OK, c"done"),
        (HAIRPIN_NULL_POINTER, c"a pointer is NULL that may not be"),
        (
            HAIRPIN_MISALIGNED,
            c"a pointer is not aligned as its type has to be",
        ),
        (HAIRPIN_OVERLAP, c"two areas of memory overlap that may not"),
        (
            HAIRPIN_EMPTY,
            c"a length is 0 where there has to be something",
        ),
        (
            HAIRPIN_TOO_LONG,
            c"a length goes beyond the end of the memory",
        ),
        (
            HAIRPIN_NOT_MADE,
            c"a struct was not made by this library, or is of another type: initialise it first",
        ),
        (HAIRPIN_NOT_FINITE, c"a parameter is NaN or infinite"),
        (
            HAIRPIN_OUT_OF_RANGE,
            c"a parameter lies outside what the formula allows",
        ),
        (
            HAIRPIN_ZERO_LENGTH,
            c"a length in steps is 0: for a rate that never changes use hairpin_constant",
        ),
        (
            HAIRPIN_NOT_INCREASING,
            c"a list of steps does not strictly increase",
        ),
        (
            HAIRPIN_WRONG_COUNT,
            c"a list has the wrong number of elements",
        ),
        (
            HAIRPIN_OVER_CAPACITY,
            c"a list or a composition is longer than the library was built for",
        ),
        (HAIRPIN_CONFLICT, c"two parameters exclude each other"),
        (
            HAIRPIN_EXPRESSION,
            c"the text of an expression does not compile",
        ),
        (
            HAIRPIN_BYTES_LENGTH,
            c"there are more or fewer bytes than the record has",
        ),
        (
            HAIRPIN_BYTES_FOREIGN,
            c"the bytes are no record of hairpin's: start from the beginning",
        ),
        (
            HAIRPIN_BYTES_VERSION,
            c"the record is of another version of the layout",
        ),
        (HAIRPIN_BYTES_KIND, c"it is a record of something else"),
        (
            HAIRPIN_BYTES_DAMAGED,
            c"the record is torn or damaged: use the one before it",
        ),
        (
            HAIRPIN_BYTES_CONTENT,
            c"the record is whole, but holds what is never written",
        ),
        (
            HAIRPIN_BYTES_CAPACITY,
            c"the record holds a composition of more pieces than the library was built for",
        ),
        (
            HAIRPIN_BUFFER_TOO_SMALL,
            c"there is not enough room for the record",
        ),
        (
            HAIRPIN_FUNCTION,
            c"a function of the program cannot be saved: write it as an expression",
        ),
        (
            HAIRPIN_NEEDS_STATE,
            c"the schedule needs its state: ask hairpin_schedule_lr_after",
        ),
        (
            HAIRPIN_NO_STATE,
            c"the schedule is a function of the step alone and has no state",
        ),
        (
            HAIRPIN_OTHER_STATE,
            c"the state is one of another kind of schedule",
        ),
        (
            HAIRPIN_VELOCITY,
            c"with momentum there has to be a velocity, without momentum it has to be NULL",
        ),
        (
            HAIRPIN_NAN_RATE,
            c"the rate is NaN: an update with it would erase every parameter",
        ),
        (
            HAIRPIN_REFUSED,
            c"refused for a reason that has no name here",
        ),
    ];
    let known = TEXTS.iter().find(|(known, _)| *known as i32 == status);
    known
        .map_or(c"no status of hairpin's", |(_, text)| text)
        .as_ptr()
}

/// The version of the library, as a terminated text.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
