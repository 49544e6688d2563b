//! The rates of one kind at some steps in a row, from as few evaluations as its course allows.

use std::f64::consts::LOG2_E;
use std::ops::Range;

use hairpin_core::{Bend, KindVisitor, Profiled};

use super::emit::{Line, Reach, UNIT, emit, store};
use super::fit::{CurveUser, Fit, MOST, SIZES, VALUE_ERROR, fits};
use super::growth::{GROWTH, Growth};
use super::inverse::{OneOver, OneOverRoot, line_below};

use super::powers::Power;
use super::values::Values;
use super::wave::{Circles, longest_wave};
use crate::lanes::{Eights, Isa, Kernel, Lanes};

/// A polynomial may be off by this share of the largest rate. An `f32` of that size is a share of 2^-24 to 2^-23 from the next, so that no more than
/// one step in 7,000 lies within reach of a half.
const TRUNCATION: f64 = 4e-12;

/// The steps from which on a course is worth a growth of its own.
const WORTH: usize = 12;

/// Steps of a curve over a line: all of them are off by a rounding of the larger end.
const BELOW: usize = 512;

/// Steps of one rate that are worth writing past the caches.
const LONG: usize = 512;

/// The largest terms of curves that are put together from others: their errors are normal numbers, and none is NaN or 0.
const SIZES_OF_RATES: Range<f64> = 1e-290..1e300;

/// Rates whose products and quotients are normal numbers, and so is all that lies between two of them.
pub(super) const RANGE: Range<f64> = 1e-150..1e150;

/// The slowest turn of a wave of which three values are enough.
const SLOWEST: f64 = 1e-6;

/// What a value that grows by a factor or as a power is not off by, as a share of its terms.
pub(super) const GROWTH_ERROR: f64 = 1.0 / (1_u64 << 40) as f64;

/// What is remembered from piece to piece of a row.
#[derive(Default)]
pub(super) struct Memory {
    growths: Vec<Known>,
    circles: Circles,
    /// The size of the last piece that a polynomial was found for, as an index of [`SIZES`], and that polynomial's.
    size: usize,
    fit: usize,
}

/// How a kind grows.
struct Known {
    /// Where the kind is in memory: it does not move while its row is filled.
    kind: usize,
    growth: Growth,
    /// For how many steps from any on.
    steps: usize,
}

impl Memory {
    /// Forgets the kinds of the last row.
    pub(super) fn next_row(&mut self) {
        self.growths.clear();
        self.size = SIZES.len() - 1;
    }
}

/// Where the rates of a piece go.
pub(super) enum Sink<'a> {
    /// They are rounded as they are, and go past the caches where there are many alike.
    Table {
        out: &'a mut [f32],
        past_caches: bool,
    },
    /// They are put together with others.
    Values(&'a mut Values),
}

impl Sink<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Table { out, .. } => out.len(),
            Self::Values(values) => values.rates.len(),
        }
    }
}

/// Gives the rates of the steps from `clock` on.
pub(super) struct Piece<'a> {
    pub(super) isa: Isa,
    pub(super) clock: u32,
    pub(super) sink: Sink<'a>,
    pub(super) memory: &'a mut Memory,
}

impl KindVisitor for Piece<'_> {
    type Output = ();

    fn visit<S: Profiled>(mut self, schedule: &S) {
        let mut at = 0;
        while at < self.sink.len() {
            let first = self.step(at);
            let course = schedule.course(first);
            let ahead = (course.last - first) as usize;
            let steps = (self.sink.len() - at).min(ahead.saturating_add(1));
            match course.bend {
                Bend::Flat => self.flat(value(schedule, first), at, steps),
                Bend::Geometric => self.geometric(schedule, at, steps, course.last),
                Bend::Smooth => self.smooth(schedule, at, steps, course.last),
                Bend::InverseRoot => self.over_line(schedule, at, steps, true),
                Bend::Inverse => self.over_line(schedule, at, steps, false),
                // So slow a wave that its cosines are all 1 is as good as a parabola.
                Bend::Wave { turn } if !(turn > SLOWEST) => {
                    self.smooth(schedule, at, steps, course.last);
                }
                Bend::Wave { turn } => self.wave(schedule, at, steps, turn),
                Bend::Power {
                    limit,
                    origin,
                    exponent,
                    rate,
                } => {
                    let power = Power {
                        limit,
                        origin,
                        exponent,
                        rate: rate * LOG2_E,
                    };
                    let most = if rate == 0.0 { usize::MAX } else { GROWTH };
                    for (at, steps) in parts(at, steps, most) {
                        self.power(schedule, at, steps, &power);
                    }
                }
                Bend::PowerOfRest {
                    limit,
                    span,
                    k,
                    exponent,
                } => self.lacking(schedule, at, steps, (limit, span, [k, exponent])),
                Bend::Logistic { limit, begin, rate } => {
                    self.logistic(schedule, at, steps, (limit, begin, rate, course.last));
                }
                _ => self.exact(schedule, at, steps),
            }
            at += steps;
        }
    }
}

pub(super) fn value<S: Profiled>(schedule: &S, step: u32) -> f64 {
    schedule.rate(schedule.profile(step))
}

impl Piece<'_> {
    /// The step at a place: below 2^32, as all steps of a piece are.
    pub(super) fn step(&self, at: usize) -> u32 {
        self.clock + at as u32
    }

    /// Gives a curve's values, which may be off by `reach`, at `steps` places from `at` on.
    pub(super) fn put<S: Profiled, C: Eights>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        (curve, reach): (&C, Reach),
    ) {
        let (isa, first) = (self.isa, self.step(at));
        match &mut self.sink {
            Sink::Table { out, .. } => {
                let core = |ahead| value(schedule, first + ahead) as f32;
                emit(isa, curve, reach, &mut out[at..at + steps], core);
            }
            Sink::Values(values) => {
                store(isa, curve, &mut values.rates[at..at + steps]);
                values.admit(at, steps, reach);
            }
        }
    }

    /// Gives the same value again and again.
    fn flat(&mut self, rate: f64, at: usize, steps: usize) {
        match &mut self.sink {
            Sink::Table { out, past_caches } => {
                let out = &mut out[at..at + steps];
                if *past_caches && steps >= LONG {
                    self.isa.run(FillPastCaches(rate as f32, out));
                } else {
                    out.fill(rate as f32);
                }
            }
            Sink::Values(values) => values.rates[at..at + steps].fill(rate),
        }
    }

    /// Asks for every step.
    pub(super) fn exact<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize) {
        if steps == 0 {
            return;
        }
        let rates = (self.step(at)..=u32::MAX).map(|step| value(schedule, step));
        match &mut self.sink {
            Sink::Table { out, .. } => {
                for (out, rate) in out[at..at + steps].iter_mut().zip(rates) {
                    *out = rate as f32;
                }
            }
            Sink::Values(values) => {
                for (out, rate) in values.rates[at..at + steps].iter_mut().zip(rates) {
                    *out = rate;
                }
            }
        }
    }

    /// Multiplies the first rate with what it grows by.
    fn geometric<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, last: u32) {
        let mut done = 0;
        while done < steps {
            let (first, left) = (self.step(at + done), steps - done);
            let ahead = (last - first) as usize;
            let start = value(schedule, first);
            if self.goes_on_alike(schedule, at + done, left, start) {
                return;
            }
            let Some((growth, most)) = self.growth(schedule, first, start, ahead) else {
                return self.exact(schedule, at + done, left);
            };
            let count = left.min(most);
            let last = start * growth.of(count - 1);
            if [start, last].iter().all(|end| RANGE.contains(&end.abs())) {
                // The start, what it grows by, which comes from two values, some roundings, and the core's own.
                let reach = Reach::relative(5.0 * GROWTH_ERROR);
                self.put(schedule, at + done, count, (&growth.from(start), reach));
            } else {
                self.exact(schedule, at + done, count);
            }
            done += count;
        }
    }

    /// Whether nothing is left of an `f32`, or it is infinite, at this step and all later ones: then they are written.
    fn goes_on_alike<S: Profiled>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        start: f64,
    ) -> bool {
        const NOTHING: f64 = 5e-46;
        const INFINITE: f64 = 4e38;
        let size = start.abs();
        if steps < 2 || (NOTHING..=INFINITE).contains(&size) {
            return false;
        }
        let next = value(schedule, self.step(at) + 1);
        let Sink::Table { out, .. } = &mut self.sink else {
            return false;
        };
        let vanished = size < NOTHING && next.abs() <= size;
        let overflowed = size > INFINITE && next.abs() >= size;
        if !vanished && !overflowed {
            return false;
        }
        // The sign may change from step to step.
        let two = [start as f32, next as f32];
        for (out, which) in out[at..at + steps].iter_mut().zip(0..) {
            *out = two[which & 1];
        }
        true
    }

    /// How the schedule grows, and for how many steps that is known; a short course is not worth it.
    fn growth<S: Profiled>(
        &mut self,
        schedule: &S,
        first: u32,
        start: f64,
        ahead: usize,
    ) -> Option<(Growth, usize)> {
        let kind = std::ptr::from_ref(schedule).addr();
        let growths = &mut self.memory.growths;
        let known = growths.iter().position(|known| known.kind == kind);
        let steps = GROWTH.min(ahead + 1);
        if let Some(known) = known.map(|known| &growths[known])
            && known.steps >= steps
        {
            return Some((known.growth, known.steps));
        }
        if steps < WORTH {
            return None;
        }
        let [next, end] = [1, steps - 1].map(|ahead| value(schedule, first + ahead as u32));
        if ![start, end].iter().all(|rate| RANGE.contains(&rate.abs())) {
            return None;
        }
        let rate = (end / start).abs().log2() / (steps - 1) as f64;
        let growth = Growth::new(rate, next.is_sign_negative() != start.is_sign_negative());
        if let Some(known) = known {
            growths.swap_remove(known);
        }
        growths.push(Known {
            kind,
            growth,
            steps,
        });
        Some((growth, steps))
    }

    /// Puts a wave through three rates.
    fn wave<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, turn: f64) {
        for (at, steps) in parts(at, steps, longest_wave(turn)) {
            let first = self.step(at);
            let largest = schedule.taylor(first, first + (steps - 1) as u32, 0);
            if steps < 8 || !SIZES_OF_RATES.contains(&largest) {
                self.exact(schedule, at, steps);
                continue;
            }
            let middle = (steps - 1) / 2;
            let three = [0, middle, 2 * middle].map(|ahead| value(schedule, first + ahead as u32));
            let circle = self.memory.circles.of(turn);
            let (wave, reach) = circle.wave(three, steps, largest);
            self.put(schedule, at, steps, (&wave, reach));
        }
    }

    /// Puts a line through what the rates at both ends are one over, or over the root of.
    fn over_line<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, root: bool) {
        // In between, no power of a rate leaves the normal numbers.
        const RANGE: Range<f64> = 1e-15..1e15;
        for (at, steps) in parts(at, steps, BELOW) {
            let first = self.step(at);
            let ends = [first, first + (steps - 1) as u32].map(|step| value(schedule, step));
            if steps < 4 || !ends.iter().all(|end| RANGE.contains(&end.abs())) {
                self.exact(schedule, at, steps);
                continue;
            }
            let (line, reach) = line_below(root, ends, steps);
            if root {
                let sign = 1_f64.copysign(ends[0]);
                self.put(schedule, at, steps, (&OneOverRoot { line, sign }, reach));
            } else {
                self.put(schedule, at, steps, (&OneOver(line), reach));
            }
        }
    }

    /// Puts polynomials through some of the values.
    pub(super) fn smooth<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, last: u32) {
        let begin = self.step(at);
        if self.line(schedule, at, steps) {
            return;
        }
        let mut done = 0;
        while done < steps {
            let left = steps - done;
            let first = begin + done as u32;
            // The shortest size that covers all that is left, as far as the course goes on ahead or has come so far.
            let covers = |size: usize| {
                size >= left && ((last - first) as usize >= size - 1 || size <= done + left)
            };
            let whole = SIZES.iter().position(|&size| covers(size));
            let within = SIZES.iter().rposition(|&size| size <= left);
            let Some(mut size) = whole.or(within) else {
                return self.exact(schedule, at + done, left);
            };
            size = size.min(self.memory.size + 1);
            let found = loop {
                let length = SIZES[size];
                let before = if length <= left || (last - first) as usize >= length - 1 {
                    0
                } else {
                    length - left
                };
                let start = first - before as u32;
                if let Some(found) = self.fit(schedule, start, length) {
                    break Some((found, length, before));
                }
                if size == 0 {
                    break None;
                }
                size -= 1;
            };
            let Some(((fit, truncation, largest), length, before)) = found else {
                let count = left.min(SIZES[0]);
                self.exact(schedule, at + done, count);
                done += count;
                continue;
            };
            self.memory.size = size;
            let start = first - before as u32;
            let mut values = [0.0; MOST];
            for (value_at, offset) in values.iter_mut().zip(&fit.offsets[..fit.count]) {
                *value_at = value(schedule, start + offset);
            }
            let (polynomial, reach) = fit.polynomial(&values, truncation, largest);
            let count = (length - before).min(left);
            fit.with(
                &polynomial,
                before,
                Put {
                    piece: self,
                    schedule,
                    at: at + done,
                    steps: count,
                    reach,
                },
            );
            done += count;
        }
    }

    /// Whether it is a straight line: then it is put through both ends.
    fn line<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize) -> bool {
        let (first, last) = (self.step(at), self.step(at + steps - 1));
        if steps < 8 || schedule.taylor(first, last, 2) != 0.0 {
            return false;
        }
        let largest = schedule.taylor(first, last, 0);
        if !SIZES_OF_RATES.contains(&largest) {
            return false;
        }
        let ends = [first, last].map(|step| value(schedule, step));
        let line = Line {
            begin: ends[0],
            step: (ends[1] - ends[0]) / f64::from(last - first),
        };
        // The ends share their errors, and the core has its own; then the step is rounded twice, and a product and a sum.
        let reach = Reach::absolute(largest * (2.0 * VALUE_ERROR + 4.0 * UNIT));
        self.put(schedule, at, steps, (&line, reach));
        true
    }

    /// The cheapest polynomial that is good enough for a piece, how far it is off, and the largest rate.
    fn fit<S: Profiled>(
        &mut self,
        schedule: &S,
        start: u32,
        length: usize,
    ) -> Option<(&'static Fit, f64, f64)> {
        let last = start + (length - 1) as u32;
        let largest = schedule.taylor(start, last, 0);
        if !SIZES_OF_RATES.contains(&largest) {
            return None;
        }
        let fits = fits(length);
        let truncation = |fit: &Fit| fit.truncation(schedule.taylor(start, last, fit.count as u32));
        let is_good = |truncation: f64| truncation <= TRUNCATION * largest;
        // Most pieces are like the one before.
        let mut at = self.memory.fit.min(fits.len() - 1);
        let mut found = truncation(&fits[at]);
        if is_good(found) {
            while at > 0 {
                let fewer = truncation(&fits[at - 1]);
                if !is_good(fewer) {
                    break;
                }
                (at, found) = (at - 1, fewer);
            }
        } else {
            while !is_good(found) {
                at += 1;
                found = truncation(fits.get(at)?);
            }
        }
        self.memory.fit = at;
        Some((&fits[at], found, largest))
    }
}

/// So many places from `at` on in parts of no more than `most`.
pub(super) fn parts(at: usize, count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (at..at + count)
        .step_by(most)
        .map(move |begin| (begin, most.min(at + count - begin)))
}

/// Puts a polynomial where it belongs.
struct Put<'a, 'p, 's, S> {
    piece: &'a mut Piece<'p>,
    schedule: &'s S,
    at: usize,
    steps: usize,
    reach: Reach,
}

impl<S: Profiled> CurveUser for Put<'_, '_, '_, S> {
    fn take<C: Eights>(self, curve: C) {
        self.piece
            .put(self.schedule, self.at, self.steps, (&curve, self.reach));
    }
}

/// Writes the same rate again and again, past the caches.
struct FillPastCaches<'a>(f32, &'a mut [f32]);

impl Kernel for FillPastCaches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        L::fill_past_caches(self.0, self.1);
    }
}
