//! TOML into the tree.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Key, MAX_DEPTH, Node, Source, SpecError, Value, too_deep};

/// A whole TOML document.
pub(super) fn read_document(source: &Arc<Source>) -> Result<Node, SpecError> {
    let table = DeTable::parse(source.text()).map_err(|error| syntax(&error, source, 0))?;
    let reader = Reader { source, shift: 0 };
    reader.table(table.get_ref(), table.span(), 0)
}

/// One inline table with its braces.
pub(super) fn read_inline(source: &Arc<Source>) -> Result<Node, SpecError> {
    let text = source.text();
    let leading = text.len() - text.trim_start().len();
    inline(source, text.trim(), 0, leading)
}

/// The inside of an inline table.
pub(super) fn read_unbraced(source: &Arc<Source>) -> Result<Node, SpecError> {
    inline(source, &format!("{{{}}}", source.text()), 1, 0)
}

/// `added` bytes stand before the source's text in `text`, `cut` bytes of it are missing there.
fn inline(source: &Arc<Source>, text: &str, added: usize, cut: usize) -> Result<Node, SpecError> {
    let shift = isize::try_from(cut).unwrap_or(isize::MAX) - isize::try_from(added).unwrap_or(0);
    let value = DeValue::parse(text).map_err(|error| syntax(&error, source, shift))?;
    Reader { source, shift }.node(value.get_ref(), value.span(), 0)
}

fn shifted(span: Range<usize>, shift: isize, length: usize) -> Range<usize> {
    let place = |byte: usize| byte.saturating_add_signed(shift).min(length);
    place(span.start)..place(span.end)
}

fn syntax(error: &toml::de::Error, source: &Arc<Source>, shift: isize) -> SpecError {
    let length = source.text().len();
    let span = shifted(error.span().unwrap_or(0..0), shift, length);
    SpecError::at(source, span, format!("not TOML: {}", error.message())).with_help(
        "text stands in quotes, a table in braces, entries of an inline table are parted by commas",
    )
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    /// From a byte of the parsed text to a byte of the source.
    shift: isize,
}

impl Reader<'_> {
    fn node(
        &self,
        value: &DeValue<'_>,
        span: Range<usize>,
        depth: usize,
    ) -> Result<Node, SpecError> {
        let place = shifted(span.clone(), self.shift, self.source.text().len());
        if depth > MAX_DEPTH {
            return Err(too_deep(self.source, place));
        }
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(whole) => Value::Int(whole),
                    Err(_) => {
                        return Err(SpecError::at(
                            self.source,
                            place,
                            "a whole number beyond 64 bits",
                        )
                        .with_value(digits.to_string())
                        .with_help("write it with a decimal point if a float is meant"));
                    }
                }
            }
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() || !digits.as_str().contains(['e', 'E', '.']) => {
                    Value::Float(number)
                }
                _ => {
                    return Err(SpecError::at(
                        self.source,
                        place,
                        "a number beyond what 64-bit floats hold",
                    )
                    .with_value(digits.as_str())
                    .with_help("infinity is written as inf"));
                }
            },
            DeValue::Datetime(date) => {
                return Err(SpecError::at(
                    self.source,
                    place,
                    "a date stands where no date is understood",
                )
                .with_value(date.to_string())
                .with_help("put it in quotes if text is meant"));
            }
            DeValue::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items.iter() {
                    list.push(self.node(item.get_ref(), item.span(), depth + 1)?);
                }
                Value::List(list)
            }
            DeValue::Table(table) => return self.table(table, span, depth),
        };
        Ok(Node { value, span: place })
    }

    fn table(
        &self,
        table: &DeTable<'_>,
        span: Range<usize>,
        depth: usize,
    ) -> Result<Node, SpecError> {
        let length = self.source.text().len();
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let place = shifted(key.span(), self.shift, length);
            let node = self.node(value.get_ref(), value.span(), depth + 1)?;
            entries.push((
                Key {
                    name: key.get_ref().to_string(),
                    span: place,
                },
                node,
            ));
        }
        // The reader sorts by name; messages and drawn parameters follow the order of the file.
        entries.sort_by_key(|(key, _)| key.span.start);
        Ok(Node {
            value: Value::Table(entries),
            span: shifted(span, self.shift, length),
        })
    }
}
