//! Parallel coordinates: every trial a line through its parameters to its result, one row of axes per kind of schedule.

use maud::{Markup, html};

use super::digest::{Digest, sample, scatter};
use super::{ParamCell, SweepReport};
use crate::plot::{
    Figure, Path, Scale, count, label_width, ramp_bin, ramp_key, shorten, significant,
    spread_labels,
};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 62.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 190.0;
/// Room above and below the axes of a row for names.
const HEAD: f64 = 52.0;
const FOOT: f64 = 26.0;
/// Lines in the whole figure.
const LINES_MOST: usize = 1200;
/// A parameter with at most this many values has a place for each, whatever they are.
const CLASSES_MOST: usize = 8;
/// A parameter with more different texts than this is not drawn.
const TEXTS_MOST: usize = 16;
/// Axes in a row, the result included.
const AXES_MOST: usize = 8;

/// One axis: how cells find their place on it, 0 at the bottom and 1 at the top.
enum Axis {
    Numbers(Scale),
    /// Distinct values, evenly spaced; a trial's own small shift keeps its line apart from the others.
    Classes(Vec<ParamCell>),
}

/// A parameter that varies among the trials of a kind.
struct Column {
    name: String,
    axis: Axis,
}

/// Draws the figure; nothing if no parameter varies or no trial has a result.
pub(crate) fn figure(digest: &Digest) -> Option<Figure> {
    digest.best()?;
    let rows: Vec<(usize, Vec<usize>, Vec<Column>)> = (0..digest.report.alternatives.len())
        .map(|kind| {
            let group = digest.group(kind);
            let columns = columns(digest, &group);
            (kind, group, columns)
        })
        .filter(|(_, group, columns)| {
            !columns.is_empty() && group.iter().any(|&p| !digest.trial(p).diverged())
        })
        .collect();
    let most = LINES_MOST / rows.len().max(1);
    let metric = digest.metric_scale();
    let pitch = HEAD + HEIGHT + FOOT;
    if rows.is_empty() {
        return None;
    }
    let drawn: Vec<Vec<usize>> = rows
        .iter()
        .map(|(_, group, _)| chosen(group, most))
        .collect();
    let body = html! {
        (ramp_key(LEFT, 4.0, "best", "worst"))
        text class="soft" x=(LEFT + 240.0) y="14" { "coloured by rank; lines in red diverged" }
        @for (i, (kind, group, columns)) in rows.iter().enumerate() {
            @let top = TOP + pitch * i as f64 + HEAD;
            @let drawn = &drawn[i];
            text class="head" x=(LEFT - 24.0) y=(top - 32.0) {
                (digest.report.alternatives[*kind])
                @if drawn.len() < group.len() {
                    tspan class="soft" dx="8" font-weight="400" font-size="11.5" { (count(drawn.len(), "")) " of " (count(group.len(), "trial")) " drawn: the best, and others at random" }
                }
            }
            (lines(digest, columns, drawn, metric, top))
            (axes(digest.report, columns, metric, top))
        }
    };
    let mut caption = "Each line is one trial: it crosses every axis at the value it drew and ends at its result on the right. Where the dark lines bundle, a parameter matters; where they fan out, it does not.".to_owned();
    let of_the_best = rows
        .iter()
        .find(|(_, group, _)| group.first() == digest.order.first());
    if let Some(found) =
        of_the_best.and_then(|(_, group, columns)| narrowed(digest, group, columns))
    {
        caption.push(' ');
        caption.push_str(&found);
    }
    if rows
        .iter()
        .zip(&drawn)
        .any(|((_, group, _), drawn)| drawn.len() < group.len())
    {
        caption.push_str(" Of many trials only some are drawn, as noted above each row.");
    }
    Some(Figure {
        name: "parallel_coordinates",
        title: "Parameters of every trial and its result".to_owned(),
        caption,
        width: WIDTH,
        height: TOP + pitch * rows.len() as f64,
        body,
    })
}

/// The best trials of a group sorted from the best, and of the rest as many as there is room for; worst first, to be drawn under.
fn chosen(group: &[usize], most: usize) -> Vec<usize> {
    let best = group.len().min(most / 8);
    let mut drawn = sample(&group[best..], most - best);
    drawn.splice(0..0, group[..best].iter().copied());
    drawn.reverse();
    drawn
}

/// The distinct values of a parameter, numbers in order; stops counting at 1000.
pub(super) fn distinct(digest: &Digest, group: &[usize], name: &str) -> Vec<ParamCell> {
    let mut numbers: Vec<f64> = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    for &position in group {
        match digest
            .trial(position)
            .parameters
            .iter()
            .find(|(n, _)| n == name)
        {
            Some((_, ParamCell::Number(value))) if numbers.len() < 1000 => {
                if let Err(at) = numbers.binary_search_by(|probe| probe.total_cmp(value)) {
                    numbers.insert(at, *value);
                }
            }
            Some((_, ParamCell::Text(text))) if texts.len() < 1000 => {
                if let Err(at) = texts.binary_search(&text.as_str()) {
                    texts.insert(at, text);
                }
            }
            _ => {}
        }
    }
    let numbers = numbers.into_iter().map(ParamCell::Number);
    numbers
        .chain(
            texts
                .into_iter()
                .map(|text| ParamCell::Text(text.to_owned())),
        )
        .collect()
}

fn columns(digest: &Digest, group: &[usize]) -> Vec<Column> {
    let Some(&first) = group.first() else {
        return Vec::new();
    };
    let varied = digest
        .trial(first)
        .parameters
        .iter()
        .filter_map(|(name, _)| {
            let values = distinct(digest, group, name);
            let numbers = values
                .iter()
                .all(|value| matches!(value, ParamCell::Number(_)));
            let axis = match values.len() {
                0 | 1 => return None,
                n if numbers && n > CLASSES_MOST => {
                    Axis::Numbers(Scale::fit(every_number(digest, group, name)))
                }
                // Texts that are nearly all different, as a list of rates is, have no order to be drawn in.
                n if n > TEXTS_MOST => return None,
                _ => Axis::Classes(values),
            };
            Some(Column {
                name: name.clone(),
                axis,
            })
        });
    varied.take(AXES_MOST - 1).collect()
}

fn every_number(digest: &Digest, group: &[usize], name: &str) -> impl Iterator<Item = f64> {
    group.iter().filter_map(move |&position| {
        let parameters = &digest.trial(position).parameters;
        parameters.iter().find_map(|(n, cell)| match cell {
            ParamCell::Number(value) if n == name => Some(*value),
            _ => None,
        })
    })
}

impl Column {
    fn cell<'a>(&self, digest: &Digest<'a>, position: usize) -> Option<&'a ParamCell> {
        digest
            .trial(position)
            .parameters
            .iter()
            .find(|(name, _)| *name == self.name)
            .map(|(_, cell)| cell)
    }

    fn place(&self, digest: &Digest, position: usize) -> f64 {
        match (&self.axis, self.cell(digest, position)) {
            (Axis::Numbers(scale), Some(ParamCell::Number(value))) => scale.at(*value),
            (Axis::Classes(values), Some(cell)) => {
                let Some(i) = values.iter().position(|value| value == cell) else {
                    return f64::NAN;
                };
                let shift = (scatter(position) % 1000) as f64 / 1000.0 - 0.5;
                (i as f64 + 0.5 + 0.35 * shift) / values.len() as f64
            }
            _ => f64::NAN,
        }
    }
}

fn axis_x(i: usize, columns: usize) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * i as f64 / columns as f64
}

fn lines(digest: &Digest, columns: &[Column], drawn: &[usize], metric: Scale, top: f64) -> Markup {
    let y = |place: f64| top + HEIGHT * (1.0 - place);
    let line = |position: usize| {
        let mut path = Path::new();
        for (i, column) in columns.iter().enumerate() {
            path.to(axis_x(i, columns.len()), y(column.place(digest, position)));
        }
        let trial = digest.trial(position);
        if !trial.diverged() {
            path.to(
                axis_x(columns.len(), columns.len()),
                y(metric.at(trial.final_metric)).max(top - 6.0),
            );
        }
        path
    };
    let tip = |position: usize| {
        let trial = digest.trial(position);
        let parameters: Vec<String> = columns
            .iter()
            .filter_map(|c| {
                c.cell(digest, position)
                    .map(|cell| format!("{} {cell}", c.name))
            })
            .collect();
        let end = if trial.diverged() {
            "diverged".to_owned()
        } else {
            digest.metric(position)
        };
        format!("trial {} · {} · {end}", trial.index, parameters.join(" · "))
    };
    html! {
        @for &position in drawn {
            @let failed = digest.trial(position).diverged();
            @let rank = digest.ranks[position];
            @let style = if failed {
                "stroke:var(--bad);stroke-width:.7;opacity:.16".to_owned()
            } else {
                let bin = ramp_bin(rank, digest.finished);
                let weight = if rank == 0 { "2.6;opacity:1" } else if bin == 0 { "1.2;opacity:.75" } else { "1;opacity:.45" };
                format!("stroke:var(--q{bin});stroke-width:{weight}")
            };
            path data-tip=(tip(position)) style=(style) d=(line(position).d()) {}
        }
    }
}

fn axes(report: &SweepReport, columns: &[Column], metric: Scale, top: f64) -> Markup {
    let room = (WIDTH - LEFT - RIGHT) / columns.len() as f64;
    let name_most = ((room - 12.0) / 7.0).max(6.0) as usize;
    html! {
        @for (i, column) in columns.iter().enumerate() {
            (axis(axis_x(i, columns.len()), top, &shorten(&column.name, name_most), &marks(&column.axis, (room / 9.0) as usize)))
        }
        @let result = marks(&Axis::Numbers(metric), 10);
        (axis(axis_x(columns.len(), columns.len()), top, &shorten(&report.metric_name, 14), &result))
    }
}

/// Labels of an axis and their places.
fn marks(axis: &Axis, longest: usize) -> Vec<(f64, String)> {
    match axis {
        Axis::Numbers(scale) => scale
            .ticks(5)
            .into_iter()
            .filter_map(|tick| Some((scale.at(tick.value), tick.label?)))
            .collect(),
        Axis::Classes(values) => {
            let place = |i: usize| (i as f64 + 0.5) / values.len() as f64;
            values
                .iter()
                .enumerate()
                .map(|(i, value)| (place(i), shorten(&value.to_string(), longest.max(6))))
                .collect()
        }
    }
}

fn axis(x: f64, top: f64, name: &str, marks: &[(f64, String)]) -> Markup {
    let ys: Vec<f64> = marks
        .iter()
        .map(|(place, _)| top + HEIGHT * (1.0 - place))
        .collect();
    let labels = spread_labels(&ys, 13.0, top, top + HEIGHT);
    let edge = label_width(name) / 2.0;
    let name_x = x.clamp(edge + 4.0, WIDTH - edge - 4.0);
    html! {
        line x1=(x) x2=(x) y1=(top) y2=(top + HEIGHT) stroke="var(--ink)" stroke-width="1.2" {}
        text class="mid halo" x=(name_x) y=(top - 11.0) { (name) }
        @for (i, (_, label)) in marks.iter().enumerate() {
            line x1=(x - 4.0) x2=(x) y1=(ys[i]) y2=(ys[i]) stroke="var(--ink)" {}
            text class="end soft small halo" x=(x - 7.0) y=((labels[i] + 3.5).round()) { (label) }
        }
    }
}

/// Which number the best tenth agrees on most closely, as a sentence.
fn narrowed(digest: &Digest, group: &[usize], columns: &[Column]) -> Option<String> {
    let finished: Vec<usize> = group
        .iter()
        .copied()
        .filter(|&p| !digest.trial(p).diverged())
        .collect();
    let best = &finished[..finished.len().div_ceil(10)];
    if best.len() < 5 {
        return None;
    }
    let spread = |column: &Column| {
        let Axis::Numbers(scale) = column.axis else {
            return None;
        };
        let mut places: Vec<f64> = best
            .iter()
            .map(|&p| column.place(digest, p))
            .filter(|place| place.is_finite())
            .collect();
        places.sort_by(f64::total_cmp);
        let (low, high) = (
            *places.get(places.len() / 10)?,
            *places.get(places.len() * 9 / 10)?,
        );
        Some((
            high - low,
            column.name.clone(),
            significant(scale.value(low), 2),
            significant(scale.value(high), 2),
        ))
    };
    let (width, name, low, high) = columns
        .iter()
        .filter_map(spread)
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    // Four fifths of even draws would span 0.8: what is barely narrower is no finding.
    (width < 0.6).then(|| {
        format!(
            "Here the best tenth of the {} trials mostly has {name} between {low} and {high}.",
            digest.kind(best[0])
        )
    })
}
