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
