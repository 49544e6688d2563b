//! Eight trials side by side, for tables with one row a step: a register holds their rates at one step, each of them a formula of the step, or a
//! product with the one before, so that nothing has to be turned.

use std::ops::Range;

use hairpin_core::AnySchedule;

use super::emit::{Line, Reach, UNIT, settle};
use super::growth::{GROWTHS_ERROR, GrowingLines, Growths, Rate};
use super::inverse::{LinesAndRoots, OneOver, OverRoot};
use super::piece::{Ahead, Memory};
use super::plan::Curve;
use super::power::{Damped, Rest, Steps, Sum, Whole};
use super::row::Rows;
use super::wave::{Side, Waves};
use crate::lanes::{Beside, EIGHT, Eights, Isa, Kernel, Lanes, PartUser, Places, lanewise};

/// Steps that are written together: as many as the nearest cache has room for twice.
pub(super) const TOGETHER: usize = 32;

/// Where one trial goes on to another curve, or its wave to the other side of a foot or top, the work of all eight is cut: more often than once in so
/// many steps, it is faster to fill rows and to turn them.
const STEPS_PER_STRETCH: usize = 60;

/// Both forms that eight trials have are made for all of them, so that no more than one in so many steps, but for flat ones, may be of the other one.
const MIXED: usize = 8;

/// Below it no rate is too large to tell whether it is in doubt.
const LARGEST: f64 = f32::MAX as f64 / 4.0;

/// Curves whose formulas are the same but for their numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Flat,
    Line,
    OneOver,
    OverRoot,
    /// A factor over the root of a whole number, the same for all trials; this one at the first step.
    OverRootOfWhole(usize),
    Growth,
    /// A line, times what grows, and a limit.
    GrowingLine,
    Wave,
    /// From 2 to 5.
    WavePower(u8),
    /// From 2 to 5.
    Power(u8),
    /// A power, from 1 to 5, of what the `k`-th power of a share lacks to 1.
    Rest {
        exponent: u8,
        k: u8,
    },
}

impl Form {
    /// Whether its curves are those of another form, too.
    fn is_of(self, other: Self) -> bool {
        match self {
            _ if self == other => true,
            Self::Flat => !matches!(other, Self::OneOver | Self::OverRoot),
            Self::Line => matches!(
                other,
                Self::OverRootOfWhole(_) | Self::GrowingLine | Self::Wave
            ),
            Self::Growth => other == Self::GrowingLine,
            _ => false,
        }
    }

    /// The form that curves of two are of.
    fn of_both(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Line, Self::Growth) | (Self::Growth, Self::Line) => Some(Self::GrowingLine),
            _ if self.is_of(other) => Some(other),
            _ if other.is_of(self) => Some(self),
            _ => None,
        }
    }

    /// Becomes the one that its curves and those of another are of, if there is one; any is taken instead of flat ones.
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
    /// What grows: from where, and by how much a step.
    grown: F,
    doublings: F,
    factor: F,
    side: Side<F>,
    absolute: F,
    relative: F,
}

impl Numbers<f64> {
    /// What is added and what is multiplied with leave all as it is.
    const NEUTRAL: Self = Self {
        place: 0.0,
        begin: 1.0,
        step: -0.0,
        limit: -0.0,
        term: -0.0,
        share: 0.0,
        grown: 1.0,
        doublings: 0.0,
        factor: 1.0,
        side: Side {
            along: 0.0,
            across: 0.0,
            turn: 0.0,
            sine: 0.0,
            cosine: 1.0,
        },
        absolute: 0.0,
        relative: 0.0,
    };
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
    /// The next step after another one, both counted from `first` on, at which a row is to be cut, as its highest or lowest is near: of the steps on both
    /// sides, the smallest rate might be neither the first nor the last, or the largest one too large.
    fn turn(ahead: &Ahead, first: u32, after: usize) -> Option<usize> {
        let before = f64::from(ahead.first) - f64::from(first);
        let place = after as f64 - before;
        let turn = match *ahead.curve()?.0 {
            Curve::Wave(ref waves) | Curve::WavePower(_, _, ref waves) => {
                // Both sides are alike: a step that comes no later than a quarter of one after the foot or top is still the last of its side, so that a foot on
                // a whole step, of which a computed one may be on either side, always is. There is no cut where the first step comes so soon after it.
                (waves.end(place + 0.375) + 0.25).floor() + 1.0
            }
            Curve::Damped(limit, steps, rate, begin) => {
                let longest = ahead.plan.steps as f64;
                let farthest = steps.begin.abs() + longest;
                let grown = if rate.doublings > 0.0 {
                    (rate.doublings * longest).exp2()
                } else {
                    1.0
                };
                let largest = limit.abs() + (begin * farthest * grown).abs();
                // Away from the limit is away from 0.
                if largest < LARGEST && limit * begin >= 0.0 {
                    return None;
                }
                Damped::turn(steps, rate).floor() + 1.0
            }
            _ => return None,
        };
        // One that is too far ahead for a number is beyond any end.
        let step = (before + turn) as usize;
        (step > after).then_some(step)
    }

    /// Whether another one after it is no other curve.
    fn goes_on_as(&self, other: &Self) -> bool {
        let rates = [self, other].map(|stretch| stretch.numbers.limit.to_bits());
        self.form == Form::Flat && other.form == Form::Flat && rates[0] == rates[1]
    }

    /// Of nothing.
    const NONE: Self = Self {
        end: 0,
        form: Form::Flat,
        numbers: Numbers::NEUTRAL,
    };

    /// Makes it, of nothing, how a row goes on, with steps counted from `first` on; tells whether there is a formula for that. It is written where it
    /// stays, as to copy what was just written takes longer than to write it.
    fn set(&mut self, ahead: &Ahead, first: u32) -> bool {
        let Some((curve, Reach { absolute, relative })) = ahead.curve() else {
            return false;
        };
        let steps = ahead.plan.steps;
        let end = (u64::from(ahead.first) + steps as u64).saturating_sub(u64::from(first));
        self.end = usize::try_from(end).unwrap_or(usize::MAX);
        self.numbers.place = f64::from(first) - f64::from(ahead.first);
        // As `Lanes::in_doubt` takes them, with a unit in the last place, and a quarter, for what rounds.
        self.numbers.absolute = 4.0 * absolute;
        self.numbers.relative = 4.0 * (relative * (2.0 / UNIT) + 1.0) + 1.0;
        self.form = match *curve {
            // Some of the sums would make a 0 of it.
            Curve::Flat(limit) if limit == 0.0 && limit.is_sign_negative() => return false,
            Curve::Flat(limit) => {
                // A limit and nothing beside it, whatever the power of 1.
                self.numbers.limit = limit;
                Form::Flat
            }
            Curve::Line(line) => {
                self.on_line(line);
                // Among waves, it is added up: half a unit of the largest for each of 16 sums, and some for the first.
                let largest = line.begin.abs() + line.step.abs() * steps as f64;
                self.numbers.absolute += 4.0 * 10.0 * UNIT * largest;
                Form::Line
            }
            Curve::OneOver(OneOver(line)) => {
                self.on_line(line);
                Form::OneOver
            }
            Curve::OverRoot(OverRoot { line, number }) => {
                self.on_line(line);
                self.numbers.term = number;
                Form::OverRoot
            }
            Curve::OverRootOfWhole(ref curve) => {
                let before = i64::from(ahead.first) - i64::from(first);
                let Some(number) = curve.number_before(before) else {
                    return false;
                };
                self.numbers.begin = -0.0;
                self.numbers.term = curve.factor;
                Form::OverRootOfWhole(number)
            }
            Curve::Growth(rate, begin) if !rate.alternates => {
                self.grows(rate, begin);
                Form::Growth
            }
            Curve::Damped(limit, of_steps, rate, begin) if !rate.alternates => {
                self.grows(rate, begin);
                // A term is no larger than a value and its limit together.
                self.numbers.absolute += 8.0 * GROWTHS_ERROR * limit.abs();
                self.of_steps(Sum { limit, term: -0.0 }, of_steps);
                Form::GrowingLine
            }
            Curve::Wave(ref waves) if waves.largest() < LARGEST => {
                self.numbers.begin = waves.middle();
                if !waves.set_side(&mut self.numbers.side) {
                    return false;
                }
                Form::Wave
            }
            Curve::WavePower(sum, exponent, ref waves)
                if sum.limit.abs() + sum.term.abs() < LARGEST =>
            {
                self.numbers.begin = waves.middle();
                self.numbers.limit = sum.limit;
                self.numbers.term = sum.term;
                if !waves.set_side(&mut self.numbers.side) {
                    return false;
                }
                Form::WavePower(exponent)
            }
            Curve::Square(Whole(sum, steps)) => self.power(2, sum, steps),
            Curve::Cube(Whole(sum, steps)) => self.power(3, sum, steps),
            Curve::Fourth(Whole(sum, steps)) => self.power(4, sum, steps),
            Curve::Fifth(Whole(sum, steps)) => self.power(5, sum, steps),
            Curve::LackingWhole(sum, exponent, rest) => {
                self.of_steps(sum, rest.steps);
                self.numbers.share = rest.share;
                let k = rest.k as u8;
                Form::Rest { exponent, k }
            }
            _ => return false,
        };
        true
    }

    fn on_line(&mut self, line: Line) {
        self.numbers.begin = line.begin;
        self.numbers.step = line.step;
    }

    fn of_steps(&mut self, sum: Sum, steps: Steps) {
        self.numbers.begin = steps.begin;
        self.numbers.step = steps.step;
        self.numbers.limit = sum.limit;
        self.numbers.term = sum.term;
    }

    fn power(&mut self, exponent: u8, sum: Sum, steps: Steps) -> Form {
        self.of_steps(sum, steps);
        Form::Power(exponent)
    }

    fn grows(&mut self, rate: Rate, begin: f64) {
        self.numbers.grown = begin;
        self.numbers.doublings = rate.doublings;
        self.numbers.factor = rate.doublings.exp2();
        self.numbers.relative += 8.0 / UNIT * GROWTHS_ERROR;
    }
}

impl Numbers<[f64; EIGHT]> {
    /// Has one of eight be another one, but for its side, which waves alone have.
    fn set(&mut self, lane: usize, of: &Numbers<f64>) {
        self.place[lane] = of.place;
        self.begin[lane] = of.begin;
        self.step[lane] = of.step;
        self.limit[lane] = of.limit;
        self.term[lane] = of.term;
        self.share[lane] = of.share;
        self.grown[lane] = of.grown;
        self.doublings[lane] = of.doublings;
        self.factor[lane] = of.factor;
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
    /// A bit for each trial whose own form that is.
    mains: u32,
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
            mains: 0,
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
        let (mut main, mut other) = (Form::Flat, None);
        let (mut in_main, mut in_other) = (0, 0);
        for (lane, schedule) in trials.iter().enumerate() {
            let begin = self.stretches.len();
            self.next[lane] = begin;
            let which = lane % memories.len();
            if memories.len() < EIGHT {
                memories[which].next_row();
            }
            let mut at = 0;
            let mut found = |ahead: &Ahead| {
                let which = self.stretches.len();
                self.stretches.push(Stretch::NONE);
                let stretch = &mut self.stretches[which];
                if !stretch.set(ahead, first) {
                    return false;
                }
                let (form, end) = (stretch.form, stretch.end);
                if form == Form::Flat {
                    if let [.., last, flat] = &mut self.stretches[begin..]
                        && last.goes_on_as(flat)
                    {
                        last.end = end;
                        self.stretches.pop();
                    }
                } else {
                    let count = end.min(steps) - at;
                    if main.takes(form) {
                        in_main += count;
                    } else if *other.get_or_insert(form) == form {
                        in_other += count;
                    } else {
                        return false;
                    }
                    self.cut(ahead, first, at..end.min(steps), begin + most);
                }
                at = end;
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
        if in_main.min(in_other) > EIGHT * steps / MIXED {
            return false;
        }
        self.ends = [0; EIGHT];
        self.end = 0;
        true
    }

    /// Cuts the last stretch, of these steps, wherever the row turns; no further where there are more than so many stretches, which is too many anyway.
    fn cut(&mut self, ahead: &Ahead, first: u32, steps: Range<usize>, most: usize) {
        let mut at = steps.start;
        while let Some(turn) = Stretch::turn(ahead, first, at)
            && turn < steps.end
            && let [.., last] = self.stretches[..]
            && self.stretches.len() <= most
        {
            let which = self.stretches.len() - 1;
            self.stretches[which].end = turn;
            self.stretches.push(last);
            at = turn;
        }
    }

    /// Has all be on the curves of a step, none of which is left before it.
    #[inline(never)]
    fn go_to(&mut self, step: usize) {
        let mut is_main = self.end > 0;
        let mut end = usize::MAX;
        for lane in 0..EIGHT {
            if self.ends[lane] <= step {
                is_main &= self.go_on(lane);
            }
            end = end.min(self.ends[lane]);
        }
        self.end = end;
        if !is_main {
            self.choose_main();
        }
    }

    /// Has a trial be on its next stretch; tells whether the form that is taken for all can stay.
    #[inline]
    fn go_on(&mut self, lane: usize) -> bool {
        let stretch = &self.stretches[self.next[lane]];
        let limit = stretch.numbers.limit;
        self.next[lane] += 1;
        self.ends[lane] = stretch.end;
        // What is known of the lane is of other trials in the beginning.
        let is_other = self.end == 0 || self.forms[lane] != stretch.form;
        self.forms[lane] = stretch.form;
        if is_other || stretch.form != Form::Flat {
            self.numbers.set(lane, &stretch.numbers);
        }
        let is_wave = |form| matches!(form, Form::Wave | Form::WavePower(_));
        if is_other || is_wave(stretch.form) {
            self.numbers.side.set(lane, &stretch.numbers.side);
        }
        if stretch.form == Form::Flat {
            self.flats[lane] = limit as f32;
            self.numbers.limit[lane] = limit;
            self.adapt_flat(lane);
        }
        !is_other || self.look_at_form(lane)
    }

    /// Tells whether the form that is taken for all has that of a trial, and is still one of them.
    fn look_at_form(&mut self, lane: usize) -> bool {
        let form = self.forms[lane];
        let is_of_main = form.is_of(self.main);
        let set = |bits: &mut u32, bit: bool| *bits = *bits & !(1 << lane) | u32::from(bit) << lane;
        set(&mut self.mains, form == self.main);
        set(&mut self.others, !is_of_main);
        set(&mut self.doubted, form != Form::Flat);
        is_of_main && self.mains != 0
    }

    /// Takes a form for all.
    fn choose_main(&mut self) {
        self.main = Form::Flat;
        for form in self.forms {
            self.main.takes(form);
        }
        for lane in 0..EIGHT {
            self.look_at_form(lane);
            if self.forms[lane] == Form::Flat {
                self.adapt_flat(lane);
            }
        }
    }

    /// Has what is flat be of the form that is taken for all.
    fn adapt_flat(&mut self, lane: usize) {
        let limit = self.numbers.limit[lane];
        let (begin, grown) = match self.main {
            // These have no limit.
            Form::Line | Form::Wave | Form::OverRootOfWhole(_) => (limit, 1.0),
            Form::Growth => (1.0, limit),
            _ => (1.0, -0.0),
        };
        self.numbers.begin[lane] = begin;
        self.numbers.grown[lane] = grown;
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
            &places,
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
                &places,
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
        let mut doubtful = self.in_doubt::<L, N>(&nearest, rows, at);
        if doubtful == 0 {
            return;
        }
        // Often the first rate alone is 0, or the last one, which is in doubt wherever it is not flat.
        let last = rows.len() - 1;
        let but_first = self.in_doubt::<L, N>(&nearest, &rows[1..], at);
        let but_last = self.in_doubt::<L, N>(&nearest, &rows[..last], at);
        while doubtful != 0 {
            let lane = doubtful.trailing_zeros() as usize;
            doubtful &= doubtful - 1;
            let cells = if but_first >> lane & 1 == 0 {
                0..1
            } else if but_last >> lane & 1 == 0 {
                last..rows.len()
            } else {
                0..rows.len()
            };
            self.settle(lane, step + cells.start, &mut rows[cells], at, core);
        }
    }

    /// Which of the trials may have another bit somewhere in these rows; all where there are none.
    #[inline(always)]
    fn in_doubt<L: Lanes, const N: usize>(
        &self,
        nearest: &[u32; EIGHT],
        rows: &[[f32; N]],
        at: usize,
    ) -> u32 {
        let ([first, ..], [.., last]) = (rows, rows) else {
            return self.doubted;
        };
        let [Some(first), Some(last)] = [first, last].map(|row| row[at..].first_chunk()) else {
            return self.doubted;
        };
        let Numbers {
            absolute, relative, ..
        } = &self.numbers;
        L::in_doubt(nearest, [first, last], absolute, relative) & self.doubted
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

    /// Hands all eight curves to `user`, who asks for places from these on, as those of a form, which only some of them may have.
    #[inline(always)]
    fn with<L: Lanes, U: PartUser>(&self, form: Form, places: &Places, user: U) -> U::Output {
        let Numbers {
            begin,
            step,
            limit,
            term,
            share,
            grown,
            doublings,
            factor,
            side,
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
        macro_rules! wave_power {
            ($exponent:literal) => {
                user.take::<L, _>(&Whole::<$exponent, _, _>(
                    sum,
                    Waves::from::<L>(places, line, side),
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
            Form::Growth => {
                user.take::<L, _>(&Growths::from::<L>(places, grown, doublings, factor))
            }
            Form::GrowingLine => user.take::<L, _>(&GrowingLines {
                lines: line,
                growths: Growths::from::<L>(places, grown, doublings, factor),
                limits: limit,
            }),
            Form::Wave => user.take::<L, _>(&Waves::from::<L>(places, line, side)),
            Form::WavePower(2) => wave_power!(2),
            Form::WavePower(3) => wave_power!(3),
            Form::WavePower(4) => wave_power!(4),
            Form::WavePower(_) => wave_power!(5),
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
        let places = self.columns.places(self.step);
        let form = self.columns.forms[self.lane];
        self.columns.with::<L, _>(form, &places, self);
    }
}

impl PartUser for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn take<L: Lanes, E: Eights>(self, curves: &E) {
        let mut places = self.columns.places(self.step);
        for value in self.values.iter_mut() {
            *value = curves.eight::<L>(&places)[self.lane];
            places.next_of_each();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::plan::Plan;
    use super::super::wave::HalfWaves;
    use super::*;

    #[test]
    fn waves_are_cut_so_that_each_piece_goes_one_way_and_a_whole_foot_is_a_last() {
        const STEPS: i64 = 1000;
        /// What the largest of the angles, and with it a height, is rounded by.
        const ROUNDED: f64 = 1e6 * PI / 16.0 * f64::EPSILON;
        let feet = [
            0.0, 0.3, 0.374, 0.376, 0.6, 0.76, 3.0, 3.1, 3.5, 700.0, -20.2, 1e6,
        ];
        for t_max in [8.0, 9.7, 50.0, 333.25, 700.0, 1e5] {
            for foot in feet {
                let ahead = ahead_of(t_max, foot, STEPS as usize);
                let height = |step: i64| {
                    let angle = 0.5 * PI / t_max * (foot - step as f64);
                    angle.sin().powi(2)
                };
                // The wave's own step from which others are counted: before its first one, that, and from within.
                for zero in [-2, 0, 500] {
                    let begin = zero.max(0);
                    let (mut at, mut pieces) = (begin, 0);
                    while at < STEPS {
                        let first = (i64::from(ahead.first) + zero) as u32;
                        let turn = Stretch::turn(&ahead, first, (at - zero) as usize);
                        let end = turn.map_or(STEPS, |turn| STEPS.min(turn as i64 + zero));
                        let place = format!("{t_max} {foot}: {at}..{end} of {zero}..");
                        assert!(end > at, "{place}");
                        let heights: Vec<_> = (at..end).map(height).collect();
                        let rises = heights.is_sorted_by(|a, b| *a <= b + ROUNDED);
                        let falls = heights.is_sorted_by(|a, b| *a >= b - ROUNDED);
                        assert!(rises || falls, "{place}");
                        let is_foot = |step: &i64| height(*step) < 1e-20;
                        assert_eq!((at + 1..end - 1).find(is_foot), None, "{place}");
                        assert!(at == begin || !is_foot(&at), "{place}");
                        pieces += 1;
                        at = end;
                    }
                    let halves = ((STEPS - begin) as f64 / t_max).ceil() as usize;
                    assert!(pieces <= halves + 1, "{t_max} {foot}: {pieces} of {zero}..");
                }
            }
        }
        // A cosine from its top to its foot is one piece.
        assert_eq!(Stretch::turn(&ahead_of(500.0, 500.0, 501), 7, 0), Some(501));
    }

    /// Waves between 0 and 1, with half of one in `t_max` steps and a foot so many ahead.
    fn ahead_of(t_max: f64, foot: f64, steps: usize) -> Ahead {
        let (waves, _) = HalfWaves::of(PI / t_max, foot, [0.0, 1.0], steps).unwrap();
        let mut plan = Plan::NONE;
        plan.on(Curve::Wave(waves), Reach::NONE, steps);
        Ahead { first: 7, plan }
    }
}
