//! Learning-rate tables over trials: `[trials, steps]`, row-major, `f32`.
//!
//! Every cell holds the bits of [`Schedule::lr`]: a table calls the core's own two halves of a rate, the profile of the
//! step and the rate made from it, and computes a profile once for all trials that share it.

use hairpin_core::{AnySchedule, KindVisitor, Profile, Profiled, Schedule};
use rayon::prelude::*;

/// Steps whose profiles are computed at a time; 16 KiB of them stay in the nearest cache.
const WINDOW: usize = 1024;

/// Rows of one shape that a task fills: enough to make the shared profile cheap, few enough to keep all cores busy.
const ROWS_PER_TASK: usize = 32;

/// How many shapes are remembered at a time while looking for rows that share one.
const SHAPES_MAX: usize = 64;

/// Why a table was not filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The output does not hold one row of the same length for each trial.
    #[error("out has {found} cells: must have {trials} rows of equal length")]
    Shape {
        /// Number of schedules.
        trials: usize,
        /// Number of cells.
        found: usize,
    },
    /// A step of the table is no `u32`.
    #[error("steps {first}..{end}: a step must be below 4294967296")]
    StepsBeyondU32 {
        /// First step of the table.
        first: u32,
        /// One past its last step.
        end: u64,
    },
}

/// Fills `out`, one row a schedule, with the rates of the steps from `first` on, in parallel.
///
/// # Errors
/// Rows of unequal length, or steps beyond `u32`.
///
/// # Examples
/// ```
/// use hairpin_core::{AnySchedule, Exponential, Schedule};
///
/// let trials = [0.9, 0.99].map(|gamma| AnySchedule::from(Exponential::new(0.5, gamma).unwrap()));
/// let mut table = [0.0_f32; 2 * 100];
/// hairpin_host::table::fill(&trials, 0, &mut table)?;
/// assert_eq!(table[100 + 7], trials[1].lr(7));
/// # Ok::<(), hairpin_host::table::TableError>(())
/// ```
pub fn fill(trials: &[AnySchedule], first: u32, out: &mut [f32]) -> Result<(), TableError> {
    let shape = TableError::Shape {
        trials: trials.len(),
        found: out.len(),
    };
    if trials.is_empty() || out.is_empty() {
        return if out.is_empty() { Ok(()) } else { Err(shape) };
    }
    if !out.len().is_multiple_of(trials.len()) {
        return Err(shape);
    }
    let steps = out.len() / trials.len();
    fill_each(trials.iter().zip(out.chunks_exact_mut(steps)), first)
}

/// [`fill`] for rows that lie anywhere, all of one length.
///
/// # Errors
/// Steps beyond `u32`.
pub(crate) fn fill_each<'a>(
    rows: impl IntoIterator<Item = Row<'a>>,
    first: u32,
) -> Result<(), TableError> {
    let mut tasks = rows_by_shape(rows);
    let steps = tasks.iter().flatten().map(|(_, row)| row.len()).max();
    let end = u64::from(first) + steps.unwrap_or(0) as u64;
    if end > 1 << 32 {
        return Err(TableError::StepsBeyondU32 { first, end });
    }
    tasks.par_iter_mut().for_each(|rows| fill_rows(rows, first));
    Ok(())
}

/// A trial's schedule and its row of the table.
pub(crate) type Row<'a> = (&'a AnySchedule, &'a mut [f32]);

/// Rows that share a profile, in groups of at most [`ROWS_PER_TASK`].
fn rows_by_shape<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Vec<Vec<Row<'a>>> {
    let mut full = Vec::new();
    let mut open: Vec<Vec<Row<'a>>> = Vec::new();
    for row in rows {
        let same = open.iter().position(|group| {
            group
                .first()
                .is_some_and(|(first, _)| first.shares_profile(row.0))
        });
        match same {
            Some(at) => {
                open[at].push(row);
                if open[at].len() == ROWS_PER_TASK {
                    full.push(open.swap_remove(at));
                }
            }
            None => {
                if open.len() == SHAPES_MAX {
                    // One has to go; which one only decides how much is shared.
                    full.push(open.remove(0));
                }
                open.push(vec![row]);
            }
        }
    }
    full.extend(open);
    full
}

/// Fills rows that share a profile.
fn fill_rows(rows: &mut [Row<'_>], first: u32) {
    let Some((shape, steps)) = rows.first().map(|(schedule, row)| (*schedule, row.len())) else {
        return;
    };
    let mut profiles = [Profile::default(); WINDOW];
    let mut at = 0;
    while at < steps {
        // Below 2^32: the caller has checked the end.
        let step = first + at as u32;
        let span = shape.span(step);
        let left = (steps - at).min(usize::try_from(span.steps).unwrap_or(usize::MAX));
        let Some(kind) = span.kind else {
            for (schedule, row) in rows.iter_mut() {
                for (step, cell) in (step..=u32::MAX).zip(&mut row[at..at + left]) {
                    *cell = schedule.lr(step);
                }
            }
            at += left;
            continue;
        };
        let count = left.min(WINDOW);
        let profiles = &mut profiles[..count];
        kind.visit(Profiles {
            first: span.clock,
            out: profiles,
        });
        for (schedule, row) in rows.iter_mut() {
            let cells = &mut row[at..at + count];
            // Rows are here together because their schedules are composed alike.
            if let Some(kind) = schedule.span(step).kind {
                kind.visit(Rates {
                    profiles,
                    out: cells,
                });
            }
        }
        at += count;
    }
}

/// Computes the profiles of consecutive steps.
struct Profiles<'a> {
    first: u32,
    out: &'a mut [Profile],
}

impl KindVisitor for Profiles<'_> {
    type Output = ();

    fn visit<S: Profiled>(self, schedule: &S) {
        for (step, profile) in (self.first..=u32::MAX).zip(self.out) {
            *profile = schedule.profile(step);
        }
    }
}

/// Makes rates from profiles.
struct Rates<'a> {
    profiles: &'a [Profile],
    out: &'a mut [f32],
}

impl KindVisitor for Rates<'_> {
    type Output = ();

    fn visit<S: Profiled>(self, schedule: &S) {
        for (&profile, cell) in self.profiles.iter().zip(self.out) {
            *cell = schedule.rate(profile) as f32;
        }
    }
}

/// The rates of one schedule at consecutive steps from `first` on.
///
/// # Errors
/// Steps beyond `u32`.
pub fn fill_row(schedule: &AnySchedule, first: u32, out: &mut [f32]) -> Result<(), TableError> {
    fill(std::slice::from_ref(schedule), first, out)
}
