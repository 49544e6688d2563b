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

const ONE_CYCLE: &str = "kind = \"torch.OneCycleLR\", max_lr = 0.5, total_steps = 10";

#[test]
fn momentum_stands_beside_the_rate_in_every_format() {
    let rates = |format: &str| {
        let options = ["--steps", "9", "--momentum", "--format", format];
        let run = lr(&[&["--schedule", ONE_CYCLE], &options[..]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        run.stdout
    };
    // At its last step: max_lr / (25 * 1e4), and the largest momentum.
    assert_eq!(rates("csv"), "step,lr,momentum\n9,2e-6,0.95\n");
    assert_eq!(
        rates("jsonl"),
        "{\"step\":9,\"lr\":2e-6,\"momentum\":0.95}\n"
    );
    assert_eq!(rates("text"), "9  2e-6            0.95\n");
    let bits = format!("{:08x} {:08x}\n", 2e-6_f32.to_bits(), 0.95_f32.to_bits());
    assert_eq!(rates("bits"), bits);

    let table = "{\"kind\":\"torch.OneCycleLR\",\"max_lr\":0.5,\"total_steps\":10}";
    let ask = |momentum: &str| {
        let line = format!("{{\"schedule\":{table},\"steps\":[9],\"momentum\":{momentum}}}\n");
        run(&["lr", "--jsonl", "-"], &line).stdout
    };
    assert_eq!(ask("true"), "{\"lr\":[2e-6],\"momentum\":[0.95]}\n");
    assert_eq!(ask("false"), "{\"lr\":[2e-6]}\n");
    assert!(ask("1").starts_with("{\"error\":"));
}

#[test]
fn momentum_of_a_schedule_that_moves_none_is_refused() {
    refused(
        &["--schedule", EXPONENTIAL, "--steps", "0", "--momentum"],
        &["`exponential` moves no momentum", "one-cycle"],
    );
    let composed = "kind = \"clamp\", max_lr = 0.05, schedule = { kind = \"torch.OneCycleLR\", max_lr = 0.1, total_steps = 10 }";
    refused(
        &["--schedule", composed, "--steps", "0", "--momentum"],
        &["`clamp` moves no momentum", "not inside a composition"],
    );
    let line = "{\"schedule\":{\"kind\":\"constant\",\"learning_rate\":1.0},\"steps\":[0],\"momentum\":true}\n";
    let run = run(&["lr", "--jsonl", "-"], line);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stdout.contains("`constant` moves no momentum"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_schedule_that_needs_no_losses_is_walked() {
    let schedule = "kind = \"multiplicative\", learning_rate = 1.0, factor = \"0.5\"";
    let run = lr(&[
        "--schedule",
        schedule,
        "--steps",
        "0..4,2,40",
        "--format",
        "csv",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    // Powers of two: exact, whichever way they are multiplied.
    assert_eq!(
        run.stdout,
        format!(
            "step,lr\n0,1.0\n1,0.5\n2,0.25\n3,0.125\n2,0.25\n40,{:?}\n",
            0.5_f32.powi(40)
        )
    );
    let line = "{\"schedule\":{\"kind\":\"multiplicative\",\"learning_rate\":1.0,\"factor\":\"0.5\"},\"steps\":[3,0]}\n";
    assert_eq!(
        command::run(&["lr", "--jsonl", "-"], line).stdout,
        "{\"lr\":[0.125,1.0]}\n"
    );
}

#[test]
fn rates_are_drawn_in_the_terminal() {
    let line = "kind = \"linear\", start_lr = 0.0, end_lr = 1.0, total_steps = 100";
    let run = lr(&["--schedule", line, "--steps", "0..101", "--plot"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 20, "{}", run.stdout);
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{}",
        run.stdout
    );
    // The highest rate stands at the top on the right, the lowest at the bottom on the left.
    assert!(
        lines[1].contains("1.0 ┤") && lines[1].chars().count() == 80,
        "{}",
        run.stdout
    );
    assert!(
        lines[16].contains("0 ┤⣀") || lines[16].contains("0 ┤⡠"),
        "{}",
        run.stdout
    );
    assert!(
        lines[18].ends_with("100") && lines[19].ends_with("step"),
        "{}",
        run.stdout
    );
}

#[test]
fn gaps_in_a_drawing_are_told() {
    let line = "kind = \"lambda\", learning_rate = 1.0, factor = \"log(step - 5)\"";
    let plain = lr(&["--schedule", line, "--steps", "0..20", "--plot"]);
    assert_eq!(plain.code, Some(0));
    assert!(
        plain.stderr.contains("6 of 20 values are not finite"),
        "{}",
        plain.stderr
    );
    // log(1) is 0, which an axis by decades does not have.
    let by_decades = lr(&["--schedule", line, "--steps", "0..20", "--plot", "--log"]);
    assert!(
        by_decades
            .stderr
            .contains("7 of 20 values are not above 0 and finite"),
        "{}",
        by_decades.stderr
    );
}

#[test]
fn several_schedules_are_drawn_together() {
    let constant = "kind = \"constant\", learning_rate = 0.2";
    let both = [
        "--schedule",
        EXPONENTIAL,
        "--schedule",
        constant,
        "--steps",
        "0..50",
    ];
    let drawn = lr(&[&both[..], &["--plot"]].concat());
    assert_eq!((drawn.code, drawn.stderr.as_str()), (Some(0), ""));
    let headings: Vec<&str> = drawn
        .stdout
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic))
        .collect();
    assert_eq!(headings, ["exponential", "constant"], "{}", drawn.stdout);
    refused(&both, &["--plot"]);

    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("rates.svg");
    let path = path.to_str().expect("UTF-8");
    let drawn = lr(&[&both[..], &["--plot", path]].concat());
    assert_eq!(drawn.stdout, format!("{path}\n"));
    let svg = std::fs::read_to_string(path).expect("a file");
    let svg = roxmltree::Document::parse(&svg).expect("XML");
    let lines = svg.descendants().filter(|node| {
        node.attribute("style")
            .is_some_and(|style| style.starts_with("stroke:var(--s"))
            && node
                .attribute("d")
                .is_some_and(|d| d.matches('L').count() == 49)
    });
    assert_eq!(lines.count(), 2);
}

#[test]
fn wrong_drawings_are_refused() {
    let with = |options: &[&'static str]| {
        [&["--schedule", EXPONENTIAL, "--steps", "0..9"], options].concat()
    };
    refused(
        &with(&["--plot", "rates.png"]),
        &["plot = rates.png", ".svg"],
    );
    refused(&with(&["--log"]), &["--plot"]);
    refused(
        &with(&["--plot", "--format", "csv"]),
        &["cannot be used with"],
    );
    refused(
        &with(&["--plot", "no/such/dir/rates.svg"]),
        &["no/such/dir"],
    );
}
