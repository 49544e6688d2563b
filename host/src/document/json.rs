//! JSON into the tree.
//!
//! `serde_json` tells no positions, but it can hand out the raw text of a value, which is a piece of the source: its place is
//! where that piece lies. Lists and objects are therefore taken apart level by level.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Key, MAX_DEPTH, Node, Source, SpecError, Value, too_deep};

/// One JSON value.
pub(super) fn read(source: &Arc<Source>) -> Result<Node, SpecError> {
    let text = source.text();
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| syntax(&error, source))?;
    node(raw.get(), source, 0)
}

/// Whether `{` is followed by a quoted name and a colon: a TOML table has `=` there.
pub(super) fn looks_like_object(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('{').map(str::trim_start) else {
        return false;
    };
    if inside == "}" {
        return true;
    }
    let Some(name) = inside.strip_prefix('"') else {
        return false;
    };
    let mut escaped = false;
    for (at, c) in name.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return name[at + 1..].trim_start().starts_with(':'),
            _ => {}
        }
    }
    false
}

fn syntax(error: &serde_json::Error, source: &Arc<Source>) -> SpecError {
    let text = source.text();
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let byte = (line_start + error.column().saturating_sub(1)).min(text.len());
    // Its own message ends in the position, which is told anyway.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    SpecError::at(
        source,
        byte..(byte + 1).min(text.len()),
        format!("not JSON: {message}"),
    )
    .with_help("names and text stand in double quotes, and nothing follows the last entry")
}

/// Where a piece of the source's own text lies in it.
fn place(piece: &str, source: &Source) -> Range<usize> {
    let start = (piece.as_ptr() as usize).saturating_sub(source.text().as_ptr() as usize);
    start..start + piece.len()
}

fn node(piece: &str, source: &Arc<Source>, depth: usize) -> Result<Node, SpecError> {
    let span = place(piece, source);
    if depth > MAX_DEPTH {
        return Err(too_deep(source, span));
    }
    let wrong = |error: serde_json::Error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        SpecError::at(source, span.clone(), format!("not JSON: {message}")).with_value(piece)
    };
    let value = match piece.as_bytes().first() {
        Some(b'{') => {
            let Object(members) = serde_json::from_str(piece).map_err(wrong)?;
            let mut entries = Vec::with_capacity(members.len());
            for (name, raw) in members {
                let key_span = key_place(&name, place(raw.get(), source).start, source);
                refuse_duplicate(&entries, &name, &key_span, source)?;
                let inner = node(raw.get(), source, depth + 1)?;
                entries.push((
                    Key {
                        name,
                        span: key_span,
                    },
                    inner,
                ));
            }
            Value::Table(entries)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(piece).map_err(wrong)?;
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.push(node(item.get(), source, depth + 1)?);
            }
            Value::List(list)
        }
        Some(b'"') => Value::Text(serde_json::from_str(piece).map_err(wrong)?),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => match piece.parse::<i64>() {
            Ok(whole) => Value::Int(whole),
            // Not by `serde_json`, whose default is off by a last bit for some seventeen-digit numbers.
            Err(_) => match piece.parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(number),
                _ => {
                    return Err(SpecError::at(
                        source,
                        span.clone(),
                        "a number beyond what 64-bit floats hold",
                    )
                    .with_value(piece)
                    .with_help("infinity is written as the string \"Infinity\""));
                }
            },
        },
    };
    Ok(Node { value, span })
}

/// The bytes of a name, found by walking back from its value over the colon.
fn key_place(name: &str, value_start: usize, source: &Source) -> Range<usize> {
    let before = &source.text()[..value_start];
    let before = before.trim_end().trim_end_matches(':').trim_end();
    let start = before.len().saturating_sub(name.len() + 2);
    // Where the name was written with escapes the walk falls short of its first quote: point at its end alone.
    if before.get(start + 1..before.len().saturating_sub(1)) == Some(name) {
        start..before.len()
    } else {
        before.len().saturating_sub(1)..before.len()
    }
}

/// Refuses the second of two equal keys: TOML and YAML readers do so themselves, JSON's would keep the last.
fn refuse_duplicate(
    entries: &[(Key, Node)],
    name: &str,
    span: &Range<usize>,
    source: &Arc<Source>,
) -> Result<(), SpecError> {
    if entries.iter().any(|(key, _)| key.name == name) {
        return Err(
            SpecError::at(source, span.clone(), format!("`{name}` is given twice"))
                .with_help("keep one of the two"),
        );
    }
    Ok(())
}

/// Members in their order, none dropped: a map would keep the last of two equal names.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
