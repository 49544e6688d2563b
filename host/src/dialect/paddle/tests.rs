use super::DIALECTS;
use crate::dialect::testing::call;
use crate::dialect::{Canonical, Given, Refusal, Translation};

type Argument = (&'static str, Given);

fn translated(name: &str, given: &[Argument]) -> Translation {
    call(DIALECTS, name, given, false).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

fn refused(name: &str, given: &[Argument]) -> Refusal {
    call(DIALECTS, name, given, false).expect_err(name)
}

fn rate(rate: f64) -> Argument {
    number("learning_rate", rate)
}

fn number(name: &'static str, value: f64) -> Argument {
    (name, Given::Number(value))
}

fn integer(name: &'static str, value: i64) -> Argument {
    (name, Given::Integer(value))
}

fn integers(name: &'static str, values: &[i64]) -> Argument {
    (name, Given::Integers(values.to_vec()))
}

fn text(name: &'static str, value: &str) -> Argument {
    (name, Given::Text(value.to_owned()))
}

fn of(kind: &'static str, rate: f64) -> Canonical {
    Canonical::new(kind).number("learning_rate", rate)
}

#[test]
fn single_schedulers_become_the_kinds_they_are() {
    let cases: [(&str, Vec<Argument>, Canonical); 14] = [
        (
            "paddle.NoamDecay",
            vec![integer("d_model", 64), integer("warmup_steps", 9)],
            of("noam", 1.0)
                .count("d_model", 64)
                .count("warmup_steps", 9),
        ),
        (
            "paddle.NoamDecay",
            vec![
                rate(0.5),
                number("d_model", 0.25),
                integer("warmup_steps", 9),
            ],
            of("noam", 1.0).count("d_model", 1).count("warmup_steps", 9),
        ),
        (
            "paddle.NaturalExpDecay",
            vec![rate(0.5), number("gamma", 2.0)],
            of("natural_exp", 0.5).number("gamma", 2.0),
        ),
        (
            "paddle.InverseTimeDecay",
            vec![rate(0.5), number("gamma", 2.0)],
            of("inverse_time", 0.5).number("gamma", 2.0),
        ),
        (
            "paddle.PolynomialDecay",
            vec![rate(0.5), integer("decay_steps", 9)],
            of("polynomial", 0.5)
                .number("end_lr", 1e-4)
                .count("decay_steps", 9)
                .number("power", 1.0)
                .flag("cycle", false),
        ),
        (
            "paddle.ExponentialDecay",
            vec![rate(0.5), number("gamma", 0.5)],
            of("exponential", 0.5).number("gamma", 0.5),
        ),
        (
            "paddle.MultiStepDecay",
            vec![rate(0.5), integers("milestones", &[2, 4])],
            of("multi_step", 0.5)
                .counts("milestones", [2, 4])
                .number("gamma", 0.1),
        ),
        (
            "paddle.StepDecay",
            vec![rate(0.5), integer("step_size", 3), number("gamma", -2.0)],
            of("step", 0.5).count("step_size", 3).number("gamma", -2.0),
        ),
        (
            "paddle.LambdaDecay",
            vec![rate(0.5), text("lr_lambda", "0.95**step")],
            of("lambda", 0.5).text("factor", "0.95**step"),
        ),
        (
            "paddle.MultiplicativeDecay",
            vec![rate(0.5), text("lr_lambda", "0.95")],
            of("exponential", 0.5).number("gamma", 0.95),
        ),
        (
            "paddle.CosineAnnealingDecay",
            vec![rate(0.5), integer("T_max", 9)],
            of("cosine_annealing", 0.5)
                .number("eta_min", 0.0)
                .count("t_max", 9),
        ),
        (
            "paddle.LinearLR",
            vec![rate(0.5), integer("total_steps", 9)],
            of("linear_factor", 0.5)
                .number("start_factor", 1.0 / 3.0)
                .number("end_factor", 1.0)
                .count("total_steps", 9),
        ),
        (
            "paddle.CosineAnnealingWarmRestarts",
            vec![rate(0.5), integer("T_0", 9)],
            of("warm_restarts", 0.5)
                .number("eta_min", 0.0)
                .count("t_0", 9)
                .number("t_mult", 1.0),
        ),
        (
            "paddle.ReduceOnPlateau",
            vec![rate(0.5), number("epsilon", 0.0), text("mode", "max")],
            of("reduce_on_plateau", 0.5)
                .text("mode", "max")
                .number("factor", 0.1)
                .count("patience", 10)
                .number("threshold", 1e-4)
                .text("threshold_mode", "rel")
                .count("cooldown", 0)
                .number("min_lr", 0.0)
                .number("epsilon", 0.0)
                .text("rules", "paddle"),
        ),
    ];
    for (name, given, expected) in cases {
        let translation = translated(name, &given);
        assert_eq!(translation.schedule, expected, "{name}");
        assert_eq!(translation.remarks, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_rate_of_a_plateau_has_two_names() {
    let by = |given: &[Argument]| call(DIALECTS, "paddle.ReduceOnPlateau", given, false);
    let once = by(&[rate(0.5)]);
    assert!(once.is_ok());
    assert_eq!(by(&[number("lr", 0.5)]), once);
    let argument = |given: &[Argument]| by(given).expect_err("one rate").argument;
    assert_eq!(argument(&[]), "learning_rate");
    assert_eq!(argument(&[rate(0.5), number("lr", 0.5)]), "lr");
}

#[test]
fn boundaries_act_as_their_running_maximum() {
    let piecewise = |boundaries: &[i64], values: &[f64]| {
        let values = ("values", Given::Numbers(values.to_vec()));
        translated(
            "paddle.PiecewiseDecay",
            &[integers("boundaries", boundaries), values],
        )
        .schedule
    };
    let pieces = |boundaries: &[u32], values: &[f64]| {
        Canonical::new("piecewise_constant")
            .counts("boundaries", boundaries)
            .numbers("values", values)
    };
    assert_eq!(
        piecewise(&[3, 6], &[1.0, 0.5, 0.25]),
        pieces(&[3, 6], &[1.0, 0.5, 0.25])
    );
    // The value before a boundary that is not above those before it is never used.
    assert_eq!(
        piecewise(&[6, 3, 6, 9], &[1.0, 2.0, 3.0, 4.0, 5.0]),
        pieces(&[6, 9], &[1.0, 4.0, 5.0])
    );
    // Nor are the values between the last boundary's and the last.
    assert_eq!(
        piecewise(&[5], &[1.0, 0.5, 0.25]),
        pieces(&[5], &[1.0, 0.25])
    );
    assert_eq!(piecewise(&[0], &[1.0, 0.5]), Canonical::constant(0.5));
    assert_eq!(
        piecewise(&[-4, 0, 2], &[1.0, 2.0, 3.0, 4.0]),
        pieces(&[2], &[3.0, 4.0])
    );
    assert_eq!(
        piecewise(&[2, 1 << 40, 1 << 41], &[1.0, 2.0, 3.0, 4.0]),
        pieces(&[2], &[1.0, 2.0])
    );
}

#[test]
fn milestones_not_above_0_are_passed_at_once() {
    let given = [
        rate(0.5),
        integers("milestones", &[-3, 0, 4]),
        number("gamma", 0.5),
    ];
    let expected = of("multi_step", 0.125)
        .counts("milestones", [4])
        .number("gamma", 0.5);
    assert_eq!(
        translated("paddle.MultiStepDecay", &given).schedule,
        expected
    );
}

#[test]
fn a_warm_up_goes_before_a_rate_or_a_schedule() {
    let warm_up = |after: Translation| {
        let given = [
            ("learning_rate", Given::Schedules(vec![after])),
            integer("warmup_steps", 7),
            number("start_lr", 0.0),
            number("end_lr", 0.25),
        ];
        translated("paddle.LinearWarmup", &given)
    };
    let expected = |after: Canonical| {
        Canonical::new("linear_warmup")
            .count("warmup_steps", 7)
            .number("start_lr", 0.0)
            .number("end_lr", 0.25)
            .schedule("after", after)
    };
    let constant = Canonical::constant(0.5);
    assert_eq!(
        warm_up(constant.clone().into()).schedule,
        expected(constant)
    );
    let plateau = translated("paddle.ReduceOnPlateau", &[rate(0.5)]);
    let warmed = warm_up(plateau.clone());
    assert_eq!(
        (warmed.schedule, warmed.remarks.len()),
        (expected(plateau.schedule), 1)
    );
    let halving = translated(
        "paddle.CyclicLR",
        &[
            number("base_learning_rate", 0.1),
            number("max_learning_rate", 0.2),
            integer("step_size_up", 4),
            text("mode", "triangular2"),
        ],
    );
    let warmed = warm_up(halving.clone());
    assert_eq!(
        (warmed.schedule, warmed.remarks),
        (expected(halving.schedule), halving.remarks)
    );
}

#[test]
fn cycles_have_the_lengths_they_are_given() {
    let given = [
        number("max_learning_rate", 1.0),
        integer("total_steps", 8),
        number("phase_pct", 0.25),
        number("divide_factor", 4.0),
    ];
    let expected = of("one_cycle", 1.0)
        .number("start_lr", 0.25)
        .number("end_lr", 1e-4)
        .count("total_steps", 8)
        .number("pct_start", 0.25)
        .text("shape", "cosine");
    let one = translated("paddle.OneCycleLR", &given);
    assert_eq!((one.schedule, one.momentum), (expected.clone(), None));

    // One step beyond the end the cosine has turned: x = (8 - 1) / (7 - 1), and 1 + cos(7/6 pi) = 1 - cos(pi / 6).
    let faithful = call(DIALECTS, "paddle.OneCycleLR", &given, true).expect("a one-cycle");
    let [(_, crate::dialect::Setting::Schedules(parts)), milestones] =
        faithful.schedule.settings.as_slice()
    else {
        panic!("{:?}", faithful.schedule);
    };
    assert_eq!(
        milestones,
        &("milestones", crate::dialect::Setting::Counts(vec![8]))
    );
    let [
        curve,
        Canonical {
            kind: "constant",
            settings,
        },
    ] = parts.as_slice()
    else {
        panic!("{parts:?}");
    };
    assert_eq!(curve, &expected);
    let [("learning_rate", crate::dialect::Setting::Number(beyond))] = settings.as_slice() else {
        panic!("{settings:?}");
    };
    let exact = 1e-4 + (1.0 - 1e-4) / 2.0 * (1.0 - 3f64.sqrt() / 2.0);
    // The few operations on both sides round below 1e-15 each.
    assert!((beyond - exact).abs() < 1e-14, "{beyond} {exact}");

    let cyclic = [
        number("base_learning_rate", 0.125),
        number("max_learning_rate", 0.5),
        integer("step_size_up", 4),
    ];
    let expected = of("cyclic", 0.125)
        .number("max_lr", 0.5)
        .count("step_size_up", 4)
        .count("step_size_down", 4)
        .text("mode", "triangular");
    assert_eq!(translated("paddle.CyclicLR", &cyclic).schedule, expected);
}

#[test]
fn what_paddle_refuses_is_refused_by_its_argument() {
    let warm_up = |given: &[Argument]| {
        let after = (
            "learning_rate",
            Given::Schedules(vec![Canonical::constant(0.1).into()]),
        );
        [&[after], given].concat()
    };
    let cycle = |given: &[Argument]| [&[number("max_learning_rate", 0.1)], given].concat();
    for (name, given, argument) in [
        (
            "paddle.ExponentialDecay",
            vec![rate(0.1), number("gamma", 1.0)],
            "gamma",
        ),
        (
            "paddle.ExponentialDecay",
            vec![rate(0.1), number("gamma", 0.0)],
            "gamma",
        ),
        (
            "paddle.NaturalExpDecay",
            vec![rate(0.1), number("gamma", 0.0)],
            "gamma",
        ),
        (
            "paddle.InverseTimeDecay",
            vec![rate(-0.1), number("gamma", 1.0)],
            "learning_rate",
        ),
        (
            "paddle.StepDecay",
            vec![rate(0.1), integer("step_size", 0)],
            "step_size",
        ),
        (
            "paddle.StepDecay",
            vec![rate(0.1), integer("step_size", 3), number("gamma", 1.0)],
            "gamma",
        ),
        (
            "paddle.MultiStepDecay",
            vec![rate(0.1), integers("milestones", &[3, 3])],
            "milestones",
        ),
        (
            "paddle.MultiStepDecay",
            vec![rate(0.1), integers("milestones", &[5, 3])],
            "milestones",
        ),
        (
            "paddle.MultiStepDecay",
            vec![
                rate(0.1),
                integers("milestones", &[3]),
                number("gamma", 1.0),
            ],
            "gamma",
        ),
        (
            "paddle.PolynomialDecay",
            vec![rate(0.1), integer("decay_steps", 0)],
            "decay_steps",
        ),
        (
            "paddle.PolynomialDecay",
            vec![rate(0.1), integer("decay_steps", 5), number("power", 0.0)],
            "power",
        ),
        (
            "paddle.PiecewiseDecay",
            vec![
                integers("boundaries", &[]),
                ("values", Given::Numbers(vec![1.0])),
            ],
            "boundaries",
        ),
        (
            "paddle.PiecewiseDecay",
            vec![
                integers("boundaries", &[1]),
                ("values", Given::Numbers(vec![1.0])),
            ],
            "values",
        ),
        (
            "paddle.NoamDecay",
            vec![integer("d_model", 0), integer("warmup_steps", 1)],
            "d_model",
        ),
        (
            "paddle.NoamDecay",
            vec![integer("d_model", 1), integer("warmup_steps", 0)],
            "warmup_steps",
        ),
        (
            "paddle.CosineAnnealingDecay",
            vec![rate(0.1), integer("T_max", 0)],
            "T_max",
        ),
        (
            "paddle.LinearLR",
            vec![rate(0.1), integer("total_steps", 0)],
            "total_steps",
        ),
        (
            "paddle.LinearLR",
            vec![
                rate(0.1),
                integer("total_steps", 3),
                number("start_factor", 0.0),
            ],
            "start_factor",
        ),
        (
            "paddle.LinearWarmup",
            warm_up(&[
                integer("warmup_steps", 0),
                number("start_lr", 0.0),
                number("end_lr", 0.1),
            ]),
            "warmup_steps",
        ),
        (
            "paddle.LinearWarmup",
            warm_up(&[
                integer("warmup_steps", 3),
                number("start_lr", 0.1),
                number("end_lr", 0.1),
            ]),
            "end_lr",
        ),
        (
            "paddle.LinearWarmup",
            warm_up(&[
                integer("warmup_steps", 3),
                number("start_lr", -0.1),
                number("end_lr", 0.1),
            ]),
            "start_lr",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[integer("total_steps", 0)]),
            "total_steps",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[
                integer("total_steps", 10),
                number("phase_pct", 0.5),
                ("three_phase", Given::Flag(true)),
            ]),
            "phase_pct",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[integer("total_steps", 10), number("phase_pct", 0.1)]),
            "phase_pct",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[integer("total_steps", 20), number("phase_pct", 1.0)]),
            "phase_pct",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[integer("total_steps", 20), number("divide_factor", -1.0)]),
            "divide_factor",
        ),
        (
            "paddle.OneCycleLR",
            cycle(&[
                integer("total_steps", 20),
                number("end_learning_rate", -1.0),
            ]),
            "end_learning_rate",
        ),
        (
            "paddle.CyclicLR",
            vec![
                number("base_learning_rate", 0.1),
                number("max_learning_rate", 0.2),
                integer("step_size_up", 0),
            ],
            "step_size_up",
        ),
        (
            "paddle.CyclicLR",
            vec![
                number("base_learning_rate", 0.1),
                number("max_learning_rate", 0.2),
                integer("step_size_up", 3),
                integer("step_size_down", 0),
            ],
            "step_size_down",
        ),
        (
            "paddle.CosineAnnealingWarmRestarts",
            vec![rate(0.1), integer("T_0", 0)],
            "T_0",
        ),
        (
            "paddle.CosineAnnealingWarmRestarts",
            vec![rate(0.1), integer("T_0", 3), integer("T_mult", 0)],
            "T_mult",
        ),
        (
            "paddle.ReduceOnPlateau",
            vec![rate(0.1), number("factor", 1.0)],
            "factor",
        ),
        (
            "paddle.ReduceOnPlateau",
            vec![rate(0.1), number("factor", -1.0)],
            "factor",
        ),
        (
            "paddle.ReduceOnPlateau",
            vec![rate(0.1), integer("patience", -1)],
            "patience",
        ),
    ] {
        assert_eq!(refused(name, &given).argument, argument, "{name}");
    }
}
