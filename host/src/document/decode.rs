//! Takes a tree apart and says what is wrong with it, where.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use super::{Key, Node, Source, SpecError, Value};

/// A value in a document together with the path that leads to it.
#[derive(Debug, Clone)]
pub struct At<'a> {
    source: &'a Arc<Source>,
    pub(super) node: &'a Node,
    path: String,
}

/// Where a value stood: what remains of an [`At`] once the tree is gone.
#[derive(Debug, Clone)]
pub struct Place {
    source: Arc<Source>,
    span: Range<usize>,
    path: String,
}

impl Place {
    /// An error about a value that was written, or drawn from what was written, here.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> SpecError {
        SpecError::at(&self.source, self.span.clone(), message).with_path(self.path.clone())
    }

    /// The path of the key, as `schedules[1].after.gamma`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The place of a key that was left out of the table at this place.
    #[must_use]
    pub fn absent(&self, key: &str) -> Self {
        Self {
            source: Arc::clone(&self.source),
            span: self.span.clone(),
            path: join(&self.path, key),
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl<'a> At<'a> {
    pub(super) fn root(source: &'a Arc<Source>, node: &'a Node) -> Self {
        Self {
            source,
            node,
            path: String::new(),
        }
    }

    /// The path of the key, as `schedules[1].after.gamma`; empty at the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same value under another name: a table given to `--schedule` is called `schedule` in messages.
    #[must_use]
    pub fn named(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Where this stands, to be kept.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            source: Arc::clone(self.source),
            span: self.node.span.clone(),
            path: self.path.clone(),
        }
    }

    /// What stands here.
    #[must_use]
    pub fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// An error about this value, showing it if it is not a table.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> SpecError {
        let error = self.place().error(message);
        match self.node.value {
            Value::Table(_) => error,
            Value::Null => error.with_value("null"),
            _ => error.with_value(self.source.slice(&self.node.span)),
        }
    }

    fn mismatch(&self, expected: &str) -> SpecError {
        let found = match &self.node.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        };
        self.error(format!("must be {expected}, found {found}"))
    }

    /// A number; the strings `"NaN"`, `"Infinity"` and `"-Infinity"` stand for what JSON cannot write.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn number(&self) -> Result<f64, SpecError> {
        match &self.node.value {
            // Exact up to 2^53, the nearest number above, as every reader of JSON does it.
            Value::Int(whole) => Ok(*whole as f64),
            Value::Float(number) => Ok(*number),
            Value::Text(text) => match text.as_str() {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                other if other.trim().parse::<f64>().is_ok() => Err(self
                    .mismatch("a number")
                    .with_help("write it without quotes; in YAML, 1e-4 is safest as 1.0e-4")),
                _ => Err(self.mismatch("a number")),
            },
            _ => Err(self.mismatch("a number")),
        }
    }

    /// A whole number within `range`. A float without a fraction is one: JSON writers tend to add `.0`.
    ///
    /// # Errors
    /// Where something else stands here, or a number outside of the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, SpecError> {
        // Who gives no bounds of its own takes what an f64 holds, which is nothing to tell.
        let bounds = || match range.end() {
            9_007_199_254_740_992.. if *range.start() < 0 => "a whole number".to_owned(),
            end => format!("a whole number from {} to {end}", range.start()),
        };
        match self.node.value {
            Value::Int(whole) if range.contains(&whole) => Ok(whole),
            Value::Int(_) => Err(self.error(format!("must be {}", bounds()))),
            // Floats below 2^53 hold every whole number; above, the digits written are not the number read.
            Value::Float(number)
                if number.abs() < 9_007_199_254_740_992.0 && libm::trunc(number) == number =>
            {
                let whole = number as i64;
                if range.contains(&whole) {
                    Ok(whole)
                } else {
                    Err(self.error(format!("must be {}", bounds())))
                }
            }
            Value::Float(_) => Err(self.error(format!("must be {}", bounds()))),
            _ => Err(self.mismatch(&bounds())),
        }
    }

    /// A count or step number that fits 32 bits.
    ///
    /// # Errors
    /// As [`At::integer`].
    pub fn step(&self, least: u32) -> Result<u32, SpecError> {
        let whole = self.integer(i64::from(least)..=i64::from(u32::MAX))?;
        u32::try_from(whole).map_err(|_| self.mismatch("a whole number below 2^32"))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn flag(&self) -> Result<bool, SpecError> {
        match self.node.value {
            Value::Bool(flag) => Ok(flag),
            _ => Err(self.mismatch("true or false")),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn text(&self) -> Result<&'a str, SpecError> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.mismatch("text in quotes")),
        }
    }

    /// One of the given words.
    ///
    /// # Errors
    /// Where something else stands here; the nearest word is named.
    pub fn word(&self, what: &str, known: &[&'static str]) -> Result<&'static str, SpecError> {
        let text = self.text()?;
        match known.iter().find(|word| **word == text) {
            Some(word) => Ok(word),
            None => Err(self
                .error(format!("unknown {what} `{text}`"))
                .with_help(suggestion(text, known))),
        }
    }

    /// The items of a list.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn items(&self) -> Result<Vec<Self>, SpecError> {
        match &self.node.value {
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, node)| Self {
                    source: self.source,
                    node,
                    path: format!("{}[{index}]", self.path),
                })
                .collect()),
            _ => Err(self.mismatch("a list")),
        }
    }

    /// The entries of a table whose keys are data, in their order.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn entries(&self) -> Result<Vec<(&'a str, Self)>, SpecError> {
        match &self.node.value {
            Value::Table(entries) => Ok(entries
                .iter()
                .map(|(key, node)| {
                    let at = Self {
                        source: self.source,
                        node,
                        path: join(&self.path, &key.name),
                    };
                    (key.name.as_str(), at)
                })
                .collect()),
            _ => Err(self.mismatch("a table")),
        }
    }

    /// The entries of a table, to be taken one by one.
    ///
    /// # Errors
    /// Where something else stands here.
    pub fn fields(&self) -> Result<Fields<'a>, SpecError> {
        match &self.node.value {
            Value::Table(entries) => Ok(Fields {
                at: self.clone(),
                entries,
                taken: vec![false; entries.len()],
                known: Vec::new(),
            }),
            _ => Err(self.mismatch("a table")),
        }
    }

    /// Whether a table stands here.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// Whether this is a table with an entry of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        matches!(&self.node.value, Value::Table(entries) if entries.iter().any(|(key, _)| key.name == name))
    }
}

/// The entries of one table; each is taken by name, and [`Fields::finish`] refuses what nobody took.
#[derive(Debug)]
pub struct Fields<'a> {
    at: At<'a>,
    entries: &'a [(Key, Node)],
    taken: Vec<bool>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// A table without entries, in place of one that was left out.
    pub(crate) fn empty(at: At<'a>) -> Self {
        Self {
            at,
            entries: &[],
            taken: Vec::new(),
            known: Vec::new(),
        }
    }

    /// The table itself.
    #[must_use]
    pub fn at(&self) -> &At<'a> {
        &self.at
    }

    /// The entry of that name. `null` counts as absent.
    pub fn take(&mut self, name: &'static str) -> Option<At<'a>> {
        self.known.push(name);
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        self.taken[index] = true;
        let node = &self.entries[index].1;
        if node.value == Value::Null {
            return None;
        }
        Some(At {
            source: self.at.source,
            node,
            path: join(&self.at.path, name),
        })
    }

    /// The entry of that name, which must be there.
    ///
    /// # Errors
    /// Where it is not; what was written in its place under an unknown name is named.
    pub fn require(&mut self, name: &'static str) -> Result<At<'a>, SpecError> {
        if let Some(at) = self.take(name) {
            return Ok(at);
        }
        // A missing `gamma` next to an unknown `gama` is one mistake, better told at the word that is wrong.
        let misspelt = self
            .entries
            .iter()
            .zip(&self.taken)
            .find(|((key, _), taken)| !**taken && near(&key.name, name));
        if let Some(((key, _), _)) = misspelt {
            return Err(self.unknown(key, &[name]));
        }
        Err(self.at.place().absent(name).error("is missing"))
    }

    /// Refuses entries that nobody took.
    ///
    /// # Errors
    /// At the first of them, with the nearest known name and all known names.
    pub fn finish(self) -> Result<(), SpecError> {
        match self
            .entries
            .iter()
            .zip(&self.taken)
            .find(|(_, taken)| !**taken)
        {
            Some(((key, _), _)) => Err(self.unknown(key, &self.known)),
            None => Ok(()),
        }
    }

    /// Refuses an entry whose name is none of these, before any is taken.
    ///
    /// # Errors
    /// At the first of them, with the nearest known name and all known names.
    pub fn only(&self, known: &[&'static str]) -> Result<(), SpecError> {
        match self
            .entries
            .iter()
            .find(|(key, _)| !known.contains(&key.name.as_str()))
        {
            Some((key, _)) => Err(self.unknown(key, known)),
            None => Ok(()),
        }
    }

    /// Replaces the general remedy for a key that users of other tools are known to write.
    ///
    /// # Errors
    /// Where that key is there.
    pub fn refuse(&self, name: &str, remedy: &str) -> Result<(), SpecError> {
        match self.entries.iter().find(|(key, _)| key.name == name) {
            Some((key, _)) => Err(self.unknown(key, &[]).with_help(remedy)),
            None => Ok(()),
        }
    }

    fn unknown(&self, key: &Key, known: &[&'static str]) -> SpecError {
        SpecError::at(
            self.at.source,
            key.span.clone(),
            format!("unknown key `{}`", key.name),
        )
        .with_path(join(&self.at.path, &key.name))
        .with_help(suggestion(&key.name, known))
    }
}

/// Words that differ by a letter or two, by what was left out at the end, or that are the other's initials.
fn near(word: &str, known: &str) -> bool {
    distance(word, known) <= known.chars().count().max(word.chars().count()).div_ceil(3)
        || (word.len() >= 3 && known.starts_with(word))
}

fn distance(word: &str, known: &str) -> usize {
    let word = word.to_lowercase().replace('-', "_");
    let initials = known.split('_').filter_map(|part| part.chars().next());
    if known.contains('_') && word.chars().eq(initials) {
        return 1;
    }
    strsim::damerau_levenshtein(&word, known)
}

/// The known word a misspelt one is nearest to, if it is near at all.
pub(super) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .copied()
        .filter(|candidate| near(word, candidate))
        .min_by_key(|candidate| distance(word, candidate))
}

fn suggestion(word: &str, known: &[&'static str]) -> String {
    let all = known.join(", ");
    match nearest(word, known) {
        Some(right) if known.len() == 1 => format!("did you mean `{right}`?"),
        Some(right) => format!("did you mean `{right}`? known here: {all}"),
        None => format!("known here: {all}"),
    }
}
