//! Median metric over the learning rate and the kind of schedule, or the parameter that varies most beside the rate.

use maud::{Markup, html};

use super::ParamCell;
use super::digest::{Digest, median};
use crate::plot::{
    Figure, RAMP, Scale, count, label_width, ramp_bin, ramp_key, shorten, significant,
};

const WIDTH: f64 = 900.0;
const ROW: f64 = 34.0;
const TOP: f64 = 30.0;
const ROWS_MOST: usize = 12;

/// The rows: a label each, and which of them a trial belongs to.
struct Rows {
    what: String,
    labels: Vec<String>,
    of: Vec<Option<usize>>,
}

/// Draws the figure; nothing without learning rates that differ.
pub(crate) fn figure(digest: &Digest) -> Option<Figure> {
    let rates: Vec<f64> = digest.rates.iter().flatten().copied().collect();
    let positive = || rates.iter().copied().filter(|&rate| rate > 0.0);
    let log = Scale::fit(positive()).is_log() && 2 * positive().count() > rates.len();
    let x = if log {
        Scale::fit(positive())
    } else {
        Scale::fit(rates.iter().copied())
    };
    let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    if !rates.iter().any(|&rate| rate > lowest) {
        return None;
    }
    let rows = rows(digest)?;
    let columns = ((rates.len() as f64 / rows.labels.len() as f64).sqrt() as usize).clamp(4, 12);
    let mut cells: Vec<Vec<f64>> = vec![Vec::new(); columns * rows.labels.len()];
    // From the best to the worst: every cell comes out sorted.
    for &position in &digest.order {
        let (Some(rate), Some(row)) = (
            digest.rates[position].filter(|&rate| x.accepts(rate)),
            rows.of[position],
        ) else {
            continue;
        };
        let column = ((x.at(rate) * columns as f64) as usize).min(columns - 1);
        let trial = digest.trial(position);
        cells[row * columns + column].push(if trial.diverged() {
            f64::INFINITY
        } else {
            trial.final_metric
        });
    }
    let medians: Vec<f64> = cells.iter().map(|cell| median(cell)).collect();
    let bins = bins(digest, &medians);
    let left = rows
        .labels
        .iter()
        .map(|label| label_width(label))
        .fold(60.0, f64::max)
        + 22.0;
    let cell_width = (WIDTH - left - 20.0) / columns as f64;
    let bottom = TOP + ROW * rows.labels.len() as f64;
    let body = html! {
        (ramp_key(left, 2.0, "best", "worst"))
        rect x=(left + 260.0) y="2" width="14" height="12" fill="none" stroke="var(--bad)" {}
        text class="soft" x=(left + 280.0) y="12" { "most diverged" }
        @for (row, label) in rows.labels.iter().enumerate() {
            @let y = TOP + ROW * row as f64;
            text class="end" x=(left - 10.0) y=(y + ROW / 2.0 + 4.0) { (label) }
            @for column in 0..columns {
                @let i = row * columns + column;
                (cell(left + cell_width * column as f64, y, cell_width, medians[i], bins[i], &cells[i]))
            }
        }
        @for edge in 0..=columns {
            @let place = left + cell_width * edge as f64;
            line class="axis" x1=(place) x2=(place) y1=(bottom) y2=(bottom + 4.0) {}
            @if columns <= 8 || edge % 2 == 0 {
                text class="soft mid" x=(place) y=(bottom + 18.0) { (significant(x.value(edge as f64 / columns as f64), 2)) }
            }
        }
        text class="mid" x=(left + (WIDTH - left - 20.0) / 2.0) y=(bottom + 40.0) { "learning_rate" }
    };
    let best_cell = (0..medians.len())
        .filter(|&i| bins[i] == Some(0))
        .min_by(|&a, &b| goal_order(digest, medians[a], medians[b]));
    let mut caption = format!(
        "Each cell is the median final {} of the trials with that learning rate and {}; diverged trials count as worst. \
         A wide dark row forgives a rate that is somewhat off.",
        digest.report.metric_name, rows.what
    );
    if let Some(i) = best_cell {
        let (row, column) = (i / columns, i % columns);
        let edge = |k: usize| significant(x.value(k as f64 / columns as f64), 2);
        caption.push_str(&format!(
            " The best cell here is {}, rates {} to {}, with a median of {} over {}.",
            rows.labels[row],
            edge(column),
            edge(column + 1),
            significant(medians[i], 3),
            count(cells[i].len(), "trial"),
        ));
    }
    let missing = digest.order.len() - cells.iter().map(Vec::len).sum::<usize>();
    if missing > 0 {
        caption.push_str(&format!(
            " Not shown: {} whose rate has no place on this axis.",
            count(missing, "trial")
        ));
    }
    let title = format!(
        "Median {} by learning rate and {}",
        digest.report.metric_name, rows.what
    );
    Some(Figure {
        name: "heat_map",
        title,
        caption,
        width: WIDTH,
        height: bottom + 52.0,
        body,
    })
}

fn goal_order(digest: &Digest, a: f64, b: f64) -> std::cmp::Ordering {
    match digest.report.goal {
        super::Goal::Minimize => a.total_cmp(&b),
        super::Goal::Maximize => b.total_cmp(&a),
    }
}

/// The step of the ramp of each cell, by its rank among the cells that have a result.
fn bins(digest: &Digest, medians: &[f64]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..medians.len())
        .filter(|&i| medians[i].is_finite())
        .collect();
    order.sort_by(|&a, &b| goal_order(digest, medians[a], medians[b]));
    let mut bins = vec![None; medians.len()];
    for (rank, &i) in order.iter().enumerate() {
        bins[i] = Some(ramp_bin(rank, order.len()));
    }
    bins
}

fn cell(x: f64, y: f64, width: f64, median: f64, bin: Option<usize>, values: &[f64]) -> Markup {
    let tip = match bin {
        Some(_) => format!(
            "median {} of {}",
            significant(median, 3),
            count(values.len(), "trial")
        ),
        None if values.is_empty() => "no trial".to_owned(),
        None => format!("most of {} diverged", count(values.len(), "trial")),
    };
    let (tx, ty) = (x + width / 2.0, y + ROW / 2.0 + 4.0);
    html! {
        g {
            title { (tip) }
            @match bin {
                Some(bin) => {
                    rect x=(x + 1.0) y=(y + 1.0) width=(width - 2.0) height=(ROW - 2.0) rx="2" fill={ "var(--q" (bin.min(RAMP - 1)) ")" } {}
                    text class="mid" style={ "fill:var(--t" (bin.min(RAMP - 1)) ")" } x=(tx) y=(ty) { (significant(median, 3)) }
                }
                None if values.is_empty() => {
                    rect x=(x + 1.0) y=(y + 1.0) width=(width - 2.0) height=(ROW - 2.0) rx="2" fill="var(--grid)" opacity=".5" {}
                }
                None => {
                    rect x=(x + 1.5) y=(y + 1.5) width=(width - 3.0) height=(ROW - 3.0) rx="2" fill="none" stroke="var(--bad)" opacity=".7" {}
                    text class="mid bad" x=(tx) y=(ty) { "✕" }
                }
            }
        }
    }
}

fn rows(digest: &Digest) -> Option<Rows> {
    let trials = &digest.report.trials;
    let rated: Vec<bool> = digest.rates.iter().map(Option::is_some).collect();
    let kinds: Vec<usize> = (0..digest.report.alternatives.len())
        .filter(|&kind| {
            trials
                .iter()
                .zip(&rated)
                .any(|(t, &r)| r && t.alternative == kind)
        })
        .collect();
    if kinds.len() > 1 {
        let of = trials
            .iter()
            .map(|trial| kinds.iter().position(|&kind| kind == trial.alternative))
            .collect();
        let labels = kinds
            .iter()
            .map(|&kind| shorten(&digest.report.alternatives[kind], 24))
            .collect();
        return Some(Rows {
            what: "kind of schedule".to_owned(),
            labels,
            of,
        });
    }
    let kind = *kinds.first()?;
    let members: Vec<usize> = (0..trials.len())
        .filter(|&i| trials[i].alternative == kind)
        .collect();
    Some(by_parameter(digest, &members).unwrap_or_else(|| {
        Rows {
            what: "kind of schedule".to_owned(),
            labels: vec![shorten(&digest.report.alternatives[kind], 24)],
            of: trials
                .iter()
                .map(|trial| (trial.alternative == kind).then_some(0))
                .collect(),
        }
    }))
}

/// Rows by the parameter with the most distinct values beside the learning rate: one a value, or one a range of values.
fn by_parameter(digest: &Digest, members: &[usize]) -> Option<Rows> {
    let mut chosen: Option<(String, Vec<ParamCell>)> = None;
    let first = digest.trial(*members.first()?);
    for (name, _) in &first.parameters {
        if name.rsplit('.').next() == Some("learning_rate") {
            continue;
        }
        let values = super::parallel::distinct(digest, members, name);
        if values.len() > chosen.as_ref().map_or(1, |(_, most)| most.len()) {
            chosen = Some((name.clone(), values));
        }
    }
    let (name, values) = chosen?;
    let cell = |position: usize| {
        digest
            .trial(position)
            .parameters
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, cell)| cell)
    };
    let mut of = vec![None; digest.order.len()];
    if values.len() <= ROWS_MOST {
        for &position in members {
            of[position] =
                cell(position).and_then(|found| values.iter().position(|value| value == found));
        }
        let labels = values
            .iter()
            .map(|value| shorten(&format!("{value}"), 24))
            .collect();
        return Some(Rows {
            what: name,
            labels,
            of,
        });
    }
    let number = |position: usize| match cell(position) {
        Some(ParamCell::Number(value)) => *value,
        _ => f64::NAN,
    };
    let scale = Scale::fit(members.iter().map(|&position| number(position)));
    const RANGES: usize = 8;
    for &position in members {
        let place = scale.at(number(position));
        of[position] = (place >= 0.0).then(|| ((place * RANGES as f64) as usize).min(RANGES - 1));
    }
    let edge = |k: usize| significant(scale.value(k as f64 / RANGES as f64), 3);
    let labels = (0..RANGES)
        .map(|k| format!("{} to {}", edge(k), edge(k + 1)))
        .collect();
    Some(Rows {
        what: name,
        labels,
        of,
    })
}
