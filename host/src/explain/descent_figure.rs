//! The descents as a picture.

use libm::hypot;
use maud::{Markup, html};

use super::descent::{Descent, Terrain};
use crate::plot::{Entry, Figure, Panel, Path, Scale, legend, significant};

const WIDTH: f64 = 900.0;
const WIDE: f64 = 388.0;
const HIGH: f64 = 250.0;
const LEFT: f64 = 52.0;
const HEAD: f64 = 72.0;
const PITCH: (f64, f64) = (450.0, HEAD + HIGH + 66.0);
const TOP: f64 = 26.0;
/// Dots closer than this to a numbered one carry no number.
const NUMBER_EVERY: f64 = 17.0;

/// Draws the four panels.
pub(super) fn figure(descents: &[Descent; 5]) -> Figure {
    let [too_large, right, too_small, trapped, escaped] = descents;
    let runs = [
        (too_large, "var(--s1)"),
        (right, "var(--s2)"),
        (too_small, "var(--s0)"),
        (trapped, "var(--s1)"),
    ];
    let entries = [
        Entry::line("the function", "", "stroke:var(--soft);stroke-width:2"),
        Entry {
            label: format!(
                "where each step arrives, numbered from the start at x = {}",
                too_large.x[0]
            ),
            sample: html! { path style="stroke:var(--s0);stroke-width:1.3" d="M2,6H24" {} circle cx="13" cy="6" r="4" fill="var(--s0)" {} },
        },
        Entry {
            label: "global minimum".to_owned(),
            sample: html! { path d="M13,1l4,5l-4,5l-4,-5z" stroke="var(--ink)" stroke-width="1.4" {} },
        },
    ];
    let body = html! {
        g transform={ "translate(" (LEFT) ",0)" } { (legend(&entries, 0.0, 0.0, WIDTH - LEFT).0) }
        @for (i, (run, colour)) in runs.into_iter().enumerate() {
            @let panel = panel(i, run);
            (head(&panel, run))
            (panel.frame(Some("parameter x"), (i % 2 == 0).then_some("loss f(x)")))
            (panel.clipped(&ground(&panel, run.terrain)))
            @if run.terrain == Terrain::DoubleWell {
                (panel.clipped_again(&steps(&panel, escaped, "var(--s2)", false)))
                (way_out(&panel, escaped))
            }
            (panel.clipped_again(&steps(&panel, run, colour, true)))
        }
    };
    Figure {
        name: "descent",
        title: "One start, four learning rates".to_owned(),
        caption: caption(descents),
        width: WIDTH,
        height: TOP + 2.0 * PITCH.1 - 6.0,
        body,
    }
}

fn panel(i: usize, run: &Descent) -> Panel {
    let (x, y) = match run.terrain {
        // A run that leaves is given room to be seen leaving.
        Terrain::Bowl if run.end().abs() > f64::from(run.x[0]) => {
            (Scale::linear(-4.2, 4.2), Scale::linear(-1.0, 8.8))
        }
        Terrain::Bowl => (Scale::linear(-2.1, 2.1), Scale::linear(-0.25, 2.2)),
        Terrain::DoubleWell => (Scale::linear(-1.75, 1.75), Scale::linear(-0.5, 0.62)),
    };
    Panel {
        id: format!("descent-{i}"),
        left: LEFT + PITCH.0 * (i % 2) as f64,
        top: TOP + PITCH.1 * (i / 2) as f64 + HEAD,
        width: WIDE,
        height: HIGH,
        x,
        y,
        labelled: true,
    }
}

fn head(panel: &Panel, run: &Descent) -> Markup {
    let growing = if run.loss() > run.terrain.value(f64::from(run.x[0])) {
        ", and growing"
    } else {
        ""
    };
    html! {
        text class="head" x=(panel.left) y=(panel.top - 48.0) { (run.title) }
        text class="soft mono" x=(panel.left) y=(panel.top - 30.0) font-size="11.5" { "learning_rate = " (run.learning_rate) " · " (run.terrain.formula()) }
        text class="soft" x=(panel.left) y=(panel.top - 12.0) { (outcome(run)) (growing) }
    }
}

fn outcome(run: &Descent) -> String {
    format!(
        "after {} steps: x = {}, f = {}",
        run.steps(),
        significant(run.end(), 3),
        significant(run.loss(), 3)
    )
}

/// The function and its deepest minimum.
fn ground(panel: &Panel, terrain: Terrain) -> Markup {
    const PIECES: usize = 160;
    let curve = Path::line((0..=PIECES).map(|i| {
        let x = panel.x.value(i as f64 / PIECES as f64);
        panel.at(x, terrain.value(x))
    }));
    let (x, y) = minimum_mark(panel, terrain);
    html! {
        path style="stroke:var(--soft);stroke-width:2" d=(curve.d()) {}
        path stroke="var(--ink)" stroke-width="1.4" d={ "M" (x.round()) "," (y.round() - 7.0) "l5,7l-5,7l-5,-7z" } {}
    }
}

/// The centre of the mark below the deepest minimum.
fn minimum_mark(panel: &Panel, terrain: Terrain) -> (f64, f64) {
    let deepest = terrain.minima()[0];
    let (x, y) = panel.at(deepest, terrain.value(deepest));
    (x, y + 14.0)
}

/// The iterates as dots joined by arrows.
fn steps(panel: &Panel, run: &Descent, colour: &str, numbered: bool) -> Markup {
    let places: Vec<(f64, f64)> = run
        .x
        .iter()
        .map(|&x| panel.at(f64::from(x), run.terrain.value(f64::from(x))))
        .collect();
    let mark = minimum_mark(panel, run.terrain);
    let mut labels: Vec<(usize, f64, f64)> = Vec::new();
    for (i, &(x, y)) in places.iter().enumerate().filter(|_| numbered) {
        let (x, y) = beside(panel, run, i, x, y);
        let inside =
            x < panel.right() - 8.0 && y > panel.top + 4.0 && hypot(x - mark.0, y - mark.1) > 16.0;
        if inside
            && labels
                .iter()
                .all(|&(_, other_x, other_y)| hypot(x - other_x, y - other_y) >= NUMBER_EVERY)
        {
            labels.push((i, x, y));
        }
    }
    let (radius, fill) = if numbered {
        (3.6, colour)
    } else {
        (3.0, "var(--paper)")
    };
    html! {
        @for pair in places.windows(2) { (arrow(pair[0], pair[1], colour, numbered)) }
        @for (x, y) in &places {
            circle cx=(tenth(*x)) cy=(tenth(*y)) r=(radius) fill=(fill) stroke=(colour) stroke-width="1.3" {}
        }
        @for (i, x, y) in labels {
            text class="mid small halo" x=(tenth(x)) y=(tenth(y + 3.5)) { (i) }
        }
    }
}

/// Where a dot's number stands: off the curve, on its outer side.
fn beside(panel: &Panel, run: &Descent, i: usize, x: f64, y: f64) -> (f64, f64) {
    let at = f64::from(run.x[i]);
    // The normal of the curve on paper, pointing down.
    let slope = run.terrain.slope(at) * (panel.height / (panel.y.value(1.0) - panel.y.value(0.0)))
        / (panel.width / (panel.x.value(1.0) - panel.x.value(0.0)));
    let length = hypot(slope, 1.0);
    (x + 13.0 * slope / length, y + 13.0 / length)
}

fn arrow(from: (f64, f64), to: (f64, f64), colour: &str, strong: bool) -> Markup {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = hypot(dx, dy);
    let style = format!(
        "stroke:{colour};stroke-width:{}",
        if strong {
            "1.3;opacity:.8"
        } else {
            "1;opacity:.9"
        }
    );
    let mut d = format!(
        "M{},{}L{},{}",
        tenth(from.0),
        tenth(from.1),
        tenth(to.0),
        tenth(to.1)
    );
    if length > 16.0 {
        // A head just before the dot it points to.
        let (ux, uy) = (dx / length, dy / length);
        let tip = (to.0 - 5.0 * ux, to.1 - 5.0 * uy);
        for side in [1.0, -1.0] {
            let (x, y) = (
                tip.0 - 6.0 * ux - side * 3.0 * uy,
                tip.1 - 6.0 * uy + side * 3.0 * ux,
            );
            d.push_str(&format!(
                "M{},{}L{},{}",
                tenth(x),
                tenth(y),
                tenth(tip.0),
                tenth(tip.1)
            ));
        }
    }
    html! { path style=(style) d=(d) {} }
}

/// What became of the run at a larger rate, in the free middle of the panel.
fn way_out(panel: &Panel, escaped: &Descent) -> Markup {
    let middle = panel.left + panel.width * 0.46;
    html! {
        text class="mid halo" style="fill:var(--s2)" x=(middle) y=(panel.top + 20.0) { "○ " (escaped.title) ": learning_rate = " (escaped.learning_rate) }
        text class="mid halo" style="fill:var(--s2)" x=(middle) y=(panel.top + 37.0) { (outcome(escaped)) }
    }
}

fn caption(descents: &[Descent; 5]) -> String {
    let [too_large, right, too_small, trapped, escaped] = descents;
    format!(
        "Every dot is one update x ← x − learning_rate · f′(x), made by the same code that ships to the device. On the bowl a rate of {} overshoots \
         further at each step, {} is within 0.001 of the minimum after {} steps, and {} has come only to x = {}. In the double well {} settles \
         in the nearer, higher valley at x = {}, though the deeper one lies at x = {}; {} carries it over the hill.",
        too_large.learning_rate,
        right.learning_rate,
        right.steps(),
        too_small.learning_rate,
        significant(too_small.end(), 3),
        trapped.learning_rate,
        significant(trapped.end(), 3),
        significant(trapped.terrain.minima()[0], 3),
        escaped.learning_rate,
    )
}

fn tenth(v: f64) -> f64 {
    (v.clamp(-9999.0, 9999.0) * 10.0).round() / 10.0
}
