//! As many milestones as it has room for.
#![no_std]
#![no_main]

use cost::{boundaries, given};
use hairpin_core::MultiStep;

cost::schedule!(
    10_000,
    MultiStep::<32>::new(
        given(0.1),
        &given(const { boundaries::<32>(300) }),
        given(0.8)
    )
);
