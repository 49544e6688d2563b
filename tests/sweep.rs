//! `hairpin sweep`, `table` and `explain` as a user runs them: what they write, what stops them, what they refuse.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[path = "support/command.rs"]
mod command;

use command::{Run, hairpin, refused, run};

fn spec(name: &str) -> String {
    format!("{}/specs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

/// Every file below a directory, by name.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| {
            let path = entry.expect("readable").path();
            let content = std::fs::read(&path).expect("a file");
            (path.file_name().expect("named").into(), content)
        })
        .collect()
}

/// Two directories hold the same files with the same bytes.
fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(
        a.keys().collect::<Vec<_>>(),
        b.keys().collect::<Vec<_>>(),
        "the same files"
    );
    for (name, content) in &a {
        assert!(b[name] == *content, "{} differs", name.display());
    }
}

fn sweep(spec: &str, out: &Path) -> Run {
    run(&["sweep", spec, "-o", text(out)], "")
}

#[test]
fn a_sweep_writes_everything_once_and_then_prints_it_again() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("new/deep");
    let first = sweep(&spec("short.toml"), &out);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(first.stdout.contains("short: 96 trials, 60 steps each"));
    assert!(!first.stderr.contains('█'), "no bar where nobody looks");
    let before = files(&out);
    for name in [
        "index.html",
        "results.csv",
        "tables.npy",
        "losses.npy",
        "accuracies.npy",
        "manifest.json",
    ] {
        assert!(before.contains_key(Path::new(name)), "{name} is missing");
    }
    assert!(
        before
            .keys()
            .any(|name| name.extension().is_some_and(|e| e == "svg"))
    );
    assert!(!before.contains_key(Path::new("journal")));
    let again = sweep(&spec("short.toml"), &out);
    assert_eq!((again.code, again.stdout), (Some(0), first.stdout));
    assert_eq!(files(&out), before);
}

#[test]
fn threads_do_not_show_in_any_file() {
    let directory = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        let out = directory.path().join(name).join(threads);
        let status = hairpin()
            .args(["sweep", &spec(name), "-o", text(&out)])
            .env("RAYON_NUM_THREADS", threads)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        out
    };
    // The second holds schedules of other libraries and a momentum that goes with the step, the third schedules that move it.
    for name in ["short.toml", "libraries.toml", "cycled_momentum.toml"] {
        assert_same(&run(name, "1"), &run(name, "3"));
    }
}

/// Starts the long sweep, stops it with `signal` once it is under way, and gives its exit status.
fn stop_in_the_middle(out: &Path, signal: &str) -> Option<i32> {
    let mut child = hairpin()
        .args(["sweep", &spec("long.toml"), "-o", text(out)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !out.join("journal").exists() && begun.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    // Somewhere inside the first blocks: well after it listens to signals, well before it is through.
    sleep(Duration::from_millis(300));
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(
        sent.success(),
        "the sweep was over before it could be stopped"
    );
    child.wait().unwrap().code()
}

#[test]
fn a_stopped_sweep_ends_with_the_bytes_of_one_that_was_not() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole");
    assert_eq!(sweep(&spec("long.toml"), &whole).code, Some(0));
    for (signal, code) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-KILL", None)] {
        let stopped = directory.path().join(signal);
        // Twice, so that a block that was resumed is stopped again.
        for _ in 0..2 {
            assert_eq!(stop_in_the_middle(&stopped, signal), code, "{signal}");
            assert!(stopped.join("journal").exists());
            assert!(!stopped.join("results.csv").exists());
        }
        // As a kill in the middle of a file leaves it.
        std::fs::write(stopped.join(".hairpin-half.tmp"), "half a file").unwrap();
        let resumed = sweep(&spec("long.toml"), &stopped);
        assert_eq!(resumed.code, Some(0), "{signal}: {}", resumed.stderr);
        assert_same(&whole, &stopped);
    }
}

#[test]
fn a_directory_with_anything_else_in_it_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("taken");
    assert_eq!(sweep(&spec("short.toml"), &out).code, Some(0));
    let before = files(&out);
    refused(
        &["sweep", &spec("long.toml"), "-o", text(&out)],
        &["holds another sweep (short", "-o"],
    );
    assert_eq!(files(&out), before);
    let foreign = directory.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.txt"), "years of work").unwrap();
    refused(
        &["sweep", &spec("short.toml"), "-o", text(&foreign)],
        &["is not empty and holds no sweep", "-o"],
    );
    assert_eq!(files(&foreign).len(), 1);
    // A file where the directory should be.
    let file = directory.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    refused(
        &["sweep", &spec("short.toml"), "-o", text(&file)],
        &["file", "-o"],
    );
    refused(&["explain", "-o", text(&file)], &["file", "-o"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"kept");
}

#[test]
fn a_journal_of_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let diary = directory.path().join("diary");
    std::fs::create_dir(&diary).unwrap();
    std::fs::write(diary.join("journal"), "dear diary").unwrap();
    // One whose manifest was lost, of another seed: its trials are not these.
    let other = directory.path().join("other");
    stop_in_the_middle(&other, "-KILL");
    std::fs::remove_file(other.join("manifest.json")).unwrap();
    for out in [diary, other] {
        let before = files(&out);
        refused(
            &["sweep", &spec("short.toml"), "-o", text(&out)],
            &["journal is not this sweep's", "-o"],
        );
        assert_eq!(files(&out), before);
    }
}

#[test]
fn a_table_does_not_overwrite_anything_else() {
    let directory = tempfile::tempdir().unwrap();
    let spec_of = |trials: u32| {
        let path = directory.path().join(format!("{trials}.toml"));
        let text = format!(
            "method = \"random\"\ntrials = {trials}\n[train]\nsteps = 9\n[[schedules]]\n\
             kind = \"lambda\"\nlearning_rate = {{ min = 0.1, max = 0.2 }}\nfactor = \"1 / (step - 3)\"\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    };
    let (three, four) = (spec_of(3), spec_of(4));
    let out = directory.path().join("swept");
    assert_eq!(sweep(text(&three), &out).code, Some(0));
    let before = files(&out);
    refused(
        &["table", text(&three), "-o", text(&out)],
        &["manifest.json is not a table's", "-o"],
    );
    assert_eq!(files(&out), before);
    let rates = directory.path().join("rates");
    for _ in 0..2 {
        let table = run(&["table", text(&three), "-o", text(&rates)], "");
        assert_eq!(table.code, Some(0), "{}", table.stderr);
        assert!(
            table
                .stderr
                .contains("trial 0 at step 3 is the first that is no finite number"),
            "{}",
            table.stderr
        );
    }
    let before = files(&rates);
    assert_eq!(before.len(), 2);
    refused(
        &["table", text(&four), "-o", text(&rates)],
        &["another specification", "-o"],
    );
    assert_eq!(files(&rates), before);
    // The rate is infinite at step 3: the trials end there, and say why.
    let results = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert_eq!(results.matches(",3,rate,").count(), 3, "{results}");
}

#[test]
fn two_at_once_do_not_meet() {
    let directory = tempfile::tempdir().unwrap();
    let (out, alone) = (directory.path().join("out"), directory.path().join("alone"));
    let start = || {
        hairpin()
            .args(["sweep", &spec("long.toml"), "-o", text(&out)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut children: Vec<_> = (0..3).map(|_| start()).collect();
    let codes: Vec<_> = children
        .iter_mut()
        .map(|child| child.wait().unwrap().code())
        .collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(
        codes.iter().all(|code| matches!(code, Some(0 | 2))),
        "{codes:?}"
    );
    assert_eq!(sweep(&spec("long.toml"), &alone).code, Some(0));
    assert_same(&out, &alone);
}

#[test]
fn more_trials_than_memory_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let many = directory.path().join("many.toml");
    let text_of = std::fs::read_to_string(spec("short.toml")).unwrap();
    std::fs::write(
        &many,
        text_of.replace("trials = 96", "trials = 9223372036854775807"),
    )
    .unwrap();
    let out = directory.path().join("out");
    refused(
        &["sweep", text(&many), "-o", text(&out)],
        &["trials = 9223372036854775807", "4194304"],
    );
    assert!(!out.exists());
}

#[test]
fn a_loss_that_is_not_finite_leads_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let spec = directory.path().join("last.toml");
    std::fs::write(
        &spec,
        "method = \"grid\"\nmetric = { name = \"val_accuracy\" }\n[train]\nsteps = 20\n[[schedules]]\n\
         kind = \"piecewise_constant\"\nboundaries = [19]\nvalues = [0.1, 3.0e38]\n",
    )
    .unwrap();
    let out = directory.path().join("out");
    let first = sweep(text(&spec), &out);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let again = sweep(text(&spec), &out);
    assert_eq!((again.code, again.stdout), (Some(0), first.stdout));
}

#[test]
fn a_closed_or_full_standard_output_is_no_panic() {
    let directory = tempfile::tempdir().unwrap();
    let lesson = directory.path().join("lesson");
    let out = directory.path().join("out");
    for arguments in [
        ["explain", "-o", text(&lesson)].to_vec(),
        ["sweep", &spec("short.toml"), "-o", text(&out)].to_vec(),
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = hairpin().args(&arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("cannot write to standard output"),
            "{stderr}"
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = hairpin().args(&arguments).stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_sweep_that_was_begun_on_other_data_does_not_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let csv = directory.path().join("flowers.csv");
    std::fs::write(&csv, flowers(60)).unwrap();
    let spec = directory.path().join("flowers.toml");
    std::fs::write(&spec, CSV_SPEC).unwrap();
    let out = directory.path().join("out");
    assert_eq!(sweep(text(&spec), &out).code, Some(0));
    // As if it had been stopped, and the data edited since.
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    std::fs::write(
        out.join("manifest.json"),
        manifest.replace("\"finished\"", "\"running\""),
    )
    .unwrap();
    std::fs::write(&csv, flowers(61)).unwrap();
    refused(
        &["sweep", text(&spec), "-o", text(&out)],
        &["was begun with data", "-o"],
    );
    std::fs::write(&csv, flowers(60)).unwrap();
    assert_eq!(sweep(text(&spec), &out).code, Some(0));
}

const CSV_SPEC: &str = r#"
method = "grid"
[train]
data  = "flowers.csv"
label = "species"
model = "mlp"
hidden = 4
steps = 30
batch = 8
[[schedules]]
kind = "exponential"
learning_rate = { values = [0.01, 0.1, 1.0] }
gamma = 0.99
"#;

/// Two kinds of flowers that differ in both measures.
fn flowers(rows: u32) -> String {
    let mut csv = String::from("petal,sepal,species\n");
    for row in 0..rows {
        let (kind, base) = if row % 2 == 0 {
            ("setosa", 1.0)
        } else {
            ("virginica", 3.0)
        };
        let wobble = f64::from(row % 7) / 10.0;
        csv += &format!("{},{},{kind}\n", base + wobble, 5.0 - base + wobble);
    }
    csv
}

#[test]
fn a_csv_of_the_users_own_is_learned() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("flowers.csv"), flowers(60)).unwrap();
    let spec = directory.path().join("flowers.toml");
    std::fs::write(&spec, CSV_SPEC).unwrap();
    let out = directory.path().join("out");
    let run = sweep(text(&spec), &out);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("accuracy 1.0000"), "{}", run.stdout);
    // What a user gets wrong about a CSV.
    for (csv, told) in [
        (flowers(60).replace("species", "kind"), ["species", "kind"]),
        (flowers(60) + "1,2\n", ["62", "3"]),
        (flowers(60) + "1,much,setosa\n", ["62", "much"]),
        (flowers(60) + "nan,2,setosa\n", ["62", "nan"]),
    ] {
        std::fs::write(directory.path().join("flowers.csv"), csv).unwrap();
        let fresh = directory.path().join("fresh");
        refused(&["sweep", text(&spec), "-o", text(&fresh)], &told);
        assert!(!fresh.exists());
    }
    std::fs::remove_file(directory.path().join("flowers.csv")).unwrap();
    let fresh = directory.path().join("fresh");
    refused(
        &["sweep", text(&spec), "-o", text(&fresh)],
        &["flowers.csv"],
    );
}

#[test]
fn a_table_holds_the_rates_that_lr_prints() {
    let example = format!(
        "{}/../host/examples/digits.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let small = std::fs::read_to_string(example)
        .unwrap()
        .replace("trials = 4096", "trials = 40");
    table_and_lr_agree(&small, 300, &[0, 17, 39]);
    let libraries = std::fs::read_to_string(spec("libraries.toml")).unwrap();
    table_and_lr_agree(&libraries, 60, &[0, 1, 2, 3, 4, 5]);
    let cycled = std::fs::read_to_string(spec("cycled_momentum.toml")).unwrap();
    table_and_lr_agree(&cycled, 60, &[0, 1, 2, 3]);
}

fn table_and_lr_agree(content: &str, steps: usize, trials: &[usize]) {
    let directory = tempfile::tempdir().unwrap();
    let spec = directory.path().join("small.toml");
    std::fs::write(&spec, content).unwrap();
    let (rates, out) = (directory.path().join("rates"), directory.path().join("out"));
    let table = run(&["table", text(&spec), "-o", text(&rates)], "");
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    assert_eq!(sweep(text(&spec), &out).code, Some(0));
    let cells = std::fs::read(rates.join("table.npy")).unwrap();
    assert_eq!(cells, std::fs::read(out.join("tables.npy")).unwrap());
    let results = std::fs::read_to_string(out.join("results.csv")).unwrap();
    let all = results.lines().count() - 1;
    let cells = &cells[cells.len() - all * steps * 4..];
    for &trial in trials {
        let row = results.lines().nth(trial + 1).unwrap();
        let schedule = row
            .split_once("\"{")
            .unwrap()
            .1
            .strip_suffix("}\"")
            .unwrap();
        let schedule = format!("{{{}}}", schedule.replace("\"\"", "\""));
        let range = format!("0..{steps}");
        let lr = run(
            &[
                "lr",
                "--schedule",
                &schedule,
                "--steps",
                &range,
                "--format",
                "bits",
            ],
            "",
        );
        let row: String = cells[trial * steps * 4..][..steps * 4]
            .chunks(4)
            .map(|cell| format!("{:08x}\n", u32::from_le_bytes(cell.try_into().unwrap())))
            .collect();
        assert_eq!(lr.stdout, row, "trial {trial}");
    }
}

#[test]
fn what_has_no_table_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("rates");
    refused(
        &["table", &spec("short.toml"), "-o", text(&out)],
        &["reduce_on_plateau", "depend on losses", "hairpin sweep"],
    );
    let walked = directory.path().join("walked.toml");
    let schedule = "kind = \"multiplicative\"\nlearning_rate = 0.1\nfactor = \"0.9\"\n";
    let document = format!(
        "method = \"grid\"\n[train]\ndata = \"digits\"\nmodel = \"softmax\"\nsteps = 5\nbatch = 8\n[[schedules]]\n{schedule}"
    );
    std::fs::write(&walked, document).unwrap();
    refused(
        &["table", text(&walked), "-o", text(&out)],
        &["multiplicative", "is walked step by step", "hairpin sweep"],
    );
    assert!(!out.exists());
}

#[test]
fn a_backend_that_is_not_there_says_so() {
    if hairpin_cuda::Gpu::open().is_ok() {
        eprintln!("skipped: here is a GPU, so that none cannot be missing");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    refused(
        &[
            "sweep",
            &spec("short.toml"),
            "-o",
            text(&out),
            "--backend",
            "cuda",
        ],
        &["--backend cuda: ", "NVIDIA", "--backend auto"],
    );
    assert!(!out.exists());
}

#[test]
fn the_lesson_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("lesson");
    let run = run(&["explain", "-o", text(&out)], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for line in run.stdout.lines() {
        assert!(Path::new(line).exists(), "{line}");
    }
    assert!(out.join("explain.html").exists());
}

/// A disk without room: a limit on the size of files, which every machine lets a test set, and a file system of one megabyte
/// where it may also mount one. The system has a word of its own for each; `hairpin` must take both for the same thing.
#[test]
fn a_full_disk_is_told_and_leaves_no_half_file() {
    let directory = tempfile::tempdir().unwrap();
    let mounts = Command::new("unshare")
        .args(["--mount", "--map-root-user", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let limited = "trap '' XFSZ && ulimit -f 1024";
    for (shell, prepare) in [
        (vec!["sh", "-c"], limited.to_owned()),
        (
            vec!["unshare", "--mount", "--map-root-user", "sh", "-c"],
            format!("mount -t tmpfs -o size=1m tmpfs {}", text(directory.path())),
        ),
    ]
    .into_iter()
    .take(if mounts { 2 } else { 1 })
    {
        let script = format!(
            "{prepare} && echo kept > {dir}/old; \
             {hairpin} table {spec} -o {dir}/rates; echo \"status $?\"; ls -A {dir} {dir}/rates",
            dir = text(directory.path()),
            hairpin = hairpin().get_program().to_str().unwrap(),
            spec = format_args!(
                "{}/../host/examples/digits.toml",
                env!("CARGO_MANIFEST_DIR")
            ),
        );
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .arg(&script)
            .output()
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(stdout.contains("status 2"), "{prepare}: {stdout}{stderr}");
        assert!(stderr.contains("no room left"), "{prepare}: {stderr}");
        assert!(stdout.contains("old"), "{prepare}: {stdout}");
        for left in ["table.npy", "manifest.json", ".hairpin-"] {
            assert!(
                !stdout.contains(left),
                "{prepare}: {left} is left: {stdout}"
            );
        }
    }
}
