//! What was measured over training: the best trials over a faint sample of the others.

use maud::html;

use super::Goal;
use super::digest::{Digest, fit_without_tail, sample};
use crate::plot::{Entry, Figure, Panel, Path, Scale, count, legend, series, significant};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 430.0;
const FAINT_MOST: usize = 200;
const BEST: usize = 5;

/// Draws the figure; nothing if no curves were kept.
pub(crate) fn figure(digest: &Digest) -> Option<Figure> {
    let curves = &digest.report.curves;
    if curves.rows.is_empty() {
        return None;
    }
    let (first, last) = (*curves.steps.first()?, *curves.steps.last()?);
    let row = |position: usize| &curves.rows[position * curves.steps.len()..][..curves.steps.len()];
    let best: Vec<usize> = digest.order[..digest.finished]
        .iter()
        .copied()
        .take(BEST)
        .collect();
    let faint = sample(&digest.order[best.len()..], FAINT_MOST);
    let seen: Vec<f64> = best
        .iter()
        .chain(&faint)
        .flat_map(|&p| row(p).iter().map(|&v| f64::from(v)))
        .collect();
    let (key, key_height) = key(digest, best.len(), faint.len());
    let (left, top) = (74.0, key_height + 8.0);
    let panel = Panel {
        id: "loss".to_owned(),
        left,
        top,
        width: WIDTH - left - 20.0,
        height: HEIGHT - top - 54.0,
        x: Scale::linear(f64::from(first), f64::from(last)),
        y: fit_without_tail(&seen).padded(0.04),
        labelled: true,
    };
    let line = |position: usize| {
        let points = curves.steps.iter().zip(row(position));
        Path::line(points.map(|(&step, &value)| panel.at(f64::from(step), f64::from(value))))
    };
    let tip = |position: usize| {
        let end = match digest.trial(position).diverged_at {
            Some(step) => format!("diverged at step {step}"),
            None => digest.metric(position),
        };
        format!(
            "trial {} · {} · {end}",
            digest.trial(position).index,
            digest.kind(position)
        )
    };
    let crosses: Vec<(f64, f64)> = faint
        .iter()
        .filter(|&&p| digest.trial(p).diverged())
        .filter_map(|&p| {
            let steps_and_values = curves.steps.iter().zip(row(p));
            let (step, value) = steps_and_values
                .rev()
                .find(|(_, value)| panel.y.accepts(f64::from(**value)))?;
            let (x, _) = panel.at(f64::from(*step), f64::NAN);
            Some((x, panel.y_inside(f64::from(*value))))
        })
        .collect();
    let inside = html! {
        @for &position in &faint {
            path class="faint" data-tip=(tip(position)) d=(line(position).d()) {}
        }
        @for (i, &position) in best.iter().enumerate().rev() {
            @let weight = if i == 0 { "stroke-width:3.2" } else { "stroke-width:1.4;opacity:.8" };
            path data-tip=(tip(position)) style={ "stroke:" (series(digest.trial(position).alternative)) ";" (weight) } d=(line(position).d()) { title { (tip(position)) } }
        }
    };
    let body = html! {
        g transform={ "translate(" (left) ",0)" } { (key) }
        (panel.frame(Some("step"), Some(&curves.name)))
        (panel.clipped(&inside))
        @for (x, y) in &crosses {
            path class="bad" stroke-width="1.4" opacity=".7" d={ "M" (x.round() - 3.0) "," (y.round() - 3.0) "l6,6m0,-6l-6,6" } {}
        }
    };
    let title = format!("{} during training", curves.name);
    let caption = caption(digest, row);
    Some(Figure {
        name: "loss_curves",
        title,
        caption,
        width: WIDTH,
        height: HEIGHT,
        body,
    })
}

fn key(digest: &Digest, best: usize, faint: usize) -> (maud::Markup, f64) {
    let mut entries = Vec::new();
    if let Some(position) = digest.best() {
        let colour = series(digest.trial(position).alternative);
        entries.push(Entry::line(
            format!(
                "best: {}, trial {}",
                digest.kind(position),
                digest.trial(position).index
            ),
            "",
            &format!("stroke:{colour};stroke-width:3.2"),
        ));
    }
    if best > 1 {
        entries.push(Entry::line(
            format!("next {}, in the colour of their kind", best - 1),
            "",
            "stroke:var(--ink);stroke-width:1.4",
        ));
    }
    if faint > 0 {
        let rest = digest.order.len() - best;
        let label = if faint < rest {
            format!("{} others, picked at random of {}", faint, count(rest, ""))
        } else {
            count(faint, "other")
        };
        entries.push(Entry::line(label, "", "stroke:var(--faint);stroke-width:1"));
    }
    if digest.diverged() > 0 {
        entries.push(Entry::cross("last value before divergence"));
    }
    legend(&entries, 0.0, 0.0, WIDTH - 94.0)
}

fn caption<'a>(digest: &Digest, row: impl Fn(usize) -> &'a [f32]) -> String {
    let name = &digest.report.curves.name;
    let better = match digest.report.goal {
        Goal::Minimize => {
            "A good rate falls at once and keeps falling; one too small falls late, one too large stays high or ends at a cross."
        }
        Goal::Maximize => {
            "A good rate rises at once and keeps rising; one too small rises late, one too large stays low or ends at a cross."
        }
    };
    let mut caption = format!("{name} of each trial as it trained. {better}");
    if let Some(best) = digest.best() {
        let values: Vec<f32> = row(best)
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        if let (Some(&from), Some(&to)) = (values.first(), values.last()) {
            caption.push_str(&format!(
                " The best trial went from {} to {}.",
                significant(from.into(), 3),
                significant(to.into(), 3)
            ));
        }
    }
    let mut ends: Vec<u32> = digest
        .report
        .trials
        .iter()
        .filter_map(|trial| trial.diverged_at)
        .collect();
    ends.sort_unstable();
    if let Some(&middle) = ends.get(ends.len() / 2) {
        caption.push_str(&format!(
            " {} diverged, half of them before step {}.",
            count(ends.len(), "trial"),
            middle.saturating_add(1)
        ));
    }
    caption
}
