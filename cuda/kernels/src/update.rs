//! The update of all parameters of all trials, as one thread of a grid sees it.
//!
//! Elements lie trial after trial, and within a trial parameter group after group. They are cut into *tiles*, each inside one group of
//! one trial, and a warp takes a tile: so the trial, its rate and the rule that holds are looked up once for all lanes, and a trial that takes
//! no part costs two loads. The arithmetic is [`hairpin_core::sgd::Coefficients`].

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hairpin_core::sgd::{Coefficients, MulAdd, group_rate};

use crate::place::{LANES, Place};

/// Threads of a block.
pub const THREADS: u32 = 256;

/// Tiles that a block takes, one a warp.
pub const TILES_PER_BLOCK: u32 = THREADS / LANES;

/// Most elements of a tile.
pub const TILE: u32 = 1024;

/// Vectors that a lane has under way at once.
const VECTORS: u64 = 4;

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
    /// Blocks of this launch that are through.
    pub tickets: AtomicU32,
    /// There are rates for the steps below this.
    pub until: AtomicU32,
    /// Set by a launch that found no rates: it changed nothing.
    pub overrun: AtomicU32,
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
    /// Whether all pointers to elements are on 16 bytes.
    pub aligned: u32,
    /// Whether a parameter that is not finite ends its trial.
    pub watch: u32,
}

/// Four elements that are loaded and stored at once.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Vector([f32; 4]);

/// Which rule of the update holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Plain,
    First,
    Later,
}

/// Everything that decides what happens to a tile.
#[derive(Clone, Copy)]
struct Tile {
    start: u64,
    end: u64,
    trial: u32,
    coefficients: Coefficients,
    lr: f32,
    rule: Rule,
    nesterov: bool,
}

impl Update {
    /// The tile of the warp that `place` is in, its trial, and the step that this launch takes, if there are rates for it.
    ///
    /// # Safety
    /// As [`update`].
    #[inline(always)]
    unsafe fn locate(&self, place: Place) -> Option<(u32, u32, TileRecord)> {
        // SAFETY: `control` is valid; all its fields are atomic.
        let control = unsafe { &*self.control };
        let step = control.step.load(Relaxed);
        let index = place.block * TILES_PER_BLOCK + place.thread / LANES;
        if step >= control.until.load(Relaxed) || index >= self.tile_count {
            return None;
        }
        let (trial, mut record) = match index.checked_div(self.tiles_per_trial) {
            // SAFETY: a trial has that many tiles.
            Some(trial) => (trial, unsafe {
                *self
                    .tiles
                    .add((index - trial * self.tiles_per_trial) as usize)
            }),
            None => {
                // SAFETY: below the number of tiles.
                let record = unsafe { *self.tiles.add(index as usize) };
                (record.trial, record)
            }
        };
        // Where trials differ the size is 0.
        record.start += u64::from(trial) * self.size;
        Some((step, trial, record))
    }

    /// What the warp that `place` is in does, and in which step; nothing where its trial takes no part.
    ///
    /// # Safety
    /// As [`update`].
    #[inline(always)]
    unsafe fn tile<const V: bool>(&self, place: Place) -> Option<(u32, Tile)> {
        // SAFETY: the caller's.
        let (step, trial, record) = unsafe { self.locate(place) }?;
        let at = trial as usize;
        let row = step.checked_rem(self.rows).unwrap_or(0);
        let cell = row as usize * self.trial_count as usize + at;
        // SAFETY: one trial record and one rate a trial, and one group record a group.
        let (trial_record, lr, group) = unsafe {
            (
                &*self.trials.add(at),
                *self.rates.add(cell),
                *self.groups.add(record.group as usize),
            )
        };
        let mut coefficients = trial_record.coefficients;
        if !group.weight_decay.is_nan() {
            coefficients.weight_decay = group.weight_decay;
        }
        let has_velocity = V && trial_record.flags & VELOCITY != 0;
        let mut moves = has_velocity;
        if has_velocity && !self.momenta.is_null() {
            // SAFETY: one momentum a trial and row.
            let momentum = unsafe { *self.momenta.add(cell) };
            if !momentum.is_nan() {
                coefficients.momentum = momentum;
                // As torch does it: in a step without momentum the velocity rests.
                moves = momentum != 0.0;
            }
        }
        let lr = group_rate(lr, group.lr_multiplier);
        if step >= trial_record.ends.load(Relaxed) {
            return None;
        }
        let skips = trial_record.bad.load(Relaxed) == step.wrapping_add(1) || lr.is_nan();
        if (skips || has_velocity != moves)
            && record.flags & FIRST != 0
            && place.thread % LANES == 0
        {
            // What has not begun begins later. Nobody else asks for it in this step.
            if trial_record.first.load(Relaxed) == step {
                trial_record.first.store(step.saturating_add(1), Relaxed);
            }
            if skips {
                // SAFETY: one count a trial, and one lane in the whole grid that is here for it.
                unsafe { *self.skipped.add(at) += 1 };
            }
        }
        if skips {
            return None;
        }
        let rule = if !moves {
            Rule::Plain
        } else if step == trial_record.first.load(Relaxed) {
            Rule::First
        } else {
            Rule::Later
        };
        let tile = Tile {
            start: record.start,
            end: record.start + u64::from(record.length),
            trial,
            coefficients,
            lr,
            rule,
            nesterov: trial_record.flags & NESTEROV != 0,
        };
        Some((step, tile))
    }
}

/// A rule as a type, so that the loops below are compiled for each.
trait Apply {
    /// It reads the velocity.
    const READS: bool;
    /// It writes the velocity.
    const WRITES: bool;
    /// A parameter and its velocity after the step.
    fn apply<M: MulAdd>(tile: &Tile, p: f32, g: f32, v: f32) -> (f32, f32);
}

struct Plain;
struct First;
struct Later;

impl Apply for Plain {
    const READS: bool = false;
    const WRITES: bool = false;

    #[inline(always)]
    fn apply<M: MulAdd>(tile: &Tile, p: f32, g: f32, v: f32) -> (f32, f32) {
        (tile.coefficients.plain::<M>(tile.lr, p, g), v)
    }
}

impl Apply for First {
    const READS: bool = false;
    const WRITES: bool = true;

    #[inline(always)]
    fn apply<M: MulAdd>(tile: &Tile, p: f32, g: f32, _: f32) -> (f32, f32) {
        tile.coefficients.first::<M>(tile.lr, tile.nesterov, p, g)
    }
}

impl Apply for Later {
    const READS: bool = true;
    const WRITES: bool = true;

    #[inline(always)]
    fn apply<M: MulAdd>(tile: &Tile, p: f32, g: f32, v: f32) -> (f32, f32) {
        tile.coefficients
            .later::<M>(tile.lr, tile.nesterov, p, g, v)
    }
}

impl Tile {
    /// The part of the tile that `lane` takes. Gives whether it left a parameter that is not finite.
    ///
    /// # Safety
    /// As [`update`]; this is the tile of the lane's warp.
    #[inline(always)]
    unsafe fn walk<M: MulAdd, R: Apply>(&self, update: &Update, lane: u32) -> bool {
        let lane = u64::from(lane);
        if update.aligned == 0 {
            // SAFETY: elements of this tile.
            return unsafe { self.elements::<M, R>(update, self.start, self.end, lane) };
        }
        let Span {
            first,
            last,
            head,
            tail,
        } = Span::of(self.start, self.end);
        let mut broken = false;
        // SAFETY: elements of this tile.
        unsafe {
            broken |= self.elements::<M, R>(update, self.start, head, lane);
            broken |= self.elements::<M, R>(update, tail, self.end, lane);
        }
        let mut at = first + lane;
        while at < last {
            // All loads before the first use, so that many are under way at once. Written out, as a loop over them is not always unrolled,
            // and then everything lies in memory.
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| at + u64::from(LANES) * k);
            // SAFETY: vectors of this tile, if they are below `last`; all arrays are on 16 bytes.
            unsafe {
                let loaded = (
                    Loaded::of::<R>(update, a, last),
                    Loaded::of::<R>(update, b, last),
                    Loaded::of::<R>(update, c, last),
                    Loaded::of::<R>(update, d, last),
                );
                broken |= loaded.0.store::<M, R>(self, update, a, last);
                broken |= loaded.1.store::<M, R>(self, update, b, last);
                broken |= loaded.2.store::<M, R>(self, update, c, last);
                broken |= loaded.3.store::<M, R>(self, update, d, last);
            }
            at += u64::from(LANES) * VECTORS;
        }
        broken
    }

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
            element += u64::from(LANES);
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

/// A vector on its way.
struct Loaded {
    p: Vector,
    g: Vector,
    v: Vector,
}

impl Loaded {
    /// Vector number `at`, or zeros where it is not below `last`.
    ///
    /// # Safety
    /// As [`Tile::walk`]; vectors below `last` are the tile's.
    #[inline(always)]
    unsafe fn of<R: Apply>(update: &Update, at: u64, last: u64) -> Self {
        let zeros = Vector([0.0; 4]);
        let mut loaded = Self {
            p: zeros,
            g: zeros,
            v: zeros,
        };
        if at < last {
            let at = at as usize;
            // SAFETY: the caller's.
            unsafe {
                loaded.p = *update.params.cast::<Vector>().add(at);
                loaded.g = *update.grads.cast::<Vector>().add(at);
                if R::READS {
                    loaded.v = *update.velocity.cast::<Vector>().add(at);
                }
            }
        }
        loaded
    }

    /// Updates it and stores it where it came from. Gives whether it left a parameter that is not finite.
    ///
    /// # Safety
    /// As [`Loaded::of`].
    #[inline(always)]
    unsafe fn store<M: MulAdd, R: Apply>(
        self,
        tile: &Tile,
        update: &Update,
        at: u64,
        last: u64,
    ) -> bool {
        if at >= last {
            return false;
        }
        let ([p0, p1, p2, p3], [g0, g1, g2, g3], [v0, v1, v2, v3]) = (self.p.0, self.g.0, self.v.0);
        let (p0, v0) = R::apply::<M>(tile, p0, g0, v0);
        let (p1, v1) = R::apply::<M>(tile, p1, g1, v1);
        let (p2, v2) = R::apply::<M>(tile, p2, g2, v2);
        let (p3, v3) = R::apply::<M>(tile, p3, g3, v3);
        let at = at as usize;
        // SAFETY: the caller's.
        unsafe {
            *update.params.cast::<Vector>().add(at) = Vector([p0, p1, p2, p3]);
            if R::WRITES {
                *update.velocity.cast::<Vector>().add(at) = Vector([v0, v1, v2, v3]);
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
    let Some((step, tile)) = (unsafe { update.tile::<V>(place) }) else {
        return;
    };
    let lane = place.thread % LANES;
    let broken = unsafe {
        if !V || tile.rule == Rule::Plain {
            tile.walk::<M, Plain>(update, lane)
        } else if tile.rule == Rule::First {
            tile.walk::<M, First>(update, lane)
        } else {
            tile.walk::<M, Later>(update, lane)
        }
    };
    if broken && update.watch != 0 {
        // SAFETY: one record a trial. All that write here in this step write the same.
        let record = unsafe { &*update.trials.add(tile.trial as usize) };
        record.ends.store(step.saturating_add(1), Relaxed);
    }
}

/// Looks for a gradient that is not finite in the elements of one thread, and marks its trial so that the step before it is skipped.
///
/// # Safety
/// As [`update`].
#[inline(always)]
pub unsafe fn check(place: Place, update: &Update) {
    // SAFETY: the caller's, here and below.
    let Some((step, trial, record)) = (unsafe { update.locate(place) }) else {
        return;
    };
    let trial = unsafe { &*update.trials.add(trial as usize) };
    if step >= trial.ends.load(Relaxed) {
        return;
    }
    let (start, end) = (record.start, record.start + u64::from(record.length));
    let lane = u64::from(place.thread % LANES);
    let elements = |start: u64, end: u64| {
        let mut bad = false;
        let mut element = start + lane;
        while element < end {
            // SAFETY: an element of the tile.
            bad |= !unsafe { *update.grads.add(element as usize) }.is_finite();
            element += u64::from(LANES);
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
            at += u64::from(LANES);
        }
        bad
    };
    if bad {
        // All that write here write the same.
        trial.bad.store(step.wrapping_add(1), Relaxed);
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
