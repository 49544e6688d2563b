//! Whether bytes are a program that ends, keeps to its stack and leaves one value.

use super::op::{CONSTANT, Op};
use super::{ExpressionError, STACK_DEPTH};

/// Checks every path at once: jumps only lead forward, so that one pass meets each place after all that lead to it.
pub(super) fn verify<const OPS: usize>(
    ops: &[u8],
    constants: &[f64],
) -> Result<(), ExpressionError> {
    if let Some(place) = constants.iter().position(|constant| constant.is_nan()) {
        return Err(ExpressionError::Corrupt {
            at: ops.len().saturating_add(place),
        });
    }
    // How many values the jumps so far bring to each place, and to the end.
    let mut arrivals = [None::<u8>; OPS];
    let mut arrival_at_end = None;
    // How many values the instruction before leaves; none behind a jump that is always taken.
    let mut depth = Some(0);
    let mut at = 0;
    while let Some(&byte) = ops.get(at) {
        let corrupt = ExpressionError::Corrupt { at };
        let here = meet(depth, arrivals.get(at).copied().flatten()).ok_or(corrupt)?;
        let op = if byte & CONSTANT == 0 {
            Op::from_byte(byte).ok_or(corrupt)?
        } else if usize::from(byte & !CONSTANT) < constants.len() {
            Op::Step // pushes one value, as a constant does
        } else {
            return Err(corrupt);
        };
        let (takes, leaves) = op.effect();
        let after = here
            .checked_sub(takes)
            .ok_or(corrupt)?
            .saturating_add(leaves);
        if usize::from(after) > STACK_DEPTH {
            return Err(ExpressionError::TooDeep {
                at,
                capacity: STACK_DEPTH,
            });
        }
        depth = Some(after);
        at = at.saturating_add(1);
        if matches!(op, Op::Jump | Op::JumpIfFalse) {
            // Nothing may lead into the middle of an instruction.
            if arrivals.get(at).copied().flatten().is_some() {
                return Err(ExpressionError::Corrupt { at });
            }
            let distance = ops.get(at).copied().ok_or(corrupt)?;
            at = at.saturating_add(1);
            let target = at.saturating_add(usize::from(distance));
            let place = if target == ops.len() {
                &mut arrival_at_end
            } else {
                arrivals
                    .get_mut(target)
                    .filter(|_| target < ops.len())
                    .ok_or(corrupt)?
            };
            *place = Some(meet(Some(after), *place).ok_or(corrupt)?);
            if op == Op::Jump {
                depth = None;
            }
        }
    }
    match meet(depth, arrival_at_end) {
        Some(1) => Ok(()),
        _ => Err(ExpressionError::Corrupt { at }),
    }
}

/// The one depth of two ways to a place; none where they differ or where no way leads there.
fn meet(one: Option<u8>, other: Option<u8>) -> Option<u8> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}
