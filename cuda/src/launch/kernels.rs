//! Launches: the argument structs of the kernels, filled from what was checked.

use std::ffi::c_void;

use hairpin_core::Rounding;
use hairpin_kernels::rates::SCHEDULE_BYTES;
use hairpin_kernels::update::{self, Control, GroupRecord, THREADS, TileRecord, TrialRecord};

use super::context::Function;
use super::grid::{Grid, launch};
use super::memory::{Buffer, Plain};
use super::raw::RawElements;
use super::stream::Stream;
use crate::error::GpuError;
use crate::layout::Layout;
use crate::modules::Module;

/// A ring of rates, and one of momenta where a schedule gives them, too; both `[rows, trials]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables<'a> {
    pub(crate) rates: &'a Buffer<f32>,
    pub(crate) momenta: Option<&'a Buffer<f32>>,
    pub(crate) rows: u32,
}

/// The update of some trials: its kernels, and all that they read and write beside elements and tables.
#[derive(Debug)]
pub(crate) struct Update {
    kernel: Function,
    check: Option<Function>,
    pub(crate) control: Buffer<Control>,
    pub(crate) trials: Buffer<TrialRecord>,
    pub(crate) skipped: Buffer<u32>,
    groups: Buffer<GroupRecord>,
    tiles: Buffer<TileRecord>,
    elements: u64,
    size: u64,
    tile_count: u32,
    tiles_per_trial: u32,
    lanes: u32,
    momentum: bool,
    watch: bool,
}

impl Update {
    /// For the trials of `layout`, a record each; `check`: with a look at the gradients before each step; `watch`: a parameter that is
    /// not finite ends its trial.
    pub(crate) fn new(
        stream: &Stream,
        layout: &Layout,
        records: &[TrialRecord],
        rounding: Rounding,
        check: bool,
        watch: bool,
    ) -> Result<Self, GpuError> {
        if records.len() as u64 != u64::from(layout.trials()) {
            return Err(GpuError::Length {
                what: "the updates",
                expected: u64::from(layout.trials()),
                found: records.len() as u64,
            });
        }
        let context = stream.gpu().context();
        let momentum = records
            .iter()
            .any(|record| record.flags & update::VELOCITY != 0);
        let longest = layout.tiles().iter().map(|tile| tile.length).max();
        let lanes = update::lanes(longest.unwrap_or(1));
        let name = match (rounding, momentum) {
            (Rounding::Separate, false) => "update_separate_plain",
            (Rounding::Separate, true) => "update_separate_momentum",
            (Rounding::Fused, false) => "update_fused_plain",
            (Rounding::Fused, true) => "update_fused_momentum",
        };
        // Kernels that know how many lanes they have.
        let name = match lanes {
            16 | 32 => format!("{name}_{lanes}"),
            _ => name.to_owned(),
        };
        Ok(Self {
            kernel: context.function(Module::Update, &name)?,
            check: check
                .then(|| context.function(Module::Update, "gradients_check"))
                .transpose()?,
            control: Buffer::zeros(stream, 1)?,
            trials: Buffer::from_slice(stream, records)?,
            skipped: Buffer::zeros(stream, u64::from(layout.trials()))?,
            groups: Buffer::from_slice(stream, layout.groups())?,
            tiles: Buffer::from_slice(stream, layout.tiles())?,
            elements: layout.elements(),
            size: layout.size(),
            tile_count: layout.tile_count(),
            tiles_per_trial: layout.tiles_per_trial(),
            lanes,
            momentum,
            watch,
        })
    }

    /// How long a velocity must be.
    pub(crate) fn velocity_len(&self) -> u64 {
        if self.momentum { self.elements } else { 0 }
    }

    /// Takes a step with these buffers.
    pub(crate) fn launch(
        &self,
        stream: &Stream,
        tables: Tables<'_>,
        params: &mut Buffer<f32>,
        grads: &Buffer<f32>,
        velocity: &mut Buffer<f32>,
    ) -> Result<(), GpuError> {
        for (what, buffer, expected) in [
            ("params", &*params, self.elements),
            ("grads", grads, self.elements),
            ("velocity", &*velocity, self.velocity_len()),
        ] {
            if buffer.len() != expected {
                return Err(GpuError::Length {
                    what,
                    expected,
                    found: buffer.len(),
                });
            }
            stream.on_same(buffer, what)?;
            stream.keep(buffer.memory());
        }
        let elements = RawElements {
            params: params.address(),
            grads: grads.address(),
            velocity: if self.momentum { velocity.address() } else { 0 },
            len: self.elements,
        };
        // SAFETY: buffers of this device, as long as they must be and apart from one another: two of them are borrowed mutably.
        unsafe { self.launch_raw(stream, tables, elements) }
    }

    /// Takes a step with what lies at these addresses.
    ///
    /// # Safety
    /// On this stream's device there are as many parameters, gradients and, with momentum, velocities as the layout has elements, apart
    /// from one another; nothing but work in the order of `stream` uses them until the step is done.
    pub(crate) unsafe fn launch_raw(
        &self,
        stream: &Stream,
        tables: Tables<'_>,
        elements: RawElements,
    ) -> Result<(), GpuError> {
        let cells = u64::from(tables.rows) * self.trials.len();
        for (what, table) in [("rates", Some(tables.rates)), ("momenta", tables.momenta)] {
            if let Some(table) = table {
                if table.len() != cells {
                    return Err(GpuError::Length {
                        what,
                        expected: cells,
                        found: table.len(),
                    });
                }
                self.used(stream, table, what)?;
            }
        }
        self.used(stream, &self.control, "the optimizer")?;
        self.used(stream, &self.trials, "the optimizer")?;
        self.used(stream, &self.skipped, "the optimizer")?;
        self.used(stream, &self.groups, "the optimizer")?;
        self.used(stream, &self.tiles, "the optimizer")?;
        let velocity = self.momentum.then_some(("velocity", elements.velocity));
        let addresses = [("params", elements.params), ("grads", elements.grads)];
        let mut aligned = true;
        for (what, address) in addresses.into_iter().chain(velocity) {
            let missing = address == 0 && self.elements > 0;
            if missing || !address.is_multiple_of(4) {
                return Err(GpuError::Address {
                    what,
                    address,
                    align: 4,
                });
            }
            aligned &= address.is_multiple_of(16);
        }
        let mut arguments = update::Update {
            params: elements.params as usize as *mut f32,
            grads: elements.grads as usize as *const f32,
            velocity: elements.velocity as usize as *mut f32,
            rates: pointer(tables.rates),
            momenta: tables
                .momenta
                .map_or(std::ptr::null(), |momenta| pointer(momenta).cast_const()),
            control: pointer(&self.control),
            trials: pointer(&self.trials),
            skipped: pointer(&self.skipped),
            groups: pointer(&self.groups),
            tiles: pointer(&self.tiles),
            size: self.size,
            tile_count: self.tile_count,
            tiles_per_trial: self.tiles_per_trial,
            trial_count: self.trials.len() as u32,
            rows: tables.rows,
            lanes: self.lanes,
            aligned: aligned.into(),
            watch: self.watch.into(),
        };
        // A step without elements is a step, too.
        let blocks = (u64::from(self.tile_count) * u64::from(self.lanes))
            .div_ceil(u64::from(THREADS))
            .max(1);
        let mut pointers = [(&raw mut arguments).cast::<c_void>()];
        let grid = Grid {
            blocks,
            threads: THREADS,
            shared_bytes: 0,
        };
        // SAFETY: these kernels take one such struct. Its records are those of a layout, whose tiles are inside the elements, in
        // one of the groups and one of the trials; a rate and a momentum lie in each row for each trial; elements are the caller's promise.
        unsafe {
            if let Some(check) = self.check {
                launch(
                    "looking for gradients that are not finite",
                    stream,
                    check,
                    grid,
                    &mut pointers,
                )?;
            }
            launch("taking a step", stream, self.kernel, grid, &mut pointers)
        }
    }

    fn used<T: Plain>(
        &self,
        stream: &Stream,
        buffer: &Buffer<T>,
        what: &'static str,
    ) -> Result<(), GpuError> {
        stream.on_same(buffer, what)?;
        stream.keep(buffer.memory());
        Ok(())
    }
}

pub(super) fn pointer<T: Plain>(buffer: &Buffer<T>) -> *mut T {
    buffer.address() as usize as *mut T
}

/// Schedules of all trials, as the device has laid them out for itself.
#[derive(Debug)]
pub(crate) struct Schedules {
    place: Buffer<u8>,
    trials: u32,
    rates: Function,
}

impl Schedules {
    /// Reads `records`, of which trial `i` has the bytes from `bounds[i]` to before `bounds[i + 1]`.
    pub(crate) fn read(stream: &Stream, records: &[u8], bounds: &[u64]) -> Result<Self, GpuError> {
        let context = stream.gpu().context();
        let trials = bounds.len().saturating_sub(1) as u64;
        let trials = u32::try_from(trials).map_err(|_| GpuError::TooMany {
            what: "trials",
            found: trials,
            most: u64::from(u32::MAX),
        })?;
        let end = bounds.last().copied().unwrap_or(0);
        if !bounds.is_sorted() || end > records.len() as u64 {
            return Err(GpuError::Length {
                what: "the records",
                expected: end,
                found: records.len() as u64,
            });
        }
        let rates = context.function(Module::Rates, "rates")?;
        let place = Buffer::<u8>::zeros(stream, u64::from(trials) * SCHEDULE_BYTES as u64)?;
        let read = Self {
            place,
            trials,
            rates,
        };
        if trials == 0 {
            return Ok(read);
        }
        let function = context.function(Module::Schedules, "schedules_read")?;
        let records = Buffer::from_slice(stream, records)?;
        let bounds = Buffer::from_slice(stream, bounds)?;
        let refused = Buffer::<u32>::zeros(stream, 1)?;
        let mut trial_count = trials;
        let (mut records_at, mut bounds_at) = (records.address(), bounds.address());
        let (mut place_at, mut refused_at) = (read.place.address(), refused.address());
        // SAFETY: the kernel takes a count and four addresses: the bytes, their bounds, which are inside them, room for every
        // schedule, and a word. All of them live until the word is read below.
        unsafe {
            launch(
                "reading schedules",
                stream,
                function,
                Grid {
                    blocks: u64::from(trials).div_ceil(u64::from(READERS)),
                    threads: READERS,
                    shared_bytes: 0,
                },
                &mut [
                    (&raw mut trial_count).cast(),
                    (&raw mut records_at).cast(),
                    (&raw mut bounds_at).cast(),
                    (&raw mut place_at).cast(),
                    (&raw mut refused_at).cast(),
                ],
            )?;
        }
        match refused.download(stream)?.first() {
            Some(0) => Ok(read),
            trial => Err(GpuError::Refused {
                trial: trial.map_or(0, |trial| trial - 1),
            }),
        }
    }

    pub(crate) fn trials(&self) -> u32 {
        self.trials
    }

    /// Writes the rates of `steps` steps from `first` on into their rows of a ring of `rows`.
    pub(crate) fn write(
        &self,
        stream: &Stream,
        first: u32,
        steps: u32,
        rows: u32,
        ring: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        let cells = u64::from(rows) * u64::from(self.trials);
        if ring.len() != cells || steps > rows || first.checked_add(steps).is_none() {
            return Err(GpuError::Length {
                what: "the table",
                expected: u64::from(rows.max(steps)) * u64::from(self.trials),
                found: ring.len(),
            });
        }
        stream.on_same(ring, "the table")?;
        stream.on_same(&self.place, "the schedules")?;
        stream.keep(ring.memory());
        stream.keep(self.place.memory());
        let count = u64::from(steps) * u64::from(self.trials);
        if count == 0 {
            return Ok(());
        }
        let (mut first, mut steps, mut trials, mut rows) = (first, steps, self.trials, rows);
        let (mut place_at, mut ring_at) = (self.place.address(), ring.address());
        // SAFETY: the kernel takes these six; every schedule was read, and the ring has a row for each of these steps.
        unsafe {
            launch(
                "evaluating schedules",
                stream,
                self.rates,
                Grid {
                    blocks: count.div_ceil(u64::from(WRITERS)),
                    threads: WRITERS,
                    shared_bytes: 0,
                },
                &mut [
                    (&raw mut first).cast(),
                    (&raw mut steps).cast(),
                    (&raw mut trials).cast(),
                    (&raw mut place_at).cast(),
                    (&raw mut rows).cast(),
                    (&raw mut ring_at).cast(),
                ],
            )
        }
    }
}

/// Threads of a block that reads schedules, one each.
const READERS: u32 = 32;

/// Threads of a block that writes rates, one each.
const WRITERS: u32 = 128;
