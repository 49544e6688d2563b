//! Errors as numbers, with their details.

use hairpin_core::{CheckpointError, ConfigError, ExpressionError, StepError};

use crate::wire::Wire;
use crate::{Broken, Channel, Field};

/// The number of what no list here knows: an error that the core has got since.
const UNKNOWN: u8 = u8::MAX;

/// Why something was refused.
pub(crate) struct Refusal {
    number: u8,
    details: [u32; 3],
    value: f64,
    name: &'static str,
}

impl Refusal {
    const fn new(number: u8) -> Self {
        Self {
            number,
            details: [0; 3],
            value: 0.0,
            name: "",
        }
    }

    fn details(self, details: [usize; 3]) -> Self {
        // A count of more than a chip can hold is none that an error here tells of.
        let details = details.map(|detail| u32::try_from(detail).unwrap_or(u32::MAX));
        Self { details, ..self }
    }

    const fn name(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl<C: Channel> Wire<'_, C> {
    pub(crate) fn done(&mut self) -> Result<(), Broken> {
        self.write(Field::Outcome, &[0])
    }

    #[inline(never)]
    pub(crate) fn refuse(&mut self, why: impl Into<Refusal>) -> Result<(), Broken> {
        let why = why.into();
        self.write(Field::Outcome, &[why.number])?;
        for detail in why.details {
            self.write(Field::Outcome, &detail.to_le_bytes())?;
        }
        self.write_f64(Field::Outcome, why.value)?;
        let length = u8::try_from(why.name.len()).map_err(|_| Broken)?;
        self.write(Field::Outcome, &[length])?;
        self.write(Field::Outcome, why.name.as_bytes())
    }

    /// The outcome; what it is about, where it went well.
    pub(crate) fn outcome<T, E: Into<Refusal>>(
        &mut self,
        result: Result<T, E>,
    ) -> Result<Option<T>, Broken> {
        match result {
            Ok(value) => self.done().map(|()| Some(value)),
            Err(error) => self.refuse(error).map(|()| None),
        }
    }
}

impl From<CheckpointError> for Refusal {
    fn from(error: CheckpointError) -> Self {
        use CheckpointError as E;
        match error {
            E::Length { expected, found } => Self::new(1).details([expected, found, 0]),
            E::Magic => Self::new(2),
            E::Version(version) => Self::new(3).details([usize::from(version), 0, 0]),
            E::Kind(kind) => Self::new(4).details([usize::from(kind), 0, 0]),
            E::Crc => Self::new(5),
            E::Content(field) => Self::new(6).name(field),
            E::OverCapacity { capacity, found } => Self::new(7).details([capacity, found, 0]),
            E::TooSmall { needed, found } => Self::new(8).details([needed, found, 0]),
            E::Function => Self::new(9),
            _ => Self::new(UNKNOWN),
        }
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        use ConfigError as E;
        let mut refusal = match error {
            E::NotFinite { value, .. } => Self {
                value,
                ..Self::new(20)
            },
            E::OutOfRange { value, .. } => Self {
                value,
                ..Self::new(21)
            },
            E::ZeroLength { .. } => Self::new(22),
            E::NotIncreasing { index, .. } => Self::new(23).details([index, 0, 0]),
            E::WrongCount {
                expected, found, ..
            } => Self::new(24).details([expected, found, 0]),
            E::OverCapacity {
                capacity, found, ..
            } => Self::new(25).details([capacity, found, 0]),
            E::Conflict { .. } => Self::new(26),
            E::Expression(error) => return error.into(),
            _ => Self::new(UNKNOWN),
        };
        refusal.name = error.field();
        refusal
    }
}

impl From<ExpressionError> for Refusal {
    fn from(error: ExpressionError) -> Self {
        use ExpressionError as E;
        let at = error.at();
        match error {
            E::Empty { .. } => Self::new(40).details([at, 0, 0]),
            E::UnexpectedEnd { .. } => Self::new(41).details([at, 0, 0]),
            E::UnexpectedCharacter { .. } => Self::new(42).details([at, 0, 0]),
            E::ExpectedOperand { .. } => Self::new(43).details([at, 0, 0]),
            E::ExpectedOperator { .. } => Self::new(44).details([at, 0, 0]),
            E::UnknownName { len, .. } => Self::new(45).details([at, len, 0]),
            E::NotCalled { len, .. } => Self::new(46).details([at, len, 0]),
            E::WrongArgumentCount {
                at_least, found, ..
            } => Self::new(47).details([at, usize::from(at_least), usize::from(found)]),
            E::UnbalancedParenthesis { .. } => Self::new(48).details([at, 0, 0]),
            E::MissingElse { .. } => Self::new(49).details([at, 0, 0]),
            E::MissingIf { .. } => Self::new(50).details([at, 0, 0]),
            E::BadLambda { .. } => Self::new(51).details([at, 0, 0]),
            E::BadNumber { len, .. } => Self::new(52).details([at, len, 0]),
            E::TooManyOperations { capacity, .. } => Self::new(53).details([at, capacity, 0]),
            E::TooManyConstants { capacity, .. } => Self::new(54).details([at, capacity, 0]),
            E::TooDeep { capacity, .. } => Self::new(55).details([at, capacity, 0]),
            E::Corrupt { .. } => Self::new(56).details([at, 0, 0]),
            _ => Self::new(UNKNOWN),
        }
    }
}

impl From<StepError> for Refusal {
    fn from(error: StepError) -> Self {
        match error {
            StepError::GradientCount { params, grads } => Self::new(60).details([params, grads, 0]),
            StepError::VelocityCount { expected, found } => {
                Self::new(61).details([expected, found, 0])
            }
            StepError::NanRate => Self::new(62),
            _ => Self::new(UNKNOWN),
        }
    }
}
