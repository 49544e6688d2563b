//! A record that the host has put down, as an export leaves one in flash.

use chip::Input;
use hairpin_core::{CheckpointError, ConfigError};

/// What a program says that cannot read it; there is nobody to hear it.
pub const WRONG: ConfigError = ConfigError::NotFinite {
    field: "record",
    value: f64::NAN,
};

/// What `read` makes of the record, which is shorter than 512 bytes.
pub fn record<T>(read: fn(&[u8]) -> Result<T, CheckpointError>) -> Result<T, ConfigError> {
    let mut bytes = [0; 512];
    let record = filled(&mut bytes).ok_or(WRONG)?;
    read(record).map_err(|_| WRONG)
}

/// The file has its length in front.
fn filled(bytes: &mut [u8]) -> Option<&[u8]> {
    let mut input = Input::open(c"record").ok()?;
    let mut length = [0; 4];
    input.fill(&mut length).ok()?;
    let record = bytes.get_mut(..u32::from_le_bytes(length) as usize)?;
    input.fill(record).ok()?;
    Some(record)
}
