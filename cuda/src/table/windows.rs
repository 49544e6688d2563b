//! A ring of two halves: one window of rates is used while the next is on its way.

use std::fmt;
use std::ops::Range;

use hairpin_core::Schedule;

use super::check_momenta;
use crate::error::GpuError;
use crate::launch::{Buffer, Event, Pinned, Stream};
use crate::schedules::DeviceSchedules;

/// Fills `[rows, trials]` from a step on.
type Fill = Box<dyn FnMut(u32, &mut [f32]) + Send>;

/// Where the rates or momenta of a [`RateTable`](crate::RateTable) come from, window by window.
pub struct Source(Origin);

enum Origin {
    Host(Fill),
    Device(DeviceSchedules),
}

impl Source {
    /// From `fill`, which is given a step and a slice `[rows, trials]` for it and those after it. It is asked for each window once, in order,
    /// and again after a [resume](crate::Optimizer::resume).
    #[must_use]
    pub fn function(fill: impl FnMut(u32, &mut [f32]) + Send + 'static) -> Self {
        Self(Origin::Host(Box::new(fill)))
    }

    /// From schedules, one a trial, evaluated on the host.
    #[must_use]
    pub fn schedules<S: Schedule + Send + 'static>(schedules: Vec<S>) -> Self {
        Self::function(move |first, rates| {
            for (row, step) in rates.chunks_exact_mut(schedules.len().max(1)).zip(first..) {
                for (rate, schedule) in row.iter_mut().zip(&schedules) {
                    *rate = schedule.lr(step);
                }
            }
        })
    }

    /// From schedules that the device evaluates: nothing comes from the host.
    #[must_use]
    pub fn device(schedules: DeviceSchedules) -> Self {
        Self(Origin::Device(schedules))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Origin::Host(_) => "Source::function(..)",
            Origin::Device(_) => "Source::device(..)",
        })
    }
}

/// What fills one ring.
#[derive(Debug)]
struct Lane {
    source: Source,
    /// A window each, so that one is written while the other is copied; none where the device fills the ring itself.
    staging: Option<[Pinned; 2]>,
    momentum: bool,
}

/// The windows of a table.
#[derive(Debug)]
pub(super) struct Windows {
    steps: Range<u32>,
    trials: u32,
    window: u32,
    rates: Lane,
    momenta: Option<Lane>,
    /// The first window that is not on its way.
    unsent: u64,
    /// The first window that `stream` does not wait for yet.
    unused: u64,
    copies: Stream,
    /// Behind the steps that read what is overwritten next.
    consumed: Event,
}

impl Windows {
    pub(super) fn new(
        stream: &Stream,
        steps: Range<u32>,
        trials: u32,
        window: u32,
        rates: Source,
        momenta: Option<Source>,
    ) -> Result<Self, GpuError> {
        let lane = |source: Source, momentum: bool| {
            let staging = match &source.0 {
                Origin::Host(_) => {
                    let cells = window as usize * trials as usize;
                    let gpu = stream.gpu();
                    Some([Pinned::new(gpu, cells)?, Pinned::new(gpu, cells)?])
                }
                Origin::Device(schedules) if schedules.trials() != trials => {
                    return Err(GpuError::Length {
                        what: "the schedules",
                        expected: u64::from(trials),
                        found: u64::from(schedules.trials()),
                    });
                }
                Origin::Device(_) => None,
            };
            Ok(Lane {
                source,
                staging,
                momentum,
            })
        };
        let start = u64::from(steps.start / window);
        Ok(Self {
            steps,
            trials,
            window,
            rates: lane(rates, false)?,
            momenta: momenta.map(|source| lane(source, true)).transpose()?,
            unsent: start,
            unused: start,
            copies: stream.gpu().stream()?,
            consumed: Event::new(stream.gpu())?,
        })
    }

    /// Brings the windows of `steps` steps from `next` on before what is launched on `stream` from now on, and sends the one after
    /// that of `next`. Gives the step that there are rates up to.
    pub(super) fn supply(
        &mut self,
        stream: &Stream,
        next: u32,
        steps: u32,
        rates: &Buffer<f32>,
        momenta: Option<&Buffer<f32>>,
    ) -> Result<u32, GpuError> {
        if steps > self.window {
            return Err(GpuError::TooMany {
                what: "steps at once",
                found: u64::from(steps),
                most: u64::from(self.window),
            });
        }
        let window = u64::from(self.window);
        // All of the window before that of `next` was launched: its half is the one to write.
        let current = u64::from(next) / window;
        while self.unsent <= current + 1 && self.start(self.unsent) < u64::from(self.steps.end) {
            self.send(stream, rates, momenta)?;
        }
        let wanted = (u64::from(next) + u64::from(steps)).div_ceil(window);
        while self.unused < wanted.min(self.unsent) {
            let half = (self.unused % 2) as usize;
            for lane in [Some(&self.rates), self.momenta.as_ref()]
                .into_iter()
                .flatten()
            {
                if let Some(staging) = &lane.staging {
                    staging[half].copied().hold(stream)?;
                }
            }
            self.unused += 1;
        }
        Ok(self.until())
    }

    /// Goes to `step`; everything launched is through. Gives the step that there are rates up to.
    pub(super) fn seek(&mut self, step: u32) -> Result<u32, GpuError> {
        if step < self.steps.start || step > self.steps.end {
            return Err(GpuError::NoRates {
                step,
                first: self.steps.start,
                until: self.steps.end,
            });
        }
        self.copies.synchronize()?;
        self.unsent = u64::from(step / self.window);
        self.unused = self.unsent;
        Ok(self.until())
    }

    fn until(&self) -> u32 {
        // Below the end, which has 32 bits.
        self.start(self.unused).min(u64::from(self.steps.end)) as u32
    }

    fn start(&self, window: u64) -> u64 {
        window * u64::from(self.window)
    }

    /// Sends the next window.
    fn send(
        &mut self,
        stream: &Stream,
        rates: &Buffer<f32>,
        momenta: Option<&Buffer<f32>>,
    ) -> Result<(), GpuError> {
        // Of 32 bits, as the window starts before the end.
        let first = self.start(self.unsent) as u32;
        let steps = self.window.min(self.steps.end - first);
        self.consumed.record(stream)?;
        self.consumed.hold(&self.copies)?;
        let part = Part {
            first,
            steps,
            trials: self.trials,
            window: self.window,
            half: (self.unsent % 2) as u32,
        };
        self.rates.send(part, stream, &self.copies, rates)?;
        if let (Some(lane), Some(ring)) = (&mut self.momenta, momenta) {
            lane.send(part, stream, &self.copies, ring)?;
        }
        self.unsent += 1;
        Ok(())
    }
}

/// A window on its way.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: u32,
    steps: u32,
    trials: u32,
    window: u32,
    half: u32,
}

impl Lane {
    fn send(
        &mut self,
        part: Part,
        stream: &Stream,
        copies: &Stream,
        ring: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        let Part {
            first,
            steps,
            trials,
            window,
            half,
        } = part;
        match (&mut self.source.0, &mut self.staging) {
            (Origin::Host(fill), Some(staging)) => {
                let staging = &mut staging[half as usize];
                let cells = steps as usize * trials as usize;
                let values = &mut staging.free()?[..cells];
                fill(first, values);
                if self.momentum {
                    check_momenta(first, trials, values)?;
                }
                let at = u64::from(half) * u64::from(window) * u64::from(trials);
                staging.send(copies, ring, at, cells)
            }
            (Origin::Device(schedules), _) => {
                schedules.write(stream, first, steps, window * 2, ring)
            }
            // A source of the host has its staging from the start.
            (Origin::Host(_), None) => Ok(()),
        }
    }
}
