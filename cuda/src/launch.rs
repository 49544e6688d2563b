//! Everything that is asked of the driver. No other module of this crate uses a pointer.
//!
//! What is offered here is safe to call, but for what takes addresses from elsewhere: lengths are compared, memory outlives what was
//! launched with it, and of the argument structs only what was checked reaches a kernel.
#![allow(unsafe_code)]

mod context;
mod driver;
mod events;
mod grid;
mod kernels;
mod memory;
mod pinned;
mod raw;
mod recording;
mod stream;
mod training;

pub(crate) use context::Context;
pub use events::Event;
pub(crate) use kernels::{Schedules, Tables, Update};

pub use memory::{Buffer, Plain};
pub(crate) use pinned::Pinned;
pub use raw::RawElements;
pub use stream::{Graph, Stream};
pub(crate) use training::{Chunk, Training, check_members};
