//! Putting a report on disk, whole or not at all.

use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::{SweepReport, heat_map, loss_curves, lr_curves, page, parallel, rate_scatter};
use crate::files::{self, WriteError};

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The directory or a file in it could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The data contradict each other.
    #[error("{field} is {found}, but the report needs {expected}")]
    Inconsistent {
        /// Which part of the data.
        field: &'static str,
        /// What it holds.
        found: usize,
        /// What the other parts ask for.
        expected: String,
    },
}

/// Writes `index.html` and the figures as SVG files into `dir`, which is made if need be; returns what was written, the page
/// first. Each file appears whole or not at all. Figures without data (rates of a sweep in which all diverged) are left out.
///
/// # Errors
/// [`ReportError::Inconsistent`] if the parts of the report contradict each other, before anything is written;
/// [`ReportError::Write`] if the directory cannot be written.
pub fn write(report: &SweepReport, dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    check(report)?;
    let digest = Digest::new(report);
    let figures: Vec<_> = [
        rate_scatter::figure(&digest),
        lr_curves::figure(&digest),
        loss_curves::figure(&digest),
        heat_map::figure(&digest),
        parallel::figure(&digest),
    ]
    .into_iter()
    .flatten()
    .collect();
    files::create_dir(dir)?;
    let mut written = vec![dir.join("index.html")];
    files::write(&written[0], page::page(&digest, &figures))?;
    for figure in &figures {
        let path = dir.join(format!("{}.svg", figure.name));
        files::write(&path, figure.file())?;
        written.push(path);
    }
    Ok(written)
}

fn check(report: &SweepReport) -> Result<(), ReportError> {
    let trials = report.trials.len();
    let kinds = report.alternatives.len();
    if let Some(row) = report.trials.iter().find(|row| row.alternative >= kinds) {
        let expected = format!("a number below {kinds}, the count of alternatives");
        return Err(ReportError::Inconsistent {
            field: "trials.alternative",
            found: row.alternative,
            expected,
        });
    }
    if let Some(leader) = report
        .leaders
        .iter()
        .find(|leader| leader.position >= trials)
    {
        let expected = format!("a number below {trials}, the count of trials");
        return Err(ReportError::Inconsistent {
            field: "leaders.position",
            found: leader.position,
            expected,
        });
    }
    let (values, steps) = (report.curves.rows.len(), report.curves.steps.len());
    if values != 0 && values != trials * steps {
        let expected = format!(
            "{trials} trials x {steps} steps = {} values",
            trials * steps
        );
        return Err(ReportError::Inconsistent {
            field: "curves.rows",
            found: values,
            expected,
        });
    }
    Ok(())
}
