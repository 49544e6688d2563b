use super::super::DIALECTS;
use crate::dialect::Given::{Integer, Integers, Number, Schedules};
use crate::dialect::testing::{call, expect, refusal};
use crate::dialect::{Canonical, Given, Translation};

fn warmup(steps: i64) -> Vec<(&'static str, Given)> {
    vec![
        ("init_value", Number(0.25)),
        ("peak_value", Number(1.0)),
        ("warmup_steps", Integer(steps)),
    ]
}

fn cosine_cycle(warmup_steps: i64, decay_steps: i64, exponent: f64) -> Vec<(&'static str, Given)> {
    let mut given = warmup(warmup_steps);
    given.extend([
        ("decay_steps", Integer(decay_steps)),
        ("end_value", Number(0.5)),
        ("exponent", Number(exponent)),
    ]);
    given
}

fn line(steps: u32) -> Canonical {
    Canonical::new("linear")
        .number("start_lr", 0.25)
        .number("end_lr", 1.0)
        .count("total_steps", steps)
}

fn leaf(warmup_steps: u32, decay_steps: u32) -> Canonical {
    Canonical::new("warmup_stable_decay")
        .number("learning_rate", 1.0)
        .number("start_lr", 0.25)
        .number("end_lr", 0.5)
        .count("warmup_steps", warmup_steps)
        .count("stable_steps", 0)
        .count("decay_steps", decay_steps)
        .text("decay_shape", "cosine")
}

fn squared(decay_steps: u32) -> Canonical {
    Canonical::new("cosine_decay")
        .number("learning_rate", 1.0)
        .number("eta_min", 0.5)
        .count("decay_steps", decay_steps)
        .number("exponent", 2.0)
}

fn warmed_up(warmup_steps: u32, after: Canonical) -> Canonical {
    Canonical::new("linear_warmup")
        .count("warmup_steps", warmup_steps)
        .number("start_lr", 0.25)
        .number("end_lr", 1.0)
        .schedule("after", after)
}

#[test]
fn warm_ups_to_a_constant_are_lines() {
    let line = Canonical::new("linear")
        .number("start_lr", 0.25)
        .number("end_lr", 1.0)
        .count("total_steps", 8);
    let name = "optax.warmup_constant_schedule";
    assert_eq!(expect(DIALECTS, name, &warmup(8), line), 0);
    // Without steps optax never gets to the peak.
    assert_eq!(
        expect(DIALECTS, name, &warmup(0), Canonical::constant(0.25)),
        1
    );
}

#[test]
fn cosines_last_for_the_steps_that_the_warm_up_leaves() {
    let name = "optax.warmup_cosine_decay_schedule";
    for (warmup_steps, exponent, schedule) in [
        (2, 1.0, leaf(2, 6)),
        (0, 1.0, leaf(0, 8)),
        (2, 2.0, warmed_up(2, squared(6))),
        (0, 2.0, squared(8)),
        (-2, 2.0, squared(10).begun_at(2)),
    ] {
        assert_eq!(
            expect(
                DIALECTS,
                name,
                &cosine_cycle(warmup_steps, 8, exponent),
                schedule
            ),
            0
        );
    }
    let begun = Canonical::new("cosine_decay")
        .number("learning_rate", 1.0)
        .number("eta_min", 0.5)
        .count("decay_steps", 10)
        .begun_at(2);
    assert_eq!(expect(DIALECTS, name, &cosine_cycle(-2, 8, 1.0), begun), 0);
}

#[test]
fn cosines_to_the_power_of_0_stay_at_the_peak() {
    let schedule = |warmup_steps, decay_steps| {
        Canonical::new("warmup_stable_decay")
            .number("learning_rate", 1.0)
            .number("start_lr", 0.25)
            .number("end_lr", 1.0)
            .count("warmup_steps", warmup_steps)
            .count("stable_steps", 0)
            .count("decay_steps", decay_steps)
            .text("decay_shape", "cosine")
    };
    let name = "optax.warmup_cosine_decay_schedule";
    assert_eq!(
        expect(DIALECTS, name, &cosine_cycle(2, 8, 0.0), schedule(2, 6)),
        0
    );
}

#[test]
fn without_a_peak_there_is_no_end() {
    let mut given = cosine_cycle(2, 8, 1.0);
    given.retain(|(name, _)| *name != "peak_value");
    given.push(("peak_value", Number(0.0)));
    let schedule = Canonical::new("warmup_stable_decay")
        .number("learning_rate", 0.0)
        .number("start_lr", 0.25)
        .number("end_lr", 0.0)
        .count("warmup_steps", 2)
        .count("stable_steps", 0)
        .count("decay_steps", 6)
        .text("decay_shape", "cosine");
    assert_eq!(
        expect(
            DIALECTS,
            "optax.warmup_cosine_decay_schedule",
            &given,
            schedule
        ),
        1
    );
}

#[test]
fn exponential_decays_begin_after_the_warm_up() {
    let name = "optax.warmup_exponential_decay_schedule";
    let given = |warmup_steps, transition_steps| {
        let mut given = warmup(warmup_steps);
        given.extend([
            ("transition_steps", Integer(transition_steps)),
            ("decay_rate", Number(0.5)),
        ]);
        given
    };
    let decay = Canonical::new("exponential")
        .number("learning_rate", 1.0)
        .number("gamma", 0.5)
        .count("decay_steps", 4);
    assert_eq!(
        expect(DIALECTS, name, &given(8, 4), warmed_up(8, decay.clone())),
        0
    );
    assert_eq!(expect(DIALECTS, name, &given(0, 4), decay.clone()), 0);
    assert_eq!(expect(DIALECTS, name, &given(-3, 4), decay.begun_at(3)), 0);
    assert_eq!(
        expect(
            DIALECTS,
            name,
            &given(8, 0),
            warmed_up(8, Canonical::constant(1.0))
        ),
        1
    );
}

fn joined(count: usize, boundaries: &[i64]) -> Vec<(&'static str, Given)> {
    let schedules = (0..count).map(|index| part(index).into()).collect();
    vec![
        ("schedules", Schedules(schedules)),
        ("boundaries", Integers(boundaries.to_vec())),
    ]
}

/// A schedule of its own for each index.
fn part(index: usize) -> Canonical {
    Canonical::constant(index as f64)
}

#[test]
fn joined_schedules_follow_one_another() {
    let far = 1_i64 << 32;
    let sequence = |parts: &[usize], milestones: &[u32]| {
        Canonical::sequential(
            parts.iter().copied().map(part).collect(),
            milestones.to_vec(),
        )
    };
    for (count, boundaries, schedule, remarks) in [
        (1, vec![], part(0), 0),
        (3, vec![5, 12], sequence(&[0, 1, 2], &[5, 12]), 0),
        // The last that has begun runs.
        (3, vec![12, 5], sequence(&[0, 2], &[5]), 0),
        (3, vec![5, 5], sequence(&[0, 2], &[5]), 0),
        (3, vec![12, 0], part(2), 0),
        (2, vec![-5], part(1).begun_at(5), 0),
        (
            3,
            vec![-5, 3],
            Canonical::sequential(vec![part(1).begun_at(5), part(2)], vec![3]),
            0,
        ),
        (2, vec![far], part(0), 0),
        // What has no partner is not used.
        (3, vec![5], sequence(&[0, 1], &[5]), 1),
        (2, vec![5, 12], sequence(&[0, 1], &[5]), 1),
    ] {
        assert_eq!(
            expect(
                DIALECTS,
                "optax.join_schedules",
                &joined(count, &boundaries),
                schedule
            ),
            remarks
        );
    }
}

#[test]
fn clocks_that_are_ahead_stand_beside_the_milestones() {
    let schedule = Canonical::sequential(vec![part(1).begun_at(5), part(2)], vec![3]);
    let expected = Canonical::new("sequential")
        .schedules("schedules", [part(1), part(2)])
        .counts("milestones", [3])
        .counts("clocks", [5, 0]);
    assert_eq!(schedule, expected);
}

fn cycles(lengths: &[(i64, i64, f64)]) -> [(&'static str, Given); 1] {
    let cycles = lengths.iter().map(|(warmup_steps, decay_steps, exponent)| {
        let given = cosine_cycle(*warmup_steps, *decay_steps, *exponent);
        call(
            DIALECTS,
            "optax.warmup_cosine_decay_schedule",
            &given,
            false,
        )
        .expect("optax takes this")
    });
    [("cosine_kwargs", Schedules(cycles.collect()))]
}

#[test]
fn cycles_begin_where_the_one_before_ends() {
    let name = "optax.sgdr_schedule";
    let given = cycles(&[(2, 8, 1.0), (3, 8, 2.0), (-2, 8, 2.0), (0, 16, 1.0)]);
    // A warm-up of its own stands in the sequence around it.
    let schedule = Canonical::sequential(
        vec![
            leaf(2, 6),
            line(3),
            squared(5),
            squared(10).begun_at(2),
            leaf(0, 16),
        ],
        vec![8, 11, 16, 24],
    );
    assert_eq!(expect(DIALECTS, name, &given, schedule), 0);
    assert_eq!(
        expect(DIALECTS, name, &cycles(&[(2, 8, 1.0)]), leaf(2, 6)),
        0
    );
    let first = Canonical::sequential(vec![line(3), squared(5), leaf(2, 6)], vec![3, 8]);
    let given = cycles(&[(3, 8, 2.0), (2, 8, 1.0)]);
    assert_eq!(expect(DIALECTS, name, &given, first), 0);
}

#[test]
fn warm_ups_end_where_a_boundary_cuts_them() {
    let warmup: Translation = warmed_up(8, part(0)).into();
    let given = |boundaries: &[i64]| {
        [
            (
                "schedules",
                Schedules(vec![warmup.clone(), warmup.clone(), part(1).into()]),
            ),
            ("boundaries", Integers(boundaries.to_vec())),
        ]
    };
    let name = "optax.join_schedules";
    for (boundaries, schedule) in [
        (
            [9, 20],
            Canonical::sequential(
                vec![line(8), part(0), line(8), part(0), part(1)],
                vec![8, 9, 17, 20],
            ),
        ),
        (
            [5, 12],
            Canonical::sequential(vec![line(8), line(8), part(1)], vec![5, 12]),
        ),
        (
            [-5, 12],
            Canonical::sequential(vec![line(8).begun_at(5), part(0), part(1)], vec![3, 12]),
        ),
        (
            [-9, 12],
            Canonical::sequential(vec![part(0).begun_at(1), part(1)], vec![12]),
        ),
    ] {
        assert_eq!(expect(DIALECTS, name, &given(&boundaries), schedule), 0);
    }
}

#[test]
fn equal_cycles_are_one_repeated() {
    let given = cycles(&[&[(2, 8, 1.0); 40][..], &[(2, 16, 1.0); 4]].concat());
    let repeated = |period, cycle| {
        Canonical::new("repeat")
            .count("period", period)
            .schedule("schedule", cycle)
    };
    let schedule = Canonical::sequential(
        vec![
            repeated(8, leaf(2, 6)),
            repeated(16, leaf(2, 14)),
            leaf(2, 14),
        ],
        vec![320, 368],
    );
    assert_eq!(expect(DIALECTS, "optax.sgdr_schedule", &given, schedule), 0);
}

#[test]
fn eleven_different_cycles_fit() {
    let lengths = |count: i64| {
        (0..count)
            .map(|index| (2, 8 + index, 1.0))
            .collect::<Vec<_>>()
    };
    let fits = call(
        DIALECTS,
        "optax.sgdr_schedule",
        &cycles(&lengths(11)),
        false,
    );
    assert!(fits.is_ok_and(|translation| super::pieces(&translation.schedule) == 12));
    let squares: Vec<_> = (0..5).map(|index| (2, 8 + index, 2.0)).collect();
    let fits = call(DIALECTS, "optax.sgdr_schedule", &cycles(&squares), false);
    assert!(fits.is_ok_and(|translation| super::pieces(&translation.schedule) == 11));
    let refusal = call(
        DIALECTS,
        "optax.sgdr_schedule",
        &cycles(&lengths(12)),
        false,
    )
    .expect_err("refused");
    assert_eq!(
        refusal.to_string(),
        "cosine_kwargs: must come to at most 12 pieces; these cycles are 13"
    );
}

#[test]
fn what_optax_refuses_is_refused() {
    for (name, given, message) in [
        (
            "optax.warmup_cosine_decay_schedule",
            cosine_cycle(8, 8, 1.0),
            "decay_steps: must be above `warmup_steps`",
        ),
        (
            "optax.warmup_cosine_decay_schedule",
            cosine_cycle(0, 1 << 32, 1.0),
            "decay_steps: must be at most 4294967295 above `warmup_steps`",
        ),
        (
            "optax.warmup_cosine_decay_schedule",
            cosine_cycle(2, 8, -1.0),
            "exponent: must be at least 0",
        ),
        (
            "optax.join_schedules",
            joined(0, &[]),
            "schedules: must be at least one schedule",
        ),
        (
            "optax.join_schedules",
            joined(2, &[-(1 << 32)]),
            "boundaries: must be at least -4294967295",
        ),
        (
            "optax.sgdr_schedule",
            cycles(&[]).to_vec(),
            "cosine_kwargs: must be at least one cycle",
        ),
    ] {
        assert_eq!(refusal(DIALECTS, name, &given), message);
    }
}
