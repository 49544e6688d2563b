//! A row of a table: one schedule's rates at steps in a row.

use hairpin_core::{AnySchedule, Schedule};

use super::piece::{Memory, Piece, Sink};
use super::shared::{Exact, Shared};
use super::values::{MOST_STEPS, Values};
use crate::lanes::{Isa, Kernel, Lanes};

/// Fills rows, one after the other.
pub(super) struct Rows<'a> {
    isa: Isa,
    past_caches: bool,
    shared: Shared<'a>,
}

impl<'a> Rows<'a> {
    /// Rows of a table that is written past the caches or not; if so, [`Rows::settle`] ends it.
    pub(super) fn new(isa: Isa, past_caches: bool) -> Self {
        Self {
            isa,
            past_caches,
            shared: Shared::default(),
        }
    }

    /// Lets other threads find what was written past the caches.
    pub(super) fn settle(&self) {
        self.isa.run(Settle);
    }

    /// Fills `out` with the rates of `schedule` from step `first` on, of which there are `steps` in its row from there on; none of them is beyond
    /// `u32`. What is remembered is of this row.
    pub(super) fn fill(
        &mut self,
        schedule: &'a AnySchedule,
        memory: &mut Memory,
        first: u32,
        out: &mut [f32],
        steps: usize,
    ) {
        let Self {
            isa,
            past_caches,
            shared,
        } = self;
        let mut at = 0;
        while at < out.len() {
            let begin = first + at as u32;
            let span = schedule.span(begin);
            let wanted = (steps - at).min(usize::try_from(span.steps).unwrap_or(usize::MAX));
            let left = wanted.min(out.len() - at);
            let Some(kind) = span.kind else {
                let count = left.min(MOST_STEPS);
                let out = &mut out[at..at + count];
                at += count;
                let combined = schedule.combine(begin, |kind, clock| {
                    let mut values = Values::of(*isa, count);
                    kind.visit(Piece {
                        isa: *isa,
                        clock,
                        sink: Sink::Values(&mut values),
                        wanted,
                        memory,
                    });
                    values
                });
                let core = |ahead| schedule.lr(begin + ahead);
                match combined {
                    Some(combined) => combined.round(out, core),
                    None => out
                        .iter_mut()
                        .zip(0..)
                        .for_each(|(out, ahead)| *out = core(ahead)),
                }
                continue;
            };
            let given = kind.visit(Piece {
                isa: *isa,
                clock: span.clock,
                sink: Sink::Table {
                    out: &mut out[at..at + left],
                    past_caches: *past_caches,
                },
                wanted,
                memory,
            });
            at += given.steps;
            if given.unknown > 0 {
                let unknown = at..at + given.unknown;
                at = unknown.end;
                let profiles = shared.of(schedule, first, out.len());
                kind.visit(Exact {
                    clock: span.clock + given.steps as u32,
                    profiles: &mut profiles[unknown.clone()],
                    out: &mut out[unknown],
                });
            }
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
