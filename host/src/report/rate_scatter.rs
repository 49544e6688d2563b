//! The final metric against the learning rate, one panel per kind of schedule: the U that every sweep is run to see.

use maud::{Markup, html};

use super::digest::{Digest, sample};
use super::medians::{Medians, medians};
use super::{Goal, TrialRow};
use crate::plot::{
    Entry, Figure, Panel, Path, Scale, count, label_width, legend, series, shorten, significant,
};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 74.0;
const GAP: f64 = 26.0;
/// Room above a panel for its name and the rug of diverged trials.
const HEAD: f64 = 78.0;
const RUG: f64 = 11.0;
/// Dots in the whole figure; beyond this many they only cover each other.
const DOTS_MOST: usize = 6000;

/// Draws the figure; nothing if no trial has a learning rate that can be placed.
pub(crate) fn figure(digest: &Digest) -> Option<Figure> {
    let x = rate_scale(digest)?;
    let placed = |position: &usize| digest.rates[*position].is_some_and(|rate| x.accepts(rate));
    let groups: Vec<(usize, Vec<usize>)> = (0..digest.report.alternatives.len())
        .map(|i| {
            (
                i,
                digest
                    .group(i)
                    .into_iter()
                    .filter(placed)
                    .collect::<Vec<_>>(),
            )
        })
        .filter(|(_, group)| !group.is_empty())
        .collect();
    let shown: usize = groups.iter().map(|(_, group)| group.len()).sum();
    let columns = groups.len().min(3);
    let width = (WIDTH - LEFT - 16.0 - GAP * (columns as f64 - 1.0)) / columns as f64;
    let height = if groups.len() <= 2 { 330.0 } else { 220.0 };
    let y = digest.metric_scale().padded(0.05);
    let (key, key_height) = key(digest, WIDTH - LEFT - 16.0);
    let pitch = HEAD + height + 44.0;
    let panels: Vec<Panel> = (0..groups.len())
        .map(|i| {
            let (column, row) = ((i % columns) as f64, (i / columns) as f64);
            let (left, top) = (
                LEFT + column * (width + GAP),
                key_height + row * pitch + HEAD,
            );
            Panel {
                id: format!("rate-{i}"),
                left,
                top,
                width,
                height,
                x,
                y,
                labelled: i % columns == 0,
            }
        })
        .collect();
    let most = (DOTS_MOST / groups.len()).max(1);
    let drawn: Vec<Vec<usize>> = groups
        .iter()
        .map(|(_, group)| sample(group, most))
        .collect();
    let thinned: usize = drawn.iter().map(Vec::len).sum();
    let rows = groups.len().div_ceil(columns) as f64;
    let body = html! {
        g transform={ "translate(" (LEFT) ",0)" } { (key) }
        @for (i, panel) in panels.iter().enumerate() {
            @let last_row = i + columns >= groups.len();
            (panel.frame(last_row.then_some("learning_rate"), panel.labelled.then_some(&digest.report.metric_name)))
            (one_panel(digest, panel, groups[i].0, &groups[i].1, &drawn[i]))
        }
        @if thinned < shown {
            text class="soft small end" x=(WIDTH - 16.0) y=(key_height + 8.0) { "drawn: " (count(thinned, "")) " of " (count(shown, "trial")) ", picked at random" }
        }
    };
    Some(Figure {
        name: "loss_vs_learning_rate",
        title: format!(
            "Final {} against the learning rate",
            digest.report.metric_name
        ),
        caption: caption(digest, shown),
        width: WIDTH,
        height: key_height + rows * pitch + 8.0,
        body,
    })
}

/// The scale of the rates: by decades if most are positive and they are far apart.
fn rate_scale(digest: &Digest) -> Option<Scale> {
    let rates: Vec<f64> = digest.rates.iter().flatten().copied().collect();
    if rates.is_empty() {
        return None;
    }
    let positive = rates.iter().filter(|&&rate| rate > 0.0).count();
    let decades = Scale::fit(rates.iter().copied().filter(|&rate| rate > 0.0));
    let scale = if 2 * positive > rates.len() && decades.is_log() {
        decades
    } else {
        Scale::fit(rates)
    };
    Some(scale.padded(0.03))
}

fn key(digest: &Digest, width: f64) -> (Markup, f64) {
    let mut entries = vec![
        Entry::dot("one trial", "var(--s0)"),
        Entry::line(
            "median over rates nearby",
            "",
            "stroke:var(--ink);stroke-width:2",
        ),
    ];
    if digest.diverged() > 0 {
        let ticks =
            html! { path class="bad" stroke-width="1.3" d="M6,1v10M11,1v10M14,1v10M20,1v10" {} };
        entries.push(Entry {
            label: "diverged".to_owned(),
            sample: ticks,
        });
    }
    legend(&entries, 0.0, 0.0, width)
}

fn one_panel(
    digest: &Digest,
    panel: &Panel,
    alternative: usize,
    group: &[usize],
    drawn: &[usize],
) -> Markup {
    let kind = &digest.report.alternatives[alternative];
    let (finished, diverged): (Vec<usize>, Vec<usize>) = drawn
        .iter()
        .copied()
        .partition(|&p| !digest.trial(p).diverged());
    let lost = group
        .iter()
        .filter(|&&p| digest.trial(p).diverged())
        .count();
    let mut rug = Path::new();
    for &position in &diverged {
        let x = panel
            .at(digest.rates[position].unwrap_or(f64::NAN), f64::NAN)
            .0;
        rug.to(x, panel.top - 4.0 - RUG);
        rug.to(x, panel.top - 4.0);
        rug.lift();
    }
    let colour = series(alternative);
    let names = format!("learning_rate {}", digest.report.metric_name);
    let lines = medians(digest, panel, group);
    let mut note = count(group.len(), "trial");
    if lost > 0 {
        note.push_str(&format!(", {} diverged", count(lost, "")));
    }
    let inside = html! {
        path data-tip=(kind) data-names=(names) data-trials=(join(&finished, |p| digest.trial(p).index.to_string()))
            data-x=(join(&finished, |p| significant(digest.rates[p].unwrap_or(f64::NAN), 3)))
            data-y=(join(&finished, |p| significant(digest.trial(p).final_metric, 3)))
            style={ "stroke:" (colour) ";stroke-width:3.6;opacity:.5" } d=(dots(digest, panel, &finished).d()) {}
        @for line in &lines.lines {
            path style="stroke:var(--paper);stroke-width:4.5;opacity:.8" d=(line.path.d()) {}
        }
        @for (i, line) in lines.lines.iter().enumerate() {
            path style="stroke:var(--ink);stroke-width:2" stroke-dasharray=[dash(i)] d=(line.path.d()) {}
        }
        @if let Some(best) = digest.best().filter(|best| group.contains(best)) {
            (best_mark(panel, digest.trial(best), digest.rates[best].unwrap_or(f64::NAN), digest.report.goal))
        }
    };
    html! {
        text class="head" x=(panel.left) y=(panel.top - 57.0) { (shorten(kind, (panel.width / 8.0) as usize)) }
        text class="soft small" x=(panel.left) y=(panel.top - 42.0) { (note) }
        @if let Some(name) = &lines.parameter {
            @let name = shorten(name, 20);
            text class="soft small" x=(panel.left) y=(panel.top - 25.0) { (name) }
            (line_key(&lines, panel.left + label_width(&name) * 0.95 + 12.0, panel.top - 29.0))
        }
        (panel.clipped(&inside))
        @if !rug.is_empty() {
            path class="bad" stroke-width=".9" opacity=".65" d=(rug.d()) {}
        }
    }
}

fn dots(digest: &Digest, panel: &Panel, positions: &[usize]) -> Path {
    let mut path = Path::new();
    for &position in positions.iter().filter(|&&p| !digest.trial(p).diverged()) {
        let (x, y) = panel.at(
            digest.rates[position].unwrap_or(f64::NAN),
            digest.trial(position).final_metric,
        );
        // Beyond the scale is drawn on its edge: the trial is counted, its place is only "further out".
        let y = if y.is_nan() {
            panel.bottom()
        } else {
            y.clamp(panel.top, panel.bottom())
        };
        path.dot(x, y);
    }
    path
}

/// Which stroke is which value.
fn line_key(medians: &Medians, x: f64, y: f64) -> Markup {
    let mut at = x;
    let places: Vec<f64> = medians
        .lines
        .iter()
        .map(|line| {
            let here = at;
            at += 42.0 + label_width(&line.label) * 0.9;
            here
        })
        .collect();
    html! {
        @for (i, (line, x)) in medians.lines.iter().zip(places).enumerate() {
            path style="stroke:var(--ink);stroke-width:2" stroke-dasharray=[dash(i)] d={ "M" (x.round()) "," (y) "h24" } {}
            text class="small" x=(x.round() + 30.0) y=(y + 4.0) { (line.label) }
        }
    }
}

fn dash(line: usize) -> Option<&'static str> {
    [None, Some("7 5"), Some("1 5")][line.min(2)]
}

fn best_mark(panel: &Panel, best: &TrialRow, rate: f64, goal: Goal) -> Markup {
    let (x, y) = panel.at(rate, best.final_metric);
    let label = format!("best: {}", significant(best.final_metric, 3));
    // Below the lowest dot (or above the highest) nothing is in the way.
    let beside = match goal {
        Goal::Minimize => y.min(panel.bottom() - 4.0) - 4.0,
        Goal::Maximize => y + 12.0,
    };
    let on_right = x < panel.left + panel.width * 0.6;
    html! {
        circle cx=(x) cy=(y) r="6" fill="none" stroke="var(--paper)" stroke-width="4" {}
        circle cx=(x) cy=(y) r="6" fill="none" stroke="var(--ink)" stroke-width="1.8" {}
        text class={ "halo head" @if !on_right { " end" } } x=(if on_right { x + 12.0 } else { x - 12.0 }) y=(beside) { (label) }
    }
}

/// Values separated by blanks, for the script that shows them under the pointer.
fn join(positions: &[usize], value: impl Fn(usize) -> String) -> String {
    positions
        .iter()
        .map(|&position| value(position))
        .collect::<Vec<_>>()
        .join(" ")
}

fn caption(digest: &Digest, shown: usize) -> String {
    let (low, high) = match digest.report.goal {
        Goal::Minimize => ("bottom", "higher"),
        Goal::Maximize => ("top", "lower"),
    };
    let mut caption = format!(
        "Each dot is one trial; the best are at the {low}. Left of the best rate training is too slow to get far in the given steps, \
         right of it the update overshoots and the result is {high}, until the trial diverges (marks along the top edge). "
    );
    if let Some(rate) = digest.best().and_then(|best| digest.rates[best]) {
        caption.push_str(&format!("Best rate here: {}. ", significant(rate, 3)));
    }
    caption.push_str(&digest.threshold().sentence(digest.diverged()));
    let missing = digest.rates.len() - shown;
    if missing > 0 {
        let why = "no learning_rate that varies, or one the axis cannot show (zero or below)";
        caption.push_str(&format!(
            " Not drawn: {} with {why}.",
            count(missing, "trial")
        ));
    }
    caption
}
