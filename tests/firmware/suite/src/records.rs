//! Saved records, good and bad.

use hairpin_core::{
    ComposedPlan, FeedbackState, NODES, PlateauState, Position, Recipe, Sgd, SgdState,
};

use crate::wire::Wire;
use crate::{Broken, Channel, ROOM, record};

/// A `u8` of what to read, and the bytes.
///
/// Answered by the error, or by the record as it is written again.
#[inline(never)]
pub(crate) fn record<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let what = wire.u8()?;
    let mut room = [0; ROOM];
    let bytes = wire.bytes(&mut room)?;
    match what {
        record::PLAN => plan::<NODES, C>(wire, bytes),
        record::SMALL_PLAN => plan::<2, C>(wire, bytes),
        record::RECIPE => recipe(wire, bytes),
        _ => small(wire, what, bytes),
    }
}

/// Records of one length; apart, so that they are not on the stack beside a schedule.
#[inline(never)]
fn small<C: Channel>(wire: &mut Wire<'_, C>, what: u8, bytes: &[u8]) -> Result<(), Broken> {
    macro_rules! read {
        ($type:ty) => {{
            let read = <$type>::from_bytes(bytes);
            match wire.outcome(read)? {
                Some(read) => wire.write_record(&read.to_bytes()),
                None => Ok(()),
            }
        }};
    }
    match what {
        record::POSITION => read!(Position),
        record::PLATEAU => read!(PlateauState),
        record::SGD => read!(Sgd),
        record::SGD_STATE => read!(SgdState),
        record::FEEDBACK_STATE => read!(FeedbackState),
        _ => Err(Broken),
    }
}

/// Two schedules and an update: of few pieces, as the smallest chip has no room for more.
#[inline(never)]
fn recipe<C: Channel>(wire: &mut Wire<'_, C>, bytes: &mut [u8]) -> Result<(), Broken> {
    match &Recipe::<3>::from_bytes(bytes) {
        Ok(recipe) => {
            wire.done()?;
            match wire.outcome(recipe.to_bytes(bytes))? {
                Some(length) => wire.write_record(bytes.get(..length).ok_or(Broken)?),
                None => Ok(()),
            }
        }
        Err(error) => wire.refuse(*error),
    }
}

#[inline(never)]
fn plan<const N: usize, C: Channel>(
    wire: &mut Wire<'_, C>,
    bytes: &mut [u8],
) -> Result<(), Broken> {
    match &ComposedPlan::<N>::from_bytes(bytes) {
        Ok(plan) => {
            wire.done()?;
            match wire.outcome(plan.to_bytes(bytes))? {
                Some(length) => wire.write_record(bytes.get(..length).ok_or(Broken)?),
                None => Ok(()),
            }
        }
        Err(error) => wire.refuse(*error),
    }
}
