use super::DIALECTS;
use crate::dialect::testing::call;
use crate::dialect::{Canonical, Given, Refusal, Setting, Translation};

type Argument = (&'static str, Given);

fn translated(name: &str, given: &[Argument]) -> Translation {
    call(DIALECTS, name, given, false).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

fn faithful(name: &str, given: &[Argument]) -> Translation {
    call(DIALECTS, name, given, true).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

fn refused(name: &str, given: &[Argument]) -> Refusal {
    call(DIALECTS, name, given, false).expect_err(name)
}

fn lr(rate: f64) -> Argument {
    ("lr", Given::Number(rate))
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

fn schedulers(children: &[Translation]) -> Argument {
    ("schedulers", Given::Schedules(children.to_vec()))
}

fn of(kind: &'static str, rate: f64) -> Canonical {
    Canonical::new(kind).number("learning_rate", rate)
}

#[test]
fn single_schedulers_become_the_kinds_they_are() {
    let cases: [(&str, Vec<Argument>, Canonical); 13] = [
        (
            "torch.LambdaLR",
            vec![lr(0.5), text("lr_lambda", "0.95**step")],
            of("lambda", 0.5).text("factor", "0.95**step"),
        ),
        (
            "torch.MultiplicativeLR",
            vec![lr(0.5), text("lr_lambda", "1-1/step")],
            of("multiplicative", 0.5).text("factor", "1-1/step"),
        ),
        (
            "torch.MultiplicativeLR",
            vec![lr(0.5), text("lr_lambda", "lambda e: 0.9")],
            of("exponential", 0.5).number("gamma", 0.9),
        ),
        (
            "torch.StepLR",
            vec![lr(0.5), integer("step_size", 7), number("gamma", -0.5)],
            of("step", 0.5).count("step_size", 7).number("gamma", -0.5),
        ),
        (
            "torch.StepLR",
            vec![lr(0.5), integer("step_size", -3)],
            of("step", 0.5).count("step_size", 3).number("gamma", 0.1),
        ),
        (
            "torch.ConstantLR",
            vec![lr(0.25)],
            of("constant_factor", 0.25)
                .number("factor", 1.0 / 3.0)
                .count("total_steps", 5),
        ),
        (
            "torch.LinearLR",
            vec![lr(0.25)],
            of("linear_factor", 0.25)
                .number("start_factor", 1.0 / 3.0)
                .number("end_factor", 1.0)
                .count("total_steps", 5),
        ),
        (
            "torch.ExponentialLR",
            vec![lr(0.5), number("gamma", 0.0)],
            of("exponential", 0.5).number("gamma", 0.0),
        ),
        (
            "torch.PolynomialLR",
            vec![lr(0.5), number("power", 2.0)],
            of("polynomial", 0.5)
                .number("end_lr", 0.0)
                .count("decay_steps", 5)
                .number("power", 2.0),
        ),
        (
            "torch.CosineAnnealingLR",
            vec![lr(0.5), integer("T_max", 9)],
            of("cosine_annealing", 0.5)
                .number("eta_min", 0.0)
                .count("t_max", 9),
        ),
        (
            "torch.CosineAnnealingWarmRestarts",
            vec![lr(0.5), integer("T_0", 9)],
            of("warm_restarts", 0.5)
                .number("eta_min", 0.0)
                .count("t_0", 9)
                .number("t_mult", 1.0),
        ),
        (
            "torch.SWALR",
            vec![lr(0.5), number("swa_lr", 0.125)],
            Canonical::new("anneal")
                .number("start_lr", 0.5)
                .number("end_lr", 0.125)
                .count("total_steps", 10)
                .text("shape", "cosine"),
        ),
        (
            "torch.ReduceLROnPlateau",
            vec![lr(0.5), integer("cooldown", -2)],
            of("reduce_on_plateau", 0.5)
                .text("mode", "min")
                .number("factor", 0.1)
                .count("patience", 10)
                .number("threshold", 1e-4)
                .text("threshold_mode", "rel")
                .count("cooldown", 0)
                .number("min_lr", 0.0)
                .number("epsilon", 1e-8)
                .text("rules", "torch"),
        ),
    ];
    for (name, given, expected) in cases {
        let translation = translated(name, &given);
        assert_eq!(translation.schedule, expected, "{name}");
        assert_eq!(translation.remarks, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn milestones_are_sorted_and_count_as_often_as_they_stand_there() {
    let multi_step = |milestones: &[i64]| {
        translated(
            "torch.MultiStepLR",
            &[
                lr(0.5),
                integers("milestones", milestones),
                number("gamma", 0.5),
            ],
        )
        .schedule
    };
    for (given, expected) in [
        (vec![8, 4], vec![4, 8]),
        (vec![0, -1, 3], vec![0, 3]),
        (vec![], vec![]),
    ] {
        let expected = of("multi_step", 0.5)
            .counts("milestones", expected)
            .number("gamma", 0.5);
        assert_eq!(multi_step(&given), expected);
    }
    let twice = of("piecewise_scale", 0.5)
        .counts("boundaries", [4, 8])
        .numbers("scales", [0.25, 0.5]);
    assert_eq!(multi_step(&[4, 8, 4]), twice);
}

/// `(scheduler, arguments, schedule)` of lengths that leave nothing to schedule.
#[test]
fn no_length_is_the_constant_that_the_library_returns() {
    for (name, given, rate) in [
        (
            "torch.ConstantLR",
            vec![lr(0.5), number("factor", 0.25), integer("total_iters", 0)],
            0.125,
        ),
        (
            "torch.ConstantLR",
            vec![lr(0.5), number("factor", 0.0), integer("total_iters", -1)],
            0.0,
        ),
        (
            "torch.PolynomialLR",
            vec![lr(0.5), integer("total_iters", 0)],
            0.5,
        ),
        (
            "torch.PolynomialLR",
            vec![lr(0.5), number("power", 0.0)],
            0.5,
        ),
        (
            "torch.SWALR",
            vec![lr(0.5), number("swa_lr", 0.25), integer("anneal_epochs", 0)],
            0.25,
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 1),
                number("div_factor", 4.0),
                number("final_div_factor", 2.0),
            ],
            0.125,
        ),
    ] {
        assert_eq!(
            translated(name, &given).schedule,
            Canonical::constant(rate),
            "{name}"
        );
    }
    let no_line = [
        lr(0.5),
        number("start_factor", 0.25),
        integer("total_iters", 0),
    ];
    let ended = translated("torch.LinearLR", &no_line);
    assert_eq!(
        (ended.schedule, ended.remarks.len()),
        (Canonical::constant(0.5), 1)
    );
    assert_eq!(
        faithful("torch.LinearLR", &no_line).schedule,
        Canonical::constant(0.125)
    );
}

#[test]
fn what_pytorch_refuses_is_refused_by_its_argument() {
    for (name, given, argument) in [
        (
            "torch.StepLR",
            vec![lr(0.5), integer("step_size", 0)],
            "step_size",
        ),
        (
            "torch.CosineAnnealingLR",
            vec![lr(0.5), integer("T_max", 0)],
            "T_max",
        ),
        (
            "torch.ConstantLR",
            vec![lr(0.5), number("factor", 0.0)],
            "factor",
        ),
        (
            "torch.ConstantLR",
            vec![lr(0.5), number("factor", 1.5)],
            "factor",
        ),
        (
            "torch.LinearLR",
            vec![lr(0.5), number("start_factor", 0.0)],
            "start_factor",
        ),
        (
            "torch.LinearLR",
            vec![lr(0.5), number("end_factor", 1.5)],
            "end_factor",
        ),
        (
            "torch.PolynomialLR",
            vec![lr(0.5), number("power", -1.0)],
            "power",
        ),
        (
            "torch.CosineAnnealingWarmRestarts",
            vec![lr(0.5), integer("T_0", 0)],
            "T_0",
        ),
        (
            "torch.CosineAnnealingWarmRestarts",
            vec![lr(0.5), integer("T_0", 3), integer("T_mult", 0)],
            "T_mult",
        ),
        (
            "torch.OneCycleLR",
            vec![number("max_lr", 1.0)],
            "total_steps",
        ),
        (
            "torch.OneCycleLR",
            vec![number("max_lr", 1.0), integer("total_steps", 0)],
            "total_steps",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("epochs", 70_000),
                integer("steps_per_epoch", 70_000),
            ],
            "epochs",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 20),
                number("pct_start", 1.0),
            ],
            "pct_start",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 10),
                number("pct_start", 0.1),
            ],
            "pct_start",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 2),
                number("pct_start", 0.5),
            ],
            "pct_start",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 2),
                number("pct_start", 1.5),
            ],
            "pct_start",
        ),
        (
            "torch.OneCycleLR",
            vec![
                number("max_lr", 1.0),
                integer("total_steps", 9),
                number("div_factor", 0.0),
            ],
            "div_factor",
        ),
        (
            "torch.CyclicLR",
            vec![
                number("base_lr", 0.1),
                number("max_lr", 0.2),
                integer("step_size_up", 0),
            ],
            "step_size_up",
        ),
        (
            "torch.ReduceLROnPlateau",
            vec![lr(0.5), number("factor", 1.0)],
            "factor",
        ),
        (
            "torch.ReduceLROnPlateau",
            vec![lr(0.5), number("factor", -1.0)],
            "factor",
        ),
        (
            "torch.ReduceLROnPlateau",
            vec![lr(0.5), integer("patience", -1)],
            "patience",
        ),
        (
            "torch.SWALR",
            vec![lr(0.5), number("swa_lr", 0.1), integer("anneal_epochs", -1)],
            "anneal_epochs",
        ),
        (
            "torch.SequentialLR",
            vec![lr(0.5), schedulers(&[]), integers("milestones", &[])],
            "schedulers",
        ),
        (
            "torch.ChainedScheduler",
            vec![lr(0.5), schedulers(&[])],
            "schedulers",
        ),
    ] {
        assert_eq!(refused(name, &given).argument, argument, "{name}");
    }
}

fn one_cycle(peak: f64, start: f64, end: f64) -> Canonical {
    of("one_cycle", peak)
        .number("start_lr", start)
        .number("end_lr", end)
        .count("total_steps", 8)
        .number("pct_start", 0.25)
}

#[test]
fn a_one_cycle_moves_the_momentum_against_the_rate() {
    let two = [
        number("max_lr", 1.0),
        integer("epochs", 2),
        integer("steps_per_epoch", 4),
        number("pct_start", 0.25),
        number("div_factor", 4.0),
        number("final_div_factor", 8.0),
    ];
    let translation = translated("torch.OneCycleLR", &two);
    assert_eq!(
        translation.schedule,
        one_cycle(1.0, 0.25, 0.03125).text("shape", "cosine")
    );
    assert_eq!(
        translation.momentum,
        Some(one_cycle(0.85, 0.95, 0.95).text("shape", "cosine"))
    );

    // The second edge is 2 * 0.25 * 8 - 2 = 2 = pct_final * 8 - 1.
    let three = [
        &two[..],
        &[
            ("three_phase", Given::Flag(true)),
            text("anneal_strategy", "linear"),
            ("cycle_momentum", Given::Flag(false)),
        ],
    ]
    .concat();
    let translation = translated("torch.OneCycleLR", &three);
    assert_eq!(
        translation.schedule,
        one_cycle(1.0, 0.25, 0.03125)
            .number("pct_final", 0.375)
            .text("shape", "linear")
    );
    assert_eq!(translation.momentum, None);

    // Two steps of 2 to 7 beyond the peak go down by 1 - 1/32; one more goes on: x = (8 - 1) / (7 - 1).
    let linear = [&two[..], &[text("anneal_strategy", "linear")]].concat();
    let beyond = Canonical::constant((0.03125 - 1.0) * (7.0 / 6.0) + 1.0);
    let expected = Canonical::new("sequential")
        .schedules(
            "schedules",
            [
                one_cycle(1.0, 0.25, 0.03125).text("shape", "linear"),
                beyond,
            ],
        )
        .counts("milestones", [8]);
    assert_eq!(faithful("torch.OneCycleLR", &linear).schedule, expected);
}

/// Of three phases that rise for half of the steps the last has no step, and PyTorch nothing that could be followed beyond.
#[test]
fn three_phases_without_a_last_one_are_held() {
    let given = [
        number("max_lr", 1.0),
        integer("total_steps", 8),
        number("pct_start", 0.75),
        ("three_phase", Given::Flag(true)),
    ];
    let plain = translated("torch.OneCycleLR", &given);
    assert_eq!(plain.schedule.kind, "one_cycle");
    assert_eq!(faithful("torch.OneCycleLR", &given), plain);
}

fn cyclic(from: f64, to: f64) -> Canonical {
    of("cyclic", from)
        .number("max_lr", to)
        .count("step_size_up", 4)
        .count("step_size_down", 3)
}

#[test]
fn a_cycle_moves_the_momentum_against_the_rate() {
    let given = [
        number("base_lr", 0.125),
        number("max_lr", 0.5),
        integer("step_size_up", 4),
        integer("step_size_down", 3),
    ];
    let plain = translated("torch.CyclicLR", &given);
    assert_eq!(
        plain.schedule,
        cyclic(0.125, 0.5).text("mode", "triangular")
    );
    assert_eq!(
        plain.momentum,
        Some(cyclic(0.9, 0.8).text("mode", "triangular"))
    );
    assert_eq!(plain.remarks.len(), 0);

    let shrinking = [
        &given[..],
        &[text("mode", "exp_range"), number("gamma", 0.5)],
    ]
    .concat();
    assert_eq!(
        translated("torch.CyclicLR", &shrinking).schedule,
        cyclic(0.125, 0.5)
            .text("mode", "exp_range")
            .number("gamma", 0.5)
    );

    let halving = [&given[..], &[text("mode", "triangular2")]].concat();
    assert_eq!(translated("torch.CyclicLR", &halving).remarks.len(), 1);
}

#[test]
fn an_amplitude_of_ones_own_is_a_product() {
    let scaled = |by: Canonical| {
        let product = Canonical::new("product").schedules("schedules", [cyclic(0.0, 0.375), by]);
        Canonical::new("sum").schedules("schedules", [Canonical::constant(0.125), product])
    };
    for (mode, factor) in [("cycle", "1 / (1 + step // 7)"), ("iterations", "1 / step")] {
        let given = [
            number("base_lr", 0.125),
            number("max_lr", 0.5),
            integer("step_size_up", 4),
            integer("step_size_down", 3),
            text("scale_fn", "lambda x: 1 / x"),
            text("scale_mode", mode),
        ];
        let expected = scaled(of("lambda", 1.0).text("factor", factor));
        assert_eq!(translated("torch.CyclicLR", &given).schedule, expected);
    }
}

#[test]
fn a_cycle_that_falls_at_once_is_a_line_repeated() {
    let given = |mode| {
        translated(
            "torch.CyclicLR",
            &[
                number("base_lr", 0.125),
                number("max_lr", 0.5),
                integer("step_size_up", 4),
                integer("step_size_down", 0),
                text("mode", mode),
            ],
        )
        .schedule
    };
    let saw = |from, to| {
        let line = Canonical::new("linear")
            .number("start_lr", from)
            .number("end_lr", to)
            .count("total_steps", 4);
        Canonical::new("repeat")
            .count("period", 4)
            .schedule("schedule", line)
    };
    assert_eq!(given("triangular"), saw(0.125, 0.5));
    let halved = of("exponential", 1.0)
        .number("gamma", 0.5)
        .count("decay_steps", 4)
        .flag("staircase", true);
    let product = Canonical::new("product").schedules("schedules", [saw(0.0, 0.375), halved]);
    let sum = Canonical::new("sum").schedules("schedules", [Canonical::constant(0.125), product]);
    assert_eq!(given("triangular2"), sum);
}

fn warm_up() -> Translation {
    translated("torch.LinearLR", &[lr(0.5), number("start_factor", 0.25)])
}

fn halving() -> Translation {
    translated(
        "torch.StepLR",
        &[lr(0.5), integer("step_size", 3), number("gamma", 0.5)],
    )
}

fn in_sequence(children: &[Translation], milestones: &[i64]) -> Result<Translation, Refusal> {
    let given = [
        lr(0.5),
        schedulers(children),
        integers("milestones", milestones),
    ];
    call(DIALECTS, "torch.SequentialLR", &given, false)
}

#[test]
fn a_sequence_runs_the_schedulers_that_its_search_finds() {
    let (a, b, c) = (
        warm_up(),
        halving(),
        translated("torch.ExponentialLR", &[lr(0.5), number("gamma", 0.5)]),
    );
    let all = [a.clone(), b.clone(), c.clone()];
    let sequence = |parts: &[&Translation], starts: &[u32]| {
        let parts: Vec<_> = parts.iter().map(|part| part.schedule.clone()).collect();
        Canonical::new("sequential")
            .schedules("schedules", parts)
            .counts("milestones", starts)
    };
    for (milestones, expected) in [
        ([5, 9], sequence(&[&a, &b, &c], &[5, 9])),
        // The middle one has no time; the first one neither.
        ([5, 5], sequence(&[&a, &c], &[5])),
        ([0, 5], sequence(&[&b, &c], &[5])),
        ([-3, 5], sequence(&[&b, &c], &[5])),
        // A search by halves finds the third at once.
        ([5, 2], sequence(&[&a, &c], &[2])),
        ([0, 0], c.schedule.clone()),
    ] {
        assert_eq!(
            in_sequence(&all, &milestones).map(|t| t.schedule),
            Ok(expected),
            "{milestones:?}"
        );
    }
    // Between 1, 9 and 5 the search goes from the first to the fourth, whose milestone is not 9.
    let four = [&all[..], &[a]].concat();
    assert_eq!(
        in_sequence(&four, &[1, 9, 5]).map_err(|r| r.argument),
        Err("milestones")
    );
    assert_eq!(
        in_sequence(&all, &[5]).map_err(|r| r.argument),
        Err("milestones")
    );
}

/// Printed by PyTorch 2.15.0: behind a StepLR, from its milestone on, the rate is 0.5.
#[test]
fn a_constant_without_steps_keeps_its_factor_in_first_place_only() {
    let stuck = translated(
        "torch.ConstantLR",
        &[lr(0.5), number("factor", 0.25), integer("total_iters", 0)],
    );
    let parts = |children: &[Translation]| {
        let sequence = in_sequence(children, &[5]).expect("a sequence").schedule;
        match sequence.settings.first() {
            Some((_, Setting::Schedules(parts))) => parts.clone(),
            other => panic!("{other:?}"),
        }
    };
    let (share, full) = (Canonical::constant(0.125), Canonical::constant(0.5));
    assert_eq!(parts(&[stuck.clone(), halving()])[0], share);
    assert_eq!(parts(&[halving(), stuck])[1], full);
}

/// The rate of `warm_up` at its step `clock`, for ever.
fn warmed_up_to(clock: u32) -> Canonical {
    let started = Canonical::new("sequential")
        .schedules("schedules", [warm_up().schedule])
        .counts("milestones", [])
        .counts("clocks", [clock]);
    Canonical::new("repeat")
        .count("period", 1)
        .schedule("schedule", started)
}

#[test]
fn what_goes_on_from_the_rate_before_is_a_product_with_that_rate() {
    let second = |name, given: &[Argument]| {
        let second = translated(name, &[&[lr(0.5)], given].concat());
        in_sequence(&[warm_up(), second], &[5])
            .expect("a sequence")
            .schedule
    };
    let sequence = |second| {
        Canonical::new("sequential")
            .schedules("schedules", [warm_up().schedule, second])
            .counts("milestones", [5])
    };
    let product = |parts: &[Canonical]| Canonical::new("product").schedules("schedules", parts);
    // The factors of steps 0 to t.
    let powers = of("exponential", 0.75).number("gamma", 0.75);
    assert_eq!(
        second("torch.MultiplicativeLR", &[text("lr_lambda", "0.75")]),
        sequence(product(&[warmed_up_to(4), powers]))
    );
    let first = Canonical::new("repeat").count("period", 1).schedule(
        "schedule",
        of("lambda", 1.0).text("factor", "1 / (step + 2)"),
    );
    let others = of("multiplicative", 1.0).text("factor", "1 / (step + 2)");
    assert_eq!(
        second(
            "torch.MultiplicativeLR",
            &[text("lr_lambda", "1 / (step + 2)")]
        ),
        sequence(product(&[warmed_up_to(4), first, others]))
    );
    let line = |from, to| {
        Canonical::new("anneal")
            .number("start_lr", from)
            .number("end_lr", to)
            .count("total_steps", 10)
            .text("shape", "cosine")
    };
    let sum = [product(&[warmed_up_to(4), line(1.0, 0.0)]), line(0.0, 0.25)];
    assert_eq!(
        second("torch.SWALR", &[number("swa_lr", 0.25)]),
        sequence(Canonical::new("sum").schedules("schedules", sum))
    );
    assert_eq!(
        second(
            "torch.SWALR",
            &[number("swa_lr", 0.25), integer("anneal_epochs", 0)]
        ),
        sequence(Canonical::constant(0.25))
    );
}

#[test]
fn a_sequence_refuses_what_needs_losses_or_two_products_over_the_steps() {
    let product = translated(
        "torch.MultiplicativeLR",
        &[lr(0.5), text("lr_lambda", "1 / step")],
    );
    let plateau = translated("torch.ReduceLROnPlateau", &[lr(0.5)]);
    for children in [[warm_up(), plateau], [product.clone(), product.clone()]] {
        assert_eq!(
            in_sequence(&children, &[5]).map_err(|r| r.argument),
            Err("schedulers")
        );
    }
    assert!(in_sequence(&[product, warm_up()], &[5]).is_ok());
}

#[test]
fn a_one_cycle_in_a_sequence_sets_the_base_rate_of_others() {
    let cycle = translated(
        "torch.OneCycleLR",
        &[
            number("max_lr", 1.0),
            integer("total_steps", 8),
            number("div_factor", 4.0),
        ],
    );
    let before = in_sequence(&[warm_up(), cycle.clone()], &[5]).expect("a sequence");
    // PyTorch sets the rate back to what the last constructor left, and the first scheduler goes on from there.
    let slower = translated("torch.LinearLR", &[lr(0.25), number("start_factor", 0.25)]);
    let expected = [slower.schedule, cycle.schedule.clone()];
    assert_eq!(
        before.schedule,
        Canonical::new("sequential")
            .schedules("schedules", expected)
            .counts("milestones", [5])
    );
    let momentum = cycle.momentum.clone().expect("momentum");
    let held = Canonical::new("repeat")
        .count("period", 1)
        .schedule("schedule", momentum.clone());
    let moves = Canonical::new("sequential")
        .schedules("schedules", [held, momentum])
        .counts("milestones", [5]);
    assert_eq!(before.momentum, Some(moves));

    let after = in_sequence(&[cycle.clone(), halving()], &[8]).expect("a sequence");
    let smaller = of("step", 0.25).count("step_size", 3).number("gamma", 0.5);
    assert_eq!(
        after.schedule,
        Canonical::new("sequential")
            .schedules("schedules", [cycle.schedule, smaller])
            .counts("milestones", [8])
    );
    assert_eq!(after.momentum, None);
}

fn chained(children: &[Translation]) -> Result<Translation, Refusal> {
    call(
        DIALECTS,
        "torch.ChainedScheduler",
        &[lr(0.5), schedulers(children)],
        false,
    )
}

#[test]
fn a_chain_multiplies_factors_of_one_base_rate() {
    let decay = |rate| of("exponential", rate).number("gamma", 0.9);
    let exponential = translated("torch.ExponentialLR", &[lr(0.5), number("gamma", 0.9)]);
    let product = |parts: &[Canonical]| Canonical::new("product").schedules("schedules", parts);
    let two = chained(&[warm_up(), exponential.clone()]).expect("factors");
    assert_eq!(two.schedule, product(&[warm_up().schedule, decay(1.0)]));

    let once_more = chained(&[two.clone(), exponential.clone()]).expect("a chain in a chain");
    assert_eq!(
        once_more.schedule,
        product(&[warm_up().schedule, decay(1.0), decay(1.0)])
    );
    let turned = chained(&[exponential.clone(), two]).expect("a chain in a chain");
    let unit = translated("torch.LinearLR", &[lr(1.0), number("start_factor", 0.25)]).schedule;
    assert_eq!(turned.schedule, product(&[decay(0.5), unit, decay(1.0)]));

    let stuck = translated(
        "torch.ConstantLR",
        &[lr(0.5), number("factor", 0.25), integer("total_iters", 0)],
    );
    let stuck = chained(&[exponential, stuck]).expect("factors");
    assert_eq!(
        stuck.schedule,
        product(&[decay(0.5), Canonical::constant(0.25)])
    );
}

#[test]
fn a_chain_has_one_product_over_the_steps() {
    let growing = translated(
        "torch.MultiplicativeLR",
        &[lr(0.5), text("lr_lambda", "lambda e: 1 + 1 / e")],
    );
    let waiting = translated(
        "torch.MultiplicativeLR",
        &[lr(0.5), text("lr_lambda", "0.5 if step > 9 else 1")],
    );
    let factor = "(1 + 1 / step) * (0.5 if step > 9 else 1)";
    assert_eq!(
        chained(&[growing, waiting]).map(|t| t.schedule),
        Ok(of("multiplicative", 0.5).text("factor", factor))
    );
}

#[test]
fn what_starts_afresh_at_each_step_forgets_what_others_did_before() {
    let lambda = translated("torch.LambdaLR", &[lr(0.5), text("lr_lambda", "step")]);
    let last = chained(&[halving(), lambda.clone()]).expect("the last decides");
    assert_eq!((&last.schedule, last.remarks.len()), (&lambda.schedule, 1));

    let stuck = [lr(0.5), number("factor", 0.25), integer("total_iters", 0)];
    for (name, given, factor) in [
        (
            "torch.ConstantLR",
            stuck.to_vec(),
            "0.25 if step == 0 else 1",
        ),
        (
            "torch.ConstantLR",
            vec![lr(0.5), number("factor", 0.25)],
            "0.25 if step == 0 else 1 / 0.25 if step == 5 else 1",
        ),
        (
            "torch.LinearLR",
            vec![lr(0.5), number("start_factor", 0.25)],
            "0.25 if step == 0 else 1 if step > 5 else 1 + (0.75) / (5 * 0.25 + (step - 1) * (0.75))",
        ),
        (
            "torch.ExponentialLR",
            vec![lr(0.5), number("gamma", -0.5)],
            "-0.5 if step > 0 else 1",
        ),
        (
            "torch.PolynomialLR",
            vec![lr(0.5), number("power", 2.0)],
            "1 if step == 0 or step > 5 else ((5 - step) / (5 + 1 - step)) ** 2",
        ),
        (
            "torch.StepLR",
            vec![lr(0.5), integer("step_size", 3)],
            "0.1 if step > 0 and step % 3 == 0 else 1",
        ),
        (
            "torch.MultiStepLR",
            vec![lr(0.5), integers("milestones", &[2, 4])],
            "0.1 if step == 2 else 0.1 if step == 4 else 1",
        ),
        (
            "torch.MultiStepLR",
            vec![
                lr(0.5),
                integers("milestones", &[4, 4]),
                number("gamma", 0.5),
            ],
            "0.25 if step == 4 else 1",
        ),
        (
            "torch.MultiplicativeLR",
            vec![lr(0.5), text("lr_lambda", "lambda e: 1 / e")],
            "(1 / step) if step > 0 else 1",
        ),
    ] {
        let chain = chained(&[halving(), lambda.clone(), translated(name, &given)]).expect(name);
        let parts = [
            lambda.schedule.clone(),
            of("lambda", 1.0).text("factor", factor),
        ];
        assert_eq!(
            chain.schedule,
            Canonical::new("product").schedules("schedules", parts),
            "{name}"
        );
        // In a further chain these are not factors of one base rate.
        assert_eq!(
            chained(&[chain, halving()]).map_err(|r| r.argument),
            Err("schedulers"),
            "{name}"
        );
    }
    let cosine = translated("torch.CosineAnnealingLR", &[lr(0.5), integer("T_max", 9)]);
    assert_eq!(
        chained(&[lambda, cosine]).map_err(|r| r.argument),
        Err("schedulers")
    );
}

#[test]
fn a_chain_takes_a_cosine_only_down_to_zero() {
    let cosine = |eta_min| {
        translated(
            "torch.CosineAnnealingLR",
            &[lr(0.5), integer("T_max", 9), number("eta_min", eta_min)],
        )
    };
    let down = chained(&[halving(), cosine(0.0)]).expect("a factor");
    assert_eq!(down.remarks.len(), 1);
    assert_eq!(
        chained(&[halving(), cosine(0.125)]).map_err(|r| r.argument),
        Err("schedulers")
    );
    assert_eq!(
        chained(&[cosine(0.125)]).map(|t| t.schedule),
        Ok(cosine(0.125).schedule)
    );
}
