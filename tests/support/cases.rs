//! What the libraries print, as cases: a schedule in the words of its library, and the rates that it must give.
//!
//! A case is data. Whatever gives a rate for a plan of the core can run all of them; see [`Machine`].

use hairpin_core::Plan;
use hairpin_host::document::{Document, Format, Source, SpecError};
use hairpin_host::spec::ScheduleTemplate;
use serde_json::{Map, Value, json};

/// The files of the libraries, and CPython's own values of the article's lambda.
const FILES: [&str; 7] = [
    include_str!("../golden/paddle.jsonl"),
    include_str!("../golden/torch.jsonl"),
    include_str!("../golden/optax.jsonl"),
    include_str!("../golden/keras.jsonl"),
    include_str!("../golden/transformers.jsonl"),
    include_str!("../golden/timm.jsonl"),
    include_str!("../golden/article.jsonl"),
];

const ERRORS: &str = include_str!("../golden/errors.jsonl");

/// Something that computes the rates of a plan: the core here, a chip or a GPU elsewhere.
pub trait Machine {
    /// The rate at each of the steps. With losses, loss `j` is observed at step `j`, and the rate is the one after that.
    fn rates(&mut self, plan: &Plan, steps: &[u32], losses: Option<&[f64]>) -> Vec<f32>;
}

/// The precision that a library computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    Double,
    Single,
}

/// One run of one schedule of a library.
pub struct Case {
    pub library: String,
    pub version: String,
    /// The library's name for the schedule, without the library.
    pub kind: String,
    /// How it was run: `native`, `closed`, …
    pub form: String,
    pub precision: Precision,
    /// The schedule as a specification or a line of `hairpin lr --jsonl` has it.
    pub table: Value,
    pub steps: Vec<u32>,
    pub losses: Option<Vec<f64>>,
    /// The rate at each of the steps.
    pub lr: Vec<f64>,
    /// The momentum at each of the steps, where the library moves it.
    pub momentum: Option<Vec<f64>>,
    /// Steps at which the library leaves its own closed form.
    pub anomalous_steps: Vec<u32>,
    /// Why nothing of it can be compared.
    pub excuse: Option<String>,
}

/// A call that a library refuses, or lets pass without a word.
pub struct Probe {
    pub library: String,
    pub kind: String,
    /// The arguments as they were recorded.
    pub params: Map<String, Value>,
    pub table: Value,
    /// The exception that the library raised.
    pub raises: Option<String>,
}

/// What a schedule's table becomes, read as `hairpin lr` reads it.
pub fn build(table: &Value) -> Result<hairpin_host::spec::Built, SpecError> {
    let source = Source::line_of("", table.to_string(), 1);
    let document = Document::parse(source, Format::Json)?;
    let (_, built) = ScheduleTemplate::read(&document.at())?.fixed()?;
    Ok(built)
}

/// All runs.
pub fn cases() -> impl Iterator<Item = Case> {
    FILES.iter().flat_map(|file| file.lines()).map(case)
}

/// All calls at the edge of what is allowed.
pub fn probes() -> impl Iterator<Item = Probe> {
    ERRORS.lines().map(probe)
}

fn row(line: &str) -> Value {
    serde_json::from_str(line).expect("a golden row is JSON")
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {row}"))
}

/// A number; the golden files write those that JSON lacks as strings.
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => match text.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            other => panic!("no number: {other:?}"),
        },
        value => value
            .as_f64()
            .unwrap_or_else(|| panic!("no number: {value}")),
    }
}

fn step(value: &Value) -> u32 {
    let wide = value.as_u64().unwrap_or_else(|| panic!("no step: {value}"));
    u32::try_from(wide).expect("fits the step type")
}

fn list<T>(value: &Value, item: impl Fn(&Value) -> T) -> Option<Vec<T>> {
    Some(value.as_array()?.iter().map(item).collect())
}

fn case(line: &str) -> Case {
    let row = row(line);
    let (library, kind, form) = (
        text(&row, "lib"),
        text(&row, "schedule"),
        text(&row, "form"),
    );
    let raw = row["raw_f64"].as_bool().unwrap_or(false);
    let params = row["params"].as_object().expect("params");
    let excuse = match (library, kind, row["note"].as_str()) {
        _ if form == "closed fractional" => {
            Some("at steps between whole ones, which do not exist here")
        }
        // What its note says, that the rate is a scale, holds for a base of 1.
        (_, _, None) | ("optax", "reduce_on_plateau", _) => None,
        ("paddle", "LinearWarmup", _) => {
            Some("the warm-up feeds the step to the plateau as its loss")
        }
        ("torch", "LinearLR", _) => Some("of no steps, it never leaves its start factor"),
        ("optax", "polynomial_schedule", _) => {
            Some("compiled by XLA, a fractional power of a number just below 0")
        }
        (_, _, Some(note)) => panic!("{library} {kind}: {note}"),
    };
    let excuse = excuse.map(str::to_owned);
    let whole = excuse.is_none();
    Case {
        version: text(&row, "version").to_owned(),
        precision: match text(&row, "dtype") {
            "float64" => Precision::Double,
            "float32" => Precision::Single,
            other => panic!("unknown precision {other}"),
        },
        table: if library == "python" {
            json!({"kind": "lambda", "learning_rate": params["learning_rate"], "factor": params["lr_lambda"]})
        } else {
            table(library, kind, params, raw)
        },
        steps: whole
            .then(|| list(&row["steps"], step))
            .flatten()
            .unwrap_or_default(),
        losses: list(&row["losses"], number),
        lr: list(&row["lr"], number).expect("rates"),
        momentum: list(&row["momentum"], number),
        anomalous_steps: list(&row["anomalous_steps"], step).unwrap_or_default(),
        library: library.to_owned(),
        kind: kind.to_owned(),
        form: form.to_owned(),
        excuse,
    }
}

/// What describes a run and is no argument.
const NO_ARGUMENTS: [&str; 4] = ["losses_name", "stepped", "stepped_to", "plateau_child"];

/// A library's schedule as a table: `kind`, then the arguments.
fn table(library: &str, kind: &str, params: &Map<String, Value>, raw: bool) -> Value {
    let mut table = Map::new();
    table.insert("kind".to_owned(), format!("{library}.{kind}").into());
    for (name, value) in params {
        if NO_ARGUMENTS.contains(&name.as_str()) {
            continue;
        }
        let value = match value {
            Value::String(callable) if name == "lr_lambda" => expression(callable, raw).into(),
            value => argument(library, value, raw),
        };
        // Where losses were recorded the first rate is under this name, which is not Paddle's.
        let name = match (library, name.as_str()) {
            ("paddle", "lr") => "learning_rate",
            (_, name) => name,
        };
        table.insert(name.to_owned(), value);
    }
    Value::Object(table)
}

/// An argument with the schedules in it written as tables.
fn argument(library: &str, value: &Value, raw: bool) -> Value {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| argument(library, item, raw))
            .collect(),
        Value::Object(fields) => match (fields.get("schedule"), fields.get("params")) {
            // A plain number in the place of a schedule.
            (Some(Value::String(kind)), Some(params)) if kind == "float" => params["value"].clone(),
            (Some(Value::String(kind)), Some(Value::Object(params))) => {
                table(library, kind, params, raw)
            }
            _ => value.clone(),
        },
        value => value.clone(),
    }
}

/// A callable's text as a Python lambda. `e` is the step, `const c` is `c`, and a decimal number stands for its binary32 value
/// unless the text is `raw`.
fn expression(text: &str, raw: bool) -> String {
    let body = text.strip_prefix("const ").unwrap_or(text);
    let mut python = String::from("lambda e: ");
    let mut rest = body;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (literal, after) = rest.split_at(digits.unwrap_or(rest.len()));
        if literal.contains('.') && !raw {
            let single: f32 = literal.parse().expect("a decimal number");
            python += &f64::from(single).to_string();
        } else {
            python += literal;
        }
        let other = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (between, next) = after.split_at(other.unwrap_or(after.len()));
        python += between;
        rest = next;
    }
    python
}

fn probe(line: &str) -> Probe {
    let row = row(line);
    let (library, kind) = (text(&row, "lib"), text(&row, "schedule"));
    let params = row["params"].as_object().expect("params").clone();
    let mut complete = params.clone();
    if let ("optax", Some(scale)) = (library, complete.remove("scale")) {
        complete.insert("boundaries_and_scales".to_owned(), json!([[1, scale]]));
    }
    if library == "torch" && kind == "SequentialLR" {
        let inner = if complete.contains_key("plateau_child") {
            "ReduceLROnPlateau"
        } else {
            "ConstantLR"
        };
        let children =
            json!([{"schedule": "ConstantLR", "params": {}}, {"schedule": inner, "params": {}}]);
        complete.insert("schedulers".to_owned(), children);
    }
    for (name, value) in needed(library, kind) {
        complete.entry(name).or_insert(value);
    }
    Probe {
        table: table(library, kind, &complete, false),
        raises: row["raises"].as_str().map(str::to_owned),
        library: library.to_owned(),
        kind: kind.to_owned(),
        params,
    }
}

/// Arguments without which a library does not get as far as the one that a probe is about.
fn needed(library: &str, kind: &str) -> Map<String, Value> {
    let needed = match (library, kind) {
        ("torch", "OneCycleLR" | "CyclicLR") => json!({}),
        ("torch", "SequentialLR") => json!({"lr": 0.1, "milestones": [5]}),
        ("torch", _) => json!({"lr": 0.1}),
        ("paddle", "CyclicLR") => json!({"base_learning_rate": 0.1, "max_learning_rate": 0.2}),
        ("optax", "cosine_decay_schedule") => json!({"init_value": 0.1}),
        ("optax", "warmup_cosine_decay_schedule") => json!({"init_value": 0.0, "peak_value": 0.1}),
        ("optax", "linear_onecycle_schedule") => json!({"peak_value": 0.1}),
        ("optax", "piecewise_constant_schedule") => json!({"init_value": 0.1}),
        ("optax", "polynomial_schedule") => {
            json!({"init_value": 0.1, "end_value": 0.0, "power": 1.0})
        }
        ("optax", "reduce_on_plateau") => json!({"lr": 1.0}),
        ("transformers", "get_polynomial_decay_schedule_with_warmup") => {
            json!({"lr": 0.1, "num_warmup_steps": 0, "num_training_steps": 10})
        }
        _ => json!({}),
    };
    match needed {
        Value::Object(needed) => needed,
        _ => Map::new(),
    }
}
