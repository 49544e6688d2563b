//! The drawing of a kind: its example, beside other settings where these show what a parameter does.

use maud::{Markup, html};

use super::PagesError;
use super::shown::Example;
use crate::kinds::{STEPS, loss};
use crate::plot::{Entry, Figure, Panel, Path, Scale, legend, series};
use crate::spec::Kind;

const WIDTH: f64 = 340.0;
const LEFT: f64 = 60.0;
const WIDE: f64 = WIDTH - LEFT - 16.0;
const TOP: f64 = 12.0;
const HIGH: f64 = 140.0;
const LOSS_HIGH: f64 = 50.0;
const BELOW: f64 = 48.0;

/// What the example is drawn with, a curve each. A kind that is not listed is drawn as its example says.
const SETTINGS: &[(&str, &[&str])] = &[
    (
        "linear_factor",
        &[
            "start_factor = 0.1, end_factor = 1.0",
            "start_factor = 1.0, end_factor = 0.0",
        ],
    ),
    (
        "piecewise_interpolate",
        &[r#"shape = "linear""#, r#"shape = "cosine""#],
    ),
    (
        "exponential",
        &[
            "gamma = 0.96",
            "gamma = 0.9, end_lr = 0.01",
            "gamma = 0.5, decay_steps = 20, staircase = true",
        ],
    ),
    ("natural_exp", &["gamma = 0.03", "gamma = 0.1"]),
    (
        "inverse_time",
        &[
            "gamma = 0.1",
            "gamma = 0.5",
            "gamma = 1.0, decay_steps = 20, staircase = true",
        ],
    ),
    ("inverse_sqrt", &["timescale = 5.0", "timescale = 50.0"]),
    (
        "polynomial",
        &[
            "power = 1.0",
            "power = 2.0",
            "decay_steps = 25, power = 1.0, cycle = true",
        ],
    ),
    ("k_decay", &["k = 1.0", "k = 3.0"]),
    ("step", &["gamma = 0.5", "gamma = 0.1"]),
    (
        "cosine_annealing",
        &[
            r#"past = "periodic""#,
            r#"past = "hold""#,
            r#"past = "restart""#,
        ],
    ),
    (
        "cosine_decay",
        &["exponent = 1.0", "exponent = 3.0", "k = 3.0"],
    ),
    (
        "cosine_cycles",
        &[
            "num_cycles = 3.0, hard_restarts = true",
            "num_cycles = 1.5, hard_restarts = false",
        ],
    ),
    (
        "warm_restarts",
        &[
            "t_mult = 2.0, peak_mult = 0.8",
            "t_mult = 1.0, cycle_limit = 3",
        ],
    ),
    ("noam", &["warmup_steps = 20", "warmup_steps = 50"]),
    ("tanh", &["lb = -6.0, ub = 4.0", "lb = -3.0, ub = 3.0"]),
    (
        "anneal",
        &[
            r#"shape = "cosine""#,
            r#"shape = "sqrt""#,
            r#"shape = "exponential", amount = 0.01"#,
        ],
    ),
    (
        "warmup_stable_decay",
        &[
            r#"decay_shape = "linear""#,
            r#"decay_shape = "sqrt""#,
            r#"decay_shape = "cosine""#,
        ],
    ),
    (
        "one_cycle",
        &[
            r#"shape = "cosine""#,
            r#"shape = "linear", pct_final = 0.6"#,
        ],
    ),
    (
        "cyclic",
        &[
            r#"mode = "triangular2""#,
            r#"mode = "exp_range", gamma = 0.98"#,
        ],
    ),
    ("reduce_on_plateau", &["patience = 5", "patience = 15"]),
    ("greedy", &["patience = 2", "patience = 8"]),
    ("warmup", &[r#"shape = "cosine""#, r#"shape = "linear""#]),
    ("scale", &["factor = 0.1", "factor = 0.5", "factor = 1.0"]),
];

/// Draws a kind.
pub(super) fn figure(kind: &Kind, example: &Example) -> Result<Figure, PagesError> {
    let settings = SETTINGS.iter().find(|(known, _)| *known == kind.name);
    let mut curves: Vec<(&str, Example)> = Vec::new();
    for &setting in settings.map_or(&[""][..], |(_, settings)| settings) {
        curves.push((setting, example.with(setting)?));
    }
    let watched = example.reacts_to_losses();
    let top = if watched { TOP + LOSS_HIGH + 30.0 } else { TOP };
    let panel = panel(kind.name, top, HIGH, rates_scale(&curves));
    let entries: Vec<Entry> = curves
        .iter()
        .enumerate()
        .filter(|_| curves.len() > 1)
        .map(|(i, (setting, _))| Entry::line(label(setting), "", &style(i)))
        .collect();
    let (legend, height) = legend(&entries, 14.0, panel.bottom() + BELOW, WIDTH - 14.0);
    let body = html! {
        @if watched { (losses(kind.name)) }
        (panel.frame(Some("step"), Some("rate")))
        (panel.clipped(&lines(&panel, &curves)))
        (legend)
    };
    Ok(Figure {
        name: kind.name,
        title: kind.name.to_owned(),
        caption: caption(&curves, example, watched),
        width: WIDTH,
        height: panel.bottom() + BELOW + height,
        body,
    })
}

fn panel(name: &str, top: f64, height: f64, y: Scale) -> Panel {
    Panel {
        id: format!("{name}-{top}"),
        left: LEFT,
        top,
        width: WIDE,
        height,
        x: Scale::linear(0.0, f64::from(STEPS)),
        y,
        labelled: true,
    }
}

/// A setting as it is read: words without quotes, what is set to `true` by its name.
fn label(setting: &str) -> String {
    setting.replace('"', "").replace(" = true", "")
}

/// From 0 to a little above the highest rate; below 0 where a rate is.
fn rates_scale(curves: &[(&str, Example)]) -> Scale {
    let rates = curves.iter().flat_map(|(_, example)| &example.rates);
    let (low, high) = rates
        .filter(|rate| rate.is_finite())
        .fold((0.0, 0.0), |(low, high), &rate| {
            (f64::min(low, rate.into()), f64::max(high, rate.into()))
        });
    Scale::linear(1.06 * low, 1.06 * high)
}

fn style(i: usize) -> String {
    format!("stroke:{};stroke-width:2", series(i))
}

/// The curves, the first one above the others.
fn lines(panel: &Panel, curves: &[(&str, Example)]) -> Markup {
    html! {
        @for (i, (_, example)) in curves.iter().enumerate().rev() {
            @let line = Path::line((0..=STEPS).zip(&example.rates).map(|(step, &rate)| panel.at(f64::from(step), f64::from(rate))));
            path style=(style(i)) d=(line.d()) {}
        }
    }
}

/// The losses that a feedback schedule has observed.
fn losses(name: &str) -> Markup {
    let highest = (0..=STEPS).map(loss).fold(0.0, f64::max);
    let panel = panel(name, TOP, LOSS_HIGH, Scale::linear(0.0, 1.06 * highest));
    let line = Path::line((0..=STEPS).map(|step| panel.at(f64::from(step), loss(step))));
    html! {
        (panel.frame(None, Some("loss")))
        (panel.clipped(&html! { path style="stroke:var(--soft);stroke-width:1.6" d=(line.d()) {} }))
    }
}

fn caption(curves: &[(&str, Example)], example: &Example, watched: bool) -> String {
    let settings: Vec<String> = curves
        .iter()
        .filter(|_| curves.len() > 1)
        .map(|(setting, _)| label(setting))
        .collect();
    let mut caption = format!("The rate at steps 0 to {STEPS} of {}", example.text);
    if !settings.is_empty() {
        caption.push_str(&format!(", with {}", settings.join("; with ")));
    }
    if watched {
        caption.push_str(
            "; above it the losses that are observed, one a step, each rate being the one after the loss of its step",
        );
    }
    caption.push('.');
    caption
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::label_width;

    #[test]
    fn settings_belong_to_kinds_and_fit_beside_their_samples() {
        for (kind, settings) in SETTINGS {
            assert!(crate::spec::kind(kind).is_some(), "{kind}");
            assert!((2..=3).contains(&settings.len()), "{kind}");
            for setting in *settings {
                // The margin and the sample, then the words.
                assert!(
                    14.0 + 32.0 + label_width(&label(setting)) <= WIDTH,
                    "{kind}: {setting} is too long"
                );
            }
        }
    }
}
