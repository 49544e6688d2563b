//! The rates of six libraries, under their own names.
//!
//! `tests/golden/README.md` says where the rows come from. Every row is read as `hairpin lr` reads it, through the library's dialect;
//! what comes out is the table in `docs/conformance.md`. To see the table, and to write that page anew:
//!
//! ```text
//! cargo test -p hairpin-tests --test golden -- --nocapture
//! HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test golden
//! ```

#[path = "support/bits.rs"]
mod bits;
#[path = "support/cases.rs"]
mod cases;
#[path = "support/comparison.rs"]
mod comparison;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use cases::{Machine, Probe, build, cases, probes};
use comparison::Comparison;
use hairpin_core::{Feedback, Observed, Plan};
use hairpin_host::lr::Rates;

/// The core, as the host asks it.
struct Core;

impl Machine for Core {
    fn rates(&mut self, plan: &Plan, steps: &[u32], losses: Option<&[f64]>) -> Vec<f32> {
        let rates = Rates::new(plan.clone(), losses).expect("losses where they are needed");
        steps
            .iter()
            .map(|&step| rates.at(step).expect("a loss for each step"))
            .collect()
    }
}

#[test]
fn rates_are_the_libraries() {
    let comparison = Comparison::of(&mut Core);
    println!("{}", comparison.markdown());
    print!("{}", sums(&comparison));
    comparison.check();
    let rows: usize = comparison.table.values().map(|tally| tally.rows).sum();
    let expected = cases().filter(|case| case.excuse.is_none()).count();
    let with_momentum = cases().filter(|case| case.momentum.is_some()).count();
    assert_eq!(rows, expected + with_momentum, "every row was compared");
}

/// A plateau says of each loss whether it cut, and the library's rate falls at just these losses.
#[test]
fn plateaus_tell_when_they_cut() {
    let mut runs = 0;
    for case in cases().filter(|case| case.kind.to_lowercase().contains("plateau")) {
        let Some(losses) = &case.losses else {
            // Paddle's warm-up in front of a plateau has none.
            continue;
        };
        runs += 1;
        let built = build(&case.table).unwrap_or_else(|error| panic!("{}", error.one_line()));
        let Plan::Feedback(schedule) = built.plan else {
            panic!("{} takes no losses", case.table);
        };
        let mut state = schedule.start();
        let mut printed = case.steps.iter().zip(&case.lr).peekable();
        let mut last_printed = Some(schedule.lr(&state, 0));
        for (step, &loss) in (0..).zip(losses) {
            let observed = schedule.observe(&mut state, step, loss);
            let theirs = printed
                .next_if(|&(&at, _)| at == step)
                .map(|(_, &lr)| lr as f32);
            if let (Some(before), Some(now)) = (last_printed, theirs) {
                assert_eq!(
                    observed == Observed::Reduced,
                    now != before,
                    "{} loss {step}: {observed:?}",
                    case.table
                );
            }
            last_printed = theirs;
        }
        assert_eq!(printed.next(), None, "{}: every rate was seen", case.table);
    }
    assert_eq!(
        runs, 119,
        "of torch and Paddle 49 each, of Optax 11 and of Keras 10"
    );
}

/// How a call fares here.
enum Fate {
    Works,
    Refused(String),
}

fn fate(probe: &Probe) -> Fate {
    match build(&probe.table) {
        Err(error) => {
            // All stand in line 1.
            let line = error.one_line();
            let told = line
                .split_once(": ")
                .map_or(line.as_str(), |(_, told)| told);
            Fate::Refused(told.to_owned())
        }
        Ok(built) => {
            let losses = [1.0; 9];
            let steps: Vec<u32> = (0..9).collect();
            let rates = Core.rates(&built.plan, &steps, Some(&losses));
            let none = rates.iter().position(|rate| rate.is_nan());
            assert_eq!(none, None, "{} has no rate there", probe.table);
            Fate::Works
        }
    }
}

/// What a library refuses only when it is stepped further than its schedule goes, and what is done here instead.
fn goes_on(probe: &Probe) -> Option<&'static str> {
    let number = |name: &str| probe.params.get(name).and_then(serde_json::Value::as_u64);
    let past_the_end = number("stepped").or(number("stepped_to")) > number("total_steps")
        && number("total_steps").is_some_and(|total| total > 0);
    if probe
        .params
        .get("mode")
        .is_some_and(|mode| mode == "triangular2")
    {
        Some("works: the height underflows to 0")
    } else if probe.kind == "OneCycleLR" && past_the_end {
        Some("works: the last rate is held")
    } else if probe.kind == "InverseTimeDecay" && number("stepped_to").is_some() {
        Some("works: the rate at that step is infinite")
    } else {
        None
    }
}

/// What a library lets pass and makes no sense: these arguments below 0.
const NONSENSE: [(&str, &str, &str); 4] = [
    ("paddle", "ReduceOnPlateau", "factor"),
    ("paddle", "ReduceOnPlateau", "patience"),
    ("torch", "ReduceLROnPlateau", "factor"),
    ("torch", "ReduceLROnPlateau", "patience"),
];

fn is_nonsense(probe: &Probe) -> bool {
    NONSENSE.iter().any(|(library, kind, argument)| {
        let below_0 = probe
            .params
            .get(*argument)
            .and_then(serde_json::Value::as_f64);
        probe.library == *library && probe.kind == *kind && below_0.is_some_and(|it| it < 0.0)
    })
}

/// Each call with what the library does and what is done here.
fn probed() -> (Vec<[String; 5]>, BTreeMap<&'static str, usize>, Vec<String>) {
    let mut rows = Vec::new();
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for probe in probes() {
        let params: Vec<String> = probe
            .params
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let there = match &probe.raises {
            Some(error) => format!("raises {error}"),
            None => "works".to_owned(),
        };
        let fate = fate(&probe);
        let (expected, count) = match (&probe.raises, goes_on(&probe), is_nonsense(&probe)) {
            (Some(_), Some(_), _) => (true, "refused there when stepped too far, work here"),
            (Some(_), None, _) => (false, "refused there, refused here"),
            (None, _, true) => (false, "accepted there, refused here as making no sense"),
            (None, _, false) => (true, "accepted there, work here"),
        };
        let (works, here) = match fate {
            Fate::Works => (true, goes_on(&probe).unwrap_or("works").to_owned()),
            Fate::Refused(message) => (false, format!("refused: {message}")),
        };
        if works != expected {
            wrong.push(format!(
                "{} {}: {there} there, {here}",
                probe.library, probe.table
            ));
        }
        *counts.entry(count).or_default() += 1;
        let (library, kind) = (probe.library, probe.kind);
        rows.push([library, kind, params.join(", "), there, here]);
    }
    (rows, counts, wrong)
}

#[test]
fn what_libraries_refuse_is_refused_and_the_rest_works() {
    let (rows, counts, wrong) = probed();
    for row in &rows {
        println!("{}", row.join(" | "));
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let used: BTreeSet<_> = probes()
        .filter(is_nonsense)
        .map(|probe| (probe.library, probe.kind))
        .collect();
    assert_eq!(
        used.len() * 2,
        NONSENSE.len(),
        "the list holds what there is"
    );
}

const HEAD: &str = "# Conformance

Every run in [`tests/golden`](../tests/golden/README.md), read under its library's own name and arguments, as `hairpin lr` and
specifications read it, and compared with what the library printed. The page is written by the test that does so:
`HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test golden`.

*Exact* are values that equal the library's, rounded to f32, in every bit; *within 1 ULP* are these and their direct neighbours.
Libraries that compute in float64 stray from their own closed form by up to 2.4e-12 of the peak, those that compute in float32 by up to 5.22e-7
of it, and the rates here are within that and their own half ULP. What reacts to losses is exact throughout.

*Certain* are values of float64 that the library's stray leaves certain to half a ULP: not those next to a zero of a cosine, where
`1 + cos` loses what digits there were. Of all values, and of each library's certain ones, 99.9 % must be exact.
";

/// The values of float64 by library, in Markdown. The certain ones are those that the library's stray leaves no doubt about.
fn sums(comparison: &Comparison) -> String {
    let mut sums = String::from(
        "| library | rows | values | exact | within 1 ULP | share exact | certain | exact |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (library, sum) in comparison.pooled() {
        let share = 100.0 * sum.exact as f64 / sum.values as f64;
        let (certain, exact) = sum.certain;
        let _ = writeln!(
            sums,
            "| {library} | {} | {} | {} | {} | {share:.3} % | {certain} | {exact} |",
            sum.rows, sum.values, sum.exact, sum.within_ulp
        );
    }
    sums
}

/// `docs/conformance.md` as this run has it.
fn page() -> String {
    let comparison = Comparison::of(&mut Core);
    let mut page = format!("{HEAD}\n");
    let versions: BTreeSet<(String, String)> =
        cases().map(|case| (case.library, case.version)).collect();
    let versions: Vec<String> = versions
        .iter()
        .map(|(library, version)| format!("{library} {version}"))
        .collect();
    let _ = writeln!(page, "Versions: {}.\n", versions.join(", "));
    page += &comparison.markdown();
    page += "\n## What is computed in float64\n\n";
    page += &sums(&comparison);
    let (rows, counts, _) = probed();
    page += "\n## What is refused\n\n";
    for (what, count) in counts {
        let _ = writeln!(page, "* {count} calls are {what}");
    }
    page += "\nArguments that a library needs beside these are filled in; `stepped`, `stepped_to` and `plateau_child` describe the call.\n";
    page += "\n| library | kind | arguments | there | here |\n|---|---|---|---|---|\n";
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page
}

#[test]
fn the_page_says_what_the_run_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md");
    let now = page();
    if std::env::var_os("HAIRPIN_BLESS").is_some() {
        std::fs::write(&path, &now).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == now,
        "docs/conformance.md is not what this run gives; write it anew with HAIRPIN_BLESS=1"
    );
}
