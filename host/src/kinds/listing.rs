//! All kinds as text and as JSON.

use std::collections::BTreeMap;

use hairpin_core::FeedbackKind;
use serde_json::{Map, Value as Json, json};

use super::drawing::{drawing, needs_losses};
use super::example;
use crate::pages::callers::elsewhere;
use crate::spec::{Fallback, Field, KINDS, Kind, Slot, Type, kind};

/// Sizes of drawings, in characters: in the list, and of a single kind.
const SMALL: (usize, usize) = (40, 3);
const LARGE: (usize, usize) = (72, 10);

/// How wide lines become before they are broken.
const WIDTH: usize = 100;

/// What a name given to `hairpin kinds` stands for.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    /// A library, by its name.
    Library(&'static str),
    /// A kind.
    Kind(&'static Kind),
}

/// The libraries whose schedulers are known, in the order of their kinds.
#[must_use]
pub fn libraries() -> Vec<&'static str> {
    let mut known = Vec::new();
    for library in KINDS.iter().filter_map(Kind::library) {
        if !known.contains(&library) {
            known.push(library);
        }
    }
    known
}

/// The kinds of a library, or our own for `None`.
pub fn kinds_of(library: Option<&str>) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(move |kind| kind.library() == library)
}

/// What a name stands for; where there is nothing of that name, the one that comes nearest, if any comes near.
///
/// # Errors
/// A name of nothing.
pub fn find(name: &str) -> Result<Asked, Option<&'static str>> {
    if let Some(kind) = kind(name) {
        return Ok(Asked::Kind(kind));
    }
    let libraries = libraries();
    if let Some(library) = libraries.iter().find(|library| **library == name) {
        return Ok(Asked::Library(library));
    }
    // Without its library too: `CosineAnnealingLR` is `torch.CosineAnnealingLR`.
    let matches = |known: &'static str| {
        let short = known.rsplit('.').next().unwrap_or(known);
        let likeness = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), known);
        let whole = likeness(&known.to_lowercase());
        // Our own first, where another library's name without the library is as near, but not where it is the very name.
        let without = match likeness(&short.to_lowercase()) {
            1.0.. => 1.0,
            likeness => 0.95 * likeness,
        };
        (whole.max(without), known)
    };
    let names = KINDS.iter().map(|kind| kind.name).chain(libraries);
    let nearest = names.map(matches).max_by(|a, b| a.0.total_cmp(&b.0));
    Err(nearest
        .filter(|(likeness, _)| *likeness > 0.8)
        .map(|(_, known)| known))
}

/// What the rates of a kind of our own come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Step,
    Feedback,
    Composition,
}

impl Group {
    pub(crate) fn of(kind: &Kind) -> Self {
        if !kind.slots.is_empty() {
            Self::Composition
        } else if FeedbackKind::ALL
            .iter()
            .any(|(_, info)| info.name == kind.name)
        {
            Self::Feedback
        } else {
            Self::Step
        }
    }

    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Step => "Functions of the step",
            Self::Feedback => "With a state: walked step by step, most of them by losses",
            Self::Composition => "Made of other schedules",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Feedback => "feedback",
            Self::Composition => "composition",
        }
    }
}

/// All kinds of our own: parameters, formula and a small drawing each; the other libraries are named at the end.
#[must_use]
pub fn own() -> String {
    let mut text = String::new();
    for group in [Group::Step, Group::Feedback, Group::Composition] {
        text.push_str(&format!("{}\n\n", group.heading()));
        for kind in kinds_of(None).filter(|kind| Group::of(kind) == group) {
            text.push_str(&brief(kind));
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for library in KINDS.iter().filter_map(Kind::library) {
        *counts.entry(library).or_default() += 1;
    }
    if !counts.is_empty() {
        text.push_str("Under the names of other libraries\n\n");
        for (library, count) in counts {
            text.push_str(&format!(
                "  hairpin kinds {library:<14} {count} schedulers\n"
            ));
        }
    }
    text
}

/// A kind in the list: its call, its formula and a drawing.
fn brief(kind: &Kind) -> String {
    let mut text = format!("{}\n", call(kind));
    text.push_str(&wrapped(kind.doc, "  "));
    if let Some(lines) = drawing(kind.name, SMALL.0, SMALL.1) {
        // Nothing is drawn below a curve that stays at the top.
        for line in lines.iter().filter(|line| !line.is_empty()) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push('\n');
    text
}

/// All schedulers of a library with their arguments.
#[must_use]
pub fn library(name: &str) -> String {
    kinds_of(Some(name))
        .map(|kind| format!("{}\n{}\n", call(kind), wrapped(kind.doc, "  ")))
        .collect()
}

/// Everything about one kind.
#[must_use]
pub fn page(kind: &Kind) -> String {
    let mut text = format!("{}\n{}\n", kind.name, wrapped(kind.doc, "  "));
    let rows: Vec<(String, String)> = kind
        .fields
        .iter()
        .map(|field| {
            let left = format!("{} = {}", field.name, default(field));
            (left, format!("{}; {}", type_name(field.ty), field.doc))
        })
        .chain(kind.slots.iter().map(|slot| {
            let need = if slot.optional { "none" } else { "(required)" };
            let left = format!("{} = {need}", slot.name);
            (left, format!("{}; {}", slot_type(slot), slot.doc))
        }))
        .collect();
    let widest = rows.iter().map(|(left, _)| left.chars().count()).max();
    let widest = widest.unwrap_or(0).min(32);
    for (left, right) in rows {
        let rest = " ".repeat(widest + 4);
        let lines = wrapped(&right, &rest);
        text.push_str(&format!("  {left:<widest$}  {}", lines.trim_start()));
    }
    if let Some(lines) = drawing(kind.name, LARGE.0, LARGE.1) {
        text.push('\n');
        for line in lines {
            text.push_str(format!("  {line}").trim_end());
            text.push('\n');
        }
    }
    let elsewhere = elsewhere(kind.name);
    if !elsewhere.is_empty() {
        let names = wrapped(&elsewhere.join(", "), "  ");
        text.push_str(&format!(
            "\nWhat other libraries call it, or make of it:\n{names}"
        ));
    }
    if let Some(example) = example(kind.name) {
        let (steps, losses) = if needs_losses(kind.name) {
            ("0..10", " --losses 0.9,0.8,0.7,0.7,0.7,0.7,0.7,0.7,0.7,0.7")
        } else {
            ("0..100:10", "")
        };
        text.push_str(&format!(
            "\nExample:\n  hairpin lr --steps {steps}{losses} --schedule \\\n    '{example}'\n"
        ));
    } else if let Some(library) = kind.library() {
        text.push_str(&format!(
            "\nWhat it is in our own kinds, with your arguments, prints:\n  hairpin convert 'kind = \"{}\", …'\n\
             The others of {library}: hairpin kinds {library}\n",
            kind.name
        ));
    }
    text
}

/// A kind with its parameters as one writes a call: `name{required, other = default}`.
fn call(kind: &Kind) -> String {
    // Ours, and the same for all: their pages tell it.
    let is_theirs = |field: &&Field| kind.library().is_none() || field.name != "faithful";
    let fields = kind.fields.iter().filter(is_theirs);
    let fields = fields.map(|field| match field.fallback {
        Fallback::Required | Fallback::Outer => field.name.to_owned(),
        _ => format!("{} = {}", field.name, default(field)),
    });
    let slots = kind.slots.iter().map(|slot| {
        let end = if slot.optional { " = none" } else { "" };
        format!("{}{end}", slot.name)
    });
    let mut items: Vec<String> = fields.chain(slots).collect();
    if let Some((last, others)) = items.split_last_mut() {
        others.iter_mut().for_each(|item| item.push(','));
        last.push('}');
    }
    if let Some(first) = items.first_mut() {
        *first = format!("{}{{{first}", kind.name);
    }
    let items = items.iter().map(String::as_str);
    wrapped_items(items, "", "    ").trim_end().to_owned()
}

fn default(field: &Field) -> String {
    match field.fallback {
        Fallback::Required => "(required)".to_owned(),
        Fallback::Absent => "none".to_owned(),
        Fallback::Outer => "(required or inherited)".to_owned(),
        Fallback::Number(number) => format!("{number:?}"),
        Fallback::Count(count) => count.to_string(),
        Fallback::Integer(integer) => integer.to_string(),
        Fallback::Flag(flag) => flag.to_string(),
        Fallback::Word(word) => format!("{word:?}"),
    }
}

fn type_name(ty: Type) -> String {
    match ty {
        Type::Number => "number".to_owned(),
        Type::Count => "count".to_owned(),
        Type::Flag => "true or false".to_owned(),
        Type::Word(words) | Type::WordInAnyCase(words) => words.join(" | "),
        Type::Text => "expression of step".to_owned(),
        Type::Numbers => "list of numbers".to_owned(),
        Type::Counts => "list of counts".to_owned(),
        Type::Integer => "whole number".to_owned(),
        Type::Integers => "list of whole numbers".to_owned(),
        Type::Pairs => "list of [step, number]".to_owned(),
    }
}

const fn slot_type(slot: &Slot) -> &'static str {
    match (slot.many, slot.implied) {
        (false, _) => "schedule",
        (true, None) => "list of schedules",
        (true, Some(_)) => "list of tables of arguments",
    }
}

/// `text` in lines broken between words.
fn wrapped(text: &str, indent: &str) -> String {
    wrapped_items(text.split_whitespace(), indent, indent)
}

/// Items with spaces between, in lines broken between items.
fn wrapped_items<'a>(items: impl Iterator<Item = &'a str>, first: &str, rest: &str) -> String {
    let mut done = String::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for item in items {
        if !is_empty && line.chars().count() + 1 + item.chars().count() > WIDTH {
            done.push_str(&line);
            done.push('\n');
            rest.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(item);
        is_empty = false;
    }
    done + &line + "\n"
}

/// Kinds as JSON, for programs.
#[must_use]
pub fn json<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> Json {
    kinds.into_iter().map(json_of).collect()
}

fn json_of(kind: &Kind) -> Json {
    let parameters: Vec<Json> = kind.fields.iter().map(json_field).collect();
    let schedules: Vec<Json> = kind
        .slots
        .iter()
        .map(|slot| {
            json!({"name": slot.name, "doc": slot.doc, "many": slot.many, "required": !slot.optional})
        })
        .collect();
    let group = match kind.library() {
        Some(_) => "dialect",
        None => Group::of(kind).word(),
    };
    json!({
        "name": kind.name,
        "library": kind.library(),
        "group": group,
        "doc": kind.doc,
        "parameters": parameters,
        "schedules": schedules,
        "example": example(kind.name),
    })
}

fn json_field(field: &Field) -> Json {
    let mut object = Map::new();
    object.insert("name".to_owned(), field.name.into());
    object.insert("type".to_owned(), type_name(field.ty).into());
    if let Type::Word(words) | Type::WordInAnyCase(words) = field.ty {
        object.insert("words".to_owned(), words.to_vec().into());
    }
    object.insert(
        "required".to_owned(),
        (field.fallback == Fallback::Required).into(),
    );
    let default = match field.fallback {
        Fallback::Required | Fallback::Absent | Fallback::Outer => Json::Null,
        Fallback::Number(number) => number.into(),
        Fallback::Count(count) => count.into(),
        Fallback::Integer(integer) => integer.into(),
        Fallback::Flag(flag) => flag.into(),
        Fallback::Word(word) => word.into(),
    };
    object.insert("default".to_owned(), default);
    object.insert("doc".to_owned(), field.doc.into());
    Json::Object(object)
}
