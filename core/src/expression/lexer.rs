//! Text to tokens.

use super::op::Op;
use super::{ExpressionError, decimal};

/// A word of the language. `Operator` holds the binary reading; the compiler turns a sign into its prefix form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Operator(Op),
    Open,
    Close,
    Comma,
    Colon,
    End,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, usize), ExpressionError> {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
        let at = self.at;
        let Some(first) = self.peek(0) else {
            return Ok((Token::End, at));
        };
        if first.is_ascii_digit()
            || (first == b'.' && self.peek(1).is_some_and(|b| b.is_ascii_digit()))
        {
            return self.number().map(|number| (Token::Number(number), at));
        }
        if is_name_byte(first) {
            // A dotted name is one word: `math.pi` is looked up as a whole.
            self.skip(|byte| is_name_byte(byte) || byte == b'.');
            return Ok((Token::Name(self.since(at)), at));
        }
        let (token, len) = match (first, self.peek(1)) {
            (b'*', Some(b'*')) => (Token::Operator(Op::Power), 2),
            (b'/', Some(b'/')) => (Token::Operator(Op::FloorDivide), 2),
            (b'<', Some(b'=')) => (Token::Operator(Op::LessEqual), 2),
            (b'>', Some(b'=')) => (Token::Operator(Op::GreaterEqual), 2),
            (b'=', Some(b'=')) => (Token::Operator(Op::Equal), 2),
            (b'!', Some(b'=')) => (Token::Operator(Op::NotEqual), 2),
            (b'+', _) => (Token::Operator(Op::Add), 1),
            (b'-', _) => (Token::Operator(Op::Subtract), 1),
            (b'*', _) => (Token::Operator(Op::Multiply), 1),
            (b'/', _) => (Token::Operator(Op::Divide), 1),
            (b'%', _) => (Token::Operator(Op::Modulo), 1),
            (b'<', _) => (Token::Operator(Op::Less), 1),
            (b'>', _) => (Token::Operator(Op::Greater), 1),
            (b'(', _) => (Token::Open, 1),
            (b')', _) => (Token::Close, 1),
            (b',', _) => (Token::Comma, 1),
            (b':', _) => (Token::Colon, 1),
            _ => return Err(ExpressionError::UnexpectedCharacter { at }),
        };
        self.at = at.saturating_add(len);
        Ok((token, at))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text
            .as_bytes()
            .get(self.at.saturating_add(ahead))
            .copied()
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&belongs) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A decimal number by Python's rules: single underscores between digits, no leading zero before a whole number.
    fn number(&mut self) -> Result<f64, ExpressionError> {
        let start = self.at;
        let mut well_formed = self.digits();
        let mut whole = true;
        if self.peek(0) == Some(b'.') {
            whole = false;
            self.at = self.at.saturating_add(1);
            well_formed &= self.digits();
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self
                .peek(sign.saturating_add(1))
                .is_some_and(|byte| byte.is_ascii_digit())
            {
                whole = false;
                self.at = self.at.saturating_add(sign).saturating_add(1);
                well_formed &= self.digits();
            }
        }
        let digits = self.since(start);
        let zeros_in_front = whole
            && digits.starts_with('0')
            && digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        let runs_on = self
            .peek(0)
            .is_some_and(|byte| is_name_byte(byte) || byte == b'.');
        if well_formed && !zeros_in_front && !runs_on {
            return Ok(decimal::nearest(digits));
        }
        self.skip(|byte| is_name_byte(byte) || byte == b'.');
        Err(ExpressionError::BadNumber {
            at: start,
            len: self.since(start).len(),
        })
    }

    /// Passes over digits; false where an underscore does not stand between two of them.
    fn digits(&mut self) -> bool {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_digit() || byte == b'_');
        let digits = self.since(start);
        let doubled = || digits.as_bytes().windows(2).any(|pair| pair == b"__");
        !(digits.starts_with('_') || digits.ends_with('_') || doubled())
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
