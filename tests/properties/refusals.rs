//! What the constructors refuse, with which error, and that they accept everything else.

use hairpin_core::{
    ConfigError, Constant, ConstantFactor, CosineAnnealing, Exponential, Factor, Geometric,
    InverseSqrt, InverseTime, Lambda, Linear, LinearFactor, LinearWarmup, MultiStep, NaturalExp,
    Noam, PiecewiseConstant, PiecewiseScale, PlateauConfig, Polynomial, ReduceOnPlateau, Schedule,
    Sgd, SgdConfig, Step,
};

fn constant() -> Constant {
    Constant::new(1.0).unwrap()
}

/// Builds with one number replaced; gives what the constructor said.
type Build = fn(f64) -> Result<(), ConfigError>;

/// Every number of every kind, by the field that the error must name.
const NUMBERS: [(&str, &str, Build); 46] = [
    ("constant", "learning_rate", |x| Constant::new(x).map(drop)),
    ("piecewise_constant", "values", |x| {
        PiecewiseConstant::<16>::new(&[1, 2], &[x, 1.0, 1.0]).map(drop)
    }),
    ("piecewise_constant", "values", |x| {
        PiecewiseConstant::<16>::new(&[1, 2], &[1.0, 1.0, x]).map(drop)
    }),
    ("exponential", "learning_rate", |x| {
        Exponential::new(x, 0.9).map(drop)
    }),
    ("exponential", "gamma", |x| {
        Exponential::new(1.0, x).map(drop)
    }),
    ("exponential", "end_lr", |x| {
        Exponential::new(1.0, 0.9)?.end_lr(x).map(drop)
    }),
    ("constant_factor", "learning_rate", |x| {
        ConstantFactor::new(x, 0.5, 9).map(drop)
    }),
    ("constant_factor", "factor", |x| {
        ConstantFactor::new(1.0, x, 9).map(drop)
    }),
    ("linear", "start_lr", |x| Linear::new(x, 1.0, 9).map(drop)),
    ("linear", "end_lr", |x| Linear::new(0.0, x, 9).map(drop)),
    ("linear_factor", "learning_rate", |x| {
        LinearFactor::new(x, 0.0, 1.0, 9).map(drop)
    }),
    ("linear_factor", "start_factor", |x| {
        LinearFactor::new(1.0, x, 1.0, 9).map(drop)
    }),
    ("linear_factor", "end_factor", |x| {
        LinearFactor::new(1.0, 0.0, x, 9).map(drop)
    }),
    ("geometric", "start_lr", |x| {
        Geometric::new(x, 1f64.copysign(x), 9).map(drop)
    }),
    ("geometric", "end_lr", |x| {
        Geometric::new(1f64.copysign(x), x, 9).map(drop)
    }),
    ("piecewise_scale", "learning_rate", |x| {
        PiecewiseScale::<16>::new(x, &[1, 2], &[0.5, 0.5]).map(drop)
    }),
    ("piecewise_scale", "scales", |x| {
        PiecewiseScale::<16>::new(1.0, &[1, 2], &[x, 0.5]).map(drop)
    }),
    ("piecewise_scale", "scales", |x| {
        PiecewiseScale::<16>::new(1.0, &[1, 2], &[0.5, x]).map(drop)
    }),
    ("inverse_sqrt", "learning_rate", |x| {
        InverseSqrt::new(x, 9.0).map(drop)
    }),
    ("inverse_sqrt", "timescale", |x| {
        InverseSqrt::new(1.0, x).map(drop)
    }),
    ("inverse_sqrt", "power", |x| {
        InverseSqrt::new(1.0, 9.0)?.power(x).map(drop)
    }),
    ("exponential", "end_lr", |x| {
        Exponential::new(1.0, 2.0)?.begin(3).end_lr(x).map(drop)
    }),
    ("natural_exp", "learning_rate", |x| {
        NaturalExp::new(x, 0.9).map(drop)
    }),
    ("natural_exp", "gamma", |x| {
        NaturalExp::new(1.0, x).map(drop)
    }),
    ("inverse_time", "learning_rate", |x| {
        InverseTime::new(x, 0.9).map(drop)
    }),
    ("inverse_time", "gamma", |x| {
        InverseTime::new(1.0, x).map(drop)
    }),
    ("polynomial", "learning_rate", |x| {
        Polynomial::new(x, 0.0, 9, 1.0, false).map(drop)
    }),
    ("polynomial", "end_lr", |x| {
        Polynomial::new(1.0, x, 9, 1.0, false).map(drop)
    }),
    ("polynomial", "power", |x| {
        Polynomial::new(1.0, 0.0, 9, x, true).map(drop)
    }),
    ("step", "learning_rate", |x| Step::new(x, 9, 0.5).map(drop)),
    ("step", "gamma", |x| Step::new(1.0, 9, x).map(drop)),
    ("multi_step", "learning_rate", |x| {
        MultiStep::<32>::new(x, &[9], 0.5).map(drop)
    }),
    ("multi_step", "gamma", |x| {
        MultiStep::<32>::new(1.0, &[9], x).map(drop)
    }),
    ("lambda", "learning_rate", |x| {
        Lambda::new(x, Factor::Function(f64::from)).map(drop)
    }),
    ("cosine_annealing", "learning_rate", |x| {
        CosineAnnealing::new(x, 0.0, 9).map(drop)
    }),
    ("cosine_annealing", "eta_min", |x| {
        CosineAnnealing::new(1.0, x, 9).map(drop)
    }),
    ("noam", "learning_rate", |x| Noam::new(x, 64, 9).map(drop)),
    ("linear_warmup", "start_lr", |x| {
        LinearWarmup::new(9, x, 1.0, constant()).map(drop)
    }),
    ("linear_warmup", "end_lr", |x| {
        LinearWarmup::new(9, 0.0, x, constant()).map(drop)
    }),
    ("reduce_on_plateau", "learning_rate", |x| {
        ReduceOnPlateau::new(PlateauConfig::new(x)).map(drop)
    }),
    ("reduce_on_plateau", "factor", |factor| {
        plateau(PlateauConfig {
            factor,
            ..PlateauConfig::new(1.0)
        })
    }),
    ("reduce_on_plateau", "threshold", |threshold| {
        plateau(PlateauConfig {
            threshold,
            ..PlateauConfig::new(1.0)
        })
    }),
    ("reduce_on_plateau", "min_lr", |min_lr| {
        plateau(PlateauConfig {
            min_lr,
            ..PlateauConfig::new(1.0)
        })
    }),
    ("reduce_on_plateau", "epsilon", |epsilon| {
        plateau(PlateauConfig {
            epsilon,
            ..PlateauConfig::new(1.0)
        })
    }),
    ("sgd", "momentum", |momentum| {
        Sgd::new(SgdConfig {
            momentum,
            ..SgdConfig::default()
        })
        .map(drop)
    }),
    ("sgd", "weight_decay", |weight_decay| {
        Sgd::new(SgdConfig {
            weight_decay,
            ..SgdConfig::default()
        })
        .map(drop)
    }),
];

fn plateau(config: PlateauConfig) -> Result<(), ConfigError> {
    ReduceOnPlateau::new(config).map(drop)
}

#[test]
fn nan_and_infinities_are_refused_by_field() {
    for (kind, field, build) in NUMBERS {
        assert_eq!(build(0.5), Ok(()), "{kind}.{field}");
        for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            match build(bad) {
                Err(ConfigError::NotFinite {
                    field: named,
                    value,
                }) => {
                    assert_eq!(named, field, "{kind} named another field");
                    assert_eq!(
                        value.to_bits(),
                        bad.to_bits(),
                        "{kind}.{field}: the error holds the value"
                    );
                }
                other => panic!("{kind}.{field} = {bad}: {other:?}"),
            }
        }
    }
}

#[test]
fn zero_lengths_are_refused_by_field() {
    let all = [
        (
            "decay_steps",
            Polynomial::new(1.0, 0.0, 0, 1.0, false).map(drop),
        ),
        (
            "decay_steps",
            Polynomial::new(1.0, 0.0, 0, 1.0, true).map(drop),
        ),
        ("step_size", Step::new(1.0, 0, 0.5).map(drop)),
        ("total_steps", ConstantFactor::new(1.0, 0.5, 0).map(drop)),
        ("total_steps", Linear::new(0.0, 1.0, 0).map(drop)),
        ("total_steps", LinearFactor::new(1.0, 0.0, 1.0, 0).map(drop)),
        ("total_steps", Geometric::new(1.0, 2.0, 0).map(drop)),
        (
            "decay_steps",
            Exponential::new(1.0, 0.5)
                .and_then(|schedule| schedule.transition(0, true))
                .map(drop),
        ),
        (
            "decay_steps",
            InverseTime::new(1.0, 0.5)
                .and_then(|schedule| schedule.transition(0, false))
                .map(drop),
        ),
        ("t_max", CosineAnnealing::new(1.0, 0.0, 0).map(drop)),
        ("warmup_steps", Noam::new(1.0, 64, 0).map(drop)),
        (
            "warmup_steps",
            LinearWarmup::new(0, 0.0, 1.0, constant()).map(drop),
        ),
    ];
    for (field, result) in all {
        assert_eq!(result, Err(ConfigError::ZeroLength { field }));
    }
    // The width of a model is no length in steps.
    let width = Noam::new(1.0, 0, 9).unwrap_err();
    assert!(
        matches!(
            width,
            ConfigError::OutOfRange {
                field: "d_model",
                value: 0.0,
                ..
            }
        ),
        "{width:?}"
    );
}

#[test]
fn numbers_out_of_range_are_refused_by_field() {
    for power in [0.0, -0.0, -1.0, -1e-300] {
        let error = Polynomial::new(1.0, 0.0, 9, power, false).unwrap_err();
        assert!(
            matches!(error, ConfigError::OutOfRange { field: "power", value, .. } if value == power),
            "{error:?}"
        );
    }
    for timescale in [0.0, -0.0, -1.0, -5e-324] {
        let error = InverseSqrt::new(1.0, timescale).unwrap_err();
        assert!(
            matches!(error, ConfigError::OutOfRange { field: "timescale", value, .. } if value == timescale),
            "{error:?}"
        );
    }
    for zero in [0.0, -0.0] {
        for (field, result) in [
            ("start_lr", Geometric::new(zero, 1.0, 9)),
            ("end_lr", Geometric::new(1.0, zero, 9)),
        ] {
            let error = result.unwrap_err();
            assert!(
                matches!(error, ConfigError::OutOfRange { value: 0.0, .. }),
                "{error:?}"
            );
            assert_eq!(error.field(), field);
        }
    }
    for (from, to) in [(1.0, -1.0), (-1e-300, 1e-300)] {
        let error = Geometric::new(from, to, 9).unwrap_err();
        assert!(
            matches!(
                error,
                ConfigError::Conflict {
                    field: "end_lr",
                    ..
                }
            ),
            "{error:?}"
        );
    }
    // A negative factor has whole powers only.
    for gamma in [-0.5, -1e-300] {
        let schedule = Exponential::new(1.0, gamma).unwrap();
        for (steps, staircase, accepted) in [
            (1, false, true),
            (1, true, true),
            (2, true, true),
            (2, false, false),
        ] {
            match schedule.transition(steps, staircase) {
                Ok(_) => assert!(accepted, "{gamma} {steps} {staircase}"),
                Err(error) => assert!(
                    !accepted
                        && matches!(error, ConfigError::OutOfRange { field: "gamma", value, .. } if value == gamma),
                    "{gamma} {steps} {staircase}: {error:?}"
                ),
            }
        }
    }
    for factor in [-0.1, 1.0, 1.5, -1e-300] {
        let error = plateau(PlateauConfig {
            factor,
            ..PlateauConfig::new(1.0)
        })
        .unwrap_err();
        assert!(
            matches!(error, ConfigError::OutOfRange { field: "factor", value, .. } if value == factor),
            "{error:?}"
        );
    }
}

#[test]
fn lists_are_refused_by_field_and_index() {
    let piecewise = |boundaries: &[u32], values: usize| {
        PiecewiseConstant::<16>::new(boundaries, &vec![1.0; values]).map(drop)
    };
    let multi = |milestones: &[u32]| MultiStep::<32>::new(1.0, milestones, 0.5).map(drop);
    let scaled = |boundaries: &[u32], scales: usize| {
        PiecewiseScale::<16>::new(1.0, boundaries, &vec![1.0; scales]).map(drop)
    };
    for (steps, index) in [
        ([1, 1, 2], 1),
        ([2, 1, 3], 1),
        ([1, 3, 3], 2),
        ([0, 9, 8], 2),
    ] {
        assert_eq!(
            piecewise(&steps, 4),
            Err(ConfigError::NotIncreasing {
                field: "boundaries",
                index
            })
        );
        assert_eq!(
            scaled(&steps, 3),
            Err(ConfigError::NotIncreasing {
                field: "boundaries",
                index
            })
        );
        assert_eq!(
            multi(&steps),
            Err(ConfigError::NotIncreasing {
                field: "milestones",
                index
            })
        );
    }
    for found in [0, 1, 2, 4, 17, 18] {
        assert_eq!(
            piecewise(&[1, 2], found),
            Err(ConfigError::WrongCount {
                field: "values",
                expected: 3,
                found
            })
        );
    }
    for found in [0, 1, 3, 16, 17] {
        assert_eq!(
            scaled(&[1, 2], found),
            Err(ConfigError::WrongCount {
                field: "scales",
                expected: 2,
                found
            })
        );
    }
    for count in [0, 1] {
        let error = piecewise(&[], count).unwrap_err();
        assert!(
            matches!(
                error,
                ConfigError::Conflict {
                    field: "boundaries",
                    ..
                }
            ),
            "{error:?}"
        );
    }
    let many: Vec<u32> = (0..33).collect();
    assert_eq!(piecewise(&many[..16], 17), Ok(()));
    assert_eq!(
        piecewise(&many[..17], 18),
        Err(ConfigError::OverCapacity {
            field: "boundaries",
            capacity: 16,
            found: 17
        })
    );
    assert_eq!([scaled(&[], 0), scaled(&many[..16], 16)], [Ok(()), Ok(())]);
    assert_eq!(
        scaled(&many[..17], 17),
        Err(ConfigError::OverCapacity {
            field: "boundaries",
            capacity: 16,
            found: 17
        })
    );
    assert_eq!(multi(&many[..32]), Ok(()));
    assert_eq!(
        multi(&many),
        Err(ConfigError::OverCapacity {
            field: "milestones",
            capacity: 32,
            found: 33
        })
    );
    assert_eq!(
        MultiStep::<2>::new(1.0, &[1, 2, 3], 0.5).map(drop),
        Err(ConfigError::OverCapacity {
            field: "milestones",
            capacity: 2,
            found: 3
        }),
        "the capacity is the type's"
    );
}

#[test]
fn a_bad_expression_is_an_error_of_the_factor() {
    for text in [
        "",
        "0.95 **",
        "nothing",
        "lambda epoch 0.95",
        "(1",
        "1)",
        "f(step)",
    ] {
        let error = Factor::parse(text).unwrap_err();
        assert!(
            matches!(error, ConfigError::Expression(_)),
            "{text:?}: {error:?}"
        );
        assert_eq!(error.field(), "factor");
        assert!(
            core::error::Error::source(&error).is_some(),
            "{text:?}: the cause is kept"
        );
    }
}

/// Every message names the field and, where there is one, the value: it is all that a user of a chip sees.
#[test]
fn messages_name_the_field_and_the_value() {
    let long: Vec<u32> = (0..40).collect();
    for (error, parts) in [
        (
            Constant::new(f64::NAN).unwrap_err(),
            ["learning_rate", "NaN"],
        ),
        (
            Polynomial::new(1.0, 0.0, 9, -2.5, false).unwrap_err(),
            ["power", "-2.5"],
        ),
        (
            Step::new(1.0, 0, 0.5).unwrap_err(),
            ["step_size", "constant"],
        ),
        (
            MultiStep::<32>::new(1.0, &[3, 2], 0.5).unwrap_err(),
            ["milestones[1]", "increase"],
        ),
        (
            MultiStep::<32>::new(1.0, &long, 0.5).unwrap_err(),
            ["milestones", "40"],
        ),
        (
            PiecewiseConstant::<16>::new(&[3], &[1.0]).unwrap_err(),
            ["values", "2"],
        ),
        (
            PiecewiseConstant::<16>::new(&[], &[1.0]).unwrap_err(),
            ["boundaries", "constant"],
        ),
    ] {
        let message = error.to_string();
        for part in parts {
            assert!(message.contains(part), "{message:?} says nothing of {part}");
        }
    }
}

/// Signs and sizes are free where the formula is finite.
#[test]
fn everything_else_is_accepted() {
    for x in [0.0, -0.0, 1.0, -1.0, 1.5, -3.0, 5e-324, -f64::MAX, f64::MAX] {
        for (kind, field, build) in NUMBERS {
            let bounded = matches!(
                (kind, field),
                ("polynomial", "power")
                    | ("reduce_on_plateau", "factor")
                    | ("sgd", "momentum" | "weight_decay")
                    | ("inverse_sqrt", "timescale")
                    | ("geometric", _)
            );
            assert!(bounded || build(x) == Ok(()), "{kind}.{field} = {x:e}");
        }
    }
    let rising = CosineAnnealing::new(0.1, 0.5, 10).unwrap();
    assert_eq!(rising.lr(10), 0.5);
    let falling = LinearWarmup::new(10, 0.5, 0.1, constant()).unwrap();
    assert_eq!(falling.lr(0), 0.5);
    let never = MultiStep::<32>::new(0.5, &[], 0.1).unwrap();
    assert_eq!([never.lr(0), never.lr(u32::MAX)], [0.5, 0.5]);
    let at_zero = PiecewiseConstant::<16>::new(&[0, u32::MAX], &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(
        [0, u32::MAX - 1, u32::MAX].map(|t| at_zero.lr(t)),
        [2.0, 2.0, 3.0]
    );
}
