//! The same suite on the host and on the chips: every bit of every answer.
//!
//! The ordinary run takes a minute, all four chips included. For more rates of every kind, or others:
//!
//! ```text
//! HAIRPIN_SAMPLES=100000 cargo test -p hairpin-tests --test firmware conformance
//! HAIRPIN_SEED=7 cargo test -p hairpin-tests --test firmware conformance
//! ```
//!
//! Firmware is compiled at `opt-level = "s"`; the bits are those of every other level too:
//!
//! ```text
//! HAIRPIN_OPT_LEVEL=3 cargo test -p hairpin-tests --test firmware conformance
//! HAIRPIN_OPT_LEVEL=1 cargo test -p hairpin-tests --test firmware conformance
//! ```

use std::fs;
use std::sync::LazyLock;

use hairpin_core::{FeedbackKind, Kind};

use crate::asked::{self, Asked};
use crate::requests;
use crate::tools::{CHIPS, Check, Chip, Tools};

/// What is asked, the host's answers with it.
static ASKED: LazyLock<(Asked, String)> = LazyLock::new(|| requests::all(requests::samples()));

pub fn trials() -> Vec<Check> {
    let of_chip = CHIPS.map(|chip| -> Check {
        let check = move |tools: &Tools| conforms(tools, chip);
        (format!("conformance::{}", chip.name), Box::new(check))
    });
    of_chip.into()
}

/// What needs no chip.
pub fn on_the_host() -> Vec<(&'static str, fn())> {
    vec![
        (
            "conformance::a_difference_is_told",
            asked::tells_differences,
        ),
        ("conformance::everything_is_asked", everything_is_asked),
    ]
}

fn conforms(tools: &Tools, chip: Chip) {
    let programs = tools.build(chip, "conformance");
    let directory = tempfile::tempdir().expect("a directory for the run");
    let (asked, golden) = &*ASKED;
    fs::write(directory.path().join("requests"), &asked.requests).expect("requests");
    let started = std::time::Instant::now();
    tools.emulate(chip, &programs.join("conformance"), directory.path(), &[]);
    let took = started.elapsed();
    let file = |name| fs::read(directory.path().join(name)).expect("it was written");
    if let Err(told) = asked.differences(&file("answers")) {
        panic!("{}: {told}", chip.name);
    }
    let depth = file("stack").try_into().expect("four bytes");
    let counts = asked.counts();
    println!(
        "{}: {} rates ({golden}), {} parameters and velocities, {} values of expressions, {} losses, {} states, {} requests in all: \
         0 bits differ; {} bytes of stack, {:.1} s",
        chip.name,
        counts.rates,
        counts.parameters,
        counts.values,
        counts.observed,
        counts.states,
        counts.outcomes,
        u32::from_le_bytes(depth),
        took.as_secs_f64()
    );
}

/// The requests are what they are meant to be: none of their groups is empty or refused as a whole.
fn everything_is_asked() {
    let (asked, golden) = &*ASKED;
    let groups = asked.groups();
    for (what, (requests, rates)) in &groups {
        println!("{what}: {requests} requests, {rates} rates");
    }
    println!(
        "{golden}; {} schedules are left out, with a function of the program or too long",
        asked.left_out
    );
    let names = Kind::ALL.iter().chain(FeedbackKind::ALL);
    for (_, info) in names {
        let (_, rates) = groups[info.name];
        assert!(rates >= requests::samples(), "{}: {rates} rates", info.name);
    }
    let counts = asked.counts();
    if requests::samples() >= 6_000 {
        assert!(counts.rates >= 200_000, "{counts:?}");
        assert!(counts.parameters >= 50_000, "{counts:?}");
        assert!(counts.values >= 5_000, "{counts:?}");
    }
}
