//! Tokens to a program: operator precedence with an explicit stack of what waits for its right-hand side.

use super::ExpressionError;
use super::code::Code;
use super::lexer::{Lexer, Token};
use super::names::{self, Function, Meaning};
use super::op::Op;
use super::waiting::{Level, Pile, Waiting, level};

type Result<T> = core::result::Result<T, ExpressionError>;

pub(super) struct Compiler<'a> {
    lexer: Lexer<'a>,
    /// The lambda's own name for the step.
    name: Option<&'a str>,
    code: Code<'a>,
    waiting: Pile,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(text: &'a str, ops: &'a mut [u8], constants: &'a mut [f64]) -> Self {
        Compiler {
            lexer: Lexer::new(text),
            name: None,
            code: Code::new(ops, constants),
            waiting: Pile::new(),
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
                return Ok((self.code.len(), self.code.constants_len()));
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
            Token::Number(number) => self.code.constant(number, at)?,
            Token::Name(name) => return self.name(name, at),
            Token::Operator(Op::Subtract) => return self.wait(Waiting::Operator(Op::Negate), at),
            Token::Operator(Op::Add) => return self.wait(Waiting::Plus, at),
            Token::Open => {
                return self.wait(
                    Waiting::Group {
                        start: self.code.len(),
                    },
                    at,
                );
            }
            Token::Close => match self.waiting.top() {
                // No argument at all, or a comma after the last one.
                Some((
                    Waiting::Call {
                        function,
                        arguments,
                        ..
                    },
                    at,
                )) => self.close(function, arguments, at)?,
                _ if !self.waiting.is_open() => {
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
            "True" => self.code.constant(1.0, at)?,
            "False" => self.code.constant(0.0, at)?,
            "not" => {
                if self
                    .waiting
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
                self.code.emit(Op::Step, at)?
            }
            _ => match names::find(name) {
                Some(Meaning::Constant(value)) => self.code.constant(value, at)?,
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
                            start: self.code.len(),
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
                    match self.waiting.top() {
                        Some((Waiting::Group { .. }, _)) => self.waiting.pop(),
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
                    return match self.waiting.top() {
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
        if op.chained().is_none() {
            self.reduce(if op == Op::Power {
                Level::Tightest
            } else {
                level(op)
            })?;
            return self.wait(Waiting::Operator(op), at);
        }
        self.reduce(Level::Sum)?;
        let mut before = 0;
        if let Some((
            Waiting::Comparison {
                op,
                before: earlier,
            },
            at,
        )) = self.waiting.top()
        {
            self.waiting.pop();
            self.code.emit(op.chained().unwrap_or(op), at)?;
            before = earlier.saturating_add(1);
        }
        self.wait(Waiting::Comparison { op, before }, at)
    }

    /// `a if`: the condition runs before `a` does, so that its values do not stand on top of that of `a`.
    fn begin_condition(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Or)?;
        let start = match self.waiting.top() {
            None => 0,
            Some((Waiting::Group { start } | Waiting::Call { start, .. }, _)) => start,
            Some((Waiting::Else { distance }, _)) => distance.saturating_add(1),
            Some((Waiting::If { .. }, at)) => return Err(ExpressionError::MissingElse { at }),
            Some((Waiting::Operator(_) | Waiting::Plus | Waiting::Comparison { .. }, _)) => {
                return Err(ExpressionError::ExpectedOperator { at });
            }
        };
        self.code.set_aside();
        self.wait(
            Waiting::If {
                start,
                condition: self.code.len(),
            },
            at,
        )
    }

    fn end_condition(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Or)?;
        let Some((Waiting::If { start, condition }, _)) = self.waiting.top() else {
            return Err(ExpressionError::MissingIf { at });
        };
        self.waiting.pop();
        let distance = self.code.branch(start, condition, at)?;
        self.wait(Waiting::Else { distance }, at)
    }

    fn comma(&mut self, at: usize) -> Result<bool> {
        self.reduce(Level::Conditional)?;
        match self.waiting.top() {
            Some((
                Waiting::Call {
                    function,
                    arguments,
                    ..
                },
                name,
            )) => {
                self.argument(function, arguments, name)?;
                self.waiting.pop();
                let arguments = arguments.saturating_add(1);
                self.wait(
                    Waiting::Call {
                        function,
                        start: self.code.len(),
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
            self.code.emit(each, at)?;
        }
        match function.join {
            Some(join) if before > 0 => self.code.emit(join, at),
            _ => Ok(()),
        }
    }

    fn close(&mut self, function: &Function, found: u8, at: usize) -> Result<()> {
        self.waiting.pop();
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
        while let Some((top, at)) = self.waiting.top()
            && top.level().is_some_and(|level| level >= loosest)
        {
            self.waiting.pop();
            match top {
                Waiting::Operator(op) => self.code.emit(op, at)?,
                Waiting::Comparison { op, before } => {
                    self.code.emit(op, at)?;
                    // Each earlier comparison of the chain has left its verdict beneath.
                    for _ in 0..before {
                        self.code.emit(Op::And, at)?;
                    }
                }
                Waiting::Else { distance } => self.code.land(distance),
                Waiting::Plus
                | Waiting::If { .. }
                | Waiting::Group { .. }
                | Waiting::Call { .. } => {}
            }
        }
        Ok(())
    }

    /// Remembers what waits. A value is due after all of them, hence the `false`.
    fn wait(&mut self, waiting: Waiting, at: usize) -> Result<bool> {
        self.waiting.push(waiting, at).map(|()| false)
    }
}
