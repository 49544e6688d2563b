//! A row of a table: one schedule's rates at steps in a row.

use hairpin_core::{AnySchedule, Bend, Course, KindVisitor, Profiled, Schedule};

use super::piece::{Memory, Piece, Sink};
use super::shared::{Exact, Shared};
use super::values::{MOST_STEPS, Values};
use crate::lanes::{Isa, Kernel, Lanes};

/// Steps of which nothing is known that are worth asking whether another row shares them.
const SHARED: usize = 512;

/// Fills rows, one after the other.
pub(super) struct Rows<'a> {
    isa: Isa,
    past_caches: bool,
    memory: Memory,
    shared: Shared<'a>,
}

impl<'a> Rows<'a> {
    /// Rows of a table that is written past the caches or not; if so, [`Rows::settle`] ends it.
    pub(super) fn new(isa: Isa, past_caches: bool) -> Self {
        Self {
            isa,
            past_caches,
            memory: Memory::default(),
            shared: Shared::default(),
        }
    }

    /// Lets other threads find what was written past the caches.
    pub(super) fn settle(&self) {
        self.isa.run(Settle);
    }

    /// Fills `out` with the rates of `schedule` from step `first` on; none of the steps is beyond `u32`.
    pub(super) fn fill(&mut self, schedule: &'a AnySchedule, first: u32, out: &mut [f32]) {
        let Self {
            isa,
            past_caches,
            memory,
            shared,
        } = self;
        memory.next_row();
        let (begin, steps) = (first, out.len());
        let mut at = 0;
        while at < out.len() {
            let first = first + at as u32;
            let span = schedule.span(first);
            let left = (out.len() - at).min(usize::try_from(span.steps).unwrap_or(usize::MAX));
            let Some(kind) = span.kind else {
                let count = left.min(MOST_STEPS);
                let out = &mut out[at..at + count];
                at += count;
                let combined = schedule.combine(first, |kind, clock| {
                    let mut values = Values::of(*isa, count);
                    kind.visit(Piece {
                        isa: *isa,
                        clock,
                        sink: Sink::Values(&mut values),
                        memory,
                    });
                    values
                });
                let core = |ahead| schedule.lr(first + ahead);
                match combined {
                    Some(combined) => combined.round(out, core),
                    None => out
                        .iter_mut()
                        .zip(0..)
                        .for_each(|(out, ahead)| *out = core(ahead)),
                }
                continue;
            };
            let course = kind.visit(CourseAt(span.clock));
            let ahead = ((course.last - span.clock) as usize).saturating_add(1);
            let count = if course.bend == Bend::Unknown {
                left.min(ahead)
            } else {
                left
            };
            let steps_at = at..at + count;
            let out = &mut out[steps_at.clone()];
            at += count;
            if course.bend == Bend::Unknown && ahead >= SHARED {
                kind.visit(Exact {
                    clock: span.clock,
                    profiles: &mut shared.of(schedule, begin, steps)[steps_at],
                    out,
                });
            } else {
                let sink = Sink::Table {
                    out,
                    past_caches: *past_caches,
                };
                kind.visit(Piece {
                    isa: *isa,
                    clock: span.clock,
                    sink,
                    memory,
                });
            }
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

/// Ends what was written past the caches.
struct Settle;

impl Kernel for Settle {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        L::settle();
    }
}
