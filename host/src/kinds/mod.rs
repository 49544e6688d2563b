//! What is shown of each kind: an example to draw and to try.

mod examples;

pub use examples::{STEPS, example, loss};
