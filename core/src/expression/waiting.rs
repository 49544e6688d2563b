//! What waits for its right-hand side while the text is read.

use super::names::Function;
use super::op::Op;
use super::{ExpressionError, NESTING};

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Level {
    Conditional,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Power,
    /// Tighter than everything: reducing to here reduces nothing, which makes `**` group to the right.
    Tightest,
}

pub(super) fn level(op: Op) -> Level {
    match op {
        Op::Or => Level::Or,
        Op::And => Level::And,
        Op::Not => Level::Not,
        Op::Add | Op::Subtract => Level::Sum,
        Op::Multiply | Op::Divide | Op::FloorDivide | Op::Modulo => Level::Product,
        Op::Negate => Level::Sign,
        Op::Power => Level::Power,
        _ => Level::Comparison,
    }
}

/// Something begun and not yet complete. Places are offsets into the code.
#[derive(Clone, Copy)]
pub(super) enum Waiting {
    Operator(Op),
    /// A `+` in front: it does nothing, but `2 * + not a` must stay as wrong as it is in Python.
    Plus,
    /// A comparison, and how many stand before it in its chain.
    Comparison {
        op: Op,
        before: u8,
    },
    /// `a if`: where the code of `a` and that of the condition begin.
    If {
        start: usize,
        condition: usize,
    },
    /// `a if condition else`: where the distance of the jump over `b` stands.
    Else {
        distance: usize,
    },
    Group {
        start: usize,
    },
    Call {
        function: &'static Function,
        start: usize,
        arguments: u8,
    },
}

impl Waiting {
    /// None for what only its own closing word can end.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            Waiting::Operator(op) => Some(level(op)),
            Waiting::Plus => Some(Level::Sign),
            Waiting::Comparison { .. } => Some(Level::Comparison),
            Waiting::Else { .. } => Some(Level::Conditional),
            Waiting::If { .. } | Waiting::Group { .. } | Waiting::Call { .. } => None,
        }
    }
}

/// All that waits, the innermost on top, each with its place in the text.
pub(super) struct Pile {
    entries: [(Waiting, usize); NESTING],
    len: usize,
}

impl Pile {
    pub(super) fn new() -> Self {
        Pile {
            entries: [(Waiting::Plus, 0); NESTING],
            len: 0,
        }
    }

    pub(super) fn top(&self) -> Option<(Waiting, usize)> {
        self.entries.get(self.len.checked_sub(1)?).copied()
    }

    pub(super) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    pub(super) fn push(&mut self, waiting: Waiting, at: usize) -> Result<(), ExpressionError> {
        let Some(place) = self.entries.get_mut(self.len) else {
            return Err(ExpressionError::TooDeep {
                at,
                capacity: NESTING,
            });
        };
        *place = (waiting, at);
        self.len += 1;
        Ok(())
    }

    /// Whether a parenthesis is open.
    pub(super) fn is_open(&self) -> bool {
        let opens = |(waiting, _): &(Waiting, usize)| {
            matches!(waiting, Waiting::Group { .. } | Waiting::Call { .. })
        };
        self.entries
            .get(..self.len)
            .unwrap_or_default()
            .iter()
            .any(opens)
    }
}
