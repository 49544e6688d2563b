//! The report of a sweep and the lesson, as files: readable, whole, the same every time, and true.

mod support {
    pub(crate) mod sweep;
}

use std::collections::BTreeMap;
use std::path::Path;

use hairpin_host::explain::{self, Terrain, descents};
use hairpin_host::report::{self, Curves, Goal, Leader, ParamCell, ReportError, SweepReport, rank};
use support::sweep::sweep;

/// Every file `write` made, by name; each is checked to be what its name says.
fn written(report: &SweepReport) -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let paths = report::write(report, dir.path()).unwrap();
    let files = read(&paths);
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        files.len(),
        "something else was left in the directory"
    );
    files
}

fn read(paths: &[std::path::PathBuf]) -> BTreeMap<String, String> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files: BTreeMap<String, String> = paths
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).unwrap()))
        .collect();
    for (name, text) in &files {
        if name.ends_with(".svg") {
            check_svg(name, text);
        } else {
            check_page(name, text);
        }
    }
    files
}

/// Well-formed, and no number in it that a browser cannot draw.
fn check_svg(name: &str, text: &str) {
    let tree = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(tree.root_element().tag_name().name(), "svg", "{name}");
    for node in tree.descendants() {
        for attribute in node.attributes() {
            let drawn = [
                "d",
                "x",
                "y",
                "x1",
                "x2",
                "y1",
                "y2",
                "cx",
                "cy",
                "width",
                "height",
                "transform",
                "viewBox",
            ];
            let value = attribute.value();
            if drawn.contains(&attribute.name()) {
                assert!(
                    !value.contains("NaN") && !value.contains("inf"),
                    "{name}: {}=\"{value}\"",
                    attribute.name()
                );
            }
        }
    }
}

/// Self-contained: nothing in it is fetched from anywhere.
fn check_page(name: &str, text: &str) {
    assert!(
        text.starts_with("<!DOCTYPE html>") && text.trim_end().ends_with("</html>"),
        "{name}"
    );
    for fetched in ["src=", "<link", "@import", "url(http", "https://"] {
        assert!(!text.contains(fetched), "{name} holds {fetched}");
    }
}

/// The sweep cut down to the trials that satisfy `keep`.
fn only(report: &SweepReport, keep: impl Fn(&report::TrialRow) -> bool) -> SweepReport {
    let kept: Vec<usize> = (0..report.trials.len())
        .filter(|&position| keep(&report.trials[position]))
        .collect();
    let steps = report.curves.steps.len();
    let rows = kept
        .iter()
        .flat_map(|&position| report.curves.rows[position * steps..][..steps].to_vec())
        .collect();
    let moved = |leader: &Leader| {
        Some(Leader {
            position: kept.iter().position(|&k| k == leader.position)?,
            ..leader.clone()
        })
    };
    SweepReport {
        trials: kept
            .iter()
            .map(|&position| report.trials[position].clone())
            .collect(),
        curves: Curves {
            rows,
            ..report.curves.clone()
        },
        leaders: report.leaders.iter().filter_map(moved).collect(),
        ..report.clone()
    }
}

#[test]
fn a_sweep_becomes_a_page_and_five_figures() {
    let report = sweep(600, 100);
    let files = written(&report);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "heat_map.svg",
            "index.html",
            "loss_curves.svg",
            "loss_vs_learning_rate.svg",
            "lr_curves.svg",
            "parallel_coordinates.svg",
        ]
    );
    let page = &files["index.html"];
    let best = &report.trials[rank(&report.trials, Goal::Minimize)[0]];
    assert!(page.contains(&format!("Best: trial {}, val_loss", best.index)));
    assert_eq!(
        page.matches("<div class=\"toml\">").count(),
        20,
        "twenty leaders, each with its schedule"
    );
    for leader in &report.leaders {
        assert!(page.contains(&leader.schedule_toml.replace('"', "&quot;")));
    }
}

#[test]
fn the_same_sweep_gives_the_same_bytes() {
    assert_eq!(written(&sweep(300, 60)), written(&sweep(300, 60)));
}

#[test]
fn the_threshold_in_words_is_the_one_in_the_data() {
    let report = sweep(2000, 100);
    let rates = |diverged: bool| {
        report
            .trials
            .iter()
            .filter(move |t| t.diverged() == diverged)
            .filter_map(report::TrialRow::learning_rate)
    };
    let highest = rates(false).fold(f64::NEG_INFINITY, f64::max);
    let above = rates(true).filter(|&rate| rate > highest).count();
    assert!(
        above > 10,
        "the sweep must show divergence for this test to say anything"
    );
    let page = &written(&report)["index.html"];
    let sentence = page
        .split("Every trial above ")
        .nth(1)
        .expect("no sentence about the threshold");
    let said: f64 = sentence.split(' ').next().unwrap().parse().unwrap();
    // Printed with three digits: off by at most half a unit of the third.
    assert!(
        (said / highest - 1.0).abs() <= 5e-3,
        "said {said}, is {highest}"
    );
    assert!(
        sentence.contains(&format!("({above} trials")),
        "{above}: {}",
        &sentence[..60]
    );
}

#[test]
fn trials_without_a_result_come_last() {
    let mut report = sweep(40, 40);
    report.trials[3].final_metric = f64::NAN;
    report.trials[5].diverged_at = Some(7);
    for goal in [Goal::Minimize, Goal::Maximize] {
        let order = rank(&report.trials, goal);
        let finished = order
            .iter()
            .filter(|&&p| !report.trials[p].diverged())
            .count();
        assert!(
            order[..finished]
                .iter()
                .all(|&p| !report.trials[p].diverged())
        );
        assert!(order[finished..].contains(&3) && order[finished..].contains(&5));
        let metrics: Vec<f64> = order[..finished]
            .iter()
            .map(|&p| report.trials[p].final_metric)
            .collect();
        assert!(metrics.windows(2).all(|pair| if goal == Goal::Minimize {
            pair[0] <= pair[1]
        } else {
            pair[0] >= pair[1]
        }));
    }
}

#[test]
fn what_users_write_stays_text() {
    const EVIL: &str = "</code></svg><script>alert(1)</script>\" onload=\"x' & \u{0} \u{1b}";
    let mut report = sweep(60, 40);
    report.title = EVIL.to_owned();
    report.spec_text = EVIL.to_owned();
    report.metric_name = EVIL.to_owned();
    report.curves.name = EVIL.to_owned();
    report.summary.data = EVIL.to_owned();
    report.versions[0].1 = EVIL.to_owned();
    report
        .alternatives
        .iter_mut()
        .for_each(|kind| *kind = EVIL.to_owned());
    report
        .leaders
        .iter_mut()
        .for_each(|leader| leader.schedule_toml = EVIL.to_owned());
    for (i, trial) in report.trials.iter_mut().enumerate() {
        trial
            .parameters
            .push((EVIL.to_owned(), ParamCell::Text(format!("{EVIL}{}", i % 3))));
    }
    for (name, text) in written(&report) {
        assert!(!text.contains("<script>alert"), "{name}");
        assert!(!text.contains("\" onload"), "{name}");
        assert!(!text.contains(['\u{0}', '\u{1b}']), "{name}");
        assert!(
            text.contains("&lt;script&gt;alert"),
            "{name} does not show the text at all"
        );
    }
}

#[test]
fn a_hundred_thousand_trials_stay_under_three_megabytes() {
    let started = std::time::Instant::now();
    let report = sweep(100_000, 20);
    let trained = started.elapsed();
    let files = written(&report);
    eprintln!(
        "trained in {trained:?}, written in {:?}, page {} bytes",
        started.elapsed() - trained,
        files["index.html"].len()
    );
    for (name, text) in &files {
        assert!(text.len() < 3_000_000, "{name} has {} bytes", text.len());
    }
    let rated = report
        .trials
        .iter()
        .filter(|trial| trial.learning_rate().is_some())
        .count();
    let noted = format!(
        " of {},{:03} trials, picked at random",
        rated / 1000,
        rated % 1000
    );
    assert!(
        files["loss_vs_learning_rate.svg"].contains(&noted),
        "the figure must say that it is thinned: {noted}"
    );
    assert!(files["parallel_coordinates.svg"].contains(" drawn: the best, and others at random"));
}

#[test]
fn degenerate_sweeps_are_reports_too() {
    let base = sweep(200, 40);
    let one = only(&base, |trial| {
        trial.index == base.trials[rank(&base.trials, Goal::Minimize)[0]].index
    });
    assert_eq!(one.trials.len(), 1);
    assert!(written(&one)["index.html"].contains("Best: trial "));

    let lost = only(&base, |trial| trial.diverged());
    assert!(lost.trials.len() > 2);
    let files = written(&lost);
    assert!(files["index.html"].contains(&format!("All {} trials diverged", lost.trials.len())));
    assert!(
        !files.contains_key("lr_curves.svg"),
        "there is no best trial to draw"
    );

    let empty = only(&base, |_| false);
    assert!(written(&empty)["index.html"].contains("No trials"));

    let mut equal = only(&base, |trial| !trial.diverged());
    equal
        .trials
        .iter_mut()
        .for_each(|trial| trial.final_metric = 0.25);
    equal.curves.rows.fill(0.25);
    assert!(written(&equal)["index.html"].contains("All results are equal"));

    let rateless = only(&base, |trial| trial.alternative == 2);
    let files = written(&rateless);
    assert!(
        !files.contains_key("loss_vs_learning_rate.svg") && !files.contains_key("heat_map.svg")
    );

    let feedback = only(&base, |trial| trial.alternative == 3);
    assert!(written(&feedback).contains_key("loss_vs_learning_rate.svg"));

    let bare = SweepReport {
        curves: Curves::default(),
        leaders: Vec::new(),
        ..base.clone()
    };
    let files = written(&bare);
    assert!(!files.contains_key("loss_curves.svg") && files.contains_key("heat_map.svg"));
}

#[test]
fn numbers_at_the_edge_are_drawn_or_counted() {
    let base = sweep(300, 40);
    for rate in [
        0.0,
        -0.5,
        f64::NAN,
        f64::INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
    ] {
        let mut report = base.clone();
        for (i, trial) in report.trials.iter_mut().enumerate() {
            if i % 3 == 0 {
                trial.parameters = vec![("learning_rate".to_owned(), ParamCell::Number(rate))];
            }
        }
        written(&report);
    }
    for metric in [0.0, -3.0, f64::MAX, f64::MIN, 1e-300] {
        let mut report = base.clone();
        report.goal = Goal::Maximize;
        report.trials.iter_mut().step_by(3).for_each(|trial| {
            trial.final_metric = metric;
            trial.diverged_at = None;
        });
        report
            .curves
            .rows
            .iter_mut()
            .step_by(5)
            .for_each(|value| *value = metric as f32);
        written(&report);
    }
    let mut zeros = base.clone();
    zeros.trials.iter_mut().take(30).for_each(|trial| {
        trial.alternative = 0;
        trial.parameters = vec![("learning_rate".to_owned(), ParamCell::Number(0.0))];
    });
    assert!(
        written(&zeros)["index.html"].contains("zero or below"),
        "what is left out must be said"
    );
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let base = sweep(10, 40);
    let dir = tempfile::tempdir().unwrap();
    let refused = |change: fn(&mut SweepReport)| {
        let mut report = base.clone();
        change(&mut report);
        match report::write(&report, dir.path()) {
            Err(ReportError::Inconsistent { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused(|r| r.trials[4].alternative = 4),
        "trials.alternative"
    );
    assert_eq!(refused(|r| r.leaders[0].position = 10), "leaders.position");
    assert_eq!(refused(|r| r.curves.rows.truncate(5)), "curves.rows");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = report::write(&sweep(3, 40), &file.join("runs")).unwrap_err();
    assert!(
        error.to_string().contains(file.to_str().unwrap()),
        "{error}"
    );
    let error = explain::write(&file).unwrap_err();
    assert!(
        error.to_string().contains(file.to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn the_lesson_prints_what_it_draws() {
    let dir = tempfile::tempdir().unwrap();
    let files = read(&explain::write(dir.path()).unwrap());
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["descent.svg", "explain.html", "schedules.svg"]
    );
    for terrain in [Terrain::Bowl, Terrain::DoubleWell] {
        assert!(
            files["descent.svg"].contains(terrain.formula())
                && files["explain.html"].contains(terrain.formula())
        );
    }
    for run in descents().unwrap() {
        assert!(files["descent.svg"].contains(&format!("learning_rate = {}", run.learning_rate)));
    }
    let kinds = [
        ("piecewise_constant", "PiecewiseDecay"),
        ("exponential", "ExponentialDecay"),
        ("natural_exp", "NaturalExpDecay"),
        ("polynomial", "PolynomialDecay"),
        ("step", "StepDecay"),
        ("multi_step", "MultiStepDecay"),
        ("inverse_time", "InverseTimeDecay"),
        ("lambda", "LambdaDecay"),
        ("cosine_annealing", "CosineAnnealingDecay"),
        ("noam", "NoamDecay"),
        ("reduce_on_plateau", "ReduceOnPlateau"),
        ("linear_warmup", "LinearWarmup"),
    ];
    for (kind, paddle) in kinds {
        assert!(
            files["schedules.svg"].contains(&format!(">{kind}</text>")),
            "{kind}"
        );
        assert!(
            files["explain.html"].contains(&format!("{paddle} in PaddlePaddle")),
            "{paddle}"
        );
    }
}

#[test]
fn the_descents_do_what_the_lesson_says() {
    let [too_large, right, too_small, trapped, escaped] = descents().unwrap();
    for run in [&right, &too_small, &trapped, &escaped] {
        assert_eq!(
            (run.x[0], run.steps()),
            (too_large.x[0], too_large.steps()),
            "same start, same steps"
        );
    }
    // Oscillates: every step lands on the other side. Diverges: every step is further out.
    assert!(
        too_large
            .x
            .windows(2)
            .all(|pair| pair[0] * pair[1] < 0.0 && pair[1].abs() > pair[0].abs())
    );
    assert!(too_large.loss() > 10.0 * too_large.terrain.value(too_large.x[0].into()));
    assert!((right.end() - right.terrain.minima()[0]).abs() < 1e-3);
    assert!(
        too_small.x.is_sorted_by(|a, b| a > b),
        "it goes the right way"
    );
    assert!(
        too_small.end() > 0.5 * f64::from(too_small.x[0]),
        "but is still more than half of the way off"
    );
    let [deep, shallow] = trapped.terrain.minima()[..] else {
        panic!("a double well has two minima")
    };
    for minimum in [deep, shallow] {
        // Newton's method has converged: the slope there is rounding, of numbers below 4.
        assert!(trapped.terrain.slope(minimum).abs() < 1e-14, "{minimum}");
    }
    assert!(trapped.terrain.value(deep) < trapped.terrain.value(shallow));
    // Nearer to the shallow minimum than a tenth of the way to the deep one, with the hill between.
    assert!(
        (trapped.end() - shallow).abs() < 0.1 * (shallow - deep)
            && trapped.loss() > trapped.terrain.value(deep) + 0.1
    );
    assert!(
        (escaped.end() - deep).abs() < 0.1 * (shallow - deep) && escaped.loss() < trapped.loss()
    );
}
