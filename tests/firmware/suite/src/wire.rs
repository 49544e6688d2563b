//! Numbers and bytes on a channel.

use crate::{Broken, Channel, Field};

pub(crate) struct Wire<'a, C>(&'a mut C);

impl<'a, C: Channel> Wire<'a, C> {
    pub(crate) fn new(channel: &'a mut C) -> Self {
        Self(channel)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Broken> {
        if bytes.is_empty() || self.0.read(bytes)? {
            Ok(())
        } else {
            Err(Broken)
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Broken> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Broken> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, Broken> {
        self.u32().map(f32::from_bits)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Broken> {
        self.array().map(u64::from_le_bytes).map(f64::from_bits)
    }

    /// A length and as many bytes.
    pub(crate) fn bytes<'r>(&mut self, room: &'r mut [u8]) -> Result<&'r mut [u8], Broken> {
        let length = usize::from(self.u16()?);
        let bytes = room.get_mut(..length).ok_or(Broken)?;
        self.fill(bytes)?;
        Ok(bytes)
    }

    /// As many floats as `numbers` holds.
    pub(crate) fn floats(&mut self, numbers: &mut [f32]) -> Result<(), Broken> {
        for number in numbers {
            *number = self.f32()?;
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, field: Field, bytes: &[u8]) -> Result<(), Broken> {
        self.0.write(field, bytes)
    }

    pub(crate) fn write_f32(&mut self, field: Field, value: f32) -> Result<(), Broken> {
        let value = if value.is_nan() { f32::NAN } else { value };
        self.write(field, &value.to_bits().to_le_bytes())
    }

    pub(crate) fn write_f64(&mut self, field: Field, value: f64) -> Result<(), Broken> {
        let value = if value.is_nan() { f64::NAN } else { value };
        self.write(field, &value.to_bits().to_le_bytes())
    }

    /// A record, its length in front.
    pub(crate) fn write_record(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let length = u16::try_from(bytes.len()).map_err(|_| Broken)?;
        self.write(Field::Record, &length.to_le_bytes())?;
        self.write(Field::Record, bytes)
    }
}
