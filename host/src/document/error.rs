//! What is said about a wrong input: the line, the key, the value, and the way out.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode, SourceOffset};

use super::Source;

/// A wrong input: what is wrong, where, with which value, and what to write instead.
///
/// [`Display`](fmt::Display) gives all of it but the remedy in one line; as a [`Diagnostic`] it prints the source line with a caret
/// and the remedy beneath; [`SpecError::one_line`] is the whole story without a line break, for a log or a line of JSON.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct SpecError(Box<Details>);

#[derive(Debug, Clone, PartialEq)]
struct Details {
    message: String,
    help: Option<String>,
    path: String,
    value: Option<String>,
    place: Option<(Arc<Source>, Range<usize>)>,
}

/// Longer values are cut in messages: a list of a thousand milestones says nothing to the reader.
const LONGEST_VALUE: usize = 60;

/// Longer lines of a source are not shown.
const LONGEST_LINE: usize = 1000;

impl SpecError {
    /// An error that no place in a text stands for: a file that cannot be opened, an option that is missing.
    pub fn whole(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self(Box::new(Details {
            message: message.into(),
            help: Some(help.into()),
            path: String::new(),
            value: None,
            place: None,
        }))
    }

    /// An error at some bytes of a source.
    pub fn at(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            message: message.into(),
            help: None,
            path: String::new(),
            value: None,
            place: Some((Arc::clone(source), span)),
        }))
    }

    /// Adds the remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the path of the key, as `schedules[1].after.gamma`.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.0.path = path.into();
        self
    }

    /// Adds the offending value as it should be shown.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.value = Some(if line.chars().count() > LONGEST_VALUE {
            line.chars()
                .take(LONGEST_VALUE)
                .chain("…".chars())
                .collect()
        } else {
            line
        });
        self
    }

    /// Adds to what is wrong under which circumstances it is.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.0.message = format!("{} ({note})", self.0.message);
        self
    }

    /// What is wrong, without place, key or remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The key, as `schedules[1].after.gamma`; empty for the document as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The offending value as it was written, or as it was drawn.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.position().map(|(line, _)| line)
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.position().map(|(_, column)| column)
    }

    /// Everything in one line: place, key, value, what is wrong, and the remedy.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut text = self.to_string();
        if let Some((source, _)) = &self.0.place
            && !source.name().is_empty()
        {
            text = format!("{}: {text}", source.name());
        }
        if let Some(help) = &self.0.help {
            text = format!("{text}; {help}");
        }
        text.replace('\n', " ")
    }

    fn position(&self) -> Option<(usize, usize)> {
        self.0
            .place
            .as_ref()
            .map(|(source, span)| source.position(span.start))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        if let Some((line, column)) = self.position() {
            write!(f, "line {line}, column {column}: ")?;
        }
        match (details.path.is_empty(), &details.value) {
            (false, Some(value)) => write!(f, "`{} = {value}`: ", details.path)?,
            (false, None) => write!(f, "`{}`: ", details.path)?,
            (true, Some(value)) => write!(f, "`{value}`: ")?,
            (true, None) => {}
        }
        f.write_str(&details.message)
    }
}

impl Diagnostic for SpecError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let (source, span) = self.0.place.as_ref()?;
        // A line that no screen shows is left to its number and column.
        (source.line_at(span.start).len() <= LONGEST_LINE).then_some(&*self.0 as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source_code()?;
        let (source, span) = self.0.place.as_ref()?;
        // A whole table underlined over many lines hides what is meant: point at its first line.
        let shown = source.slice(span).lines().next().map_or(0, str::len);
        let start = SourceOffset::from(span.start.min(source.text().len()));
        Some(Box::new(std::iter::once(LabeledSpan::new(
            Some("here".to_owned()),
            start.offset(),
            shown,
        ))))
    }
}

impl SourceCode for Details {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let Some((source, _)) = &self.place else {
            return Err(miette::MietteError::OutOfBounds);
        };
        let inner = source.text().read_span(span, lines_before, lines_after)?;
        let (first, _) = source.position(inner.span().offset());
        Ok(Box::new(miette::MietteSpanContents::new_named(
            source.name().to_owned(),
            inner.data(),
            *inner.span(),
            // Lines are counted from 0 there.
            first.saturating_sub(1),
            inner.column(),
            inner.line_count(),
        )))
    }
}
