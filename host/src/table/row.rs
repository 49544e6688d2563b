//! A row of a table: one schedule's rates at steps in a row.

use hairpin_core::{AnySchedule, Bend, Course, KindVisitor, Profiled, Schedule};

use super::piece::{Memory, Piece};
use super::shared::{Exact, Shared};
use super::values::{MOST_STEPS, Values};
use crate::lanes::{Isa, Kernel, Lanes};

/// A curve of so many steps is filled by itself.
const LONG: usize = 64;

/// Steps of a combination that are filled at a time: few, as the error of each of its parts is that of the part's largest rate.
const COMBINED: usize = 128;

/// Fills rows, one after the other.
pub(super) struct Rows<'a> {
    isa: Isa,
    past_caches: bool,
    values: Values,
    memory: Memory,
    shared: Shared<'a>,
}

impl<'a> Rows<'a> {
    /// Rows of a table that is written past the caches or not; if so, [`Rows::settle`] ends it.
    pub(super) fn new(isa: Isa, past_caches: bool) -> Self {
        Self {
            isa,
            past_caches,
            values: Values::of(0),
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
            values,
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
            let mut count = left.min(MOST_STEPS);
            if let Some(kind) = span.kind {
                let course = kind.visit(CourseAt(span.clock));
                let ahead = ((course.last - span.clock) as usize).saturating_add(1);
                if course.bend == Bend::Unknown && ahead >= MOST_STEPS {
                    let steps_at = at..at + left.min(ahead);
                    kind.visit(Exact {
                        clock: span.clock,
                        profiles: &mut shared.of(schedule, begin, steps)[steps_at.clone()],
                        out: &mut out[steps_at.clone()],
                    });
                    at = steps_at.end;
                    continue;
                }
                if course.bend == Bend::Flat {
                    if ahead >= MOST_STEPS {
                        let steps = left.min(ahead);
                        isa.run(Fill {
                            rate: kind.lr(span.clock),
                            out: &mut out[at..at + steps],
                            past_caches: *past_caches,
                        });
                        at += steps;
                        continue;
                    }
                } else if ahead >= LONG {
                    // To the end of a long curve, so that no piece of it is cut off.
                    count = count.min(ahead);
                }
            } else {
                count = count.min(COMBINED);
            }
            let out = &mut out[at..at + count];
            isa.run(Expect(out));
            if let Some(kind) = span.kind {
                values.restart(count);
                kind.visit(Piece {
                    isa: *isa,
                    clock: span.clock,
                    alone: true,
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
                        alone: false,
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

/// Writes the same rate again and again.
struct Fill<'a> {
    rate: f32,
    out: &'a mut [f32],
    past_caches: bool,
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        if self.past_caches {
            L::fill_past_caches(self.rate, self.out);
        } else {
            self.out.fill(self.rate);
        }
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

struct Expect<'a>(&'a [f32]);

impl Kernel for Expect<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        L::expect(self.0);
    }
}
