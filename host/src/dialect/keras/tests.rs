use super::super::Given::{self, Flag, Integer, Number, Numbers, Text};
use super::super::testing::{call, expect, refusal};
use super::Canonical;
use super::DIALECTS;

fn decay(steps: i64, rate: f64, staircase: bool) -> [(&'static str, Given); 4] {
    [
        ("initial_learning_rate", Number(0.5)),
        ("decay_steps", Integer(steps)),
        ("decay_rate", Number(rate)),
        ("staircase", Flag(staircase)),
    ]
}

#[test]
fn decays_by_a_rate() {
    for (name, kind) in [
        ("keras.ExponentialDecay", "exponential"),
        ("keras.InverseTimeDecay", "inverse_time"),
    ] {
        let plain = |gamma| {
            Canonical::new(kind)
                .number("learning_rate", 0.5)
                .number("gamma", gamma)
        };
        assert_eq!(
            expect(DIALECTS, name, &decay(1, 0.25, false), plain(0.25)),
            0
        );
        assert_eq!(
            expect(DIALECTS, name, &decay(1, -0.25, false), plain(-0.25)),
            0
        );
        let stairs = plain(-0.25).count("decay_steps", 4).flag("staircase", true);
        assert_eq!(expect(DIALECTS, name, &decay(4, -0.25, true), stairs), 0);
    }
}

fn piecewise(boundaries: &[f64], values: &[f64]) -> [(&'static str, Given); 2] {
    [
        ("boundaries", Numbers(boundaries.to_vec())),
        ("values", Numbers(values.to_vec())),
    ]
}

#[test]
fn values_change_after_their_boundaries() {
    let switched = |boundaries: &[u32], values: &[f64]| {
        Canonical::new("piecewise_constant")
            .counts("boundaries", boundaries)
            .numbers("values", values)
            .text("switch", "after")
    };
    for (boundaries, values, schedule, remarks) in [
        (
            vec![5.0, 9.0],
            vec![1.0, 2.0, 3.0],
            switched(&[5, 9], &[1.0, 2.0, 3.0]),
            0,
        ),
        (vec![0.0], vec![1.0, 2.0], switched(&[0], &[1.0, 2.0]), 0),
        (
            vec![-1.0, 9.0],
            vec![1.0, 2.0, 3.0],
            switched(&[9], &[2.0, 3.0]),
            0,
        ),
        (
            vec![-2.0, -1.0],
            vec![1.0, 2.0, 3.0],
            Canonical::constant(3.0),
            0,
        ),
        (
            vec![5.0, 1e10],
            vec![1.0, 2.0, 3.0],
            switched(&[5], &[1.0, 2.0]),
            0,
        ),
        (vec![5.9], vec![1.0, 2.0], switched(&[5], &[1.0, 2.0]), 1),
        (
            vec![5.0, 5.0],
            vec![1.0, 2.0, 3.0],
            switched(&[5], &[1.0, 3.0]),
            1,
        ),
        // From step 6 to step 9 both the first and the last value are in force, and the second never.
        (
            vec![9.0, 5.0],
            vec![1.0, 2.0, 3.0],
            switched(&[5, 9], &[1.0, 4.0, 3.0]),
            1,
        ),
        // From step 6 to step 9 none is: the third ends at 1.
        (
            vec![5.0, 9.0, 1.0, 9.0],
            vec![1.0, 2.0, 3.0, 4.0, 5.0],
            switched(&[1, 5, 9], &[1.0, 5.0, 6.0, 5.0]),
            1,
        ),
    ] {
        let given = piecewise(&boundaries, &values);
        assert_eq!(
            expect(DIALECTS, "keras.PiecewiseConstantDecay", &given, schedule),
            remarks
        );
    }
}

fn polynomial(steps: i64, power: f64, cycle: bool) -> [(&'static str, Given); 4] {
    [
        ("initial_learning_rate", Number(0.5)),
        ("decay_steps", Integer(steps)),
        ("power", Number(power)),
        ("cycle", Flag(cycle)),
    ]
}

#[test]
fn polynomials_fall_once_or_in_cycles() {
    let name = "keras.PolynomialDecay";
    let plain = Canonical::new("polynomial")
        .number("learning_rate", 0.5)
        .number("end_lr", 1e-4)
        .count("decay_steps", 8)
        .number("power", 2.0);
    assert_eq!(
        expect(DIALECTS, name, &polynomial(8, 2.0, false), plain.clone()),
        0
    );
    assert_eq!(
        expect(
            DIALECTS,
            name,
            &polynomial(8, 2.0, true),
            plain.flag("cycle", true)
        ),
        0
    );
    assert_eq!(
        expect(
            DIALECTS,
            name,
            &polynomial(8, 0.0, true),
            Canonical::constant(0.5)
        ),
        0
    );
}

fn cosine(target: Option<f64>, warmup_steps: i64) -> Vec<(&'static str, Given)> {
    let mut given = vec![
        ("initial_learning_rate", Number(0.5)),
        ("decay_steps", Integer(8)),
        ("alpha", Number(0.25)),
        ("warmup_steps", Integer(warmup_steps)),
    ];
    given.extend(target.map(|target| ("warmup_target", Number(target))));
    given
}

#[test]
fn cosines_start_from_the_target_of_their_warm_up() {
    let from = |learning_rate: f64| {
        Canonical::new("cosine_decay")
            .number("learning_rate", learning_rate)
            .number("eta_min", 0.25 * learning_rate)
            .count("decay_steps", 8)
    };
    let warmed_up = Canonical::new("warmup_stable_decay")
        .number("learning_rate", 2.0)
        .number("start_lr", 0.5)
        .number("end_lr", 0.5)
        .count("warmup_steps", 3)
        .count("stable_steps", 0)
        .count("decay_steps", 8)
        .text("decay_shape", "cosine");
    for (target, warmup_steps, schedule, remarks) in [
        (None, 0, from(0.5), 0),
        (None, 3, from(0.5), 1),
        (Some(2.0), 3, warmed_up, 0),
        (Some(2.0), 0, from(2.0), 0),
        (Some(2.0), -3, from(2.0).begun_at(3), 0),
    ] {
        let given = cosine(target, warmup_steps);
        assert_eq!(
            expect(DIALECTS, "keras.CosineDecay", &given, schedule),
            remarks
        );
    }
}

fn restarts(t_mul: f64, m_mul: f64, alpha: f64) -> [(&'static str, Given); 5] {
    [
        ("initial_learning_rate", Number(0.5)),
        ("first_decay_steps", Integer(8)),
        ("t_mul", Number(t_mul)),
        ("m_mul", Number(m_mul)),
        ("alpha", Number(alpha)),
    ]
}

#[test]
fn restarts_shrink_what_is_above_the_lowest_rate() {
    let cycles = |learning_rate, eta_min, t_mult, peak_mult| {
        Canonical::new("warm_restarts")
            .number("learning_rate", learning_rate)
            .number("eta_min", eta_min)
            .count("t_0", 8)
            .number("t_mult", t_mult)
            .number("peak_mult", peak_mult)
    };
    let lifted = Canonical::new("sum").schedules(
        "schedules",
        [Canonical::constant(0.125), cycles(0.375, 0.0, 1.0, 0.5)],
    );
    for (given, schedule, remarks) in [
        (restarts(1.0, 0.5, 0.0), cycles(0.5, 0.0, 1.0, 0.5), 0),
        (restarts(1.0, 1.0, 0.25), cycles(0.5, 0.125, 1.0, 1.0), 0),
        (restarts(1.0, 0.5, 0.25), lifted, 0),
        (restarts(1.5, 1.0, 0.0), cycles(0.5, 0.0, 1.5, 1.0), 1),
        (restarts(0.5, 1.0, 0.0), cycles(0.5, 0.0, 0.5, 1.0), 1),
    ] {
        assert_eq!(
            expect(DIALECTS, "keras.CosineDecayRestarts", &given, schedule),
            remarks
        );
    }
}

fn plateau(given: &[(&'static str, Given)]) -> Vec<(&'static str, Given)> {
    [&[("lr", Number(0.5))], given].concat()
}

#[test]
fn plateaus_are_absolute() {
    let cut = |mode, patience, threshold, cooldown| {
        Canonical::new("reduce_on_plateau")
            .number("learning_rate", 0.5)
            .text("mode", mode)
            .number("factor", 0.1)
            .count("patience", patience)
            .number("threshold", threshold)
            .text("threshold_mode", "abs")
            .count("cooldown", cooldown)
            .number("min_lr", 0.0)
            .text("rules", "keras")
    };
    let mode = |word: &str| ("mode", Text(word.to_owned()));
    for (given, schedule, remarks) in [
        (vec![], cut("min", 10, 1e-4, 0), 1),
        (
            vec![mode("min"), ("min_delta", Number(-0.25))],
            cut("min", 10, 0.25, 0),
            0,
        ),
        (
            vec![mode("max"), ("patience", Integer(0))],
            cut("max", 0, 1e-4, 0),
            0,
        ),
        (
            vec![mode("min"), ("cooldown", Integer(-1))],
            cut("min", 10, 1e-4, 0),
            0,
        ),
        (
            vec![mode("min"), ("cooldown", Integer(5))],
            cut("min", 10, 1e-4, 5),
            0,
        ),
    ] {
        let given = plateau(&given);
        assert_eq!(
            expect(DIALECTS, "keras.ReduceLROnPlateau", &given, schedule),
            remarks
        );
    }
}

#[test]
fn what_keras_refuses_and_what_makes_no_rate_is_refused() {
    let steps = |name| format!("{name}: must be a whole number from 1 to 4294967295");
    for (name, given, message) in [
        (
            "keras.ExponentialDecay",
            decay(0, 0.25, false).to_vec(),
            steps("decay_steps"),
        ),
        (
            "keras.ExponentialDecay",
            decay(4, -0.25, false).to_vec(),
            "decay_rate: must be at least 0 where its power is not whole".to_owned(),
        ),
        (
            "keras.InverseTimeDecay",
            decay(-1, 0.5, false).to_vec(),
            steps("decay_steps"),
        ),
        (
            "keras.PolynomialDecay",
            polynomial(0, 1.0, false).to_vec(),
            steps("decay_steps"),
        ),
        (
            "keras.PolynomialDecay",
            polynomial(8, -1.0, false).to_vec(),
            "power: must be at least 0".to_owned(),
        ),
        (
            "keras.PiecewiseConstantDecay",
            piecewise(&[1.0, 2.0], &[1.0, 2.0]).to_vec(),
            "values: must be one more than the boundaries, 3; these are 2".to_owned(),
        ),
        (
            "keras.PiecewiseConstantDecay",
            piecewise(&[], &[1.0]).to_vec(),
            "boundaries: must be at least one step".to_owned(),
        ),
        (
            "keras.CosineDecayRestarts",
            restarts(0.0, 1.0, 0.0).to_vec(),
            "t_mul: must be above 0 and at most 4294967296".to_owned(),
        ),
        (
            "keras.ReduceLROnPlateau",
            plateau(&[("factor", Number(1.0))]),
            "factor: must be at least 0 and below 1".to_owned(),
        ),
        (
            "keras.ReduceLROnPlateau",
            plateau(&[("factor", Number(-0.5))]),
            "factor: must be at least 0 and below 1".to_owned(),
        ),
        (
            "keras.ReduceLROnPlateau",
            plateau(&[("patience", Integer(-1))]),
            "patience: must be a whole number from 0 to 4294967295".to_owned(),
        ),
    ] {
        assert_eq!(refusal(DIALECTS, name, &given), message);
    }
    let mut far = cosine(Some(2.0), -(1 << 32));
    assert_eq!(
        refusal(DIALECTS, "keras.CosineDecay", &far),
        "warmup_steps: must be at least -4294967295"
    );
    far.retain(|(name, _)| *name != "warmup_target");
    assert!(call(DIALECTS, "keras.CosineDecay", &far, false).is_ok());
}
