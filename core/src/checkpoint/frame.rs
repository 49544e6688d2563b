//! The frame of a record: what stands around its fields, and how fields are put there and taken from there.

use super::CheckpointError;

pub(super) const MAGIC: [u8; 4] = *b"hpin";
pub(super) const VERSION: u8 = 1;
/// Magic, version and kind.
pub(super) const HEADER: usize = 6;
pub(super) const CRC: usize = 4;
/// The length that stands in front of the fields of a record whose length is not fixed.
pub(super) const LENGTH: usize = 4;
/// The shortest such record.
const LEAST: usize = HEADER + LENGTH + CRC;

/// Writes a record front to back. Beyond the end it only counts.
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(bytes: &'a mut [u8], kind: u8) -> Self {
        let mut writer = Self { bytes, at: 0 };
        writer.put(&MAGIC);
        writer.put(&[VERSION, kind]);
        writer
    }

    pub(crate) fn put(&mut self, field: &[u8]) {
        let free = self.bytes.get_mut(self.at..).unwrap_or_default();
        for (slot, &byte) in free.iter_mut().zip(field) {
            *slot = byte;
        }
        self.at = self.at.saturating_add(field.len());
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.put(&value.to_bits().to_le_bytes());
    }

    /// Puts a whole record here, which `write` writes to the front of the room there is.
    pub(super) fn record(
        &mut self,
        write: impl FnOnce(&mut [u8]) -> Result<usize, CheckpointError>,
    ) -> Result<(), CheckpointError> {
        let length = write(self.bytes.get_mut(self.at..).unwrap_or_default())?;
        self.at = self.at.saturating_add(length);
        Ok(())
    }

    /// Closes the record and says how long it is.
    pub(super) fn finish(mut self) -> usize {
        let crc = crc32(self.bytes.get(..self.at).unwrap_or_default());
        self.u32(crc);
        self.at
    }
}

/// A record of fixed length; what `fields` leaves free is 0.
pub(super) fn fixed<const N: usize>(kind: u8, fields: impl FnOnce(&mut Writer<'_>)) -> [u8; N] {
    let mut bytes = [0; N];
    let mut writer = Writer::new(&mut bytes, kind);
    fields(&mut writer);
    writer.at = writer.at.max(N.saturating_sub(CRC));
    writer.finish();
    bytes
}

/// Takes the fields of a record whose frame was found good.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The fields of a record of `N` bytes.
    pub(super) fn fixed<const N: usize>(
        bytes: &'a [u8],
        kind: u8,
    ) -> Result<Self, CheckpointError> {
        Self::framed(bytes, kind, |_| N)
    }

    /// The fields of a record that says itself how long it is.
    pub(super) fn measured(bytes: &'a [u8], kind: u8) -> Result<Self, CheckpointError> {
        let mut reader = Self::framed(bytes, kind, |fields| {
            let length = Reader(fields).next().map(u32::from_le_bytes);
            length.map_or(LEAST, |length| length as usize)
        })?;
        reader.u32();
        Ok(reader)
    }

    /// The fields of a record of this kind; `length` says by them how long the whole has to be.
    fn framed(
        bytes: &'a [u8],
        kind: u8,
        length: impl Fn(&[u8]) -> usize,
    ) -> Result<Self, CheckpointError> {
        let of_length = |fields| match length(fields) {
            expected if expected == bytes.len() => Ok(()),
            expected => Err(CheckpointError::Length {
                expected,
                found: bytes.len(),
            }),
        };
        // Too short for any record: never of the length of one.
        let [head @ .., c0, c1, c2, c3] = bytes else {
            return of_length(&[]).and(Err(CheckpointError::Magic));
        };
        let [m0, m1, m2, m3, version, found, fields @ ..] = head else {
            return of_length(&[]).and(Err(CheckpointError::Magic));
        };
        if [*m0, *m1, *m2, *m3] != MAGIC {
            return Err(CheckpointError::Magic);
        }
        if crc32(head) != u32::from_le_bytes([*c0, *c1, *c2, *c3]) {
            // A length that is wrong says more than the checksum, which is then at another place.
            of_length(fields)?;
            return Err(CheckpointError::Crc);
        }
        if *version != VERSION {
            return Err(CheckpointError::Version(*version));
        }
        if *found != kind {
            return Err(CheckpointError::Kind(*found));
        }
        // Last, as records of other versions and kinds have other lengths, told elsewhere.
        of_length(fields)?;
        Ok(Self(fields))
    }

    /// The next `N` bytes, if there are as many.
    pub(crate) fn next<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    /// The next `count` bytes, if there are as many.
    pub(crate) fn slice(&mut self, count: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(field)
    }

    /// The next bytes that say to be a record as long as they are, if there are as many.
    pub(super) fn measured_record(&mut self) -> Option<&'a [u8]> {
        self.slice(told_length(self.0)?)
    }

    /// The next `N` bytes of a record of fixed length, which are there.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.next().unwrap_or([0; N])
    }

    pub(crate) fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, CheckpointError> {
        match self.u8() {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CheckpointError::Content(field)),
        }
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from_bits(u64::from_le_bytes(self.take()))
    }

    /// What was not taken yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// How long the record at the front says that it is, if it is one that says so. Nothing of it was checked yet.
pub(super) fn told_length(bytes: &[u8]) -> Option<usize> {
    let length = Reader(bytes.get(HEADER..)?)
        .next()
        .map(u32::from_le_bytes)?;
    Some((length as usize).max(LEAST))
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
}
