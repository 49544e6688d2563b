//! Eight trials side by side, for tables with one row a step: a register holds their rates at one step, each of them a formula of the step alone, so
//! that nothing has to be turned.

use hairpin_core::AnySchedule;

use super::emit::{Line, Reach, UNIT, settle};
use super::inverse::{LinesAndRoots, OneOver, OverRoot};
use super::piece::{Ahead, Memory};
use super::plan::Curve;
use super::power::{Rest, Steps, Sum, Whole};
use super::row::Rows;
use crate::lanes::{Beside, EIGHT, Eights, Isa, Kernel, Lanes, PartUser, Places, lanewise};

/// Steps that are written together: as many as the nearest cache has room for twice.
pub(super) const TOGETHER: usize = 32;

/// Where one trial goes on to another curve, the work of all eight is cut: more often than once in so many steps, it is faster to fill rows and to
/// turn them.
const STEPS_PER_STRETCH: usize = 100;

/// All forms that eight trials have at a step are made for all of them, so that no more than one in so many steps, but for flat ones, may be of another
/// form than most.
const MIXED: usize = 8;

/// Curves whose formulas are the same but for their numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Flat,
    Line,
    OneOver,
    OverRoot,
    /// A factor over the root of a whole number, the same for all trials; this one at the first step.
    OverRootOfWhole(usize),
    /// From 2 to 5.
    Power(u8),
    /// A power, from 1 to 5, of what the `k`-th power of a share lacks to 1.
    Rest {
        exponent: u8,
        k: u8,
    },
}

impl Form {
    /// The one of two that curves of the other are of, too.
    fn of_both(self, other: Self) -> Option<Self> {
        match (self, other) {
            _ if self == other => Some(self),
            (Self::Flat | Self::Line, Self::OverRootOfWhole(_)) => Some(other),
            (Self::OverRootOfWhole(_), Self::Flat | Self::Line) => Some(self),
            (Self::Flat, Self::Line | Self::Power(_) | Self::Rest { .. }) => Some(other),
            (Self::Line | Self::Power(_) | Self::Rest { .. }, Self::Flat) => Some(self),
            _ => None,
        }
    }

    /// Becomes the one that curves of another are of, too, if there is one; any is taken instead of flat ones.
    fn takes(&mut self, other: Self) -> bool {
        let both = if *self == Self::Flat {
            Some(other)
        } else {
            self.of_both(other)
        };
        *self = both.unwrap_or(*self);
        both.is_some()
    }
}

/// The numbers of a curve, or of eight side by side. Those that a form does not have count for nothing.
#[derive(Clone, Copy, Default)]
struct Numbers<F> {
    /// The curve's place at the first step.
    place: F,
    begin: F,
    step: F,
    limit: F,
    term: F,
    share: F,
    absolute: F,
    relative: F,
}

/// Steps of a trial that are on one curve.
#[derive(Clone, Copy)]
struct Stretch {
    /// The step after its last one.
    end: usize,
    form: Form,
    numbers: Numbers<f64>,
}

impl Stretch {
    /// Whether another one after it is no other curve.
    fn goes_on_as(&self, other: &Self) -> bool {
        let rates = [self, other].map(|stretch| stretch.numbers.limit.to_bits());
        self.form == Form::Flat && other.form == Form::Flat && rates[0] == rates[1]
    }

    /// How a row goes on, with steps counted from `first` on, if there is a formula for that.
    fn of(ahead: &Ahead, first: u32) -> Option<Self> {
        let place = f64::from(first) - f64::from(ahead.first);
        let end = (u64::from(ahead.first) + ahead.steps as u64).saturating_sub(u64::from(first));
        let Reach { absolute, relative } = ahead.reach;
        // As `Lanes::in_doubt` takes them, with a unit in the last place, and a quarter, for what rounds.
        let reached = Numbers {
            place,
            absolute: 4.0 * absolute,
            relative: 4.0 * (relative * (2.0 / UNIT) + 1.0) + 1.0,
            // Of what is added, this leaves all as it is.
            term: -0.0,
            ..Numbers::default()
        };
        let on_line = |line: Line| Numbers {
            begin: line.begin,
            step: line.step,
            ..reached
        };
        let of_steps = |sum: Sum, steps: Steps| Numbers {
            begin: steps.begin,
            step: steps.step,
            limit: sum.limit,
            term: sum.term,
            ..reached
        };
        let (form, numbers) = match ahead.curve {
            // A limit and nothing beside it, whatever the power of 1: of -0 there are many, but a sum of 0 and -0 is 0.
            Curve::Flat(limit) => {
                let numbers = Numbers {
                    begin: 1.0,
                    step: -0.0,
                    limit,
                    term: -0.0,
                    ..reached
                };
                (Form::Flat, numbers)
            }
            Curve::Line(line) => (Form::Line, on_line(line)),
            Curve::OneOver(OneOver(line)) => (Form::OneOver, on_line(line)),
            Curve::OverRoot(curve) => {
                let term = curve.number;
                (
                    Form::OverRoot,
                    Numbers {
                        term,
                        ..on_line(curve.line)
                    },
                )
            }
            Curve::OverRootOfWhole(curve) => {
                let before = i64::from(ahead.first) - i64::from(first);
                let numbers = Numbers {
                    begin: -0.0,
                    step: -0.0,
                    term: curve.factor,
                    ..reached
                };
                (Form::OverRootOfWhole(curve.number_before(before)?), numbers)
            }
            Curve::Square(Whole(sum, steps)) => (Form::Power(2), of_steps(sum, steps)),
            Curve::Cube(Whole(sum, steps)) => (Form::Power(3), of_steps(sum, steps)),
            Curve::Fourth(Whole(sum, steps)) => (Form::Power(4), of_steps(sum, steps)),
            Curve::Fifth(Whole(sum, steps)) => (Form::Power(5), of_steps(sum, steps)),
            Curve::LackingWhole(sum, exponent, rest) => (
                Form::Rest {
                    exponent,
                    k: rest.k as u8,
                },
                Numbers {
                    share: rest.share,
                    ..of_steps(sum, rest.steps)
                },
            ),
            _ => return None,
        };
        Some(Self {
            end: usize::try_from(end).unwrap_or(usize::MAX),
            form,
            numbers,
        })
    }
}

impl Numbers<[f64; EIGHT]> {
    fn set(&mut self, lane: usize, of: &Numbers<f64>) {
        self.place[lane] = of.place;
        self.begin[lane] = of.begin;
        self.step[lane] = of.step;
        self.limit[lane] = of.limit;
        self.term[lane] = of.term;
        self.share[lane] = of.share;
        self.absolute[lane] = of.absolute;
        self.relative[lane] = of.relative;
    }
}

/// The rates of eight trials at some steps.
pub(super) struct Columns {
    /// What they are on, one trial after the other.
    stretches: Vec<Stretch>,
    /// Of each trial, the stretch after the one that it is on.
    next: [usize; EIGHT],
    /// The steps at which they leave those that they are on, and the first of these.
    ends: [usize; EIGHT],
    end: usize,
    forms: [Form; EIGHT],
    /// The form of the first one that is not flat, or one that has it and others, which is taken for all.
    main: Form,
    /// A bit for each trial that is not of that form.
    others: u32,
    /// A bit for each trial whose rates are not those of the core.
    doubted: u32,
    numbers: Numbers<[f64; EIGHT]>,
    /// The rates of those that are flat.
    flats: [f32; EIGHT],
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            stretches: Vec::new(),
            next: [0; EIGHT],
            ends: [0; EIGHT],
            end: 0,
            forms: [Form::Flat; EIGHT],
            main: Form::Flat,
            others: 0,
            doubted: 0,
            numbers: Numbers::default(),
            flats: [0.0; EIGHT],
        }
    }
}

impl Columns {
    /// Looks ahead for `steps` of the `left` steps from `first` on; tells whether all trials have formulas there. There is a memory for each
    /// trial, or one for all of them.
    pub(super) fn look(
        &mut self,
        trials: &[AnySchedule; EIGHT],
        memories: &mut [Memory],
        first: u32,
        steps: usize,
        left: usize,
    ) -> bool {
        self.stretches.clear();
        // A beginning, an end and what is between them may always be curves of their own.
        let most = 3 + steps / STEPS_PER_STRETCH;
        let mut main = Form::Flat;
        let (mut in_main, mut in_others) = (0, 0);
        for (lane, schedule) in trials.iter().enumerate() {
            let begin = self.stretches.len();
            self.next[lane] = begin;
            let which = lane % memories.len();
            if memories.len() < EIGHT {
                memories[which].next_row();
            }
            let mut at = 0;
            let mut found = |ahead: &Ahead| {
                let Some(stretch) = Stretch::of(ahead, first) else {
                    return false;
                };
                let count = stretch.end.min(steps) - at;
                if stretch.form != Form::Flat {
                    *(if main.takes(stretch.form) {
                        &mut in_main
                    } else {
                        &mut in_others
                    }) += count;
                }
                at = stretch.end;
                match self.stretches[begin..].last_mut() {
                    Some(last) if last.goes_on_as(&stretch) => last.end = stretch.end,
                    _ => self.stretches.push(stretch),
                }
                self.stretches.len() - begin <= most
            };
            if !Rows::look(
                schedule,
                &mut memories[which],
                first,
                steps,
                left,
                &mut found,
            ) {
                return false;
            }
        }
        // Where there are two forms, the rates of all are made of each.
        if in_main.min(in_others) > EIGHT * steps / MIXED {
            return false;
        }
        self.ends = [0; EIGHT];
        self.end = 0;
        true
    }

    /// Has all be on the curves of a step, none of which is left before it.
    #[inline(never)]
    fn go_to(&mut self, step: usize) {
        let mut are_others = self.end == 0;
        let mut end = usize::MAX;
        for lane in 0..EIGHT {
            if self.ends[lane] <= step {
                are_others |= self.go_on(lane);
            }
            end = end.min(self.ends[lane]);
        }
        self.end = end;
        if are_others {
            self.choose_main();
        }
    }

    /// Has a trial be on its next stretch; tells whether that is of another form.
    #[inline]
    fn go_on(&mut self, lane: usize) -> bool {
        let stretch = &self.stretches[self.next[lane]];
        let limit = stretch.numbers.limit;
        self.next[lane] += 1;
        self.ends[lane] = stretch.end;
        let is_other = self.forms[lane] != stretch.form;
        self.forms[lane] = stretch.form;
        if is_other || stretch.form != Form::Flat {
            self.numbers.set(lane, &stretch.numbers);
        }
        if stretch.form == Form::Flat {
            self.flats[lane] = limit as f32;
            self.numbers.limit[lane] = limit;
            self.numbers.begin[lane] = self.begin_of_flat(lane);
        }
        is_other
    }

    /// Takes a form for all.
    fn choose_main(&mut self) {
        self.main = Form::Flat;
        for form in self.forms {
            self.main.takes(form);
        }
        (self.others, self.doubted) = (0, 0);
        for lane in 0..EIGHT {
            let form = self.forms[lane];
            let is_of_main = self.main.of_both(form) == Some(self.main);
            self.others |= u32::from(!is_of_main) << lane;
            self.doubted |= u32::from(form != Form::Flat) << lane;
            if form == Form::Flat {
                self.numbers.begin[lane] = self.begin_of_flat(lane);
            }
        }
    }

    /// Where what is flat begins as a curve of the form that is taken for all.
    fn begin_of_flat(&self, lane: usize) -> f64 {
        // These have no limit.
        let are_lines = matches!(self.main, Form::Line | Form::OverRootOfWhole(_));
        if are_lines {
            self.numbers.limit[lane]
        } else {
            1.0
        }
    }

    /// Writes the rates from a step on, one row after the other, into columns from `at` on, while `beside` goes on. `core` is that of one of the trials.
    #[inline(always)]
    pub(super) fn put<L: Lanes, const N: usize>(
        &mut self,
        step: usize,
        rows: &mut [[f32; N]],
        at: usize,
        core: &dyn Fn(usize, usize) -> f32,
        beside: &mut impl Beside,
    ) {
        let mut done = 0;
        while done < rows.len() {
            if step + done >= self.end {
                self.go_to(step + done);
            }
            let end = rows.len().min(self.end - step);
            self.put_alike::<L, N>(step + done, &mut rows[done..end], at, core, beside);
            done = end;
        }
    }

    /// The same where none leaves its curve.
    #[inline(always)]
    fn put_alike<L: Lanes, const N: usize>(
        &self,
        step: usize,
        rows: &mut [[f32; N]],
        at: usize,
        core: &dyn Fn(usize, usize) -> f32,
        beside: &mut impl Beside,
    ) {
        if self.main == Form::Flat {
            for rows in rows.chunks_mut(EIGHT) {
                for row in rows {
                    row[at..at + EIGHT].copy_from_slice(&self.flats);
                }
                beside.go_on::<L>();
            }
            return;
        }
        let places = self.places(step);
        let mut nearest = [0; EIGHT];
        self.with::<L, _>(
            self.main,
            Round::<_, _, false> {
                places,
                rows: &mut *rows,
                at,
                which: &[u32::MAX; EIGHT],
                nearest: &mut nearest,
                beside: &mut *beside,
            },
        );
        let mut left = self.others;
        while left != 0 {
            let form = self.forms[left.trailing_zeros() as usize];
            let mut which = [0; EIGHT];
            for (lane, which) in which.iter_mut().enumerate() {
                if self.forms[lane] == form {
                    *which = u32::MAX;
                    left &= !(1 << lane);
                }
            }
            self.with::<L, _>(
                form,
                Round::<_, _, true> {
                    places,
                    rows: &mut *rows,
                    at,
                    which: &which,
                    nearest: &mut nearest,
                    beside: &mut *beside,
                },
            );
        }
        let ends = [&rows[0], &rows[rows.len() - 1]];
        let [Some(first), Some(last)] = ends.map(|row| row[at..].first_chunk()) else {
            return;
        };
        let Numbers {
            absolute, relative, ..
        } = &self.numbers;
        let in_doubt = |ends| L::in_doubt(&nearest, ends, absolute, relative) & self.doubted;
        let mut doubtful = in_doubt([first, last]);
        if doubtful == 0 {
            return;
        }
        // Often the first rate alone is 0, which is in doubt wherever it is not flat.
        let others = rows.get(1).and_then(|row| row[at..].first_chunk());
        let all = others.map_or(doubtful, |second| in_doubt([second, last]));
        while doubtful != 0 {
            let lane = doubtful.trailing_zeros() as usize;
            let count = if all >> lane & 1 == 1 { rows.len() } else { 1 };
            doubtful &= doubtful - 1;
            self.settle(lane, step, &mut rows[..count], at, core);
        }
    }

    /// Rounds the rates of one trial once more, and asks the core for those of which the error could change a bit.
    #[cold]
    fn settle<const N: usize>(
        &self,
        lane: usize,
        step: usize,
        rows: &mut [[f32; N]],
        at: usize,
        core: &dyn Fn(usize, usize) -> f32,
    ) {
        let (mut values, mut rates) = ([0.0; TOGETHER], [0.0; TOGETHER]);
        let values = &mut values[..rows.len()];
        // Each set is within the error, so that any will do.
        Isa::portable().run(Values {
            columns: self,
            lane,
            step,
            values: &mut *values,
        });
        for (rate, value) in rates.iter_mut().zip(&*values) {
            *rate = *value as f32;
        }
        let reach = Reach {
            absolute: self.numbers.absolute[lane] / 4.0,
            relative: self.numbers.relative[lane] / (8.0 / UNIT),
        };
        settle(values, reach, &mut rates, |ahead| {
            core(lane, step + ahead as usize)
        });
        for (row, rate) in rows.iter_mut().zip(rates) {
            row[at + lane] = rate;
        }
    }

    /// Where a step is on each of the curves.
    #[inline(always)]
    fn places(&self, step: usize) -> Places {
        Places {
            first: step,
            numbers: lanewise(self.numbers.place, |place| place + step as f64),
        }
    }

    /// Hands all eight curves to `user` as those of a form, which only some of them may have.
    #[inline(always)]
    fn with<L: Lanes, U: PartUser>(&self, form: Form, user: U) -> U::Output {
        let Numbers {
            begin,
            step,
            limit,
            term,
            share,
            ..
        } = &self.numbers;
        let line = Line { begin, step };
        let steps = Steps { begin, step };
        let sum = Sum { limit, term };
        macro_rules! rest {
            ($exponent:literal, $k:expr) => {
                user.take::<L, _>(&Whole::<$exponent, _, _>(
                    sum,
                    Rest {
                        k: u32::from($k),
                        steps,
                        share,
                    },
                ))
            };
        }
        match form {
            Form::Flat => user.take::<L, _>(&Flat(limit)),
            Form::Line => user.take::<L, _>(&line),
            Form::OneOver => user.take::<L, _>(&OneOver(line)),
            Form::OverRoot => user.take::<L, _>(&OverRoot { line, number: term }),
            Form::OverRootOfWhole(first) => {
                user.take::<L, _>(&LinesAndRoots::from(first, line, term))
            }
            Form::Power(2) => user.take::<L, _>(&Whole::<2, _, _>(sum, steps)),
            Form::Power(3) => user.take::<L, _>(&Whole::<3, _, _>(sum, steps)),
            Form::Power(4) => user.take::<L, _>(&Whole::<4, _, _>(sum, steps)),
            Form::Power(_) => user.take::<L, _>(&Whole::<5, _, _>(sum, steps)),
            Form::Rest { exponent: 1, k } => rest!(1, k),
            Form::Rest { exponent: 2, k } => rest!(2, k),
            Form::Rest { exponent: 3, k } => rest!(3, k),
            Form::Rest { exponent: 4, k } => rest!(4, k),
            Form::Rest { k, .. } => rest!(5, k),
        }
    }
}

/// Eight rates that stay as they are.
struct Flat<'a>(&'a [f64; EIGHT]);

impl Eights for Flat<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, _places: &Places) -> [f64; EIGHT] {
        *self.0
    }
}

/// Rounds curves from some places on: all, or with `SOME` those whose bits are set.
struct Round<'a, B, const N: usize, const SOME: bool> {
    places: Places,
    rows: &'a mut [[f32; N]],
    at: usize,
    which: &'a [u32; EIGHT],
    nearest: &'a mut [u32; EIGHT],
    beside: &'a mut B,
}

impl<B: Beside, const N: usize, const SOME: bool> PartUser for Round<'_, B, N, SOME> {
    type Output = ();

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, curves: &E) {
        let which = (self.which, self.nearest);
        L::round_columns::<E, N, SOME>(curves, self.places, self.rows, self.at, which, self.beside);
    }
}

/// The values of one trial before they are rounded.
struct Values<'a> {
    columns: &'a Columns,
    lane: usize,
    step: usize,
    values: &'a mut [f64],
}

impl Kernel for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        self.columns
            .with::<L, _>(self.columns.forms[self.lane], self);
    }
}

impl PartUser for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, curves: &E) {
        for (value, step) in self.values.iter_mut().zip(self.step..) {
            let places = self.columns.places(step);
            *value = curves.eight::<L>(&places)[self.lane];
        }
    }
}
