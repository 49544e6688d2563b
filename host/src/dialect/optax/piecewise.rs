//! Values at boundaries, each the one before times a scale: constant, or connected by lines and half cosines.

use std::collections::BTreeMap;

use super::transition::INIT_VALUE;
use crate::dialect::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation,
};

const BOUNDARIES_AND_SCALES: Argument = Argument {
    name: "boundaries_and_scales",
    doc: "steps, each with the factor that it brings",
    takes: Takes::Pairs,
    if_absent: IfAbsent::None,
};

const CYCLE_STEPS: Argument = Argument {
    name: "transition_steps",
    doc: "how many steps the cycle takes",
    takes: Takes::Integer,
    if_absent: IfAbsent::Required,
};

const PEAK_VALUE: Argument = Argument {
    name: "peak_value",
    doc: "the highest rate",
    takes: Takes::Number,
    if_absent: IfAbsent::Required,
};

const PCT_START: Argument = Argument {
    name: "pct_start",
    doc: "the share of the steps until the peak",
    takes: Takes::Number,
    if_absent: IfAbsent::Number(0.3),
};

const DIV_FACTOR: Argument = Argument {
    name: "div_factor",
    doc: "how many times the first rate is below the peak",
    takes: Takes::Number,
    if_absent: IfAbsent::Number(25.0),
};

const FINAL_DIV_FACTOR: Argument = Argument {
    name: "final_div_factor",
    doc: "how many times the last rate is below the first",
    takes: Takes::Number,
    if_absent: IfAbsent::Number(1e4),
};

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
        Argument {
            name: "interpolate_type",
            doc: "what connects two values",
            takes: Takes::Word(&["linear", "cosine"]),
            if_absent: IfAbsent::Required,
        },
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
        Argument {
            name: "pct_final",
            doc: "the share of the steps until the rate is back at the first one",
            takes: Takes::Number,
            if_absent: IfAbsent::Number(0.85),
        },
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
mod tests {
    use super::super::DIALECTS;
    use crate::dialect::Given::{Integer, Number, Pairs, Text};
    use crate::dialect::testing::{expect, refusal};
    use crate::dialect::{Canonical, Given};

    fn constant(pairs: &[(i64, f64)]) -> [(&'static str, Given); 2] {
        [
            ("init_value", Number(0.5)),
            ("boundaries_and_scales", Pairs(pairs.to_vec())),
        ]
    }

    fn interpolate(shape: &str, pairs: &[(i64, f64)]) -> Vec<(&'static str, Given)> {
        let mut given = constant(pairs).to_vec();
        given.push(("interpolate_type", Text(shape.to_owned())));
        given
    }

    fn scaled(learning_rate: f64, boundaries: &[u32], scales: &[f64]) -> Canonical {
        Canonical::new("piecewise_scale")
            .number("learning_rate", learning_rate)
            .counts("boundaries", boundaries)
            .numbers("scales", scales)
    }

    fn connected(shape: &str, learning_rate: f64, boundaries: &[u32], scales: &[f64]) -> Canonical {
        Canonical::new("piecewise_interpolate")
            .number("learning_rate", learning_rate)
            .counts("boundaries", boundaries)
            .numbers("scales", scales)
            .text("shape", shape)
    }

    #[test]
    fn scales_are_sorted_and_those_passed_at_0_are_in_the_first_value() {
        let name = "optax.piecewise_constant_schedule";
        for (pairs, schedule, remarks) in [
            (
                vec![(9, 4.0), (5, 0.25)],
                scaled(0.5, &[5, 9], &[0.25, 4.0]),
                0,
            ),
            (vec![(0, 0.25), (5, 4.0)], scaled(0.125, &[5], &[4.0]), 0),
            (vec![(-2, 0.25), (0, 0.5)], Canonical::constant(0.0625), 0),
            (vec![(5, 4.0), (5, 0.25)], scaled(0.5, &[5], &[0.25]), 1),
            (vec![], Canonical::constant(0.5), 0),
        ] {
            assert_eq!(expect(DIALECTS, name, &constant(&pairs), schedule), remarks);
        }
        assert_eq!(
            expect(
                DIALECTS,
                name,
                &[("init_value", Number(0.5))],
                Canonical::constant(0.5)
            ),
            0
        );
    }

    #[test]
    fn segments_begin_at_the_last_boundary_passed_at_0() {
        let name = "optax.piecewise_interpolate_schedule";
        for (shape, pairs, schedule, remarks) in [
            (
                "linear",
                vec![(9, 4.0), (5, 0.25)],
                connected("linear", 0.5, &[5, 9], &[0.25, 4.0]),
                0,
            ),
            (
                "cosine",
                vec![(5, 0.25)],
                connected("cosine", 0.5, &[5], &[0.25]),
                0,
            ),
            (
                "cosine",
                vec![(0, 0.25), (5, 4.0)],
                connected("cosine", 0.125, &[5], &[4.0]),
                0,
            ),
            // At step 0 the line from 0.125 at -3 to 0.5 at 5 has gone 3 of its 8 steps.
            (
                "linear",
                vec![(-3, 0.25), (5, 4.0)],
                connected("linear", 0.125, &[8], &[4.0]).begun_at(3),
                0,
            ),
            (
                "linear",
                vec![(-3, 0.25), (0, 4.0)],
                Canonical::constant(0.5),
                0,
            ),
            (
                "linear",
                vec![(5, 4.0), (5, 0.25)],
                connected("linear", 0.5, &[5], &[0.25]),
                1,
            ),
            ("linear", vec![], Canonical::constant(0.5), 0),
        ] {
            assert_eq!(
                expect(DIALECTS, name, &interpolate(shape, &pairs), schedule),
                remarks
            );
        }
    }

    fn cosine_cycle(pct_start: f64) -> Vec<(&'static str, Given)> {
        vec![
            ("transition_steps", Integer(16)),
            ("peak_value", Number(1.0)),
            ("pct_start", Number(pct_start)),
            ("div_factor", Number(4.0)),
            ("final_div_factor", Number(8.0)),
        ]
    }

    fn linear_cycle(pct_start: f64, pct_final: f64) -> Vec<(&'static str, Given)> {
        let mut given = cosine_cycle(pct_start);
        given.push(("pct_final", Number(pct_final)));
        given
    }

    #[test]
    fn cycles_rise_and_fall() {
        let cycle = |pct_start| {
            Canonical::new("one_cycle")
                .number("learning_rate", 1.0)
                .number("start_lr", 0.25)
                .number("end_lr", 0.03125)
                .count("total_steps", 16)
                .number("pct_start", pct_start)
        };
        for pct_start in [0.0, 0.25] {
            let cosine = cycle(pct_start)
                .text("shape", "cosine")
                .text("edges", "floored");
            assert_eq!(
                expect(
                    DIALECTS,
                    "optax.cosine_onecycle_schedule",
                    &cosine_cycle(pct_start),
                    cosine
                ),
                0
            );
            let linear = cycle(pct_start)
                .number("pct_final", 0.75)
                .text("shape", "linear")
                .text("edges", "floored");
            assert_eq!(
                expect(
                    DIALECTS,
                    "optax.linear_onecycle_schedule",
                    &linear_cycle(pct_start, 0.75),
                    linear
                ),
                0
            );
        }
    }

    #[test]
    fn cycles_with_edges_out_of_order_are_what_their_table_gives() {
        let cosine = "optax.cosine_onecycle_schedule";
        let linear = "optax.linear_onecycle_schedule";
        for (pct_start, schedule) in [
            (1.0, connected("cosine", 0.25, &[16], &[0.03125])),
            (2.0, connected("cosine", 0.25, &[16, 32], &[0.03125, 4.0])),
            (
                -0.25,
                connected("cosine", 1.0, &[20], &[0.03125]).begun_at(4),
            ),
        ] {
            assert_eq!(
                expect(DIALECTS, cosine, &cosine_cycle(pct_start), schedule),
                1
            );
        }
        for (pct_start, pct_final, schedule) in [
            (
                0.5,
                0.5,
                connected("linear", 0.25, &[8, 16], &[0.25, 0.125]),
            ),
            (
                0.75,
                0.25,
                connected("linear", 0.25, &[4, 12, 16], &[0.25, 4.0, 0.125]),
            ),
            (
                0.25,
                1.0,
                connected("linear", 0.25, &[4, 16], &[4.0, 0.125]),
            ),
        ] {
            assert_eq!(
                expect(
                    DIALECTS,
                    linear,
                    &linear_cycle(pct_start, pct_final),
                    schedule
                ),
                1
            );
        }
    }

    #[test]
    fn what_optax_refuses_is_refused() {
        let with = |name: &'static str, value| {
            let mut given = cosine_cycle(0.25);
            given.retain(|(known, _)| *known != name);
            given.push((name, value));
            given
        };
        let far = [(-1, 0.5), (i64::from(u32::MAX), 0.5)];
        for (name, given, message) in [
            (
                "optax.piecewise_constant_schedule",
                constant(&[(2, -1.0)]).to_vec(),
                "boundaries_and_scales: must have scales of at least 0; the one of 2 is below",
            ),
            (
                "optax.piecewise_interpolate_schedule",
                interpolate("linear", &far),
                "boundaries_and_scales: must have boundaries that lie at most 4294967295 steps apart",
            ),
            (
                "optax.cosine_onecycle_schedule",
                with("transition_steps", Integer(0)),
                "transition_steps: must be a whole number from 1 to 4294967295",
            ),
            (
                "optax.cosine_onecycle_schedule",
                with("div_factor", Number(0.0)),
                "div_factor: must be above 0",
            ),
            (
                "optax.cosine_onecycle_schedule",
                with("final_div_factor", Number(-1.0)),
                "final_div_factor: must be above 0",
            ),
        ] {
            assert_eq!(refusal(DIALECTS, name, &given), message);
        }
    }
}
