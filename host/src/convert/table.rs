//! A schedule as a table of TOML or JSON.

use serde_json::{Map, Value as Json};

use crate::dialect::{Canonical, Setting};
use crate::spec::ParameterValue;

/// How wide a line becomes before what stands in it is spread over several.
const WIDTH: usize = 100;

const INDENT: &str = "  ";

/// A document: a line a key, nested tables inline, spread over several lines where they are long.
pub(super) fn document(table: &Canonical) -> String {
    entries(table, 0)
        .map(|entry| format!("{entry}\n"))
        .collect()
}

/// The table as the value of a key.
pub(super) fn entry(key: &str, table: &Canonical) -> String {
    format!("{}\n", key_value(key, &schedule(table), 0))
}

/// The table as a JSON object.
pub(super) fn json(table: &Canonical) -> Json {
    let mut object = Map::new();
    object.insert("kind".to_owned(), table.kind.into());
    for (key, setting) in &table.settings {
        object.insert((*key).to_owned(), json_value(setting));
    }
    Json::Object(object)
}

fn json_value(setting: &Setting) -> Json {
    match setting {
        Setting::Number(number) => ParameterValue::Number(*number).to_json(),
        Setting::Count(count) => (*count).into(),
        Setting::Flag(flag) => (*flag).into(),
        Setting::Text(text) => text.as_str().into(),
        Setting::Numbers(numbers) => ParameterValue::Numbers(numbers.clone()).to_json(),
        Setting::Counts(counts) => counts.iter().copied().collect(),
        Setting::Schedule(one) => json(one),
        Setting::Schedules(many) => many.iter().map(json).collect(),
    }
}

/// A value of TOML that is still to be laid out.
enum Piece {
    Plain(String),
    List(Vec<Self>),
    Table(Vec<(&'static str, Self)>),
}

fn schedule(table: &Canonical) -> Piece {
    let kind = ("kind", Piece::Plain(quoted(table.kind)));
    let settings = table
        .settings
        .iter()
        .map(|(key, value)| (*key, piece(value)));
    Piece::Table(std::iter::once(kind).chain(settings).collect())
}

fn piece(setting: &Setting) -> Piece {
    match setting {
        Setting::Number(value) => Piece::Plain(number(*value)),
        Setting::Count(count) => Piece::Plain(count.to_string()),
        Setting::Flag(flag) => Piece::Plain(flag.to_string()),
        Setting::Text(text) => Piece::Plain(quoted(text)),
        Setting::Numbers(numbers) => list(numbers.iter().map(|value| number(*value))),
        Setting::Counts(counts) => list(counts.iter().map(u32::to_string)),
        Setting::Schedule(one) => schedule(one),
        Setting::Schedules(many) => Piece::List(many.iter().map(schedule).collect()),
    }
}

fn list(items: impl Iterator<Item = String>) -> Piece {
    Piece::List(items.map(Piece::Plain).collect())
}

/// The fewest digits that are read back as the same 64 bits.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let digits = format!("{value:?}");
    match digits.split_once('e') {
        // Some readers of YAML take `1e-5` for text.
        Some((mantissa, exponent)) if !mantissa.contains('.') => {
            format!("{mantissa}.0e{exponent}")
        }
        _ => digits,
    }
}

/// In quotes. What JSON escapes, TOML escapes alike.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

fn entries(table: &Canonical, depth: usize) -> impl Iterator<Item = String> {
    let settings = table.settings.iter();
    std::iter::once(format!("kind = {}", quoted(table.kind)))
        .chain(settings.map(move |(key, setting)| key_value(key, &piece(setting), depth)))
}

fn key_value(key: &str, value: &Piece, depth: usize) -> String {
    let used = INDENT.len() * depth + key.len() + " = ,".len();
    format!("{key} = {}", laid_out(value, depth, used))
}

/// On one line where there is room beside what is `used` of it, else an item a line.
fn laid_out(value: &Piece, depth: usize, used: usize) -> String {
    let line = flat(value);
    if used + line.chars().count() <= WIDTH {
        return line;
    }
    let (inside, outside) = (INDENT.repeat(depth + 1), INDENT.repeat(depth));
    let item = |text: String| format!("{inside}{text},\n");
    match value {
        Piece::Plain(_) => line,
        Piece::List(items) => {
            let used = inside.len() + 1;
            let items: String = items
                .iter()
                .map(|value| item(laid_out(value, depth + 1, used)))
                .collect();
            format!("[\n{items}{outside}]")
        }
        Piece::Table(entries) => {
            let entries: String = entries
                .iter()
                .map(|(key, value)| item(key_value(key, value, depth + 1)))
                .collect();
            format!("{{\n{entries}{outside}}}")
        }
    }
}

fn flat(value: &Piece) -> String {
    match value {
        Piece::Plain(text) => text.clone(),
        Piece::List(items) => {
            let items: Vec<String> = items.iter().map(flat).collect();
            format!("[{}]", items.join(", "))
        }
        Piece::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", flat(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
