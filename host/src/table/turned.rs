//! Tables with one row a step: trials that are formulas of the step are written side by side; rows of others are filled where they stay in a cache, and
//! turned on their way out.

use std::cell::Cell;
use std::slice;

use hairpin_core::{AnySchedule, Schedule};
use ndarray::{ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use super::columns::{Columns, TOGETHER};
use super::piece::Memory;
use super::row::Rows;
use crate::lanes::{Beside, EIGHT, Isa, Kernel, Lanes, look_at};

/// Trials that are turned together: four cache lines of a step.
const TRIALS: usize = 64;

/// Steps that are filled before they are turned: with [`TRIALS`] rows, 516 KiB, about as much as a second cache holds. A curve that lasts, and a
/// period that comes again, are worth more than a smaller tile.
const STEPS: usize = 2048;

/// From one row to the next: so much more than the steps that eight rows do not meet in the same lines of the nearest cache.
const PITCH: usize = STEPS + 16;

/// The most trials of a task.
const TRIALS_PER_TASK: usize = 512;

/// The axes of the table.
const OVER_STEPS: Axis = Axis(0);
const OVER_TRIALS: Axis = Axis(1);

/// Cells of a cache line.
const LINE: usize = 16;

/// Bytes of a schedule that are brought near before they are needed: two or three pieces.
const SCHEDULE: usize = 640;

/// Fills `out`, `[steps, trials]`.
pub(super) fn fill(trials: &[AnySchedule], first: u32, out: &mut [f32], past_caches: bool) {
    let isa = Isa::detect();
    // Where all rows begin at the same place of a line, tasks meet between lines, and only whole ones can go past the caches.
    let even = trials.len().is_multiple_of(LINE);
    let ahead = if even {
        out.as_ptr().align_offset(64).min(LINE)
    } else {
        0
    };
    let share = trials.len().div_ceil(4 * rayon::current_num_threads());
    let each = share.next_multiple_of(TRIALS).min(TRIALS_PER_TASK);
    // As many whole rows as there are cells for, which is all of them: there always is a view.
    let steps = out.len() / trials.len();
    let Ok(mut rows) = ArrayViewMut2::from_shape((steps, trials.len()), out) else {
        return;
    };
    let mut tasks = Vec::new();
    let mut left = trials;
    while !left.is_empty() {
        let count = each + if tasks.is_empty() { ahead } else { 0 };
        let (trials, after) = left.split_at(count.min(left.len()));
        let (columns, others) = rows.split_at(OVER_TRIALS, trials.len());
        tasks.push(Task {
            trials,
            rows: columns,
        });
        (left, rows) = (after, others);
    }
    tasks
        .into_par_iter()
        .enumerate()
        .for_each(|(which, mut task)| {
            let ahead = if which == 0 { ahead } else { 0 };
            task.fill(isa, first, ahead, even && past_caches);
        });
}

/// What a thread works with. It is kept from task to task, as memory that is new to a process costs more than to fill it.
#[derive(Default)]
struct Scratch {
    /// Rows of trials before they are turned.
    cells: Vec<f32>,
    /// For each trial of a task, which goes on in each window as it did before; one for all of them where there is one window.
    memories: Vec<Memory>,
    /// For each eight of the trials that are turned together.
    columns: [Columns; TRIALS / EIGHT],
    lines: Lines,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = Cell::default();
}

/// Some trials, and their columns of the table.
struct Task<'a> {
    trials: &'a [AnySchedule],
    rows: ArrayViewMut2<'a, f32>,
}

impl Task<'_> {
    /// Fills the columns, those of the first `ahead` trials by themselves.
    fn fill(&mut self, isa: Isa, first: u32, ahead: usize, past_caches: bool) {
        let steps = self.rows.nrows();
        let mut filling = Rows::new(isa, false);
        let mut scratch = SCRATCH.take().unwrap_or_default();
        scratch.cells.resize(TRIALS * PITCH, 0.0);
        let each = if steps > STEPS { self.trials.len() } else { 1 };
        let known = scratch.memories.len().max(each);
        scratch.memories.resize_with(known, Memory::new);
        scratch.memories.iter_mut().for_each(Memory::next_row);
        let Scratch {
            cells,
            memories,
            columns,
            lines,
        } = &mut *scratch;
        // All trials of some steps, then the next steps: so few rows at a time that the table of pages knows them all.
        let windows = self.rows.axis_chunks_iter_mut(OVER_STEPS, STEPS);
        for (window, mut rows) in windows.enumerate() {
            let count = rows.nrows();
            let left = steps - window * STEPS;
            let first = first + (window * STEPS) as u32;
            let own = if ahead > 0 { ahead } else { TRIALS };
            let (mut begin, mut end) = (0, own.min(self.trials.len()));
            while begin < self.trials.len() {
                let trials = &self.trials[begin..end];
                let mut formulas = [false; TRIALS / EIGHT];
                for (eight, trials) in trials.as_chunks().0.iter().enumerate() {
                    let at = begin + eight * EIGHT;
                    let of = if each == 1 { 0..1 } else { at..at + EIGHT };
                    let memories = &mut memories[of];
                    formulas[eight] = columns[eight].look(trials, memories, first, count, left);
                    // Those that follow a first eight without formulas have none either, most of the time.
                    if !formulas[0] {
                        break;
                    }
                }
                for (at, row) in (begin..end).zip(cells.chunks_mut(PITCH)) {
                    if formulas[(at - begin) / EIGHT] {
                        continue;
                    }
                    let next = memories[..each].get(at + 1);
                    next.inspect(|next| next.look_at());
                    if let Some(schedule) = self.trials.get(at + 1)
                        && next.is_none_or(|next| !next.goes_on(first))
                    {
                        look_at(schedule, SCHEDULE);
                    }
                    let (schedule, memory) = (&self.trials[at], &mut memories[at % each]);
                    if each == 1 {
                        memory.next_row();
                    }
                    filling.fill(schedule, memory, first, &mut row[..count], left);
                }
                isa.run(Turn {
                    cells,
                    columns: &mut *columns,
                    formulas,
                    lines: &mut lines.0,
                    schedules: trials,
                    first,
                    rows: rows.slice_axis_mut(OVER_TRIALS, Slice::from(begin..end)),
                    past_caches: past_caches && trials.len().is_multiple_of(LINE),
                });
                begin = end;
                end = (end + TRIALS).min(self.trials.len());
            }
        }
        SCRATCH.set(Some(scratch));
    }
}

/// Pieces of some steps' rows, on lines of the cache as they are in the table: those that are made, and those before them, which leave.
#[repr(align(64))]
struct Lines([[[f32; TRIALS]; TOGETHER]; 2]);

impl Default for Lines {
    fn default() -> Self {
        Self([[[0.0; TRIALS]; TOGETHER]; 2])
    }
}

/// Writes the columns of `cells`, and before them those of trials that have formulas, into the rows.
struct Turn<'a> {
    cells: &'a [f32],
    columns: &'a mut [Columns; TRIALS / EIGHT],
    /// For each eight of the trials, whether they have.
    formulas: [bool; TRIALS / EIGHT],
    lines: &'a mut [[[f32; TRIALS]; TOGETHER]; 2],
    schedules: &'a [AnySchedule],
    first: u32,
    rows: ArrayViewMut2<'a, f32>,
    past_caches: bool,
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        // No more than what is turned needs, so that as much as can be of what is read for it stays near.
        if self.formulas == [false; TRIALS / EIGHT] {
            self.write::<L, LINE>();
        } else {
            self.write::<L, TOGETHER>();
        }
    }
}

impl Turn<'_> {
    /// Writes so many steps at a time.
    #[inline(always)]
    fn write<L: Lanes, const ROWS: usize>(self) {
        let Self {
            cells,
            columns,
            formulas,
            lines,
            schedules,
            first,
            mut rows,
            past_caches,
        } = self;
        let [mut lines, mut made] = lines
            .each_mut()
            .map(|lines| &mut lines.as_chunks_mut::<ROWS>().0[0]);
        let mut leaving = Leaving {
            lines: [].iter(),
            rows: ArrayViewMut2::from(&mut [] as &mut [[f32; 0]]),
            past_caches,
        };
        let trials = rows.ncols();
        for (at, rows) in rows.axis_chunks_iter_mut(OVER_STEPS, ROWS).enumerate() {
            let step = at * ROWS;
            for (eight, columns) in columns.iter_mut().enumerate() {
                if !formulas[eight] {
                    continue;
                }
                let trial = eight * EIGHT;
                let core =
                    |lane: usize, step: usize| schedules[trial + lane].lr(first + step as u32);
                let lines = &mut lines[..rows.nrows()];
                columns.put::<L, TRIALS>(step, lines, trial, &core, &mut leaving);
            }
            for trial in (0..trials).step_by(EIGHT) {
                if formulas[trial / EIGHT] {
                    continue;
                }
                let cells = &cells[trial * PITCH + step..];
                for (eight, lines) in lines.as_chunks_mut().0.iter_mut().enumerate() {
                    L::turn(&cells[eight * EIGHT..], PITCH, lines, trial);
                    leaving.go_on::<L>();
                }
            }
            leaving.end::<L>();
            (lines, made) = (made, lines);
            leaving = Leaving {
                lines: made[..rows.nrows()].iter(),
                rows,
                past_caches,
            };
        }
        leaving.end::<L>();
        if past_caches {
            L::settle();
        }
    }
}

/// Lines on their way into the rows.
struct Leaving<'a, 'b> {
    lines: slice::Iter<'a, [f32; TRIALS]>,
    /// The last ones are those that are left.
    rows: ArrayViewMut2<'b, f32>,
    past_caches: bool,
}

impl Beside for Leaving<'_, '_> {
    /// One of them.
    #[inline(always)]
    fn go_on<L: Lanes>(&mut self) {
        let at = self.rows.nrows() - self.lines.len();
        let Some(line) = self.lines.next() else {
            return;
        };
        // The columns of a step always lie side by side.
        let Some(row) = self.rows.row_mut(at).into_slice() else {
            return;
        };
        // Most are of a length that is known when this is compiled: no call, no loop.
        match <&mut [f32; TRIALS]>::try_from(&mut *row) {
            Ok(row) if self.past_caches => L::copy_all_past_caches(line, row),
            Ok(row) => *row = *line,
            Err(_) if self.past_caches => L::copy_past_caches(&line[..row.len()], row),
            Err(_) => row.copy_from_slice(&line[..row.len()]),
        }
    }
}

impl Leaving<'_, '_> {
    /// All that are left.
    #[inline(always)]
    fn end<L: Lanes>(&mut self) {
        while self.lines.len() > 0 {
            self.go_on::<L>();
        }
    }
}
