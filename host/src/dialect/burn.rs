//! Schedules of burn 0.22, by the fields of their configurations.

use super::common::argument;
use super::{Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation};

/// Burn's schedules.
pub(super) const DIALECTS: &[Dialect] = &[
    CONSTANT,
    LINEAR,
    COSINE,
    EXPONENTIAL,
    STEP,
    NOAM,
    COMPOSED,
    SEQUENTIAL,
];

const INITIAL_LR: Argument = argument(
    "initial_lr",
    Takes::Number,
    IfAbsent::Required,
    "the rate at the beginning",
);

const NUM_ITERS: Argument = argument(
    "num_iters",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps it takes to the last rate",
);

const SCHEDULERS: Argument = argument(
    "schedulers",
    Takes::Schedules,
    IfAbsent::Required,
    "the schedules",
);

const CONSTANT: Dialect = Dialect {
    name: "burn.ConstantLr",
    doc: "One rate for ever.",
    arguments: &[argument(
        "lr",
        Takes::Number,
        IfAbsent::Required,
        "the rate",
    )],
    translate: |arguments| Ok(Canonical::constant(arguments.number("lr")).into()),
};

const LINEAR: Dialect = Dialect {
    name: "burn.LinearLrScheduler",
    doc: "A straight line from one rate to another, held there.",
    arguments: &[
        INITIAL_LR,
        argument(
            "final_lr",
            Takes::Number,
            IfAbsent::Required,
            "the rate at the end",
        ),
        NUM_ITERS,
    ],
    translate: |arguments| {
        let final_lr = arguments.number("final_lr");
        if !(0.0..=1.0).contains(&final_lr) {
            return Err(Refusal::of("final_lr", "must be from 0 to 1"));
        }
        Ok(Canonical::new("linear")
            .number("start_lr", up_to_1(arguments, "initial_lr", "start_lr")?)
            .number("end_lr", final_lr)
            .count("total_steps", arguments.steps("num_iters", 1)?)
            .into())
    },
};

const COSINE: Dialect = Dialect {
    name: "burn.CosineAnnealingLrScheduler",
    doc: "A cosine down to the lowest rate and up again, for ever.",
    arguments: &[
        INITIAL_LR,
        argument(
            "min_lr",
            Takes::Number,
            IfAbsent::Number(0.0),
            "the lowest rate",
        ),
        NUM_ITERS,
    ],
    translate: |arguments| {
        let initial_lr = up_to_1(arguments, "initial_lr", "learning_rate")?;
        let min_lr = arguments.number("min_lr");
        if !(0.0..=initial_lr).contains(&min_lr) {
            return Err(Refusal::of("min_lr", "must be from 0 to `initial_lr`"));
        }
        Ok(Canonical::new("cosine_annealing")
            .number("learning_rate", initial_lr)
            .number("eta_min", min_lr)
            .count("t_max", arguments.steps("num_iters", 1)?)
            .into())
    },
};

const EXPONENTIAL: Dialect = Dialect {
    name: "burn.ExponentialLrScheduler",
    doc: "Multiplied by the same factor at each step.",
    arguments: &[
        INITIAL_LR,
        argument(
            "gamma",
            Takes::Number,
            IfAbsent::Required,
            "the factor, above 0 and at most 1",
        ),
    ],
    translate: |arguments| {
        Ok(Canonical::new("exponential")
            .number(
                "learning_rate",
                up_to_1(arguments, "initial_lr", "learning_rate")?,
            )
            .number("gamma", up_to_1(arguments, "gamma", "gamma")?)
            .into())
    },
};

const STEP: Dialect = Dialect {
    name: "burn.StepLrScheduler",
    doc: "Multiplied by the same factor after every `step_size` steps.",
    arguments: &[
        INITIAL_LR,
        argument(
            "step_size",
            Takes::Integer,
            IfAbsent::Required,
            "how many steps the rate stays as it is",
        ),
        argument("gamma", Takes::Number, IfAbsent::Number(0.1), "the factor"),
    ],
    translate: |arguments| {
        let schedule = Canonical::new("step")
            .number("learning_rate", arguments.number("initial_lr"))
            .count("step_size", arguments.steps("step_size", 1)?)
            .number("gamma", arguments.number("gamma"));
        Ok(Translation::from(schedule)
            .remark("From step 2^31 on burn panics, as its step does not fit 32 bits with a sign; this goes on."))
    },
};

const NOAM: Dialect = Dialect {
    name: "burn.NoamLrScheduler",
    doc: "A straight line up, then down with the inverse square root of the step; the first step is number 1.",
    arguments: &[
        argument(
            "factor",
            Takes::Number,
            IfAbsent::Required,
            "what the rate is measured from",
        ),
        argument(
            "warmup_steps",
            Takes::Integer,
            IfAbsent::Integer(4000),
            "the number of the step with the highest rate",
        ),
        argument(
            "model_size",
            Takes::Integer,
            IfAbsent::Integer(512),
            "the width of the model",
        ),
    ],
    translate: |arguments| {
        Ok(Canonical::new("noam")
            .number("learning_rate", arguments.number("factor"))
            .count("d_model", arguments.steps("model_size", 1)?)
            .count("warmup_steps", arguments.steps("warmup_steps", 1)?)
            .begun_at(1)
            .into())
    },
};

const COMPOSED: Dialect = Dialect {
    name: "burn.ComposedLrScheduler",
    doc: "The rates of several schedules made one.",
    arguments: &[
        Argument {
            if_absent: IfAbsent::None,
            ..SCHEDULERS
        },
        argument(
            "reduction",
            Takes::Word(&["Avg", "Sum", "Prod"]),
            IfAbsent::Text("Prod"),
            "whether the rates are averaged, summed or multiplied",
        ),
    ],
    translate: |arguments| {
        let (kind, of_none) = match arguments.text("reduction") {
            "Avg" => ("average", 0.0),
            "Sum" => ("sum", 0.0),
            _ => ("product", 1.0),
        };
        let schedules = schedules(arguments);
        Ok(if schedules.is_empty() {
            Canonical::constant(of_none)
        } else {
            Canonical::new(kind).schedules("schedules", schedules)
        }
        .into())
    },
};

const SEQUENTIAL: Dialect = Dialect {
    name: "burn.SequentialLrScheduler",
    doc: "Schedules one after another, each from its own first step on.",
    arguments: &[
        SCHEDULERS,
        argument(
            "milestones",
            Takes::Integers,
            IfAbsent::Required,
            "the steps at which the second and each further schedule begins",
        ),
    ],
    translate: |arguments| {
        let schedules = schedules(arguments);
        let milestones = arguments.integers("milestones");
        if schedules.is_empty() {
            return Err(Refusal::of("schedulers", "must be at least one schedule"));
        }
        if milestones.len() + 1 != schedules.len() {
            return Err(Refusal::of(
                "milestones",
                format!(
                    "must be one fewer than `schedulers`, {}",
                    schedules.len() - 1
                ),
            ));
        }
        if milestones.iter().any(|milestone| *milestone < 1)
            || !milestones.is_sorted_by(|earlier, later| earlier < later)
        {
            return Err(Refusal::of("milestones", "must be above 0 and increase"));
        }
        // No step is as late as a milestone that does not fit.
        let milestones: Vec<u32> = milestones
            .iter()
            .map_while(|milestone| u32::try_from(*milestone).ok())
            .collect();
        let reached = schedules.into_iter().take(milestones.len() + 1).collect();
        Ok(Canonical::sequential(reached, milestones).into())
    },
};

/// A number above 0 and at most 1, under its name here.
fn up_to_1(arguments: &Arguments<'_>, name: &'static str, here: &str) -> Result<f64, Refusal> {
    let number = arguments.number(name);
    if number > 0.0 && number <= 1.0 {
        return Ok(number);
    }
    Err(
        Refusal::of(name, "must be above 0 and at most 1").help(format!(
            "`{here}` of our own kind of schedule may be any number"
        )),
    )
}

fn schedules(arguments: &Arguments<'_>) -> Vec<Canonical> {
    let schedulers = arguments.schedules("schedulers");
    schedulers
        .iter()
        .map(|part| part.schedule.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Given::{self, Integer, Integers, Number, Schedules, Text};
    use super::super::testing::{expect, refusal};
    use super::{Canonical, DIALECTS};

    #[test]
    fn rates_of_one_schedule() {
        let line = Canonical::new("linear")
            .number("start_lr", 0.5)
            .number("end_lr", 0.25)
            .count("total_steps", 8);
        let cosine = Canonical::new("cosine_annealing")
            .number("learning_rate", 0.5)
            .number("eta_min", 0.0)
            .count("t_max", 8);
        let exponential = Canonical::new("exponential")
            .number("learning_rate", 0.5)
            .number("gamma", 1.0);
        let step = Canonical::new("step")
            .number("learning_rate", -2.0)
            .count("step_size", 8)
            .number("gamma", 0.1);
        // Burn counts the first step as 1.
        let noam = Canonical::new("sequential")
            .schedules(
                "schedules",
                [Canonical::new("noam")
                    .number("learning_rate", 2.0)
                    .count("d_model", 512)
                    .count("warmup_steps", 4000)],
            )
            .counts("milestones", [])
            .counts("clocks", [1]);
        let initial = ("initial_lr", Number(0.5));
        let num_iters = ("num_iters", Integer(8));
        for (name, given, schedule, remarks) in [
            (
                "burn.ConstantLr",
                vec![("lr", Number(2.0))],
                Canonical::constant(2.0),
                0,
            ),
            (
                "burn.LinearLrScheduler",
                vec![
                    initial.clone(),
                    ("final_lr", Number(0.25)),
                    num_iters.clone(),
                ],
                line,
                0,
            ),
            (
                "burn.CosineAnnealingLrScheduler",
                vec![initial.clone(), num_iters.clone()],
                cosine,
                0,
            ),
            (
                "burn.ExponentialLrScheduler",
                vec![initial, ("gamma", Number(1.0))],
                exponential,
                0,
            ),
            (
                "burn.StepLrScheduler",
                vec![("initial_lr", Number(-2.0)), ("step_size", Integer(8))],
                step,
                1,
            ),
            (
                "burn.NoamLrScheduler",
                vec![("factor", Number(2.0))],
                noam,
                0,
            ),
        ] {
            assert_eq!(expect(DIALECTS, name, &given, schedule), remarks);
        }
    }

    /// A schedule of its own for each index.
    fn part(index: usize) -> Canonical {
        Canonical::constant(index as f64)
    }

    fn parts(count: usize) -> (&'static str, Given) {
        let schedules = (0..count).map(|index| part(index).into()).collect();
        ("schedulers", Schedules(schedules))
    }

    #[test]
    fn rates_are_composed() {
        let name = "burn.ComposedLrScheduler";
        for (reduction, kind, of_none) in [
            ("Avg", "average", 0.0),
            ("Sum", "sum", 0.0),
            ("Prod", "product", 1.0),
        ] {
            let reduction = ("reduction", Text(reduction.to_owned()));
            let schedule = Canonical::new(kind).schedules("schedules", [part(0), part(1)]);
            assert_eq!(
                expect(DIALECTS, name, &[parts(2), reduction.clone()], schedule),
                0
            );
            assert_eq!(
                expect(DIALECTS, name, &[reduction], Canonical::constant(of_none)),
                0
            );
        }
        let product = Canonical::new("product").schedules("schedules", [part(0)]);
        assert_eq!(expect(DIALECTS, name, &[parts(1)], product), 0);
    }

    fn sequence(count: usize, milestones: &[i64]) -> [(&'static str, Given); 2] {
        [parts(count), ("milestones", Integers(milestones.to_vec()))]
    }

    #[test]
    fn schedules_follow_one_another() {
        let name = "burn.SequentialLrScheduler";
        let schedule = |count: usize, milestones: &[u32]| {
            Canonical::sequential((0..count).map(part).collect(), milestones.to_vec())
        };
        let far = 1_i64 << 32;
        for (count, milestones, schedule) in [
            (1, vec![], schedule(1, &[])),
            (3, vec![5, 12], schedule(3, &[5, 12])),
            (3, vec![5, far], schedule(2, &[5])),
        ] {
            assert_eq!(
                expect(DIALECTS, name, &sequence(count, &milestones), schedule),
                0
            );
        }
    }

    #[test]
    fn what_burn_refuses_is_refused() {
        let initial = |rate| ("initial_lr", Number(rate));
        let steps = |name, steps| (name, Integer(steps));
        let from_1 = |name| format!("{name}: must be a whole number from 1 to 4294967295");
        let share = |name| format!("{name}: must be above 0 and at most 1");
        for (name, given, message) in [
            (
                "burn.LinearLrScheduler",
                vec![
                    initial(0.0),
                    ("final_lr", Number(0.5)),
                    steps("num_iters", 8),
                ],
                share("initial_lr"),
            ),
            (
                "burn.LinearLrScheduler",
                vec![
                    initial(0.5),
                    ("final_lr", Number(1.5)),
                    steps("num_iters", 8),
                ],
                "final_lr: must be from 0 to 1".to_owned(),
            ),
            (
                "burn.LinearLrScheduler",
                vec![
                    initial(0.5),
                    ("final_lr", Number(0.5)),
                    steps("num_iters", 0),
                ],
                from_1("num_iters"),
            ),
            (
                "burn.CosineAnnealingLrScheduler",
                vec![initial(1.5), steps("num_iters", 8)],
                share("initial_lr"),
            ),
            (
                "burn.CosineAnnealingLrScheduler",
                vec![
                    initial(0.5),
                    ("min_lr", Number(0.75)),
                    steps("num_iters", 8),
                ],
                "min_lr: must be from 0 to `initial_lr`".to_owned(),
            ),
            (
                "burn.CosineAnnealingLrScheduler",
                vec![initial(0.5), steps("num_iters", 0)],
                from_1("num_iters"),
            ),
            (
                "burn.ExponentialLrScheduler",
                vec![initial(0.5), ("gamma", Number(0.0))],
                share("gamma"),
            ),
            (
                "burn.StepLrScheduler",
                vec![initial(0.5), steps("step_size", 0)],
                from_1("step_size"),
            ),
            (
                "burn.NoamLrScheduler",
                vec![("factor", Number(1.0)), steps("warmup_steps", 0)],
                from_1("warmup_steps"),
            ),
            (
                "burn.NoamLrScheduler",
                vec![("factor", Number(1.0)), steps("model_size", 0)],
                from_1("model_size"),
            ),
            (
                "burn.SequentialLrScheduler",
                sequence(0, &[]).to_vec(),
                "schedulers: must be at least one schedule".to_owned(),
            ),
            (
                "burn.SequentialLrScheduler",
                sequence(3, &[5]).to_vec(),
                "milestones: must be one fewer than `schedulers`, 2".to_owned(),
            ),
            (
                "burn.SequentialLrScheduler",
                sequence(3, &[0, 5]).to_vec(),
                "milestones: must be above 0 and increase".to_owned(),
            ),
            (
                "burn.SequentialLrScheduler",
                sequence(3, &[5, 5]).to_vec(),
                "milestones: must be above 0 and increase".to_owned(),
            ),
        ] {
            assert_eq!(refusal(DIALECTS, name, &given), message);
        }
    }
}
