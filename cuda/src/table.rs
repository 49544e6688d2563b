//! Rates on the device: a ring of rows, filled ahead of the steps that read them.

mod windows;

use std::ops::Range;

use hairpin_kernels::update::Control;

use crate::error::GpuError;
use crate::footprint::Footprint;
use crate::launch::{Buffer, Stream, Tables};
pub use windows::Source;
use windows::Windows;

/// The rate of every trial at every step, and where a schedule gives it, the momentum, too.
///
/// On the device it is a ring `[rows, trials]`; step `t` reads row `t % rows`. It is filled in one of three ways:
///
/// * [`RateTable::whole`]: all steps at once, before the first
/// * [`RateTable::windowed`]: in windows while earlier ones are used, from a function, from schedules, or by the device itself
/// * [`RateTable::by_hand`]: row after row by [`Optimizer::extend`](crate::Optimizer::extend), for schedules that react to losses
///
/// A momentum of NaN stands for the trial's own, and in a step whose momentum is 0 the velocity rests, as in `torch.optim.SGD`.
///
/// A row is overwritten only once every step that reads it is behind in the order of the stream.
#[derive(Debug)]
pub struct RateTable {
    trials: u32,
    rows: u32,
    /// The first step that there are rates for.
    first: u32,
    /// There are rates in the order of the stream for the steps below this.
    until: u32,
    rates: Buffer<f32>,
    momenta: Option<Buffer<f32>>,
    windows: Option<Windows>,
}

impl RateTable {
    /// All rates at once: `rates` and `momenta` are `[steps, trials]`, from step `first` on.
    ///
    /// # Errors
    /// A length that is no multiple of `trials`, a momentum below 0, no memory, or what the driver says.
    pub fn whole(
        stream: &Stream,
        first: u32,
        trials: u32,
        rates: &[f32],
        momenta: Option<&[f32]>,
    ) -> Result<Self, GpuError> {
        let rows = rows_of(rates, trials)?;
        let mut table = Self::by_hand(stream, first, trials, rows.max(1), momenta.is_some())?;
        table.extend(stream, first, rates, momenta)?;
        Ok(table)
    }

    /// Room for `rows` steps, which are given row after row from step `first` on.
    ///
    /// # Errors
    /// No memory, or what the driver says.
    pub fn by_hand(
        stream: &Stream,
        first: u32,
        trials: u32,
        rows: u32,
        momenta: bool,
    ) -> Result<Self, GpuError> {
        if rows == 0 {
            return Err(GpuError::Length {
                what: "the table",
                expected: 1,
                found: 0,
            });
        }
        let cells = u64::from(rows) * u64::from(trials);
        let bytes = cells.saturating_mul(4);
        Footprint {
            rates: bytes,
            momenta: if momenta { bytes } else { 0 },
            ..Footprint::default()
        }
        .fits(stream.gpu())?;
        let table = Self {
            trials,
            rows,
            first,
            until: first,
            rates: Buffer::zeros(stream, cells)?,
            momenta: momenta.then(|| Buffer::zeros(stream, cells)).transpose()?,
            windows: None,
        };
        // Other streams may use it from now on.
        stream.synchronize()?;
        Ok(table)
    }

    /// Rates for `steps`, filled in windows of `window` steps: the next one is on its way while one is used.
    ///
    /// Windows begin at multiples of their length, so that the first may ask a source for steps before the first one.
    ///
    /// # Errors
    /// A window of 0 steps or of more than half of all 32-bit steps, schedules of another number of trials, no memory, or what the driver
    /// says.
    pub fn windowed(
        stream: &Stream,
        steps: Range<u32>,
        trials: u32,
        window: u32,
        rates: Source,
        momenta: Option<Source>,
    ) -> Result<Self, GpuError> {
        let rows = window.checked_mul(2).ok_or(GpuError::TooMany {
            what: "steps in a window",
            found: u64::from(window),
            most: u64::from(u32::MAX / 2),
        })?;
        let mut table = Self::by_hand(stream, steps.start, trials, rows, momenta.is_some())?;
        table.windows = Some(Windows::new(stream, steps, trials, window, rates, momenta)?);
        Ok(table)
    }

    /// How many trials it is for.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.trials
    }

    /// The first step that there are rates for.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.first
    }

    pub(crate) fn tables(&self) -> Tables<'_> {
        Tables {
            rates: &self.rates,
            momenta: self.momenta.as_ref(),
            rows: self.rows,
        }
    }

    /// There are rates in the order of the stream for the steps below this.
    pub(crate) fn until(&self) -> u32 {
        self.until
    }

    /// Sees to it that `stream` finds rates for `steps` steps from `next` on, which is the first that was not launched yet.
    pub(crate) fn supply(
        &mut self,
        stream: &Stream,
        control: &Buffer<Control>,
        next: u32,
        steps: u32,
    ) -> Result<(), GpuError> {
        let wanted = u64::from(next) + u64::from(steps);
        if let Some(windows) = &mut self.windows {
            let until = windows.supply(stream, next, steps, &self.rates, self.momenta.as_ref())?;
            if until != self.until {
                set_until(stream, control, until)?;
                self.until = until;
            }
        }
        if wanted > u64::from(self.until) {
            return Err(GpuError::NoRates {
                step: self.until.max(next),
                first: self.first,
                until: self.until,
            });
        }
        Ok(())
    }

    /// Puts rows behind those that are there; `next` is the first step that was not launched yet.
    pub(crate) fn extend(
        &mut self,
        stream: &Stream,
        next: u32,
        rates: &[f32],
        momenta: Option<&[f32]>,
    ) -> Result<(), GpuError> {
        self.by_hands()?;
        let rows = rows_of(rates, self.trials)?;
        let unread = self.until.saturating_sub(next.max(self.first));
        let free = self.rows.saturating_sub(unread);
        let until = self.until.checked_add(rows);
        let (true, Some(until)) = (rows <= free, until) else {
            return Err(GpuError::TableFull {
                rows: u64::from(rows),
                free,
            });
        };
        self.same_length(rates, momenta)?;
        if let Some(momenta) = momenta {
            check_momenta(self.until, self.trials, momenta)?;
        }
        for (ring, values) in self.rings(rates, momenta) {
            let at = u64::from(self.until % self.rows) * u64::from(self.trials);
            let (end, start) = values.split_at(values.len().min((ring.len() - at) as usize));
            ring.write(stream, at, end)?;
            ring.write(stream, 0, start)?;
        }
        self.until = until;
        Ok(())
    }

    /// Overwrites the rates of one trial from step `next` on.
    pub(crate) fn refill(
        &mut self,
        stream: &Stream,
        next: u32,
        trial: u32,
        rates: &[f32],
        momenta: Option<&[f32]>,
    ) -> Result<(), GpuError> {
        self.by_hands()?;
        if trial >= self.trials {
            return Err(GpuError::Length {
                what: "the table's row",
                expected: u64::from(trial) + 1,
                found: u64::from(self.trials),
            });
        }
        let wanted = u64::from(next) + rates.len() as u64;
        if wanted > u64::from(self.until) || next < self.first {
            return Err(GpuError::NoRates {
                step: self.until,
                first: self.first,
                until: self.until,
            });
        }
        self.same_length(rates, momenta)?;
        if let Some(momenta) = momenta {
            check_momenta(next, 1, momenta)?;
        }
        let row = next % self.rows;
        for (ring, values) in self.rings(rates, momenta) {
            let (end, start) = values.split_at(values.len().min((self.rows - row) as usize));
            for (row, values) in [(row, end), (0, start)] {
                ring.write_column(
                    stream,
                    u64::from(self.trials),
                    row.into(),
                    trial.into(),
                    values,
                )?;
            }
        }
        Ok(())
    }

    /// Goes to `step`, forwards or back. All that was launched is through.
    pub(crate) fn seek(&mut self, step: u32) -> Result<(), GpuError> {
        if let Some(windows) = &mut self.windows {
            self.until = windows.seek(step)?;
            return Ok(());
        }
        // What a ring wrote over is gone.
        let first = self.first.max(self.until.saturating_sub(self.rows));
        if step < first || step > self.until {
            return Err(GpuError::NoRates {
                step,
                first,
                until: self.until,
            });
        }
        Ok(())
    }

    fn by_hands(&self) -> Result<(), GpuError> {
        match self.windows {
            None => Ok(()),
            Some(_) => Err(GpuError::Unsupported(
                "the rates of this table come from its source: make it by hand to give them row by row",
            )),
        }
    }

    fn same_length(&self, rates: &[f32], momenta: Option<&[f32]>) -> Result<(), GpuError> {
        let expected = if self.momenta.is_some() {
            rates.len()
        } else {
            0
        };
        let found = momenta.map_or(0, <[f32]>::len);
        if found != expected {
            return Err(GpuError::Length {
                what: "momenta",
                expected: expected as u64,
                found: found as u64,
            });
        }
        Ok(())
    }

    fn rings<'a>(
        &'a self,
        rates: &'a [f32],
        momenta: Option<&'a [f32]>,
    ) -> impl Iterator<Item = (&'a Buffer<f32>, &'a [f32])> {
        [(&self.rates, rates)]
            .into_iter()
            .chain(self.momenta.as_ref().zip(momenta))
    }
}

/// Tells the device that there are rates for the steps below `until`, in the order of the stream.
pub(crate) fn set_until(
    stream: &Stream,
    control: &Buffer<Control>,
    until: u32,
) -> Result<(), GpuError> {
    control.set_word(stream, std::mem::offset_of!(Control, until), until)
}

fn rows_of(rates: &[f32], trials: u32) -> Result<u32, GpuError> {
    let width = trials as usize;
    let rows = rates.len().checked_div(width).unwrap_or(0);
    if rows * width != rates.len() {
        return Err(GpuError::Length {
            what: "rates",
            expected: (rows as u64 + 1) * u64::from(trials),
            found: rates.len() as u64,
        });
    }
    u32::try_from(rows).map_err(|_| GpuError::TooMany {
        what: "rows of rates",
        found: rows as u64,
        most: u64::from(u32::MAX),
    })
}

/// That every momentum of `[rows, trials]` from step `first` on is one.
fn check_momenta(first: u32, trials: u32, momenta: &[f32]) -> Result<(), GpuError> {
    let wrong = |momentum: &f32| !(momentum.is_nan() || (*momentum >= 0.0 && momentum.is_finite()));
    match momenta.iter().position(wrong) {
        None => Ok(()),
        Some(at) => Err(GpuError::Momentum {
            trial: at as u32 % trials,
            step: first.saturating_add((at / trials as usize) as u32),
            value: momenta[at],
        }),
    }
}
