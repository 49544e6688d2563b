//! What is wrong is refused with status 2, nothing on standard output, and the way out.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::command::{hairpin, refused, run};
use crate::{exported, exported_text, spec_path, swept, text};

fn refuses(sweep: &Path, arguments: &[&str], told: &[&str]) {
    let mut all = vec!["export", text(sweep)];
    all.extend_from_slice(arguments);
    refused(&all, told);
}

/// A copy of a sweep's directory, to be damaged.
fn copied(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(swept(name)).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, copy.path().join(name)).expect("copied");
    }
    copy
}

/// Changes a file of a copy and says what is told then.
fn damaged(name: &str, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>, told: &[&str]) {
    let copy = copied(name);
    let path = copy.path().join(file);
    let before = std::fs::read(&path).expect("a file");
    let after = change(before.clone());
    assert_ne!(before, after, "{file} was changed");
    std::fs::write(&path, after).expect("written");
    refuses(copy.path(), &["--format", "bytes"], told);
}

fn in_manifest(key: &'static str, value: serde_json::Value) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        manifest[key] = value;
        manifest.to_string().into_bytes()
    }
}

fn replaced(from: &'static str, to: &'static str) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.replacen(from, to, 1).into_bytes()
    }
}

#[test]
fn trials_that_are_not_there() {
    let sweep = swept("exported");
    let format = ["--format", "rust", "--trial"];
    let trial = |trial| [&format[..], &[trial]].concat();
    refuses(
        &sweep,
        &trial("10"),
        &["there is no trial 10, the sweep has 10", "0 to 9, or best"],
    );
    refuses(
        &sweep,
        &trial("8"),
        &["trial 8 diverged at step 1", "or best"],
    );
    for nonsense in ["worst", "+1", "1.0", ""] {
        refuses(&sweep, &trial(nonsense), &["--trial", "best"]);
    }
}

#[test]
fn a_sweep_in_which_all_diverged_has_no_best() {
    let place = tempfile::tempdir().expect("a directory");
    let spec = place.path().join("hot.toml");
    let hot = "method = \"grid\"\n[train]\ndata = \"digits\"\nmodel = \"softmax\"\nsteps = 5\n\
        [[schedules]]\nkind = \"constant\"\nlearning_rate = { values = [1.0e30, 1.0e31] }\n";
    std::fs::write(&spec, hot).expect("written");
    let out = place.path().join("hot");
    let swept = run(&["sweep", text(&spec), "-o", text(&out)], "");
    assert_eq!(swept.code, Some(0), "{}", swept.stderr);
    refuses(
        &out,
        &["--format", "c"],
        &["no trial of the sweep finished", "lower the learning rates"],
    );
    refuses(
        &out,
        &["--format", "c", "--trial", "1"],
        &["trial 1 diverged"],
    );
}

#[test]
fn directories_that_hold_no_finished_sweep() {
    let place = tempfile::tempdir().expect("a directory");
    let no_sweep = ["holds no sweep", "`hairpin sweep` wrote"];
    refuses(place.path(), &["--format", "c"], &no_sweep);
    refuses(&place.path().join("missing"), &["--format", "c"], &no_sweep);
    refuses(&spec_path("exported"), &["--format", "c"], &no_sweep);
    let table = place.path().join("table");
    let spec = spec_path("cycled_momentum");
    let written = run(&["table", text(&spec), "-o", text(&table)], "");
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    refuses(&table, &["--format", "c"], &no_sweep);
    damaged(
        "short",
        "manifest.json",
        |mut bytes| bytes.split_off(9),
        &no_sweep,
    );
    damaged(
        "short",
        "manifest.json",
        in_manifest("state", json!("running")),
        &[
            "is not finished",
            "`hairpin sweep SPEC -o",
            "goes on with it",
        ],
    );
}

#[test]
fn sweeps_of_other_versions() {
    for (key, value, found) in [
        ("hairpin", json!("0.0.9"), "by hairpin 0.0.9, this is"),
        ("format", json!(2), "(layout 2), this is"),
    ] {
        let told = [
            found,
            env!("CARGO_PKG_VERSION"),
            "with that version, or train it again",
        ];
        damaged("short", "manifest.json", in_manifest(key, value), &told);
    }
}

#[test]
fn files_that_contradict_each_other() {
    let told = |file| [file, "changed or damaged", "train the sweep again"];
    let manifest = told("manifest.json");
    damaged(
        "short",
        "manifest.json",
        in_manifest("spec_hash", json!("00")),
        &manifest,
    );
    damaged(
        "short",
        "manifest.json",
        replaced("    \"seed\": 11", "    \"seed\": 12"),
        &told("manifest.json"),
    );
    damaged(
        "short",
        "manifest.json",
        in_manifest("spec", json!({})),
        &manifest,
    );
    let leader = json!([{ "trial": 96, "metric": 1.0, "loss": 1.0, "accuracy": 1.0, "schedule": "", "sgd": [] }]);
    damaged(
        "short",
        "manifest.json",
        in_manifest("leaders", leader),
        &told("results.csv"),
    );
    damaged(
        "short",
        "results.csv",
        |bytes| bytes[..200].to_vec(),
        &told("results.csv"),
    );
    damaged(
        "short",
        "results.csv",
        replaced("final_val_loss", "loss"),
        &told("results.csv"),
    );
    damaged(
        "exported",
        "results.csv",
        replaced("\"\"period\"\":17", "\"\"period\"\":18"),
        &told("results.csv"),
    );
    // What the best trial drew for the update: the text has no comma before it.
    let another_momentum = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let column = lines[0].split(',').position(|name| name == "sgd.momentum");
        let mut cells: Vec<&str> = lines[1].split(',').collect();
        cells[column.expect("a column")] = "0.625";
        lines[1] = cells.join(",");
        lines.join("\n").into_bytes()
    };
    damaged(
        "exported",
        "results.csv",
        another_momentum,
        &told("results.csv"),
    );
    // The rates of the best trial of each: one that follows from the step alone, and one that observed losses.
    for (name, trial) in [("exported", 0), ("short", 26)] {
        let steps = if name == "short" { 60 } else { 40 };
        let flipped = move |mut bytes: Vec<u8>| {
            let header = 10 + usize::from(bytes[8]);
            bytes[header + 4 * (trial * steps + 39)] ^= 1;
            bytes
        };
        damaged(name, "tables.npy", flipped, &told("tables.npy"));
        let cut = |mut bytes: Vec<u8>| {
            bytes.pop();
            bytes
        };
        damaged(name, "tables.npy", cut, &told("tables.npy"));
    }
    damaged(
        "short",
        "losses.npy",
        |bytes| [&bytes[..10], &[0; 90]].concat(),
        &told("losses.npy"),
    );
    for file in ["tables.npy", "results.csv"] {
        let copy = copied("short");
        std::fs::remove_file(copy.path().join(file)).expect("removed");
        refuses(
            copy.path(),
            &["--format", "c"],
            &[file, "cannot be read", "train the sweep again"],
        );
    }
}

#[test]
fn tables_that_cannot_be() {
    let table = |more: &[&'static str]| [&["--format", "table"], more].concat();
    refuses(
        &swept("short"),
        &table(&[]),
        &[
            "trial 26 draws `reduce_on_plateau`",
            "depend on losses",
            "--format rust, c or bytes",
        ],
    );
    let sweep = swept("exported");
    refuses(
        &sweep,
        &table(&["--trial", "6", "--steps", "0..41"]),
        &["the rate at step 40 is inf", "end --steps before it"],
    );
    refuses(
        &sweep,
        &table(&["--steps", "0..16777217"]),
        &["spans 16777217 steps, a table at most 16777216"],
    );
    refuses(&sweep, &table(&["--stride", "0"]), &["--stride"]);
    refuses(
        &sweep,
        &table(&["--steps", "0..10:2"]),
        &["one range", "--stride"],
    );
    refuses(&sweep, &table(&["--steps", "1,2"]), &["one range"]);
    refuses(
        &sweep,
        &table(&["--steps", "5..5"]),
        &["the range is empty"],
    );
    refuses(&sweep, &table(&["--steps", "0..x"]), &["not a step"]);
    refuses(
        &sweep,
        &table(&["--flash", "many"]),
        &["--flash", "64K or 1M"],
    );
}

#[test]
fn a_table_that_does_not_fit_says_how_it_would() {
    // Forty rates, and sixty with sixty momenta beside them.
    for (name, steps, columns) in [("exported", 40, 1), ("cycled_momentum", 60, 2)] {
        let sweep = swept(name);
        let flash = |bytes: usize| {
            ["--format", "table", "--flash"]
                .map(str::to_owned)
                .into_iter()
                .chain([bytes.to_string()])
        };
        let exactly = 4 * columns * steps;
        let fits: Vec<String> = flash(exactly).collect();
        let fits: Vec<&str> = fits.iter().map(String::as_str).collect();
        assert_eq!(
            exported_text(&sweep, &fits),
            exported_text(&sweep, &["--format", "table"])
        );
        for bytes in [exactly - 1, exactly / 2, 4 * columns] {
            let given: Vec<String> = flash(bytes).collect();
            let given: Vec<&str> = given.iter().map(String::as_str).collect();
            // One more than the last that is too small.
            let stride = (1..).find(|stride| 4 * columns * steps.div_ceil(*stride) <= bytes);
            let stride = stride.expect("one rate fits").to_string();
            refuses(
                &sweep,
                &given,
                &[
                    &format!("the table takes {exactly} bytes and --flash leaves {bytes} bytes"),
                    &format!("--stride {stride} is the smallest stride that fits"),
                    "--format rust, c or bytes",
                ],
            );
            exported(&sweep, &[&given[..], &["--stride", &stride]].concat());
        }
        let given: Vec<String> = flash(4 * columns - 1).collect();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        refuses(&sweep, &given, &["no stride makes it fit"]);
    }
}

#[test]
fn steps_beyond_the_training_are_told() {
    let sweep = swept("exported");
    let run = run(
        &[
            "export",
            text(&sweep),
            "--format",
            "table",
            "--steps",
            "0..100",
        ],
        "",
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("the trial took 40 steps, the table goes to step 99"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("#define TUNED_TABLE_LEN 100u"));
}

#[test]
fn options_of_another_format() {
    let sweep = swept("exported");
    for option in [
        ["--lang", "rust"],
        ["--steps", "0..5"],
        ["--stride", "2"],
        ["--flash", "16K"],
    ] {
        for format in ["rust", "c", "bytes"] {
            let given = [&["--format", format], &option[..]].concat();
            refuses(
                &sweep,
                &given,
                &[option[0], "is of a table", "--format table"],
            );
        }
    }
    refuses(
        &sweep,
        &["--format", "bytes", "--name", "x"],
        &["no names in bytes"],
    );
    refuses(&sweep, &[], &["--format"]);
    refuses(
        &sweep,
        &["--format", "toml"],
        &["toml", "rust, c, bytes, table"],
    );
    refuses(
        &sweep,
        &["--format", "c", "--name", "a-b"],
        &["--name", "must be an identifier"],
    );
    refuses(
        &sweep,
        &["--format", "c", "--name", "Hairpin"],
        &["`hairpin_schedule` is a type of the C interface"],
    );
    refused(&["export", "--format", "c"], &["SWEEP_DIR"]);
}

#[test]
fn a_file_that_cannot_be_written() {
    let sweep = swept("exported");
    let place = tempfile::tempdir().expect("a directory");
    let out = place.path().join("missing/tuned.rs");
    refuses(
        &sweep,
        &["--format", "rust", "-o", text(&out)],
        &["tuned.rs"],
    );
    let directory = text(place.path());
    refuses(&sweep, &["--format", "rust", "-o", directory], &[directory]);
    assert_eq!(
        std::fs::read_dir(place.path())
            .expect("a directory")
            .count(),
        0
    );
}

#[test]
fn bytes_do_not_go_to_a_terminal() {
    // `script` runs a command on a terminal of its own.
    let exports = format!(
        "{} export {} --format",
        text(Path::new(hairpin().get_program())),
        text(&swept("exported"))
    );
    let on_terminal = |format: &str| {
        Command::new("script")
            .args(["--quiet", "--return", "--command"])
            .arg(format!("{exports} {format}"))
            .arg("/dev/null")
            .output()
    };
    let Ok(bytes) = on_terminal("bytes") else {
        eprintln!("skipped: there is no `script`; apt-get install bsdutils");
        return;
    };
    let told = String::from_utf8_lossy(&bytes.stdout).into_owned();
    assert_eq!(bytes.status.code(), Some(2), "{told}");
    assert!(
        told.contains("bytes are not for a terminal") && told.contains("-o FILE"),
        "{told}"
    );
    let header = on_terminal("c").expect("it ran before");
    assert_eq!(header.status.code(), Some(0));
}
