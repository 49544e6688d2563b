//! Many steps of training for a group of trials that stay in the memory next to the processor.
//!
//! A block takes some trials through all steps of a launch: their parameters, velocities and logits lie in shared memory (in global
//! memory where they do not fit), the minibatch is read once for all of them, and nothing but results leaves. Each phase of a step is cut into
//! items, which the block's threads take in turn; between phases they wait for one another.
//!
//! Forward and backward pass, cross-entropy and evaluation have the order of operations of the host's own training, and the update is the
//! core's, so that a trial ends with the bits it has there.

mod product;
mod quad;
mod shape;
mod space;

use hairpin_arithmetic::{
    Column, ColumnMut, PARTIAL, Parts, Scalar, Score, Sum, descend, is_right, loss, mean, rectify,
    rectify_grad, score, weight,
};
use hairpin_core::Fma;
use hairpin_core::sgd::{Coefficients, Fused, MulAdd, Separate};

pub use shape::{PAD, Part, SCORED, Shape, cause, word};
pub use space::{Addressed, Space};

use product::{COLUMNS, Matrix, ROWS, Sums, inner, outer, rows, store};
use quad::Quad;

/// Threads of a block.
pub const THREADS: u32 = 256;

/// The trial has a velocity.
pub const VELOCITY: u32 = 1;
/// It looks ahead along it.
pub const NESTEROV: u32 = 2;
/// Its momentum goes with the step.
pub const MOVING: u32 = 4;
/// Products of its update are fused into sums.
pub const FUSED: u32 = 8;

/// What a launch reads and writes of a trial.
#[repr(C, align(32))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainRecord {
    /// The numbers of its update.
    pub coefficients: Coefficients,
    /// [`VELOCITY`], [`NESTEROV`], [`MOVING`], [`FUSED`].
    pub flags: u32,
    /// 1 once its velocity was written.
    pub started: u32,
    /// 0 while it trains, else [`cause`].
    pub cause: u32,
    /// The step at which it ended.
    pub step: u32,
}

/// What a launch is given.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Train {
    /// The model.
    pub shape: Shape,
    /// `[trials, parameters]`
    pub params: *mut f32,
    /// `[trials, parameters]`, or null where no trial has one.
    pub velocity: *mut f32,
    /// `[parameters]`: what all trials begin with, in place of their own parameters; null where they go on.
    pub initial: *const f32,
    /// `[trials]`
    pub records: *mut TrainRecord,
    /// `[members]`: the trials that take part.
    pub members: *const u32,
    /// `[steps, trials]`
    pub rates: *const f32,
    /// `[steps, trials]`: the momentum of a step, for trials that are [`MOVING`]; null where there are none.
    pub momenta: *const f32,
    /// `[samples, features]`
    pub data: *const f32,
    /// `[samples]`: classes, as numbers.
    pub labels: *const f32,
    /// `[steps, batch]`: the samples of each step.
    pub batches: *const u32,
    /// `[validation_count]`: the samples that are scored.
    pub validation: *const u32,
    /// `[trials]`: the mean cross-entropy of what is scored.
    pub losses: *mut f32,
    /// `[trials]`: the share of it that is guessed right.
    pub accuracies: *mut f32,
    /// Where pieces lie, [`Shape::bytes`] a block; null for shared memory.
    pub scratch: *mut f32,
    /// The first step.
    pub first: u32,
    /// How many steps.
    pub steps: u32,
    /// How many trials there are.
    pub trial_count: u32,
    /// How many take part.
    pub member_count: u32,
    /// How many a block takes.
    pub trials_per_block: u32,
    /// How many samples are scored.
    pub validation_count: u32,
    /// Whether trials are scored after the last step.
    pub evaluate: u32,
    /// A minibatch loss above it ends a trial.
    pub divergence_bound: f32,
}

/// The threads of a block.
pub trait Team {
    /// Which one this is.
    fn thread(&self) -> u32;
    /// How many there are.
    fn threads(&self) -> u32;
    /// Waits until all are here; what any wrote before, all read after.
    fn sync(&self);
}

/// The rules of the update, as a trial's [`word::RULE`].
const PLAIN: u32 = 0;
const FIRST: u32 = 1;
const LATER: u32 = 2;
const AHEAD: u32 = 4;
/// [`Rounding::Fused`](hairpin_core::Rounding::Fused).
const FUSED_RULE: u32 = 8;
const PLAIN_FUSED: u32 = PLAIN | FUSED_RULE;
const LATER_FUSED: u32 = LATER | FUSED_RULE;

/// A block at work.
struct Block<'a, T, S> {
    team: &'a T,
    train: &'a Train,
    /// Samples, labels, then a piece for each trial.
    pool: S,
    /// The first of its members.
    first_member: u32,
    /// How many it has.
    count: u32,
}

/// Numbers from a thread's own on, as many apart as there are threads.
///
/// An iterator, not a function that is given the work: that would be compiled as a function of its own, and its arguments would lie in memory.
struct Items {
    at: u32,
    threads: u32,
    count: u32,
}

impl Iterator for Items {
    type Item = u32;

    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        let at = self.at;
        if at >= self.count {
            return None;
        }
        self.at = at + self.threads;
        Some(at)
    }
}

/// The logits of four samples beside each other.
struct Logits<S> {
    data: S,
    stride: u32,
    classes: u32,
}

impl<S: Space, F: Fma> Column<Quad<F>> for Logits<S> {
    #[inline(always)]
    fn classes(&self) -> u32 {
        self.classes
    }

    #[inline(always)]
    fn get(&self, class: u32) -> Quad<F> {
        // SAFETY: there is a logit for each class, and only this thread uses those of its samples.
        Quad::new(unsafe { self.data.load4(class * self.stride) })
    }
}

impl<S: Space, F: Fma> ColumnMut<Quad<F>> for Logits<S> {
    #[inline(always)]
    fn set(&mut self, class: u32, value: Quad<F>) {
        // SAFETY: as in `get`.
        unsafe { self.data.store4(class * self.stride, value.get()) }
    }
}

/// [`PARTIAL`] numbers from `at` on.
///
/// # Safety
/// They are inside, and were written; `at` lies on 16 bytes.
#[inline(always)]
unsafe fn partial<S: Space>(data: S, at: u32) -> [f32; PARTIAL] {
    // SAFETY: the caller's.
    let [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]] = unsafe {
        [
            data.load4(at),
            data.load4(at + 4),
            data.load4(at + 8),
            data.load4(at + 12),
        ]
    };
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Takes the trials of a block through the steps of a launch; `HIDDEN`: the model has hidden units.
///
/// # Safety
/// What `train` points to is as it says there, and as long; `pool` has room for [`Shape::bytes`] of `trials_per_block`, of which there
/// are no more than threads; no other launch writes any of it meanwhile. Every thread of the team calls it, with the same arguments.
#[inline(always)]
pub unsafe fn train<T: Team, S: Space, F: Fma, const HIDDEN: bool>(
    team: &T,
    block: u32,
    train: &Train,
    pool: S,
) {
    let first_member = block * train.trials_per_block;
    let block = Block {
        team,
        train,
        pool,
        first_member,
        count: train
            .trials_per_block
            .min(train.member_count.saturating_sub(first_member)),
    };
    let mut scores = Scores {
        total: 0.0,
        right: 0,
    };
    let (mut at, mut scored) = (0, 0);
    // SAFETY: the caller's, for all that follows; every write of a phase is to places of one item, and phases are apart by a sync.
    unsafe {
        block.enter();
        let number = block.mine();
        let mut picked = block.picked(at, scored);
        let places = block.places();
        let mut fetched = block.fetch(picked, &places);
        // Steps, then parts of the evaluation: one loop, so that the code of a forward pass is there once.
        loop {
            let step = train.first.wrapping_add(at);
            let trains = at < train.steps;
            block.settle(step.wrapping_sub(1));
            if picked.count == 0 {
                break;
            }
            let (count, columns) = (picked.count, picked.columns());
            block.fill(picked, &places, &fetched);
            team.sync();
            if trains {
                at += 1;
            } else {
                scored += count;
            }
            picked = block.picked(at, scored);
            let rate = if trains {
                block.rate(number, at - 1)
            } else {
                None
            };
            block.forward::<F, HIDDEN>(columns);
            fetched = block.fetch(picked, &places);
            team.sync();
            if trains {
                block.entropy::<F>();
                team.sync();
                block.decide(step, rate);
                team.sync();
                if HIDDEN {
                    block.hidden_gradients::<F>();
                    team.sync();
                }
                block.update::<F, HIDDEN>();
            } else {
                // What was scored of this chunk before.
                let before = (scored - count) % SCORED;
                block.score::<F>(count, columns, before);
                team.sync();
                let ends = scored.is_multiple_of(SCORED) || scored == train.validation_count;
                block.collect(&mut scores, columns, before, ends);
            }
            team.sync();
        }
        team.sync();
        if train.evaluate != 0 {
            block.report(&scores);
        }
        block.leave();
    }
}

/// What the thread that has a trial knows of its evaluation.
struct Scores {
    /// Cross-entropies of all samples so far.
    total: f64,
    /// How many of them were guessed right.
    right: u32,
}

/// How many numbers a thread has on their way at once.
const TOGETHER: usize = 8;

/// Their numbers.
const EIGHT: [u32; TOGETHER] = [0, 1, 2, 3, 4, 5, 6, 7];

/// Samples that are trained on, or scored.
#[derive(Clone, Copy)]
struct Picked {
    samples: *const u32,
    count: u32,
}

impl Picked {
    /// Columns that they take.
    #[inline(always)]
    fn columns(self) -> u32 {
        self.count.next_multiple_of(PAD)
    }
}

/// What a thread brings of the samples that come next, while it works on these.
#[derive(Clone, Copy)]
struct Fetched {
    label: f32,
    numbers: [f32; TOGETHER],
}

/// Where the numbers go that a thread brings: columns and features. Found once, as the divisions take longer than the rest.
#[derive(Clone, Copy)]
struct Places {
    /// Whether a thread can hold its part of a full minibatch.
    fit: bool,
    columns: [u32; TOGETHER],
    features: [u32; TOGETHER],
}

/// The rate and the momentum of a step.
#[derive(Clone, Copy)]
struct Rate {
    lr: f32,
    momentum: f32,
}

impl<T: Team, S: Space> Block<'_, T, S> {
    /// Those of `count` items that are this thread's.
    #[inline(always)]
    fn items(&self, count: u32) -> Items {
        Items {
            at: self.team.thread(),
            threads: self.team.threads(),
            count,
        }
    }

    /// The piece of one of the block's trials.
    #[inline(always)]
    fn piece(&self, trial: u32) -> S {
        let shape = &self.train.shape;
        self.pool
            .beyond(shape.samples)
            .beyond_many(trial, shape.piece)
    }

    /// The number, among all trials, of one of the block's.
    ///
    /// # Safety
    /// As [`train`], like all below; `trial` is below the count.
    #[inline(always)]
    unsafe fn number(&self, trial: u32) -> usize {
        // SAFETY: the caller's.
        unsafe { *self.train.members.add((self.first_member + trial) as usize) as usize }
    }

    #[inline(always)]
    unsafe fn trains(&self, piece: S) -> bool {
        // SAFETY: the words of a piece are written when it is entered.
        unsafe { piece.load(self.train.shape.words + word::CAUSE) }.to_bits() == 0
    }

    /// Where a trial's parameter number `at` lies in its piece.
    #[inline(always)]
    fn place(&self, at: u32) -> u32 {
        let shape = &self.train.shape;
        let mut place = 0;
        for part in shape.parts {
            if part.rows > 0 && at >= part.dense {
                let inside = at - part.dense;
                let row = inside.checked_div(part.columns).unwrap_or(0);
                place = part.at + row * part.stride + (inside - row * part.columns);
            }
        }
        place
    }

    /// Brings parameters, velocities and what trials know of themselves.
    #[inline(always)]
    unsafe fn enter(&self) {
        let (train, shape) = (self.train, &self.train.shape);
        for trial in self.items(self.count) {
            let piece = self.piece(trial).beyond(shape.words);
            // SAFETY: this item's places.
            unsafe {
                let record = *train.records.add(self.number(trial));
                let Coefficients {
                    momentum,
                    undampened,
                    weight_decay,
                    gradient_scale,
                } = record.coefficients;
                for at in 0..word::COUNT {
                    piece.store(at, 0.0);
                }
                piece.store(word::CAUSE, f32::from_bits(record.cause));
                piece.store(word::STEP, f32::from_bits(record.step));
                piece.store(word::STARTED, f32::from_bits(record.started));
                piece.store(word::FLAGS, f32::from_bits(record.flags));
                piece.store4(
                    word::COEFFICIENTS,
                    [momentum, undampened, weight_decay, gradient_scale],
                );
            }
        }
        for at in self.items(shape.parameters) {
            let place = self.place(at);
            let mut trial = 0;
            while trial < self.count {
                // SAFETY: this item's places.
                unsafe {
                    if train.initial.is_null() {
                        self.bring(train.params, trial, at, place);
                    } else {
                        let p = *train.initial.add(at as usize);
                        self.put(trial, place, [p; TOGETHER]);
                    }
                    if !train.velocity.is_null() {
                        self.bring(train.velocity, trial, at, shape.parameter_words + place);
                    }
                }
                trial += TOGETHER as u32;
            }
        }
    }

    /// Puts parameter number `at` of some trials from `trial` on, as it is among those of `from`, at `place` in their pieces.
    #[inline(always)]
    unsafe fn bring(&self, from: *const f32, trial: u32, at: u32, place: u32) {
        let each = self.train.shape.parameters as usize;
        // All loads before the first store, so that they are under way at once. Trials beyond the last are the last one.
        let numbers = EIGHT.map(|k| {
            let trial = (trial + k).min(self.count - 1);
            // SAFETY: the caller's.
            unsafe { *from.add(self.number(trial) * each + at as usize) }
        });
        // SAFETY: the caller's.
        unsafe { self.put(trial, place, numbers) };
    }

    /// Stores a number in each of some pieces.
    #[inline(always)]
    unsafe fn put(&self, trial: u32, place: u32, numbers: [f32; TOGETHER]) {
        for (k, number) in EIGHT.into_iter().zip(numbers) {
            if trial + k < self.count {
                // SAFETY: the caller's.
                unsafe { self.piece(trial + k).store(place, number) };
            }
        }
    }

    /// Takes them back.
    #[inline(always)]
    unsafe fn leave(&self) {
        let (train, shape) = (self.train, &self.train.shape);
        for trial in self.items(self.count) {
            let piece = self.piece(trial).beyond(shape.words);
            // SAFETY: this item's places.
            unsafe {
                let record = &mut *train.records.add(self.number(trial));
                record.cause = piece.load(word::CAUSE).to_bits();
                record.step = piece.load(word::STEP).to_bits();
                record.started = piece.load(word::STARTED).to_bits();
            }
        }
        let each = shape.parameters as usize;
        for at in self.items(shape.parameters) {
            let place = self.place(at);
            let mut trial = 0;
            while trial < self.count {
                let piece = self.piece(trial);
                // SAFETY: this item's places.
                unsafe {
                    let to = self.number(trial) * each + at as usize;
                    *train.params.add(to) = piece.load(place);
                    if !train.velocity.is_null() {
                        *train.velocity.add(to) = piece.load(shape.parameter_words + place);
                    }
                }
                trial += 1;
            }
        }
    }

    /// The samples after `at` steps and `scored` samples of the evaluation; none after all of them.
    #[inline(always)]
    unsafe fn picked(&self, at: u32, scored: u32) -> Picked {
        let (train, shape) = (self.train, &self.train.shape);
        if at < train.steps {
            let start = at as usize * shape.batch as usize;
            return Picked {
                samples: train.batches.wrapping_add(start),
                count: shape.batch,
            };
        }
        let left = if train.evaluate == 0 {
            0
        } else {
            train.validation_count - scored
        };
        // A chunk's losses are added up apart from the next one's.
        let in_chunk = SCORED - scored % SCORED;
        Picked {
            samples: train.validation.wrapping_add(scored as usize),
            count: left.min(in_chunk).min(shape.scored),
        }
    }

    /// The number, among all, of the trial that is this thread's, if one is.
    #[inline(always)]
    unsafe fn mine(&self) -> Option<usize> {
        let trial = self.team.thread();
        // SAFETY: the caller's.
        (trial < self.count).then(|| unsafe { self.number(trial) })
    }

    /// Begins to bring the rate of step number `row`.
    #[inline(always)]
    unsafe fn rate(&self, number: Option<usize>, row: u32) -> Option<Rate> {
        let (number, train) = (number?, self.train);
        let cell = row as usize * train.trial_count as usize + number;
        // SAFETY: one cell a trial and step.
        Some(unsafe {
            Rate {
                lr: *train.rates.add(cell),
                momentum: if train.momenta.is_null() {
                    0.0
                } else {
                    *train.momenta.add(cell)
                },
            }
        })
    }

    /// Ends trials whose parameters step `step` broke.
    #[inline(always)]
    unsafe fn settle(&self, step: u32) {
        for trial in self.items(self.count) {
            let words = self.piece(trial).beyond(self.train.shape.words);
            // SAFETY: this item's places.
            unsafe {
                if words.load(word::BROKEN).to_bits() != 0 && words.load(word::CAUSE).to_bits() == 0
                {
                    words.store(word::CAUSE, f32::from_bits(cause::PARAMETERS));
                    words.store(word::STEP, f32::from_bits(step));
                }
            }
        }
    }

    /// The number of feature `feature` in column `column` of `picked` samples, 0 beyond them.
    #[inline(always)]
    unsafe fn sample(&self, picked: Picked, column: u32, feature: u32) -> f32 {
        let train = self.train;
        if column >= picked.count {
            return 0.0;
        }
        // SAFETY: the caller's; samples of the data.
        unsafe {
            let sample = *picked.samples.add(column as usize) as usize;
            *train
                .data
                .add(sample * train.shape.features as usize + feature as usize)
        }
    }

    /// The class of the sample in column `column`, 0 beyond them.
    #[inline(always)]
    unsafe fn label(&self, picked: Picked, column: u32) -> f32 {
        if column >= picked.count {
            return 0.0;
        }
        // SAFETY: the caller's; samples of the data.
        unsafe {
            *self
                .train
                .labels
                .add(*picked.samples.add(column as usize) as usize)
        }
    }

    /// Where the numbers go that this thread brings.
    #[inline(always)]
    fn places(&self) -> Places {
        let shape = &self.train.shape;
        let (thread, threads) = (self.team.thread(), self.team.threads());
        let items = EIGHT.map(|k| thread + k * threads);
        let columns = items.map(|item| item.checked_div(shape.features).unwrap_or(0));
        let feature = |k: usize| items[k] - columns[k] * shape.features;
        Places {
            // No evaluation takes more columns than a minibatch.
            fit: shape.features * shape.columns <= threads * TOGETHER as u32
                && shape.columns <= threads,
            columns,
            features: [0, 1, 2, 3, 4, 5, 6, 7].map(feature),
        }
    }

    /// Begins to bring samples: what of them is this thread's, if it can hold that.
    #[inline(always)]
    unsafe fn fetch(&self, picked: Picked, places: &Places) -> Fetched {
        let mut fetched = Fetched {
            label: 0.0,
            numbers: [0.0; TOGETHER],
        };
        if places.fit {
            fetched.numbers = [0, 1, 2, 3, 4, 5, 6, 7].map(|k| {
                // SAFETY: the caller's.
                unsafe { self.sample(picked, places.columns[k], places.features[k]) }
            });
            // SAFETY: the caller's.
            fetched.label = unsafe { self.label(picked, self.team.thread()) };
        }
        fetched
    }

    /// Puts samples where all threads see them, column by column, and zeros up to whole [`PAD`]s.
    #[inline(always)]
    unsafe fn fill(&self, picked: Picked, places: &Places, fetched: &Fetched) {
        let shape = &self.train.shape;
        let (features, columns) = (shape.features, picked.columns());
        let labels = self.pool.beyond(features * shape.stride);
        if places.fit {
            let thread = self.team.thread();
            let put = |k: usize| {
                let (column, feature) = (places.columns[k], places.features[k]);
                if column < columns {
                    // SAFETY: this item's place.
                    unsafe {
                        self.pool
                            .store(feature * shape.stride + column, fetched.numbers[k]);
                    }
                }
            };
            // Written out, so that all of it stays in registers.
            put(0);
            put(1);
            put(2);
            put(3);
            put(4);
            put(5);
            put(6);
            put(7);
            if thread < columns {
                // SAFETY: this thread's place.
                unsafe { labels.store(thread, fetched.label) };
            }
            return;
        }
        for item in self.items(features * columns) {
            let column = item.checked_div(features).unwrap_or(0);
            let feature = item - column * features;
            // SAFETY: this item's place.
            unsafe {
                let x = self.sample(picked, column, feature);
                self.pool.store(feature * shape.stride + column, x);
            }
        }
        for column in self.items(columns) {
            // SAFETY: this item's place.
            unsafe { labels.store(column, self.label(picked, column)) };
        }
    }

    /// The samples as a matrix, a row a feature.
    #[inline(always)]
    fn samples(&self) -> Matrix<S> {
        self.grid(self.pool)
    }

    /// A matrix whose columns are samples.
    #[inline(always)]
    fn grid(&self, data: S) -> Matrix<S> {
        Matrix {
            data,
            row: self.train.shape.stride,
            inner: 1,
        }
    }

    /// All tiles of `[rows, columns]` for each trial that trains, columns being samples; `tile` is given the trial's piece, the first
    /// row and the first column.
    #[inline(always)]
    unsafe fn sample_tiles(&self, row_count: u32, columns: u32, tile: impl Fn(S, u32, u32)) {
        let row_tiles = row_count.div_ceil(ROWS);
        let items = row_tiles * columns.div_ceil(32) * self.count * 4;
        for item in self.items(items) {
            let lane = item % 4;
            let rest = item / 4;
            // Trials go before tiles, so that neighbouring threads share the samples and the rows.
            let which = rest.checked_div(self.count).unwrap_or(0);
            let piece = self.piece(rest - which * self.count);
            // SAFETY: the caller's.
            if unsafe { self.trains(piece) } {
                let column_tile = which.checked_div(row_tiles).unwrap_or(0);
                let row = (which - column_tile * row_tiles) * ROWS;
                tile(piece, row, column_tile * 32 + lane * 4);
            }
        }
    }

    /// Leaves the logits of the first `columns` samples in each piece, and what hidden units give.
    #[inline(always)]
    unsafe fn forward<F: Fma, const HIDDEN: bool>(&self, columns: u32) {
        let shape = &self.train.shape;
        let [first, first_bias, top, top_bias] = shape.parts;
        // SAFETY: the caller's.
        unsafe {
            if HIDDEN {
                let rectified = |x: f32| rectify(Scalar::<F>::new(x)).0;
                let samples = |_| self.samples();
                self.affine::<F>(first, first_bias, samples, shape.active, columns, rectified);
                self.team.sync();
                let active = |piece: S| self.grid(piece.beyond(shape.active));
                self.affine::<F>(top, top_bias, active, shape.logits, columns, |x| x);
            } else {
                let samples = |_| self.samples();
                self.affine::<F>(first, first_bias, samples, shape.logits, columns, |x| x);
            }
        }
    }

    /// `out = weights * inputs + bias`, through `map`.
    #[inline(always)]
    unsafe fn affine<F: Fma>(
        &self,
        weights: Part,
        bias: Part,
        inputs: impl Fn(S) -> Matrix<S>,
        out: u32,
        columns: u32,
        map: impl Fn(f32) -> f32,
    ) {
        let shape = &self.train.shape;
        // SAFETY: the caller's; a tile is one item's.
        unsafe {
            self.sample_tiles(weights.rows, columns, |piece, row, at| {
                let tile_rows = rows(row, weights.rows);
                let a = Matrix {
                    data: piece.beyond(weights.at),
                    row: weights.stride,
                    inner: 1,
                };
                let start = tile_rows.map(|row| piece.load(bias.at + row));
                let sums = outer::<F, S, true>(
                    a,
                    inputs(piece),
                    tile_rows,
                    at,
                    columns,
                    weights.columns,
                    start,
                );
                let out = piece.beyond(out);
                store(
                    sums,
                    out,
                    shape.stride,
                    [row, weights.rows],
                    [at, columns],
                    |_, _, x| map(x),
                );
            });
        }
    }

    /// The labels of the four samples from `column` on.
    #[inline(always)]
    unsafe fn labels<F: Fma>(&self, column: u32) -> Quad<F> {
        let shape = &self.train.shape;
        // SAFETY: the caller's; labels were filled in up to whole sixteens.
        Quad::new(unsafe { self.pool.load4(shape.features * shape.stride + column) })
    }

    /// Turns logits into gradients of the mean cross-entropy, and leaves the cross-entropy of each sample.
    #[inline(always)]
    unsafe fn entropy<F: Fma>(&self) {
        let shape = &self.train.shape;
        let weight = weight(shape.batch as usize);
        let quads = shape.columns / 4;
        for item in self.items(self.count * quads) {
            let trial = item.checked_div(quads).unwrap_or(0);
            let column = (item - trial * quads) * 4;
            let piece = self.piece(trial);
            // SAFETY: the caller's; four columns are one item's.
            unsafe {
                if !self.trains(piece) {
                    continue;
                }
                let mut logits = Logits {
                    data: piece.beyond(shape.logits + column),
                    stride: shape.stride,
                    classes: shape.classes,
                };
                let parts = descend::<Quad<F>>(&mut logits, self.labels(column), weight);
                let losses = losses::<F>(parts);
                piece.store4(shape.losses + column, first(losses, shape.batch, column));
                if column + 4 > shape.batch {
                    // What is beyond the batch has no part in any sum.
                    let mut class = 0;
                    while class < shape.classes {
                        let grads = logits.data.load4(class * shape.stride);
                        let grads = first(grads, shape.batch, column);
                        logits.data.store4(class * shape.stride, grads);
                        class += 1;
                    }
                }
            }
        }
    }

    /// Looks at the loss of the trial that is this thread's, and at its rate, and decides about its step.
    #[inline(always)]
    unsafe fn decide(&self, step: u32, rate: Option<Rate>) {
        let (train, shape) = (self.train, &self.train.shape);
        if let Some(Rate { lr, momentum }) = rate {
            let piece = self.piece(self.team.thread());
            // SAFETY: the caller's; a trial is one thread's.
            unsafe {
                if !self.trains(piece) {
                    return;
                }
                let words = piece.beyond(shape.words);
                let flags = words.load(word::FLAGS).to_bits();
                let losses: Sum<f64> = self.sum(piece.beyond(shape.losses), shape.columns);
                let mean = mean(losses.total(), shape.batch as usize);
                let mut moves = flags & VELOCITY != 0;
                let mut rated = lr.is_finite();
                if flags & MOVING != 0 {
                    // In a step without momentum the velocity rests.
                    moves = momentum != 0.0;
                    rated &= momentum.is_finite() && momentum >= 0.0;
                    words.store(word::COEFFICIENTS, momentum);
                }
                let ended = if !(mean.is_finite() && mean <= train.divergence_bound) {
                    cause::LOSS
                } else if !rated {
                    cause::RATE
                } else {
                    0
                };
                if ended != 0 {
                    words.store(word::CAUSE, f32::from_bits(ended));
                    words.store(word::STEP, f32::from_bits(step));
                    return;
                }
                let started = words.load(word::STARTED).to_bits() != 0;
                let mut rule = match (moves, started) {
                    (false, _) => PLAIN,
                    (true, false) => FIRST,
                    (true, true) => LATER,
                };
                if flags & NESTEROV != 0 {
                    rule |= AHEAD;
                }
                if flags & FUSED != 0 {
                    rule |= FUSED_RULE;
                }
                words.store(word::RULE, f32::from_bits(rule));
                words.store(word::LR, lr);
                if moves {
                    words.store(word::STARTED, f32::from_bits(1));
                }
            }
        }
    }

    /// The gradients of hidden units, from those of the logits.
    #[inline(always)]
    unsafe fn hidden_gradients<F: Fma>(&self) {
        let shape = &self.train.shape;
        let top = shape.parts[2];
        // SAFETY: the caller's; a tile is one item's.
        unsafe {
            self.sample_tiles(shape.hidden, shape.columns, |piece, row, at| {
                let a = Matrix {
                    data: piece.beyond(top.at),
                    row: 1,
                    inner: top.stride,
                };
                let sums = outer::<F, S, false>(
                    a,
                    self.grid(piece.beyond(shape.logits)),
                    rows(row, shape.hidden),
                    at,
                    shape.columns,
                    shape.classes,
                    [0.0; 5],
                );
                let active = piece.beyond(shape.active);
                let gated = |row: u32, column: u32, x: f32| {
                    let by = active.load(row * shape.stride + column);
                    rectify_grad(Scalar::<F>::new(by), Scalar::<F>::new(x)).0
                };
                store(
                    sums,
                    piece.beyond(shape.hidden_grads),
                    shape.stride,
                    [row, shape.hidden],
                    [at, shape.columns],
                    gated,
                );
            });
        }
    }

    /// The gradients of all parameters, and their update.
    #[inline(always)]
    unsafe fn update<F: Fma, const HIDDEN: bool>(&self) {
        let shape = &self.train.shape;
        let [first, first_bias, top, top_bias] = shape.parts;
        // SAFETY: the caller's; a parameter is one item's.
        unsafe {
            let (below, above) = (shape.hidden_grads, shape.logits);
            let samples = |_| self.samples();
            if HIDDEN {
                self.update_weights::<F>(first, below, samples);
                self.update_biases::<F>(first_bias, below);
                let active = |piece: S| self.grid(piece.beyond(shape.active));
                self.update_weights::<F>(top, above, active);
                self.update_biases::<F>(top_bias, above);
            } else {
                self.update_weights::<F>(first, above, samples);
                self.update_biases::<F>(first_bias, above);
            }
        }
    }

    /// Weights from gradients at `grads` to `inputs`.
    #[inline(always)]
    unsafe fn update_weights<F: Fma>(
        &self,
        part: Part,
        grads: u32,
        inputs: impl Fn(S) -> Matrix<S>,
    ) {
        let shape = &self.train.shape;
        // Lanes beside each other take columns beside each other; as many as the columns have work for.
        let shift: u32 = match part.columns {
            33.. => 3,
            17.. => 2,
            9.. => 1,
            _ => 0,
        };
        let lanes = 1 << shift;
        let row_tiles = part.rows.div_ceil(ROWS);
        let column_tiles =
            (part.columns + (COLUMNS << shift) - 1) >> (shift + COLUMNS.trailing_zeros());
        for item in self.items(row_tiles * column_tiles * self.count * lanes) {
            let rest = item >> shift;
            let which = rest.checked_div(self.count).unwrap_or(0);
            let piece = self.piece(rest - which * self.count);
            // SAFETY: the caller's.
            unsafe {
                if !self.trains(piece) {
                    continue;
                }
                let column_tile = which.checked_div(row_tiles).unwrap_or(0);
                let row = (which - column_tile * row_tiles) * ROWS;
                let column = ((column_tile * COLUMNS) << shift) + (item & (lanes - 1));
                let columns =
                    [0, 1, 2, 3, 4, 5, 6, 7].map(|at| (column + at * lanes).min(part.columns - 1));
                let sums = inner::<F, S>(
                    self.grid(piece.beyond(grads)),
                    inputs(piece),
                    rows(row, part.rows),
                    columns,
                    shape.batch,
                );
                self.apply::<F>(piece, part, [row, column], lanes, sums);
            }
        }
    }

    /// The update with a tile of gradients.
    #[inline(always)]
    unsafe fn apply<F: Fma>(&self, piece: S, part: Part, first: [u32; 2], lanes: u32, sums: Sums) {
        // SAFETY: the caller's.
        unsafe {
            let step = Step::of(piece, &self.train.shape);
            let tile = Tile {
                part,
                first,
                lanes,
                velocity: step.velocity,
            };
            let broken = match step.rule & !AHEAD {
                // Tiles that stand out beyond the last column, and first steps, are taken in a loop.
                _ if !tile.is_full() => {
                    tile.each_in_turn(sums, |at, g| step.take::<F, S>(piece, at, g))
                }
                PLAIN => tile.each::<S, false>(piece, sums, |p, g, v| {
                    (step.coefficients.plain::<Separate>(step.lr, p, g), v)
                }),
                LATER => {
                    tile.each::<S, true>(piece, sums, |p, g, v| step.later::<Separate>(p, g, v))
                }
                PLAIN_FUSED => tile.each::<S, false>(piece, sums, |p, g, v| {
                    (step.coefficients.plain::<Fused<F>>(step.lr, p, g), v)
                }),
                LATER_FUSED => {
                    tile.each::<S, true>(piece, sums, |p, g, v| step.later::<Fused<F>>(p, g, v))
                }
                _ => tile.each_in_turn(sums, |at, g| step.take::<F, S>(piece, at, g)),
            };
            self.mark(piece, broken);
        }
    }

    /// Biases, from gradients at `grads`.
    #[inline(always)]
    unsafe fn update_biases<F: Fma>(&self, part: Part, grads: u32) {
        let shape = &self.train.shape;
        for item in self.items(self.count * part.columns) {
            let trial = item.checked_div(part.columns).unwrap_or(0);
            let at = item - trial * part.columns;
            let piece = self.piece(trial);
            // SAFETY: the caller's.
            unsafe {
                if !self.trains(piece) {
                    continue;
                }
                let row = piece.beyond(grads + at * shape.stride);
                let g = self.sum::<f32>(row, shape.columns).total();
                let broken = Step::of(piece, shape).take::<F, S>(piece, part.at + at, g);
                self.mark(piece, broken);
            }
        }
    }

    /// The sum of the first `columns` numbers of a row.
    #[inline(always)]
    unsafe fn sum<A: Copy + Default + From<f32> + core::ops::Add<Output = A>>(
        &self,
        row: S,
        columns: u32,
    ) -> Sum<A> {
        let mut sum = Sum::default();
        let mut column = 0;
        while column < columns {
            // SAFETY: the caller's.
            sum.add(&unsafe { partial(row, column) });
            column += PAD;
        }
        sum
    }

    /// Writes down that a parameter is not finite. Whoever finds it writes the same.
    #[inline(always)]
    unsafe fn mark(&self, piece: S, broken: bool) {
        if broken {
            // SAFETY: a word of the piece.
            unsafe { piece.store(self.train.shape.words + word::BROKEN, f32::from_bits(1)) };
        }
    }

    /// Counts what the trial that is this thread's has guessed right, and where a chunk of samples `ends` with it adds up its losses.
    #[inline(always)]
    unsafe fn collect(&self, scores: &mut Scores, columns: u32, before: u32, ends: bool) {
        let (trial, shape) = (self.team.thread(), &self.train.shape);
        // SAFETY: the caller's; a trial is one thread's. What ended is not scored.
        unsafe {
            if trial >= self.count || !self.trains(self.piece(trial)) {
                return;
            }
            let piece = self.piece(trial);
            let mut column = 0;
            while column < columns {
                let quads =
                    [0, 4, 8, 12].map(|at| piece.load(shape.logits + column + at).to_bits());
                scores.right += quads.iter().sum::<u32>();
                column += PAD;
            }
            if ends {
                let losses: Sum<f64> = self.sum(piece.beyond(shape.losses), before + columns);
                scores.total += losses.total();
            }
        }
    }

    /// Writes the evaluation of the trial that is this thread's.
    #[inline(always)]
    unsafe fn report(&self, scores: &Scores) {
        let (trial, train) = (self.team.thread(), self.train);
        // SAFETY: the caller's; a trial is one thread's.
        unsafe {
            if trial < self.count && self.trains(self.piece(trial)) {
                let (number, count) = (self.number(trial), train.validation_count as usize);
                *train.losses.add(number) = mean(scores.total, count);
                *train.accuracies.add(number) = mean(f64::from(scores.right), count);
            }
        }
    }

    /// Leaves the cross-entropy of each sample, and in the place of the first logit of four of them how many are guessed right.
    #[inline(always)]
    unsafe fn score<F: Fma>(&self, count: u32, columns: u32, before: u32) {
        let shape = &self.train.shape;
        let quads = columns / 4;
        for item in self.items(self.count * quads) {
            let trial = item.checked_div(quads).unwrap_or(0);
            let column = (item - trial * quads) * 4;
            let piece = self.piece(trial);
            // SAFETY: the caller's; four columns are one item's.
            unsafe {
                if !self.trains(piece) {
                    continue;
                }
                let logits = Logits {
                    data: piece.beyond(shape.logits + column),
                    stride: shape.stride,
                    classes: shape.classes,
                };
                let labels = self.labels::<F>(column);
                let Score { parts, class } = score(&logits, labels);
                let losses = losses::<F>(parts);
                piece.store4(shape.losses + before + column, first(losses, count, column));
                let right = |at: usize| -> u32 {
                    let is = column + (at as u32) < count
                        && is_right(labels.get()[at], class.get()[at], losses[at]);
                    is.into()
                };
                let right = right(0) + right(1) + right(2) + right(3);
                logits.data.store(0, f32::from_bits(right));
            }
        }
    }
}

/// The cross-entropies whose parts these are.
#[inline(always)]
fn losses<F: Fma>(parts: Parts<Quad<F>>) -> [f32; 4] {
    let ([s0, s1, s2, s3], [o0, o1, o2, o3]) = (parts.sum.get(), parts.offset.get());
    [
        loss::<F>(s0, o0),
        loss::<F>(s1, o1),
        loss::<F>(s2, o2),
        loss::<F>(s3, o3),
    ]
}

/// Four numbers, of which those beyond the first `count` columns are 0.
#[inline(always)]
fn first([a, b, c, d]: [f32; 4], count: u32, column: u32) -> [f32; 4] {
    let kept = |at: u32, x: f32| if column + at < count { x } else { 0.0 };
    [kept(0, a), kept(1, b), kept(2, c), kept(3, d)]
}

/// What a trial does in a step.
#[derive(Clone, Copy)]
struct Step {
    rule: u32,
    lr: f32,
    coefficients: Coefficients,
    velocity: u32,
}

impl Step {
    /// # Safety
    /// The trial trains, and its step was decided.
    #[inline(always)]
    unsafe fn of<S: Space>(piece: S, shape: &Shape) -> Self {
        let words = piece.beyond(shape.words);
        // SAFETY: the caller's.
        let (rule, lr, [momentum, undampened, weight_decay, gradient_scale]) = unsafe {
            (
                words.load(word::RULE).to_bits(),
                words.load(word::LR),
                words.load4(word::COEFFICIENTS),
            )
        };
        Self {
            rule,
            lr,
            coefficients: Coefficients {
                momentum,
                undampened,
                weight_decay,
                gradient_scale,
            },
            velocity: shape.parameter_words,
        }
    }

    /// Updates the parameter at `at` with gradient `g`, by any rule. Gives whether it is no longer finite.
    ///
    /// # Safety
    /// It is a parameter, and no other thread uses it.
    #[inline(always)]
    unsafe fn take<F: Fma, S: Space>(&self, piece: S, at: u32, g: f32) -> bool {
        let moves = self.rule & !(AHEAD | FUSED_RULE) != PLAIN;
        // SAFETY: the caller's.
        unsafe {
            let p = piece.load(at);
            let v = if moves {
                piece.load(self.velocity + at)
            } else {
                0.0
            };
            let (p, v) = if self.rule & FUSED_RULE != 0 {
                self.of_rule::<Fused<F>>(p, g, v)
            } else {
                self.of_rule::<Separate>(p, g, v)
            };
            piece.store(at, p);
            if moves {
                piece.store(self.velocity + at, v);
            }
            !p.is_finite()
        }
    }

    /// A parameter and its velocity after any but the first step.
    #[inline(always)]
    fn later<M: MulAdd>(&self, p: f32, g: f32, v: f32) -> (f32, f32) {
        let ahead = self.rule & AHEAD != 0;
        self.coefficients.later::<M>(self.lr, ahead, p, g, v)
    }

    /// A parameter and its velocity after this step.
    #[inline(always)]
    fn of_rule<M: MulAdd>(&self, p: f32, g: f32, v: f32) -> (f32, f32) {
        match self.rule & !(AHEAD | FUSED_RULE) {
            PLAIN => (self.coefficients.plain::<M>(self.lr, p, g), v),
            FIRST => self
                .coefficients
                .first::<M>(self.lr, self.rule & AHEAD != 0, p, g),
            _ => self.later::<M>(p, g, v),
        }
    }
}

/// A tile of a part.
#[derive(Clone, Copy)]
struct Tile {
    part: Part,
    /// Its first row and column.
    first: [u32; 2],
    /// From column to column.
    lanes: u32,
    /// From a parameter to its velocity.
    velocity: u32,
}

impl Tile {
    /// Calls `take` with the place and the gradient of one parameter, if the tile's place is one.
    #[inline(always)]
    fn one(&self, row: u32, column: u32, g: f32, take: impl Fn(u32, f32) -> bool) -> bool {
        row < self.part.rows
            && column < self.part.columns
            && take(self.part.at + row * self.part.stride + column, g)
    }

    /// Whether all its columns are parameters.
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.first[1] + (COLUMNS - 1) * self.lanes < self.part.columns
    }

    /// Updates all parameters of a full tile by `update`, and their velocities if it is of those that have one.
    ///
    /// # Safety
    /// The tile is this thread's, and [full](Self::is_full).
    #[inline(always)]
    unsafe fn each<S: Space, const V: bool>(
        &self,
        piece: S,
        sums: Sums,
        update: impl Fn(f32, f32, f32) -> (f32, f32),
    ) -> bool {
        let Part {
            rows, at, stride, ..
        } = self.part;
        // A row at a time is loaded before any of it is used.
        let places = [0, 1, 2, 3, 4, 5, 6, 7].map(|k| at + self.first[1] + k * self.lanes);
        let row = |row: u32, grads: [f32; 8]| {
            if row >= rows {
                return false;
            }
            let here = piece.beyond(row * stride);
            let moves = here.beyond(self.velocity);
            // SAFETY: the caller's.
            let p = places.map(|place| unsafe { here.load(place) });
            let v = if V {
                // SAFETY: the caller's.
                places.map(|place| unsafe { moves.load(place) })
            } else {
                [0.0; 8]
            };
            let one = |k: usize| {
                let (p, v) = update(p[k], grads[k], v[k]);
                // SAFETY: the caller's.
                unsafe {
                    here.store(places[k], p);
                    if V {
                        moves.store(places[k], v);
                    }
                }
                !p.is_finite()
            };
            one(0) | one(1) | one(2) | one(3) | one(4) | one(5) | one(6) | one(7)
        };
        let ([s0, s1, s2, s3, s4], first) = (sums, self.first[0]);
        row(first, s0)
            | row(first + 1, s1)
            | row(first + 2, s2)
            | row(first + 3, s3)
            | row(first + 4, s4)
    }

    /// The same in a loop, for what happens once in a run: shorter, and slower.
    #[inline(always)]
    fn each_in_turn(&self, sums: Sums, take: impl Fn(u32, f32) -> bool) -> bool {
        let mut broken = false;
        for (row, grads) in (self.first[0]..).zip(sums) {
            let mut column = self.first[1];
            for g in grads {
                broken |= self.one(row, column, g, &take);
                column += self.lanes;
            }
        }
        broken
    }
}
