//! What is wrong with a data set.

use std::fmt;
use std::io;

use super::{CLASSES_MAX, NUMBERS_MAX, ROWS_MAX, ROWS_MIN};

/// Why there is no data set. Every message names the value and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The file is not text.
    #[error("{path} is not UTF-8 text (line {line}): save it as UTF-8 CSV")]
    NotUtf8 {
        /// The file.
        path: String,
        /// The first line that is not.
        line: u64,
    },
    /// There is no line with names.
    #[error("{path} is empty: its first line must name the columns")]
    Empty {
        /// The file.
        path: String,
    },
    /// No column has the name of the label.
    #[error(
        "{path} has no column \"{label}\"{}; its columns are {columns}{}",
        nearest.as_ref().map_or(String::new(), |name| format!(": did you mean \"{name}\"?")),
        hint.unwrap_or("")
    )]
    NoLabel {
        /// The file.
        path: String,
        /// The name that was looked for.
        label: String,
        /// The column with the most similar name, if one is similar.
        nearest: Option<String>,
        /// The names there are.
        columns: Shown,
        /// What the file looks like instead.
        hint: Option<&'static str>,
    },
    /// Several columns have the name of the label.
    #[error("{path} has {count} columns \"{label}\": rename all but one")]
    AmbiguousLabel {
        /// The file.
        path: String,
        /// The name.
        label: String,
        /// How many columns have it.
        count: usize,
    },
    /// Rows that are not numbers.
    #[error("{path} has {count} bad row{}:{}", if *count == 1 { "" } else { "s" }, list(first, *count))]
    BadRows {
        /// The file.
        path: String,
        /// The first of them.
        first: Vec<BadRow>,
        /// How many there are.
        count: usize,
    },
    /// There is nothing to learn from.
    #[error("there are no features: a data set needs at least one column beside the label")]
    NoFeatures,
    /// There are not enough rows to train and validate on.
    #[error("there are {rows} rows: a data set needs at least {ROWS_MIN}")]
    TooFewRows {
        /// How many there are.
        rows: usize,
    },
    /// There are too many rows, or numbers.
    #[error(
        "there are {rows} rows with {count} numbers: at most {ROWS_MAX} rows and {NUMBERS_MAX} numbers are taken, sample the rows"
    )]
    TooLarge {
        /// How many rows there are.
        rows: usize,
        /// How many numbers they hold.
        count: usize,
    },
    /// There is nothing to tell apart.
    #[error(
        "{}: a data set needs at least 2 classes",
        only.as_ref().map_or("there is no class".to_owned(), |name| format!("\"{name}\" is the only class"))
    )]
    TooFewClasses {
        /// The class, if there is one.
        only: Option<String>,
    },
    /// The labels look like a measurement.
    #[error(
        "the label has {classes} distinct values, at most {CLASSES_MAX} are taken: choose a column of classes, not of measurements"
    )]
    TooManyClasses {
        /// How many there are.
        classes: usize,
    },
    /// The numbers do not fill the rows.
    #[error("{count} numbers do not fill {rows} rows evenly")]
    Ragged {
        /// Rows, by the labels.
        rows: usize,
        /// Numbers.
        count: usize,
    },
    /// A feature is NaN or infinite.
    #[error("row {row}, column {column} is {value}: features must be finite")]
    NotFinite {
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// What it is.
        value: f32,
    },
    /// A label is no class.
    #[error("row {row} has label {label}, but there are {classes} classes")]
    UnknownClass {
        /// Its row, from 0.
        row: usize,
        /// Its label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
    /// The data that comes with this program does not have the shape it was shipped with.
    #[error("the built-in data set is damaged: build again from a clean copy of the sources")]
    Damaged,
}

/// A row that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

fn list(first: &[BadRow], count: usize) -> String {
    let mut text = String::new();
    for BadRow { line, problem } in first {
        text += &format!("\n  line {line}: {problem}");
    }
    if count > first.len() {
        text += &format!("\n  and {} more", count - first.len());
    }
    text
}

/// Names, shown in quotes, and not all of them when they are many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(pub Vec<String>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 20;
        for (i, name) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}\"{name}\"", if i == 0 { "" } else { ", " })?;
        }
        if self.0.len() > MOST {
            write!(f, " and {} more", self.0.len() - MOST)?;
        }
        Ok(())
    }
}
