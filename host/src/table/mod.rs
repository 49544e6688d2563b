//! Learning-rate tables over trials, `f32`: `[trials, steps]` or `[steps, trials]`, row-major.
//!
//! Every cell holds the bits of [`Schedule::lr`](hairpin_core::Schedule::lr), and no formula stands here. A kind's rates at many steps are made
//! from a few that the core computes: where they stay the same, by writing them again; where they grow by one factor, by products; where they
//! are a smooth curve, by a polynomial. How far that may be off is known beforehand, from what the core tells of the
//! [course](hairpin_core::Profiled::course) of a kind, and where it could change a bit of an `f32` the core is asked for that very step.

mod columns;
mod emit;
mod fit;
mod growth;
mod inverse;
mod piece;
mod plan;
mod power;
mod powers;
mod recent;
mod row;
mod shared;
mod sink;
mod turned;
mod values;
mod wave;

use hairpin_core::AnySchedule;
use rayon::prelude::*;

use crate::lanes::Isa;
use piece::Memory;
use row::Rows;

/// Rows that a task fills: few enough to keep all cores busy.
const ROWS_PER_TASK: usize = 16;

/// A table of more cells is written past the caches, which it would leave before it is read: 16 MiB.
const CACHED_CELLS: usize = 1 << 22;

/// The same with one row a step: 4 MiB, as rows that are a power of 2 apart, of which a few cells are written at a time, get in each other's way in a cache.
const CACHED_COLUMNS: usize = 1 << 20;

/// Why a table was not filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The output does not hold as many cells for each trial.
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

/// How many steps there are for each trial, all of them `u32`.
fn steps(trials: usize, first: u32, cells: usize) -> Result<usize, TableError> {
    if cells == 0 {
        return Ok(0);
    }
    if trials == 0 || !cells.is_multiple_of(trials) {
        return Err(TableError::Shape {
            trials,
            found: cells,
        });
    }
    let steps = cells / trials;
    let end = u64::from(first).saturating_add(steps as u64);
    if end > 1 << 32 {
        return Err(TableError::StepsBeyondU32 { first, end });
    }
    Ok(steps)
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
    let steps = steps(trials.len(), first, out.len())?;
    if steps > 0 {
        fill_rows(trials.iter().zip(out.chunks_exact_mut(steps)), first);
    }
    Ok(())
}

/// [`fill`] with one row a step: `[steps, trials]`, as a loop over steps reads it.
///
/// # Errors
/// Columns of unequal length, or steps beyond `u32`.
///
/// # Examples
/// ```
/// use hairpin_core::{AnySchedule, Exponential, Schedule};
///
/// let trials = [0.9, 0.99].map(|gamma| AnySchedule::from(Exponential::new(0.5, gamma).unwrap()));
/// let mut table = [0.0_f32; 100 * 2];
/// hairpin_host::table::fill_by_step(&trials, 0, &mut table)?;
/// assert_eq!(table[7 * 2 + 1], trials[1].lr(7));
/// # Ok::<(), hairpin_host::table::TableError>(())
/// ```
pub fn fill_by_step(trials: &[AnySchedule], first: u32, out: &mut [f32]) -> Result<(), TableError> {
    if steps(trials.len(), first, out.len())? > 0 {
        turned::fill(trials, first, out, out.len() > CACHED_COLUMNS);
    }
    Ok(())
}

/// [`fill`] for rows that lie anywhere, all of one length.
///
/// # Errors
/// Steps beyond `u32`.
pub(crate) fn fill_each<'a>(
    rows: impl IntoIterator<Item = Row<'a>>,
    first: u32,
) -> Result<(), TableError> {
    let rows: Vec<Row<'a>> = rows.into_iter().collect();
    let longest = rows.iter().map(|(_, row)| row.len()).max();
    steps(1, first, longest.unwrap_or(0))?;
    fill_rows(rows, first);
    Ok(())
}

/// A trial's schedule and its row of the table.
pub(crate) type Row<'a> = (&'a AnySchedule, &'a mut [f32]);

fn fill_rows<'a>(rows: impl IntoIterator<Item = Row<'a>>, first: u32) {
    let isa = Isa::detect();
    let mut rows: Vec<Row<'a>> = rows.into_iter().collect();
    let cells = rows.iter().map(|(_, row)| row.len()).sum();
    let past_caches = out_of_cache(cells);
    rows.par_chunks_mut(ROWS_PER_TASK).for_each(|rows| {
        let mut filling = Rows::new(isa, past_caches);
        let mut memory = Memory::new();
        for (schedule, row) in rows {
            memory.next_row();
            let steps = row.len();
            filling.fill(schedule, &mut memory, first, row, steps);
        }
        filling.settle();
    });
}

const fn out_of_cache(cells: usize) -> bool {
    cells > CACHED_CELLS
}

/// The rates of one schedule at consecutive steps from `first` on.
///
/// # Errors
/// Steps beyond `u32`.
pub fn fill_row(schedule: &AnySchedule, first: u32, out: &mut [f32]) -> Result<(), TableError> {
    fill(std::slice::from_ref(schedule), first, out)
}
