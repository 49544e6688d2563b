use super::super::DIALECTS;
use crate::dialect::Given::{Flag, Integer, Number};
use crate::dialect::testing::{expect, refusal};
use crate::dialect::{Canonical, Given};

fn polynomial() -> Canonical {
    Canonical::new("polynomial")
        .number("learning_rate", 0.5)
        .number("end_lr", 0.25)
        .count("decay_steps", 8)
        .number("power", 2.0)
}

fn linear() -> Canonical {
    Canonical::new("linear")
        .number("start_lr", 0.5)
        .number("end_lr", 0.25)
        .count("total_steps", 8)
}

fn transition(steps: i64, begin: i64) -> [(&'static str, Given); 4] {
    [
        ("init_value", Number(0.5)),
        ("end_value", Number(0.25)),
        ("transition_steps", Integer(steps)),
        ("transition_begin", Integer(begin)),
    ]
}

fn powered(power: f64, steps: i64, begin: i64) -> Vec<(&'static str, Given)> {
    let mut given = transition(steps, begin).to_vec();
    given.push(("power", Number(power)));
    given
}

#[test]
fn constants_stay() {
    let given = [("value", Number(0.5))];
    assert_eq!(
        expect(
            DIALECTS,
            "optax.constant_schedule",
            &given,
            Canonical::constant(0.5)
        ),
        0
    );
}

#[test]
fn transitions_go_from_begin_to_end() {
    let held =
        |transition| Canonical::sequential(vec![Canonical::constant(0.5), transition], vec![3]);
    for (begin, power_2, power_1) in [
        (0, polynomial(), linear()),
        (-3, polynomial(), linear()),
        (3, held(polynomial()), held(linear())),
    ] {
        assert_eq!(
            expect(
                DIALECTS,
                "optax.polynomial_schedule",
                &powered(2.0, 8, begin),
                power_2
            ),
            0
        );
        assert_eq!(
            expect(
                DIALECTS,
                "optax.polynomial_schedule",
                &powered(1.0, 8, begin),
                power_1.clone()
            ),
            0
        );
        assert_eq!(
            expect(
                DIALECTS,
                "optax.linear_schedule",
                &transition(8, begin),
                power_1
            ),
            0
        );
    }
}

#[test]
fn transitions_without_steps_or_power_never_begin() {
    for steps in [0, -8] {
        let constant = Canonical::constant(0.5);
        assert_eq!(
            expect(
                DIALECTS,
                "optax.polynomial_schedule",
                &powered(2.0, steps, 3),
                constant.clone()
            ),
            1
        );
        assert_eq!(
            expect(
                DIALECTS,
                "optax.linear_schedule",
                &transition(steps, 3),
                constant
            ),
            1
        );
    }
    assert_eq!(
        expect(
            DIALECTS,
            "optax.polynomial_schedule",
            &powered(0.0, 8, 3),
            Canonical::constant(0.5)
        ),
        0
    );
}

#[test]
fn fractional_powers_are_remarked_on() {
    let half = Canonical::new("polynomial")
        .number("learning_rate", 0.5)
        .number("end_lr", 0.25)
        .count("decay_steps", 8)
        .number("power", 0.5);
    assert_eq!(
        expect(
            DIALECTS,
            "optax.polynomial_schedule",
            &powered(0.5, 8, 0),
            half
        ),
        1
    );
}

fn decay(steps: i64, rate: f64) -> Vec<(&'static str, Given)> {
    vec![
        ("init_value", Number(0.5)),
        ("transition_steps", Integer(steps)),
        ("decay_rate", Number(rate)),
    ]
}

#[test]
fn exponential_decays() {
    let name = "optax.exponential_decay";
    let plain = |gamma| {
        Canonical::new("exponential")
            .number("learning_rate", 0.5)
            .number("gamma", gamma)
    };
    assert_eq!(expect(DIALECTS, name, &decay(1, 0.25), plain(0.25)), 0);
    assert_eq!(expect(DIALECTS, name, &decay(1, -0.25), plain(-0.25)), 0);
    assert_eq!(
        expect(
            DIALECTS,
            name,
            &decay(4, 2.0),
            plain(2.0).count("decay_steps", 4)
        ),
        0
    );
    let mut given = decay(4, -0.25);
    given.extend([
        ("transition_begin", Integer(2)),
        ("staircase", Flag(true)),
        ("end_value", Number(-0.125)),
    ]);
    let full = plain(-0.25)
        .count("decay_steps", 4)
        .flag("staircase", true)
        .count("begin", 2)
        .number("end_lr", -0.125);
    assert_eq!(expect(DIALECTS, name, &given, full), 0);
    let mut given = decay(1, 0.25);
    given.push(("transition_begin", Integer(-2)));
    assert_eq!(expect(DIALECTS, name, &given, plain(0.25)), 0);
}

#[test]
fn exponential_decays_that_never_begin_ignore_the_limit() {
    for (steps, rate) in [(0, 0.25), (-1, 0.25), (4, 0.0)] {
        let mut given = decay(steps, rate);
        given.push(("end_value", Number(0.75)));
        assert_eq!(
            expect(
                DIALECTS,
                "optax.exponential_decay",
                &given,
                Canonical::constant(0.5)
            ),
            1
        );
    }
}

#[test]
fn cosines_fall_to_a_share() {
    let name = "optax.cosine_decay_schedule";
    let call = |alpha, exponent| {
        [
            ("init_value", Number(0.5)),
            ("decay_steps", Integer(8)),
            ("alpha", Number(alpha)),
            ("exponent", Number(exponent)),
        ]
    };
    let plain = |eta_min| {
        Canonical::new("cosine_decay")
            .number("learning_rate", 0.5)
            .number("eta_min", eta_min)
            .count("decay_steps", 8)
    };
    assert_eq!(expect(DIALECTS, name, &call(0.0, 1.0), plain(0.0)), 0);
    assert_eq!(
        expect(
            DIALECTS,
            name,
            &call(0.25, 1.5),
            plain(0.125).number("exponent", 1.5)
        ),
        0
    );
    assert_eq!(
        expect(DIALECTS, name, &call(0.25, 0.0), Canonical::constant(0.5)),
        0
    );
}

#[test]
fn what_makes_no_rate_is_refused() {
    let cosine = |steps, exponent| {
        [
            ("init_value", Number(0.5)),
            ("decay_steps", Integer(steps)),
            ("exponent", Number(exponent)),
        ]
    };
    assert_eq!(
        [
            refusal(DIALECTS, "optax.polynomial_schedule", &powered(-1.0, 8, 0)),
            refusal(DIALECTS, "optax.linear_schedule", &transition(8, 1 << 32)),
            refusal(DIALECTS, "optax.exponential_decay", &decay(4, -0.25)),
            refusal(DIALECTS, "optax.cosine_decay_schedule", &cosine(0, 1.0)),
            refusal(DIALECTS, "optax.cosine_decay_schedule", &cosine(8, -1.0)),
        ],
        [
            "power: must be at least 0",
            "transition_begin: must be a whole number from 0 to 4294967295",
            "decay_rate: must be at least 0 where its power is not whole",
            "decay_steps: must be a whole number from 1 to 4294967295",
            "exponent: must be at least 0",
        ]
    );
}
