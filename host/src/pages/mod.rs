//! One page about each kind, and a sheet of all drawings, written from the sources: what they say is what the code is.

pub(crate) mod callers;
mod drawing;
mod markdown;
mod prose;
mod shown;

use std::path::{Path, PathBuf};

use hairpin_core::CheckpointError;

use crate::document::SpecError;
use crate::lr::LrError;
use crate::spec::{KINDS, Kind};

/// A file of the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it stands in the repository.
    pub path: PathBuf,
    /// What is in it.
    pub content: String,
}

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// A source could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing is written about a kind where it should be.
    #[error(
        "nothing is written about `{kind}`: a kind of the core has it in its file, a composition in pages/compositions.md"
    )]
    Undocumented {
        /// The kind.
        kind: String,
    },
    /// There is nothing to draw of a kind.
    #[error("`{kind}` has no example")]
    NoExample {
        /// The kind.
        kind: String,
    },
    /// An example is refused.
    #[error("the example `{text}` is refused: {source}")]
    Refused {
        /// The example.
        text: String,
        /// Why.
        source: SpecError,
    },
    /// An example has no rates.
    #[error("the example `{text}` has no rates: {source}")]
    NoRates {
        /// The example.
        text: String,
        /// Why.
        source: LrError,
    },
    /// An example cannot be saved.
    #[error("the example `{text}` cannot be saved: {source}")]
    Unsaved {
        /// The example.
        text: String,
        /// Why.
        source: CheckpointError,
    },
    /// The table of costs is not as it should be.
    #[error("docs/costs.csv: {0}")]
    Costs(#[from] csv::Error),
}

/// All pages and drawings, from the sources in `repository`.
///
/// # Errors
/// Sources that cannot be read, and a kind without words or example.
pub fn pages(repository: &Path) -> Result<Vec<Page>, PagesError> {
    let kinds: Vec<&'static Kind> = KINDS
        .iter()
        .filter(|kind| kind.library().is_none())
        .collect();
    let names: Vec<&'static str> = kinds.iter().map(|kind| kind.name).collect();
    let sources = prose::Sources::read(repository, &names)?;
    let costs = markdown::Costs::read(&repository.join("docs/costs.csv"))?;
    let calls = callers::calls()?;
    let mut pages = vec![Page {
        path: "docs/schedules/README.md".into(),
        content: markdown::sheet(&kinds),
    }];
    for kind in kinds {
        let prose = sources.prose(kind.name)?;
        let example = shown::Example::of(kind)?;
        let drawing = drawing::figure(kind, &example)?;
        pages.push(Page {
            path: format!("docs/images/schedules/{}.svg", kind.name).into(),
            content: drawing.untitled_file(),
        });
        let page = markdown::Subject {
            kind,
            prose: &prose,
            example: &example,
            sources: &sources,
            callers: &callers::callers(&calls, kind.name),
            costs: &costs,
            caption: &drawing.caption,
        };
        pages.push(Page {
            path: format!("docs/schedules/{}.md", kind.name).into(),
            content: page.page()?,
        });
    }
    Ok(pages)
}

fn read_text(path: &Path) -> Result<String, PagesError> {
    std::fs::read_to_string(path).map_err(|source| PagesError::Read {
        path: path.to_path_buf(),
        source,
    })
}
