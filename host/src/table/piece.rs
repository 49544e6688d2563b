//! The rates of one kind at some steps in a row, from as few evaluations as its course allows.

use std::rc::Rc;

use hairpin_core::{Bend, KindVisitor, Profiled};

use super::fit::{Fit, MOST, SIZES, fits};
use super::values::Values;
use crate::lanes::Isa;

/// A polynomial may be off by this share of the largest rate: about one step in ten thousand is then asked for again.
const TRUNCATION: f64 = 4e-12;

/// Steps with a ratio of their own; the others are products of two.
const RATIOS: usize = 16;

/// The steps from which on a course is worth ratios of its own.
const WORTH: usize = 64;

/// What is remembered from piece to piece of a row.
#[derive(Default)]
pub(super) struct Memory {
    growths: Vec<Growth>,
    /// The size of the last piece that a polynomial was found for, as an index of [`SIZES`], and that polynomial's.
    size: usize,
    fit: usize,
}

/// How much a kind grows in 0, 1, 2, … steps, up to 255 or to the end of its course.
struct Growth {
    /// Where the kind is in memory: it does not move while its row is filled.
    kind: usize,
    ratios: Rc<[f64]>,
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
    pub(super) values: &'a mut Values,
    pub(super) memory: &'a mut Memory,
}

impl KindVisitor for Piece<'_> {
    type Output = ();

    fn visit<S: Profiled>(mut self, schedule: &S) {
        let mut at = 0;
        while at < self.values.steps {
            // Below 2^32, as all steps of a piece are.
            let first = self.clock + at as u32;
            let course = schedule.course(first);
            let ahead = (course.last - first) as usize;
            let steps = (self.values.steps - at).min(ahead.saturating_add(1));
            match course.bend {
                Bend::Flat => self.values.rates[at..at + steps].fill(value(schedule, first)),
                Bend::Geometric => self.geometric(schedule, at, steps, course.last),
                Bend::Smooth => self.smooth(schedule, at, steps, course.last),
                Bend::Unknown => self.exact(schedule, at, steps),
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
        // In between, no product of a rate and its growth leaves the normal numbers.
        const RANGE: std::ops::Range<f64> = 1e-150..1e150;
        let first = self.clock + at as u32;
        if steps < 2 {
            return self.exact(schedule, at, steps);
        }
        let two = [value(schedule, first), value(schedule, first + 1)];
        let sizes = two.map(f64::abs);
        let vanished = sizes[0] < NOTHING && sizes[1] <= sizes[0];
        let overflowed = sizes[0] > INFINITE && sizes[1] >= sizes[0];
        if vanished || overflowed {
            for (rate, which) in self.values.rates[at..at + steps].iter_mut().zip(0..) {
                // The sign may change from step to step.
                *rate = two[which & 1];
            }
            return;
        }
        let key = std::ptr::from_ref(schedule).addr();
        let ahead = (last - first) as usize;
        let known = self.memory.growths.iter().position(|growth| {
            growth.kind == key
                && (growth.ratios.len() == RATIOS * RATIOS || growth.ratios.len() > ahead)
        });
        let ratios = match known {
            Some(known) => Rc::clone(&self.memory.growths[known].ratios),
            None if ahead < WORTH => return self.exact(schedule, at, steps),
            None => {
                let ratio = |ahead: usize| value(schedule, first + ahead as u32) / two[0];
                let near: [f64; RATIOS] = std::array::from_fn(ratio);
                let ratios: Rc<[f64]> = (0..(RATIOS * RATIOS).min(ahead + 1))
                    .step_by(RATIOS)
                    .flat_map(|begin| {
                        let far = ratio(begin);
                        near.map(|near| far * near)
                    })
                    .take(ahead + 1)
                    .collect();
                self.memory.growths.push(Growth {
                    kind: key,
                    ratios: Rc::clone(&ratios),
                });
                ratios
            }
        };
        let mut done = 0;
        while done < steps {
            let count = (steps - done).min(ratios.len());
            let start = value(schedule, first + done as u32);
            let ends = [start, ratios[count - 1], start * ratios[count - 1]];
            if !ends.iter().all(|end| RANGE.contains(&end.abs())) {
                self.exact(schedule, at + done, count);
            } else {
                let rates = &mut self.values.rates[at + done..at + done + count];
                for (rate, ratio) in rates.iter_mut().zip(ratios.iter()) {
                    *rate = start * ratio;
                }
                // Five values, each off by 2^-40, and three roundings.
                self.values.admit(0.0, 8.0 / (1_u64 << 40) as f64);
            }
            done += count;
        }
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
        if !largest.is_finite() {
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
