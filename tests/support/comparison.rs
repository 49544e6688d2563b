//! The cases run on a machine, its rates held against those of the libraries, and the result as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hairpin_core::Plan;

use crate::bits::ulp;
use crate::cases::{Case, Machine, Precision, build, cases};

/// The core's own bound on its distance from the exact value, in ULP.
const OWN_ULPS: f64 = 0.501;

/// How far the libraries' rates stray from their exact closed form, as a share of the peak (measured when the rows were printed;
/// see the README beside them): where a rate is made from the one before it over up to 100,000 steps; where the place in a cycle is
/// found by flooring a quotient; elsewhere; and where all is computed in single precision (5.219e-7: the square root of 1 - 1999/2000
/// in `keras.PolynomialDecay`, whose quotient is rounded first).
const RECURSIVE_DRIFT: f64 = 6e-13;
const CYCLIC_DRIFT: f64 = 2.4e-12;
const CLOSED_DRIFT: f64 = 1.2e-14;
const SINGLE_DRIFT: f64 = 5.22e-7;

/// The share of values of double precision that must be the library's to the bit, once rounded: of all of them, and in each library
/// of those that its stray leaves certain. A value rounds to another f32 only where the library's stray crosses the middle between
/// two f32: at the peak the recursive drift is 1e-5 of their spacing, a hundredth near a trough a thousand times lower, which few of
/// the rows visit. Next to a zero of the cosine the stray is many times their spacing, and nothing is certain.
const EXACT_SHARE: f64 = 0.999;

/// How far the values of this case may be from the closed form, as a share of their peak.
fn drift(case: &Case) -> f64 {
    if case.precision == Precision::Single {
        return match (case.library.as_str(), case.kind.as_str()) {
            // It only chooses between numbers that are exact in single precision.
            ("keras", "PiecewiseConstantDecay") => 0.0,
            _ => SINGLE_DRIFT,
        };
    }
    match case.kind.as_str() {
        "CyclicLR" => CYCLIC_DRIFT,
        "CosineAnnealingDecay" | "CosineAnnealingLR" | "PolynomialLR" | "LinearLR"
            if case.form != "closed" =>
        {
            RECURSIVE_DRIFT
        }
        _ => CLOSED_DRIFT,
    }
}

/// What was compared: the rates or the momentum of one schedule of one library, in one precision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub library: String,
    pub kind: String,
    pub precision: Precision,
    pub is_momentum: bool,
}

/// How it came out.
#[derive(Clone, Default)]
pub struct Tally {
    pub rows: usize,
    pub values: usize,
    /// The library's value, rounded to f32.
    pub exact: usize,
    /// That, or one of its two neighbours.
    pub within_ulp: usize,
    /// Values that the library's stray leaves certain to half a ULP, and how many of them are exact.
    pub certain: (usize, usize),
    /// Rows and values that are not compared, by the reason.
    pub excused: BTreeMap<String, (usize, usize)>,
}

/// How all cases came out.
#[derive(Default)]
pub struct Comparison {
    pub table: BTreeMap<Entry, Tally>,
    /// Every value that is further off than it may be, in words.
    pub wrong: Vec<String>,
}

const ANOMALOUS: &str = "the library leaves its own closed form";

impl Comparison {
    /// Runs all cases on `machine`.
    pub fn of(machine: &mut impl Machine) -> Self {
        let mut comparison = Self::default();
        for case in cases() {
            comparison.case(machine, &case);
        }
        comparison
    }

    fn case(&mut self, machine: &mut impl Machine, case: &Case) {
        let name = format!("{} {} ({})", case.library, case.table, case.form);
        let built = match build(&case.table) {
            Ok(built) => built,
            Err(error) => {
                self.wrong.push(format!("{name}: {}", error.one_line()));
                return;
            }
        };
        let mut entry = Entry {
            library: case.library.clone(),
            kind: case.kind.clone(),
            precision: case.precision,
            is_momentum: false,
        };
        if let Some(excuse) = &case.excuse {
            let tally = self.table.entry(entry).or_default();
            let (rows, values) = tally.excused.entry(excuse.clone()).or_default();
            (*rows, *values) = (*rows + 1, *values + case.lr.len());
            return;
        }
        let ours = machine.rates(&built.plan, &case.steps, case.losses.as_deref());
        self.values(&name, entry.clone(), case, (&ours, &case.lr));
        if let Some(theirs) = &case.momentum {
            let Some(momentum) = built.momentum else {
                self.wrong.push(format!("{name}: has no momentum"));
                return;
            };
            let ours = machine.rates(&Plan::Schedule(momentum), &case.steps, None);
            entry.is_momentum = true;
            self.values(&format!("{name} momentum"), entry, case, (&ours, theirs));
        }
    }

    /// Compares a case's rates, or its momentum.
    fn values(&mut self, name: &str, entry: Entry, case: &Case, (ours, theirs): (&[f32], &[f64])) {
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let tally = self.table.entry(entry).or_default();
        tally.rows += 1;
        let peak = theirs
            .iter()
            .fold(0.0, |peak: f64, value| peak.max(value.abs()));
        let stray = drift(case) * peak;
        for ((&step, &ours), &theirs) in case.steps.iter().zip(ours).zip(theirs) {
            if case.anomalous_steps.contains(&step) {
                let (_, values) = tally.excused.entry(ANOMALOUS.to_owned()).or_default();
                *values += 1;
                if !ours.is_finite() {
                    self.wrong.push(format!("{name} step {step}: {ours} here"));
                }
                continue;
            }
            let exact = same(ours, theirs as f32);
            tally.values += 1;
            tally.exact += usize::from(exact);
            tally.within_ulp += usize::from(exact || neighbours(ours, theirs as f32));
            if 2.0 * stray < ulp(theirs) {
                tally.certain.0 += 1;
                tally.certain.1 += usize::from(exact);
            }
            let allowed = OWN_ULPS * ulp(theirs.abs() + stray) + stray;
            // NaN is within nothing, and decisions are right or wrong.
            let within = (f64::from(ours) - theirs).abs() <= allowed;
            if !within || (case.losses.is_some() && !exact) {
                self.wrong.push(format!(
                    "{name} step {step}: {ours:e} here, {theirs:e} there, {allowed:e} is allowed"
                ));
            }
        }
    }

    /// The values of double precision: by library, and under `all`.
    pub fn pooled(&self) -> BTreeMap<String, Tally> {
        let mut pools = BTreeMap::<String, Tally>::new();
        for (entry, tally) in &self.table {
            if entry.precision == Precision::Double {
                for pool in [entry.library.as_str(), "all"] {
                    let sum = pools.entry(pool.to_owned()).or_default();
                    sum.rows += tally.rows;
                    sum.values += tally.values;
                    sum.exact += tally.exact;
                    sum.within_ulp += tally.within_ulp;
                    sum.certain.0 += tally.certain.0;
                    sum.certain.1 += tally.certain.1;
                }
            }
        }
        pools
    }

    /// Fails where a value is too far off, or too few are the library's.
    pub fn check(&self) {
        assert!(
            self.wrong.is_empty(),
            "{} stray:\n{}",
            self.wrong.len(),
            self.wrong[..self.wrong.len().min(40)].join("\n")
        );
        let is_enough = |exact: usize, of: usize| exact as f64 >= EXACT_SHARE * of as f64;
        for (library, sum) in self.pooled() {
            let (values, exact) = sum.certain;
            assert!(
                is_enough(exact, values),
                "{library}: only {exact} of {values} are equal"
            );
            assert!(
                library != "all" || is_enough(sum.exact, sum.values),
                "only {} of {} are equal",
                sum.exact,
                sum.values
            );
        }
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let mut page = String::from(
            "| library | kind | computed in | rows | values | exact | within 1 ULP | excused |\n|---|---|---|--:|--:|--:|--:|---|\n",
        );
        for (entry, tally) in &self.table {
            let (name, precision) = (&entry.kind, entry.precision);
            let of = if entry.is_momentum { ", momentum" } else { "" };
            let excused: Vec<String> = tally
                .excused
                .iter()
                .map(|(reason, &(rows, values))| excused(reason, rows, values))
                .collect();
            let _ = writeln!(
                page,
                "| {} | {name}{of} | {} | {} | {} | {} | {} | {} |",
                entry.library,
                match precision {
                    Precision::Double => "float64",
                    Precision::Single => "float32",
                },
                tally.rows,
                tally.values,
                tally.exact,
                tally.within_ulp,
                excused.join("; ")
            );
        }
        page
    }
}

fn excused(reason: &str, rows: usize, values: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    match rows {
        0 => format!("{values} value{}: {reason}", plural(values)),
        _ => format!("{rows} row{} of {values} values: {reason}", plural(rows)),
    }
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0)
}

/// Whether there is no other f32 between the two.
fn neighbours(a: f32, b: f32) -> bool {
    a.next_up() == b || a.next_down() == b
}
