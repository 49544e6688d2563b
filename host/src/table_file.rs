//! Tables on disk: `[trials, steps]` as `.npy`, written in windows, so that memory does not grow with the table.

use std::io;
use std::path::Path;

use hairpin_core::AnySchedule;
use rayon::prelude::*;

use crate::files::{self, WriteError};
use crate::npy;
use crate::table::{self, TableError};

/// Cells that are in memory at a time: 32 MiB.
const CELLS: usize = 1 << 23;

/// Schedules that are in memory at a time, however short their rows.
const SCHEDULES: usize = 1 << 16;

/// Why a table was not written. No file is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFileError<E: std::error::Error> {
    /// A trial's schedule could not be had.
    #[error(transparent)]
    Trial(E),
    /// The table asks for steps that do not exist.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It was asked to stop.
    #[error("interrupted: nothing was written")]
    Interrupted,
}

/// A cell of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The row.
    pub trial: u64,
    /// The column.
    pub step: u32,
}

/// Writes the rates of steps `0..steps` of `trials` trials to `path`.
///
/// `schedule` gives the schedule of a trial; it is called from several threads and once a trial. `progress` hears of
/// the cells written so far and answers whether to go on. Gives the first cell that is no finite number, if there is one: a
/// lambda's function can lead anywhere, and other kinds can overflow.
///
/// # Errors
/// The first trial whose schedule cannot be had, or what the system says. The file is then as it was before.
pub fn write<E: std::error::Error + Send>(
    path: &Path,
    trials: u64,
    steps: u32,
    schedule: impl Fn(u64) -> Result<AnySchedule, E> + Sync,
    mut progress: impl FnMut(u64) -> bool,
) -> Result<Option<Cell>, TableFileError<E>> {
    let mut refused = None;
    let mut non_finite = None;
    let written = files::write_with(path, |writer| {
        npy::write_header(writer, &[trials, u64::from(steps)])?;
        let result = windows(trials, steps, &schedule, &mut |first, count, cells| {
            if non_finite.is_none() {
                let at = cells.iter().position(|rate| !rate.is_finite());
                non_finite = at.map(|at| Cell {
                    trial: first.trial + (at / count) as u64,
                    step: first.step + (at % count) as u32,
                });
            }
            npy::write_cells(writer, cells).map(|()| progress(cells.len() as u64))
        });
        match result {
            Ok(()) => Ok(()),
            Err(Stop::Io(error)) => Err(error),
            Err(Stop::Refused(error)) => {
                refused = Some(error);
                Err(io::Error::other("stopped"))
            }
        }
    });
    match (refused, written) {
        (Some(error), _) => Err(error),
        (None, result) => Ok(result.map(|()| non_finite)?),
    }
}

/// Takes a piece of the table and answers whether to go on.
type Sink<'a> = dyn FnMut(Cell, usize, &[f32]) -> io::Result<bool> + 'a;

enum Stop<E: std::error::Error> {
    Io(io::Error),
    Refused(TableFileError<E>),
}

/// Hands the table to `sink` piece by piece, in row-major order: where a piece begins, how many steps each of its rows has, and
/// its cells.
fn windows<E: std::error::Error + Send>(
    trials: u64,
    steps: u32,
    schedule: &(impl Fn(u64) -> Result<AnySchedule, E> + Sync),
    sink: &mut Sink<'_>,
) -> Result<(), Stop<E>> {
    let row = steps as usize;
    // Rows longer than memory allows are written one by one, in pieces.
    let rows = (CELLS / row.max(1)).clamp(1, SCHEDULES) as u64;
    let piece = row.min(CELLS);
    let mut cells = vec![0.0_f32; piece * usize::try_from(rows.min(trials)).unwrap_or(1)];
    let mut first_trial = 0;
    while first_trial < trials {
        let end = trials.min(first_trial + rows);
        let schedules = schedules(first_trial..end, schedule)?;
        let mut first_step = 0_usize;
        while first_step < row {
            let count = piece.min(row - first_step);
            let window = &mut cells[..count * schedules.len()];
            table::fill(&schedules, first_step as u32, window)
                .map_err(|error| Stop::Refused(error.into()))?;
            let first = Cell {
                trial: first_trial,
                step: first_step as u32,
            };
            if !sink(first, count, window).map_err(Stop::Io)? {
                return Err(Stop::Refused(TableFileError::Interrupted));
            }
            first_step += count;
        }
        first_trial = end;
    }
    Ok(())
}

/// The schedules of a range of trials, or the error of the first that has none.
fn schedules<E: std::error::Error + Send>(
    trials: std::ops::Range<u64>,
    schedule: &(impl Fn(u64) -> Result<AnySchedule, E> + Sync),
) -> Result<Vec<AnySchedule>, Stop<E>> {
    let drawn: Vec<Result<AnySchedule, E>> = trials.into_par_iter().map(schedule).collect();
    // Collected first: which error is told must not depend on which thread was quicker.
    drawn
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| Stop::Refused(TableFileError::Trial(error)))
}
