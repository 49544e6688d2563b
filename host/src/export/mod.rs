//! One trial of a finished sweep, for the program that it ships in: as Rust, as a C header, as bytes, as a table of rates.
//!
//! What is exported is what was trained: the schedule is compared, bit for bit, with the rates that the sweep wrote down.

mod code;
mod error;
mod flash;
mod rate_table;
mod tuned;

pub use error::ExportError;
pub use flash::{FlashSize, FlashSizeError};
pub use rate_table::{Language, RateTable};
pub use tuned::{Choice, ChoiceError, Tuned};
