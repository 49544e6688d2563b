//! The lesson as pictures and a page: what a learning rate does, and the twelve ways to change it over the steps.
//!
//! Nothing in the pictures is drawn by hand: the descents are runs of the core's update, the curves are the core's schedules.

mod descent;
mod descent_figure;
mod page;
mod schedules;
mod schedules_figure;

use std::path::{Path, PathBuf};

use hairpin_core::{ConfigError, StepError};

use crate::files::{self, WriteError};

pub use descent::{Descent, Terrain, descents};

/// Why the lesson was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The directory or a file in it could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The core refused a schedule or an update of the lesson.
    #[error("an example of the lesson is refused: {0}")]
    Config(#[from] ConfigError),
    /// The core refused a step of the lesson.
    #[error("a step of the lesson is refused: {0}")]
    Step(#[from] StepError),
}

/// Writes `explain.html`, `descent.svg` and `schedules.svg` into `dir`, which is made if need be; returns what was written, the
/// page first. Each file appears whole or not at all.
///
/// # Errors
/// [`ExplainError::Write`] if the directory cannot be written.
pub fn write(dir: &Path) -> Result<Vec<PathBuf>, ExplainError> {
    let descent = descent_figure::figure(&descents()?);
    let lessons = schedules::lessons()?;
    let sheet = schedules_figure::figure(&lessons);
    files::create_dir(dir)?;
    let mut written = Vec::new();
    let contents = [
        ("explain.html", page::page(&descent, &sheet, &lessons)),
        ("descent.svg", descent.file()),
        ("schedules.svg", sheet.file()),
    ];
    for (name, content) in contents {
        let path = dir.join(name);
        files::write(&path, content)?;
        written.push(path);
    }
    Ok(written)
}
