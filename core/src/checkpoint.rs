//! State that survives a power cut: fixed numbers of bytes with a magic, a version, a kind and a CRC.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `hpin` |
//! | 4 | version of this layout, 1 |
//! | 5 | kind of record |
//! | 6..n-4 | the record, little-endian; floats by their bits |
//! | n-4..n | CRC-32 (IEEE) of everything before |
//!
//! A schedule is a record, too, as long as it needs to be: [`Composed`](crate::Composed::to_bytes),
//! [`ComposedFeedback`](crate::ComposedFeedback::to_bytes) and [`ComposedPlan`](crate::ComposedPlan::to_bytes) tell their length in front of their fields. What they are
//! is written as numbers and parameters, so that a record does not depend on the capacity of the type that wrote it.
//!
//! A [`Recipe`] holds the records of a schedule and of the update that goes with it, as `hairpin export` writes them.
//!
//! A record is read whole or refused. Any torn write or flipped byte is an error: the CRC catches every burst of up to
//! 32 bits, erased and zeroed flash fail the magic. Resuming continues bit for bit.
//!
//! # Examples
//! ```
//! use hairpin_core::{CheckpointError, Position};
//!
//! let position = Position { step: 1234 };
//! let mut bytes = position.to_bytes();
//! assert_eq!(Position::from_bytes(&bytes), Ok(position));
//! bytes[7] ^= 1;
//! assert_eq!(Position::from_bytes(&bytes), Err(CheckpointError::Crc));
//! ```
//! A schedule goes into flash on a workstation, and is read on a chip that has room for fewer pieces:
//! ```
//! use hairpin_core::{AnySchedule, Composed, CosineAnnealing, Schedule};
//!
//! let schedule = AnySchedule::from(CosineAnnealing::new(0.1, 0.0, 90)?).after_warmup(10, 0.0, 0.1)?;
//! let mut flash = [0xff; 256];
//! let length = schedule.to_bytes(&mut flash)?;
//! let same = Composed::<3>::from_bytes(&flash[..length])?;
//! assert_eq!(same.lr(42).to_bits(), schedule.lr(42).to_bits());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod composition;
mod frame;
mod recipe;
mod recorded;

use core::fmt;

use crate::kinds::FeedbackState;
use crate::schedules::{GreedyState, MultiplicativeState, PlateauState};
use crate::sgd::{Rounding, Sgd, SgdConfig, SgdState};
pub(crate) use composition::ByteSource;
use frame::{CRC, HEADER, VERSION};
pub(crate) use frame::{Reader, Writer};
pub use recipe::{Recipe, RecipeRecords};
pub use recorded::Recorded;
pub(crate) use recorded::{Take, recorded, take_kind};

/// Why bytes were not taken for a checkpoint, or something could not be written as one.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// There are more or fewer bytes than this record has.
    Length {
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The bytes do not begin like a checkpoint.
    Magic,
    /// The layout is of another version.
    Version(u8),
    /// It is a checkpoint of something else.
    Kind(u8),
    /// The bytes are torn or flipped.
    Crc,
    /// The record is whole, but holds what no writer of this version writes.
    Content(&'static str),
    /// The schedule is whole, but composed of more pieces than this type holds.
    OverCapacity {
        /// How many pieces fit.
        capacity: usize,
        /// How many there are.
        found: usize,
    },
    /// There is not enough room to write the record.
    TooSmall {
        /// How many bytes it takes.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// What is to be saved holds a function of the program, which has no bytes.
    Function,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { expected, found } => {
                write!(f, "checkpoint has {found} bytes: must have {expected}")
            }
            Self::Magic => f.write_str("these bytes are no checkpoint: start from the beginning"),
            Self::Version(found) => write!(
                f,
                "checkpoint of version {found}: this program reads version {VERSION}"
            ),
            Self::Kind(found) => write!(f, "checkpoint of another kind ({found})"),
            Self::Crc => f.write_str("checkpoint is torn or damaged: use the one before it"),
            Self::Content(field) => write!(f, "checkpoint holds an impossible {field}"),
            Self::OverCapacity { capacity, found } => write!(
                f,
                "checkpoint holds a schedule of {found} pieces, this type holds {capacity}: choose a larger capacity"
            ),
            Self::TooSmall { needed, found } => {
                write!(f, "room for {found} bytes: the checkpoint takes {needed}")
            }
            Self::Function => f.write_str(
                "factor is a function of the program, which cannot be saved: write it as an expression",
            ),
        }
    }
}

impl core::error::Error for CheckpointError {}

/// Where a training run stands: the next step of its schedule. A pure schedule needs no more to resume.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The next step.
    pub step: u32,
}

impl Position {
    const KIND: u8 = 1;
    /// How many bytes a position takes.
    pub const BYTES: usize = HEADER + 4 + CRC;

    /// This position as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        frame::fixed(Self::KIND, |writer| writer.u32(self.step))
    }

    /// The position that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::fixed::<{ Self::BYTES }>(bytes, Self::KIND)?;
        Ok(Self { step: reader.u32() })
    }
}

/// What a feedback kind remembers, as fields of a record.
pub(crate) trait Fields: Sized {
    /// How many bytes they take.
    const LEN: usize;

    fn put(&self, writer: &mut Writer<'_>);

    fn take(reader: &mut Reader<'_>) -> Result<Self, CheckpointError>;
}

impl Fields for PlateauState {
    const LEN: usize = 8 + 1 + 8 + 4 + 4 + 8 + 4;

    fn put(&self, writer: &mut Writer<'_>) {
        writer.f64(self.lr);
        writer.u8(u8::from(self.best.is_some()));
        writer.f64(self.best.unwrap_or(0.0));
        writer.u32(self.bad);
        writer.u32(self.cooldown_left);
        writer.f64(self.mean);
        writer.u32(self.collected);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let lr = reader.f64();
        if !lr.is_finite() {
            return Err(CheckpointError::Content("lr"));
        }
        let seen = reader.bool("best")?;
        let best = reader.f64();
        if !seen && best.to_bits() != 0 {
            return Err(CheckpointError::Content("best"));
        }
        Ok(Self {
            lr,
            best: seen.then_some(best),
            bad: reader.u32(),
            cooldown_left: reader.u32(),
            mean: reader.f64(),
            collected: reader.u32(),
        })
    }
}

impl Fields for GreedyState {
    const LEN: usize = 8 + 8 + 5 * 4 + 8 + 4 + Self::WINDOW * 8;

    fn put(&self, writer: &mut Writer<'_>) {
        writer.f64(self.lr);
        writer.f64(self.best);
        for count in [
            self.good,
            self.bad,
            self.cooldown_left,
            self.warmup_left,
            self.resets_left,
        ] {
            writer.u32(count);
        }
        writer.f64(self.sum);
        writer.u32(self.len);
        for &loss in &self.window {
            writer.f64(loss);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let lr = reader.f64();
        if !lr.is_finite() {
            return Err(CheckpointError::Content("lr"));
        }
        let best = reader.f64();
        let [good, bad, cooldown_left, warmup_left, resets_left] =
            core::array::from_fn(|_| reader.u32());
        let sum = reader.f64();
        let len = reader.u32();
        let window = core::array::from_fn(|_| reader.f64());
        match window.get(len as usize..) {
            Some(free) if free.iter().all(|slot| slot.to_bits() == 0) => Ok(Self {
                lr,
                best,
                good,
                bad,
                cooldown_left,
                warmup_left,
                resets_left,
                sum,
                len,
                window,
            }),
            _ => Err(CheckpointError::Content("window")),
        }
    }
}

impl Fields for MultiplicativeState {
    const LEN: usize = 4 + 8;

    fn put(&self, writer: &mut Writer<'_>) {
        writer.u32(self.step);
        writer.f64(self.product);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        Ok(Self {
            step: reader.u32(),
            product: reader.f64(),
        })
    }
}

impl PlateauState {
    const KIND: u8 = 2;
    /// How many bytes the state of a [`ReduceOnPlateau`](crate::ReduceOnPlateau) takes.
    pub const BYTES: usize = HEADER + Self::LEN + CRC;

    /// This state as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        frame::fixed(Self::KIND, |writer| self.put(writer))
    }

    /// The state that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::take(&mut Reader::fixed::<{ Self::BYTES }>(bytes, Self::KIND)?)
    }
}

impl FeedbackState {
    const KIND: u8 = 6;
    /// How many bytes the state of any feedback schedule takes.
    pub const BYTES: usize = HEADER + 1 + Self::LONGEST + CRC;

    /// This state as bytes: the number of its kind, what it remembers, and zeros.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        frame::fixed(Self::KIND, |writer| {
            writer.u8(self.tag());
            self.put(writer);
        })
    }

    /// The state that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::fixed::<{ Self::BYTES }>(bytes, Self::KIND)?;
        let tag = reader.u8();
        let state = Self::take(tag, &mut reader).ok_or(CheckpointError::Content("kind"))??;
        if reader.rest().iter().any(|&byte| byte != 0) {
            return Err(CheckpointError::Content("padding"));
        }
        Ok(state)
    }
}

impl Sgd {
    const KIND: u8 = 3;
    /// How many bytes the configuration of an [`Sgd`] takes.
    pub const BYTES: usize = HEADER + 5 * 8 + 2 + CRC;

    /// This configuration as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let config = self.config();
        frame::fixed(Self::KIND, |writer| {
            writer.f64(config.momentum);
            writer.f64(config.dampening);
            writer.f64(config.weight_decay);
            writer.f64(config.gradient_scale);
            writer.f64(self.lr_multiplier());
            writer.u8(u8::from(config.nesterov));
            writer.u8(match config.rounding {
                Rounding::Separate => 0,
                Rounding::Fused => 1,
            });
        })
    }

    /// The configuration that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::fixed::<{ Self::BYTES }>(bytes, Self::KIND)?;
        let [
            momentum,
            dampening,
            weight_decay,
            gradient_scale,
            lr_multiplier,
        ] = core::array::from_fn(|_| reader.f64());
        let config = SgdConfig {
            momentum,
            dampening,
            nesterov: reader.bool("nesterov")?,
            weight_decay,
            gradient_scale,
            rounding: if reader.bool("rounding")? {
                Rounding::Fused
            } else {
                Rounding::Separate
            },
        };
        // The constructor is the one place that knows what is allowed.
        Self::new(config)
            .and_then(|sgd| sgd.group(lr_multiplier, weight_decay))
            .map_err(|error| CheckpointError::Content(error.field()))
    }
}

impl SgdState {
    const KIND: u8 = 4;
    /// How many bytes the state of an [`Sgd`] takes, beside the velocity.
    pub const BYTES: usize = HEADER + 1 + CRC;

    /// This state as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        frame::fixed(Self::KIND, |writer| writer.u8(u8::from(self.started())))
    }

    /// The state that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::fixed::<{ Self::BYTES }>(bytes, Self::KIND)?;
        Ok(Self::new(reader.bool("started")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_pinned() {
        assert_eq!(
            Position { step: 0x0102_0304 }.to_bytes(),
            *b"hpin\x01\x01\x04\x03\x02\x01\x00\xe2\x1d\xfb"
        );
    }
}
