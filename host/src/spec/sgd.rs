//! `[sgd]`: the parameters of the update.

use hairpin_core::{Rounding, Sgd, SgdConfig};

use super::field::{Fallback, Field, Values, field};
use super::refused::explain;
use super::template::FieldTemplate;
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

/// The parameters of the update, which may be ranges.
#[derive(Debug, Clone)]
pub struct SgdTemplate {
    /// The parameters, in the order of [`SGD`].
    pub fields: Vec<FieldTemplate>,
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
                place: root.place().absent("sgd"),
            });
        };
        let mut table = at.fields()?;
        let fields = FieldTemplate::read_all(SGD, &mut table, &[])?;
        table.finish()?;
        Ok(Self {
            fields,
            place: at.place(),
        })
    }

    /// The update's configuration for one value of each parameter.
    ///
    /// # Errors
    /// Where the core refuses them, at the line of the field it names.
    pub fn build(&self, values: &[Option<ParameterValue>]) -> Result<SgdConfig, SpecError> {
        let config = config(values);
        match Sgd::new(config) {
            Ok(_) => Ok(config),
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
