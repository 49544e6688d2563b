//! What an optimizer is made from.

use hairpin_core::{Rounding, Sgd, SgdConfig};
use hairpin_cuda::{Gpu, Group, Layout, Optimizer, Options, RateTable};

use crate::arrays::{cells, given_or_none};
use crate::calls::Refused;
use crate::{HAIRPIN_CUDA_CHECK_GRADIENTS, HAIRPIN_CUDA_END_DIVERGED};

/// What an optimizer is made from. A zeroed struct is a good start: a null array stands for what is said beside it. Nothing is kept of it.
///
/// Elements lie trial after trial. All trials have `size` elements, or trial `i` has `sizes[i]`, or each has the same `groups` one after the other.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types)]
pub struct hairpin_cuda_plan {
    /// How many trials.
    pub trials: u32,
    /// The first step that there are rates for.
    pub first: u32,
    /// How many rows of rates there are to begin with.
    pub steps: u32,
    /// How many rows there is room for; 0 for as many as there are.
    pub rows: u32,
    /// `[steps, trials]`
    pub rates: *const f32,
    /// `[steps, trials]`, NaN for a trial's own momentum; null where no schedule gives it.
    pub momenta: *const f32,
    /// How many elements each trial has, where `sizes` and `group_lengths` are null.
    pub size: u64,
    /// `[trials]`: how many elements each has.
    pub sizes: *const u64,
    /// `[groups]`: how many elements of each trial are in each group.
    pub group_lengths: *const u64,
    /// `[groups]`: what the rate is multiplied with; null for 1.
    pub group_multipliers: *const f64,
    /// `[groups]`: the weight decay, NaN for the trial's own; null for the trials' own.
    pub group_weight_decays: *const f64,
    /// How many groups.
    pub groups: u32,
    /// [`HAIRPIN_CUDA_CHECK_GRADIENTS`] and [`HAIRPIN_CUDA_END_DIVERGED`].
    pub options: u32,
    /// `[trials]`; null for 0.
    pub momentum: *const f64,
    /// `[trials]`; null for 0.
    pub dampening: *const f64,
    /// `[trials]`; null for 0.
    pub weight_decay: *const f64,
    /// `[trials]`; null for 1.
    pub gradient_scale: *const f64,
    /// `[trials]`, 0 or 1; null for 0.
    pub nesterov: *const u8,
    /// Not 0: a product is fused into the sum that follows it, as torch does on most CPUs and on GPUs; 0: every product and sum is rounded.
    pub fused: u32,
}

impl hairpin_cuda_plan {
    /// The optimizer, on a stream of its own for what it does beside steps.
    ///
    /// # Safety
    /// The arrays are as long as they should be.
    pub(crate) unsafe fn optimizer(&self, gpu: &Gpu) -> Result<Optimizer, Refused> {
        let stream = gpu.stream()?;
        // SAFETY: the caller's.
        let (layout, updates) = unsafe { (self.layout()?, self.updates()?) };
        let cells = cells(self.steps, self.trials)?;
        // SAFETY: the caller's.
        let (rates, momenta) = unsafe {
            (
                given_or_none("rates", self.rates, cells)?,
                given_or_none("momenta", self.momenta, cells)?,
            )
        };
        let rates = match rates {
            Some(rates) => rates,
            None if cells == 0 => &[],
            None => return Err(Refused::new("rates is null, and steps is not 0")),
        };
        let rows = self.rows.max(self.steps).max(1);
        let with_momenta = !self.momenta.is_null();
        let table = RateTable::by_hand(&stream, self.first, self.trials, rows, with_momenta)?;
        let options = Options {
            check_gradients: self.options & HAIRPIN_CUDA_CHECK_GRADIENTS != 0,
            end_diverged: self.options & HAIRPIN_CUDA_END_DIVERGED != 0,
        };
        let mut optimizer = Optimizer::new(&stream, &layout, &updates, table, options)?;
        optimizer.extend(rates, momenta)?;
        // Steps are on streams of the caller's, which know nothing of this one.
        stream.synchronize()?;
        Ok(optimizer)
    }

    /// # Safety
    /// As [`Self::optimizer`].
    unsafe fn layout(&self) -> Result<Layout, Refused> {
        let (trials, groups) = (self.trials as usize, self.groups as usize);
        // SAFETY: the caller's.
        let (sizes, lengths) = unsafe {
            (
                given_or_none("sizes", self.sizes, trials)?,
                given_or_none("group_lengths", self.group_lengths, groups)?,
            )
        };
        Ok(match (sizes, lengths) {
            (Some(_), Some(_)) => {
                return Err(Refused::new(
                    "sizes and group_lengths: give one of them, the other null",
                ));
            }
            (Some(sizes), None) => Layout::ragged(sizes)?,
            (None, None) => Layout::uniform(self.trials, self.size)?,
            (None, Some(lengths)) => {
                // SAFETY: the caller's.
                let (multipliers, decays) = unsafe {
                    (
                        given_or_none("group_multipliers", self.group_multipliers, groups)?,
                        given_or_none("group_weight_decays", self.group_weight_decays, groups)?,
                    )
                };
                let groups = lengths.iter().enumerate().map(|(at, &length)| Group {
                    length,
                    lr_multiplier: multipliers.map_or(1.0, |multipliers| multipliers[at]),
                    weight_decay: decays
                        .map(|decays| decays[at])
                        .filter(|decay| !decay.is_nan()),
                });
                Layout::uniform_groups(self.trials, &groups.collect::<Vec<_>>())?
            }
        })
    }

    /// # Safety
    /// As [`Self::optimizer`].
    unsafe fn updates(&self) -> Result<Vec<Sgd>, Refused> {
        let count = self.trials as usize;
        // SAFETY: the caller's.
        let numbers = |what, array, otherwise: f64| unsafe {
            let array = given_or_none(what, array, count)?;
            Ok::<_, Refused>(move |trial: usize| array.map_or(otherwise, |array| array[trial]))
        };
        let momentum = numbers("momentum", self.momentum, 0.0)?;
        let dampening = numbers("dampening", self.dampening, 0.0)?;
        let weight_decay = numbers("weight_decay", self.weight_decay, 0.0)?;
        let gradient_scale = numbers("gradient_scale", self.gradient_scale, 1.0)?;
        // SAFETY: the caller's.
        let nesterov = unsafe { given_or_none("nesterov", self.nesterov, count) }?;
        let rounding = if self.fused == 0 {
            Rounding::Separate
        } else {
            Rounding::Fused
        };
        (0..count)
            .map(|trial| {
                Sgd::new(SgdConfig {
                    momentum: momentum(trial),
                    dampening: dampening(trial),
                    nesterov: nesterov.is_some_and(|nesterov| nesterov[trial] != 0),
                    weight_decay: weight_decay(trial),
                    gradient_scale: gradient_scale(trial),
                    rounding,
                })
                .map_err(|error| Refused::of_trial(trial, &error))
            })
            .collect()
    }
}
