//! Schedules that the device evaluates itself.

use hairpin_core::Composed;
use hairpin_kernels::rates::SCHEDULE_BYTES;

use crate::error::GpuError;
use crate::footprint::Footprint;
use crate::launch::{Buffer, Schedules, Stream};

/// A schedule for each trial, evaluated on the device by the core's own code: no table comes from the host.
///
/// # Examples
/// ```no_run
/// use hairpin_core::{AnySchedule, Constant};
/// use hairpin_cuda::{DeviceSchedules, Gpu};
///
/// let stream = Gpu::open()?.stream()?;
/// let schedules = [AnySchedule::from(Constant::new(0.1)?), AnySchedule::from(Constant::new(0.2)?)];
/// let schedules = DeviceSchedules::new(&stream, &schedules)?;
/// assert_eq!(schedules.rates(&stream, 0, 3)?, [0.1, 0.2, 0.1, 0.2, 0.1, 0.2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceSchedules {
    schedules: Schedules,
}

impl DeviceSchedules {
    /// Uploads the schedules as their records, one a trial, and has the device read them.
    ///
    /// # Errors
    /// [`GpuError::Schedule`] before anything is launched where one holds a function of this program; [`GpuError::Refused`] where one has more pieces
    /// than [`AnySchedule`](hairpin_core::AnySchedule) has room for; no memory, or what the driver says.
    pub fn new<const N: usize>(
        stream: &Stream,
        schedules: &[Composed<N>],
    ) -> Result<Self, GpuError> {
        Footprint {
            schedules: schedules.len() as u64 * SCHEDULE_BYTES as u64,
            ..Footprint::default()
        }
        .fits(stream.gpu())?;
        let mut records = Vec::new();
        let mut bounds = vec![0];
        for (trial, schedule) in schedules.iter().enumerate() {
            let refused = |source| GpuError::Schedule {
                trial: trial as u32,
                source,
            };
            let start = records.len();
            records.resize(start + schedule.bytes_len().map_err(refused)?, 0);
            schedule.to_bytes(&mut records[start..]).map_err(refused)?;
            bounds.push(records.len() as u64);
        }
        Ok(Self {
            schedules: Schedules::read(stream, &records, &bounds)?,
        })
    }

    /// How many trials there are.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.schedules.trials()
    }

    /// The rates of `steps` steps from `first` on, `[steps, trials]`: the bits of [`Schedule::lr`](hairpin_core::Schedule::lr).
    ///
    /// # Errors
    /// Steps beyond the last of 32 bits, no memory, or what the driver says.
    pub fn rates(&self, stream: &Stream, first: u32, steps: u32) -> Result<Vec<f32>, GpuError> {
        let trials = self.trials() as usize;
        let ring = Buffer::zeros(stream, u64::from(steps) * trials as u64)?;
        self.write(stream, first, steps, steps, &ring)?;
        let mut rates = ring.download(stream)?;
        if let Some(turn) = first.checked_rem(steps) {
            rates.rotate_left(turn as usize * trials);
        }
        Ok(rates)
    }

    /// Writes the rates of `steps` steps from `first` on into their rows of a ring.
    pub(crate) fn write(
        &self,
        stream: &Stream,
        first: u32,
        steps: u32,
        rows: u32,
        ring: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        self.schedules.write(stream, first, steps, rows, ring)
    }
}
