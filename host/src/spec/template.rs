//! A schedule with ranges in place of values, and the schedule that comes out when each range has given a value.

use hairpin_core::{ConfigError, Factor};
use serde_json::{Map, Value as Json};

use super::distribution;
use super::domain::Domain;
use super::field::{Fallback, Field, Kind, Slot};
use super::kinds::KINDS;
use super::refused::explain;
use super::resolved::{Built, Cause, Outer, Refused, Resolved};
use super::value::ParameterValue;
use crate::dialect::Translation;
use crate::document::{At, Fields, Place, SpecError};

/// A parameter and what it ranges over.
#[derive(Debug, Clone)]
pub struct FieldTemplate {
    /// Which parameter.
    pub field: &'static Field,
    /// What it ranges over.
    pub domain: Domain,
    /// Where it was written, or where the table stands that left it out.
    pub place: Place,
}

impl FieldTemplate {
    /// Takes the entries of `fields` out of a table; `outer` are the names that the schedules around it have.
    pub(super) fn read_all(
        fields: &'static [Field],
        table: &mut Fields<'_>,
        outer: &[&str],
    ) -> Result<Vec<Self>, SpecError> {
        fields
            .iter()
            .map(|field| Self::read(field, table, outer))
            .collect()
    }

    fn read(
        field: &'static Field,
        table: &mut Fields<'_>,
        outer: &[&str],
    ) -> Result<Self, SpecError> {
        let is_needed = match field.fallback {
            Fallback::Required => true,
            Fallback::Outer => !outer.contains(&field.name),
            _ => false,
        };
        let entry = if is_needed {
            Some(
                table
                    .require(field.name)
                    .map_err(|error| match error.remedy() {
                        Some(_) => error,
                        None => error.with_help(format!("`{}` is {}", field.name, field.doc)),
                    })?,
            )
        } else {
            table.take(field.name)
        };
        if let Some(at) = entry {
            return Ok(Self {
                field,
                domain: Domain::read(&at, field.ty)?,
                place: at.place(),
            });
        }
        Ok(Self {
            field,
            domain: otherwise(field),
            place: table.at().place().absent(field.name),
        })
    }
}

/// What a field ranges over where nothing was written.
fn otherwise(field: &Field) -> Domain {
    default_of(field).map_or(Domain::Absent, Domain::Fixed)
}

/// The value of a field that was left out.
pub(super) fn default_of(field: &Field) -> Option<ParameterValue> {
    match field.fallback {
        Fallback::Required | Fallback::Absent | Fallback::Outer => None,
        Fallback::Number(number) => Some(ParameterValue::Number(number)),
        Fallback::Count(count) => Some(ParameterValue::Count(count)),
        Fallback::Integer(integer) => Some(ParameterValue::Integer(integer)),
        Fallback::Flag(flag) => Some(ParameterValue::Flag(flag)),
        Fallback::Word(word) => Some(ParameterValue::Text(word.to_owned())),
    }
}

/// One alternative: a kind of schedule whose parameters may be ranges, with the schedules inside it.
#[derive(Debug, Clone)]
pub struct ScheduleTemplate {
    /// Which kind.
    pub kind: &'static Kind,
    /// Its parameters, in the kind's order.
    pub fields: Vec<FieldTemplate>,
    /// The schedules inside it, a list for each slot of the kind.
    pub inner: Vec<Vec<Self>>,
    place: Place,
}

/// How deep schedules are read: beyond the core's own limit, so that the core is the one to refuse.
const DEEPEST: usize = hairpin_core::NODES + 1;

impl ScheduleTemplate {
    /// Reads a schedule's table.
    ///
    /// # Errors
    /// An unknown kind or key, a missing one, or a value that its field does not take.
    pub fn read(at: &At<'_>) -> Result<Self, SpecError> {
        Self::read_inside(at, 0, &[], None)
    }

    fn read_inside(
        at: &At<'_>,
        depth: usize,
        outer: &[&'static str],
        implied: Option<&'static str>,
    ) -> Result<Self, SpecError> {
        if depth > DEEPEST {
            return Err(at
                .error(format!(
                    "schedules stand more than {} deep in one another",
                    hairpin_core::NODES
                ))
                .with_help("put schedules that follow one another into one `sequential`"));
        }
        let mut table = at.fields()?;
        let kind = match implied.and_then(super::kinds::kind) {
            Some(kind) if !at.has("kind") => kind,
            _ => read_kind(&mut table)?,
        };
        if let Some(library) = kind.library() {
            // Who pastes a call of another library is shown all of its arguments, whatever else is wrong.
            table.only(&kind.keys()).map_err(|error| {
                let note = format!("the arguments of `{}` are {library}'s", kind.name);
                error.with_note(&note)
            })?;
        }
        let fields = FieldTemplate::read_all(&kind.fields, &mut table, outer)?;
        let own: Vec<&'static str> = kind.fields.iter().map(|field| field.name).collect();
        let around = [outer, &own].concat();
        let mut inner = Vec::with_capacity(kind.slots.len());
        for slot in &kind.slots {
            inner.push(read_slot(slot, &mut table, depth, &around)?);
        }
        table.finish()?;
        Ok(Self {
            kind,
            fields,
            inner,
            place: at.place(),
        })
    }

    /// A schedule, or a rate that stays as it is.
    fn read_part(
        at: &At<'_>,
        depth: usize,
        outer: &[&'static str],
        implied: Option<&'static str>,
    ) -> Result<Self, SpecError> {
        let is_parameter =
            !at.is_table() || (!at.has("kind") && distribution::KEYS.iter().any(|key| at.has(key)));
        match super::kinds::kind("constant") {
            Some(kind) if is_parameter => {
                let mut fields = Vec::with_capacity(kind.fields.len());
                for field in &kind.fields {
                    fields.push(FieldTemplate {
                        field,
                        domain: Domain::read(at, field.ty)?,
                        place: at.place(),
                    });
                }
                Ok(Self {
                    kind,
                    fields,
                    inner: Vec::new(),
                    place: at.place(),
                })
            }
            _ => Self::read_inside(at, depth, outer, implied),
        }
    }

    /// All parameters with their names, as `after.gamma` or `schedules[1].gamma`, in the order in which they are drawn.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &FieldTemplate)> {
        let mut all = Vec::new();
        self.collect("", &mut all);
        all.into_iter()
    }

    fn collect<'a>(&'a self, prefix: &str, all: &mut Vec<(String, &'a FieldTemplate)>) {
        for field in &self.fields {
            all.push((format!("{prefix}{}", field.field.name), field));
        }
        for (slot, parts) in self.kind.slots.iter().zip(&self.inner) {
            for (index, part) in parts.iter().enumerate() {
                let place = slot_path(slot, index);
                part.collect(&format!("{prefix}{place}."), all);
            }
        }
    }

    /// The schedule whose values are `draw` of each parameter, asked in the order of [`ScheduleTemplate::parameters`].
    pub fn resolve(
        &self,
        draw: &mut impl FnMut(&FieldTemplate) -> Option<ParameterValue>,
    ) -> Resolved {
        let values = self.fields.iter().map(&mut *draw).collect();
        let mut inner = Vec::with_capacity(self.inner.len());
        for parts in &self.inner {
            let mut resolved = Vec::with_capacity(parts.len());
            for part in parts {
                resolved.push(part.resolve(draw));
            }
            inner.push(resolved);
        }
        Resolved {
            kind: self.kind,
            values,
            inner,
        }
    }

    /// The core's schedule for values drawn from this template.
    ///
    /// # Errors
    /// Where the core refuses them, at the line of the field it names.
    pub fn build(&self, resolved: &Resolved) -> Result<Built, SpecError> {
        resolved
            .build(&Outer::default())
            .map_err(|refused| self.told(&refused, resolved))
    }

    /// The schedule in our own kinds, with what is to be known about the translation.
    ///
    /// # Errors
    /// What a library refuses, at the line of the argument.
    pub fn translate(&self, resolved: &Resolved) -> Result<Translation, SpecError> {
        resolved
            .translate(&Outer::default())
            .map_err(|refused| self.told(&refused, resolved))
    }

    fn told(&self, refused: &Refused, resolved: &Resolved) -> SpecError {
        let (mut level, mut values) = (self, resolved);
        for &(slot, index) in refused.path.iter().rev() {
            let part = level.inner.get(slot).and_then(|parts| parts.get(index));
            let drawn = values.inner.get(slot).and_then(|parts| parts.get(index));
            let (Some(part), Some(drawn)) = (part, drawn) else {
                break;
            };
            (level, values) = (part, drawn);
        }
        let name = match &refused.cause {
            Cause::Core(error) => error.field(),
            Cause::Refusal(refusal) => refusal.argument,
            Cause::Translated(_) => "",
        };
        let index = level
            .fields
            .iter()
            .position(|field| field.field.name == name);
        let value = index.and_then(|index| values.values.get(index)?.as_ref());
        // What stands in a slot is no field of its own: what is wrong with it is told at the table.
        let place = match index.and_then(|index| level.fields.get(index)) {
            Some(field) => field.place.clone(),
            None if name.is_empty() => level.place.clone(),
            None => level.place.absent(name),
        };
        match &refused.cause {
            Cause::Core(error) => explain(error, &place, value),
            Cause::Refusal(refusal) => {
                let mut error = place.error(refusal.message.clone());
                if let Some(value) = value {
                    error = error.with_value(value.to_json().to_string());
                }
                match &refusal.remedy {
                    Some(remedy) => error.with_help(remedy.clone()),
                    None => error,
                }
            }
            Cause::Translated(error) => level.told_of_translation(error, values),
        }
    }

    /// What the core refuses of a translation, at the argument that it comes from where that is known.
    fn told_of_translation(&self, error: &ConfigError, resolved: &Resolved) -> SpecError {
        match *error {
            ConfigError::Expression(_) => {
                let wrong = self.fields.iter().zip(&resolved.values).find(|(_, value)| {
                    matches!(value, Some(ParameterValue::Text(text)) if Factor::parse(text).is_err())
                });
                match wrong {
                    Some((field, value)) => explain(error, &field.place, value.as_ref()),
                    None => explain(error, &self.place, None),
                }
            }
            ConfigError::OverCapacity {
                capacity, found, ..
            } => self
                .place
                .error(format!(
                    "`{}` needs room for {found} numbers in a list or pieces in a composition, where at most {capacity} fit",
                    self.kind.name
                ))
                .with_help("leave some out, or write several schedules that follow one another as `sequential`"),
            _ => self
                .place
                .error(format!(
                    "the arguments of `{}` lead to what no schedule can have: {error}",
                    self.kind.name
                ))
                .with_help("choose them less extreme"),
        }
    }

    /// The one schedule of a template without ranges.
    ///
    /// # Errors
    /// At the first range, and as [`ScheduleTemplate::build`].
    pub fn fixed(&self) -> Result<(Resolved, Built), SpecError> {
        if let Some((_, field)) = self
            .parameters()
            .find(|(_, field)| !field.domain.is_fixed())
        {
            return Err(field
                .place
                .error("must be one value: these are the rates of a single schedule")
                .with_value(field.domain.to_json().to_string())
                .with_help("write the value itself; ranges belong into a specification for `hairpin table` or `hairpin sweep`"));
        }
        let resolved = self.resolve(&mut |field| field.domain.at(0.0));
        let built = self.build(&resolved)?;
        Ok((resolved, built))
    }

    /// Where the table stands.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// What it is called: its kind, and for a schedule with another inside, that one's name too.
    #[must_use]
    pub fn label(&self) -> String {
        match self.inner.as_slice() {
            [parts] if !self.kind.slots.iter().any(|slot| slot.many) => {
                parts.iter().fold(self.kind.name.to_owned(), |name, part| {
                    format!("{name} + {}", part.label())
                })
            }
            _ => self.kind.name.to_owned(),
        }
    }

    /// The template as JSON with every default written out.
    pub(super) fn to_json(&self) -> Json {
        let mut table = Map::new();
        table.insert("kind".to_owned(), self.kind.name.into());
        for field in &self.fields {
            if field.domain != Domain::Absent {
                table.insert(field.field.name.to_owned(), field.domain.to_json());
            }
        }
        for (slot, parts) in self.kind.slots.iter().zip(&self.inner) {
            insert_parts(&mut table, slot, parts.iter().map(Self::to_json));
        }
        Json::Object(table)
    }
}

/// Puts the schedules of a slot into a table.
pub(super) fn insert_parts(
    table: &mut Map<String, Json>,
    slot: &Slot,
    mut parts: impl Iterator<Item = Json>,
) {
    let json = if slot.many {
        Some(parts.collect())
    } else {
        parts.next()
    };
    if let Some(json) = json {
        table.insert(slot.name.to_owned(), json);
    }
}

fn slot_path(slot: &Slot, index: usize) -> String {
    if slot.many {
        format!("{}[{index}]", slot.name)
    } else {
        slot.name.to_owned()
    }
}

fn read_kind(table: &mut Fields<'_>) -> Result<&'static Kind, SpecError> {
    let own = || {
        KINDS
            .iter()
            .filter(|kind| kind.library().is_none())
            .map(|kind| kind.name)
            .collect::<Vec<_>>()
    };
    let entry = match table.require("kind") {
        Err(error) if error.message() == "is missing" => {
            return Err(
                error.with_help(format!("`kind` chooses the schedule: {}", own().join(", ")))
            );
        }
        entry => entry?,
    };
    let name = entry.text()?;
    if let Some(kind) = super::kinds::kind(name) {
        return Ok(kind);
    }
    let short = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let namesakes: Vec<&'static str> = KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|known| known.eq_ignore_ascii_case(name) || short(known).eq_ignore_ascii_case(name))
        .collect();
    if !namesakes.is_empty() {
        return Err(entry
            .error(format!("unknown kind `{name}`"))
            .with_help(format!("did you mean `{}`?", namesakes.join("` or `"))));
    }
    // A name with a dot is another library's: only that library's names can have been meant.
    let library = name.split_once('.').map(|(library, _)| library);
    let known: Vec<&'static str> = match library {
        None => own(),
        Some(library) => KINDS
            .iter()
            .filter(|kind| kind.library() == Some(library))
            .map(|kind| kind.name)
            .collect(),
    };
    if known.is_empty() {
        let mut libraries: Vec<&'static str> = KINDS.iter().filter_map(Kind::library).collect();
        libraries.dedup();
        return Err(entry
            .error(format!("unknown kind `{name}`"))
            .with_help(format!("libraries known here: {}", libraries.join(", "))));
    }
    // It is none of them, so that this is the error that names the nearest.
    match entry.word("kind", &known) {
        Ok(name) => Err(entry.error(format!("unknown kind `{name}`"))),
        Err(error) => Err(error),
    }
}

fn read_slot(
    slot: &Slot,
    table: &mut Fields<'_>,
    depth: usize,
    outer: &[&'static str],
) -> Result<Vec<ScheduleTemplate>, SpecError> {
    let entry = if slot.optional {
        table.take(slot.name)
    } else {
        Some(
            table
                .require(slot.name)
                .map_err(|error| match error.remedy() {
                    Some(_) => error,
                    None => error.with_help(format!("`{}` is {}", slot.name, slot.doc)),
                })?,
        )
    };
    let Some(at) = entry else {
        return Ok(Vec::new());
    };
    let part = |at: &At<'_>| ScheduleTemplate::read_part(at, depth + 1, outer, slot.implied);
    if slot.many {
        at.items()?.iter().map(part).collect()
    } else {
        Ok(vec![part(&at)?])
    }
}
