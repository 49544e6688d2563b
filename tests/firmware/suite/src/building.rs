//! Schedules put together where they are asked for.

use hairpin_core::{Change, Combine, ComposedPlan, ConfigError, Distribution, Noise, Part};

use crate::wire::Wire;
use crate::{Broken, Channel, ROOM, building_step};

/// How many pieces fit: few, as several schedules are held at once.
const PIECES: usize = 3;

type Small = ComposedPlan<PIECES>;

/// A record of a schedule; `u8` steps, each a `u8` that says what is done and what that takes.
///
/// Answered by the outcome of each, and by the record of what came out. There is nothing left of what a step refuses.
#[inline(never)]
pub(crate) fn building<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let mut whole = small(wire)?;
    let steps = wire.u8()?;
    for _ in 0..steps {
        changed(wire, &mut whole)?;
    }
    let mut room = [0; ROOM];
    if let Some(whole) = &whole
        && let Some(length) = wire.outcome(whole.to_bytes(&mut room))?
    {
        wire.write_record(room.get(..length).ok_or(Broken)?)?;
    }
    Ok(())
}

#[inline(never)]
fn small<C: Channel>(wire: &mut Wire<'_, C>) -> Result<Option<Small>, Broken> {
    let mut room = [0; ROOM];
    let read = Small::from_bytes(wire.bytes(&mut room)?);
    wire.outcome(read)
}

/// Makes one step.
#[inline(never)]
fn changed<C: Channel>(wire: &mut Wire<'_, C>, whole: &mut Option<Small>) -> Result<(), Broken> {
    let what = wire.u8()?;
    let outcome = match what {
        building_step::WARMUP => {
            let (steps, start, end) = (wire.u32()?, wire.f64()?, wire.f64()?);
            made(whole, |whole| whole.after_warmup(steps, start, end))
        }
        building_step::SCALE => {
            let change = Change::Scale(wire.f64()?);
            made(whole, |whole| whole.changed(change))
        }
        building_step::CLAMP => {
            let (min_lr, max_lr) = (wire.f64()?, wire.f64()?);
            made(whole, |whole| {
                whole.changed(Change::Clamp { min_lr, max_lr })
            })
        }
        building_step::NOISE => {
            let noise = noise(wire)?;
            made(whole, |whole| whole.changed(Change::Noise(noise?)))
        }
        building_step::REPEAT => {
            let period = wire.u32()?;
            made(whole, |whole| whole.repeated(period))
        }
        building_step::SEQUENCE => {
            let (from, clock) = (wire.u32()?, wire.u32()?);
            let other = small(wire)?;
            made(whole, |whole| {
                let other = other.as_ref().unwrap_or(&whole);
                let parts = [(0, 0, &whole), (from, clock, other)];
                Small::sequence(&parts.map(|(from, clock, schedule)| Part {
                    from,
                    clock,
                    schedule,
                }))
            })
        }
        _ => {
            let combine = match what {
                building_step::PRODUCT => Combine::Product,
                building_step::SUM => Combine::Sum,
                building_step::AVERAGE => Combine::Average,
                _ => return Err(Broken),
            };
            let other = small(wire)?;
            made(whole, |whole| {
                let other = other.as_ref().unwrap_or(&whole);
                Small::combined(combine, &[&whole, other])
            })
        }
    };
    wire.outcome(outcome).map(|_| ())
}

/// Puts what `make` gives in its place.
#[inline(never)]
fn made(
    whole: &mut Option<Small>,
    make: impl FnOnce(Small) -> Result<Small, ConfigError>,
) -> Result<(), ConfigError> {
    if let Some(old) = whole.take() {
        *whole = Some(make(old)?);
    }
    Ok(())
}

fn noise<C: Channel>(wire: &mut Wire<'_, C>) -> Result<Result<Noise, ConfigError>, Broken> {
    let (amount, std) = (wire.f64()?, wire.f64()?);
    let distribution = if wire.u8()? == 0 {
        Distribution::Normal
    } else {
        Distribution::Uniform
    };
    let (begin, end, seed) = (wire.u32()?, wire.u32()?, wire.u32()?);
    // A run without an end asks for the last step there is.
    let end = (end != u32::MAX).then_some(end);
    Ok(Noise::new(amount, std, distribution, begin, end, seed))
}
