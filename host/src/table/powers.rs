//! Pieces that are powers of a distance, of a rest, or one over an exponential and 1: which of the curves, and through which rate.

use std::f64::consts::LOG2_E;
use std::ops::Range;

use hairpin_core::Profiled;

use super::growth::Growth;
use super::piece::{GROWTH_ERROR, Piece, RANGE, parts, value};
use super::power::{self, Damped, Distance, Lacking, Logistic, Real, Remembered, Root, Sum, Whole};

/// Steps of a power of a rest: towards its end the rest has fewer digits.
const LACKING: usize = 256;

/// The numbers of a [`Bend::Power`], its rate in doublings.
pub(super) struct Power {
    pub(super) limit: f64,
    pub(super) origin: f64,
    pub(super) exponent: f64,
    pub(super) rate: f64,
}

impl Power {
    /// From the origin to a step.
    fn distance(&self, step: u32) -> f64 {
        f64::from(step) - self.origin
    }

    /// The step between two, both on one side of the origin, at which the power is largest, to within a tenth, and the least logarithm to base 2 of
    /// what another one is of it. None where numbers on the way might not be normal ones.
    fn largest(&self, first: u32, last: u32) -> Option<(u32, f64)> {
        const DISTANCES: Range<f64> = 1e-140..1e140;
        let logarithm = |step: u32| {
            let distance = self.distance(step).abs();
            // What grows is measured from the first step, so that no digits are lost far out.
            let grown = self.rate * (f64::from(step) - f64::from(first));
            DISTANCES
                .contains(&distance)
                .then(|| self.exponent * distance.log2() + grown)
        };
        // Where the derivative of the logarithm is 0, if anywhere.
        let between = self.origin - self.exponent / self.rate * LOG2_E;
        let between = (between.round() as u32).clamp(first, last);
        let (mut largest, mut low, mut high) = (first, f64::INFINITY, f64::NEG_INFINITY);
        for step in [first, last, between] {
            let logarithm = logarithm(step)?;
            if logarithm > high {
                (largest, high) = (step, logarithm);
            }
            low = low.min(logarithm);
        }
        let lowest = low - high;
        // Not "below": an exponent may be infinitely large by now.
        (lowest >= power::LOWEST).then_some((largest, lowest))
    }
}

impl Piece<'_> {
    /// Puts a power of the distance from its origin through one of the rates. A distance of 0 is left to the core.
    pub(super) fn power<S: Profiled>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        power: &Power,
    ) {
        let is_origin = |place: usize| power.distance(self.step(place)) == 0.0;
        let ahead = usize::from(is_origin(at));
        let behind = usize::from(steps > 1 && is_origin(at + steps - 1));
        let (begin, count) = (at + ahead, steps - ahead - behind);
        self.exact(schedule, at, ahead);
        self.exact(schedule, begin + count, behind);
        if count == 0 {
            return;
        }
        let first = self.step(begin);
        let known = power.largest(first, first + (count - 1) as u32);
        let Some((largest, lowest)) = known.filter(|_| count >= 8) else {
            return self.exact(schedule, begin, count);
        };
        let Power {
            limit,
            exponent,
            rate,
            ..
        } = *power;
        let term = value(schedule, largest) - limit;
        let (size, beside) = (term.abs(), limit.abs());
        // Where the limit is 0 all of it counts; else what is far below the limit may lose digits.
        let least = if limit == 0.0 { RANGE.start } else { 0.0 };
        let is_alone = limit == 0.0 || RANGE.contains(&beside);
        if !is_alone || !(least..RANGE.end).contains(&size) {
            return self.exact(schedule, begin, count);
        }
        let sum = Sum { limit, term };
        let begins = power.distance(first);
        let known = power.distance(largest).abs();
        let distance = Distance {
            begin: begins.abs(),
            step: 1_f64.copysign(begins),
            share: 1.0 / known,
        };
        let reach = power::reach(GROWTH_ERROR, limit, exponent, lowest);
        macro_rules! put {
            ($curve:expr) => {
                self.put(schedule, begin, count, (&$curve, reach))
            };
        }
        if rate != 0.0 {
            if exponent != 1.0 {
                return self.exact(schedule, begin, count);
            }
            let ahead = rate * (f64::from(first) - f64::from(largest));
            put!(Damped {
                sum,
                distance,
                growth: Growth::new(rate, false).from(ahead.exp2()),
            });
        } else if exponent == 0.5 {
            put!(Root(sum, distance));
        } else if exponent == 2.0 {
            put!(Whole::<2>(sum, distance));
        } else if exponent == 3.0 {
            put!(Whole::<3>(sum, distance));
        } else if exponent == 4.0 {
            put!(Whole::<4>(sum, distance));
        } else if exponent == 5.0 {
            put!(Whole::<5>(sum, distance));
        } else {
            let ends = [first, first + (count - 1) as u32].map(|step| power.distance(step).abs());
            if let Some(distances) = Remembered::of(ends, known) {
                put!(Real {
                    sum,
                    exponent,
                    distances
                });
            } else {
                put!(Real {
                    sum,
                    exponent,
                    distances: distance
                });
            }
        }
    }

    /// Puts a power of what a power of the share done lacks to 1 between its rates at both ends.
    pub(super) fn lacking<S: Profiled>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        lacking: (f64, f64, [f64; 2]),
    ) {
        let (limit, span, [k, exponent]) = lacking;
        let sum = Sum {
            limit,
            term: value(schedule, 0) - limit,
        };
        let (size, beside) = (sum.term.abs(), limit.abs());
        let is_normal = RANGE.contains(&size) && (beside == 0.0 || RANGE.contains(&beside));
        // Where nothing or all of it is done.
        let ahead = usize::from(self.step(at) == 0);
        let behind = usize::from(steps > ahead && f64::from(self.step(at + steps - 1)) == span);
        self.exact(schedule, at, ahead);
        self.exact(schedule, at + steps - behind, behind);
        for (at, steps) in parts(at + ahead, steps - ahead - behind, LACKING) {
            let ends = [at, at + steps - 1].map(|at| f64::from(self.step(at)));
            let shares = ends.map(|end| end / span);
            let reach = power::lacking_reach(GROWTH_ERROR, sum, [k, exponent], shares);
            match (reach, Remembered::of(ends, span)) {
                (Some(reach), Some(distances)) if is_normal && steps >= 8 => {
                    let curve = Lacking {
                        sum,
                        exponent,
                        k,
                        distances,
                    };
                    self.put(schedule, at, steps, (&curve, reach));
                }
                _ => self.smooth(schedule, at, steps, span as u32),
            }
        }
    }

    /// Puts one over an exponential and 1 through the larger of the rates at both ends.
    pub(super) fn logistic<S: Profiled>(
        &mut self,
        schedule: &S,
        at: usize,
        steps: usize,
        (limit, begin, rate, last): (f64, f64, f64, u32),
    ) {
        let ends = [self.step(at), self.step(at + steps - 1)];
        let exponents = ends.map(|step| (begin + rate * f64::from(step)) * LOG2_E);
        let [first_exponent, last_exponent] = exponents;
        let (largest, least) = if first_exponent < last_exponent {
            (ends[0], first_exponent)
        } else {
            (ends[1], last_exponent)
        };
        let farthest = [begin * LOG2_E, first_exponent, last_exponent]
            .map(f64::abs)
            .into_iter()
            .fold(0.0, f64::max);
        let term = (value(schedule, largest) - limit) * (1.0 + least.exp2());
        let (size, beside) = (term.abs(), limit.abs());
        let is_normal = RANGE.contains(&size) && (beside == 0.0 || RANGE.contains(&beside));
        if steps < 8 || !(farthest <= -power::LOWEST) || !is_normal {
            return self.smooth(schedule, at, steps, last);
        }
        let curve = Logistic {
            sum: Sum { limit, term },
            begin: first_exponent,
            rate: rate * LOG2_E,
        };
        // The exponent is off by roundings of what it was at step 0 and is at the ends.
        let reach = power::reach(GROWTH_ERROR, limit, 0.0, 2.0 * farthest);
        self.put(schedule, at, steps, (&curve, reach));
    }
}
