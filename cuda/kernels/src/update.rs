//! The update of all parameters of all trials, as one thread of a grid sees it.
//!
//! Elements lie trial after trial, and within a trial parameter group after group. They are cut into *tiles*, each inside one group of
//! one trial, and a warp, or some lanes of it, takes a tile: so the trial, its rate and the rule that holds are the same for all of them, and a
//! trial that takes no part costs two loads. The arithmetic is [`hairpin_core::sgd::Coefficients`].

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hairpin_core::sgd::{Coefficients, MulAdd, group_rate};

use crate::place::{LANES, Place};

/// Threads of a block.
pub const THREADS: u32 = 256;

/// Vectors of four elements that a lane takes, all under way at once.
const VECTORS: u32 = 4;

/// Most elements of a tile, which a whole warp takes.
pub const TILE: u32 = LANES * VECTORS * 4;

/// How many lanes take a tile of up to `length` elements: as few as can, so that each has as much under way as it can.
#[must_use]
pub const fn lanes(length: u32) -> u32 {
    let lanes = length.div_ceil(VECTORS * 4).next_power_of_two();
    if lanes < LANES { lanes } else { LANES }
}

/// The trial has a velocity.
pub const VELOCITY: u32 = 1;
/// It looks ahead along it.
pub const NESTEROV: u32 = 2;

/// What the kernel knows of a trial: 32 bytes, what one access to memory brings.
#[repr(C, align(32))]
#[derive(Debug)]
pub struct TrialRecord {
    /// The numbers of its update.
    pub coefficients: Coefficients,
    /// [`VELOCITY`] and [`NESTEROV`].
    pub flags: u32,
    /// It takes the steps below this: 0 stops it, and a step that breaks its parameters sets it to the step after.
    pub ends: AtomicU32,
    /// The step at which its velocity begins.
    pub first: AtomicU32,
    /// One more than the step whose gradient was found not to be finite; that step is skipped.
    pub bad: AtomicU32,
}

/// A parameter group: elements with a rate and a weight decay of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRecord {
    /// What the schedule's rate is multiplied with.
    pub lr_multiplier: f64,
    /// Its weight decay; NaN for the trial's own.
    pub weight_decay: f32,
    /// Nothing; it keeps the record free of bytes that nobody wrote.
    pub reserved: u32,
}

/// The tile is the first of its trial.
pub const FIRST: u32 = 1;

/// Elements that a warp takes: some of one group of one trial.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRecord {
    /// Its first element: counted in the trial where all trials are alike, else over all.
    pub start: u64,
    /// How many elements it has, up to [`TILE`].
    pub length: u32,
    /// Their group.
    pub group: u32,
    /// Their trial; not looked at where all trials are alike.
    pub trial: u32,
    /// [`FIRST`].
    pub flags: u32,
}

/// What launches share: the step, and whose turn it is to advance it.
#[repr(C, align(16))]
#[derive(Debug, Default)]
pub struct Control {
    /// The step that the next launch takes.
    pub step: AtomicU32,
    /// There are rates for the steps below this.
    pub until: AtomicU32,
    /// Blocks of this launch that are through.
    pub tickets: AtomicU32,
    /// Set by a launch that found no rates: it changed nothing.
    pub overrun: AtomicU32,
}

/// What `word` was when the launch began, or what this launch has made of it: the caller has to make do with either.
///
/// It is a load like any other, which the nearest cache answers. An atomic one goes to the second cache each time, and thousands of warps
/// that ask for one word queue there: that took longer than the update.
///
/// # Safety
/// Every value that is written to `word` in the course of the launch will do.
#[inline(always)]
unsafe fn settled(word: &AtomicU32) -> u32 {
    // SAFETY: the caller's; words of this size are not torn.
    unsafe { *word.as_ptr() }
}

/// What a launch is given.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// `[elements]`
    pub params: *mut f32,
    /// `[elements]`
    pub grads: *const f32,
    /// `[elements]`; not looked at by the plain kernels.
    pub velocity: *mut f32,
    /// `[rows, trials]`: the rate of step `t` is in row `t % rows`.
    pub rates: *const f32,
    /// `[rows, trials]` likewise, or null: the momentum of a step; NaN for the trial's own.
    pub momenta: *const f32,
    /// The step.
    pub control: *mut Control,
    /// `[trials]`
    pub trials: *mut TrialRecord,
    /// `[trials]`: steps that were skipped.
    pub skipped: *mut u32,
    /// `[groups]`
    pub groups: *const GroupRecord,
    /// `[tiles]`, or where all trials are alike those of one.
    pub tiles: *const TileRecord,
    /// How many elements a trial has; 0 where trials differ.
    pub size: u64,
    /// How many tiles there are, over all.
    pub tile_count: u32,
    /// How many tiles a trial has; 0 where trials differ.
    pub tiles_per_trial: u32,
    /// How many trials there are.
    pub trial_count: u32,
    /// How many rows of rates there is room for.
    pub rows: u32,
    /// How many lanes take a tile: a power of two, up to a warp.
    pub lanes: u32,
    /// Whether all pointers to elements are on 16 bytes.
    pub aligned: u32,
    /// Whether a parameter that is not finite ends its trial.
    pub watch: u32,
}

/// Four elements that are loaded and stored at once.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Vector([f32; 4]);

/// A tile that takes part in a step, and its trial.
#[derive(Clone, Copy)]
struct Tile {
    step: u32,
    start: u64,
    end: u64,
    group: u32,
    trial: u32,
    /// It is the first of its trial.
    is_first: bool,
    flags: u32,
    coefficients: Coefficients,
}

/// What decides a tile's update beside the rule.
#[derive(Clone, Copy)]
struct Numbers {
    coefficients: Coefficients,
    lr: f32,
    nesterov: bool,
}

impl Update {
    /// The tile of the thread `place`, unless its trial has ended or there are no rates for the step.
    ///
    /// # Safety
    /// As [`update`].
    #[inline(always)]
    unsafe fn tile(&self, place: Place) -> Option<Tile> {
        let thread = u64::from(place.block) * u64::from(THREADS) + u64::from(place.thread);
        // A power of two: a shift is enough.
        let index = (thread >> self.lanes.trailing_zeros()) as u32;
        if index >= self.tile_count {
            return None;
        }
        // All that does not wait for something else is loaded before anything is looked at.
        // SAFETY: a trial has that many tiles, and there is a record a trial.
        let (tile, trial) = unsafe {
            match index.checked_div(self.tiles_per_trial) {
                Some(trial) => {
                    let tile = *self
                        .tiles
                        .add((index - trial * self.tiles_per_trial) as usize);
                    (tile, trial)
                }
                None => {
                    let tile = *self.tiles.add(index as usize);
                    (tile, tile.trial)
                }
            }
        };
        // SAFETY: as above, and `control` is valid. The step is advanced after every block has read it; `until` is not written here;
        // a trial that ends in this step still takes it.
        let (step, until, ends, record) = unsafe {
            let (control, record) = (&*self.control, &*self.trials.add(trial as usize));
            (
                settled(&control.step),
                settled(&control.until),
                settled(&record.ends),
                record,
            )
        };
        let (flags, coefficients) = (record.flags, record.coefficients);
        if step >= until || step >= ends {
            return None;
        }
        // Where trials differ the size is 0.
        let start = u64::from(trial) * self.size + tile.start;
        Some(Tile {
            step,
            start,
            end: start + u64::from(tile.length),
            group: tile.group,
            trial,
            is_first: tile.flags & FIRST != 0,
            flags,
            coefficients,
        })
    }

    /// Which of the lanes of its tile a thread is.
    #[inline(always)]
    fn lane(&self, place: Place) -> u32 {
        place.thread & (self.lanes - 1)
    }

    /// The trial of `tile`.
    ///
    /// # Safety
    /// As [`update`].
    #[inline(always)]
    unsafe fn record(&self, tile: &Tile) -> &TrialRecord {
        // SAFETY: one record a trial.
        unsafe { &*self.trials.add(tile.trial as usize) }
    }

    /// Where the rate and the momentum of a tile's step lie.
    #[inline(always)]
    fn cell(&self, tile: &Tile) -> usize {
        let row = tile.step.checked_rem(self.rows).unwrap_or(0);
        row as usize * self.trial_count as usize + tile.trial as usize
    }

    /// Writes down, once a trial, that its velocity does not move in this step, or that the step is skipped.
    ///
    /// # Safety
    /// As [`update`].
    #[inline(always)]
    unsafe fn rest(&self, tile: &Tile, place: Place, skipped: bool) {
        if !tile.is_first || self.lane(place) != 0 {
            return;
        }
        // SAFETY: the caller's.
        let first = unsafe { &self.record(tile).first };
        // What has not begun begins later. Nobody else asks for it in this step.
        if first.load(Relaxed) == tile.step {
            first.store(tile.step.saturating_add(1), Relaxed);
        }
        if skipped {
            // SAFETY: one count a trial, and one lane in the whole grid that is here for it.
            unsafe { *self.skipped.add(tile.trial as usize) += 1 };
        }
    }
}

/// A rule as a type, so that the loops below are compiled for each.
trait Apply {
    /// It reads the velocity.
    const READS: bool;
    /// It writes the velocity.
    const WRITES: bool;
    /// A parameter and its velocity after the step.
    fn apply<M: MulAdd>(numbers: &Numbers, p: f32, g: f32, v: f32) -> (f32, f32);
}

struct Plain;
struct First;
struct Later;

impl Apply for Plain {
    const READS: bool = false;
    const WRITES: bool = false;

    #[inline(always)]
    fn apply<M: MulAdd>(numbers: &Numbers, p: f32, g: f32, v: f32) -> (f32, f32) {
        (numbers.coefficients.plain::<M>(numbers.lr, p, g), v)
    }
}

impl Apply for First {
    const READS: bool = false;
    const WRITES: bool = true;

    #[inline(always)]
    fn apply<M: MulAdd>(numbers: &Numbers, p: f32, g: f32, _: f32) -> (f32, f32) {
        let Numbers {
            coefficients,
            lr,
            nesterov,
        } = numbers;
        coefficients.first::<M>(*lr, *nesterov, p, g)
    }
}

impl Apply for Later {
    const READS: bool = true;
    const WRITES: bool = true;

    #[inline(always)]
    fn apply<M: MulAdd>(numbers: &Numbers, p: f32, g: f32, v: f32) -> (f32, f32) {
        let Numbers {
            coefficients,
            lr,
            nesterov,
        } = numbers;
        coefficients.later::<M>(*lr, *nesterov, p, g, v)
    }
}

impl Tile {
    /// The part of the tile that `lane` takes. Gives whether it left a parameter that is not finite; nothing, and does nothing, if the
    /// rate is NaN.
    ///
    /// # Safety
    /// As [`update`]; this is the tile of the lane's warp.
    #[inline(always)]
    unsafe fn walk<M: MulAdd, R: Apply>(
        &self,
        update: &Update,
        lane: u32,
        momentum: f32,
    ) -> Option<bool> {
        let lane = u64::from(lane);
        // SAFETY: one rate a trial and row, one record a group.
        let (rate, group) = unsafe {
            (
                *update.rates.add(update.cell(self)),
                *update.groups.add(self.group as usize),
            )
        };
        // Elements begin to come before the rate is there.
        let span = if update.aligned == 0 {
            Span::without_vectors(self.end)
        } else {
            Span::of(self.start, self.end)
        };
        let at = span.first + lane;
        let vectors = Vectors {
            p: update.params.cast::<Vector>().wrapping_add(at as usize),
            g: update.grads.cast::<Vector>().wrapping_add(at as usize),
            v: update.velocity.cast::<Vector>().wrapping_add(at as usize),
            left: span.last.saturating_sub(at) as u32,
            lanes: update.lanes,
        };
        // SAFETY: so many vectors of this tile are left from there on; all arrays are on 16 bytes.
        let loaded = unsafe { Loaded::of::<R>(&vectors) };
        let mut coefficients = Coefficients {
            momentum,
            ..self.coefficients
        };
        if !group.weight_decay.is_nan() {
            coefficients.weight_decay = group.weight_decay;
        }
        let numbers = Numbers {
            coefficients,
            lr: group_rate(rate, group.lr_multiplier),
            nesterov: self.flags & NESTEROV != 0,
        };
        if numbers.lr.is_nan() {
            return None;
        }
        // SAFETY: vectors as above, of which a tile has no more than these; elements of this tile.
        let broken = unsafe {
            loaded.store::<M, R>(&numbers, &vectors)
                | numbers.elements::<M, R>(update, self.start, span.head, lane)
                | numbers.elements::<M, R>(update, span.tail, self.end, lane)
        };
        Some(broken)
    }
}

impl Numbers {
    /// Elements from `start` to before `end`, one at a time.
    ///
    /// # Safety
    /// As [`Tile::walk`].
    #[inline(always)]
    unsafe fn elements<M: MulAdd, R: Apply>(
        &self,
        update: &Update,
        start: u64,
        end: u64,
        lane: u64,
    ) -> bool {
        let mut broken = false;
        let mut element = start + lane;
        while element < end {
            let at = element as usize;
            // SAFETY: the caller's.
            unsafe {
                let v = if R::READS {
                    *update.velocity.add(at)
                } else {
                    0.0
                };
                let (p, v) = R::apply::<M>(self, *update.params.add(at), *update.grads.add(at), v);
                *update.params.add(at) = p;
                if R::WRITES {
                    *update.velocity.add(at) = v;
                }
                broken |= !p.is_finite();
            }
            element += u64::from(update.lanes);
        }
        broken
    }
}

/// How elements come apart into whole vectors and what is left on either side.
struct Span {
    /// The first whole vector.
    first: u64,
    /// One past the last whole vector.
    last: u64,
    /// Where elements before the vectors end.
    head: u64,
    /// Where elements after the vectors begin.
    tail: u64,
}

impl Span {
    /// No vectors: all elements are taken one at a time.
    #[inline(always)]
    fn without_vectors(end: u64) -> Self {
        Self {
            first: 0,
            last: 0,
            head: end,
            tail: end,
        }
    }

    #[inline(always)]
    fn of(start: u64, end: u64) -> Self {
        let last = end / 4;
        let first = start.div_ceil(4).min(last);
        let head = (first * 4).max(start).min(end);
        Self {
            first,
            last,
            head,
            tail: (last * 4).max(head),
        }
    }
}

/// Where a lane's vectors lie: as many apart as there are lanes, as long as some are left.
#[derive(Clone, Copy)]
struct Vectors {
    p: *mut Vector,
    g: *const Vector,
    v: *mut Vector,
    /// How many vectors of the tile there are from here on.
    left: u32,
    /// From one to the next.
    lanes: u32,
}

impl Vectors {
    #[inline(always)]
    fn after(self, count: u32) -> Self {
        let count = count * self.lanes;
        Self {
            p: self.p.wrapping_add(count as usize),
            g: self.g.wrapping_add(count as usize),
            v: self.v.wrapping_add(count as usize),
            left: self.left.saturating_sub(count),
            lanes: self.lanes,
        }
    }
}

/// A vector on its way.
#[derive(Clone, Copy)]
struct One {
    p: Vector,
    g: Vector,
    v: Vector,
}

/// The vectors that a lane has under way at once.
// Fields, not an array: a loop over it is not always unrolled, and then everything lies in memory.
#[derive(Clone, Copy)]
struct Loaded {
    a: One,
    b: One,
    c: One,
    d: One,
}

impl Loaded {
    /// The next vectors; zeros for those that are not left.
    ///
    /// # Safety
    /// There are as many as are said to be left.
    #[inline(always)]
    unsafe fn of<R: Apply>(vectors: &Vectors) -> Self {
        // SAFETY: the caller's.
        unsafe {
            Self {
                a: One::of::<R>(vectors.after(0)),
                b: One::of::<R>(vectors.after(1)),
                c: One::of::<R>(vectors.after(2)),
                d: One::of::<R>(vectors.after(3)),
            }
        }
    }

    /// Updates them and stores them where they came from. Gives whether they left a parameter that is not finite.
    ///
    /// # Safety
    /// As [`Loaded::of`].
    #[inline(always)]
    unsafe fn store<M: MulAdd, R: Apply>(self, numbers: &Numbers, vectors: &Vectors) -> bool {
        // SAFETY: the caller's.
        unsafe {
            self.a.store::<M, R>(numbers, vectors.after(0))
                | self.b.store::<M, R>(numbers, vectors.after(1))
                | self.c.store::<M, R>(numbers, vectors.after(2))
                | self.d.store::<M, R>(numbers, vectors.after(3))
        }
    }
}

impl One {
    /// # Safety
    /// As [`Loaded::of`].
    #[inline(always)]
    unsafe fn of<R: Apply>(vectors: Vectors) -> Self {
        let zeros = Vector([0.0; 4]);
        let mut one = Self {
            p: zeros,
            g: zeros,
            v: zeros,
        };
        if vectors.left > 0 {
            // SAFETY: the caller's.
            unsafe {
                one.p = *vectors.p;
                one.g = *vectors.g;
                if R::READS {
                    one.v = *vectors.v;
                }
            }
        }
        one
    }

    /// # Safety
    /// As [`Loaded::of`].
    #[inline(always)]
    unsafe fn store<M: MulAdd, R: Apply>(self, numbers: &Numbers, vectors: Vectors) -> bool {
        if vectors.left == 0 {
            return false;
        }
        let ([p0, p1, p2, p3], [g0, g1, g2, g3], [v0, v1, v2, v3]) = (self.p.0, self.g.0, self.v.0);
        let (p0, v0) = R::apply::<M>(numbers, p0, g0, v0);
        let (p1, v1) = R::apply::<M>(numbers, p1, g1, v1);
        let (p2, v2) = R::apply::<M>(numbers, p2, g2, v2);
        let (p3, v3) = R::apply::<M>(numbers, p3, g3, v3);
        // SAFETY: the caller's.
        unsafe {
            *vectors.p = Vector([p0, p1, p2, p3]);
            if R::WRITES {
                *vectors.v = Vector([v0, v1, v2, v3]);
            }
        }
        !(p0.is_finite() & p1.is_finite() & p2.is_finite() & p3.is_finite())
    }
}

/// Takes a step with the elements of one thread; `V`: some trial has a velocity.
///
/// # Safety
/// What `update` points to is as it says there, and as long. No other launch writes it meanwhile. Threads of one launch are told
/// apart by `place`, and each runs once.
#[inline(always)]
pub unsafe fn update<M: MulAdd, const V: bool>(place: Place, update: &Update) {
    // SAFETY: the caller's, here and below.
    unsafe {
        let Some(tile) = update.tile(place) else {
            return;
        };
        let record = update.record(&tile);
        let has_velocity = V && tile.flags & VELOCITY != 0;
        let (mut moves, mut momentum) = (has_velocity, tile.coefficients.momentum);
        if has_velocity && !update.momenta.is_null() {
            // One momentum a trial and row.
            let given = *update.momenta.add(update.cell(&tile));
            if !given.is_nan() {
                momentum = given;
                // As torch does it: in a step without momentum the velocity rests.
                moves = given != 0.0;
            }
        }
        let lane = update.lane(place);
        // Gradients were looked at in a launch before this one.
        let walked = if settled(&record.bad) == tile.step.wrapping_add(1) {
            None
        } else if !V || !moves {
            tile.walk::<M, Plain>(update, lane, momentum)
        // It is not written in this step while the velocity moves, unless the rate is NaN and nobody moves.
        } else if tile.step == settled(&record.first) {
            tile.walk::<M, First>(update, lane, momentum)
        } else {
            tile.walk::<M, Later>(update, lane, momentum)
        };
        if walked.is_none() || has_velocity != moves {
            update.rest(&tile, place, walked.is_none());
        }
        if walked == Some(true) && update.watch != 0 {
            // All that write here in this step write the same.
            record.ends.store(tile.step.saturating_add(1), Relaxed);
        }
    }
}

/// Looks for a gradient that is not finite in the elements of one thread, and marks its trial so that the step before it is skipped.
///
/// # Safety
/// As [`update`].
#[inline(always)]
pub unsafe fn check(place: Place, update: &Update) {
    // SAFETY: the caller's, here and below.
    let Some(tile) = (unsafe { update.tile(place) }) else {
        return;
    };
    let (start, end) = (tile.start, tile.end);
    let (lane, lanes) = (u64::from(update.lane(place)), u64::from(update.lanes));
    let elements = |start: u64, end: u64| {
        let mut bad = false;
        let mut element = start + lane;
        while element < end {
            // SAFETY: an element of the tile.
            bad |= !unsafe { *update.grads.add(element as usize) }.is_finite();
            element += lanes;
        }
        bad
    };
    let bad = if update.aligned == 0 {
        elements(start, end)
    } else {
        let Span {
            first,
            last,
            head,
            tail,
        } = Span::of(start, end);
        let mut bad = elements(start, head) | elements(tail, end);
        let mut at = first + lane;
        while at < last {
            // SAFETY: a whole vector of the tile, on 16 bytes.
            let Vector(g) = unsafe { *update.grads.cast::<Vector>().add(at as usize) };
            bad |= g.iter().fold(false, |bad, g| bad | !g.is_finite());
            at += lanes;
        }
        bad
    };
    if bad {
        // SAFETY: the caller's. All that write here write the same.
        let record = unsafe { update.record(&tile) };
        record.bad.store(tile.step.wrapping_add(1), Relaxed);
    }
}

/// Closes a block: the last one of a launch advances the step. One thread a block calls it, after all its threads are through.
///
/// # Safety
/// `control` is valid.
#[inline(always)]
pub unsafe fn finish(blocks: u32, control: *mut Control) {
    // SAFETY: the caller's; all fields are atomic.
    let control = unsafe { &*control };
    // What a block has read of the step, it has read before its ticket: each of its threads needed it to get here.
    if control.tickets.fetch_add(1, Relaxed) == blocks - 1 {
        control.tickets.store(0, Relaxed);
        let step = control.step.load(Relaxed);
        if step < control.until.load(Relaxed) {
            control.step.store(step + 1, Relaxed);
        } else {
            control.overrun.store(1, Relaxed);
        }
    }
}
