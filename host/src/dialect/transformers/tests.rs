use super::super::Given::{self, Flag, Integer, Number};
use super::super::testing::call;
use super::{Canonical, DIALECTS, Refusal};

fn schedule(name: &str, given: &[(&str, Given)]) -> Canonical {
    let name = format!("transformers.{name}");
    match call(DIALECTS, &name, given, false) {
        Ok(translation) => translation.schedule,
        Err(refusal) => panic!("{name} {given:?}: {refusal}"),
    }
}

fn refusal(name: &str, given: &[(&str, Given)]) -> Refusal {
    let name = format!("transformers.{name}");
    match call(DIALECTS, &name, given, false) {
        Ok(translation) => panic!("{name} {given:?}: {:?}", translation.schedule),
        Err(refusal) => refusal,
    }
}

fn text(value: &str) -> Given {
    Given::Text(value.to_owned())
}

fn budget(lr: f64, warmup: i64, training: i64) -> Vec<(&'static str, Given)> {
    vec![
        ("lr", Number(lr)),
        ("num_warmup_steps", Integer(warmup)),
        ("num_training_steps", Integer(training)),
    ]
}

fn line_to(lr: f64, warmup: u32, after: Canonical) -> Canonical {
    Canonical::new("linear_warmup")
        .count("warmup_steps", warmup)
        .number("start_lr", 0.0)
        .number("end_lr", lr)
        .schedule("after", after)
}

fn cosine(lr: f64, lowest: f64, steps: u32, cycles: f64) -> Canonical {
    Canonical::new("cosine_cycles")
        .number("learning_rate", lr)
        .number("eta_min", lowest)
        .count("total_steps", steps)
        .number("num_cycles", cycles)
}

#[test]
fn a_warm_up_of_no_steps_leaves_no_trace() {
    let given = [("lr", Number(0.5)), ("num_warmup_steps", Integer(0))];
    assert_eq!(
        schedule("get_constant_schedule_with_warmup", &given),
        Canonical::constant(0.5)
    );
    assert_eq!(
        schedule("get_cosine_schedule_with_warmup", &budget(0.5, 0, 20)),
        cosine(0.5, 0.0, 20, 0.5)
    );
    assert_eq!(
        schedule("get_linear_schedule_with_warmup", &budget(0.5, 10, 60)),
        line_to(
            0.5,
            10,
            Canonical::new("linear")
                .number("start_lr", 0.5)
                .number("end_lr", 0.0)
                .count("total_steps", 50)
        )
    );
}

#[test]
fn a_warm_up_that_takes_all_steps_leaves_one_or_none() {
    for training in [10, 20] {
        let given = budget(0.5, 20, training);
        assert_eq!(
            schedule("get_linear_schedule_with_warmup", &given),
            line_to(0.5, 20, Canonical::constant(0.0))
        );
        assert_eq!(
            schedule("get_cosine_schedule_with_warmup", &given),
            line_to(0.5, 20, cosine(0.5, 0.0, 1, 0.5))
        );
    }
    assert_eq!(
        schedule(
            "get_polynomial_decay_schedule_with_warmup",
            &budget(0.5, 20, 10)
        ),
        line_to(0.5, 20, Canonical::constant(1e-7))
    );
    assert_eq!(
        refusal(
            "get_polynomial_decay_schedule_with_warmup",
            &budget(0.5, 20, 20)
        )
        .argument,
        "num_training_steps"
    );
}

#[test]
fn a_power_of_0_holds_the_rate_through_the_last_step() {
    let mut given = budget(0.5, 0, 20);
    given.extend([("power", Number(0.0)), ("lr_end", Number(0.25))]);
    assert_eq!(
        schedule("get_polynomial_decay_schedule_with_warmup", &given),
        Canonical::new("piecewise_constant")
            .counts("boundaries", [21])
            .numbers("values", [0.5, 0.25])
    );
}

#[test]
fn the_lowest_rate_is_said_in_one_of_two_ways() {
    let name = "get_cosine_with_min_lr_schedule_with_warmup";
    let with = |extra: &[(&'static str, Given)]| {
        let mut given = budget(0.5, 0, 20);
        given.extend_from_slice(extra);
        given
    };
    let expected = cosine(0.5, 0.125, 20, 0.5);
    assert_eq!(
        schedule(name, &with(&[("min_lr", Number(0.125))])),
        expected
    );
    assert_eq!(
        schedule(name, &with(&[("min_lr_rate", Number(0.25))])),
        expected
    );
    assert_eq!(
        schedule(name, &with(&[("min_lr_rate", Number(-0.25))])),
        Canonical::new("clamp")
            .number("min_lr", 0.0)
            .schedule("schedule", cosine(0.5, -0.125, 20, 0.5))
    );
    let both = [("min_lr", Number(0.125)), ("min_lr_rate", Number(0.25))];
    assert_eq!(refusal(name, &with(&both)).argument, "min_lr_rate");
    assert_eq!(refusal(name, &with(&[])).argument, "min_lr");
    let mut at_rest = budget(0.0, 0, 20);
    at_rest.push(("min_lr", Number(0.0)));
    assert_eq!(refusal(name, &at_rest).argument, "lr");
}

#[test]
fn one_step_ahead_the_cosine_begins_inside_the_warm_up() {
    let name = "get_cosine_with_min_lr_schedule_with_warmup_lr_rate";
    let after = cosine(0.5, 0.0, 20, 0.5);
    let of = |warmup: i64, share: Option<f64>| {
        let mut given = budget(0.5, warmup, warmup + 20);
        given.push(("min_lr_rate", Number(0.0)));
        given.extend(share.map(|share| ("warmup_lr_rate", Number(share))));
        schedule(name, &given)
    };
    assert_eq!(
        of(10, None),
        Canonical::new("warmup")
            .count("warmup_steps", 10)
            .number("start_lr", 0.0)
            .number("end_lr", 0.5)
            .count("first_step", 1)
            .count("after_clock", 1)
            .schedule("after", after.clone())
    );
    assert_eq!(
        of(10, Some(0.25)),
        Canonical::new("linear_warmup")
            .count("warmup_steps", 9)
            .number("start_lr", 0.125)
            .number("end_lr", 0.5)
            .schedule("after", after.clone())
    );
    assert_eq!(
        of(1, Some(0.25)),
        Canonical::new("sequential")
            .schedules("schedules", [Canonical::constant(0.125), after.clone()])
            .counts("milestones", [1])
            .counts("clocks", [0, 1])
    );
    assert_eq!(
        of(0, Some(0.25)),
        Canonical::new("sequential")
            .schedules("schedules", [after])
            .counts("milestones", [])
            .counts("clocks", [1])
    );
}

#[test]
fn the_timescale_is_that_of_the_warm_up_unless_it_is_given() {
    let of = |warmup: i64, timescale: Option<f64>| {
        let mut given = vec![("lr", Number(0.5)), ("num_warmup_steps", Integer(warmup))];
        given.extend(timescale.map(|timescale| ("timescale", Number(timescale))));
        given
    };
    let name = "get_inverse_sqrt_schedule";
    let curve = |timescale: f64| {
        Canonical::new("inverse_sqrt")
            .number("learning_rate", 0.5)
            .number("timescale", timescale)
    };
    assert_eq!(schedule(name, &of(0, None)), curve(10_000.0));
    assert_eq!(schedule(name, &of(4, None)), line_to(0.5, 4, curve(4.0)));
    assert_eq!(schedule(name, &of(0, Some(7.0))), curve(7.0));
    assert_eq!(refusal(name, &of(4, Some(0.0))).argument, "timescale");
}

fn wsd(extra: &[(&'static str, Given)]) -> Vec<(&'static str, Given)> {
    let mut given = vec![
        ("lr", Number(0.5)),
        ("num_warmup_steps", Integer(10)),
        ("num_decay_steps", Integer(20)),
    ];
    given.extend_from_slice(extra);
    given
}

#[test]
fn the_three_phases_have_their_shapes() {
    let name = "get_wsd_schedule";
    let phases = |stable: u32| {
        Canonical::new("warmup_stable_decay")
            .number("learning_rate", 0.5)
            .number("start_lr", 0.125)
            .number("end_lr", 0.125)
            .count("warmup_steps", 10)
            .count("stable_steps", stable)
            .count("decay_steps", 20)
    };
    let ratio = ("min_lr_ratio", Number(0.25));
    assert_eq!(
        schedule(
            name,
            &wsd(&[ratio.clone(), ("num_training_steps", Integer(100))])
        ),
        phases(70)
            .text("warmup_shape", "linear")
            .text("decay_shape", "cosine")
    );
    // Where both are given, the stable steps count.
    assert_eq!(
        schedule(
            name,
            &wsd(&[
                ratio.clone(),
                ("num_training_steps", Integer(100)),
                ("num_stable_steps", Integer(5)),
                ("warmup_type", text("1-sqrt")),
                ("decay_type", text("1-sqrt")),
            ])
        ),
        phases(5)
            .text("warmup_shape", "reverse_sqrt")
            .text("decay_shape", "sqrt")
    );
    assert_eq!(
        schedule(
            name,
            &wsd(&[
                ratio.clone(),
                ("num_stable_steps", Integer(0)),
                ("warmup_type", text("cosine")),
                ("num_cycles", Number(1.5)),
            ])
        ),
        phases(0)
            .text("warmup_shape", "cosine")
            .text("decay_shape", "cycles")
            .number("amount", 1.5)
    );
    assert_eq!(refusal(name, &wsd(&[])).argument, "num_training_steps");
}

#[test]
fn too_few_steps_leave_the_rest_of_the_decay() {
    let name = "get_wsd_schedule";
    let given = wsd(&[
        ("num_training_steps", Integer(25)),
        ("decay_type", text("linear")),
    ]);
    assert_eq!(
        schedule(name, &given),
        Canonical::new("warmup")
            .count("warmup_steps", 10)
            .number("start_lr", 0.0)
            .number("end_lr", 0.5)
            .text("shape", "linear")
            .count("after_clock", 5)
            .schedule(
                "after",
                Canonical::new("anneal")
                    .number("start_lr", 0.5)
                    .number("end_lr", 0.0)
                    .count("total_steps", 20)
                    .text("shape", "linear")
            )
    );
}

#[test]
fn greedy_keeps_what_its_library_lets_pass() {
    let odd = schedule(
        "GreedyLR",
        &[
            ("lr", Number(0.5)),
            ("cooldown", Integer(-3)),
            ("window_size", Integer(0)),
            ("reset_start", Integer(-1)),
        ],
    );
    let plain = schedule(
        "GreedyLR",
        &[("lr", Number(0.5)), ("reset_start", Integer(1))],
    );
    assert_eq!(odd, plain);
    let refused = [
        ("factor", Number(1.0)),
        ("factor", Number(0.0)),
        ("patience", Integer(-1)),
    ];
    for (name, value) in refused {
        let given = [("lr", Number(0.5)), (name, value)];
        assert_eq!(refusal("get_greedy_schedule", &given).argument, name);
    }
    let empty = [
        ("lr", Number(0.5)),
        ("smooth", Flag(true)),
        ("window_size", Integer(0)),
    ];
    assert_eq!(refusal("GreedyLR", &empty).argument, "window_size");
}

/// A schedule, its arguments, and the one that is refused.
type Refused<'a> = (&'a str, Vec<(&'a str, Given)>, &'a str);

#[test]
fn what_the_optimizer_or_the_schedule_refuses_is_refused() {
    let refused: [Refused<'_>; 5] = [
        ("get_constant_schedule", vec![("lr", Number(-0.5))], "lr"),
        (
            "get_linear_schedule_with_warmup",
            budget(0.5, -1, 10),
            "num_warmup_steps",
        ),
        (
            "get_polynomial_decay_schedule_with_warmup",
            budget(1e-7, 0, 10),
            "lr_end",
        ),
        (
            "get_reduce_on_plateau_schedule",
            vec![("lr", Number(0.5)), ("factor", Number(1.0))],
            "factor",
        ),
        (
            "get_reduce_on_plateau_schedule",
            vec![("lr", Number(0.5)), ("factor", Number(-1.0))],
            "factor",
        ),
    ];
    for (name, given, argument) in refused {
        assert_eq!(refusal(name, &given).argument, argument, "{name} {given:?}");
    }
}
