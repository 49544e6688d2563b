//! Tokens to a program: operator precedence with an explicit stack of what waits for its right-hand side.

use super::lexer::{Lexer, Token};
use super::names::{self, Function, Meaning};
use super::op::{CONSTANT, Op};
use super::{ExpressionError, NESTING, STACK_DEPTH};

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
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

fn level(op: Op) -> Level {
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
enum Waiting {
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
    fn level(self) -> Option<Level> {
        match self {
            Waiting::Operator(op) => Some(level(op)),
            Waiting::Plus => Some(Level::Sign),
            Waiting::Comparison { .. } => Some(Level::Comparison),
            Waiting::Else { .. } => Some(Level::Conditional),
            Waiting::If { .. } | Waiting::Group { .. } | Waiting::Call { .. } => None,
        }
    }
}

type Result<T> = core::result::Result<T, ExpressionError>;

pub(super) struct Compiler<'a> {
    lexer: Lexer<'a>,
    /// The lambda's own name for the step.
    name: Option<&'a str>,
    code: &'a mut [u8],
    len: usize,
    constants: &'a mut [f64],
    constants_len: usize,
    /// Values on the stack of the running program at this place.
    depth: usize,
    waiting: [(Waiting, usize); NESTING],
    waiting_len: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(text: &'a str, code: &'a mut [u8], constants: &'a mut [f64]) -> Self {
        Compiler {
            lexer: Lexer::new(text),
            name: None,
            code,
            len: 0,
            constants,
            constants_len: 0,
            depth: 0,
            waiting: [(Waiting::Plus, 0); NESTING],
            waiting_len: 0,
        }
    }

    /// Compiles the whole text and returns how many bytes of code and how many constants it took.
    pub(super) fn compile(mut self) -> Result<(usize, usize)> {
        let (mut token, mut at) = self.lexer.next()?;
        if token == Token::Name("lambda") {
            self.name = Some(self.parameter()?);
            (token, at) = self.lexer.next()?;
        }
        if token == Token::End {
            return Err(ExpressionError::Empty { at });
        }
        loop {
            while !self.operand(token, at)? {
                (token, at) = self.lexer.next()?;
            }
            if self.operator()? {
                return Ok((self.len, self.constants_len));
            }
            (token, at) = self.lexer.next()?;
        }
    }

    /// `NAME:` after `lambda`.
    fn parameter(&mut self) -> Result<&'a str> {
        match (self.lexer.next()?, self.lexer.next()?) {
            ((Token::Name(name), at), (Token::Colon, _))
                if names::is_keyword(name) || name.contains('.') =>
            {
                Err(ExpressionError::BadLambda { at })
            }
            ((Token::Name(name), _), (Token::Colon, _)) => Ok(name),
            ((Token::Name(_), _), (_, at)) | ((_, at), _) => Err(ExpressionError::BadLambda { at }),
        }
    }

    /// Takes a token where a value is due; true when the value is complete.
    fn operand(&mut self, token: Token<'a>, at: usize) -> Result<bool> {
        match token {
            Token::Number(number) => self.constant(number, at)?,
            Token::Name(name) => return self.name(name, at),
            Token::Operator(Op::Subtract) => return self.wait(Waiting::Operator(Op::Negate), at),
            Token::Operator(Op::Add) => return self.wait(Waiting::Plus, at),
            Token::Open => return self.wait(Waiting::Group { start: self.len }, at),
            Token::Close => match self.top() {
                // No argument at all, or a comma after the last one.
                Some((
                    Waiting::Call {
                        function,
                        arguments,
                        ..
                    },
                    at,
                )) => self.close(function, arguments, at)?,
                _ if self.opener().is_none() => {
                    return Err(ExpressionError::UnbalancedParenthesis { at });
                }
                _ => return Err(ExpressionError::ExpectedOperand { at }),
            },
            Token::End => return Err(ExpressionError::UnexpectedEnd { at }),
            Token::Operator(_) | Token::Comma | Token::Colon => {
                return Err(ExpressionError::ExpectedOperand { at });
            }
        }
        Ok(true)
    }

    /// A word where a value is due.
    fn name(&mut self, name: &'a str, at: usize) -> Result<bool> {
        match name {
            "True" => self.constant(1.0, at)?,
            "False" => self.constant(0.0, at)?,
            "not" => {
                if self
                    .top()
                    .and_then(|(top, _)| top.level())
                    .is_some_and(|level| level > Level::Not)
                {
                    return Err(ExpressionError::ExpectedOperand { at });
                }
                return self.wait(Waiting::Operator(Op::Not), at);
            }
            "lambda" => return Err(ExpressionError::BadLambda { at }),
            _ if names::is_keyword(name) => return Err(ExpressionError::ExpectedOperand { at }),
            _ if self.name == Some(name) || matches!(name, "step" | "epoch") => {
                self.emit(Op::Step, at)?
            }
            _ => match names::find(name) {
                Some(Meaning::Constant(value)) => self.constant(value, at)?,
                Some(Meaning::Function(function)) => {
                    if self.lexer.next()?.0 != Token::Open {
                        return Err(ExpressionError::NotCalled {
                            at,
                            len: name.len(),
                        });
                    }
                    return self.wait(
                        Waiting::Call {
                            function,
                            start: self.len,
                            arguments: 0,
                        },
                        at,
                    );
                }
                None => {
                    return Err(ExpressionError::UnknownName {
                        at,
                        len: name.len(),
                    });
                }
            },
        }
        Ok(true)
    }

    /// Takes what follows a complete value; true at the end of the text, false when another value is due.
    fn operator(&mut self) -> Result<bool> {
        loop {
            let (token, at) = self.lexer.next()?;
            match token {
                Token::Operator(op) => return self.binary(op, at),
                Token::Name("and") => return self.binary(Op::And, at),
                Token::Name("or") => return self.binary(Op::Or, at),
                Token::Name("if") => return self.begin_condition(at),
                Token::Name("else") => return self.end_condition(at),
                Token::Comma => return self.comma(at),
                Token::Close => {
                    self.reduce(Level::Conditional)?;
                    match self.top() {
                        Some((Waiting::Group { .. }, _)) => self.pop(),
                        Some((
                            Waiting::Call {
                                function,
                                arguments,
                                ..
                            },
                            at,
                        )) => {
                            self.argument(function, arguments, at)?;
                            self.close(function, arguments.saturating_add(1), at)?;
                        }
                        Some((Waiting::If { .. }, at)) => {
                            return Err(ExpressionError::MissingElse { at });
                        }
                        _ => return Err(ExpressionError::UnbalancedParenthesis { at }),
                    }
                }
                Token::End => {
                    self.reduce(Level::Conditional)?;
                    return match self.top() {
                        None => Ok(true),
                        Some((Waiting::If { .. }, at)) => Err(ExpressionError::MissingElse { at }),
                        Some((_, at)) => Err(ExpressionError::UnbalancedParenthesis { at }),
                    };
                }
                Token::Colon => return Err(ExpressionError::UnexpectedCharacter { at }),
                Token::Number(_) | Token::Name(_) | Token::Open => {
                    return Err(ExpressionError::ExpectedOperator { at });
                }
            }
        }
    }

    fn binary(&mut self, op: Op, at: usize) -> Result<bool> {
        let Some(chain) = op.chained() else {
            self.reduce(if op == Op::Power {
                Level::Tightest
            } else {
                level(op)
            })?;
            return self.wait(Waiting::Operator(op), at);
        };
        debug_assert!(chain.chained().is_none());
        self.reduce(Level::Sum)?;
        let mut before = 0;
        if let Some((
            Waiting::Comparison {
                op,
                before: earlier,
            },
            at,
        )) = self.top()
        {
            self.pop();
            self.emit(op.chained().unwrap_or(op), at)?;
            before = earlier.saturating_add(1);
        }
        self.wait(Waiting::Comparison { op, before }, at)
    }

    /// `a if`: the condition runs before `a` does, so that its values do not stand on top of that of `a`.
    fn begin_condition(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Or)?;
        let start = match self.top() {
            None => 0,
            Some((Waiting::Group { start } | Waiting::Call { start, .. }, _)) => start,
            Some((Waiting::Else { distance }, _)) => distance.saturating_add(1),
            Some((Waiting::If { .. }, at)) => return Err(ExpressionError::MissingElse { at }),
            Some((Waiting::Operator(_) | Waiting::Plus | Waiting::Comparison { .. }, _)) => {
                return Err(ExpressionError::ExpectedOperator { at });
            }
        };
        self.depth = self.depth.saturating_sub(1);
        self.wait(
            Waiting::If {
                start,
                condition: self.len,
            },
            at,
        )
    }

    /// `a if condition else`: turns the code of `a` and the condition into `condition, jump to b, a, jump to the end`.
    /// Both move as they are: the jumps within them are relative.
    fn end_condition(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Or)?;
        let Some((Waiting::If { start, condition }, _)) = self.top() else {
            return Err(ExpressionError::MissingIf { at });
        };
        self.pop();
        let length = condition.saturating_sub(start);
        self.emit(Op::JumpIfFalse, at)?;
        // Two bytes more: the jump to the end, which follows `a`.
        self.byte(narrow(length.saturating_add(2)), at)?;
        if let Some(both) = self.code.get_mut(start..self.len) {
            both.rotate_left(length.min(both.len()));
        }
        self.emit(Op::Jump, at)?;
        let distance = self.len;
        self.byte(0, at)?;
        self.wait(Waiting::Else { distance }, at)
    }

    fn comma(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Conditional)?;
        match self.top() {
            Some((
                Waiting::Call {
                    function,
                    arguments,
                    ..
                },
                name,
            )) => {
                self.argument(function, arguments, name)?;
                self.pop();
                let arguments = arguments.saturating_add(1);
                self.wait(
                    Waiting::Call {
                        function,
                        start: self.len,
                        arguments,
                    },
                    name,
                )
            }
            Some((Waiting::If { .. }, at)) => Err(ExpressionError::MissingElse { at }),
            _ => Err(ExpressionError::UnexpectedCharacter { at }),
        }
    }

    /// What follows the code of an argument with so many before it.
    fn argument(&mut self, function: &Function, before: u8, at: usize) -> Result<()> {
        if let Some(each) = function.each {
            self.emit(each, at)?;
        }
        match function.join {
            Some(join) if before > 0 => self.emit(join, at),
            _ => Ok(()),
        }
    }

    fn close(&mut self, function: &Function, found: u8, at: usize) -> Result<()> {
        self.pop();
        let (at_least, at_most) = (function.at_least, function.at_most);
        if (at_least..=at_most).contains(&found) {
            return Ok(());
        }
        Err(ExpressionError::WrongArgumentCount {
            at,
            at_least,
            at_most,
            found,
        })
    }

    /// Completes what waits and binds at least as tightly as `loosest`.
    fn reduce(&mut self, loosest: Level) -> Result<()> {
        while let Some((top, at)) = self.top()
            && top.level().is_some_and(|level| level >= loosest)
        {
            self.pop();
            match top {
                Waiting::Operator(op) => self.emit(op, at)?,
                Waiting::Comparison { op, before } => {
                    self.emit(op, at)?;
                    // Each earlier comparison of the chain has left its verdict beneath.
                    for _ in 0..before {
                        self.emit(Op::And, at)?;
                    }
                }
                Waiting::Else { distance } => {
                    let skipped = self.len.saturating_sub(distance).saturating_sub(1);
                    if let Some(place) = self.code.get_mut(distance) {
                        *place = narrow(skipped);
                    }
                }
                Waiting::Plus
                | Waiting::If { .. }
                | Waiting::Group { .. }
                | Waiting::Call { .. } => {}
            }
        }
        Ok(())
    }

    fn top(&self) -> Option<(Waiting, usize)> {
        self.waiting.get(self.waiting_len.checked_sub(1)?).copied()
    }

    /// Whether a parenthesis is open.
    fn opener(&self) -> Option<&(Waiting, usize)> {
        let waiting = self.waiting.get(..self.waiting_len).unwrap_or_default();
        waiting
            .iter()
            .find(|(waiting, _)| matches!(waiting, Waiting::Group { .. } | Waiting::Call { .. }))
    }

    fn pop(&mut self) {
        self.waiting_len = self.waiting_len.saturating_sub(1);
    }

    /// Remembers what waits. A value is due after all of them, hence the `false`.
    fn wait(&mut self, waiting: Waiting, at: usize) -> Result<bool> {
        let Some(place) = self.waiting.get_mut(self.waiting_len) else {
            return Err(ExpressionError::TooDeep {
                at,
                capacity: NESTING,
            });
        };
        *place = (waiting, at);
        self.waiting_len += 1;
        Ok(false)
    }

    fn constant(&mut self, value: f64, at: usize) -> Result<()> {
        let known = self.constants.get(..self.constants_len).unwrap_or_default();
        let place = match known
            .iter()
            .position(|known| known.to_bits() == value.to_bits())
        {
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

    fn emit(&mut self, op: Op, at: usize) -> Result<()> {
        let (takes, leaves) = op.effect();
        self.effect(takes, leaves, at)?;
        self.byte(op as u8, at)
    }

    fn effect(&mut self, takes: u8, leaves: u8, at: usize) -> Result<()> {
        self.depth = self
            .depth
            .saturating_sub(usize::from(takes))
            .saturating_add(usize::from(leaves));
        if self.depth > STACK_DEPTH {
            return Err(ExpressionError::TooDeep {
                at,
                capacity: STACK_DEPTH,
            });
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, at: usize) -> Result<()> {
        let capacity = self.code.len();
        let Some(place) = self.code.get_mut(self.len) else {
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
