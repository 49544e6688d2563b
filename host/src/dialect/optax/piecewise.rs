//! Values at boundaries, each the one before times a scale: constant, or connected by lines and half cosines.

use super::super::common::argument;
use std::collections::BTreeMap;

use super::transition::INIT_VALUE;
use crate::dialect::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation,
};

const BOUNDARIES_AND_SCALES: Argument = argument(
    "boundaries_and_scales",
    Takes::Pairs,
    IfAbsent::None,
    "steps, each with the factor that it brings",
);

const CYCLE_STEPS: Argument = argument(
    "transition_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the cycle takes",
);

const PEAK_VALUE: Argument = argument(
    "peak_value",
    Takes::Number,
    IfAbsent::Required,
    "the highest rate",
);

const PCT_START: Argument = argument(
    "pct_start",
    Takes::Number,
    IfAbsent::Number(0.3),
    "the share of the steps until the peak",
);

const DIV_FACTOR: Argument = argument(
    "div_factor",
    Takes::Number,
    IfAbsent::Number(25.0),
    "how many times the first rate is below the peak",
);

const FINAL_DIV_FACTOR: Argument = argument(
    "final_div_factor",
    Takes::Number,
    IfAbsent::Number(1e4),
    "how many times the last rate is below the first",
);

pub(super) const CONSTANT: Dialect = Dialect {
    name: "optax.piecewise_constant_schedule",
    doc: "The first value times the scales of all boundaries passed.",
    arguments: &[INIT_VALUE, BOUNDARIES_AND_SCALES],
    translate: |arguments| {
        let mut value = arguments.number("init_value");
        let (mut boundaries, mut scales) = (Vec::new(), Vec::new());
        let (pairs, remark) = pairs(arguments)?;
        for (boundary, scale) in pairs {
            if boundary <= 0 {
                value *= scale;
            } else {
                boundaries.push(count(BOUNDARIES_AND_SCALES.name, boundary)?);
                scales.push(scale);
            }
        }
        Ok(remarked(
            if boundaries.is_empty() {
                Canonical::constant(value)
            } else {
                Canonical::new("piecewise_scale")
                    .number("learning_rate", value)
                    .counts("boundaries", boundaries)
                    .numbers("scales", scales)
            },
            remark,
        ))
    },
};

pub(super) const INTERPOLATE: Dialect = Dialect {
    name: "optax.piecewise_interpolate_schedule",
    doc: "Lines or half cosines between the values at the boundaries.",
    arguments: &[
        argument(
            "interpolate_type",
            Takes::Word(&["linear", "cosine"]),
            IfAbsent::Required,
            "what connects two values",
        ),
        INIT_VALUE,
        BOUNDARIES_AND_SCALES,
    ],
    translate: |arguments| {
        let (pairs, remark) = pairs(arguments)?;
        let schedule = interpolated(
            BOUNDARIES_AND_SCALES.name,
            arguments.text("interpolate_type"),
            arguments.number("init_value"),
            &pairs,
        )?;
        Ok(remarked(schedule, remark))
    },
};

pub(super) const LINEAR_ONECYCLE: Dialect = Dialect {
    name: "optax.linear_onecycle_schedule",
    doc: "Straight lines up to the peak, back down, and to the last rate.",
    arguments: &[
        CYCLE_STEPS,
        PEAK_VALUE,
        PCT_START,
        argument(
            "pct_final",
            Takes::Number,
            IfAbsent::Number(0.85),
            "the share of the steps until the rate is back at the first one",
        ),
        DIV_FACTOR,
        FINAL_DIV_FACTOR,
    ],
    translate: |arguments| {
        let cycle = Cycle::of(arguments)?;
        let final_scale = 1.0 / cycle.final_div_factor;
        cycle.translate(
            "linear",
            Some(arguments.number("pct_final")),
            cycle.start() / cycle.final_div_factor,
            final_scale,
        )
    },
};

pub(super) const COSINE_ONECYCLE: Dialect = Dialect {
    name: "optax.cosine_onecycle_schedule",
    doc: "Half a cosine up to the peak, and half a cosine down to the last rate.",
    arguments: &[
        CYCLE_STEPS,
        PEAK_VALUE,
        PCT_START,
        DIV_FACTOR,
        FINAL_DIV_FACTOR,
    ],
    translate: |arguments| {
        let cycle = Cycle::of(arguments)?;
        let divisor = cycle.div_factor * cycle.final_div_factor;
        cycle.translate("cosine", None, cycle.peak / divisor, 1.0 / divisor)
    },
};

/// What both one-cycle schedules are given.
struct Cycle {
    steps: u32,
    peak: f64,
    pct_start: f64,
    div_factor: f64,
    final_div_factor: f64,
}

impl Cycle {
    fn of(arguments: &Arguments<'_>) -> Result<Self, Refusal> {
        let above_0 = |name| {
            let number = arguments.number(name);
            if number > 0.0 {
                Ok(number)
            } else {
                Err(Refusal::of(name, "must be above 0"))
            }
        };
        Ok(Self {
            steps: arguments.steps("transition_steps", 1)?,
            peak: arguments.number("peak_value"),
            pct_start: arguments.number("pct_start"),
            div_factor: above_0("div_factor")?,
            final_div_factor: above_0("final_div_factor")?,
        })
    }

    fn start(&self) -> f64 {
        self.peak / self.div_factor
    }

    /// The step at a share of all steps, towards 0.
    fn edge(&self, share: f64) -> i64 {
        (share * f64::from(self.steps)) as i64
    }

    fn translate(
        &self,
        shape: &'static str,
        pct_final: Option<f64>,
        end: f64,
        final_scale: f64,
    ) -> Result<Translation, Refusal> {
        let last = i64::from(self.steps);
        let first = self.edge(self.pct_start);
        let back = pct_final.map(|share| self.edge(share));
        if self.pct_start >= 0.0
            && first < back.unwrap_or(last)
            && back.is_none_or(|back| back < last)
        {
            let schedule = Canonical::new("one_cycle")
                .number("learning_rate", self.peak)
                .number("start_lr", self.start())
                .number("end_lr", end)
                .count("total_steps", self.steps)
                .number("pct_start", self.pct_start);
            let schedule = match pct_final {
                Some(share) => schedule.number("pct_final", share),
                None => schedule,
            };
            return Ok(schedule
                .text("shape", shape)
                .text("edges", "floored")
                .into());
        }
        // Edges out of order: optax keeps them as keys of a table, so that they are sorted with the scales they bring, and of
        // two equal ones the later stays.
        let mut pairs = BTreeMap::from([(first, self.div_factor)]);
        if let Some(back) = back {
            pairs.insert(back, 1.0 / self.div_factor);
        }
        pairs.insert(last, final_scale);
        let translation =
            Translation::from(interpolated("pct_start", shape, self.start(), &pairs)?);
        Ok(translation.remark(
            "The phases are out of order: optax sorts their edges together with the factors that they bring, so that this is no \
             rise to the peak and fall from it.",
        ))
    }
}

/// The table of boundaries, with a sentence where the list has one of them twice.
fn pairs(arguments: &Arguments<'_>) -> Result<(BTreeMap<i64, f64>, Option<String>), Refusal> {
    let pairs = arguments.pairs(BOUNDARIES_AND_SCALES.name);
    if let Some((boundary, _)) = pairs.iter().find(|(_, scale)| *scale < 0.0) {
        return Err(Refusal::of(
            BOUNDARIES_AND_SCALES.name,
            format!("must have scales of at least 0; the one of {boundary} is below"),
        ));
    }
    let table: BTreeMap<_, _> = pairs.iter().copied().collect();
    let remark = (table.len() < pairs.len()).then(|| {
        "A boundary stands twice: as in a Python dictionary only the last scale of each counts."
            .to_owned()
    });
    Ok((table, remark))
}

fn remarked(schedule: Canonical, remark: Option<String>) -> Translation {
    let translation = Translation::from(schedule);
    match remark {
        Some(remark) => translation.remark(remark),
        None => translation,
    }
}

/// Values connected from step 0 on: the first is there at 0, each next one is the product of it and the scales so far.
fn interpolated(
    argument: &'static str,
    shape: &str,
    init_value: f64,
    pairs: &BTreeMap<i64, f64>,
) -> Result<Canonical, Refusal> {
    let (mut value, mut start) = (init_value, 0);
    let (mut boundaries, mut scales) = (Vec::new(), Vec::new());
    for (&boundary, &scale) in pairs {
        if boundary <= 0 {
            (value, start) = (value * scale, boundary);
        } else {
            boundaries.push(count(argument, boundary.saturating_sub(start))?);
            scales.push(scale);
        }
    }
    Ok(if boundaries.is_empty() {
        Canonical::constant(value)
    } else {
        Canonical::new("piecewise_interpolate")
            .number("learning_rate", value)
            .counts("boundaries", boundaries)
            .numbers("scales", scales)
            .text("shape", shape)
            // A boundary before step 0 is where the first segment comes from.
            .begun_at(count(argument, start.saturating_neg())?)
    })
}

fn count(argument: &'static str, steps: i64) -> Result<u32, Refusal> {
    u32::try_from(steps).map_err(|_| {
        Refusal::of(
            argument,
            format!(
                "must have boundaries that lie at most {} steps apart",
                u32::MAX
            ),
        )
    })
}

#[cfg(test)]
mod tests;
