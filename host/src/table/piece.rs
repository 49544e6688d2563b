//! The rates of one kind at some steps in a row, from as few evaluations as its course allows.

use hairpin_core::{Bend, KindVisitor, Profiled};

use super::emit::Reach;
use super::fit::{CurveUser, Fit, MOST, SIZES, fits};
use super::plan::{Curve, Plan, Planner, Plans, SIZES_OF_RATES, Sources, Way, step, value};
use super::sink::Sink;
use crate::lanes::{EIGHT, Eights, Isa, look_at};

/// A polynomial may be off by this share of the largest rate. An `f32` of that size is a share of 2^-24 to 2^-23 from the next, so that no more than
/// one step in 7,000 lies within reach of a half.
const TRUNCATION: f64 = 4e-12;

/// Steps of which nothing is known that are worth asking whether another row shares them.
const SHARED: usize = 512;

/// What is remembered from piece to piece of a row.
pub(super) struct Memory {
    ahead: Option<Ahead>,
    plans: Plans,
    sources: Sources,
    sizes: Sizes,
}

/// The size of the last piece that a polynomial was found for, as an index of [`SIZES`], and that polynomial's.
struct Sizes {
    size: usize,
    fit: usize,
}

impl Memory {
    /// Of a row whose kinds are not known.
    pub(super) fn new() -> Self {
        Self {
            ahead: None,
            plans: Plans::default(),
            sources: Sources::default(),
            sizes: Sizes {
                size: SIZES.len() - 1,
                fit: 0,
            },
        }
    }

    /// Has it brought near.
    pub(super) fn look_at(&self) {
        look_at(&self.ahead, usize::MAX);
        self.plans.look_at();
        self.sources.look_at();
    }

    /// Forgets the kinds of the last row.
    pub(super) fn next_row(&mut self) {
        self.ahead = None;
        self.plans.next_row();
        self.sizes.size = SIZES.len() - 1;
    }

    /// Whether it is known how the row goes on from a step on.
    pub(super) fn goes_on(&self, step: u32) -> bool {
        self.ahead(step).is_some()
    }

    /// How the row goes on from a step on, and for how many steps, if that is known.
    pub(super) fn ahead(&self, step: u32) -> Option<(&Ahead, usize)> {
        let ahead = self.ahead.as_ref()?;
        let place = ahead.place(step)?;
        Some((ahead, ahead.plan.steps - place))
    }

    /// Goes on with the row from a step on, as far as it is known how; tells for how many steps. `core` is the row's own rate at a step.
    pub(super) fn go_on(
        &mut self,
        isa: Isa,
        step: u32,
        out: &mut [f32],
        past_caches: bool,
        core: &dyn Fn(u32) -> f32,
    ) -> usize {
        let Some(ahead) = &self.ahead else {
            return 0;
        };
        let (Some(place), Some(curve)) = (ahead.place(step), ahead.curve()) else {
            return 0;
        };
        let cells = 0..out.len().min(ahead.plan.steps - place);
        let steps = cells.len();
        let mut sink = Sink::Table {
            first: step,
            out,
            past_caches,
        };
        let core = |after| core(ahead.first + after);
        sink.follow(isa, curve, place, cells, &mut self.sources, &core);
        steps
    }
}

/// On which curve a row goes on from one of its steps on.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    pub(super) first: u32,
    pub(super) plan: Plan,
}

impl Ahead {
    /// The curve, and how far it may be off.
    pub(super) const fn curve(&self) -> Option<(&Curve, Reach)> {
        match &self.plan.way {
            Way::Curve(curve, reach) => Some((curve, *reach)),
            _ => None,
        }
    }

    /// Where a step is on the curve, if it is.
    fn place(&self, step: u32) -> Option<usize> {
        let place = step.checked_sub(self.first)? as usize;
        (place < self.plan.steps).then_some(place)
    }
}

/// Looks ahead of a row from one of its steps on: tells on which curves it goes on, and for how many steps that is known then.
pub(super) struct Look<'a, F> {
    /// The row's step, and what it is to the kind.
    pub(super) first: u32,
    pub(super) clock: u32,
    /// For at least so many steps, of no more than are wanted.
    pub(super) steps: usize,
    pub(super) wanted: usize,
    pub(super) memory: &'a mut Memory,
    /// Takes each curve, and says whether to go on.
    pub(super) found: &'a mut F,
}

impl<F: FnMut(&Ahead) -> bool> KindVisitor for Look<'_, F> {
    type Output = Option<usize>;

    fn visit<S: Profiled>(self, schedule: &S) -> Option<usize> {
        let Memory {
            ahead: last,
            plans,
            sources,
            ..
        } = self.memory;
        let mut ahead = Ahead {
            first: self.first,
            plan: Plan::NONE,
        };
        let mut at = 0;
        while at < self.steps.min(self.wanted) {
            let clock = step(self.clock, at);
            let course = schedule.course(clock);
            let left = ((course.last - clock) as usize).saturating_add(1);
            let planner = Planner {
                schedule,
                plans: &mut *plans,
                sources: &mut *sources,
                plan: &mut ahead.plan,
            };
            planner.plan(&course, clock, left.min(self.wanted - at));
            match ahead.plan.way {
                Way::Curve(..) => {}
                // Between two curves there may be a step or some that are on none.
                Way::Exact | Way::Smooth(_) if ahead.plan.steps < EIGHT => {
                    let rate = Curve::Flat(value(schedule, clock));
                    ahead.plan.on(rate, Reach::NONE, 1);
                }
                _ => return None,
            }
            ahead.first = step(self.first, at);
            if !(self.found)(&ahead) {
                return None;
            }
            at += ahead.plan.steps;
        }
        *last = Some(ahead);
        Some(at)
    }
}

/// Gives the rates of the steps from `clock` on.
pub(super) struct Piece<'a> {
    pub(super) isa: Isa,
    pub(super) clock: u32,
    pub(super) sink: Sink<'a>,
    /// Steps that will be asked for in all, with those of the sink.
    pub(super) wanted: usize,
    pub(super) memory: &'a mut Memory,
}

/// How far a piece came.
pub(super) struct Given {
    /// So many rates were given.
    pub(super) steps: usize,
    /// Of so many that follow nothing is known: another row may have asked for them. For a table only.
    pub(super) unknown: usize,
}

impl KindVisitor for Piece<'_> {
    type Output = Given;

    fn visit<S: Profiled>(self, schedule: &S) -> Given {
        let Memory {
            ahead,
            plans,
            sources,
            sizes,
        } = self.memory;
        let mut filling = Filling {
            isa: self.isa,
            clock: self.clock,
            sink: self.sink,
            sizes,
            schedule,
        };
        let mut given = Given {
            steps: 0,
            unknown: 0,
        };
        if let Some((plan, place)) = plans.known(schedule, self.clock) {
            given.steps = filling.follow(&plan, place, 0, sources);
        }
        while given.steps < filling.sink.len() {
            let at = given.steps;
            let first = filling.step(at);
            let course = schedule.course(first);
            let left = ((course.last - first) as usize).saturating_add(1);
            let room = filling.sink.len() - at;
            match course.bend {
                // Not worth a plan, as nothing goes on with it.
                Bend::Flat if left < room => {
                    let rate = value(schedule, first);
                    filling.sink.flat(self.isa, rate, at..at + left);
                    given.steps += left;
                    continue;
                }
                Bend::Unknown if left >= SHARED && filling.sink.is_table() => {
                    given.unknown = room.min(left);
                    break;
                }
                _ => {}
            }
            let wanted = (self.wanted - at).min(left);
            let mut plan = Plan::NONE;
            let planner = Planner {
                schedule,
                plans: &mut *plans,
                sources: &mut *sources,
                plan: &mut plan,
            };
            planner.plan(&course, first, wanted);
            given.steps += filling.follow(&plan, 0, at, sources);
            if given.steps == filling.sink.len() && course.bend != Bend::Unknown {
                match (plan.way, &filling.sink) {
                    // What is decided by one kind alone is remembered for the row.
                    (Way::Curve(..), Sink::Table { first, .. }) => {
                        let first = step(*first, at);
                        *ahead = Some(Ahead { first, plan });
                    }
                    _ => plans.keep(schedule, first, plan),
                }
            }
        }
        given
    }
}

/// Fills a sink with the rates of one kind.
struct Filling<'a, 's, S> {
    isa: Isa,
    clock: u32,
    sink: Sink<'a>,
    sizes: &'a mut Sizes,
    schedule: &'s S,
}

impl<S: Profiled> Filling<'_, '_, S> {
    /// The step at a place of the sink.
    const fn step(&self, at: usize) -> u32 {
        step(self.clock, at)
    }

    /// Goes on as planned, from a place of the plan on; tells for how many steps.
    fn follow(&mut self, plan: &Plan, place: usize, at: usize, sources: &mut Sources) -> usize {
        let steps = (self.sink.len() - at).min(plan.steps - place);
        match &plan.way {
            Way::Exact => self.exact(at, steps),
            Way::Smooth(last) => self.smooth(at, steps, *last),
            Way::InTurn(two) => self.in_turn(*two, place, at, steps),
            Way::Curve(curve, reach) => {
                let (schedule, first) = (self.schedule, self.step(at) - place as u32);
                let core = |ahead| value(schedule, first + ahead) as f32;
                let cells = at..at + steps;
                let curve = (curve, *reach);
                self.sink
                    .follow(self.isa, curve, place, cells, sources, &core);
            }
        }
        steps
    }

    /// Gives two rates in turn, which are those of `f32` alone.
    fn in_turn(&mut self, two: [f32; 2], place: usize, at: usize, steps: usize) {
        match &mut self.sink {
            Sink::Table { out, .. } => {
                for (out, which) in out[at..at + steps].iter_mut().zip(place..) {
                    *out = two[which & 1];
                }
            }
            Sink::Values(_) => self.exact(at, steps),
        }
    }

    /// Asks for every step.
    fn exact(&mut self, at: usize, steps: usize) {
        let schedule = self.schedule;
        let rates = (self.step(at)..=u32::MAX).map(|step| value(schedule, step));
        match &mut self.sink {
            Sink::Table { out, .. } => {
                for (out, rate) in out[at..at + steps].iter_mut().zip(rates) {
                    *out = rate as f32;
                }
            }
            Sink::Values(values) => {
                for (out, rate) in values.rates()[at..at + steps].iter_mut().zip(rates) {
                    *out = rate;
                }
            }
        }
    }

    /// Puts polynomials through some of the values.
    fn smooth(&mut self, at: usize, steps: usize, last: u32) {
        let begin = self.step(at);
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
                return self.exact(at + done, left);
            };
            size = size.min(self.sizes.size + 1);
            let found = loop {
                let length = SIZES[size];
                let before = if length <= left || (last - first) as usize >= length - 1 {
                    0
                } else {
                    length - left
                };
                let start = first - before as u32;
                if let Some(found) = self.fit(start, length) {
                    break Some((found, length, before));
                }
                if size == 0 {
                    break None;
                }
                size -= 1;
            };
            let Some(((fit, truncation, largest), length, before)) = found else {
                let count = left.min(SIZES[0]);
                self.exact(at + done, count);
                done += count;
                continue;
            };
            self.sizes.size = size;
            let start = first - before as u32;
            let mut values = [0.0; MOST];
            for (value_at, offset) in values.iter_mut().zip(&fit.offsets[..fit.count]) {
                *value_at = value(self.schedule, start + offset);
            }
            let (polynomial, reach) = fit.polynomial(&values, truncation, largest);
            let count = (length - before).min(left);
            fit.with(
                &polynomial,
                before,
                Put {
                    filling: self,
                    at: at + done,
                    steps: count,
                    reach,
                },
            );
            done += count;
        }
    }

    /// The cheapest polynomial that is good enough for a piece, how far it is off, and the largest rate.
    fn fit(&mut self, start: u32, length: usize) -> Option<(&'static Fit, f64, f64)> {
        let schedule = self.schedule;
        let last = start + (length - 1) as u32;
        let largest = schedule.taylor(start, last, 0);
        if !SIZES_OF_RATES.contains(&largest) {
            return None;
        }
        let fits = fits(length);
        let truncation = |fit: &Fit| fit.truncation(schedule.taylor(start, last, fit.count as u32));
        let is_good = |truncation: f64| truncation <= TRUNCATION * largest;
        // Most pieces are like the one before.
        let mut at = self.sizes.fit.min(fits.len() - 1);
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
        self.sizes.fit = at;
        Some((&fits[at], found, largest))
    }
}

/// Puts a polynomial where it belongs.
struct Put<'a, 'p, 's, S> {
    filling: &'a mut Filling<'p, 's, S>,
    at: usize,
    steps: usize,
    reach: Reach,
}

impl<S: Profiled> CurveUser for Put<'_, '_, '_, S> {
    fn take<C: Eights>(self, curve: C) {
        let Self {
            filling,
            at,
            steps,
            reach,
        } = self;
        let (schedule, first) = (filling.schedule, filling.step(at));
        let core = |ahead| value(schedule, first + ahead) as f32;
        let cells = at..at + steps;
        filling
            .sink
            .put(filling.isa, (&curve, reach), 0, cells, &core);
    }
}
