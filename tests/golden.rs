//! The core against what PaddlePaddle, PyTorch and Python print.
//!
//! `tests/golden/README.md` says where the rows come from. Every run prints what it compared and what it left out:
//!
//! ```text
//! cargo test -p hairpin-tests --test golden -- --nocapture
//! ```

#[path = "support/bits.rs"]
mod bits;
#[path = "support/libraries.rs"]
mod libraries;
#[path = "support/rows.rs"]
mod rows;

use std::collections::BTreeMap;

use bits::ulp;
use hairpin_core::{Feedback, Observed, Plan, Schedule};
use libraries::plan;
use rows::{Row, read};

const FILES: [&str; 3] = [
    include_str!("golden/paddle.jsonl"),
    include_str!("golden/torch.jsonl"),
    include_str!("golden/article.jsonl"),
];

/// The core's own bound on its distance from the exact value.
const OWN_ULPS: f64 = 0.501;

/// How far the libraries' f64 rates stray from their exact closed form, as a share of the peak: where a rate is made from
/// the one before it over up to 100,000 steps, and elsewhere. (Measured when the rows were printed; see the README.)
const RECURSIVE_DRIFT: f64 = 6e-13;
const CLOSED_DRIFT: f64 = 1.2e-14;

/// The share of rates that must be the library's to the bit, in each library and in all. A rate rounds to another f32 only
/// where the library's stray crosses the middle between two f32: at the peak the recursive drift is 1e-5 of their spacing,
/// a hundredth near a trough a thousand times lower, which few of the rows visit.
const EQUAL_SHARE: f64 = 0.999;

fn drift(row: &Row) -> f64 {
    let stepped = row.form != "closed";
    match row.schedule.as_str() {
        "CosineAnnealingDecay" | "CosineAnnealingLR" | "PolynomialLR" if stepped => RECURSIVE_DRIFT,
        _ => CLOSED_DRIFT,
    }
}

/// What was compared, for one schedule of one library.
#[derive(Clone, Copy, Default)]
struct Tally {
    rows: usize,
    values: usize,
    equal: usize,
    /// Rows and values of a library's own bugs.
    skipped_rows: usize,
    skipped_values: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.values += other.values;
        self.equal += other.equal;
        self.skipped_rows += other.skipped_rows;
        self.skipped_values += other.skipped_values;
    }
}

type Table = BTreeMap<(String, String), Tally>;

fn print(table: &Table) {
    println!(
        "{:<8} {:<22} {:>5} {:>7} {:>7} {:>13} {:>15}",
        "library", "schedule", "rows", "values", "equal", "rows skipped", "values skipped"
    );
    for ((lib, schedule), t) in table {
        println!(
            "{lib:<8} {schedule:<22} {:>5} {:>7} {:>7} {:>13} {:>15}",
            t.rows, t.values, t.equal, t.skipped_rows, t.skipped_values
        );
    }
}

/// Sums by library, and the sum of all under `all`.
fn pooled(table: &Table) -> BTreeMap<String, Tally> {
    let mut pools = BTreeMap::<String, Tally>::new();
    for ((lib, _), tally) in table {
        *pools.entry(lib.clone()).or_default() += *tally;
        *pools.entry("all".to_owned()).or_default() += *tally;
    }
    pools
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0)
}

/// Runs the rows of the files whose schedule `takes`, and tallies by library and schedule.
fn tally(takes: impl Fn(&str) -> bool, mut check: impl FnMut(&Row, &Plan, &mut Tally)) -> Table {
    let mut table = Table::new();
    let rows = FILES.iter().flat_map(|file| read(file));
    for row in rows.filter(|row| takes(&row.schedule)) {
        let mut tally = Tally::default();
        if row.note.is_some() {
            tally.skipped_rows = 1;
            tally.skipped_values = row.lr.len();
        } else {
            let plan = plan(&row)
                .unwrap_or_else(|e| panic!("{} {} {:?}: {e}", row.lib, row.schedule, row.params));
            check(&row, &plan, &mut tally);
            tally.rows = 1;
        }
        *table
            .entry((row.lib.clone(), row.schedule.clone()))
            .or_default() += tally;
    }
    table
}

const PLATEAUS: [&str; 2] = ["ReduceOnPlateau", "ReduceLROnPlateau"];

#[test]
fn rates_equal_the_libraries() {
    let mut wrong = Vec::new();
    let table = tally(
        |schedule| !PLATEAUS.contains(&schedule),
        |row, plan, tally| {
            let Plan::Schedule(schedule) = plan else {
                panic!("{} {:?} needs losses", row.schedule, row.params);
            };
            let stray = drift(row) * row.peak();
            for (&step, &theirs) in row.steps.iter().zip(&row.lr) {
                if row.anomalous_steps.contains(&step) {
                    tally.skipped_values += 1;
                    continue;
                }
                let ours = schedule.lr(step);
                tally.values += 1;
                tally.equal += usize::from(same(ours, theirs as f32));
                let allowed = OWN_ULPS * ulp(theirs.abs() + stray) + stray;
                // NaN is within nothing.
                let within = (f64::from(ours) - theirs).abs() <= allowed;
                if !within {
                    wrong.push(format!(
                        "{} {} {} {:?} step {step}: {ours:e} here, {theirs:e} there",
                        row.lib, row.schedule, row.form, row.params
                    ));
                }
            }
        },
    );
    print(&table);
    assert!(
        wrong.is_empty(),
        "{} rates stray:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    for (lib, pool) in pooled(&table) {
        let share = pool.equal as f64 / pool.values as f64;
        println!(
            "{lib}: {} of {} rates are the library's, rounded ({share:.6})",
            pool.equal, pool.values
        );
        assert!(share >= EQUAL_SHARE, "{lib}: only {share}");
    }
}

/// NaN and infinite losses included: the decision after every loss, and every rate to the bit.
#[test]
fn plateau_decisions_equal_the_libraries() {
    let table = tally(
        |schedule| PLATEAUS.contains(&schedule),
        |row, plan, tally| {
            let Plan::Feedback(schedule) = plan else {
                panic!("{} {:?} takes no losses", row.schedule, row.params);
            };
            let name = || format!("{} {:?}", row.lib, row.params);
            let mut state = schedule.start();
            let mut printed = row.steps.iter().zip(&row.lr).peekable();
            let mut last_printed = Some(schedule.lr(&state, 0));
            for (step, &loss) in (0..).zip(&row.losses) {
                let observed = schedule.observe(&mut state, step, loss);
                let ours = schedule.lr(&state, step);
                let Some((_, &theirs)) = printed.next_if(|&(&at, _)| at == step) else {
                    last_printed = None;
                    continue;
                };
                let theirs = theirs as f32;
                assert_eq!(
                    ours.to_bits(),
                    theirs.to_bits(),
                    "{} loss {step}: {ours:e}, not {theirs:e}",
                    name()
                );
                if let Some(before) = last_printed {
                    let cut = observed == Observed::Reduced;
                    assert_eq!(
                        cut,
                        theirs != before,
                        "{} loss {step}: {observed:?}",
                        name()
                    );
                }
                last_printed = Some(theirs);
                tally.values += 1;
                tally.equal += 1;
            }
            assert_eq!(
                printed.next(),
                None,
                "{}: every printed rate was compared",
                name()
            );
        },
    );
    print(&table);
    let rows: usize = table.values().map(|tally| tally.rows).sum();
    assert_eq!(rows, 98, "both libraries' plateau runs were compared");
}
