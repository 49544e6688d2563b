//! Rows of the golden files: what a library printed, one JSON object a line.

use serde_json::{Map, Value};

/// One run of one schedule of a library.
pub struct Row {
    pub lib: String,
    pub schedule: String,
    pub form: String,
    pub note: Option<String>,
    /// Lambda texts hold their numbers as they are, not rounded to binary32.
    pub raw: bool,
    pub params: Map<String, Value>,
    pub steps: Vec<u32>,
    pub lr: Vec<f64>,
    pub losses: Vec<f64>,
    pub anomalous_steps: Vec<u32>,
}

/// A number; the golden files write those that JSON lacks as strings.
pub fn number(value: &Value) -> f64 {
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

/// A count of steps.
pub fn count(value: &Value) -> u32 {
    let wide = value
        .as_u64()
        .unwrap_or_else(|| panic!("no count: {value}"));
    u32::try_from(wide).expect("fits the step type")
}

fn list<T>(value: &Value, item: impl Fn(&Value) -> T) -> Vec<T> {
    let Value::Array(items) = value else {
        return Vec::new();
    };
    items.iter().map(item).collect()
}

impl Row {
    fn parse(line: &str) -> Self {
        let row: Value = serde_json::from_str(line).expect("a golden row is JSON");
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let row_of = |key: &str| text(key).unwrap_or_else(|| panic!("no {key}: {line}"));
        Self {
            lib: row_of("lib"),
            schedule: row_of("schedule"),
            form: row_of("form"),
            note: text("note"),
            raw: row["raw_f64"].as_bool().unwrap_or(false),
            params: row["params"].as_object().expect("params").clone(),
            steps: list(&row["steps"], count),
            lr: list(&row["lr"], number),
            losses: list(&row["losses"], number),
            anomalous_steps: list(&row["anomalous_steps"], count),
        }
    }

    /// Largest rate of the run by size: what the library's own rounding is measured against.
    pub fn peak(&self) -> f64 {
        self.lr.iter().fold(0.0, |peak, lr| lr.abs().max(peak))
    }
}

/// Every row of a golden file.
pub fn read(text: &str) -> Vec<Row> {
    text.lines().map(Row::parse).collect()
}
