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

use core::fmt;

use crate::schedules::PlateauState;
use crate::sgd::{Rounding, Sgd, SgdConfig, SgdState};

const MAGIC: [u8; 4] = *b"hpin";
const VERSION: u8 = 1;
const HEADER: usize = 6;
const CRC: usize = 4;

/// Why bytes were not taken for a checkpoint.
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

/// Writes a record of `N` bytes front to back.
struct Writer<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    fn new(kind: u8) -> Self {
        let mut writer = Self {
            bytes: [0; N],
            at: 0,
        };
        writer.put(&MAGIC);
        writer.put(&[VERSION, kind]);
        writer
    }

    fn put(&mut self, field: &[u8]) {
        for (slot, &byte) in self.bytes.iter_mut().skip(self.at).zip(field) {
            *slot = byte;
        }
        self.at = self.at.saturating_add(field.len());
    }

    fn f64(&mut self, value: f64) {
        self.put(&value.to_bits().to_le_bytes());
    }

    fn finish(mut self) -> [u8; N] {
        let (body, _) = self.bytes.split_at(N.saturating_sub(CRC));
        let crc = crc32(body);
        self.put(&crc.to_le_bytes());
        self.bytes
    }
}

/// Reads the fields of a record whose frame was found good.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new<const N: usize>(bytes: &'a [u8], kind: u8) -> Result<Self, CheckpointError> {
        let [head @ .., c0, c1, c2, c3] = bytes else {
            return Err(CheckpointError::Length {
                expected: N,
                found: bytes.len(),
            });
        };
        if bytes.len() != N {
            return Err(CheckpointError::Length {
                expected: N,
                found: bytes.len(),
            });
        }
        let [m0, m1, m2, m3, version, found, fields @ ..] = head else {
            return Err(CheckpointError::Magic);
        };
        if [*m0, *m1, *m2, *m3] != MAGIC {
            return Err(CheckpointError::Magic);
        }
        if crc32(head) != u32::from_le_bytes([*c0, *c1, *c2, *c3]) {
            return Err(CheckpointError::Crc);
        }
        if *version != VERSION {
            return Err(CheckpointError::Version(*version));
        }
        if *found != kind {
            return Err(CheckpointError::Kind(*found));
        }
        Ok(Self(fields))
    }

    /// The next `N` bytes; the frame's length was checked, so they are there.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }

    fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    fn bool(&mut self, field: &'static str) -> Result<bool, CheckpointError> {
        match self.u8() {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CheckpointError::Content(field)),
        }
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn f64(&mut self) -> f64 {
        f64::from_bits(u64::from_le_bytes(self.take()))
    }
}

impl Position {
    const KIND: u8 = 1;
    /// How many bytes a position takes.
    pub const BYTES: usize = HEADER + 4 + CRC;

    /// This position as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::new(Self::KIND);
        writer.put(&self.step.to_le_bytes());
        writer.finish()
    }

    /// The position that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::new::<{ Self::BYTES }>(bytes, Self::KIND)?;
        Ok(Self { step: reader.u32() })
    }
}

impl PlateauState {
    const KIND: u8 = 2;
    /// How many bytes the state of a [`ReduceOnPlateau`](crate::ReduceOnPlateau) takes.
    pub const BYTES: usize = HEADER + 8 + 1 + 8 + 4 + 4 + CRC;

    /// This state as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut writer = Writer::new(Self::KIND);
        writer.f64(self.lr);
        writer.put(&[u8::from(self.best.is_some())]);
        writer.f64(self.best.unwrap_or(0.0));
        writer.put(&self.bad.to_le_bytes());
        writer.put(&self.cooldown_left.to_le_bytes());
        writer.finish()
    }

    /// The state that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::new::<{ Self::BYTES }>(bytes, Self::KIND)?;
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
        })
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
        let mut writer = Writer::new(Self::KIND);
        writer.f64(config.momentum);
        writer.f64(config.dampening);
        writer.f64(config.weight_decay);
        writer.f64(config.gradient_scale);
        writer.f64(self.lr_multiplier());
        writer.put(&[
            u8::from(config.nesterov),
            match config.rounding {
                Rounding::Separate => 0,
                Rounding::Fused => 1,
            },
        ]);
        writer.finish()
    }

    /// The configuration that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::new::<{ Self::BYTES }>(bytes, Self::KIND)?;
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
        let mut writer = Writer::new(Self::KIND);
        writer.put(&[u8::from(self.started())]);
        writer.finish()
    }

    /// The state that was written as these bytes.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::new::<{ Self::BYTES }>(bytes, Self::KIND)?;
        Ok(Self::new(reader.bool("started")?))
    }
}

/// CRC-32 as in Ethernet and zip, bit by bit: a table would cost a chip a kilobyte to save microseconds.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_layout_is_pinned() {
        assert_eq!(
            Position { step: 0x0102_0304 }.to_bytes(),
            *b"hpin\x01\x01\x04\x03\x02\x01\x00\xe2\x1d\xfb"
        );
    }
}
