//! How cost grows with trials, steps and parameters: the record that the example `growth` measures, and the picture it draws.

use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::plot::{Entry, Figure, Panel, Path, Scale, count, legend, series, spread_labels};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A table in memory, one row a trial.
    Table,
    /// A table in memory, one row a step.
    TableByStep,
    /// A table that is written window by window, as `hairpin table` does.
    TableInWindows,
    /// One update of all trials.
    Update,
    /// Trials trained from the first step to the last.
    Sweep,
}

/// The number that grows along a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The number of trials.
    Trials,
    /// The number of steps.
    Steps,
    /// The parameters of a trial.
    Parameters,
}

/// A row of the record: one measurement, made in a process of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub measure: Measure,
    /// Which schedule, which update, how much of a sweep.
    pub case: String,
    /// Which of the numbers grows along the curve.
    pub over: Over,
    /// How many trials.
    pub trials: usize,
    /// How many steps, of the table or of the training; 1 for an update.
    pub steps: usize,
    /// How many parameters a trial has; 0 for a table.
    pub parameters: usize,
    /// How many threads.
    pub threads: usize,
    /// Nanoseconds a cell of the table, a parameter, a step of a trial: those of the fastest round.
    pub ns: f64,
    /// The same in the first round, whose output lies in memory that the process has not touched before.
    pub first_ns: f64,
    /// What is handed in and what is filled, MiB.
    pub held_mib: f64,
    /// The most memory that the process had, MiB, where the system tells.
    pub peak_mib: Option<f64>,
    /// The commit it was built from, with `+` for changes on top.
    pub commit: String,
    /// The compiler.
    pub compiler: String,
    /// The processor.
    pub cpu: String,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum GrowthError {
    /// The record is none.
    #[error(
        "the record cannot be read: {0}; it must be what the example `growth` writes with --record"
    )]
    Record(#[from] csv::Error),
    /// A panel would be empty.
    #[error(
        "the record has no row for the panel `{panel}`: measure it again, all of it, with --record"
    )]
    Missing {
        /// How it begins.
        panel: &'static str,
    },
}

/// Draws a record, which is CSV, as an SVG file.
///
/// # Errors
/// A record that cannot be read, or that leaves a panel empty.
pub fn picture(record: &str) -> Result<String, GrowthError> {
    let rows: Vec<Row> = csv::Reader::from_reader(record.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()?;
    Ok(figure(&rows)?.file())
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 58.0;
const WIDE: f64 = 232.0;
const HIGH: f64 = 150.0;
/// What stands above a panel.
const HEAD: f64 = 46.0;
/// From a panel to the next, to the right and down.
const PITCH: (f64, f64) = (448.0, HEAD + HIGH + 58.0);
/// From the frame to the labels of the curves, and from one of these to the next.
const TO_LABEL: f64 = 22.0;
const LABEL_EVERY: f64 = 14.0;

/// Two panels side by side, of times on one scale.
struct Times {
    measure: Measure,
    heading: &'static str,
    unit: &'static str,
    /// Nanoseconds of the unit.
    ns: f64,
    over: [Over; 2],
}

const TIMES: [Times; 4] = [
    Times {
        measure: Measure::Table,
        heading: "Table [trials, steps]",
        unit: "ns a cell",
        ns: 1.0,
        over: [Over::Trials, Over::Steps],
    },
    Times {
        measure: Measure::TableByStep,
        heading: "Table [steps, trials]",
        unit: "ns a cell",
        ns: 1.0,
        over: [Over::Trials, Over::Steps],
    },
    Times {
        measure: Measure::Update,
        heading: "Update",
        unit: "ns a parameter",
        ns: 1.0,
        over: [Over::Trials, Over::Parameters],
    },
    Times {
        measure: Measure::Sweep,
        heading: "Sweep",
        unit: "µs a trial-step",
        ns: 1e3,
        over: [Over::Trials, Over::Steps],
    },
];

fn figure(rows: &[Row]) -> Result<Figure, GrowthError> {
    let mut body = Vec::new();
    for (line, times) in TIMES.iter().enumerate() {
        let [left, right] = times.over.map(|over| {
            let here = |row: &&Row| row.measure == times.measure && row.over == over;
            rows.iter().filter(here).collect::<Vec<_>>()
        });
        let curves = [time_curves(&left, times.ns), time_curves(&right, times.ns)];
        let y = decade(curves.iter().flatten().flat_map(|curve| &curve.points));
        for (column, (rows, curves)) in [left, right].iter().zip(&curves).enumerate() {
            let Some(sample) = rows.first() else {
                return Err(GrowthError::Missing {
                    panel: times.heading,
                });
            };
            let panel = panel((line, column), across(curves), y);
            body.push(html! {
                (head(&panel, times.heading, &alike(sample)))
                (panel.frame(Some(axis(sample.over)), (column == 0).then_some(times.unit)))
                (drawn(&panel, curves))
            });
        }
    }
    body.push(held_panel(rows, TIMES.len()));
    body.push(memory_panel(rows, TIMES.len()));
    Ok(Figure {
        name: "growth",
        title: "How cost grows: a level line is a cost in proportion".to_owned(),
        caption: "Time per cell of a table, per parameter of an update and per step of a trial in a sweep, over the number of trials, of steps and of \
                  parameters, by decades; below it the peak memory of the process. Full lines are on all threads, dashed ones on one, dotted ones are the \
                  first fill of new memory. Where a line is level, twice the work takes twice the time."
            .to_owned(),
        width: WIDTH,
        height: PITCH.1 * (TIMES.len() + 1) as f64,
        body: html! { @for panel in body { (panel) } },
    })
}

/// What all rows of a panel have in common.
fn alike(row: &Row) -> String {
    match row.over {
        Over::Trials if row.measure == Measure::Update => {
            count(row.parameters, "parameter") + " a trial"
        }
        Over::Trials => count(row.steps, "step"),
        Over::Steps => count(row.trials, "trial"),
        Over::Parameters => "as many trials as make 2²⁴ parameters".to_owned(),
    }
}

/// A curve: what is written at its end, how it looks, and the pairs of values that it goes through.
struct Curve {
    label: String,
    style: String,
    points: Vec<(f64, f64)>,
}

impl Curve {
    /// One that has something to show.
    fn new(label: String, style: String, points: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let points: Vec<(f64, f64)> = points.collect();
        (!points.is_empty()).then_some(Self {
            label,
            style,
            points,
        })
    }
}

/// The times of each case on each number of threads, and of one case the first ones.
fn time_curves(rows: &[&Row], unit: f64) -> Vec<Curve> {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.threads).collect();
    counts.sort_unstable();
    counts.dedup();
    let most = counts.last().copied();
    let mut curves = Vec::new();
    for (colour, case) in cases(rows).into_iter().enumerate() {
        let stroke = format!("stroke:{}", series(colour));
        for &threads in &counts {
            let own = || {
                let here = |row: &&&Row| row.case == case && row.threads == threads;
                rows.iter().filter(here)
            };
            let dash = if Some(threads) == most { "none" } else { "5 4" };
            curves.extend(Curve::new(
                format!("{case}, {}", count(threads, "thread")),
                format!("{stroke};stroke-width:2;stroke-dasharray:{dash}"),
                own().map(|row| (along(row), row.ns / unit)),
            ));
            // That of an update or a sweep is like the others: hardly any of its memory is new.
            let table =
                own().all(|row| matches!(row.measure, Measure::Table | Measure::TableByStep));
            if table && colour == 0 && Some(threads) == most {
                curves.extend(Curve::new(
                    format!("{case}, first fill"),
                    format!("{stroke};stroke-width:1.8;stroke-dasharray:.5 4"),
                    own().map(|row| (along(row), row.first_ns / unit)),
                ));
            }
        }
    }
    curves
}

/// A scale by decades that holds the values, and a decade at least: what is level then looks level.
fn decade<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> Scale {
    let (low, high) = ends(points.map(|point| point.1));
    let short = libm::sqrt((10.0 * low / high).max(1.0));
    Scale::log(low / short, high * short).padded(0.08)
}

/// The scale along the curves.
fn across(curves: &[Curve]) -> Scale {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let (low, high) = ends(points.map(|point| point.0));
    Scale::log(low, high).padded(0.04)
}

/// The smallest and the largest value.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| {
        (f64::min(low, value), f64::max(high, value))
    })
}

const fn axis(over: Over) -> &'static str {
    match over {
        Over::Trials => "trials",
        Over::Steps => "steps",
        Over::Parameters => "parameters per trial",
    }
}

fn along(row: &Row) -> f64 {
    let number = match row.over {
        Over::Trials => row.trials,
        Over::Steps => row.steps,
        Over::Parameters => row.parameters,
    };
    number as f64
}

/// The cases in the order in which they come.
fn cases<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut cases: Vec<&str> = Vec::new();
    for row in rows {
        if !cases.contains(&row.case.as_str()) {
            cases.push(&row.case);
        }
    }
    cases
}

fn panel((line, column): (usize, usize), x: Scale, y: Scale) -> Panel {
    Panel {
        id: format!("growth-{line}-{column}"),
        left: LEFT + PITCH.0 * column as f64,
        top: HEAD + PITCH.1 * line as f64,
        width: WIDE,
        height: HIGH,
        x,
        y,
        labelled: true,
    }
}

fn head(panel: &Panel, heading: &str, with: &str) -> Markup {
    html! {
        text class="head" x=(panel.left) y=(panel.top - 27.0) { (heading) }
        text class="soft" x=(panel.left) y=(panel.top - 11.0) { (with) }
    }
}

/// The curves with a dot for each measurement, and their labels to the right of the frame.
fn drawn(panel: &Panel, curves: &[Curve]) -> Markup {
    let right = panel.right();
    let places: Vec<Vec<(f64, f64)>> = curves
        .iter()
        .map(|curve| curve.points.iter().map(|&(x, y)| panel.at(x, y)).collect())
        .collect();
    let ends: Vec<(f64, f64)> = places
        .iter()
        .filter_map(|places| places.last().copied())
        .collect();
    let heights: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let labels = spread_labels(&heights, LABEL_EVERY, panel.top + 4.0, panel.bottom());
    let inside = html! {
        @for (curve, places) in curves.iter().zip(&places) {
            @let mut dots = Path::new();
            @let () = places.iter().for_each(|&(x, y)| dots.dot(x, y));
            path style=(curve.style) d=(Path::line(places.iter().copied()).d()) {}
            path style={ (curve.style) ";stroke-width:4.5;stroke-dasharray:none" } d=(dots.d()) {}
        }
    };
    html! {
        (panel.clipped(&inside))
        @for ((curve, (x, y)), label) in curves.iter().zip(&ends).zip(&labels) {
            path style={ (curve.style) ";stroke-width:1;stroke-dasharray:none;opacity:.6" }
                d={ "M" (x.round() + 4.0) "," (y.round()) "L" (right + TO_LABEL - 4.0) "," (label.round()) } {}
            text x=(right + TO_LABEL) y=(label.round() + 4.0) { (curve.label) }
        }
    }
}

/// Peak memory against what the caller holds, whoever fills it.
fn held_panel(rows: &[Row], line: usize) -> Markup {
    let of = [
        (Measure::Table, "[trials, steps]"),
        (Measure::TableByStep, "[steps, trials]"),
        (Measure::Update, "update"),
    ];
    let own: Vec<&Row> = rows
        .iter()
        .filter(|row| of.iter().any(|(measure, _)| *measure == row.measure))
        .collect();
    let values = own
        .iter()
        .flat_map(|row| [Some(row.held_mib), row.peak_mib]);
    let (low, high) = ends(values.flatten());
    let scale = Scale::log(low, high).padded(0.04);
    let panel = panel((line, 0), scale, scale);
    let mut entries = vec![Entry::line("what is held", "", HELD)];
    let mut dots = Vec::new();
    for (colour, (measure, name)) in of.into_iter().enumerate() {
        entries.push(Entry::dot(name, &series(colour)));
        let mut path = Path::new();
        for row in own.iter().filter(|row| row.measure == measure) {
            let (x, y) = panel.at(row.held_mib, row.peak_mib.unwrap_or(f64::NAN));
            path.dot(x, y);
        }
        dots.push((colour, path));
    }
    let diagonal = [0.0, 1.0].map(|place| panel.at(scale.value(place), scale.value(place)));
    let inside = html! {
        path style=(HELD) d=(Path::line(diagonal).d()) {}
        @for (colour, dots) in &dots {
            path style={ "stroke:" (series(*colour)) ";stroke-width:5" } d=(dots.d()) {}
        }
    };
    html! {
        (head(&panel, "Memory, table or update", "everything measured above"))
        (panel.frame(Some("MiB handed in and filled"), Some("peak MiB")))
        (panel.clipped(&inside))
        (unmeasured(&panel, &own))
        (legend(&entries, panel.right() + 12.0, panel.top, 1.0).0)
    }
}

const HELD: &str = "stroke:var(--axis);stroke-width:1.4";

/// Peak memory over trials: it follows a table that is kept, and not one that goes out in windows.
fn memory_panel(rows: &[Row], line: usize) -> Markup {
    let most = rows.iter().map(|row| row.threads).max().unwrap_or(1);
    let own: Vec<&Row> = rows
        .iter()
        .filter(|row| row.over == Over::Trials && row.threads == most)
        .collect();
    let of = [
        (Measure::Table, "table, kept"),
        (Measure::TableInWindows, "table, windows"),
        (Measure::Sweep, "sweep"),
    ];
    let mut curves = Vec::new();
    for (colour, (measure, name)) in of.into_iter().enumerate() {
        let own: Vec<&Row> = own
            .iter()
            .copied()
            .filter(|row| row.measure == measure)
            .collect();
        let case = cases(&own).first().copied();
        let own = own.iter().filter(|row| Some(row.case.as_str()) == case);
        curves.extend(Curve::new(
            name.to_owned(),
            format!("stroke:{};stroke-width:2", series(colour)),
            own.filter_map(|row| Some((along(row), row.peak_mib?))),
        ));
    }
    let y = decade(curves.iter().flat_map(|curve| &curve.points));
    let panel = panel((line, 1), across(&curves), y);
    html! {
        (head(&panel, "Memory, table kept or written, and sweep", "peak MiB; steps as above"))
        (panel.frame(Some(axis(Over::Trials)), None))
        (drawn(&panel, &curves))
        (unmeasured(&panel, &own))
    }
}

/// Says so where there is nothing to be seen.
fn unmeasured(panel: &Panel, rows: &[&Row]) -> Markup {
    let none = rows.iter().all(|row| row.peak_mib.is_none());
    html! {
        @if none {
            text class="soft mid" x=(panel.left + panel.width / 2.0) y=(panel.top + panel.height / 2.0) { "this system does not tell" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::label_width;

    /// Two points of every curve, each at `ns` a cell.
    fn rows(ns: f64, peak_mib: Option<f64>) -> Vec<Row> {
        let mut rows = Vec::new();
        for (measure, cases, overs) in [
            (Measure::Table, ["cosine", "line"], &TIMES[0].over[..]),
            (Measure::TableByStep, ["cosine", "line"], &TIMES[1].over),
            (Measure::TableInWindows, ["cosine", "line"], &[Over::Trials]),
            (Measure::Update, ["plain", "momentum"], &TIMES[2].over),
            (Measure::Sweep, ["training", "sweep"], &TIMES[3].over),
        ] {
            for (case, &over) in cases
                .iter()
                .flat_map(|case| overs.iter().map(move |over| (case, over)))
            {
                for (threads, size) in [(1, 256), (1, 1024), (2, 256), (2, 1024)] {
                    rows.push(Row {
                        measure,
                        case: (*case).to_owned(),
                        over,
                        trials: size,
                        steps: size,
                        parameters: size,
                        threads,
                        ns: ns / threads as f64,
                        first_ns: 2.0 * ns,
                        held_mib: size as f64,
                        peak_mib,
                        commit: "0000000".to_owned(),
                        compiler: "rustc".to_owned(),
                        cpu: "a processor, 2 cores".to_owned(),
                    });
                }
            }
        }
        rows
    }

    fn record(rows: &[Row]) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in rows {
            writer.serialize(row).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn what_costs_the_same_a_cell_is_level_and_in_its_unit() {
        let rows = rows(3000.0, Some(5.0));
        let sweep = |row: &&Row| row.measure == Measure::Sweep && row.over == Over::Steps;
        let sweep: Vec<&Row> = rows.iter().filter(sweep).collect();
        let curves = time_curves(&sweep, 1e3);
        let found: Vec<(&str, &[(f64, f64)])> = curves
            .iter()
            .map(|curve| (curve.label.as_str(), &curve.points[..]))
            .collect();
        let level = |us| [(256.0, us), (1024.0, us)];
        assert_eq!(
            found,
            [
                ("training, 1 thread", &level(3.0)[..]),
                ("training, 2 threads", &level(1.5)),
                ("sweep, 1 thread", &level(3.0)),
                ("sweep, 2 threads", &level(1.5)),
            ]
        );
    }

    #[test]
    fn a_record_becomes_a_picture_whose_labels_have_room() {
        let rows = rows(1.5, Some(5.0));
        let svg = picture(&record(&rows)).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("cosine, first fill").count(), 4);
        for row in &rows {
            let label = format!("{}, {}", row.case, count(row.threads, "thread"));
            assert!(
                row.measure == Measure::TableInWindows || svg.contains(&label),
                "{label}"
            );
            let end = LEFT + PITCH.0 + WIDE + TO_LABEL + label_width(&label);
            assert!(end <= WIDTH, "{label} ends at {end}");
        }
    }

    #[test]
    fn memory_that_was_not_measured_is_said_to_be_so() {
        let svg = |peak| picture(&record(&rows(1.5, peak))).unwrap();
        let words = "this system does not tell";
        assert_eq!(svg(None).matches(words).count(), 2);
        assert!(!svg(None).contains("NaN") && !svg(Some(5.0)).contains(words));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut rows = rows(1.5, Some(5.0));
        // Nothing is written in windows where there is no place for it.
        rows.retain(|row| row.measure != Measure::TableInWindows);
        let svg = picture(&record(&rows)).unwrap();
        assert!(svg.contains("table, kept") && !svg.contains("table, windows"));
        rows.retain(|row| row.measure != Measure::Update);
        for (record, named) in [
            (record(&rows), "`Update`"),
            (
                "measure,case\ntable,cosine\n".to_owned(),
                "missing field `over`",
            ),
        ] {
            let error = picture(&record).unwrap_err().to_string();
            assert!(
                error.contains(named) && error.contains("--record"),
                "{error}"
            );
        }
    }
}
