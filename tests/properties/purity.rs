//! A rate depends on the step alone.

use crate::draw;
use hairpin_core::Schedule;

use crate::kinds::{bits, one_of_each};
use crate::rng::Rng;
use crate::{EDGES, configs};

/// Forwards, backwards, at random and again: the same bits, from the value and from a copy of it.
#[test]
fn the_order_of_calls_does_not_matter() {
    let mut rng = Rng::from_env("purity");
    for _ in 0..configs() / 4 {
        for schedule in one_of_each(&mut rng) {
            let mut steps: Vec<u32> = (0..50).collect();
            steps.extend(EDGES);
            steps.extend((0..50).map(|_| draw::step(&mut rng, schedule.length)));
            let forwards: Vec<u32> = steps
                .iter()
                .map(|&t| bits(schedule.concrete.lr(t)))
                .collect();
            let config = &schedule.config;
            for at in (0..steps.len()).rev() {
                let again = bits(schedule.concrete.lr(steps[at]));
                assert_eq!(again, forwards[at], "{config} at {} backwards", steps[at]);
            }
            for _ in 0..100 {
                let at = rng.up_to(steps.len() as u32 - 1) as usize;
                let again = bits(schedule.concrete.lr(steps[at]));
                assert_eq!(
                    again, forwards[at],
                    "{config} at {} out of order",
                    steps[at]
                );
            }
        }
    }
}
