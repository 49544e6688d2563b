//! The rates of one kind at some steps in a row, from as few evaluations as its course allows.

use hairpin_core::{Bend, Course, KindVisitor, Profiled};

use super::fit::{Fit, MOST, SIZES, fits};
use super::inverse::one_over_line;
use super::values::Values;
use super::wave::{Circles, longest_wave};
use crate::lanes::{Isa, Kernel, Lanes};

/// A polynomial may be off by this share of the largest rate. An `f32` of that size is a share of 2^-24 to 2^-23 from the next, so that no more than
/// one step in 7,000 lies within reach of a half.
const TRUNCATION: f64 = 4e-12;

/// Steps with a ratio of their own, 1, 8 and 64 steps apart; the others are products of three.
const RATIOS: usize = 8;

/// The steps from which on a course is worth ratios of its own.
const WORTH: usize = 64;

/// The largest terms of curves that are put together from others: their errors are normal numbers, and none is NaN or 0.
const SIZES_OF_RATES: std::ops::Range<f64> = 1e-290..1e300;

/// Rates whose products and quotients are normal numbers, and so is all that lies between two of them.
const RANGE: std::ops::Range<f64> = 1e-150..1e150;

/// The slowest turn of a wave of which three values are enough.
const SLOWEST: f64 = 1e-6;

/// Multiplies what a rate grows by.
struct Grown<'a> {
    start: f64,
    ratios: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Grown<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (out, ratio) in self.out.iter_mut().zip(self.ratios) {
            *out = self.start * ratio;
        }
    }
}

/// What is remembered from piece to piece of a row.
#[derive(Default)]
pub(super) struct Memory {
    growths: Vec<Growth>,
    circles: Circles,
    /// The size of the last piece that a polynomial was found for, as an index of [`SIZES`], and that polynomial's.
    size: usize,
    fit: usize,
}

/// How much a kind grows in 0, 1, 2, … steps, up to 511 or to the end of its course.
struct Growth {
    /// Where the kind is in memory: it does not move while its row is filled.
    kind: usize,
    ratios: Vec<f64>,
}

impl Memory {
    /// Forgets the kinds of the last row.
    pub(super) fn next_row(&mut self) {
        self.growths.clear();
        self.size = SIZES.len() - 1;
    }
}

/// Fills [`Values`] for the steps from `clock` on.
pub(super) struct Piece<'a> {
    pub(super) isa: Isa,
    pub(super) clock: u32,
    /// Whether the values are rounded as they are: then those beyond `f32` are all alike.
    pub(super) alone: bool,
    pub(super) values: &'a mut Values,
    pub(super) memory: &'a mut Memory,
}

impl KindVisitor for Piece<'_> {
    type Output = ();

    fn visit<S: Profiled>(mut self, schedule: &S) {
        let mut at = 0;
        while at < self.values.rates.len() {
            // Below 2^32, as all steps of a piece are.
            let first = self.clock + at as u32;
            let course = schedule.course(first);
            let ahead = (course.last - first) as usize;
            let steps = (self.values.rates.len() - at).min(ahead.saturating_add(1));
            match course.bend {
                Bend::Flat => self.values.rates[at..at + steps].fill(value(schedule, first)),
                Bend::Geometric => self.geometric(schedule, at, steps, course.last),
                Bend::Smooth => self.smooth(schedule, at, steps, course.last),
                Bend::InverseRoot | Bend::Inverse => {
                    self.one_over_line(schedule, at, steps, course);
                }
                // So slow a wave that its cosines are all 1 is as good as a parabola.
                Bend::Wave { turn } if !(turn > SLOWEST) => {
                    self.smooth(schedule, at, steps, course.last);
                }
                Bend::Wave { turn } => self.wave(schedule, at, steps, turn),
                _ => self.exact(schedule, at, steps),
            }
            at += steps;
        }
    }
}

fn value<S: Profiled>(schedule: &S, step: u32) -> f64 {
    schedule.rate(schedule.profile(step))
}

impl Piece<'_> {
    /// Asks for every step.
    fn exact<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize) {
        let first = self.clock + at as u32;
        for (rate, step) in self.values.rates[at..at + steps]
            .iter_mut()
            .zip(first..=u32::MAX)
        {
            *rate = value(schedule, step);
        }
    }

    /// Multiplies the first rate with what it grows by.
    fn geometric<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, last: u32) {
        // Beyond these nothing is left of an `f32`, or it is infinite, and so are all later ones.
        const NOTHING: f64 = 5e-46;
        const INFINITE: f64 = 4e38;
        let first = self.clock + at as u32;
        if steps < 2 {
            return self.exact(schedule, at, steps);
        }
        let two = [value(schedule, first), value(schedule, first + 1)];
        let sizes = two.map(f64::abs);
        let vanished = sizes[0] < NOTHING && sizes[1] <= sizes[0];
        let overflowed = sizes[0] > INFINITE && sizes[1] >= sizes[0];
        if self.alone && (vanished || overflowed) {
            for (rate, which) in self.values.rates[at..at + steps].iter_mut().zip(0..) {
                // The sign may change from step to step.
                *rate = two[which & 1];
            }
            return;
        }
        let ahead = (last - first) as usize;
        let Some(known) = self.growth(schedule, first, two[0], ahead) else {
            return self.exact(schedule, at, steps);
        };
        // Taken out while the rates are filled.
        let ratios = std::mem::take(&mut self.memory.growths[known].ratios);
        let mut done = 0;
        while done < steps {
            let count = (steps - done).min(ratios.len());
            let start = value(schedule, first + done as u32);
            let ends = [start, ratios[count - 1], start * ratios[count - 1]];
            if !ends.iter().all(|end| RANGE.contains(&end.abs())) {
                self.exact(schedule, at + done, count);
            } else {
                let out = &mut self.values.rates[at + done..at + done + count];
                self.isa.run(Grown {
                    start,
                    ratios: &ratios[..count],
                    out,
                });
                // Seven values, each off by 2^-40, and some roundings; and the core's own.
                self.values.admit(0.0, 9.0 / (1_u64 << 40) as f64);
            }
            done += count;
        }
        self.memory.growths[known].ratios = ratios;
    }

    /// Which of the known growths is that of the schedule, at least as far as it is needed; a short one is not worth it.
    fn growth<S: Profiled>(
        &mut self,
        schedule: &S,
        first: u32,
        start: f64,
        ahead: usize,
    ) -> Option<usize> {
        let kind = std::ptr::from_ref(schedule).addr();
        let growths = &mut self.memory.growths;
        let known = growths.iter().position(|growth| growth.kind == kind);
        let length = (RATIOS * RATIOS * RATIOS).min(ahead + 1);
        if known.is_some_and(|known| growths[known].ratios.len() >= length) {
            return known;
        }
        let end = value(schedule, first + (length - 1) as u32);
        if ahead < WORTH || ![start, end].iter().all(|rate| RANGE.contains(&rate.abs())) {
            return None;
        }
        let known = known.unwrap_or_else(|| {
            growths.push(Growth {
                kind,
                ratios: Vec::new(),
            });
            growths.len() - 1
        });
        // Each is a product of three.
        let every = |distance: usize| {
            std::array::from_fn::<f64, RATIOS, _>(|which| {
                let ahead = which * distance;
                if ahead < length {
                    value(schedule, first + ahead as u32) / start
                } else {
                    1.0
                }
            })
        };
        let (near, far, farthest) = (every(1), every(RATIOS), every(RATIOS * RATIOS));
        let ratios = &mut growths[known].ratios;
        ratios.clear();
        ratios.reserve(RATIOS * RATIOS * RATIOS);
        for farthest in farthest {
            for far in far {
                let far = far * farthest;
                ratios.extend(near.map(|near| near * far));
            }
        }
        ratios.truncate(length);
        Some(known)
    }

    /// Puts a wave through three rates.
    fn wave<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, turn: f64) {
        let longest = longest_wave(turn);
        let mut done = 0;
        while done < steps {
            let count = (steps - done).min(longest);
            let first = self.clock + (at + done) as u32;
            let last = first + (count - 1) as u32;
            let largest = schedule.taylor(first, last, 0);
            if count < 8 || !SIZES_OF_RATES.contains(&largest) {
                self.exact(schedule, at + done, count);
            } else {
                let middle = (count - 1) / 2;
                let three =
                    [0, middle, 2 * middle].map(|ahead| value(schedule, first + ahead as u32));
                let circle = self.memory.circles.of(self.isa, turn);
                let rates = &mut self.values.rates[at + done..at + done + count];
                let off = circle.wave(self.isa, three, rates);
                self.values.admit(off * largest, 0.0);
            }
            done += count;
        }
    }

    /// Puts a line through what the rates at both ends are one over.
    fn one_over_line<S: Profiled>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        course: Course,
    ) {
        // In between, no power of a rate leaves the normal numbers.
        const RANGE: std::ops::Range<f64> = 1e-15..1e15;
        let first = self.clock + at as u32;
        let ends = [first, first + (steps - 1) as u32].map(|step| value(schedule, step));
        if steps < 4 || !ends.iter().all(|end| RANGE.contains(&end.abs())) {
            return self.exact(schedule, at, steps);
        }
        let rates = &mut self.values.rates[at..at + steps];
        let root = course.bend == Bend::InverseRoot;
        let relative = one_over_line(self.isa, root, ends, rates);
        self.values.admit(0.0, relative);
    }

    /// Puts polynomials through some of the values.
    fn smooth<S: Profiled>(&mut self, schedule: &S, at: usize, steps: usize, last: u32) {
        let begin = self.clock + at as u32;
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
            let polynomial = fit.polynomial(&values);
            let count = (length - before).min(left);
            let rates = &mut self.values.rates[at + done..at + done + count];
            fit.evaluate(self.isa, &polynomial, before, rates);
            self.values
                .admit(fit.error(&polynomial, truncation, largest), 0.0);
            done += count;
        }
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
