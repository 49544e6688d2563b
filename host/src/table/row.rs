//! A row of a table: one schedule's rates at steps in a row.

use hairpin_core::{AnySchedule, Bend, Course, KindVisitor, Profiled, Schedule};

use super::piece::{Memory, Piece};
use super::values::{MOST_STEPS, Values};
use crate::lanes::{Isa, Kernel, Lanes};

/// Steps that are rounded at a time, unless only a few more are left of a span.
const STEPS: usize = 256;

/// Steps that are filled before they are written past the caches: 8 KiB.
const WINDOW: usize = 2048;

/// Fills rows, one after the other.
pub(super) struct Rows {
    isa: Isa,
    window: Vec<f32>,
    values: Values,
    memory: Memory,
}

impl Rows {
    pub(super) fn new(isa: Isa) -> Self {
        Self {
            isa,
            window: Vec::new(),
            values: Values::of(0),
            memory: Memory::default(),
        }
    }

    /// [`Rows::fill`] for a row that is part of a table larger than the caches.
    pub(super) fn fill_past_caches(&mut self, schedule: &AnySchedule, first: u32, out: &mut [f32]) {
        let mut window = std::mem::take(&mut self.window);
        window.resize(WINDOW, 0.0);
        for (at, out) in out.chunks_mut(WINDOW).enumerate() {
            let first = first + (at * WINDOW) as u32;
            let from = &mut window[..out.len()];
            self.fill(schedule, first, from);
            self.isa.run(PastCaches { from, to: out });
        }
        self.window = window;
    }

    /// Fills `out` with the rates of `schedule` from step `first` on; none of the steps is beyond `u32`.
    pub(super) fn fill(&mut self, schedule: &AnySchedule, first: u32, out: &mut [f32]) {
        let Self {
            isa,
            values,
            memory,
            ..
        } = self;
        memory.next_row();
        let mut at = 0;
        while at < out.len() {
            let first = first + at as u32;
            let span = schedule.span(first);
            let left = (out.len() - at).min(usize::try_from(span.steps).unwrap_or(usize::MAX));
            if let Some(kind) = span.kind {
                let course = kind.visit(CourseAt(span.clock));
                if course.bend == Bend::Flat {
                    let steps = left.min((course.last - span.clock) as usize + 1);
                    out[at..at + steps].fill(kind.lr(span.clock));
                    at += steps;
                    continue;
                }
            }
            let count = if left <= MOST_STEPS { left } else { STEPS };
            let out = &mut out[at..at + count];
            if let Some(kind) = span.kind {
                values.restart(count);
                kind.visit(Piece {
                    isa: *isa,
                    clock: span.clock,
                    values,
                    memory,
                });
                values.round(*isa, out, |ahead| kind.lr(span.clock + ahead));
            } else {
                let combined = schedule.combine(first, |kind, clock| {
                    let mut values = Values::of(count);
                    kind.visit(Piece {
                        isa: *isa,
                        clock,
                        values: &mut values,
                        memory,
                    });
                    values
                });
                let core = |ahead| schedule.lr(first + ahead);
                match combined {
                    Some(combined) => combined.round(*isa, out, core),
                    None => out
                        .iter_mut()
                        .zip(0..)
                        .for_each(|(out, ahead)| *out = core(ahead)),
                }
            }
            at += count;
        }
    }
}

/// Looks how a kind goes on.
struct CourseAt(u32);

impl KindVisitor for CourseAt {
    type Output = Course;

    fn visit<S: Profiled>(self, schedule: &S) -> Course {
        schedule.course(self.0)
    }
}

/// Writes a row past the caches.
struct PastCaches<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for PastCaches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        L::copy_past_caches(self.from, self.to);
    }
}
