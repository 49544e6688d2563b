//! Pieces that are powers of a distance, of a rest, or one over an exponential and 1: which of the curves, and through which rate.

use std::f64::consts::LOG2_E;
use std::ops::Range;

use hairpin_core::Profiled;

use super::emit::LONGEST;
use super::growth::Rate;
use super::plan::{Curve, GROWTH_ERROR, Planner, RANGE, SHORT, step};
use super::power::{
    self, Distance, Lacking, Logistic, Real, Remembered, Rest, Root, Steps, Sum, Whole,
};
use crate::lanes::EIGHT;

/// Steps of a root of a rest: towards its end the rest has fewer digits, and a root has fewer still.
const ROOT_OF_REST: usize = 256;

/// The numbers of a [`Bend::Power`](hairpin_core::Bend::Power).
pub(super) struct Power {
    pub(super) limit: f64,
    pub(super) origin: f64,
    pub(super) exponent: f64,
    pub(super) rate: Rate,
}

impl Power {
    /// From the origin to a step.
    fn distance(&self, step: u32) -> f64 {
        f64::from(step) - self.origin
    }

    /// The step between two, both on one side of the origin, at which the power is largest, or one beside it: from a whole origin on, no term is then one
    /// and a half times that one. And what the logarithm to base 2 of another one as a share of it is not below, less what something grows by. None where
    /// numbers on the way might not be normal ones, or where what grows is no line from a whole step on.
    #[inline(always)]
    fn largest(&self, first: u32, last: u32) -> Option<(u32, f64)> {
        const DISTANCES: Range<f64> = 1e-140..1e140;
        let doublings = self.rate.doublings;
        let distance = |step: u32| self.distance(step).abs();
        let is_after = self.distance(first) > 0.0;
        let largest = if doublings == 0.0 {
            if is_after == (self.exponent > 0.0) {
                last
            } else {
                first
            }
        } else if self.exponent != 1.0 || self.origin as i64 as f64 != self.origin {
            return None;
        } else if is_after == (doublings > 0.0) {
            // The distance and what grows get larger the same way.
            if is_after { last } else { first }
        } else {
            // Where the derivative of the logarithm is 0, or as near to it as the steps are.
            let turn = self.origin - LOG2_E / doublings;
            (turn as u32).clamp(first, last)
        };
        let known = distance(largest);
        let mut lowest = 0.0_f64;
        for end in [first, last] {
            let distance = distance(end);
            if !(DISTANCES.contains(&distance) && DISTANCES.contains(&known)) {
                return None;
            }
            // Whole numbers beyond both logarithms will do.
            let exponents = [distance, known].map(|distance| (distance.to_bits() >> 52) as f64);
            let apart = (exponents[0] - exponents[1]).abs() + 1.0;
            let grown = doublings * (f64::from(end) - f64::from(largest));
            lowest = lowest.min(grown - self.exponent.abs() * apart);
        }
        lowest -= (doublings * (f64::from(last) - f64::from(first))).abs();
        // Not "below": an exponent may be infinitely large by now.
        (lowest >= power::LOWEST).then_some((largest, lowest))
    }

    /// Whether the curve goes on through the origin: where there is nothing beside the term, its rate is 0, and each part of which it is one in doubt.
    fn has_origin(&self) -> bool {
        let is_alone = self.limit == 0.0;
        let of_steps = if self.rate.doublings == 0.0 {
            [0.5, 2.0, 3.0, 4.0, 5.0].contains(&self.exponent)
        } else {
            self.exponent == 1.0
        };
        of_steps && !is_alone
    }
}

impl<S: Profiled> Planner<'_, S> {
    /// Puts a power of the distance from its origin through one of the rates.
    #[inline(always)]
    pub(super) fn power(&mut self, first: u32, steps: usize, power: &Power) {
        let is_origin = |place: usize| power.distance(step(first, place)) == 0.0;
        let has_origin = power.has_origin();
        if is_origin(0) && (!has_origin || steps <= EIGHT) {
            return self.plan.exact(1);
        }
        let steps = steps - usize::from(is_origin(steps - 1) && !has_origin);
        if steps < EIGHT {
            return self.plan.exact(steps);
        }
        let most = if power.rate.doublings == 0.0 {
            steps
        } else {
            steps.min(LONGEST)
        };
        let is_planned =
            self.power_of(first, most, power) || self.power_of(first, steps.min(SHORT), power);
        if !is_planned {
            self.plan.exact(steps.min(SHORT));
        }
    }

    /// Tells whether there is one.
    #[inline(always)]
    fn power_of(&mut self, first: u32, count: usize, power: &Power) -> bool {
        const NEAR: Range<f64> = 1e-30..1e30;
        // The ends, or the steps next to them where one is the origin.
        let [begin, end] = [0, count - 1].map(|place| step(first, place));
        let is_origin = |step: u32| power.distance(step) == 0.0;
        let inner = [
            begin + u32::from(is_origin(begin)),
            end - u32::from(is_origin(end)),
        ];
        let Some((largest, lowest)) = power.largest(inner[0], inner[1]) else {
            return false;
        };
        let Power {
            limit,
            exponent,
            rate,
            ..
        } = *power;
        let term = self.value(largest) - limit;
        let (size, beside) = (term.abs(), limit.abs());
        // Where the limit is 0 all of it counts; else what is far below the limit may lose digits.
        let least = if limit == 0.0 { RANGE.start } else { 0.0 };
        let is_alone = limit == 0.0 || RANGE.contains(&beside);
        if !is_alone || !(least..RANGE.end).contains(&size) {
            return false;
        }
        let sum = Sum { limit, term };
        let begins = power.distance(first);
        let known = power.distance(largest).abs();
        let steps = Steps {
            begin: begins.abs(),
            step: 1_f64.copysign(begins),
        };
        let ends = inner.map(|step| power.distance(step).abs());
        // One step from the origin, where all distances have whole powers that are normal numbers.
        let is_near = ends.iter().all(|distance| NEAR.contains(distance));
        let of_steps = |exponent| Sum {
            limit,
            term: term / known.powi(exponent),
        };
        let reach = power::reach(GROWTH_ERROR, limit, exponent, lowest);
        let plan = &mut *self.plan;
        if rate.doublings != 0.0 {
            let ahead = rate.doublings * (f64::from(first) - f64::from(largest));
            let begin = of_steps(1).term * ahead.exp2();
            plan.on(Curve::Damped(limit, steps, rate, begin), reach, count);
        } else if exponent == 0.5 && is_near {
            let term = term / known.sqrt();
            let root = Root(Sum { limit, term }, steps);
            plan.on(Curve::Root(root), reach, count);
        } else if exponent == 2.0 && is_near {
            let power = Whole(of_steps(2), steps);
            plan.on(Curve::Square(power), reach, count);
        } else if exponent == 3.0 && is_near {
            let power = Whole(of_steps(3), steps);
            plan.on(Curve::Cube(power), reach, count);
        } else if exponent == 4.0 && is_near {
            let power = Whole(of_steps(4), steps);
            plan.on(Curve::Fourth(power), reach, count);
        } else if exponent == 5.0 && is_near {
            let power = Whole(of_steps(5), steps);
            plan.on(Curve::Fifth(power), reach, count);
        } else if inner != [begin, end] {
            return false;
        } else if let Some(distances) = Remembered::of(ends, known) {
            let power = Real {
                sum,
                exponent,
                distances,
            };
            plan.on(Curve::RealOfWhole(power), reach, count);
        } else {
            let share = 1.0 / known;
            let power = Real {
                sum,
                exponent,
                distances: Distance { steps, share },
            };
            plan.on(Curve::Real(power), reach, count);
        }
        true
    }

    /// Puts a power of what a power of the share done lacks to 1 between its rates at both ends.
    pub(super) fn lacking(
        &mut self,
        first: u32,
        steps: usize,
        (limit, span, [k, exponent]): (f64, f64, [f64; 2]),
    ) {
        // Where nothing or all of it is done.
        if first == 0 || f64::from(first) == span {
            return self.plan.exact(1);
        }
        let is_end = f64::from(step(first, steps - 1)) == span;
        let most = if exponent < 1.0 {
            ROOT_OF_REST
        } else {
            LONGEST
        };
        let steps = (steps - usize::from(is_end)).min(most);
        let sum = Sum {
            limit,
            term: self.value(0) - limit,
        };
        let (size, beside) = (sum.term.abs(), limit.abs());
        let is_normal = RANGE.contains(&size) && (beside == 0.0 || RANGE.contains(&beside));
        let ends = [0, steps - 1].map(|place| f64::from(step(first, place)));
        let shares = ends.map(|end| end / span);
        let reach = power::lacking_reach(GROWTH_ERROR, sum, [k, exponent], shares);
        let is_whole = k.fract() == 0.0 && exponent.fract() == 0.0;
        let curve = if is_whole {
            // A polynomial of higher powers is as good as any other.
            let rest = Rest {
                k: k as u32,
                steps: Steps {
                    begin: ends[0],
                    step: 1.0,
                },
                share: 1.0 / span.powf(k),
            };
            (k.max(exponent) <= 5.0).then_some(Curve::LackingWhole(sum, exponent as u8, rest))
        } else {
            Remembered::of(ends, span).map(|distances| {
                Curve::Lacking(Lacking {
                    sum,
                    exponent,
                    k,
                    distances,
                })
            })
        };
        match (reach, curve) {
            (Some(reach), Some(curve)) if is_normal && steps >= EIGHT => {
                self.plan.on(curve, reach, steps)
            }
            _ => self.plan.smooth(span as u32, steps),
        }
    }

    /// Puts one over an exponential and 1 through the larger of the rates at both ends.
    pub(super) fn logistic(
        &mut self,
        first: u32,
        steps: usize,
        (limit, begin, rate, last): (f64, f64, f64, u32),
    ) {
        let ends = [first, step(first, steps - 1)];
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
        let term = (self.value(largest) - limit) * (1.0 + least.exp2());
        let (size, beside) = (term.abs(), limit.abs());
        let is_normal = RANGE.contains(&size) && (beside == 0.0 || RANGE.contains(&beside));
        if steps < EIGHT || !(farthest <= -power::LOWEST) || !is_normal {
            return self.plan.smooth(last, steps);
        }
        self.plan.on(
            Curve::Logistic(Logistic {
                sum: Sum { limit, term },
                begin: first_exponent,
                rate: rate * LOG2_E,
            }),
            // The exponent is off by roundings of what it was at step 0 and is at the ends.
            power::reach(GROWTH_ERROR, limit, 0.0, 2.0 * farthest),
            steps,
        );
    }
}
