//! How much memory of the device a sweep takes.

use std::fmt;

use hairpin_kernels::rates::SCHEDULE_BYTES;
use hairpin_kernels::update::{Control, GroupRecord, TileRecord, TrialRecord};

use crate::error::GpuError;
use crate::gpu::Gpu;
use crate::layout::Layout;

/// Bytes on the device for N trials of P parameters with T rows of rates, part by part.
///
/// # Examples
/// ```
/// use hairpin_cuda::{Footprint, Layout};
///
/// let layout = Layout::uniform(65_536, 256)?;
/// let all_steps = Footprint::of(&layout, 10_000).with_elements(&layout).with_velocity(&layout);
/// let in_windows = Footprint::of(&layout, 2 * 256).with_elements(&layout).with_velocity(&layout);
/// assert_eq!(all_steps.params, 67_108_864);
/// assert!(all_steps.total() > 2_800_000_000 && in_windows.total() < 350_000_000);
/// # Ok::<(), hairpin_cuda::GpuError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// 4 bytes an element.
    pub params: u64,
    /// 4 bytes an element.
    pub grads: u64,
    /// 4 bytes an element, with momentum.
    pub velocity: u64,
    /// 4 bytes a trial and row.
    pub rates: u64,
    /// The same again where a schedule gives the momentum, too.
    pub momenta: u64,
    /// 36 bytes a trial.
    pub trials: u64,
    /// 24 bytes for up to 512 elements and 16 a group: of one trial where all are alike, else of all.
    pub layout: u64,
    /// 3 KiB a trial where the device evaluates schedules itself.
    pub schedules: u64,
}

impl Footprint {
    /// What an optimizer and its table take: `rows` is the number of steps, or twice the window where rates come in windows.
    #[must_use]
    pub fn of(layout: &Layout, rows: u32) -> Self {
        let trials = u64::from(layout.trials());
        let of = |count: usize, size: usize| (count as u64).saturating_mul(size as u64);
        Self {
            rates: trials.saturating_mul(u64::from(rows)).saturating_mul(4),
            trials: trials * (size_of::<TrialRecord>() as u64 + 4) + size_of::<Control>() as u64,
            layout: of(layout.tiles().len(), size_of::<TileRecord>())
                + of(layout.groups().len(), size_of::<GroupRecord>()),
            ..Self::default()
        }
    }

    /// With parameters and gradients.
    #[must_use]
    pub fn with_elements(mut self, layout: &Layout) -> Self {
        self.params = layout.elements().saturating_mul(4);
        self.grads = self.params;
        self
    }

    /// With a velocity.
    #[must_use]
    pub fn with_velocity(mut self, layout: &Layout) -> Self {
        self.velocity = layout.elements().saturating_mul(4);
        self
    }

    /// With a momentum beside every rate.
    #[must_use]
    pub fn with_momenta(mut self) -> Self {
        self.momenta = self.rates;
        self
    }

    /// With schedules that the device evaluates itself.
    #[must_use]
    pub fn with_schedules(mut self, layout: &Layout) -> Self {
        self.schedules = u64::from(layout.trials()) * SCHEDULE_BYTES as u64;
        self
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.parts()
            .iter()
            .fold(0, |sum, (_, bytes)| u64::saturating_add(sum, *bytes))
    }

    /// Each part with its name.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, u64); 8] {
        [
            ("params", self.params),
            ("grads", self.grads),
            ("velocity", self.velocity),
            ("rates", self.rates),
            ("momenta", self.momenta),
            ("trials", self.trials),
            ("layout", self.layout),
            ("schedules", self.schedules),
        ]
    }

    /// That it fits in what is free on `gpu` now.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] with the parts, or what the driver says.
    pub fn fits(&self, gpu: &Gpu) -> Result<(), GpuError> {
        let (needed, free) = (self.total(), gpu.free_memory()?);
        if needed <= free {
            return Ok(());
        }
        Err(GpuError::OutOfMemory {
            needed,
            free,
            parts: Some(Box::new(*self)),
        })
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (name, bytes) in self.parts() {
            if bytes > 0 {
                write!(f, "{between}{name} {bytes}")?;
                between = ", ";
            }
        }
        Ok(())
    }
}
