//! A schedule with a value for every parameter: written down, translated, and built.

use hairpin_core::{AnySchedule, ConfigError, FeedbackKind, Plan};
use serde_json::{Map, Value as Json};

use super::field::{Build, FAITHFUL, Field, Kind, Values};
use super::kinds::kind;
use super::template::{default_of, insert_parts};
use super::value::ParameterValue;
use crate::dialect::{
    Arguments, Canonical, Dialect, Given, IfAbsent, Refusal, Setting, Translation,
};

/// A schedule with a value for every parameter.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Which kind.
    pub kind: &'static Kind,
    pub(super) values: Vec<Option<ParameterValue>>,
    pub(super) inner: Vec<Vec<Self>>,
}

/// What came out of a schedule's table.
#[derive(Debug, Clone)]
pub struct Built {
    /// The rate.
    pub plan: Plan,
    /// The momentum, where the schedule is of a library that moves it with the rate.
    pub momentum: Option<AnySchedule>,
}

/// What was refused: at the end of the path of slots and indices from the outside in, written from its end.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) path: Vec<(usize, usize)>,
    pub(super) cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// The core refuses a parameter.
    Core(ConfigError),
    /// A dialect refuses an argument.
    Refusal(Refusal),
    /// The core refuses what a dialect made.
    Translated(ConfigError),
}

impl From<Cause> for Refused {
    fn from(cause: Cause) -> Self {
        Self {
            path: Vec::new(),
            cause,
        }
    }
}

/// The arguments of the schedules around one, the nearest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Outer(Vec<(&'static str, ParameterValue)>);

impl Outer {
    fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl Resolved {
    pub(super) fn build(&self, outer: &Outer) -> Result<Built, Refused> {
        let mut values = Values {
            fields: &self.kind.fields,
            values: &self.values,
        };
        let no_such_kind = ConfigError::Conflict {
            field: "kind",
            with: "is not known to the core",
        };
        let plan = match self.kind.build {
            Build::Kind(tag) => hairpin_core::Kind::read(tag, &mut values)
                .unwrap_or(Err(no_such_kind))
                .map(Plan::from),
            Build::Feedback(tag) => FeedbackKind::read(tag, &mut values)
                .unwrap_or(Err(no_such_kind))
                .map(|kind| Plan::Feedback(kind.into())),
            Build::Composed(build) => {
                let inside = self.inside(outer);
                let parts = self.parts(|part| part.build(&inside).map(|built| built.plan))?;
                build(&mut values, &parts.concat())
            }
            Build::Dialect(_) => {
                let translation = self.translate(outer)?;
                let translated = |error| Refused::from(Cause::Translated(error));
                let plan = plan_of(&translation.schedule).map_err(translated)?;
                let momentum = match &translation.momentum {
                    None => None,
                    Some(canonical) => match plan_of(canonical).map_err(translated)? {
                        Plan::Schedule(schedule) => Some(schedule),
                        Plan::Feedback(_) => None,
                    },
                };
                return Ok(Built { plan, momentum });
            }
        };
        Ok(Built {
            plan: plan.map_err(Cause::Core)?,
            momentum: None,
        })
    }

    /// What the schedules inside this one see around them.
    fn inside(&self, outer: &Outer) -> Outer {
        let mut inside = outer.clone();
        for (field, value) in self.kind.fields.iter().zip(&self.values) {
            if let Some(value) = value {
                inside.0.push((field.name, value.clone()));
            }
        }
        inside
    }

    /// Does something with each of the schedules inside, slot by slot.
    fn parts<T>(
        &self,
        mut each: impl FnMut(&Self) -> Result<T, Refused>,
    ) -> Result<Vec<Vec<T>>, Refused> {
        let mut all = Vec::with_capacity(self.inner.len());
        for (slot, parts) in self.inner.iter().enumerate() {
            let mut made = Vec::with_capacity(parts.len());
            for (index, part) in parts.iter().enumerate() {
                made.push(each(part).map_err(|mut refused| {
                    refused.path.push((slot, index));
                    refused
                })?);
            }
            all.push(made);
        }
        Ok(all)
    }

    pub(super) fn translate(&self, outer: &Outer) -> Result<Translation, Refused> {
        let inside = self.inside(outer);
        let parts = self.parts(|part| part.translate(&inside))?;
        match self.kind.build {
            Build::Dialect(dialect) => self.call(dialect, outer, parts),
            _ => Ok(self.own(parts)),
        }
    }

    /// A schedule of our own kind as it is, with translated schedules inside.
    fn own(&self, parts: Vec<Vec<Translation>>) -> Translation {
        let mut settings = Vec::new();
        for (field, value) in self.kind.fields.iter().zip(&self.values) {
            if let Some(setting) = value.as_ref().and_then(setting) {
                settings.push((field.name, setting));
            }
        }
        let mut remarks = Vec::new();
        for ((slot, inside), parts) in self.kind.slots.iter().zip(&self.inner).zip(parts) {
            let mut schedules = Vec::with_capacity(parts.len());
            for (resolved, part) in inside.iter().zip(parts) {
                remarks.extend(part.remarks);
                if part.momentum.is_some() {
                    remarks.push(format!(
                        "`{}` moves the momentum, which a composition around it does not; here only its rate is taken over, as with \
                         cycle_momentum = false.",
                        resolved.kind.name
                    ));
                }
                schedules.push(part.schedule);
            }
            let setting = match (slot.many, schedules.pop()) {
                (false, Some(only)) => Setting::Schedule(Box::new(only)),
                (_, last) => {
                    schedules.extend(last);
                    Setting::Schedules(schedules)
                }
            };
            settings.push((slot.name, setting));
        }
        let schedule = Canonical {
            kind: self.kind.name,
            settings,
        };
        Translation {
            remarks,
            ..schedule.into()
        }
    }

    /// Asks a dialect.
    fn call(
        &self,
        dialect: &'static Dialect,
        outer: &Outer,
        parts: Vec<Vec<Translation>>,
    ) -> Result<Translation, Refused> {
        let values = Values {
            fields: &self.kind.fields,
            values: &self.values,
        };
        let mut parts = parts.into_iter();
        let mut remarks: Vec<String> = Vec::new();
        let mut given = Vec::with_capacity(dialect.arguments.len());
        for argument in dialect.arguments {
            let is_slot = self
                .kind
                .slots
                .iter()
                .any(|slot| slot.name == argument.name);
            let value = if is_slot {
                let inside = parts.next().unwrap_or_default();
                remarks.extend(inside.iter().flat_map(|part| part.remarks.iter().cloned()));
                (!inside.is_empty()).then_some(Given::Schedules(inside))
            } else {
                let value = match argument.if_absent {
                    IfAbsent::Outer => values
                        .get(argument.name)
                        .or_else(|| outer.get(argument.name)),
                    _ => values.get(argument.name),
                };
                if let Some(number) = value.and_then(not_finite) {
                    let message = format!("must be finite, found {number}");
                    return Err(Cause::Refusal(Refusal::of(argument.name, message)).into());
                }
                value.map(given_of)
            };
            given.push((argument.name, value));
        }
        let arguments = Arguments {
            given: &given,
            faithful: values.flag("faithful"),
        };
        let mut translation = (dialect.translate)(&arguments).map_err(Cause::Refusal)?;
        // What the schedules inside had to be told comes first, once.
        for remark in translation.remarks {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
        translation.remarks = remarks;
        Ok(translation)
    }

    /// Asks every dialect in it for the steps at which its library leaves its own formula.
    pub fn make_faithful(&mut self) {
        let is_dialect = self.kind.library().is_some();
        for (field, value) in self.kind.fields.iter().zip(&mut self.values) {
            if is_dialect && field.name == FAITHFUL.name {
                *value = Some(ParameterValue::Flag(true));
            }
        }
        for part in self.inner.iter_mut().flatten() {
            part.make_faithful();
        }
    }

    /// The kind behind all warm-ups.
    #[must_use]
    pub fn innermost(&self) -> &'static Kind {
        let after = self
            .kind
            .slots
            .iter()
            .position(|slot| slot.name == "after")
            .and_then(|slot| self.inner.get(slot)?.first());
        after.map_or(self.kind, Self::innermost)
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
        for (slot, parts) in self.kind.slots.iter().zip(&self.inner) {
            insert_parts(&mut table, slot, parts.iter().map(Self::to_json));
        }
        Json::Object(table)
    }
}

fn setting(value: &ParameterValue) -> Option<Setting> {
    Some(match value {
        ParameterValue::Number(number) => Setting::Number(*number),
        ParameterValue::Count(count) => Setting::Count(*count),
        ParameterValue::Flag(flag) => Setting::Flag(*flag),
        ParameterValue::Text(text) => Setting::Text(text.clone()),
        ParameterValue::Numbers(numbers) => Setting::Numbers(numbers.clone()),
        ParameterValue::Counts(counts) => Setting::Counts(counts.clone()),
        // No kind of our own takes these.
        ParameterValue::Integer(_) | ParameterValue::Integers(_) | ParameterValue::Pairs(_) => {
            return None;
        }
    })
}

fn given_of(value: &ParameterValue) -> Given {
    match value {
        ParameterValue::Number(number) => Given::Number(*number),
        ParameterValue::Count(count) => Given::Integer(i64::from(*count)),
        ParameterValue::Integer(integer) => Given::Integer(*integer),
        ParameterValue::Flag(flag) => Given::Flag(*flag),
        ParameterValue::Text(text) => Given::Text(text.clone()),
        ParameterValue::Numbers(numbers) => Given::Numbers(numbers.clone()),
        ParameterValue::Counts(counts) => {
            Given::Integers(counts.iter().map(|count| i64::from(*count)).collect())
        }
        ParameterValue::Integers(integers) => Given::Integers(integers.clone()),
        ParameterValue::Pairs(pairs) => Given::Pairs(pairs.clone()),
    }
}

/// The first number that is NaN or infinite.
fn not_finite(value: &ParameterValue) -> Option<f64> {
    let numbers: Vec<f64> = match value {
        ParameterValue::Number(number) => vec![*number],
        ParameterValue::Numbers(numbers) => numbers.clone(),
        ParameterValue::Pairs(pairs) => pairs.iter().map(|(_, number)| *number).collect(),
        _ => return None,
    };
    numbers.into_iter().find(|number| !number.is_finite())
}

/// The value of a field in a canonical tree.
fn value_of(canonical: &Canonical, field: &Field) -> Option<ParameterValue> {
    let setting = canonical
        .settings
        .iter()
        .find(|(key, _)| *key == field.name)
        .map(|(_, setting)| setting);
    match setting {
        None => default_of(field),
        Some(Setting::Number(number)) => Some(ParameterValue::Number(*number)),
        Some(Setting::Count(count)) => Some(ParameterValue::Count(*count)),
        Some(Setting::Flag(flag)) => Some(ParameterValue::Flag(*flag)),
        Some(Setting::Text(text)) => Some(ParameterValue::Text(text.clone())),
        Some(Setting::Numbers(numbers)) => Some(ParameterValue::Numbers(numbers.clone())),
        Some(Setting::Counts(counts)) => Some(ParameterValue::Counts(counts.clone())),
        Some(Setting::Schedule(_) | Setting::Schedules(_)) => None,
    }
}

/// A canonical tree with every default written out, as what it was resolved to.
///
/// # Errors
/// A kind or key that is none of ours: a mistake of the dialect, which its tests find.
fn resolve(canonical: &Canonical) -> Result<Resolved, ConfigError> {
    let unknown = ConfigError::Conflict {
        field: "kind",
        with: "the translation names a kind or key that does not exist",
    };
    let kind = kind(canonical.kind).ok_or(unknown)?;
    let is_known = |key: &str| {
        kind.fields.iter().any(|field| field.name == key)
            || kind.slots.iter().any(|slot| slot.name == key)
    };
    if !canonical.settings.iter().all(|(key, _)| is_known(key)) {
        return Err(unknown);
    }
    let mut inner = Vec::with_capacity(kind.slots.len());
    for slot in &kind.slots {
        let parts = canonical.settings.iter().find(|(key, _)| *key == slot.name);
        inner.push(match parts {
            Some((_, Setting::Schedule(part))) => vec![resolve(part)?],
            Some((_, Setting::Schedules(parts))) => {
                parts.iter().map(resolve).collect::<Result<_, _>>()?
            }
            _ => return Err(unknown),
        });
    }
    Ok(Resolved {
        kind,
        values: kind
            .fields
            .iter()
            .map(|field| value_of(canonical, field))
            .collect(),
        inner,
    })
}

/// The core's schedule of a canonical tree.
///
/// # Errors
/// What the core refuses.
pub fn plan_of(canonical: &Canonical) -> Result<Plan, ConfigError> {
    let built = resolve(canonical)?.build(&Outer::default());
    match built {
        Ok(built) => Ok(built.plan),
        Err(Refused {
            cause: Cause::Core(error) | Cause::Translated(error),
            ..
        }) => Err(error),
        Err(Refused {
            cause: Cause::Refusal(_),
            ..
        }) => Err(ConfigError::Conflict {
            field: "kind",
            with: "the translation names a kind that is not canonical",
        }),
    }
}
