//! How much room there is, as data sheets write it.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlashSize(
    /// How many.
    pub u64,
);

/// A text that is no number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number of bytes, as 65536, 64K or 1M (K is 1024)")]
pub struct FlashSizeError;

/// What a number may end in, and what it is then multiplied with.
const UNITS: [(&str, u64); 6] = [
    ("kib", 1 << 10),
    ("kb", 1 << 10),
    ("k", 1 << 10),
    ("mib", 1 << 20),
    ("mb", 1 << 20),
    ("m", 1 << 20),
];

impl FromStr for FlashSize {
    type Err = FlashSizeError;

    fn from_str(text: &str) -> Result<Self, FlashSizeError> {
        let text = text.to_ascii_lowercase();
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), *unit)))
            .unwrap_or((&text, 1));
        // `parse` alone would take a plus sign.
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FlashSizeError);
        }
        let bytes = digits
            .parse()
            .ok()
            .and_then(|size: u64| size.checked_mul(unit));
        bytes.map(Self).ok_or(FlashSizeError)
    }
}

impl fmt::Display for FlashSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_data_sheets_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("16K", 16384),
            ("16 KiB", 16384),
            ("16kB", 16384),
            ("2M", 2 << 20),
            ("1mib", 1 << 20),
        ] {
            assert_eq!(text.parse(), Ok(FlashSize(bytes)), "{text}");
        }
        for text in [
            "",
            "K",
            "+1",
            "-1",
            "1.5K",
            "1G",
            "16 K K",
            "99999999999999999M",
        ] {
            assert_eq!(text.parse::<FlashSize>(), Err(FlashSizeError), "{text}");
        }
    }
}
