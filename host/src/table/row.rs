//! A row of a table: one schedule's rates at steps in a row.

use hairpin_core::{AnySchedule, Schedule};

use super::piece::{Ahead, Look, Memory, Piece};
use super::shared::{Exact, Shared};
use super::sink::{LONG, Sink};
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
        let mut at = 0;
        while at < out.len() {
            let begin = first + at as u32;
            let left = &mut out[at..];
            let core = |step| schedule.lr(step);
            let known = memory.go_on(self.isa, begin, left, self.past_caches, &core);
            if known > 0 {
                at += known;
                continue;
            }
            if let Some(cycle) = schedule.cycle(begin) {
                let count = left.len().min(whole(cycle.steps));
                let period = cycle.period as usize;
                if period < count {
                    let again = &mut left[..count];
                    let mut done = 0;
                    while done < period {
                        let once = &mut again[done..period];
                        done += self.span(schedule, memory, begin + done as u32, once, once.len());
                    }
                    self.isa.run(Again {
                        period,
                        out: again,
                        past_caches: self.past_caches,
                    });
                    at += count;
                    continue;
                }
            }
            at += self.span(schedule, memory, begin, left, steps - at);
        }
    }

    /// Tells `found` on which curves a row goes on for so many steps, one after the other, which may ask for no more of them. There are `left` steps
    /// in the row. False where there is no curve, more than one kind decides it, steps come again, or `found` has enough.
    pub(super) fn look(
        schedule: &AnySchedule,
        memory: &mut Memory,
        first: u32,
        steps: usize,
        left: usize,
        found: &mut impl FnMut(&Ahead) -> bool,
    ) -> bool {
        let mut at = 0;
        while at < steps {
            let (step, left) = (first + at as u32, left - at);
            if let Some((ahead, known)) = memory.ahead(step) {
                if !found(ahead) {
                    return false;
                }
                at += known;
                continue;
            }
            let cycle = schedule.cycle(step);
            let comes_again =
                cycle.is_some_and(|cycle| (cycle.period as usize) < left.min(whole(cycle.steps)));
            let span = schedule.span(step);
            let Some(kind) = span.kind.filter(|_| !comes_again) else {
                return false;
            };
            let looked = kind.visit(Look {
                first: step,
                clock: span.clock,
                steps: steps - at,
                wanted: left.min(whole(span.steps)),
                memory: &mut *memory,
                found: &mut *found,
            });
            match looked {
                Some(known) => at += known,
                None => return false,
            }
        }
        true
    }

    /// Fills it as far as the same kinds decide the rate, and tells how far that is.
    fn span(
        &mut self,
        schedule: &'a AnySchedule,
        memory: &mut Memory,
        first: u32,
        out: &mut [f32],
        steps: usize,
    ) -> usize {
        let span = schedule.span(first);
        let wanted = steps.min(whole(span.steps));
        let count = wanted.min(out.len());
        let out = &mut out[..count];
        let Some(kind) = span.kind else {
            for (which, out) in out.chunks_mut(MOST_STEPS).enumerate() {
                let ahead = which * MOST_STEPS;
                self.combination(schedule, memory, first + ahead as u32, out, wanted - ahead);
            }
            return count;
        };
        let mut at = 0;
        while at < count {
            let clock = span.clock + at as u32;
            let given = kind.visit(Piece {
                isa: self.isa,
                clock,
                sink: Sink::Table {
                    first: first + at as u32,
                    out: &mut out[at..],
                    past_caches: self.past_caches,
                },
                wanted: wanted - at,
                memory,
            });
            at += given.steps;
            if given.unknown > 0 {
                let unknown = at..at + given.unknown;
                at = unknown.end;
                let profiles = self.shared.of(schedule, first, count);
                kind.visit(Exact {
                    clock: clock + given.steps as u32,
                    profiles: &mut profiles[unknown.clone()],
                    out: &mut out[unknown],
                });
            }
        }
        count
    }

    /// Fills it with no more than [`MOST_STEPS`] rates of several kinds.
    fn combination(
        &self,
        schedule: &AnySchedule,
        memory: &mut Memory,
        first: u32,
        out: &mut [f32],
        wanted: usize,
    ) {
        let combined = schedule.combine(first, |kind, clock| {
            let mut values = Values::of(self.isa, out.len());
            kind.visit(Piece {
                isa: self.isa,
                clock,
                sink: Sink::Values(&mut values),
                wanted,
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
    }
}

/// So many steps as a number of cells, of which there are not more.
fn whole(steps: u64) -> usize {
    usize::try_from(steps).unwrap_or(usize::MAX)
}

/// Writes the first `period` numbers again and again.
struct Again<'a> {
    period: usize,
    out: &'a mut [f32],
    past_caches: bool,
}

impl Kernel for Again<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (mut known, all) = (self.period, self.out.len());
        // Short ones side by side first, so that few are long.
        while known < LONG && known < all {
            let more = known.min(all - known);
            self.out.copy_within(..more, known);
            known += more;
        }
        let (once, rest) = self.out.split_at_mut(known);
        for again in rest.chunks_mut(known) {
            let once = &once[..again.len()];
            if self.past_caches {
                L::copy_past_caches(once, again);
            } else {
                again.copy_from_slice(once);
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
