//! Where a thread stands.

/// Lanes of a warp.
pub const LANES: u32 = 32;

/// A thread of a one-dimensional grid.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which thread of its block.
    pub thread: u32,
    /// Which block.
    pub block: u32,
}
