//! `hairpin convert` as a person calls it: what it prints is the same schedule.

#[path = "support/command.rs"]
mod command;

/// What the command printed, compiled.
#[path = "cli_convert/exported.rs"]
mod exported;

use std::path::Path;
use std::process::Command;

use command::{Run, run};
use hairpin_core::Schedule;

/// Schedules of libraries and of our own, with other schedules inside, with momentum and with losses.
const SCHEDULES: &[&str] = &[
    r#"kind = "constant", learning_rate = 1e-7"#,
    r#"kind = "lambda", learning_rate = 0.1, factor = "0.95 ** step if step < 50 else 1e-3""#,
    r#"kind = "linear_warmup", warmup_steps = 5, start_lr = 0.0, end_lr = 0.3, after = { kind = "reduce_on_plateau", learning_rate = 0.3, patience = 0 }"#,
    r#"kind = "sequential", milestones = [10, 20], schedules = [0.1, { kind = "exponential", learning_rate = 0.1, gamma = 0.9 }, { kind = "product", schedules = [0.5, { kind = "step", learning_rate = 0.1, step_size = 7 }] }]"#,
    r#"kind = "torch.OneCycleLR", max_lr = 0.1, total_steps = 30"#,
    r#"kind = "torch.CosineAnnealingLR", lr = 0.1, T_max = 10"#,
    r#"kind = "torch.SequentialLR", lr = 0.1, milestones = [4], schedulers = [{ kind = "torch.LinearLR", total_iters = 4 }, { kind = "torch.ExponentialLR", gamma = 0.9 }]"#,
];

/// What the Rust of `exported.rs` was made from.
const EXPORTED: &str = r#"kind = "torch.OneCycleLR", max_lr = 0.1, total_steps = 100"#;

fn convert(arguments: &[&str]) -> Run {
    let mut all = vec!["convert"];
    all.extend_from_slice(arguments);
    run(&all, "")
}

fn converted(arguments: &[&str]) -> String {
    let run = convert(arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    run.stdout
}

fn refused(arguments: &[&str], told: &[&str]) {
    let mut all = vec!["convert"];
    all.extend_from_slice(arguments);
    command::refused(&all, told);
}

/// The bits of the rates of a schedule, with losses that fall and stay.
fn bits(schedule: &str) -> String {
    let losses: Vec<String> = (0..40_u32)
        .map(|step| (9 - step.min(5)).to_string())
        .collect();
    let losses = losses.join(",");
    let lr = [
        "lr",
        "--schedule",
        schedule,
        "--steps",
        "0..40",
        "--losses",
        &losses,
    ];
    let run = run(&[&lr[..], &["--format", "bits"]].concat(), "");
    assert_eq!(run.code, Some(0), "{schedule}: {}", run.stderr);
    run.stdout
}

#[test]
fn the_tables_have_the_same_rates_to_the_bit() {
    for schedule in SCHEDULES {
        let expected = bits(schedule);
        assert_eq!(expected.lines().count(), 40);
        for to in ["toml", "json"] {
            let file = tempfile::Builder::new()
                .suffix(&format!(".{to}"))
                .tempfile()
                .expect("a file");
            let table = converted(&[schedule, "--to", to]);
            assert!(!table.contains("torch."), "{table}");
            std::fs::write(file.path(), &table).expect("written");
            assert_eq!(
                bits(&format!("@{}", file.path().display())),
                expected,
                "{table}"
            );
            assert_eq!(bits(&table), expected, "{table}");
        }
    }
}

#[test]
fn a_table_is_an_alternative_of_a_specification() {
    let table = converted(&[SCHEDULES[6]]);
    let spec = format!(
        "method = \"grid\"\ntrials = 1\n[train]\ndata = \"digits\"\nmodel = \"softmax\"\nsteps = 10\nbatch = 8\n\n[[schedules]]\n{table}"
    );
    let file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a file");
    std::fs::write(file.path(), &spec).expect("written");
    let loaded = hairpin_host::spec::Spec::load(file.path());
    assert!(loaded.is_ok(), "{spec}: {:?}", loaded.err());
}

#[test]
fn the_option_and_the_argument_are_the_same() {
    assert_eq!(
        converted(&["--schedule", SCHEDULES[0]]),
        converted(&[SCHEDULES[0]])
    );
    assert_eq!(
        converted(&[SCHEDULES[0]]),
        "kind = \"constant\"\nlearning_rate = 1.0e-7\n"
    );
}

#[test]
fn the_printed_rust_is_up_to_date_and_runs() {
    assert_eq!(
        converted(&[EXPORTED, "--to", "rust"]),
        include_str!("cli_convert/exported.rs")
    );
    let schedule = exported::schedule().expect("its own bytes");
    let momentum = exported::schedule_momentum().expect("its own bytes");
    let of_lr = [
        "lr",
        "--schedule",
        EXPORTED,
        "--steps",
        "0..120",
        "--momentum",
        "--format",
        "bits",
    ];
    let both: String = (0..120)
        .map(|step| {
            let (lr, momentum) = (schedule.lr(step).to_bits(), momentum.lr(step).to_bits());
            format!("{lr:08x} {momentum:08x}\n")
        })
        .collect();
    assert_eq!(run(&of_lr, "").stdout, both);
}

#[test]
fn the_printed_c_compiles_without_a_warning() {
    let dir = tempfile::tempdir().expect("a directory");
    let header = converted(&[EXPORTED, "--to", "c"]);
    std::fs::write(dir.path().join("schedule.h"), header).expect("written");
    let program = "#include \"schedule.h\"\n#include \"schedule.h\"\n\
        typedef char schedule_len[sizeof schedule_bytes == SCHEDULE_BYTES_LEN ? 1 : -1];\n\
        typedef char momentum_nodes[SCHEDULE_MOMENTUM_BYTES_PIECES > 0 && sizeof schedule_momentum_bytes > 0 ? 1 : -1];\n";
    compiles(dir.path(), program);
}

#[test]
fn two_headers_stand_beside_one_another() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, schedule) in [("one", EXPORTED), ("Other", SCHEDULES[1])] {
        let header = converted(&[schedule, "--to", "c", "--name", name]);
        std::fs::write(dir.path().join(format!("{name}.h")), header).expect("written");
    }
    let program = "#include \"one.h\"\n#include \"Other.h\"\n\
        typedef char one[sizeof one_bytes == ONE_BYTES_LEN && ONE_BYTES_PIECES > 0 ? 1 : -1];\n\
        typedef char momentum[sizeof one_momentum_bytes == ONE_MOMENTUM_BYTES_LEN ? 1 : -1];\n\
        typedef char other[sizeof other_bytes == OTHER_BYTES_LEN && OTHER_BYTES_PIECES > 0 ? 1 : -1];\n";
    compiles(dir.path(), program);
}

#[test]
fn rust_items_have_the_name_too() {
    let rust = converted(&[EXPORTED, "--to", "rust", "--name", "Cycle"]);
    for item in [
        "pub const CYCLE: [u8;",
        "pub fn cycle() ->",
        "from_record(&CYCLE)",
        "pub const CYCLE_MOMENTUM: [u8;",
        "pub fn cycle_momentum() ->",
        "from_record(&CYCLE_MOMENTUM)",
    ] {
        assert!(rust.contains(item), "{item}: {rust}");
    }
}

/// Checks a C program beside the headers in a directory, warnings included.
fn compiles(dir: &Path, program: &str) {
    std::fs::write(dir.join("use.c"), program).expect("written");
    // The linker that Rust itself needs is a C compiler.
    let checked = Command::new("cc")
        .current_dir(dir)
        .args([
            "-std=c99",
            "-Wall",
            "-pedantic",
            "-Werror",
            "-fsyntax-only",
            "use.c",
        ])
        .output()
        .expect("cc runs");
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn momentum_is_told_in_comments_and_beside_json() {
    let toml = converted(&[EXPORTED]);
    let (schedule, momentum) = toml.split_once("\n# The momentum").expect("a momentum");
    assert!(schedule.contains("kind = \"one_cycle\""), "{toml}");
    let lines: Vec<&str> = momentum.lines().skip(1).collect();
    assert!(lines[0].starts_with("# momentum = {"), "{toml}");
    assert!(lines.iter().all(|line| line.starts_with("# ")), "{toml}");
    let json = convert(&[EXPORTED, "--to", "json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&json.stdout).is_ok());
    assert!(
        json.stderr.contains("note: its momentum is {\"kind\":"),
        "{}",
        json.stderr
    );
}

#[test]
fn what_is_wrong_is_refused_with_the_remedy() {
    refused(&[], &["TABLE|@FILE"]);
    refused(&["--to", "toml"], &["TABLE|@FILE"]);
    refused(
        &[SCHEDULES[0], "--schedule", SCHEDULES[0]],
        &["cannot be used with"],
    );
    refused(
        &[SCHEDULES[0], "--to", "python"],
        &["python", "toml, json, rust, c"],
    );
    for name in ["2nd", "a-b", ""] {
        refused(
            &[SCHEDULES[0], "--to", "c", "--name", name],
            &["--name", "must be an identifier"],
        );
    }
    refused(
        &[SCHEDULES[0], "--to", "rust", "--name", "match"],
        &["match", "a word of the Rust language"],
    );
    refused(&["@no/such.toml"], &["no/such.toml"]);
    refused(&["kind = "], &["not TOML"]);
    refused(
        &["kind = \"torch.SteplR\""],
        &["did you mean `torch.StepLR`?"],
    );
    refused(
        &["kind = \"torch.StepLR\", lr = 0.1, step_size = 3, gama = 0.5"],
        &[
            "schedule.gama",
            "did you mean `gamma`?",
            "arguments of `torch.StepLR`",
        ],
    );
    refused(
        &["kind = \"constant\", learning_rate = { values = [1.0, 2.0] }"],
        &["must be one value"],
    );
    refused(
        &[
            "kind = \"exponential\", learning_rate = nan, gamma = 0.9",
            "--to",
            "c",
        ],
        &["schedule.learning_rate = NaN", "finite"],
    );
}
