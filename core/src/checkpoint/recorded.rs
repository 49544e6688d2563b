//! Schedules that their type describes, read from the record of a composition by that type alone.

use super::CheckpointError;
use super::composition::{ByteSource, SEQUENCE, Taken};
use crate::parameters::Described;
use crate::schedules::{Linear, LinearWarmup};

/// A schedule whose type says what it is: a kind, or a [`LinearWarmup`] in front of one.
///
/// It is read from the same record as a [`Composed`](crate::Composed) schedule, and a program that reads it so links this one formula instead
/// of all: `hairpin export` and `hairpin convert` write such a type wherever there is one.
///
/// # Examples
/// ```
/// use hairpin_core::{AnySchedule, CosineAnnealing, LinearWarmup, Recorded, Schedule};
///
/// let any = AnySchedule::from(CosineAnnealing::new(0.1, 0.0, 90)?).after_warmup(10, 0.0, 0.1)?;
/// let mut flash = [0; 128];
/// let length = any.to_bytes(&mut flash)?;
/// let this = LinearWarmup::<CosineAnnealing>::from_record(&flash[..length])?;
/// assert_eq!(this.lr(42).to_bits(), any.lr(42).to_bits());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait Recorded: Take {
    /// The schedule that was saved as these bytes, checked as its constructor checks.
    ///
    /// # Errors
    /// Bytes that are not exactly the record of a schedule, or of one of another kind.
    fn from_record(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (mut source, count) = ByteSource::of(bytes)?;
        if count != Self::NODES {
            return Err(CheckpointError::Content("kind"));
        }
        let made = Self::take(&mut source, 0).map_err(CheckpointError::Content)?;
        source.ended()?;
        Ok(made)
    }
}

impl<S: Take> Recorded for S {}

/// The nodes of a record as a type has them.
pub trait Take: Sized {
    /// How many nodes it takes.
    const NODES: u16;

    /// Takes the next nodes, the first of which begins at the step `from` of the sequence around it.
    fn take(source: &mut ByteSource<'_>, from: u32) -> Taken<Self>;
}

/// Takes one node, of the kind with this number.
pub(crate) fn take_kind<T: Described>(
    source: &mut ByteSource<'_>,
    number: u8,
    from: u32,
) -> Taken<T> {
    let head = source.head()?;
    if (head.number, head.from, head.clock, head.len) != (number, from, 0, 1) {
        return Err("kind");
    }
    let made = T::read(source);
    source.made(made)
}

/// Gives kinds their numbers.
macro_rules! recorded {
    ($($number:literal => $kind:ident,)+) => {$(
        impl $crate::checkpoint::Take for $kind {
            const NODES: u16 = 1;

            fn take(
                source: &mut $crate::checkpoint::ByteSource<'_>,
                from: u32,
            ) -> Result<Self, &'static str> {
                $crate::checkpoint::take_kind(source, $number, from)
            }
        }
    )+};
}

pub(crate) use recorded;

impl<S: Take> Take for LinearWarmup<S> {
    const NODES: u16 = S::NODES.saturating_add(2);

    fn take(source: &mut ByteSource<'_>, from: u32) -> Taken<Self> {
        let head = source.head()?;
        if (head.number, head.from, head.clock, head.len) != (SEQUENCE, from, 0, Self::NODES) {
            return Err("kind");
        }
        let line = Linear::take(source, 0)?;
        let after = S::take(source, line.total_steps())?;
        Ok(Self::of(line, after))
    }
}
