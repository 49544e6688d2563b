//! The rates of one kind at some steps in a row, from as few evaluations as its course allows.

use hairpin_core::{Bend, KindVisitor, Profiled};

use super::emit::{Reach, emit, store};
use super::fit::{CurveUser, Fit, MOST, SIZES, fits};
use super::growth::Growth;
use super::plan::{Curve, Plan, Planner, Plans, SIZES_OF_RATES, Sources, step, value};
use super::power::{Damped, Whole};
use super::values::Values;
use super::wave::Circle;
use crate::lanes::{Eights, Isa, Kernel, Lanes};

/// A polynomial may be off by this share of the largest rate. An `f32` of that size is a share of 2^-24 to 2^-23 from the next, so that no more than
/// one step in 7,000 lies within reach of a half.
const TRUNCATION: f64 = 4e-12;

/// Steps of which nothing is known that are worth asking whether another row shares them.
const SHARED: usize = 512;

/// Steps that are known beforehand are worth writing past the caches from so many on.
pub(super) const LONG: usize = 512;

/// What is remembered from piece to piece of a row.
pub(super) struct Memory {
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
        self.plans.look_at();
        self.sources.look_at();
    }

    /// Forgets the kinds of the last row.
    pub(super) fn next_row(&mut self) {
        self.plans.next_row();
        self.sizes.size = SIZES.len() - 1;
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

    const fn is_table(&self) -> bool {
        matches!(self, Self::Table { .. })
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
            let ahead = ((course.last - first) as usize).saturating_add(1);
            let steps = (filling.sink.len() - at).min(ahead);
            given.steps += steps;
            match course.bend {
                Bend::Flat => filling.flat(value(schedule, first), at, steps),
                Bend::Unknown if ahead >= SHARED && filling.sink.is_table() => {
                    return Given {
                        steps: at,
                        unknown: steps,
                    };
                }
                Bend::Unknown => filling.exact(at, steps),
                _ => {
                    let wanted = (self.wanted - at).min(ahead);
                    let planner = Planner {
                        schedule,
                        plans: &mut *plans,
                        sources: &mut *sources,
                    };
                    let plan = planner.plan(course, first, wanted);
                    given.steps = at + filling.follow(&plan, 0, at, sources);
                    if given.steps == filling.sink.len() {
                        plans.keep(schedule, first, plan);
                    }
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
        let reach = plan.reach;
        macro_rules! put {
            ($curve:expr) => {
                self.put(at, steps, place, ($curve, reach))
            };
        }
        match &plan.curve {
            Curve::Exact => self.exact(at, steps),
            Curve::Smooth(last) => self.smooth(at, steps, *last),
            Curve::Alike(two) => self.alike(*two, at, steps),
            Curve::Line(line) => put!(line),
            Curve::Growth(rate, begin) => {
                put!(&Growth::known(&mut sources.growths, *rate).from(*begin));
            }
            Curve::Wave(begin, turn, most) => {
                let circle = Circle::known(&mut sources.circles, *turn, *most);
                put!(&circle.wave(*begin));
            }
            Curve::WavePower(sum, exponent, begin, turn, most) => {
                let circle = Circle::known(&mut sources.circles, *turn, *most);
                let (sum, wave) = (*sum, circle.wave(*begin));
                match exponent {
                    2 => put!(&Whole::<2, _>(sum, wave)),
                    3 => put!(&Whole::<3, _>(sum, wave)),
                    4 => put!(&Whole::<4, _>(sum, wave)),
                    _ => put!(&Whole::<5, _>(sum, wave)),
                }
            }
            Curve::OneOver(line) => put!(line),
            Curve::OneOverRoot(line) => put!(line),
            Curve::OneOverRootOfWhole(roots) => put!(roots),
            Curve::Root(power) => put!(power),
            Curve::Square(power) => put!(power),
            Curve::Cube(power) => put!(power),
            Curve::Fourth(power) => put!(power),
            Curve::Fifth(power) => put!(power),
            Curve::RealOfWhole(power) => put!(power),
            Curve::Real(power) => put!(power),
            Curve::Lacking(power) => put!(power),
            Curve::Damped(sum, distance, rate, begin) => put!(&Damped {
                sum: *sum,
                distance: *distance,
                growth: Growth::known(&mut sources.growths, *rate).from(*begin),
            }),
            Curve::Logistic(curve) => put!(curve),
        }
        steps
    }

    /// Gives a curve's values from its `place` on, which may be off by `reach`, at `steps` places from `at` on.
    fn put<C: Eights>(
        &mut self,
        at: usize,
        steps: usize,
        place: usize,
        (curve, reach): (&C, Reach),
    ) {
        let (isa, schedule) = (self.isa, self.schedule);
        // Of the curve.
        let first = self.step(at) - place as u32;
        match &mut self.sink {
            Sink::Table { out, .. } => {
                let core = |ahead| value(schedule, first + ahead) as f32;
                emit(isa, curve, reach, place, &mut out[at..at + steps], core);
            }
            Sink::Values(values) => {
                store(isa, curve, place, &mut values.rates[at..at + steps]);
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

    /// Gives two rates in turn, which are those of `f32` alone.
    fn alike(&mut self, two: [f32; 2], at: usize, steps: usize) {
        match &mut self.sink {
            Sink::Table { out, .. } => {
                // A plan goes on at even places.
                for (out, which) in out[at..at + steps].iter_mut().zip(0..) {
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
                for (out, rate) in values.rates[at..at + steps].iter_mut().zip(rates) {
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
        self.filling
            .put(self.at, self.steps, 0, (&curve, self.reach));
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
