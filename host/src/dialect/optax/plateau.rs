//! The scale that falls where a metric stops improving.

use super::super::common::{argument, not_negative};
use crate::dialect::{Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation};

pub(super) const REDUCE_ON_PLATEAU: Dialect = Dialect {
    name: "optax.reduce_on_plateau",
    doc: "The rate times a scale that is cut where the metric stops falling.",
    arguments: &[
        argument(
            "lr",
            Takes::Number,
            IfAbsent::Required,
            "the rate that the scale multiplies, which is the optimizer's own",
        ),
        argument(
            "factor",
            Takes::Number,
            IfAbsent::Number(0.1),
            "what the scale is multiplied by, above 0 and below 1",
        ),
        argument(
            "patience",
            Takes::Integer,
            IfAbsent::Integer(10),
            "the scale is cut when this many metrics in a row have not improved",
        ),
        argument(
            "rtol",
            Takes::Number,
            IfAbsent::Number(1e-4),
            "by which share of the best metric a better one is lower",
        ),
        argument(
            "atol",
            Takes::Number,
            IfAbsent::Number(0.0),
            "by how much more a better metric is lower",
        ),
        argument(
            "cooldown",
            Takes::Integer,
            IfAbsent::Integer(0),
            "how many metrics after a cut are not counted; less than 0 counts as 0",
        ),
        argument(
            "accumulation_size",
            Takes::Integer,
            IfAbsent::Integer(1),
            "how many metrics are averaged into one",
        ),
        argument(
            "min_scale",
            Takes::Number,
            IfAbsent::Number(0.0),
            "the lowest scale; the first one, 1, is raised to it",
        ),
    ],
    translate: reduce_on_plateau,
};

fn reduce_on_plateau(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let learning_rate = not_negative(arguments, "lr")?;
    let factor = arguments.number("factor");
    if !(factor > 0.0 && factor < 1.0) {
        return Err(Refusal::of("factor", "must be above 0 and below 1"));
    }
    let rtol = arguments.number("rtol");
    if !(0.0..=1.0).contains(&rtol) {
        return Err(Refusal::of("rtol", "must be from 0 to 1"));
    }
    let atol = not_negative(arguments, "atol")?;
    if rtol == 0.0 && atol == 0.0 {
        return Err(Refusal::of("rtol", "must be above 0 where `atol` is 0"));
    }
    let patience = arguments.steps("patience", 0)?;
    let cooldown = if arguments.integer("cooldown") < 0 {
        0
    } else {
        arguments.steps("cooldown", 0)?
    };
    let translation = Translation::from(
        Canonical::new("reduce_on_plateau")
            .number("learning_rate", learning_rate)
            .number("factor", factor)
            .count("patience", patience)
            .number("threshold", rtol)
            .text("threshold_mode", "both")
            .number("atol", atol)
            .count("cooldown", cooldown)
            .number("min_lr", learning_rate * arguments.number("min_scale"))
            .count("accumulation", arguments.steps("accumulation_size", 1)?)
            .text("rules", "optax"),
    );
    Ok(if patience == 0 {
        translation.remark(
            "With a `patience` of 0 optax cuts the scale whenever the metric improves, and never on a plateau; so does this.",
        )
    } else {
        translation
    })
}

#[cfg(test)]
mod tests {
    use super::super::DIALECTS;
    use crate::dialect::Given::{Integer, Number};
    use crate::dialect::testing::{expect, refusal};
    use crate::dialect::{Canonical, Given};

    const NAME: &str = "optax.reduce_on_plateau";

    fn with_rate(given: &[(&'static str, Given)]) -> Vec<(&'static str, Given)> {
        [&[("lr", Number(0.5))], given].concat()
    }

    fn plateau(patience: u32, cooldown: u32, min_lr: f64, accumulation: u32) -> Canonical {
        Canonical::new("reduce_on_plateau")
            .number("learning_rate", 0.5)
            .number("factor", 0.1)
            .count("patience", patience)
            .number("threshold", 1e-4)
            .text("threshold_mode", "both")
            .number("atol", 0.0)
            .count("cooldown", cooldown)
            .number("min_lr", min_lr)
            .count("accumulation", accumulation)
            .text("rules", "optax")
    }

    #[test]
    fn scales_are_measured_from_the_rate() {
        for (given, schedule, remarks) in [
            (vec![], plateau(10, 0, 0.0, 1), 0),
            (
                vec![
                    ("min_scale", Number(0.25)),
                    ("cooldown", Integer(3)),
                    ("accumulation_size", Integer(5)),
                ],
                plateau(10, 3, 0.125, 5),
                0,
            ),
            (vec![("cooldown", Integer(-3))], plateau(10, 0, 0.0, 1), 0),
            (vec![("patience", Integer(0))], plateau(0, 0, 0.0, 1), 1),
        ] {
            assert_eq!(
                expect(DIALECTS, NAME, &with_rate(&given), schedule),
                remarks
            );
        }
    }

    #[test]
    fn rates_below_0_are_refused() {
        let given = [("lr", Number(-0.5))];
        assert_eq!(refusal(DIALECTS, NAME, &given), "lr: must be at least 0");
    }

    #[test]
    fn what_optax_refuses_is_refused() {
        for (given, message) in [
            (
                vec![("factor", Number(1.0))],
                "factor: must be above 0 and below 1",
            ),
            (
                vec![("factor", Number(0.0))],
                "factor: must be above 0 and below 1",
            ),
            (vec![("rtol", Number(-0.1))], "rtol: must be from 0 to 1"),
            (vec![("rtol", Number(1.5))], "rtol: must be from 0 to 1"),
            (vec![("atol", Number(-0.1))], "atol: must be at least 0"),
            (
                vec![("rtol", Number(0.0))],
                "rtol: must be above 0 where `atol` is 0",
            ),
            (
                vec![("patience", Integer(-1))],
                "patience: must be a whole number from 0 to 4294967295",
            ),
            (
                vec![("accumulation_size", Integer(0))],
                "accumulation_size: must be a whole number from 1 to 4294967295",
            ),
        ] {
            assert_eq!(refusal(DIALECTS, NAME, &with_rate(&given)), message);
        }
    }
}
