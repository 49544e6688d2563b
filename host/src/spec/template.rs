//! A schedule with ranges in place of values, and the schedule that comes out when each range has given a value.

use hairpin_core::{ConfigError, Plan};
use serde_json::{Map, Value as Json};

use super::distribution;
use super::domain::Domain;
use super::field::{Build, Fallback, Field, Kind, Values};
use super::kinds::KINDS;
use super::refused::explain;
use super::value::ParameterValue;
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
    /// Takes the entries of `fields` out of a table.
    pub(super) fn read_all(
        fields: &'static [Field],
        table: &mut Fields<'_>,
    ) -> Result<Vec<Self>, SpecError> {
        fields
            .iter()
            .map(|field| Self::read(field, table))
            .collect()
    }

    fn read(field: &'static Field, table: &mut Fields<'_>) -> Result<Self, SpecError> {
        let entry = match field.fallback {
            Fallback::Required => {
                Some(
                    table
                        .require(field.name)
                        .map_err(|error| match error.remedy() {
                            Some(_) => error,
                            None => error.with_help(format!("`{}` is {}", field.name, field.doc)),
                        })?,
                )
            }
            _ => table.take(field.name),
        };
        if let Some(at) = entry {
            return Ok(Self {
                field,
                domain: Domain::read(&at, field.ty)?,
                place: at.place(),
            });
        }
        let domain = match field.fallback {
            Fallback::Required | Fallback::Absent => Domain::Absent,
            Fallback::Number(number) => Domain::Fixed(ParameterValue::Number(number)),
            Fallback::Count(count) => Domain::Fixed(ParameterValue::Count(count)),
            Fallback::Flag(flag) => Domain::Fixed(ParameterValue::Flag(flag)),
            Fallback::Word(word) => Domain::Fixed(ParameterValue::Text(word.to_owned())),
        };
        Ok(Self {
            field,
            domain,
            place: table.at().place().absent(field.name),
        })
    }
}

/// One alternative: a kind of schedule whose parameters may be ranges, with what follows it if it is a warm-up.
#[derive(Debug, Clone)]
pub struct ScheduleTemplate {
    /// Which kind.
    pub kind: &'static Kind,
    /// Its parameters, in the kind's order.
    pub fields: Vec<FieldTemplate>,
    /// What a warm-up leads to.
    pub after: Option<Box<Self>>,
    place: Place,
}

/// How deep warm-ups are read: beyond the core's own limit, so that the core is the one to refuse.
const DEEPEST: usize = hairpin_core::WARMUPS_MAX + 2;

impl ScheduleTemplate {
    /// Reads a schedule's table.
    ///
    /// # Errors
    /// An unknown kind or key, a missing one, or a value that its field does not take.
    pub fn read(at: &At<'_>) -> Result<Self, SpecError> {
        Self::read_at_depth(at, 0)
    }

    fn read_at_depth(at: &At<'_>, depth: usize) -> Result<Self, SpecError> {
        if depth > DEEPEST {
            return Err(at.error(format!(
                "at most {} warm-ups can follow one another",
                hairpin_core::WARMUPS_MAX
            )));
        }
        let mut table = at.fields()?;
        let names: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
        let name = match table.require("kind") {
            Ok(entry) => entry.word("kind", &names)?,
            Err(error) if error.message() == "is missing" => {
                return Err(
                    error.with_help(format!("`kind` chooses the schedule: {}", names.join(", ")))
                );
            }
            Err(error) => return Err(error),
        };
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
            return Err(at.error(format!("unknown kind `{name}`")));
        };
        let fields = FieldTemplate::read_all(kind.fields, &mut table)?;
        let after = match kind.build {
            Build::Alone(_) => None,
            Build::Before(_) => Some(Box::new(Self::read_after(
                &table.require("after")?,
                depth + 1,
            )?)),
        };
        table.finish()?;
        Ok(Self {
            kind,
            fields,
            after,
            place: at.place(),
        })
    }

    /// What follows a warm-up: a schedule, or a rate that stays as it is.
    fn read_after(at: &At<'_>, depth: usize) -> Result<Self, SpecError> {
        let is_parameter =
            !at.is_table() || (!at.has("kind") && distribution::KEYS.iter().any(|key| at.has(key)));
        match KINDS.iter().find(|kind| kind.name == "constant") {
            Some(kind) if is_parameter => {
                let mut fields = Vec::with_capacity(kind.fields.len());
                for field in kind.fields {
                    fields.push(FieldTemplate {
                        field,
                        domain: Domain::read(at, field.ty)?,
                        place: at.place(),
                    });
                }
                Ok(Self {
                    kind,
                    fields,
                    after: None,
                    place: at.place(),
                })
            }
            _ => Self::read_at_depth(at, depth),
        }
    }

    /// This schedule and what follows it, from the outside in, each with the path from the outermost: `""`, `"after."`, …
    fn levels(&self) -> impl Iterator<Item = (String, &Self)> {
        std::iter::successors(Some((String::new(), self)), |(prefix, level)| {
            level
                .after
                .as_deref()
                .map(|after| (format!("{prefix}after."), after))
        })
    }

    /// All parameters with their names, as `after.gamma`, in the order in which they are drawn.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &FieldTemplate)> {
        self.levels().flat_map(|(prefix, level)| {
            level
                .fields
                .iter()
                .map(move |field| (format!("{prefix}{}", field.field.name), field))
        })
    }

    /// The schedule whose values are `draw` of each parameter, asked in the order of [`ScheduleTemplate::parameters`].
    pub fn resolve(
        &self,
        draw: &mut impl FnMut(&FieldTemplate) -> Option<ParameterValue>,
    ) -> Resolved {
        Resolved {
            kind: self.kind,
            values: self.fields.iter().map(&mut *draw).collect(),
            after: self
                .after
                .as_deref()
                .map(|after| Box::new(after.resolve(draw))),
        }
    }

    /// The core's schedule for values drawn from this template.
    ///
    /// # Errors
    /// Where the core refuses them, at the line of the field it names.
    pub fn build(&self, resolved: &Resolved) -> Result<Plan, SpecError> {
        resolved.build().map_err(|Refused { depth, error }| {
            let Some((_, level)) = self.levels().nth(depth) else {
                return explain(&error, &self.place, None);
            };
            let index = level
                .fields
                .iter()
                .position(|field| field.field.name == error.field());
            let value = resolved
                .level(depth)
                .zip(index)
                .and_then(|(level, index)| level.values.get(index)?.as_ref());
            // `after` is no field of its own: what is wrong with it is told at the table it stands in.
            let place = match index.and_then(|index| level.fields.get(index)) {
                Some(field) => field.place.clone(),
                None => level.place.absent(error.field()),
            };
            explain(&error, &place, value)
        })
    }

    /// The one schedule of a template without ranges.
    ///
    /// # Errors
    /// At the first range, and as [`ScheduleTemplate::build`].
    pub fn fixed(&self) -> Result<(Resolved, Plan), SpecError> {
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
        let plan = self.build(&resolved)?;
        Ok((resolved, plan))
    }

    /// Where the table stands.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
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
        if let Some(after) = &self.after {
            table.insert("after".to_owned(), after.to_json());
        }
        Json::Object(table)
    }
}

/// A schedule with a value for every parameter.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Which kind.
    pub kind: &'static Kind,
    values: Vec<Option<ParameterValue>>,
    after: Option<Box<Self>>,
}

/// What the core refused, and how many warm-ups outside of it stand.
struct Refused {
    depth: usize,
    error: ConfigError,
}

impl Resolved {
    fn build(&self) -> Result<Plan, Refused> {
        let values = Values {
            fields: self.kind.fields,
            values: &self.values,
        };
        let refused = |error| Refused { depth: 0, error };
        match (self.kind.build, &self.after) {
            (Build::Alone(build), _) => build(&values).map_err(refused),
            (Build::Before(build), Some(after)) => {
                let after = after.build().map_err(|Refused { depth, error }| Refused {
                    depth: depth + 1,
                    error,
                })?;
                build(&values, after).map_err(refused)
            }
            // A template of such a kind always has what follows it.
            (Build::Before(_), None) => Err(refused(ConfigError::Conflict {
                field: "after",
                with: "is missing",
            })),
        }
    }

    fn level(&self, depth: usize) -> Option<&Self> {
        std::iter::successors(Some(self), |level| level.after.as_deref()).nth(depth)
    }

    /// The kind behind all warm-ups.
    #[must_use]
    pub fn innermost(&self) -> &'static Kind {
        self.after.as_deref().map_or(self.kind, Self::innermost)
    }

    /// The schedule as the JSON table that `hairpin lr` reads, with every default written out.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut table = Map::new();
        table.insert("kind".to_owned(), self.kind.name.into());
        for (field, value) in self.kind.fields.iter().zip(&self.values) {
            if let Some(value) = value {
                table.insert(field.name.to_owned(), value.to_json());
            }
        }
        if let Some(after) = &self.after {
            table.insert("after".to_owned(), after.to_json());
        }
        Json::Object(table)
    }
}
