//! `hairpin lr` as scripts call it: what it prints where, and how it exits.

#[path = "support/command.rs"]
mod command;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use command::{hairpin, run};
use hairpin_core::{Exponential, Schedule};

const EXPONENTIAL: &str = "kind = \"exponential\", learning_rate = 0.1, gamma = 0.9";

fn lr(arguments: &[&str]) -> command::Run {
    let mut all = vec!["lr"];
    all.extend_from_slice(arguments);
    run(&all, "")
}

fn refused(arguments: &[&str], told: &[&str]) {
    let mut all = vec!["lr"];
    all.extend_from_slice(arguments);
    command::refused(&all, told);
}

#[test]
fn rates_come_in_every_format() {
    let rates = |format: &str| {
        let run = lr(&[
            "--schedule",
            EXPONENTIAL,
            "--steps",
            "0..11:5",
            "--format",
            format,
        ]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        run.stdout
    };
    assert_eq!(rates("text"), " 0  0.1\n 5  0.059049\n10  0.034867845\n");
    assert_eq!(rates("csv"), "step,lr\n0,0.1\n5,0.059049\n10,0.034867845\n");
    assert_eq!(
        rates("jsonl"),
        "{\"step\":0,\"lr\":0.1}\n{\"step\":5,\"lr\":0.059049}\n{\"step\":10,\"lr\":0.034867845}\n"
    );
    let schedule = Exponential::new(0.1, 0.9).expect("sound");
    let bits: String = [0, 5, 10]
        .map(|step| format!("{:08x}\n", schedule.lr(step).to_bits()))
        .concat();
    assert_eq!(rates("bits"), bits);
}

#[test]
fn a_schedule_can_be_written_in_several_ways() {
    let file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .expect("a file");
    std::fs::write(
        file.path(),
        "kind: exponential\nlearning_rate: 0.1\ngamma: 0.9\n",
    )
    .expect("written");
    let at_file = format!("@{}", file.path().display());
    let braced = format!("{{ {EXPONENTIAL} }}");
    let json = r#"{"kind": "exponential", "learning_rate": 0.1, "gamma": 0.9}"#;
    let lines = EXPONENTIAL.replace(", ", "\n");
    for schedule in [EXPONENTIAL, &braced, json, &lines, &at_file] {
        let run = lr(&["--schedule", schedule, "--steps", "5"]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(0), "5  0.059049\n"),
            "{schedule}: {}",
            run.stderr
        );
    }
}

#[test]
fn wrong_schedules_are_refused_with_the_remedy() {
    let refused =
        |schedule: &str, told: &[&str]| refused(&["--schedule", schedule, "--steps", "0"], told);
    refused(
        "kind = \"cosine_anealing\"",
        &["schedule.kind", "did you mean `cosine_annealing`?"],
    );
    refused(
        "kind = \"exponential\", learning_rate = 0.1, gama = 0.9",
        &["schedule.gama", "did you mean `gamma`?"],
    );
    refused(
        "kind = \"constant\", learning_rate = nan",
        &["schedule.learning_rate = NaN", "finite"],
    );
    refused(
        "kind = \"cosine_annealing\", learning_rate = 0.1, t_max = 0",
        &[
            "schedule.t_max = 0",
            "must be at least 1",
            "\"constant\"",
            "t_max = 0",
        ],
    );
    refused(
        "kind = \"constant\", learning_rate = { values = [1.0, 2.0] }",
        &["must be one value"],
    );
    refused(
        "kind = \"lambda\", learning_rate = 1.0, factor = \"2 **\"",
        &["schedule.factor", "0.95 ** step"],
    );
    refused("kind = ", &["not TOML"]);
    refused("@no/such/file.toml", &["no/such/file.toml"]);
}

#[test]
fn wrong_steps_are_refused() {
    for steps in ["4294967296", "0..4294967297", "-1", "5..5", "0..9:0", "x"] {
        refused(
            &["--schedule", EXPONENTIAL, "--steps", steps],
            &["steps", "help:"],
        );
    }
    let run = lr(&[
        "--schedule",
        EXPONENTIAL,
        "--steps",
        "4294967295..4294967296",
    ]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "4294967295  0.0\n")
    );
}

#[test]
fn feedback_schedules_need_losses_and_answer_after_each() {
    let plateau = "kind = \"reduce_on_plateau\", learning_rate = 1.0, factor = 0.5, patience = 0, threshold_mode = \"abs\"";
    refused(
        &["--schedule", plateau, "--steps", "0"],
        &["losses", "--losses"],
    );
    refused(
        &["--schedule", plateau, "--steps", "0..3", "--losses", "1,1"],
        &["step 2 has no loss", "--losses"],
    );
    refused(
        &["--schedule", plateau, "--steps", "0", "--losses", "1,x"],
        &["losses[1] = x"],
    );
    let run = lr(&[
        "--schedule",
        plateau,
        "--steps",
        "2,0,1",
        "--losses",
        "-1,-1,nan",
        "--format",
        "csv",
    ]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "step,lr\n2,0.25\n0,1.0\n1,0.5\n"),
        "{}",
        run.stderr
    );
    let run = lr(&["--schedule", EXPONENTIAL, "--steps", "5", "--losses", "1"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "5  0.059049\n"),
        "losses do not change other schedules"
    );
}

#[test]
fn usage_is_told_with_status_2() {
    refused(&[], &["--schedule", "--jsonl"]);
    refused(&["--schedule", EXPONENTIAL], &["--steps"]);
    refused(&["--steps", "0"], &["--schedule"]);
    refused(
        &["--jsonl", "-", "--schedule", EXPONENTIAL, "--steps", "0"],
        &["cannot be used with"],
    );
    refused(
        &["--schedule", EXPONENTIAL, "--steps", "0", "--format", "hex"],
        &["bits"],
    );
    let help = lr(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("Examples:"));
}

#[test]
fn the_first_non_finite_rate_is_reported_beside_the_output() {
    let run = lr(&[
        "--schedule",
        "kind = \"lambda\", learning_rate = 1.0, factor = \"log(2 - step)\"",
        "--steps",
        "0..5",
    ]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stdout,
        "0  0.6931472\n1  0.0\n2  -Infinity\n3  NaN\n4  NaN\n"
    );
    assert!(
        run.stderr.contains("at step 2 is -Infinity"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_broken_line_does_not_stop_the_others() {
    let good = r#"{"schedule":{"kind":"step","learning_rate":1.0,"step_size":30},"steps":[0,30,4294967295]}"#;
    let input =
        format!("{good}\n{{\"schedule\": oops}}\r\n\n  \n{good}\n{{\"steps\":[0]}}\n{good}");
    let run = run(&["lr", "--jsonl", "-"], &input);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    let answer = r#"{"lr":[1.0,0.1,0.0]}"#;
    assert_eq!([lines[0], lines[2], lines[4]], [answer; 3]);
    assert!(
        lines[1].starts_with(r#"{"error":"line 2, column 14: not JSON"#),
        "{}",
        lines[1]
    );
    assert!(
        lines[3].starts_with(r#"{"error":"line 6, column 1: `schedule`: is missing"#),
        "{}",
        lines[3]
    );
    assert_eq!(lines.len(), 5);
}

#[test]
fn json_lines_are_read_from_a_file_too() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(
        file,
        r#"{{"schedule":{{"kind":"constant","learning_rate":0.5}},"steps":[7]}}"#
    )
    .expect("written");
    file.write_all(b"{\"schedule\": \"\xff\"}\n")
        .expect("written");
    let path = file.path().to_str().expect("UTF-8").to_owned();
    let run = lr(&["--jsonl", &path]);
    assert_eq!(run.code, Some(0));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "{\"lr\":[0.5]}"));
    assert!(lines[1].starts_with("{\"error\":"));
    let missing = lr(&["--jsonl", "no/such/file.jsonl"]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("no/such/file.jsonl"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_program_that_waits_for_each_answer_gets_it() {
    let mut child = hairpin()
        .args(["lr", "--jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("hairpin starts");
    let mut ask = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped"));
    for rate in ["0.5", "0.25"] {
        let schedule = format!(r#"{{"kind":"constant","learning_rate":{rate}}}"#);
        writeln!(ask, r#"{{"schedule":{schedule},"steps":[0]}}"#).expect("asked");
        let mut answer = String::new();
        answers.read_line(&mut answer).expect("answered");
        assert_eq!(answer, format!("{{\"lr\":[{rate}]}}\n"));
    }
    drop(ask);
    assert!(child.wait().expect("ends").success());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = hairpin()
        .args(["lr", "--schedule", EXPONENTIAL, "--steps", "0..4294967296"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hairpin starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut first)
        .expect("a line");
    assert_eq!(first, "         0  0.1\n");
    let ended = child.wait_with_output().expect("ends");
    assert_eq!(
        (ended.status.code(), ended.stderr.is_empty()),
        (Some(0), true)
    );
}
