//! What a schedule is called in the program that it is written for.

use std::str::FromStr;

/// A name for the items of a Rust module or a C header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// Why a text names no items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is no identifier.
    #[error(
        "must be an identifier: letters (a to z), digits and underscores, with at least one letter and no digit in front"
    )]
    NotAnIdentifier,
    /// No function of Rust has this name.
    #[error("is a word of the Rust language, which no function can be called")]
    Reserved,
}

/// The words of Rust, those reserved for later included.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

impl Name {
    /// What a trial is called where nothing else was said.
    #[must_use]
    pub fn tuned() -> Self {
        Self("tuned".to_owned())
    }

    /// As functions and arrays are written.
    pub(crate) fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// As constants and macros are written.
    pub(crate) fn upper(&self) -> String {
        self.0.to_ascii_uppercase()
    }

    /// The name of what belongs to it.
    pub(crate) fn of(&self, what: &str) -> Self {
        Self(format!("{}_{what}", self.0))
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("schedule".to_owned())
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let belongs = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_identifier = text.bytes().all(belongs)
            && !text.starts_with(|first: char| first.is_ascii_digit())
            // In small and in large letters these are two names.
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let name = Self(text.to_owned());
        if !is_identifier {
            Err(NameError::NotAnIdentifier)
        } else if RESERVED.contains(&name.lower().as_str()) {
            Err(NameError::Reserved)
        } else {
            Ok(name)
        }
    }
}
