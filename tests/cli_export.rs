//! `hairpin export` as a person calls it: what it writes is the trial that was trained, in every form.

#[path = "support/command.rs"]
mod command;

/// What the files say when a compiler has read them.
#[path = "cli_export/compiled.rs"]
mod compiled;

/// Directories that hold no such trial, and questions that have no answer.
#[path = "cli_export/refusals.rs"]
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use command::{hairpin, run};
use hairpin_core::{ComposedPlan, Feedback, NODES, Plan, Recipe, RecipeRecords, Schedule, Sgd};
use hairpin_host::export::{Choice, Tuned};
use hairpin_host::sampling::{Sampler, Trial};
use hairpin_host::spec::Spec;
use serde_json::Value;

/// Sweeps with a feedback schedule and a lambda, with compositions and a whole update, with other libraries' schedules, with
/// a momentum that goes with the step by itself and beside the rate.
const SPECS: [&str; 4] = ["short", "exported", "libraries", "cycled_momentum"];

fn spec_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("specs/{name}.toml"))
}

fn spec(name: &str) -> Spec {
    Spec::load(&spec_path(name)).expect("a specification")
}

/// Every sweep, trained once for all tests of this process.
fn swept(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        for name in SPECS {
            let out = directory.path().join(name);
            let status = hairpin()
                .arg("sweep")
                .arg(spec_path(name))
                .arg("-o")
                .arg(&out)
                .output()
                .expect("hairpin runs")
                .status;
            assert!(status.success(), "{name}");
        }
        directory
    });
    directory.path().join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

/// What an export prints.
fn exported(sweep: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = hairpin()
        .args(["export", text(sweep)])
        .args(arguments)
        .output()
        .expect("hairpin runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    output.stdout
}

fn exported_text(sweep: &Path, arguments: &[&str]) -> String {
    String::from_utf8(exported(sweep, arguments)).expect("UTF-8")
}

/// The cells of a `.npy` file of `columns` columns, row by row.
fn npy(path: &Path, columns: usize) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(path).expect("a file");
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let cells: Vec<f32> = bytes[header..]
        .chunks_exact(4)
        .map(|cell| f32::from_le_bytes(cell.try_into().expect("four bytes")))
        .collect();
    cells.chunks_exact(columns).map(<[f32]>::to_vec).collect()
}

fn bits(rates: &[f32]) -> Vec<u32> {
    rates.iter().map(|rate| rate.to_bits()).collect()
}

/// What a sweep wrote down.
struct Written {
    manifest: Value,
    /// The rate of every step, a row a trial.
    rates: Vec<Vec<f32>>,
    /// What a feedback schedule observed, a row a trial, and after which steps.
    observed: Vec<Vec<f32>>,
    eval_steps: Vec<u32>,
    /// Whether it diverged, by trial.
    diverged: Vec<bool>,
    /// The metric after the last step, by trial.
    metric: Vec<f64>,
}

impl Written {
    fn read(dir: &Path) -> Self {
        let manifest = std::fs::read(dir.join("manifest.json")).expect("a file");
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        let steps = manifest["steps"].as_u64().expect("a count") as usize;
        let eval_steps: Vec<u32> = manifest["eval_steps"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|step| step.as_u64().expect("a count") as u32)
            .collect();
        let by_loss = manifest["metric"] == "val_loss";
        let observed = if by_loss {
            "losses.npy"
        } else {
            "accuracies.npy"
        };
        let observed = npy(&dir.join(observed), eval_steps.len());
        let csv = std::fs::read_to_string(dir.join("results.csv")).expect("a file");
        let column = |name: &str| {
            let headers = csv.lines().next().expect("headers").split(',');
            headers
                .into_iter()
                .position(|header| header == name)
                .expect(name)
        };
        // What is looked for stands in front of the schedule, the only cell with commas of its own, or behind cells
        // without any: drawn expressions are no parameters of these sweeps.
        let cells = |name: &str| -> Vec<String> {
            let column = column(name);
            csv.lines()
                .skip(1)
                .map(|row| row.split(',').nth(column).expect(name).to_owned())
                .collect()
        };
        let ended = if by_loss {
            "final_val_loss"
        } else {
            "final_val_accuracy"
        };
        Self {
            rates: npy(&dir.join("tables.npy"), steps),
            observed,
            eval_steps,
            diverged: cells("diverged_at")
                .iter()
                .map(|at| !at.is_empty())
                .collect(),
            metric: cells(ended)
                .iter()
                .map(|metric| metric.parse().unwrap_or(f64::NAN))
                .collect(),
            manifest,
        }
    }
}

/// The rates that a schedule has in a training that observed what the sweep observed.
fn rates_of<const N: usize>(plan: &ComposedPlan<N>, written: &Written, trial: usize) -> Vec<f32> {
    let steps = 0..written.rates[trial].len() as u32;
    match plan {
        ComposedPlan::Schedule(schedule) => steps.map(|step| schedule.lr(step)).collect(),
        ComposedPlan::Feedback(feedback) => {
            let mut state = feedback.start();
            let of_step = |step| {
                let rate = feedback.lr(&state, step);
                if let Some(at) = written.eval_steps.iter().position(|&eval| eval == step) {
                    let loss = f64::from(written.observed[trial][at]);
                    feedback.observe(&mut state, step, loss);
                }
                rate
            };
            steps.map(of_step).collect()
        }
    }
}

/// What was read back is the trial: the rates of the sweep's own table, the update and the momentum that were drawn.
fn assert_is_trial(recipe: &Recipe<NODES>, trial: &Trial, written: &Written) {
    let index = trial.index as usize;
    assert_eq!(
        bits(&rates_of(recipe.schedule(), written, index)),
        bits(&written.rates[index]),
        "trial {index}"
    );
    assert_eq!(recipe.sgd(), &Sgd::new(trial.sgd).expect("sound"));
    assert_eq!(recipe.momentum().is_some(), trial.momentum.is_some());
    if let (Some(ours), Some(drawn)) = (recipe.momentum(), &trial.momentum) {
        for step in 0..written.rates[index].len() as u32 {
            assert_eq!(ours.lr(step).to_bits(), drawn.lr(step).to_bits());
        }
    }
}

#[test]
fn the_bytes_of_every_trial_are_the_trial() {
    for name in SPECS {
        let (dir, spec) = (swept(name), spec(name));
        let written = Written::read(&dir);
        let sampler = Sampler::new(&spec);
        let mut moved = 0;
        for (index, diverged) in (0..).zip(&written.diverged) {
            let tuned = Tuned::read(&dir, Choice::Number(index));
            if *diverged {
                let told = tuned.expect_err("it diverged").to_string();
                assert!(
                    told.contains(&format!("trial {index} diverged at step")),
                    "{told}"
                );
                continue;
            }
            let tuned = tuned.unwrap_or_else(|error| panic!("trial {index} of {name}: {error}"));
            let bytes = tuned.bytes().expect("it has bytes");
            let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("its own bytes");
            let trial = sampler.trial(index).expect("a trial");
            assert_is_trial(&recipe, &trial, &written);
            moved += usize::from(trial.momentum.is_some());
        }
        let moves = matches!(name, "libraries" | "cycled_momentum");
        assert_eq!(moved > 0, moves, "{name}");
    }
}

#[test]
fn the_update_is_not_the_default_one_in_these_sweeps() {
    let bytes = exported(&swept("exported"), &["--format", "bytes", "--trial", "3"]);
    let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
    let config = *recipe.sgd().config();
    let expected = hairpin_core::SgdConfig {
        momentum: 0.75,
        dampening: 0.25,
        nesterov: false,
        weight_decay: 1e-3,
        gradient_scale: 0.8,
        rounding: hairpin_core::Rounding::Fused,
    };
    assert_eq!(config, expected);
}

#[test]
fn best_is_what_the_metric_ranks_first() {
    for name in SPECS {
        let dir = swept(name);
        let written = Written::read(&dir);
        let finished: Vec<(usize, f64)> = written
            .metric
            .iter()
            .copied()
            .enumerate()
            .filter(|&(trial, metric)| !written.diverged[trial] && metric.is_finite())
            .collect();
        let sign = if written.manifest["metric"] == "val_loss" {
            1.0
        } else {
            -1.0
        };
        // The first of equals.
        let mut best = finished[0];
        for &(trial, metric) in &finished {
            if sign * metric < sign * best.1 {
                best = (trial, metric);
            }
        }
        let number = best.0.to_string();
        for format in ["rust", "c", "bytes"] {
            let of_best = exported(&dir, &["--trial", "best", "--format", format]);
            assert_eq!(
                of_best,
                exported(&dir, &["--format", format]),
                "the default"
            );
            let of_number = exported(&dir, &["--trial", &number, "--format", format]);
            assert_eq!(of_best, of_number, "{name}: trial {number} as {format}");
        }
        let header = exported_text(&dir, &["--format", "c"]);
        let metric = written.manifest["metric"].as_str().expect("a name");
        let first = header.lines().take_while(|line| line.starts_with("//"));
        let first: Vec<&str> = first.map(|line| line.trim_start_matches("// ")).collect();
        let first = first.join(" ");
        let trials = written.rates.len();
        for told in [
            format!("trial {number} of the {trials} of the sweep"),
            format!("the best by {metric}."),
            format!("{metric} {}", best.1),
            written.manifest["spec_hash"]
                .as_str()
                .expect("a hash")
                .to_owned(),
            format!("version {}", env!("CARGO_PKG_VERSION")),
        ] {
            assert!(first.contains(&told), "{told}: {first}");
        }
    }
}

#[test]
fn another_trial_is_not_called_the_best() {
    let dir = swept("exported");
    let header = exported_text(&dir, &["--format", "c", "--trial", "4"]);
    assert!(header.contains("trial 4 of the 10"), "{header}");
    assert!(!header.contains("the best"), "{header}");
}

#[test]
fn bytes_are_read_from_the_front_of_a_page() {
    let dir = swept("cycled_momentum");
    let bytes = exported(&dir, &["--format", "bytes"]);
    let page = [&bytes[..], &[0xff; 300]].concat();
    let (records, rest) = RecipeRecords::from_prefix(&page).expect("a recipe");
    assert_eq!(rest, [0xff; 300]);
    assert!(Plan::from_bytes(records.schedule).is_ok());
    assert!(Sgd::from_bytes(records.sgd).is_ok());
    assert!(records.momentum.is_some());
    let (small, _) = Recipe::<1>::from_prefix(&page).expect("a schedule of one piece");
    let large = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
    for step in 0..60 {
        assert_eq!(small.sgd_at(step), large.sgd_at(step));
    }
}

#[test]
fn a_file_is_what_standard_output_has_and_is_written_whole() {
    let dir = swept("cycled_momentum");
    let place = tempfile::tempdir().expect("a directory");
    for (format, name) in [
        ("rust", "a.rs"),
        ("c", "a.h"),
        ("bytes", "a.bin"),
        ("table", "t.h"),
    ] {
        let file = place.path().join(name);
        // Whatever stood there is replaced.
        std::fs::write(&file, "something longer than nothing").expect("written");
        let run = run(
            &["export", text(&dir), "--format", format, "-o", text(&file)],
            "",
        );
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(0), ""),
            "{}",
            run.stderr
        );
        let printed = exported(&dir, &["--format", format]);
        assert_eq!(std::fs::read(&file).expect("a file"), printed);
    }
    let left = std::fs::read_dir(place.path())
        .expect("a directory")
        .count();
    assert_eq!(left, 4, "nothing but the files");
}

#[test]
fn an_export_leaves_the_sweep_as_it_was() {
    let dir = swept("short");
    let listing = || {
        let mut files: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(&dir)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.clone(), std::fs::read(path).expect("a file")))
            .collect();
        files.sort();
        files
    };
    let before = listing();
    exported(&dir, &["--format", "rust"]);
    assert_eq!(listing(), before);
}

/// torch's rule for a step without momentum is none that one update of the core has: it is told.
#[test]
fn a_step_without_momentum_is_told() {
    let place = tempfile::tempdir().expect("a directory");
    let spec = place.path().join("rising.toml");
    let rising = "method = \"grid\"\n[train]\ndata = \"digits\"\nmodel = \"softmax\"\nsteps = 6\n\
        [[schedules]]\nkind = \"constant\"\nlearning_rate = 0.1\n\
        [sgd]\nmomentum = { kind = \"linear\", start_lr = 0.0, end_lr = 0.5, total_steps = 4 }\n";
    std::fs::write(&spec, rising).expect("written");
    let out = place.path().join("rising");
    let swept = run(&["sweep", text(&spec), "-o", text(&out)], "");
    assert_eq!(swept.code, Some(0), "{}", swept.stderr);
    for format in ["rust", "c", "table"] {
        let text = exported_text(&out, &["--format", format]);
        assert!(text.contains("// At step 0 the momentum is 0:"), "{text}");
    }
    let bytes = exported(&out, &["--format", "bytes"]);
    let recipe = Recipe::<1>::from_bytes(&bytes).expect("a recipe");
    assert_eq!(recipe.sgd_at(0).unwrap_err().field(), "momentum");
    assert_eq!(recipe.sgd_at(4).expect("a momentum").config().momentum, 0.5);
    let others = exported_text(&crate::swept("cycled_momentum"), &["--format", "c"]);
    assert!(!others.contains("the momentum is 0"), "{others}");
}
