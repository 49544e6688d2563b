//! Schedules made of schedules.
//!
//! What they are made of is copied: it may be gone afterwards, and `out` may be one of the parts.

use hairpin_core::{Change, Combine, ConfigError, Distribution, Noise, Part};

use crate::memory::{self, make};
use crate::objects::{HAIRPIN_PIECES, Plan, hairpin_schedule};
use crate::status::{Answer, hairpin_refusal, hairpin_status, none_of};
use crate::words::*;

/// A part of hairpin_sequential().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_part {
    /// The step at which it begins: 0 for the first, later and later for the others.
    pub from: u32,
    /// What its own clock reads at that step: 0 to start afresh, `from` to have counted all along.
    pub clock: u32,
    /// The schedule.
    pub schedule: *const hairpin_schedule,
}

/// A line from `start_lr` to `end_lr` over `warmup_steps`, then `after` from its step 0 on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_linear_warmup(
    out: *mut hairpin_schedule,
    warmup_steps: u32,
    start_lr: f64,
    end_lr: f64,
    after: *const hairpin_schedule,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        let after = memory::held(after)?.clone();
        Ok(after.after_warmup(warmup_steps, start_lr, end_lr))
    })
}

/// One schedule after another. (A warm-up on a curve is hairpin_anneal() in front of the schedule it leads to.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sequential(
    out: *mut hairpin_schedule,
    parts: *const hairpin_part,
    part_count: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        let mut found = Parts::new();
        for part in memory::list(parts, part_count)? {
            let schedule = memory::held(part.schedule)?;
            let part = Part {
                from: part.from,
                clock: part.clock,
                schedule,
            };
            found.push(part).map_err(|_| too_many(part_count))?;
        }
        Ok(Plan::sequence(&found))
    })
}

/// The product of the rates of several schedules.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_product(
    out: *mut hairpin_schedule,
    schedules: *const *const hairpin_schedule,
    schedule_count: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    combined(out, Combine::Product, schedules, schedule_count, why)
}

/// The sum of the rates of several schedules.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sum(
    out: *mut hairpin_schedule,
    schedules: *const *const hairpin_schedule,
    schedule_count: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    combined(out, Combine::Sum, schedules, schedule_count, why)
}

/// The mean of the rates of several schedules.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_average(
    out: *mut hairpin_schedule,
    schedules: *const *const hairpin_schedule,
    schedule_count: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    combined(out, Combine::Average, schedules, schedule_count, why)
}

/// `factor * schedule(t)`: a layer's or a group's multiple.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_scale(
    out: *mut hairpin_schedule,
    factor: f64,
    schedule: *const hairpin_schedule,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    changed(out, schedule, why, || Ok(Change::Scale(factor)))
}

/// `schedule(t)`, no lower than `min_lr` and no higher than `max_lr`; `-INFINITY` and `INFINITY` are no limits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_clamp(
    out: *mut hairpin_schedule,
    min_lr: f64,
    max_lr: f64,
    schedule: *const hairpin_schedule,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    changed(out, schedule, why, || Ok(Change::Clamp { min_lr, max_lr }))
}

/// `schedule(t mod period)`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_repeat(
    out: *mut hairpin_schedule,
    period: u32,
    schedule: *const hairpin_schedule,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        Ok(memory::held(schedule)?.clone().repeated(period))
    })
}

/// `(1 + e) * schedule(t)` for `begin <= t < end`, with `|e|` below `amount`, drawn from `seed` and the step; `end` is NULL for none, and
/// `std` the deviation of a normal `e` before the limit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_noise(
    out: *mut hairpin_schedule,
    amount: f64,
    std: f64,
    distribution: hairpin_distribution,
    begin: u32,
    end: *const u32,
    seed: u32,
    schedule: *const hairpin_schedule,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    changed(out, schedule, why, || {
        let distribution = match distribution {
            HAIRPIN_DISTRIBUTION_NORMAL => Distribution::Normal,
            HAIRPIN_DISTRIBUTION_UNIFORM => Distribution::Uniform,
            other => return Err(none_of("distribution", other, "one of its constants")),
        };
        let end = memory::read_if_given(end)?;
        let noise = Noise::new(amount, std, distribution, begin, end, seed)?;
        Ok(Change::Noise(noise))
    })
}

/// Parts that may fit: each takes a piece at least.
type Parts<T> = heapless::Vec<T, HAIRPIN_PIECES>;

/// More parts than pieces, and the piece that joins them.
fn too_many(parts: usize) -> hairpin_refusal {
    hairpin_refusal::from(ConfigError::OverCapacity {
        field: "schedules",
        capacity: HAIRPIN_PIECES,
        found: parts.saturating_add(1),
    })
}

/// # Safety
/// As the crate says.
unsafe fn combined(
    out: *mut hairpin_schedule,
    combine: Combine,
    schedules: *const *const hairpin_schedule,
    schedule_count: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        let mut found = Parts::new();
        for &schedule in memory::list(schedules, schedule_count)? {
            let schedule = memory::held(schedule)?;
            found.push(schedule).map_err(|_| too_many(schedule_count))?;
        }
        Ok(Plan::combined(combine, &found))
    })
}

/// # Safety
/// As the crate says.
unsafe fn changed(
    out: *mut hairpin_schedule,
    schedule: *const hairpin_schedule,
    why: *mut hairpin_refusal,
    change: impl FnOnce() -> Answer<Change>,
) -> hairpin_status {
    make(out, why, || {
        let schedule = memory::held(schedule)?;
        Ok(schedule.clone().changed(change()?))
    })
}
