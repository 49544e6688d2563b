//! Lines of medians along the learning rate, one for each value of the choice that divides the trials most.

use super::ParamCell;
use super::digest::Digest;
use super::parallel::distinct;
use crate::plot::{Panel, Path, shorten};

/// Columns along the rate.
const BINS: usize = 16;
/// Trials a column needs for its median to be drawn.
const LEAST: usize = 4;
/// Values a parameter may have to be a choice.
const CHOICES: std::ops::RangeInclusive<usize> = 2..=3;
/// Share of all ranks by which a choice has to move the trials of one column for its values to get lines of their own.
const DIVIDES: f64 = 0.1;

/// The lines of one panel.
pub(super) struct Medians {
    /// The parameter whose values have a line each; without one there is one line.
    pub(super) parameter: Option<String>,
    pub(super) lines: Vec<Line>,
}

/// A line and the value it belongs to.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) path: Path,
}

/// The medians of a group of positions sorted from the best.
pub(super) fn medians(digest: &Digest, panel: &Panel, group: &[usize]) -> Medians {
    let bins = binned(digest, panel, group);
    let Some((name, values)) = choice(digest, group, &bins) else {
        let lines = vec![Line {
            label: String::new(),
            path: line(digest, panel, &bins),
        }];
        return Medians {
            parameter: None,
            lines,
        };
    };
    let lines = values
        .iter()
        .map(|value| {
            let of_value = |position: &usize| cell(digest, *position, &name) == Some(value);
            let members: Vec<usize> = group.iter().copied().filter(of_value).collect();
            let path = line(digest, panel, &binned(digest, panel, &members));
            Line {
                label: shorten(&value.to_string(), 10),
                path,
            }
        })
        .collect();
    Medians {
        parameter: Some(name),
        lines,
    }
}

fn cell<'a>(digest: &Digest<'a>, position: usize, name: &str) -> Option<&'a ParamCell> {
    let parameters = &digest.trial(position).parameters;
    parameters
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, cell)| cell)
}

fn binned(digest: &Digest, panel: &Panel, group: &[usize]) -> Vec<Vec<usize>> {
    let mut bins: Vec<Vec<usize>> = vec![Vec::new(); BINS];
    for &position in group {
        let place = panel.x.at(digest.rates[position].unwrap_or(f64::NAN));
        bins[((place * BINS as f64) as usize).min(BINS - 1)].push(position);
    }
    bins
}

/// A line through the middle of every column; it stops where most trials diverged.
fn line(digest: &Digest, panel: &Panel, bins: &[Vec<usize>]) -> Path {
    let enough = bins
        .iter()
        .enumerate()
        .filter(|(_, bin)| bin.len() >= LEAST);
    Path::line(enough.map(|(i, bin)| {
        // The group is sorted from the best, and so is every bin: its middle is its median.
        let middle = digest.trial(bin[(bin.len() - 1) / 2]);
        let x = panel.left + panel.width * (i as f64 + 0.5) / BINS as f64;
        if middle.diverged() {
            (f64::NAN, f64::NAN)
        } else {
            (x, panel.y_inside(middle.final_metric))
        }
    }))
}

/// The parameter of few values that, at equal rates, moves the ranks most; none if none moves them much.
fn choice(
    digest: &Digest,
    group: &[usize],
    bins: &[Vec<usize>],
) -> Option<(String, Vec<ParamCell>)> {
    let first = digest.trial(*group.first()?);
    let mut most = DIVIDES;
    let mut chosen = None;
    for (name, _) in first
        .parameters
        .iter()
        .filter(|(name, _)| name.rsplit('.').next() != Some("learning_rate"))
    {
        let values = distinct(digest, group, name);
        if !CHOICES.contains(&values.len()) {
            continue;
        }
        let effect = bins
            .iter()
            .filter_map(|bin| moved(digest, bin, name, &values))
            .sum::<f64>()
            / (group.len() * digest.order.len()) as f64;
        if effect > most {
            most = effect;
            chosen = Some((name.clone(), values));
        }
    }
    chosen
}

/// The distance between the mean ranks of the values in one column, weighed by its trials.
fn moved(digest: &Digest, bin: &[usize], name: &str, values: &[ParamCell]) -> Option<f64> {
    let means: Option<Vec<f64>> = values
        .iter()
        .map(|value| {
            let of_value = |position: &&usize| cell(digest, **position, name) == Some(value);
            let ranks: Vec<f64> = bin
                .iter()
                .filter(of_value)
                .map(|&position| digest.ranks[position] as f64)
                .collect();
            (ranks.len() >= LEAST).then(|| ranks.iter().sum::<f64>() / ranks.len() as f64)
        })
        .collect();
    let means = means?;
    let (low, high) = means
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), &mean| {
            (low.min(mean), high.max(mean))
        });
    Some((high - low) * bin.len() as f64)
}
