//! `hairpin kinds` as a person and a program call it.

#[path = "support/command.rs"]
mod command;

use command::{refused, run};
use hairpin_host::spec::KINDS;

fn kinds(arguments: &[&str]) -> String {
    let mut all = vec!["kinds"];
    all.extend_from_slice(arguments);
    let run = run(&all, "");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{all:?}");
    run.stdout
}

#[test]
fn all_kinds_are_listed_with_their_parameters_and_a_drawing() {
    let text = kinds(&[]);
    for kind in KINDS.iter().filter(|kind| kind.library().is_none()) {
        let head = format!("{}{{", kind.name);
        let from = text.lines().position(|line| line.starts_with(&head));
        let from = from.unwrap_or_else(|| panic!("{} is not listed", kind.name));
        let own: Vec<&str> = text
            .lines()
            .skip(from)
            .take_while(|line| !line.is_empty())
            .collect();
        let own = own.join("\n");
        for field in &kind.fields {
            assert!(own.contains(field.name), "{}: {own}", field.name);
        }
        let is_dotted = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
        assert!(own.contains(is_dotted), "{own}");
    }
    assert!(text.contains("hairpin kinds torch"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
}

#[test]
fn the_call_shown_for_a_kind_works() {
    for kind in KINDS.iter().filter(|kind| kind.library().is_none()) {
        let page = kinds(&[kind.name]);
        let (_, call) = page.split_once("hairpin lr ").expect("a call");
        let (options, schedule) = call.split_once("--schedule \\\n").expect("a schedule");
        let schedule = schedule.trim().trim_matches('\'');
        let mut arguments: Vec<&str> = vec!["lr"];
        arguments.extend(options.split_whitespace());
        arguments.extend(["--schedule", schedule]);
        let run = run(&arguments, "");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{call}");
        assert_eq!(run.stdout.lines().count(), 10, "{call}");
    }
}

#[test]
fn a_page_tells_types_defaults_and_meanings() {
    let page = kinds(&["cosine_annealing"]);
    let line = |start: &str| {
        let found = page
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("no `{start}` in {page}"))
    };
    assert!(line("t_max = (required)").contains("count; "));
    assert!(line("eta_min = 0.0").contains("number; "));
    assert!(line("past = \"periodic\"").contains("periodic | hold | restart"));
}

#[test]
fn the_schedulers_of_a_library_are_listed_in_its_words() {
    let text = kinds(&["torch"]);
    assert_eq!(kinds(&["--library", "torch"]), text);
    assert!(text.contains("torch.StepLR{"), "{text}");
    assert!(!text.contains("paddle."), "{text}");
    let page = kinds(&["torch.StepLR"]);
    assert!(
        page.contains("step_size = (required)") && page.contains("gamma = 0.1"),
        "{page}"
    );
    assert!(
        page.contains("hairpin convert 'kind = \"torch.StepLR\""),
        "{page}"
    );
}

#[test]
fn programs_read_json() {
    let json = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let text = kinds(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&text).expect("a JSON array")
    };
    let own = json(&[]);
    let known = KINDS.iter().filter(|kind| kind.library().is_none());
    assert_eq!(own.len(), known.count());
    let [kind] = json(&["multi_step"]).try_into().expect("one kind");
    assert_eq!(
        (&kind["group"], &kind["library"]),
        (&"step".into(), &().into())
    );
    assert_eq!(kind["parameters"][2]["name"], "gamma");
    assert_eq!(kind["parameters"][2]["default"], 0.1);
    assert_eq!(kind["parameters"][1]["required"], true);
    for torch in json(&["torch"]) {
        assert_eq!(torch["library"], "torch");
    }
    let [warmup] = json(&["linear_warmup"]).try_into().expect("one kind");
    assert_eq!(warmup["schedules"][0]["name"], "after");
    assert_eq!(warmup["group"], "composition");
}

#[test]
fn names_of_nothing_are_refused_with_the_nearest() {
    refused(
        &["kinds", "cosine_anealing"],
        &[
            "no kind or library `cosine_anealing`",
            "did you mean `cosine_annealing`?",
        ],
    );
    refused(
        &["kinds", "torch.SteplR"],
        &["did you mean `torch.StepLR`?"],
    );
    refused(&["kinds", "pytorhc"], &["no kind or library `pytorhc`"]);
    refused(
        &["kinds", "CosineAnnealingLr"],
        &["did you mean `torch.CosineAnnealingLR`?"],
    );
    refused(&["kinds", "0"], &["`hairpin kinds` lists all"]);
    refused(
        &["kinds", "--library", "tensorflow"],
        &["no library `tensorflow`", "torch"],
    );
    refused(
        &["kinds", "step", "--library", "torch"],
        &["cannot be used with"],
    );
    refused(&["kinds", "--format", "yaml"], &["yaml"]);
}
