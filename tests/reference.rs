//! Every kind against its formula at 512 bits.
//!
//! The formulas are written down here once more, as the books have them, and evaluated from the same `f64` parameters by another
//! library with another arithmetic. The distance of the core's `f32` is measured in units in the last place of the exact value.
//!
//! The ordinary run takes seconds. For more samples (these take ten minutes), or others:
//!
//! ```text
//! HAIRPIN_SAMPLES=150000 cargo test --release -p hairpin-tests --test reference -- --nocapture
//! HAIRPIN_SEED=7 cargo test -p hairpin-tests --test reference -- --nocapture
//! ```

#[path = "support/draw.rs"]
mod draw;
#[path = "support/exact.rs"]
mod exact;
#[path = "reference/kinds.rs"]
mod kinds;
#[path = "support/rng.rs"]
mod rng;
#[path = "reference/shapes.rs"]
mod shapes;

use exact::ulps;
use kinds::{Case, KINDS, Sample};
use rng::{Rng, env};
use shapes::SHAPES;

/// Half a unit for the one rounding to `f32`, and a thousandth for everything before it.
const BOUND: f64 = 0.501;

/// Blends between ends of opposite signs pass through 0, where no relative bound can hold: the terms cancel, what is left is their
/// absolute error, a number of roundings of the larger end.
fn crossing_slack(from: f64, to: f64, roundings: f64) -> f64 {
    roundings * 2f64.powi(-53) * from.abs().max(to.abs())
}

/// What was found of one kind.
struct Tally {
    samples: usize,
    /// Rates that are neither 0 nor infinite.
    ordinary: usize,
    max: f64,
    off: usize,
    worst: String,
}

impl Tally {
    const EMPTY: Self = Self {
        samples: 0,
        ordinary: 0,
        max: 0.0,
        off: 0,
        worst: String::new(),
    };

    fn add(&mut self, case: &Case, sample: &Sample, slack: f64) {
        let error = ulps(sample.found, &sample.exact, slack);
        self.samples += 1;
        self.ordinary += usize::from(sample.found != 0.0 && sample.found.is_finite());
        self.off += usize::from(error > 0.5);
        if error > self.max {
            self.max = error;
            self.worst = format!(
                "{} at step {}: {:e}",
                case.config, sample.step, sample.found
            );
        }
    }

    fn print(&self, name: &str) {
        let share = self.off as f64 / self.samples as f64;
        println!(
            "{name:<38} {:>9} {:>9} {:>11.7} {share:>13.2e}",
            self.samples, self.ordinary, self.max
        );
    }
}

#[test]
fn every_kind_is_within_its_bound_of_the_exact_value() {
    let wanted = env("HAIRPIN_SAMPLES").unwrap_or(4000) as usize;
    let mut rng = Rng::from_env("reference");
    println!(
        "{:<38} {:>9} {:>9} {:>11} {:>13}",
        "kind", "samples", "ordinary", "max ULP", "not nearest"
    );
    let mut failures = Vec::new();
    for (name, draw) in KINDS.into_iter().chain(SHAPES) {
        let (mut plain, mut crossing) = (Tally::EMPTY, Tally::EMPTY);
        while plain.samples < wanted {
            let case = draw(&mut rng);
            for sample in &case.samples {
                match case.ends {
                    Some((from, to)) if case.crosses() => {
                        crossing.add(&case, sample, crossing_slack(from, to, case.roundings))
                    }
                    _ => plain.add(&case, sample, 0.0),
                }
            }
        }
        let mut rows = vec![(name.to_owned(), plain)];
        if crossing.samples > 0 {
            rows.push((format!("{name}, ends of opposite signs"), crossing));
        }
        for (name, tally) in rows {
            tally.print(&name);
            if tally.max > BOUND {
                failures.push(format!("{name}: {} ULP, {}", tally.max, tally.worst));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "beyond {BOUND} ULP:\n{}",
        failures.join("\n")
    );
}
