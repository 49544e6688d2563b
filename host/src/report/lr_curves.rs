//! The learning rate over the steps of the best trials.

use maud::html;

use super::digest::Digest;
use crate::plot::{
    Figure, Panel, Path, Scale, label_width, series, shorten, significant, spread_labels,
};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 380.0;
const BEST: usize = 10;
/// Pixel columns: more steps than this are thinned to their extremes per column.
const COLUMNS: usize = 600;

/// Draws the figure; nothing without the rates of a finished trial.
pub(crate) fn figure(digest: &Digest) -> Option<Figure> {
    let leaders: Vec<_> = digest
        .leaders()
        .into_iter()
        .filter(|leader| !leader.rates.is_empty())
        .take(BEST)
        .collect();
    let first = leaders.first()?;
    let steps = leaders.iter().map(|leader| leader.rates.len()).max()?;
    let labels: Vec<String> = leaders
        .iter()
        .map(|l| {
            format!(
                "{}. {}",
                digest.ranks[l.position] + 1,
                shorten(digest.kind(l.position), 28)
            )
        })
        .collect();
    let margin = labels
        .iter()
        .map(|label| label_width(label))
        .fold(0.0, f64::max)
        + 48.0;
    let all = || {
        leaders
            .iter()
            .flat_map(|leader| leader.rates.iter().map(|&rate| f64::from(rate)))
    };
    let y = scale(all());
    let (left, top) = (74.0, 14.0);
    let panel = Panel {
        id: "lr".to_owned(),
        left,
        top,
        width: WIDTH - left - margin,
        height: HEIGHT - top - 54.0,
        x: Scale::linear(0.0, (steps - 1) as f64),
        y,
        labelled: true,
    };
    let lines: Vec<(Path, String)> = leaders
        .iter()
        .map(|leader| {
            let points = thinned(&leader.rates);
            let place = |(step, rate): (usize, f32)| {
                let (x, y) = panel.at(step as f64, f64::from(rate));
                // On a scale by decades a rate of zero lies below any frame: drawn down to its edge.
                (
                    x,
                    if y.is_nan() && rate <= 0.0 {
                        panel.bottom() + 4.0
                    } else {
                        y
                    },
                )
            };
            let tip = format!(
                "trial {} · {} · {}",
                digest.trial(leader.position).index,
                digest.kind(leader.position),
                digest.metric(leader.position)
            );
            (Path::line(points.into_iter().map(place)), tip)
        })
        .collect();
    let ends: Vec<f64> = leaders.iter().map(|l| end(&panel, &l.rates)).collect();
    let places = spread_labels(&ends, 16.0, panel.top + 4.0, panel.bottom() - 2.0);
    let inside = html! {
        @for (i, (line, tip)) in lines.iter().enumerate().rev() {
            @let colour = series(digest.trial(leaders[i].position).alternative);
            @let weight = if i == 0 { "stroke-width:3.2" } else { "stroke-width:1.5;opacity:.75" };
            path data-tip=(tip) style={ "stroke:" (colour) ";" (weight) } d=(line.d()) { title { (tip) } }
        }
    };
    let right = panel.right();
    let body = html! {
        (panel.frame(Some("step"), Some("learning rate")))
        (panel.clipped(&inside))
        @for (i, label) in labels.iter().enumerate() {
            @let colour = series(digest.trial(leaders[i].position).alternative);
            path style={ "stroke:" (colour) ";stroke-width:1;opacity:.7" } d={ "M" (right + 2.0) "," (ends[i].round()) "L" (right + 20.0) "," (places[i].round()) } {}
            text x=(right + 26.0) y=(places[i].round() + 4.0) class={ @if i == 0 { "head" } } { (label) }
        }
    };
    let rates = &first.rates;
    let (peak, last) = (
        rates.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        rates[rates.len() - 1],
    );
    let at = rates.iter().position(|&rate| rate == peak).unwrap_or(0);
    let path = if f64::from(peak) == f64::from(last) && at == 0 {
        format!("holds {} throughout", significant(peak.into(), 3))
    } else {
        format!(
            "peaks at {} (step {at}) and ends at {}",
            significant(peak.into(), 3),
            significant(last.into(), 3)
        )
    };
    let caption = format!(
        "The rate at every step of the {} best trials, numbered by rank and coloured by kind; the best is bold. Here the best, {}, {path}.",
        leaders.len(),
        digest.kind(first.position),
    );
    let title = format!(
        "Learning rate over the steps, best {} trials",
        leaders.len()
    );
    Some(Figure {
        name: "lr_curves",
        title,
        caption,
        width: WIDTH,
        height: HEIGHT,
        body,
    })
}

/// By decades only where no curve touches zero for more than its end, so that the common decay to zero stays a curve.
fn scale(rates: impl Iterator<Item = f64> + Clone) -> Scale {
    let zeros = rates.clone().any(|rate| rate <= 0.0);
    let fitted = Scale::fit(rates.clone());
    if zeros || !fitted.is_log() {
        Scale::fit(rates.chain([0.0])).padded(0.03)
    } else {
        fitted.padded(0.03)
    }
}

fn end(panel: &Panel, rates: &[f32]) -> f64 {
    let last = rates
        .iter()
        .rev()
        .find(|rate| rate.is_finite())
        .copied()
        .unwrap_or(0.0);
    let y = panel.y_inside(last.into());
    if y.is_nan() { panel.bottom() } else { y }
}

/// Every step, or the extremes of each pixel column where there are more steps than columns.
fn thinned(rates: &[f32]) -> Vec<(usize, f32)> {
    let each = rates.iter().copied().enumerate();
    if rates.len() <= 2 * COLUMNS {
        return each.collect();
    }
    let per = rates.len().div_ceil(COLUMNS);
    let points: Vec<(usize, f32)> = each.collect();
    let mut kept = Vec::with_capacity(4 * COLUMNS);
    for column in points.chunks(per) {
        let by_rate = |a: &&(usize, f32), b: &&(usize, f32)| a.1.total_cmp(&b.1);
        let (low, high) = (column.iter().min_by(by_rate), column.iter().max_by(by_rate));
        let mut four: Vec<(usize, f32)> = [column.first(), low, high, column.last()]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        four.sort_by_key(|&(step, _)| step);
        four.dedup_by_key(|&mut (step, _)| step);
        kept.extend(four);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_every_spike() {
        let mut rates = vec![0.5_f32; 100_000];
        rates[77_777] = 9.0;
        rates[12_345] = 0.0;
        let kept = thinned(&rates);
        assert!(kept.len() <= 4 * COLUMNS, "{}", kept.len());
        assert!(kept.contains(&(77_777, 9.0)) && kept.contains(&(12_345, 0.0)));
        assert_eq!((kept[0].0, kept[kept.len() - 1].0), (0, 99_999));
        assert!(kept.is_sorted_by_key(|&(step, _)| step));
    }
}
