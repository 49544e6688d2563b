//! One tree for every input: TOML, YAML and JSON are read into [`Node`]s that remember where they stood.
//!
//! The readers know nothing of schedules; the decoder ([`At`], [`Fields`]) knows nothing of file formats. So a wrong value in
//! a YAML file, a TOML file or a line of JSON gives the same message, pointing at its own line.

mod decode;
mod error;
mod json;
mod source;
mod toml;
mod yaml;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub use decode::{At, Fields, Place};
pub use error::SpecError;
pub use source::Source;

/// How deep tables and lists may nest: far above any specification, far below what would exhaust a stack.
pub(crate) const MAX_DEPTH: usize = 64;

/// A value together with the bytes of the source it was written in.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// The bytes of the source that say so.
    pub span: Range<usize>,
}

/// The values that TOML, YAML and JSON have in common.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON's and YAML's `null`; read as if the key were absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// An array or sequence.
    List(Vec<Node>),
    /// A table, object or mapping, in the order it was written; no key occurs twice.
    Table(Vec<(Key, Node)>),
}

/// The name of an entry and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The name, unquoted.
    pub name: String,
    /// The bytes of the source that hold it.
    pub span: Range<usize>,
}

/// The formats a document may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// YAML 1.2, one document.
    Yaml,
    /// JSON, where non-finite numbers are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
    Json,
}

impl Format {
    /// The format a file's extension stands for.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A source and the tree read from it.
#[derive(Debug, Clone)]
pub struct Document {
    source: Arc<Source>,
    root: Node,
}

impl Document {
    /// Reads `source` as `format`.
    ///
    /// # Errors
    /// Where the text is not of that format, holds a key twice, nests too deep, or has a value that no other format has.
    pub fn parse(source: Source, format: Format) -> Result<Self, SpecError> {
        let source = Arc::new(source);
        let root = match format {
            Format::Toml => toml::read_document(&source)?,
            Format::Yaml => yaml::read(&source)?,
            Format::Json => json::read(&source)?,
        };
        Ok(Self { source, root })
    }

    /// Reads one table as it is given on a command line: a JSON object, a TOML inline table, or the inside of one.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_inline(source: Source) -> Result<Self, SpecError> {
        let source = Arc::new(source);
        let text = source.text().trim();
        let root = if json::looks_like_object(text) {
            json::read(&source)?
        } else if text.starts_with('{') {
            toml::read_inline(&source)?
        } else if text.contains('\n') {
            toml::read_document(&source)?
        } else {
            toml::read_unbraced(&source)?
        };
        Ok(Self { source, root })
    }

    /// Reads a file, in the format of its extension.
    ///
    /// # Errors
    /// Where the file cannot be read, its extension stands for no format, or as [`Document::parse`].
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let Some(format) = Format::of(path) else {
            return Err(SpecError::whole(
                format!(
                    "`{}` is neither .toml, .yaml, .yml nor .json",
                    path.display()
                ),
                "the extension says how the file is read; rename it",
            ));
        };
        let text = std::fs::read_to_string(path).map_err(|cause| {
            SpecError::whole(
                format!("cannot read `{}`: {cause}", path.display()),
                "check the path; the file must be UTF-8 text",
            )
        })?;
        // Some editors begin a file with a byte-order mark; no reader here wants it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Self::parse(Source::new(path.display().to_string(), text), format)
    }

    /// The decoder at the root of the tree.
    #[must_use]
    pub fn at(&self) -> At<'_> {
        At::root(&self.source, &self.root)
    }

    /// The text this was read from.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }
}

fn too_deep(source: &Arc<Source>, span: Range<usize>) -> SpecError {
    SpecError::at(source, span, format!("nested more than {MAX_DEPTH} deep"))
}

#[cfg(test)]
mod tests;
