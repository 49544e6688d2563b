//! The text of an input, with its name and the number its first line has for the reader.

use std::ops::Range;

/// A text and what to call it in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    first_line: usize,
}

impl Source {
    /// A whole file, or a command-line argument called by its option's name.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            first_line: 1,
        }
    }

    /// One line out of a larger stream, `line` counted from 1.
    #[must_use]
    pub fn line_of(name: impl Into<String>, text: impl Into<String>, line: usize) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            first_line: line,
        }
    }

    /// What to call this text in a message.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both counted from 1, the column in characters.
    #[must_use]
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let end = self.boundary(byte);
        let before = &self.text[..end];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.first_line + before.matches('\n').count();
        (line, before[start..].chars().count() + 1)
    }

    /// The line that holds a byte.
    pub(super) fn line_at(&self, byte: usize) -> &str {
        let (before, after) = self.text.split_at(self.boundary(byte));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = after
            .find('\n')
            .map_or(self.text.len(), |newline| before.len() + newline);
        &self.text[start..end]
    }

    /// The byte at a line and column counted from 1 within this text.
    pub(super) fn byte_of(&self, line: u64, column: u64) -> usize {
        let index = |count: u64| usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        let start: usize = self
            .text
            .split_inclusive('\n')
            .take(index(line))
            .map(str::len)
            .sum();
        self.text[start..]
            .char_indices()
            .nth(index(column))
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The text of a span; what lies outside of the source is cut away.
    #[must_use]
    pub fn slice(&self, span: &Range<usize>) -> &str {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end).max(start);
        &self.text[start..end]
    }

    /// The nearest character boundary at or before `byte`.
    fn boundary(&self, byte: usize) -> usize {
        let mut at = byte.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}
