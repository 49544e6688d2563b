//! A program being written, with its bounds kept.

use super::op::{CONSTANT, Op};
use super::{ExpressionError, STACK_DEPTH};

pub(super) struct Code<'a> {
    ops: &'a mut [u8],
    len: usize,
    constants: &'a mut [f64],
    constants_len: usize,
    /// Values on the stack of the running program at this place.
    depth: usize,
}

impl<'a> Code<'a> {
    pub(super) fn new(ops: &'a mut [u8], constants: &'a mut [f64]) -> Self {
        Code {
            ops,
            len: 0,
            constants,
            constants_len: 0,
            depth: 0,
        }
    }

    /// The place of the next byte.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn constants_len(&self) -> usize {
        self.constants_len
    }

    /// Appends an instruction for what stands at byte `at` of the text.
    pub(super) fn emit(&mut self, op: Op, at: usize) -> Result<(), ExpressionError> {
        let (takes, leaves) = op.effect();
        self.effect(takes, leaves, at)?;
        self.byte(op as u8, at)
    }

    /// Appends the push of a constant; equal bits share a place in the pool.
    pub(super) fn constant(&mut self, value: f64, at: usize) -> Result<(), ExpressionError> {
        let known = self.constants.get(..self.constants_len).unwrap_or_default();
        let same = |known: &f64| known.to_bits() == value.to_bits();
        let place = match known.iter().position(same) {
            Some(place) => place,
            None => {
                let capacity = self.constants.len();
                let Some(free) = self.constants.get_mut(self.constants_len) else {
                    return Err(ExpressionError::TooManyConstants { at, capacity });
                };
                *free = value;
                let place = self.constants_len;
                self.constants_len += 1;
                place
            }
        };
        self.effect(0, 1, at)?;
        self.byte(CONSTANT | narrow(place), at)
    }

    /// Counts the topmost value as gone: what follows will be moved in front of what left it.
    pub(super) fn set_aside(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Turns the code of `a` (from `start`) and of a condition (from `middle`) into `condition, jump to b, a, jump to the
    /// end`, and returns where the distance of the last jump is to stand. Both move as they are: the jumps
    /// within them are relative.
    pub(super) fn branch(
        &mut self,
        start: usize,
        middle: usize,
        at: usize,
    ) -> Result<usize, ExpressionError> {
        let length = middle.saturating_sub(start);
        self.emit(Op::JumpIfFalse, at)?;
        // Two bytes more: the jump to the end, which follows `a`.
        self.byte(narrow(length.saturating_add(2)), at)?;
        if let Some(both) = self.ops.get_mut(start..self.len) {
            // The two change places: each is turned round, then both together.
            let (first, second) = both.split_at_mut_checked(length).unwrap_or_default();
            first.reverse();
            second.reverse();
            both.reverse();
        }
        self.emit(Op::Jump, at)?;
        let distance = self.len;
        self.byte(0, at)?;
        Ok(distance)
    }

    /// Makes the jump whose distance stands there lead to here.
    pub(super) fn land(&mut self, distance: usize) {
        let skipped = self.len.saturating_sub(distance).saturating_sub(1);
        if let Some(place) = self.ops.get_mut(distance) {
            *place = narrow(skipped);
        }
    }

    fn effect(&mut self, takes: u8, leaves: u8, at: usize) -> Result<(), ExpressionError> {
        let left = self.depth.saturating_sub(usize::from(takes));
        self.depth = left.saturating_add(usize::from(leaves));
        if self.depth > STACK_DEPTH {
            return Err(ExpressionError::TooDeep {
                at,
                capacity: STACK_DEPTH,
            });
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, at: usize) -> Result<(), ExpressionError> {
        let capacity = self.ops.len();
        let Some(place) = self.ops.get_mut(self.len) else {
            return Err(ExpressionError::TooManyOperations { at, capacity });
        };
        *place = byte;
        self.len += 1;
        Ok(())
    }
}

/// A place or a distance as a byte: both are below the capacities, which fit in one.
fn narrow(place: usize) -> u8 {
    u8::try_from(place).unwrap_or(u8::MAX)
}
