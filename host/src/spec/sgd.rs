//! `[sgd]`: the parameters of the update.

use hairpin_core::{AnySchedule, Plan, Rounding, Schedule, Sgd, SgdConfig};

use super::field::{Fallback, Field, Values, field};
use super::refused::explain;
use super::template::{FieldTemplate, ScheduleTemplate};
use super::value::{ParameterValue, Type};
use crate::document::{At, Fields, Place, SpecError};

/// The parameters of the update, `[sgd]`.
pub const SGD: &[Field] = &[
    field(
        "momentum",
        Type::Number,
        Fallback::Number(0.0),
        "share of the velocity kept from step to step",
    ),
    field(
        "dampening",
        Type::Number,
        Fallback::Number(0.0),
        "share of the gradient kept out of the velocity",
    ),
    field(
        "nesterov",
        Type::Flag,
        Fallback::Flag(false),
        "look ahead along the velocity",
    ),
    field(
        "weight_decay",
        Type::Number,
        Fallback::Number(0.0),
        "L2 penalty",
    ),
    field(
        "gradient_scale",
        Type::Number,
        Fallback::Number(1.0),
        "factor on the gradient before anything else",
    ),
    field(
        "rounding",
        Type::Word(&["separate", "fused"]),
        Fallback::Word("separate"),
        "how products and sums are rounded",
    ),
];

fn config(values: &[Option<ParameterValue>]) -> SgdConfig {
    let v = Values {
        fields: SGD,
        values,
    };
    SgdConfig {
        momentum: v.number("momentum"),
        dampening: v.number("dampening"),
        nesterov: v.flag("nesterov"),
        weight_decay: v.number("weight_decay"),
        gradient_scale: v.number("gradient_scale"),
        rounding: if v.text("rounding") == "fused" {
            Rounding::Fused
        } else {
            Rounding::Separate
        },
    }
}

/// A momentum that goes with the step.
fn moved(
    template: &ScheduleTemplate,
    values: &[Option<ParameterValue>],
) -> Result<AnySchedule, SpecError> {
    let (_, built, _) = super::assemble(template, values)?;
    match built.plan {
        Plan::Schedule(momentum) => Ok(momentum),
        Plan::Feedback(_) => Err(template
            .place()
            .error("is a schedule that reacts to losses, which a momentum does not")
            .with_help("choose a kind whose rate follows from the step alone")),
    }
}

/// Steps at which a momentum is looked at before training: all of a short run, evenly spread ones of a long run.
const LOOKED_AT: u32 = 1024;

/// A momentum is at least 0 and finite at every step.
fn check_moved(momentum: &AnySchedule, steps: u32, place: &Place) -> Result<(), SpecError> {
    let last = steps.saturating_sub(1);
    let stride = steps.div_ceil(LOOKED_AT).max(1) as usize;
    let unusable = (0..=last)
        .step_by(stride)
        .chain([last])
        .map(|step| (step, momentum.lr(step)))
        .find(|(_, momentum)| !(momentum.is_finite() && *momentum >= 0.0));
    match unusable {
        None => Ok(()),
        Some((step, found)) => Err(place
            .error(format!(
                "moves the momentum to {found} at step {step}, where it must be at least 0 and finite"
            ))
            .with_help("change the momentum that it moves between")),
    }
}

/// The parameters of the update, which may be ranges.
#[derive(Debug, Clone)]
pub struct SgdTemplate {
    /// The parameters, in the order of [`SGD`].
    pub fields: Vec<FieldTemplate>,
    /// A momentum that goes with the step: a schedule in place of the number.
    pub momentum: Option<ScheduleTemplate>,
    /// Where a momentum was written, of either form.
    written: Option<Place>,
    place: Place,
}

impl SgdTemplate {
    pub(super) fn read(at: Option<&At<'_>>, root: &At<'_>) -> Result<Self, SpecError> {
        let Some(at) = at else {
            // An absent table is an empty one: every parameter has a default.
            let mut empty = Fields::empty(root.clone().named("sgd"));
            let fields = FieldTemplate::read_all(SGD, &mut empty, &[])?;
            return Ok(Self {
                fields,
                momentum: None,
                written: None,
                place: root.place().absent("sgd"),
            });
        };
        let mut table = at.fields()?;
        let entry = table.take("momentum");
        let written = entry.as_ref().map(At::place);
        let momentum = match entry {
            Some(at) if at.is_table() && at.has("kind") => Some(ScheduleTemplate::read(&at)?),
            _ => None,
        };
        let (number, others) = SGD.split_at(1);
        let fields = match momentum {
            // The number that stands for the schedule is its rate at step 0.
            Some(_) => {
                let mut empty = Fields::empty(at.clone());
                let mut fields = FieldTemplate::read_all(number, &mut empty, &[])?;
                fields.extend(FieldTemplate::read_all(others, &mut table, &[])?);
                fields
            }
            None => FieldTemplate::read_all(SGD, &mut table, &[])?,
        };
        table.finish()?;
        Ok(Self {
            fields,
            momentum,
            written,
            place: at.place(),
        })
    }

    /// All parameters, those of a momentum that goes with the step after the others, in the order in which they are drawn.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &FieldTemplate)> {
        let fields = self
            .fields
            .iter()
            .map(|field| (format!("sgd.{}", field.field.name), field));
        let momentum = self
            .momentum
            .iter()
            .flat_map(ScheduleTemplate::parameters)
            .map(|(name, field)| (format!("sgd.momentum.{name}"), field));
        fields.chain(momentum)
    }

    /// The update for one value of each parameter, beside a schedule that may move a momentum of its own, in a run of `steps`.
    ///
    /// # Errors
    /// Where the core refuses them, at the line of the field it names; and where a momentum is written beside a schedule that
    /// moves it, since only one of the two can hold.
    pub fn build(
        &self,
        values: &[Option<ParameterValue>],
        beside: (Option<AnySchedule>, &Place),
        steps: u32,
    ) -> Result<(SgdConfig, Option<AnySchedule>), SpecError> {
        let (values, rest) = values.split_at(self.fields.len().min(values.len()));
        let (beside, schedule) = beside;
        if let (Some(place), Some(_)) = (&self.written, &beside) {
            return Err(place
                .error("stands beside a schedule that moves the momentum itself")
                .with_help("leave it out, or write cycle_momentum = false in the schedule"));
        }
        let momentum = match &self.momentum {
            Some(template) => Some(moved(template, rest)?),
            None => beside,
        };
        let mut config = config(values);
        if let Some(momentum) = &momentum {
            let place = self.written.as_ref().unwrap_or(schedule);
            check_moved(momentum, steps, place)?;
            // Each step has its own; this one says that there is a velocity, whatever it begins with.
            config.momentum = match momentum.value(0) {
                0.0 => 1.0,
                first => first,
            };
        }
        self.check(config, values)?;
        Ok((config, momentum))
    }

    fn check(&self, config: SgdConfig, values: &[Option<ParameterValue>]) -> Result<(), SpecError> {
        match Sgd::new(config) {
            Ok(_) => Ok(()),
            Err(error) => {
                let index = self
                    .fields
                    .iter()
                    .position(|field| field.field.name == error.field());
                let place = index
                    .and_then(|index| self.fields.get(index))
                    .map_or(&self.place, |field| &field.place);
                let value = index.and_then(|index| values.get(index)?.as_ref());
                Err(explain(&error, place, value))
            }
        }
    }
}
