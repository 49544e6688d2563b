//! Plans: on which curve one kind's rates go on from a step, how far that may be off, and for how many steps.
//!
//! A plan takes a few of the core's rates. It holds as long as the course and the curve do, so that a table that is filled in windows goes on with
//! the one it has.

use std::f64::consts::LOG2_E;
use std::ops::Range;

use hairpin_core::{Bend, Course, Profiled};

use super::emit::{LONGEST, Line, Reach, UNIT};
use super::fit::VALUE_ERROR;
use super::growth::{Growth, Rate};
use super::inverse::{OneOver, OverRoot, OverRootOfWhole, line_below};
use super::power::{Distance, Lacking, Logistic, Real, Remembered, Rest, Root, Steps, Sum, Whole};
use super::powers::Power;
use super::recent::Recent;
use super::wave::{Circle, HalfWaves};
use crate::lanes::{EIGHT, look_at};

/// The steps from which on a course is worth a growth of its own.
const WORTH: usize = 12;

/// Steps of a curve whose ends may be too far apart for a longer one.
pub(super) const SHORT: usize = 512;

/// The largest terms of curves that are put together from others: their errors are normal numbers, and none is NaN or 0.
pub(super) const SIZES_OF_RATES: Range<f64> = 1e-290..1e300;

/// Rates whose products and quotients are normal numbers, and so is all that lies between two of them.
pub(super) const RANGE: Range<f64> = 1e-150..1e150;

/// What a value that grows by a factor or as a power is not off by, as a share of its terms.
pub(super) const GROWTH_ERROR: f64 = 1.0 / (1_u64 << 40) as f64;

/// How rates are found.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// Every step is asked for.
    Exact,
    /// By polynomials up to the last step of a course.
    Smooth(u32),
    /// Two in turn are those of all steps as `f32`.
    InTurn([f32; 2]),
    /// As values of a curve, which may be off by so much.
    Curve(Curve, Reach),
}

/// What rates lie on, in few numbers: what is made from them when it is followed is remembered elsewhere.
#[derive(Clone, Copy)]
pub(super) enum Curve {
    /// The same everywhere.
    Flat(f64),
    Line(Line),
    /// At this rate, from this number on.
    Growth(Rate, f64),
    Wave(HalfWaves),
    /// A power, from 2 to 5, of waves between 0 and 1.
    WavePower(Sum, u8, HalfWaves),
    OneOver(OneOver),
    OverRoot(OverRoot),
    OverRootOfWhole(OverRootOfWhole),
    Root(Root),
    Square(Whole<2>),
    Cube(Whole<3>),
    Fourth(Whole<4>),
    Fifth(Whole<5>),
    RealOfWhole(Real<Remembered>),
    Real(Real<Distance>),
    Lacking(Lacking<Remembered>),
    /// A power, from 1 to 5.
    LackingWhole(Sum, u8, Rest),
    /// A limit, and steps times what grows at this rate, from this number on.
    Damped(f64, Steps, Rate, f64),
    Logistic(Logistic),
}

/// How rates are found from a step on.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) way: Way,
    /// For so many steps, at least one.
    pub(super) steps: usize,
}

impl Plan {
    /// Nothing is planned.
    pub(super) const NONE: Self = Self {
        way: Way::Exact,
        steps: 0,
    };

    /// These are asked for.
    pub(super) const fn exact(&mut self, steps: usize) {
        self.way = Way::Exact;
        self.steps = steps;
    }

    pub(super) const fn smooth(&mut self, last: u32, steps: usize) {
        self.way = Way::Smooth(last);
        self.steps = steps;
    }

    /// On a curve, whose values may be off by so much.
    #[inline(always)]
    pub(super) const fn on(&mut self, curve: Curve, reach: Reach, steps: usize) {
        self.way = Way::Curve(curve, reach);
        self.steps = steps;
    }
}

/// The plans of a row's kinds.
#[derive(Default)]
pub(super) struct Plans {
    known: Vec<Known>,
    growing: Vec<Growing>,
}

/// What plans that are followed are made from.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) growths: Recent<Growth>,
    pub(super) circles: Recent<Circle>,
}

impl Sources {
    /// Has those brought near that are there most often.
    pub(super) fn look_at(&self) {
        if let Some(growth) = self.growths.first() {
            look_at(growth, usize::MAX);
        }
        if let Some(circle) = self.circles.first() {
            look_at(circle, usize::MAX);
        }
    }
}

/// How a kind goes on.
struct Known {
    kind: usize,
    first: u32,
    plan: Plan,
}

/// How a kind grows.
struct Growing {
    kind: usize,
    rate: Rate,
    /// For how many steps from any on.
    steps: usize,
}

impl Plans {
    /// Has it brought near.
    pub(super) fn look_at(&self) {
        for known in self.known.iter().take(2) {
            look_at(known, usize::MAX);
        }
    }

    /// Forgets the kinds of the last row.
    pub(super) fn next_row(&mut self) {
        self.known.clear();
        self.growing.clear();
    }

    /// How a kind goes on from a step on, if that is known: a plan, and the place of the step in it.
    pub(super) fn known<S>(&self, schedule: &S, step: u32) -> Option<(Plan, usize)> {
        let kind = address(schedule);
        let known = self.known.iter().find(|known| known.kind == kind)?;
        let place = step.checked_sub(known.first)? as usize;
        (place < known.plan.steps).then_some((known.plan, place))
    }

    /// Remembers the last plan of a kind.
    pub(super) fn keep<S>(&mut self, schedule: &S, first: u32, plan: Plan) {
        let kind = address(schedule);
        let new = Known { kind, first, plan };
        match self.known.iter_mut().find(|known| known.kind == kind) {
            Some(known) => *known = new,
            None => self.known.push(new),
        }
    }
}

/// Where a kind is in memory: it does not move while its row is filled.
fn address<S>(schedule: &S) -> usize {
    std::ptr::from_ref(schedule).addr()
}

/// Looks ahead for one kind.
pub(super) struct Planner<'a, S> {
    pub(super) schedule: &'a S,
    pub(super) plans: &'a mut Plans,
    pub(super) sources: &'a mut Sources,
    /// What comes of it. It is written where it stays, as to copy what was just written takes longer than to write it.
    pub(super) plan: &'a mut Plan,
}

/// The core's rate, before it is rounded.
pub(super) fn value<S: Profiled>(schedule: &S, step: u32) -> f64 {
    schedule.rate(schedule.profile(step))
}

/// The step that is so many after another: below 2^32, as all steps of a table are.
pub(super) const fn step(first: u32, place: usize) -> u32 {
    first + place as u32
}

impl<S: Profiled> Planner<'_, S> {
    /// How the kind goes on from the first of so many steps, all in this course.
    pub(super) fn plan(mut self, course: &Course, first: u32, steps: usize) {
        match course.bend {
            Bend::Flat => {
                let rate = self.value(first);
                self.plan.on(Curve::Flat(rate), Reach::NONE, steps);
            }
            Bend::Geometric => {
                let ahead = ((course.last - first) as usize).saturating_add(1);
                self.geometric(first, steps, ahead)
            }
            Bend::InverseRoot => self.over_line(first, steps, true),
            Bend::Inverse => self.over_line(first, steps, false),
            Bend::HalfWave {
                limit,
                top,
                ahead,
                turn,
                exponent,
            } => {
                let is_planned = self.half_wave(steps, [limit, top], [ahead, turn], exponent);
                if !is_planned && exponent == 1 {
                    self.plan.exact(steps.min(SHORT));
                } else if !is_planned {
                    self.plan.smooth(course.last, steps);
                }
            }
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
                    rate: Rate {
                        doublings: rate * LOG2_E,
                        alternates: false,
                    },
                };
                self.power(first, steps, &power);
            }
            Bend::PowerOfRest {
                limit,
                span,
                k,
                exponent,
            } => self.lacking(first, steps, (limit, span, [k, exponent])),
            Bend::Logistic { limit, begin, rate } => {
                self.logistic(first, steps, (limit, begin, rate, course.last))
            }
            Bend::Smooth => {
                if !self.line(first, steps) {
                    self.plan.smooth(course.last, steps);
                }
            }
            _ => self.plan.exact(steps),
        }
    }

    pub(super) fn value(&self, step: u32) -> f64 {
        value(self.schedule, step)
    }

    /// Multiplies the first rate with what it grows by.
    fn geometric(&mut self, first: u32, steps: usize, ahead: usize) {
        /// Nothing is left of it in an `f32`.
        const NOTHING: f64 = 5e-46;
        const INFINITE: f64 = 4e38;
        let start = self.value(first);
        let size = start.abs();
        if steps >= 2 && !(NOTHING..=INFINITE).contains(&size) {
            let next = self.value(step(first, 1));
            let vanished = size < NOTHING && next.abs() <= size;
            let overflowed = size > INFINITE && next.abs() >= size;
            if vanished || overflowed {
                // The sign may change from step to step.
                self.plan.way = Way::InTurn([start as f32, next as f32]);
                self.plan.steps = steps;
                return;
            }
        }
        let Some((rate, most)) = self.rate(first, start, ahead) else {
            return self.plan.exact(steps.min(WORTH));
        };
        // Up to where it goes on alike.
        let end = if rate.doublings < 0.0 {
            NOTHING
        } else {
            INFINITE
        };
        let until = (end / size).log2() / rate.doublings;
        let steps = steps.min(most).min((until as usize).saturating_add(2));
        let growth = Growth::known(&mut self.sources.growths, rate);
        let last = start * growth.of(steps - 1);
        if ![start, last].iter().all(|end| RANGE.contains(&end.abs())) {
            return self.plan.exact(steps);
        }
        self.plan.on(
            Curve::Growth(rate, start),
            // The start, what it grows by, which comes from two values, some roundings, and the core's own.
            Reach::relative(5.0 * GROWTH_ERROR),
            steps,
        );
    }

    /// How fast the schedule grows, and for how many steps that is known; a short course is not worth it.
    fn rate(&mut self, first: u32, start: f64, ahead: usize) -> Option<(Rate, usize)> {
        let kind = address(self.schedule);
        let known = self
            .plans
            .growing
            .iter()
            .position(|known| known.kind == kind);
        let most = LONGEST.min(ahead);
        if let Some(known) = known.map(|known| &self.plans.growing[known])
            && known.steps >= most
        {
            return Some((known.rate, known.steps));
        }
        if most < WORTH {
            return None;
        }
        let next = self.value(step(first, 1));
        // Over this many doublings, no rate that an `f32` holds leaves the range.
        const DOUBLINGS: f64 = 300.0;
        let farthest = DOUBLINGS / (next / start).abs().log2().abs();
        let steps = most.min(farthest as usize);
        if steps < WORTH {
            return None;
        }
        let end = self.value(step(first, steps - 1));
        if ![start, end].iter().all(|rate| RANGE.contains(&rate.abs())) {
            return None;
        }
        let rate = Rate {
            doublings: (end / start).abs().log2() / (steps - 1) as f64,
            alternates: next.is_sign_negative() != start.is_sign_negative(),
        };
        let growing = Growing { kind, rate, steps };
        match known {
            Some(known) => self.plans.growing[known] = growing,
            None => self.plans.growing.push(growing),
        }
        Some((rate, steps))
    }

    /// A power of half a wave from its top to its limit; tells whether there is one.
    fn half_wave(
        &mut self,
        steps: usize,
        [limit, top]: [f64; 2],
        [ahead, turn]: [f64; 2],
        exponent: u8,
    ) -> bool {
        let steps = steps.min(LONGEST);
        let term = top - limit;
        let size = limit.abs() + term.abs();
        if steps < EIGHT || !(1..=5).contains(&exponent) || !SIZES_OF_RATES.contains(&size) {
            return false;
        }
        // The core's own, and that of the term.
        let values = 1.0 / (1_u64 << 47) as f64 + UNIT;
        let between = if exponent == 1 {
            [limit, term]
        } else {
            [0.0, 1.0]
        };
        let Some((waves, off)) = HalfWaves::of(turn, ahead, between, steps) else {
            return false;
        };
        if exponent == 1 {
            let reach = Reach::absolute(size * (values + off));
            self.plan.on(Curve::Wave(waves), reach, steps);
        } else {
            // A power of what is not above 1 is off by as many times as much, and some roundings.
            let power = f64::from(exponent) * (off + 4.0 * UNIT);
            let reach = Reach::absolute(size * (values + power + 4.0 * UNIT));
            let sum = Sum { limit, term };
            self.plan
                .on(Curve::WavePower(sum, exponent, waves), reach, steps);
        }
        true
    }

    /// Puts a line through what the rates at both ends are one over, or over the root of.
    fn over_line(&mut self, first: u32, steps: usize, root: bool) {
        // In between, no power of a rate leaves the normal numbers.
        const RANGE: Range<f64> = 1e-15..1e15;
        /// So near, one value in 64,000 is asked for.
        const NEAR: f64 = 1.0 / (1_u64 << 41) as f64;
        let begin = self.value(first);
        for steps in [steps, steps.min(SHORT)] {
            let ends = [begin, self.value(step(first, steps - 1))];
            if steps < 4 || !ends.iter().all(|end| RANGE.contains(&end.abs())) {
                continue;
            }
            let (line, reach) = line_below(root, ends, steps);
            // The farther the ends are apart the less is known of the smaller one.
            if reach.relative > NEAR && steps > SHORT {
                continue;
            }
            let whole = OverRootOfWhole::of(line, begin, steps).filter(|_| root);
            if let Some((roots, more)) = whole {
                return self.plan.on(
                    Curve::OverRootOfWhole(roots),
                    Reach::relative(reach.relative + more),
                    steps,
                );
            }
            if root {
                let number = 1_f64.copysign(begin);
                let curve = OverRoot { line, number };
                return self.plan.on(Curve::OverRoot(curve), reach, steps);
            }
            return self.plan.on(Curve::OneOver(OneOver(line)), reach, steps);
        }
        self.plan.exact(steps.min(SHORT));
    }

    /// Puts a line through both ends, where it is a straight one; tells whether it is.
    fn line(&mut self, first: u32, steps: usize) -> bool {
        let last = step(first, steps - 1);
        if steps < EIGHT || self.schedule.taylor(first, last, 2) != 0.0 {
            return false;
        }
        let largest = self.schedule.taylor(first, last, 0);
        if !SIZES_OF_RATES.contains(&largest) {
            return false;
        }
        let [begin, end] = [first, last].map(|step| self.value(step));
        let line = Line {
            begin,
            step: (end - begin) / f64::from(last - first),
        };
        self.plan.on(
            Curve::Line(line),
            // The ends share their errors, and the core has its own; then the step is rounded twice, and a product and a sum.
            Reach::absolute(largest * (2.0 * VALUE_ERROR + 4.0 * UNIT)),
            steps,
        );
        true
    }
}
