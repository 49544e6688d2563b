//! What is shown of each kind: its parameters, its formula, an example to draw and to try.

mod drawing;
mod examples;
mod listing;

pub use drawing::{drawing, rates};
pub use examples::{STEPS, example, loss};
pub(crate) use listing::Group;
pub use listing::{Asked, find, json, kinds_of, libraries, library, own, page};
