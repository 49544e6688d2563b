use super::super::Given::{self, Flag, Integer, Integers, Number};
use super::super::testing::call;
use super::super::{Setting, Translation};
use super::{Canonical, DIALECTS, Refusal, milestones};
use hairpin_core::Expression;

fn translation(name: &str, given: &[(&str, Given)], faithful: bool) -> Translation {
    let name = format!("timm.{name}");
    let mut all = vec![("lr", Number(0.5))];
    all.extend_from_slice(given);
    match call(DIALECTS, &name, &all, faithful) {
        Ok(translation) => translation,
        Err(refusal) => panic!("{name} {given:?}: {refusal}"),
    }
}

fn schedule(name: &str, given: &[(&str, Given)]) -> Canonical {
    translation(name, given, false).schedule
}

fn refusal(name: &str, given: &[(&str, Given)]) -> Refusal {
    let name = format!("timm.{name}");
    let mut all = vec![("lr", Number(0.5))];
    all.extend_from_slice(given);
    match call(DIALECTS, &name, &all, false) {
        Ok(translation) => panic!("{name} {given:?}: {:?}", translation.schedule),
        Err(refusal) => refusal,
    }
}

fn line_to(end_lr: f64, steps: u32, after: Canonical) -> Canonical {
    Canonical::new("linear_warmup")
        .count("warmup_steps", steps)
        .number("start_lr", 0.0)
        .number("end_lr", end_lr)
        .schedule("after", after)
}

/// The rate that the expression of a `lambda` gives at a step.
fn lambda(schedule: &Canonical, step: u32) -> f64 {
    assert_eq!(schedule.kind, "lambda");
    let factor = schedule
        .settings
        .iter()
        .find_map(|(key, value)| match value {
            Setting::Text(text) if *key == "factor" => Some(text),
            _ => None,
        });
    let factor = factor.expect("a lambda has a factor");
    Expression::parse(factor)
        .unwrap_or_else(|error| panic!("{factor}: {error:?}"))
        .eval(step)
}

#[test]
fn one_cosine_is_held_and_several_restart() {
    let one = Canonical::new("cosine_annealing")
        .number("learning_rate", 0.5)
        .number("eta_min", 0.0)
        .count("t_max", 20)
        .text("past", "hold");
    let t_initial = ("t_initial", Integer(20));
    assert_eq!(
        schedule("CosineLRScheduler", std::slice::from_ref(&t_initial)),
        one.clone()
    );
    // Without the prefix the cosine has been running during the warm-up.
    assert_eq!(
        schedule(
            "CosineLRScheduler",
            &[t_initial.clone(), ("warmup_t", Integer(5))]
        ),
        Canonical::new("warmup")
            .count("warmup_steps", 5)
            .number("start_lr", 0.0)
            .number("end_lr", 0.5)
            .count("after_clock", 5)
            .schedule("after", one.clone())
    );
    assert_eq!(
        schedule(
            "CosineLRScheduler",
            &[
                t_initial.clone(),
                ("warmup_t", Integer(5)),
                ("warmup_prefix", Flag(true))
            ]
        ),
        line_to(0.5, 5, one)
    );
    assert_eq!(
        schedule(
            "CosineLRScheduler",
            &[
                t_initial.clone(),
                ("cycle_limit", Integer(3)),
                ("cycle_mul", Number(1.5)),
                ("cycle_decay", Number(0.25)),
                ("lr_min", Number(0.125)),
                ("k_decay", Number(2.0)),
            ]
        ),
        Canonical::new("warm_restarts")
            .number("learning_rate", 0.5)
            .number("eta_min", 0.125)
            .count("t_0", 20)
            .number("t_mult", 1.5)
            .number("peak_mult", 0.25)
            .count("cycle_limit", 3)
            .number("k", 2.0)
    );
    for gone in [("cycle_limit", Integer(0)), ("k_decay", Number(0.0))] {
        assert_eq!(
            schedule("CosineLRScheduler", &[t_initial.clone(), gone]),
            Canonical::constant(0.0)
        );
    }
}

#[test]
fn cycles_of_whole_length_are_listed() {
    let tangent = |peak: f64, steps: u32| {
        Canonical::new("tanh")
            .number("learning_rate", peak)
            .number("eta_min", 0.0)
            .count("decay_steps", steps)
            .number("lb", -7.0)
            .number("ub", 3.0)
    };
    assert_eq!(
        schedule(
            "TanhLRScheduler",
            &[
                ("t_initial", Integer(5)),
                ("cycle_limit", Integer(3)),
                ("cycle_mul", Number(2.0)),
                ("cycle_decay", Number(0.5)),
            ]
        ),
        Canonical::new("sequential")
            .schedules(
                "schedules",
                [tangent(0.5, 5), tangent(0.25, 10), tangent(0.125, 20)]
            )
            .counts("milestones", [5, 15])
    );
    // The second cycle begins after the last step.
    assert_eq!(
        schedule(
            "TanhLRScheduler",
            &[
                ("t_initial", Integer(i64::from(u32::MAX))),
                ("cycle_limit", Integer(2)),
            ]
        ),
        Canonical::new("sequential")
            .schedules(
                "schedules",
                [tangent(0.5, u32::MAX), tangent(0.5, u32::MAX)]
            )
            .counts("milestones", [u32::MAX])
    );
}

/// The libraries' own words for a rate in a cycle: the cycle is counted, not computed.
fn cycled(
    (peak, floor): (f64, f64),
    (length, length_mul, peak_mul): (f64, f64, f64),
    limit: u32,
    weight: impl Fn(f64) -> f64,
    step: u32,
) -> f64 {
    let (mut start, mut length, mut peak) = (0.0, length, peak);
    for _ in 0..limit {
        let x = (f64::from(step) - start) / length;
        if x < 1.0 {
            return floor + (peak - floor) * weight(x);
        }
        start += length;
        length *= length_mul;
        peak *= peak_mul;
    }
    floor
}

#[test]
fn cycles_that_cannot_be_listed_are_one_expression() {
    // Lengths that are not whole, equal ones that are too many, and shrinking ones.
    for (length, length_mul, peak_mul, limit) in [
        (10, 1.5, 0.5, 4),
        (7, 1.0, 0.75, 40),
        (7, 1.0, 1.0, 40),
        (9, 0.7, -0.5, 5),
        (3, 3.0, 0.5, 9),
    ] {
        let given = [
            ("t_initial", Integer(length)),
            ("cycle_mul", Number(length_mul)),
            ("cycle_decay", Number(peak_mul)),
            ("cycle_limit", Integer(limit)),
            ("lr_min", Number(0.125)),
        ];
        let rates = (0.5, 0.125);
        let cycles = (length as f64, length_mul, peak_mul);
        let limit = u32::try_from(limit).expect("it is small");
        let with = |extra: &[(&'static str, Given)]| [&given, extra].concat();
        let poly = schedule(
            "PolyLRScheduler",
            &with(&[("power", Number(0.5)), ("k_decay", Number(1.5))]),
        );
        let tanh = schedule("TanhLRScheduler", &with(&[]));
        for step in (0..200).chain(29_000..30_000) {
            let pairs = [
                (lambda(&poly, step), {
                    let weight = |x: f64| (1.0 - x.powf(1.5)).sqrt();
                    cycled(rates, cycles, limit, weight, step)
                }),
                (lambda(&tanh, step), {
                    let weight = |x: f64| (1.0 - (-7.0 + 10.0 * x).tanh()) / 2.0;
                    cycled(rates, cycles, limit, weight, step)
                }),
            ];
            for (ours, theirs) in pairs {
                // Both sides round each operation; near the start of a cycle a square root doubles the digits lost.
                assert!(
                    (ours - theirs).abs() < 1e-12,
                    "{given:?} step {step}: {ours} and {theirs}"
                );
            }
        }
    }
}

#[test]
fn a_tangent_is_warmed_up_to_where_it_is_by_then() {
    let Translation { schedule, .. } = translation(
        "TanhLRScheduler",
        &[("t_initial", Integer(20)), ("warmup_t", Integer(10))],
        false,
    );
    let end_lr = schedule
        .settings
        .iter()
        .find_map(|(key, value)| match value {
            Setting::Number(number) if *key == "end_lr" => Some(*number),
            _ => None,
        })
        .expect("a warm-up has an end");
    // (1 - tanh(-2)) / 4, half-way from -7 to 3 at half of 1.
    let exact = 0.5 / (1.0 + (-4.0_f64).exp());
    assert!((end_lr - exact).abs() <= f64::EPSILON, "{end_lr}");
}

#[test]
fn step_0_of_a_tangent_can_be_the_librarys() {
    let given = [("t_initial", Integer(20))];
    let plain = translation("TanhLRScheduler", &given, false);
    assert_eq!(plain.remarks.len(), 1);
    let faithful = translation("TanhLRScheduler", &given, true);
    assert!(faithful.remarks.is_empty());
    assert_eq!(
        faithful.schedule,
        Canonical::new("sequential")
            .schedules("schedules", [Canonical::constant(0.5), plain.schedule])
            .counts("milestones", [1])
            .counts("clocks", [0, 1])
    );
}

#[test]
fn steps_between_cuts_need_not_be_whole() {
    let of = |decay_t: f64| {
        let given = [("decay_t", Number(decay_t)), ("decay_rate", Number(0.25))];
        schedule("StepLRScheduler", &given)
    };
    assert_eq!(
        of(5.0),
        Canonical::new("step")
            .number("learning_rate", 0.5)
            .count("step_size", 5)
            .number("gamma", 0.25)
    );
    let fractional = of(2.5);
    let factors = [0, 2, 3, 4, 5, 7, 8].map(|step| lambda(&fractional, step));
    assert_eq!(factors, [1.0, 1.0, 0.25, 0.25, 0.0625, 0.0625, 0.015_625]);
    assert_eq!(of(1e10), Canonical::constant(0.5));
}

#[test]
fn milestones_are_a_step_late_and_may_be_any_list() {
    let of = |list: &[i64]| {
        let given = [
            ("decay_t", Integers(list.to_vec())),
            ("decay_rate", Number(0.5)),
        ];
        schedule("MultiStepLRScheduler", &given)
    };
    let plain = |lr: f64, milestones: &[u32]| {
        Canonical::new("multi_step")
            .number("learning_rate", lr)
            .counts("milestones", milestones)
            .number("gamma", 0.5)
    };
    assert_eq!(of(&[5, 10]), plain(0.5, &[4, 9]));
    assert_eq!(of(&[-3, 1, 10]), plain(0.125, &[9]));
    assert_eq!(of(&[]), Canonical::constant(0.5));
    assert_eq!(
        of(&[5, 5, 10]),
        Canonical::new("piecewise_scale")
            .number("learning_rate", 0.5)
            .counts("boundaries", [4, 9])
            .numbers("scales", [0.25, 0.5])
    );
    // Bisecting [8, 4] meets the 4 first, and takes all before it for smaller.
    assert_eq!(milestones(&[8, 4]), [(4, 2)]);
}

#[test]
fn a_falling_stable_phase_is_a_product() {
    let stable = ("stable_fn", Given::Text("rsqrt".to_owned()));
    let given = [
        ("t_initial", Integer(100)),
        ("decay_t", Integer(20)),
        stable,
        ("stable_timescale", Number(10.0)),
    ];
    let curve = Canonical::new("inverse_sqrt")
        .number("learning_rate", 0.5)
        .number("timescale", 10.0)
        .number("power", 0.5);
    let share = Canonical::new("warmup_stable_decay")
        .number("learning_rate", 1.0)
        .number("end_lr", 0.0)
        .count("stable_steps", 80)
        .count("decay_steps", 20)
        .text("decay_shape", "sqrt")
        .count("warmup_steps", 0);
    assert_eq!(
        schedule("WSDLRScheduler", &given),
        Canonical::new("product").schedules("schedules", [curve.clone(), share.clone()])
    );
    let floored = [&given[..], &[("lr_min", Number(0.125))]].concat();
    let above = Canonical::new("clamp").number("min_lr", 0.0).schedule(
        "schedule",
        Canonical::new("sum").schedules("schedules", [curve, Canonical::constant(-0.125)]),
    );
    assert_eq!(
        schedule("WSDLRScheduler", &floored),
        Canonical::new("sum").schedules(
            "schedules",
            [
                Canonical::new("product").schedules("schedules", [above, share]),
                Canonical::constant(0.125)
            ]
        )
    );
}

#[test]
fn noise_begins_after_a_plateaus_warm_up() {
    let range = ("noise_range_t", Integers(vec![2, 12]));
    let plateau = translation(
        "PlateauLRScheduler",
        &[
            range.clone(),
            ("warmup_t", Integer(5)),
            ("noise_type", Given::Text("uniform".to_owned())),
        ],
        false,
    );
    let noise = |schedule: &Canonical| {
        schedule
            .settings
            .iter()
            .filter_map(|(key, value)| match value {
                Setting::Count(count) => Some((*key, *count)),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let Some((_, Setting::Schedule(inner))) = plateau.schedule.settings.last() else {
        panic!("{:?} has no schedule inside", plateau.schedule);
    };
    assert_eq!(inner.kind, "noise");
    assert_eq!(noise(inner), [("begin", 1), ("end", 7), ("seed", 42)]);
    let step = translation("StepLRScheduler", &[("decay_t", Number(5.0)), range], false);
    assert_eq!(step.remarks.len(), 1);
    assert_eq!(
        noise(&step.schedule),
        [("begin", 2), ("end", 12), ("seed", 42)]
    );
    // A range without steps is none.
    let none = ("noise_range_t", Integers(vec![12, 12]));
    let quiet = schedule("StepLRScheduler", &[("decay_t", Number(5.0)), none]);
    assert_eq!(quiet.kind, "step");
}

/// A scheduler, its arguments, and the one that is refused.
type Refused<'a> = (&'a str, Vec<(&'a str, Given)>, &'a str);

#[test]
fn what_timm_refuses_or_fails_at_is_refused() {
    let t_initial = ("t_initial", Integer(20));
    let refused: [Refused<'_>; 12] = [
        (
            "CosineLRScheduler",
            vec![("t_initial", Integer(0))],
            "t_initial",
        ),
        (
            "CosineLRScheduler",
            vec![t_initial.clone(), ("lr_min", Number(-0.1))],
            "lr_min",
        ),
        (
            "CosineLRScheduler",
            vec![t_initial.clone(), ("cycle_mul", Number(0.0))],
            "cycle_mul",
        ),
        (
            "PolyLRScheduler",
            vec![t_initial.clone(), ("k_decay", Number(-1.0))],
            "k_decay",
        ),
        (
            "TanhLRScheduler",
            vec![t_initial.clone(), ("lb", Number(3.0))],
            "ub",
        ),
        (
            "TanhLRScheduler",
            vec![t_initial.clone(), ("cycle_limit", Integer(-1))],
            "cycle_limit",
        ),
        (
            "TanhLRScheduler",
            vec![t_initial.clone(), ("warmup_lr_init", Number(-1.0))],
            "warmup_lr_init",
        ),
        ("StepLRScheduler", vec![("decay_t", Number(0.0))], "decay_t"),
        (
            "WSDLRScheduler",
            vec![t_initial.clone(), ("decay_t", Integer(21))],
            "decay_t",
        ),
        (
            "WSDLRScheduler",
            vec![
                t_initial,
                ("decay_t", Integer(5)),
                ("stable_fn", Given::Text("rsqrt".to_owned())),
            ],
            "stable_timescale",
        ),
        (
            "PlateauLRScheduler",
            vec![("decay_rate", Number(1.0))],
            "decay_rate",
        ),
        (
            "PlateauLRScheduler",
            vec![("patience_t", Integer(-1))],
            "patience_t",
        ),
    ];
    for (name, given, argument) in refused {
        assert_eq!(refusal(name, &given).argument, argument, "{name} {given:?}");
    }
}
