//! What holds for every configuration, tried on random ones.
//!
//! Another seed, or more configurations of each kind:
//!
//! ```text
//! HAIRPIN_SEED=7 HAIRPIN_CONFIGS=20000 cargo test -p hairpin-tests --test properties -- --nocapture
//! ```

#[path = "support/draw.rs"]
mod draw;
#[path = "support/rng.rs"]
mod rng;

#[path = "properties/agreement.rs"]
mod agreement;
#[path = "properties/boundaries.rs"]
mod boundaries;
#[path = "properties/compositions.rs"]
mod compositions;
#[path = "properties/curves.rs"]
mod curves;
#[path = "properties/feedback.rs"]
mod feedback;
#[path = "properties/greedy.rs"]
mod greedy;
#[path = "properties/kinds.rs"]
mod kinds;
#[path = "properties/monotone.rs"]
mod monotone;
#[path = "properties/multiplicative.rs"]
mod multiplicative;
#[path = "properties/parameters.rs"]
mod parameters;
#[path = "properties/purity.rs"]
mod purity;
#[path = "properties/refusals.rs"]
mod refusals;
#[path = "properties/tables.rs"]
mod tables;
#[path = "properties/totality.rs"]
mod totality;

/// How many configurations of each kind a property is tried on.
fn configs() -> u64 {
    rng::env("HAIRPIN_CONFIGS").unwrap_or(400)
}

/// Steps where integers, floats or periods end.
const EDGES: [u32; 14] = [
    0,
    1,
    2,
    3,
    (1 << 24) - 1,
    1 << 24,
    (1 << 24) + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 31) + 1,
    u32::MAX - 3,
    u32::MAX - 2,
    u32::MAX - 1,
    u32::MAX,
];
