//! YAML into the tree.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::{Key, MAX_DEPTH, Node, Source, SpecError, Value, too_deep};

/// One YAML document.
pub(super) fn read(source: &Arc<Source>) -> Result<Node, SpecError> {
    let options = serde_saphyr::options! {
        // `mode: y` and `name: no` are text, as YAML 1.2 has it.
        strict_booleans: true,
        // NaN is refused by the field that gets it, with that field's words.
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
    };
    let tree: Spanned<Tree> = serde_saphyr::from_str_with_options(source.text(), options)
        .map_err(|error| syntax(&error, source))?;
    node(tree, source, 0)
}

fn syntax(error: &serde_saphyr::Error, source: &Arc<Source>) -> SpecError {
    let span = error
        .location()
        .map_or(0..0, |location| place(location, source));
    let message = error.without_snippet().to_string();
    // It ends in the position, which is told anyway.
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    if matches!(
        error.without_snippet(),
        serde_saphyr::Error::MultipleDocuments { .. }
    ) {
        return SpecError::at(source, span, "a second document begins here")
            .with_help("only one is read: remove the line --- and what does not belong to it");
    }
    SpecError::at(source, span, format!("not YAML: {message}"))
        .with_help("entries of a table stand one beneath another, equally indented; text with a colon stands in quotes")
}

fn place(location: Location, source: &Source) -> Range<usize> {
    let span = location.span();
    let length = source.text().len();
    let bytes = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok());
    match (bytes(span.byte_offset()), bytes(span.byte_len())) {
        (Some(start), Some(len)) => start.min(length)..start.saturating_add(len).min(length),
        // Errors of the scanner come with line and column alone.
        _ => {
            let start = source.byte_of(location.line(), location.column());
            start..start
        }
    }
}

fn node(tree: Spanned<Tree>, source: &Arc<Source>, depth: usize) -> Result<Node, SpecError> {
    let span = place(tree.referenced, source);
    if depth > MAX_DEPTH {
        return Err(too_deep(source, span));
    }
    let value = match tree.value {
        Tree::Leaf(value) => value,
        Tree::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.push(node(item, source, depth + 1)?);
            }
            Value::List(list)
        }
        Tree::Table(members) => {
            let mut entries = Vec::with_capacity(members.len());
            for (name, inner) in members {
                let key_span = place(name.referenced, source);
                entries.push((
                    Key {
                        name: name.value,
                        span: key_span,
                    },
                    node(inner, source, depth + 1)?,
                ));
            }
            Value::Table(entries)
        }
    };
    Ok(Node { value, span })
}

/// The tree as the reader hands it out.
enum Tree {
    Leaf(Value),
    List(Vec<Spanned<Tree>>),
    Table(Vec<(Spanned<String>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Branches)
    }
}

struct Branches;

impl<'de> Visitor<'de> for Branches {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, text, true or false, a list or a table")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Bool(flag)))
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Int(whole)))
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Tree, E> {
        // Beyond 63 bits no field takes a whole number; as a float it is refused with its size.
        Ok(Tree::Leaf(
            i64::try_from(whole).map_or(Value::Float(whole as f64), Value::Int),
        ))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Text(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Table(members))
    }
}
