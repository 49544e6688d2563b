//! The SGD update of all trials, a launch a step.

use std::sync::atomic::AtomicU32;

use hairpin_core::Sgd;
use hairpin_core::sgd::Coefficients;
use hairpin_kernels::update::{Control, NESTEROV, TrialRecord, VELOCITY};

use crate::error::GpuError;
use crate::footprint::Footprint;
use crate::gpu::Gpu;
use crate::launch::{Buffer, Graph, Stream, Tables, Update};
use crate::layout::Layout;
use crate::table::{RateTable, set_until};

/// What an [`Optimizer`] looks at beside its step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Look for gradients that are not finite, in a launch before each step; a trial that has one skips the step, and it is counted.
    /// It reads the gradients once more.
    pub check_gradients: bool,
    /// End a trial whose update leaves a parameter that is not finite. It costs nothing.
    pub end_diverged: bool,
}

/// How it stands with a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialState {
    /// It takes the steps below this: `u32::MAX` where it runs, 0 where it was stopped, one more than the step that broke its parameters where it
    /// diverged.
    pub ends: u32,
    /// The step at which its velocity began, or will.
    pub first: u32,
    /// How many steps it skipped, for a gradient that was not finite or a rate that was NaN.
    pub skipped: u32,
}

impl TrialState {
    /// Of a trial that runs, and whose velocity begins at step `first`.
    #[must_use]
    pub const fn from_step(first: u32) -> Self {
        Self {
            ends: u32::MAX,
            first,
            skipped: 0,
        }
    }
}

/// The SGD update of all trials: one launch a step, each trial at its own rate, with the bits of [`hairpin_core::Sgd`].
///
/// The number of the step is on the device. A graph recorded once, by [`Optimizer::record`] or by somebody else around
/// [`step_raw`](Optimizer::step_raw), goes on through the schedule every time it is replayed.
///
/// # Examples
/// ```no_run
/// use hairpin_core::{Sgd, SgdConfig};
/// use hairpin_cuda::{Buffer, Gpu, Layout, Optimizer, Options, RateTable};
///
/// let stream = Gpu::open()?.stream()?;
/// let layout = Layout::uniform(2, 3)?;
/// let sgd = Sgd::new(SgdConfig::default())?;
/// let rates = RateTable::whole(&stream, 0, 2, &[0.5, 0.25], None)?;
/// let mut optimizer = Optimizer::new(&stream, &layout, &[sgd; 2], rates, Options::default())?;
///
/// let mut params = Buffer::zeros(&stream, 6)?;
/// let grads = Buffer::from_slice(&stream, &[1.0; 6])?;
/// optimizer.step(&mut params, &grads, &mut Buffer::zeros(&stream, 0)?)?;
/// assert_eq!(params.download(&stream)?, [-0.5, -0.5, -0.5, -0.25, -0.25, -0.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Optimizer {
    stream: Stream,
    update: Update,
    table: RateTable,
    /// What does not change of each trial's record.
    fixed: Vec<(Coefficients, u32)>,
    elements: u64,
    /// The first step that was not launched.
    next: u32,
    /// Steps written into a graph so far.
    recorded: u32,
    /// Some step was asked of a stream that is not the optimizer's.
    elsewhere: bool,
}

impl Optimizer {
    /// For the trials of `layout`, an update and a column of `table` each. It begins at the table's first step.
    ///
    /// # Errors
    /// Another number of updates or columns, updates that are rounded differently or have a multiplier of the rate, no memory, or what the driver says.
    pub fn new(
        stream: &Stream,
        layout: &Layout,
        updates: &[Sgd],
        table: RateTable,
        options: Options,
    ) -> Result<Self, GpuError> {
        let trials = u64::from(layout.trials());
        for (what, found) in [
            ("the updates", updates.len() as u64),
            ("the table's row", u64::from(table.trials())),
        ] {
            if found != trials {
                return Err(GpuError::Length {
                    what,
                    expected: trials,
                    found,
                });
            }
        }
        Footprint::of(layout, 0).fits(stream.gpu())?;
        let rounding = updates
            .first()
            .map_or_else(Default::default, |sgd| sgd.config().rounding);
        for (trial, sgd) in (0..).zip(updates) {
            if sgd.config().rounding != rounding {
                return Err(GpuError::MixedRounding { trial });
            }
            if sgd.lr_multiplier() != 1.0 {
                return Err(GpuError::Multiplier { trial });
            }
        }
        let fixed: Vec<_> = updates.iter().map(fixed).collect();
        let next = table.first();
        let states = vec![TrialState::from_step(next); fixed.len()];
        let update = Update::new(
            stream,
            layout,
            &records(&fixed, &states),
            rounding,
            options.check_gradients,
            options.end_diverged,
        )?;
        let optimizer = Self {
            stream: stream.clone(),
            update,
            table,
            fixed,
            elements: layout.elements(),
            next,
            recorded: 0,
            elsewhere: false,
        };
        optimizer.place(next)?;
        Ok(optimizer)
    }

    /// Takes a step with every trial that runs: `params` and, with momentum, `velocity` change.
    ///
    /// All three have the layout's number of elements; where no trial has momentum, `velocity` is empty.
    ///
    /// # Errors
    /// Other lengths, another GPU, no rates for the step, or what the driver says. What a kernel finds comes to light in
    /// [`Optimizer::states`].
    pub fn step(
        &mut self,
        params: &mut Buffer<f32>,
        grads: &Buffer<f32>,
        velocity: &mut Buffer<f32>,
    ) -> Result<(), GpuError> {
        let stream = self.stream.clone();
        self.one(&stream, |this| {
            this.update
                .launch(&stream, this.table.tables(), params, grads, velocity)
        })
    }

    /// How many elements there are over all.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.elements
    }

    pub(crate) fn update(&self) -> (&Update, Tables<'_>) {
        (&self.update, self.table.tables())
    }

    /// Launches a step on `stream`, with its rates before it; where the stream records a graph, the launch alone.
    pub(crate) fn one(
        &mut self,
        stream: &Stream,
        launch: impl FnOnce(&Self) -> Result<(), GpuError>,
    ) -> Result<(), GpuError> {
        self.elsewhere |= !stream.same(&self.stream);
        if stream.is_recording()? {
            launch(self)?;
            self.recorded += 1;
            return Ok(());
        }
        self.supply(stream, 1)?;
        launch(self)?;
        self.next += 1;
        Ok(())
    }

    /// Records what `work` asks of the optimizer's stream, any number of steps among it, as [`Stream::record`] does.
    ///
    /// # Errors
    /// What `work` says, or the driver.
    pub fn record(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), GpuError>,
    ) -> Result<StepGraph, GpuError> {
        let stream = self.stream.clone();
        self.recorded = 0;
        let graph = stream.record(|| work(self))?;
        Ok(StepGraph {
            graph,
            steps: self.recorded,
            optimizer: self.update.control.address(),
        })
    }

    /// Does what was recorded once more, with the steps that are next.
    ///
    /// # Errors
    /// A graph of another optimizer, more steps than a window has, no rates for them, or what the driver says.
    pub fn replay(&mut self, graph: &mut StepGraph) -> Result<(), GpuError> {
        if graph.optimizer != self.update.control.address() {
            return Err(GpuError::Unsupported(
                "this graph was recorded by another optimizer: replay it there",
            ));
        }
        let stream = self.stream.clone();
        self.supply(&stream, graph.steps)?;
        graph.graph.launch()?;
        self.next += graph.steps;
        Ok(())
    }

    /// Sees to the rates of `steps` steps that a graph of somebody else takes next, to be called before each replay. Where the table is a whole
    /// one it need not be called.
    ///
    /// # Errors
    /// More steps than a window has, no rates for them, or what the driver says.
    pub fn prepare(&mut self, stream: &Stream, steps: u32) -> Result<(), GpuError> {
        self.elsewhere |= !stream.same(&self.stream);
        self.supply(stream, steps)?;
        self.next += steps;
        Ok(())
    }

    /// What the optimizer does beside steps, in their order wherever those are.
    fn beside<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, GpuError>,
    ) -> Result<T, GpuError> {
        self.caught_up()?;
        let done = work(self)?;
        if self.elsewhere {
            self.stream.synchronize()?;
        }
        Ok(done)
    }

    /// Waits for steps on other streams: graphs that others replay are among them, so that no event can tell.
    fn caught_up(&self) -> Result<(), GpuError> {
        if self.elsewhere {
            self.gpu().synchronize()?;
        }
        Ok(())
    }

    fn supply(&mut self, stream: &Stream, steps: u32) -> Result<(), GpuError> {
        self.table
            .supply(stream, &self.update.control, self.next, steps)
    }

    /// The step that is launched next.
    #[must_use]
    pub fn next_step(&self) -> u32 {
        self.next
    }

    /// The GPU that it is on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        self.stream.gpu()
    }

    /// How many trials there are.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.table.trials()
    }

    /// How long a velocity must be: as many as there are elements, or 0 where no trial has momentum.
    #[must_use]
    pub fn velocity_len(&self) -> u64 {
        self.update.velocity_len()
    }

    /// The step that the device takes next, once all that was launched is through.
    ///
    /// # Errors
    /// [`GpuError::Overrun`] where a graph was replayed beyond the rates, or what the driver says.
    pub fn device_step(&self) -> Result<u32, GpuError> {
        self.caught_up()?;
        let control = self.update.control.download(&self.stream)?;
        let [control] = control.as_slice() else {
            return Ok(self.next);
        };
        let step = control.step.load(std::sync::atomic::Ordering::Relaxed);
        match control.overrun.load(std::sync::atomic::Ordering::Relaxed) {
            0 => Ok(step),
            _ => Err(GpuError::Overrun { step }),
        }
    }

    /// How it stands with every trial, once all that was launched is through.
    ///
    /// # Errors
    /// As [`Optimizer::device_step`].
    pub fn states(&self) -> Result<Vec<TrialState>, GpuError> {
        self.device_step()?;
        let records = self.update.trials.download(&self.stream)?;
        let skipped = self.update.skipped.download(&self.stream)?;
        Ok(records
            .into_iter()
            .zip(skipped)
            .map(|(record, skipped)| TrialState {
                ends: record.ends.into_inner(),
                first: record.first.into_inner(),
                skipped,
            })
            .collect())
    }

    /// Stops a trial before the next step; its elements are no longer read.
    ///
    /// # Errors
    /// No such trial, or what the driver says.
    pub fn stop(&mut self, trial: u32) -> Result<(), GpuError> {
        let at = trial as usize * size_of::<TrialRecord>();
        let word = at + std::mem::offset_of!(TrialRecord, ends);
        self.beside(|this| this.update.trials.set_word(&this.stream, word, 0))
    }

    /// Goes on at `step` with trials in these states: what [`Optimizer::states`] gave when their parameters and velocity were saved. Parameters and
    /// velocity themselves are the caller's.
    ///
    /// # Errors
    /// Another number of states, a step without rates, or what the driver says. Where the driver refuses, the optimizer is of no more use.
    pub fn resume(&mut self, step: u32, states: &[TrialState]) -> Result<(), GpuError> {
        if states.len() != self.fixed.len() {
            return Err(GpuError::Length {
                what: "the states",
                expected: self.fixed.len() as u64,
                found: states.len() as u64,
            });
        }
        self.caught_up()?;
        self.stream.synchronize()?;
        self.table.seek(step)?;
        let skipped: Vec<_> = states.iter().map(|state| state.skipped).collect();
        let records = records(&self.fixed, states);
        self.update.trials.write(&self.stream, 0, &records)?;
        self.update.skipped.write(&self.stream, 0, &skipped)?;
        self.place(step)?;
        self.next = step;
        Ok(())
    }

    /// Rows of rates, and of momenta where the table has them, behind those that a table filled by hand has: `[rows, trials]`.
    ///
    /// # Errors
    /// More rows than are free, a length that is no multiple of the trials, a table that is filled otherwise, or what the driver says.
    pub fn extend(&mut self, rates: &[f32], momenta: Option<&[f32]>) -> Result<(), GpuError> {
        self.beside(|this| {
            this.table.extend(&this.stream, this.next, rates, momenta)?;
            set_until(&this.stream, &this.update.control, this.table.until())
        })
    }

    /// Other rates, and momenta where the table has them, for one trial: those of the next steps, of which the table has rows already.
    ///
    /// # Errors
    /// As [`Optimizer::extend`].
    pub fn refill(
        &mut self,
        trial: u32,
        rates: &[f32],
        momenta: Option<&[f32]>,
    ) -> Result<(), GpuError> {
        self.beside(|this| {
            this.table
                .refill(&this.stream, this.next, trial, rates, momenta)
        })
    }

    /// Sets the device's step and how far there are rates. It waits, so that other streams may go on from there.
    fn place(&self, step: u32) -> Result<(), GpuError> {
        let control = Control {
            step: AtomicU32::new(step),
            until: AtomicU32::new(self.table.until()),
            ..Control::default()
        };
        self.update.control.write(&self.stream, 0, &[control])
    }
}

/// Steps of an [`Optimizer`], recorded to be replayed. It keeps the memory it uses.
#[derive(Debug)]
pub struct StepGraph {
    graph: Graph,
    steps: u32,
    optimizer: u64,
}

impl StepGraph {
    /// How many steps it takes.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }
}

fn fixed(sgd: &Sgd) -> (Coefficients, u32) {
    let mut flags = 0;
    if sgd.needs_velocity() {
        flags |= VELOCITY;
    }
    if sgd.config().nesterov {
        flags |= NESTEROV;
    }
    (sgd.coefficients(), flags)
}

fn records(fixed: &[(Coefficients, u32)], states: &[TrialState]) -> Vec<TrialRecord> {
    fixed
        .iter()
        .zip(states)
        .map(|(&(coefficients, flags), state)| TrialRecord {
            coefficients,
            flags,
            ends: AtomicU32::new(state.ends),
            first: AtomicU32::new(state.first),
            bad: AtomicU32::new(0),
        })
        .collect()
}
