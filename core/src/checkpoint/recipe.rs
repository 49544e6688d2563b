//! What a trial was trained with, as one record: its schedule, its update, and the momentum that goes with the step.
//!
//! | bytes | what |
//! |---|---|
//! | 0..6 | the frame: magic, version, kind 7 |
//! | 6..10 | length of the whole record, `u32` |
//! | … | the schedule: a record of kind 5, which says its own length |
//! | 52 | the update: a record of kind 3 |
//! | … | the momentum, where it goes with the step: a record of kind 5 |
//! | n-4..n | CRC |
//!
//! The records inside are whole ones, so that whoever has room for one of them only reads that one.

use super::CheckpointError;
use super::frame::{CRC, HEADER, LENGTH, Reader, Writer, told_length};
use crate::composed::{Composed, ComposedPlan};
use crate::error::ConfigError;
use crate::schedule::Schedule;
use crate::sgd::Sgd;

const KIND: u8 = 7;

/// What a trial was trained with: a schedule of up to `N` pieces, the update, and a momentum where it goes with the step.
///
/// `hairpin export --format bytes` writes one. All three read back to the bit, and an update that goes with another
/// schedule is never mixed in: one checksum stands over all of it.
///
/// # Examples
/// ```
/// use hairpin_core::{AnySchedule, ComposedPlan, Exponential, Recipe, Schedule, Sgd, SgdConfig, SgdState};
///
/// // On the workstation, into the image of a page of flash.
/// let sgd = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
/// let schedule = AnySchedule::from(Exponential::new(0.1, 0.99)?).after_warmup(10, 0.0, 0.1)?;
/// let mut page = [0xff; 256];
/// Recipe::new(schedule, sgd, None)?.to_bytes(&mut page)?;
///
/// // On the chip, with room for three pieces. What lies behind the record in the page is of no interest.
/// let (recipe, _) = Recipe::<3>::from_prefix(&page)?;
/// let ComposedPlan::Schedule(schedule) = recipe.schedule() else {
///     return Err("this program observes no losses".into());
/// };
/// let mut state = SgdState::default();
/// let (mut params, mut velocity) = ([1.0_f32, -2.0], [0.0_f32; 2]);
/// for step in 0..100 {
///     let grads = params;
///     recipe.sgd_at(step)?.step(&mut state, schedule.lr(step), &mut params, &grads, &mut velocity)?;
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub struct Recipe<const N: usize> {
    schedule: ComposedPlan<N>,
    sgd: Sgd,
    momentum: Option<Composed<N>>,
}

/// The records inside the record of a [`Recipe`], each still to be read by the type that has room for it.
///
/// # Examples
/// ```
/// use hairpin_core::{Composed, Constant, Recipe, RecipeRecords, Schedule, Sgd, SgdConfig};
///
/// let mut page = [0xff; 256];
/// let sgd = Sgd::new(SgdConfig::default())?;
/// Recipe::<1>::new(Composed::from(Constant::new(0.1)?), sgd, None)?.to_bytes(&mut page)?;
///
/// let (records, _) = RecipeRecords::from_prefix(&page)?;
/// assert_eq!(Composed::<1>::from_bytes(records.schedule)?.lr(7), 0.1);
/// assert_eq!(Sgd::from_bytes(records.sgd)?, sgd);
/// assert_eq!(records.momentum, None);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipeRecords<'a> {
    /// The schedule, for `from_bytes` of a composition.
    pub schedule: &'a [u8],
    /// The update, for [`Sgd::from_bytes`].
    pub sgd: &'a [u8],
    /// The momentum, for [`Composed::from_bytes`], where it goes with the step.
    pub momentum: Option<&'a [u8]>,
}

impl<'a> RecipeRecords<'a> {
    /// The records inside these bytes, which are one recipe and nothing else.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::measured(bytes, KIND)?;
        let schedule = reader.measured_record();
        let schedule = schedule.ok_or(CheckpointError::Content("schedule"))?;
        let sgd = reader
            .slice(Sgd::BYTES)
            .ok_or(CheckpointError::Content("sgd"))?;
        let momentum = match reader.rest() {
            [] => None,
            rest => match reader.measured_record() {
                Some(momentum) if momentum.len() == rest.len() => Some(momentum),
                _ => return Err(CheckpointError::Content("momentum")),
            },
        };
        Ok(Self {
            schedule,
            sgd,
            momentum,
        })
    }

    /// The records inside the recipe at the front of `bytes`, and what stands behind it: the rest of a page of flash.
    ///
    /// # Errors
    /// Bytes that do not begin with such a record.
    pub fn from_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), CheckpointError> {
        let (record, rest) = told_length(bytes)
            .and_then(|length| bytes.split_at_checked(length))
            // The record is refused by its front, or for being cut short.
            .unwrap_or((bytes, &[]));
        Ok((Self::from_bytes(record)?, rest))
    }
}

impl<const N: usize> Recipe<N> {
    /// Puts a schedule and an update together, with a momentum where it goes with the step.
    ///
    /// # Errors
    /// A momentum beside an update that was made without one and has no velocity.
    pub fn new(
        schedule: impl Into<ComposedPlan<N>>,
        sgd: Sgd,
        momentum: Option<Composed<N>>,
    ) -> Result<Self, ConfigError> {
        if momentum.is_some() && !sgd.needs_velocity() {
            return Err(ConfigError::Conflict {
                field: "momentum",
                with: "goes with the step, while the update was made without one: make it with a momentum above 0",
            });
        }
        Ok(Self {
            schedule: schedule.into(),
            sgd,
            momentum,
        })
    }

    /// The schedule of the rate.
    #[must_use]
    pub const fn schedule(&self) -> &ComposedPlan<N> {
        &self.schedule
    }

    /// The update; where the momentum goes with the step, [`Recipe::sgd_at`] has that of a step.
    #[must_use]
    pub const fn sgd(&self) -> &Sgd {
        &self.sgd
    }

    /// The momentum, where it goes with the step.
    #[must_use]
    pub const fn momentum(&self) -> Option<&Composed<N>> {
        self.momentum.as_ref()
    }

    /// The update at `step`, with the momentum that it has there.
    ///
    /// # Errors
    /// As [`Sgd::at_momentum`], where the momentum is not above 0 at this step. In such a step torch updates without
    /// momentum, while velocity and state rest.
    pub fn sgd_at(&self, step: u32) -> Result<Sgd, ConfigError> {
        match &self.momentum {
            None => Ok(self.sgd),
            Some(momentum) => self.sgd.at_momentum(momentum.lr(step)),
        }
    }

    /// How many bytes it takes when it is saved.
    ///
    /// # Errors
    /// [`CheckpointError::Function`] where it holds a function of the program.
    pub fn bytes_len(&self) -> Result<usize, CheckpointError> {
        let momentum = self.momentum.as_ref().map(Composed::bytes_len);
        let lengths = [
            HEADER,
            LENGTH,
            self.schedule.bytes_len()?,
            Sgd::BYTES,
            momentum.transpose()?.unwrap_or(0),
            CRC,
        ];
        Ok(lengths.into_iter().fold(0, usize::saturating_add))
    }

    /// Writes it to the front of `out` and says how many bytes it took. They do not depend on `N`.
    ///
    /// # Errors
    /// [`CheckpointError::Function`] where it holds a function of the program, and
    /// [`CheckpointError::TooSmall`] where `out` is too short; nothing is written then.
    pub fn to_bytes(&self, out: &mut [u8]) -> Result<usize, CheckpointError> {
        let needed = self.bytes_len()?;
        if out.len() < needed {
            return Err(CheckpointError::TooSmall {
                needed,
                found: out.len(),
            });
        }
        let mut writer = Writer::new(out, KIND);
        writer.u32(u32::try_from(needed).map_err(|_| CheckpointError::Content("schedule"))?);
        writer.record(|out| self.schedule.to_bytes(out))?;
        writer.put(&self.sgd.to_bytes());
        if let Some(momentum) = &self.momentum {
            writer.record(|out| momentum.to_bytes(out))?;
        }
        Ok(writer.finish())
    }

    /// What was written as these bytes, checked as its constructors check.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record, or a schedule or momentum of more than `N` pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::read(&RecipeRecords::from_bytes(bytes)?)
    }

    /// The recipe at the front of `bytes`, and what stands behind it: the rest of a page of flash.
    ///
    /// # Errors
    /// Bytes that do not begin with such a record, or a schedule or momentum of more than `N` pieces.
    pub fn from_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), CheckpointError> {
        let (records, rest) = RecipeRecords::from_prefix(bytes)?;
        Ok((Self::read(&records)?, rest))
    }

    fn read(records: &RecipeRecords<'_>) -> Result<Self, CheckpointError> {
        let momentum = records.momentum.map(Composed::from_bytes).transpose();
        Self::new(
            ComposedPlan::from_bytes(records.schedule).map_err(inside("schedule"))?,
            Sgd::from_bytes(records.sgd).map_err(inside("sgd"))?,
            momentum.map_err(inside("momentum"))?,
        )
        .map_err(|error| CheckpointError::Content(error.field()))
    }
}

/// What is wrong with a record inside, in words of the record around it, which is whole. What another version wrote is that, and not wrong.
fn inside(field: &'static str) -> impl Fn(CheckpointError) -> CheckpointError {
    move |error| match error {
        CheckpointError::OverCapacity { .. }
        | CheckpointError::Content(_)
        | CheckpointError::Version(_) => error,
        _ => CheckpointError::Content(field),
    }
}
