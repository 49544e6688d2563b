//! What the program in C has to print, from the core in Rust.

use std::fmt::Write;

use hairpin_capi::hairpin_observed;
use hairpin_core::{
    Anneal, AnySchedule, Change, Combine, Constant, ConstantFactor, CosineAnnealing, CosineCycles,
    CosineDecay, Cyclic, CyclicMode, Distribution, Edges, Exponential, Factor, Feedback,
    FeedbackState, Geometric, Greedy, GreedyConfig, Interpolation, InverseSqrt, InverseTime,
    KDecay, Lambda, Linear, LinearFactor, MultiStep, Multiplicative, NaturalExp, Noam, Noise,
    OneCycle, Part, Past, PatienceRule, PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale,
    Plan, PlateauConfig, PlateauRules, Polynomial, Recipe, ReduceOnPlateau, Rounding, Schedule,
    Sgd, SgdConfig, SgdState, Shape, Step, Switch, Tanh, ThresholdMode, WarmRestarts,
    WarmupStableDecay,
};

const STEPS: [u32; 22] = [
    0,
    1,
    2,
    5,
    9,
    10,
    11,
    29,
    30,
    31,
    50,
    60,
    89,
    90,
    91,
    99,
    100,
    101,
    1000,
    65_535,
    1_000_000,
    u32::MAX,
];

/// The bits of a number; a NaN is a NaN, whatever its payload.
fn bits_of(value: f32) -> u32 {
    if value.is_nan() {
        0x7fc0_0000
    } else {
        value.to_bits()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn third(step: u32) -> f64 {
    1.0 / (3.0 + f64::from(step))
}

fn pure<K: Into<hairpin_core::AnySchedule>>(kind: K) -> Plan {
    Plan::Schedule(kind.into())
}

fn reacting<K: Into<hairpin_core::AnyFeedback>>(kind: K) -> Plan {
    Plan::Feedback(kind.into())
}

/// Rates and bytes of one schedule.
fn shown(out: &mut String, name: &str, plan: &Plan) {
    write!(out, "rates {name}").unwrap();
    for step in STEPS {
        match plan {
            Plan::Schedule(schedule) => {
                write!(out, " {:08x}", bits_of(schedule.lr(step))).unwrap();
            }
            // HAIRPIN_NEEDS_STATE
            Plan::Feedback(_) => out.push_str(" 48"),
        }
    }
    let mut bytes = [0; 1024];
    match plan.to_bytes(&mut bytes) {
        Ok(length) => writeln!(out, "\nbytes {name} {}", hex(&bytes[..length])).unwrap(),
        // HAIRPIN_FUNCTION
        Err(_) => writeln!(out, "\nbytes {name} 40").unwrap(),
    }
}

fn kinds(out: &mut String) -> Result<(), hairpin_core::ConfigError> {
    let at = [10, 30, 100];
    let scales = [0.5, 3.0, 0.1];
    let text = "lambda epoch: 0.95 ** epoch if epoch < 60 else 1_0.5e-3";
    let functions = "(1 + cos(epoch)) ** 1.5 + exp(-epoch)";
    let piecewise = PiecewiseConstant::<16>::new(&at, &[1.0, 0.5, 0.1, 0.01])?;
    let ended = Exponential::new(0.1, 0.5)?.transition(10, true)?;
    let three = OneCycle::new(0.1, 4e-3, 1e-5, 100)?
        .shape(Interpolation::Linear)
        .edges(Edges::Floored)?;
    let held = WarmupStableDecay::new(0.1, 10, 50, 30)?.ends(0.0, 1e-4)?;
    let restarts = WarmRestarts::new(0.1, 1e-4, 10, 1.5)?;
    for (name, plan) in [
        ("constant", pure(Constant::new(0.1)?)),
        (
            "piecewise_constant",
            pure(piecewise.switching(Switch::After)),
        ),
        ("exponential", pure(Exponential::new(0.1, 0.95)?)),
        ("exponential_to_end", pure(ended.begin(5).end_lr(1e-3)?)),
        ("natural_exp", pure(NaturalExp::new(0.1, 0.01)?)),
        (
            "polynomial",
            pure(Polynomial::new(0.1, 1e-4, 30, 1.7, true)?),
        ),
        ("step", pure(Step::new(0.1, 30, 0.1)?)),
        ("multi_step", pure(MultiStep::<32>::new(0.1, &at, 0.1)?)),
        (
            "inverse_time",
            pure(InverseTime::new(0.1, 0.5)?.transition(10, false)?),
        ),
        ("lambda", pure(Lambda::new(0.5, Factor::parse(text)?)?)),
        (
            "lambda_of_functions",
            pure(Lambda::new(0.5, Factor::parse(functions)?)?),
        ),
        (
            "lambda_function",
            pure(Lambda::new(0.5, Factor::Function(third))?),
        ),
        (
            "cosine_annealing",
            pure(CosineAnnealing::new(0.1, 1e-3, 90)?),
        ),
        ("noam", pure(Noam::new(1.0, 512, 30)?)),
        ("linear", pure(Linear::new(0.1, 0.01, 90)?)),
        ("constant_factor", pure(ConstantFactor::new(0.1, 0.25, 10)?)),
        (
            "linear_factor",
            pure(LinearFactor::new(0.1, 0.25, 1.0, 30)?),
        ),
        ("geometric", pure(Geometric::new(1e-5, 1.0, 90)?)),
        (
            "piecewise_scale",
            pure(PiecewiseScale::<16>::new(0.1, &at, &scales)?),
        ),
        (
            "piecewise_scale_without",
            pure(PiecewiseScale::<16>::new(0.1, &[], &[])?),
        ),
        (
            "piecewise_interpolate",
            pure(PiecewiseInterpolate::<16>::new(
                0.1,
                &at,
                &scales,
                Interpolation::Cosine,
            )?),
        ),
        ("k_decay", pure(KDecay::new(0.1, 1e-4, 90, 1.5, 2.0)?)),
        (
            "cosine_decay",
            pure(CosineDecay::new(0.1, 1e-4, 90)?.exponent(1.5)?.k(0.7)?),
        ),
        (
            "cosine_cycles",
            pure(CosineCycles::new(0.1, 1e-4, 100, 2.5, true)?),
        ),
        ("warm_restarts", pure(restarts.peak_mult(0.8)?)),
        ("inverse_sqrt", pure(InverseSqrt::new(0.1, 30.0)?)),
        ("tanh", pure(Tanh::new(0.1, 1e-4, 90, -6.0, 4.0)?)),
        (
            "anneal",
            pure(Anneal::new(0.1, 1e-4, 90, Shape::Power, Some(2.0))?),
        ),
        (
            "anneal_sqrt",
            pure(Anneal::new(0.1, 1e-4, 90, Shape::Sqrt, None)?),
        ),
        (
            "warmup_stable_decay",
            pure(held.shapes(Shape::Linear, Shape::Cosine, None)?),
        ),
        ("one_cycle", pure(OneCycle::new(0.1, 4e-3, 1e-5, 100)?)),
        ("one_cycle_in_three", pure(three.pct_final(0.8)?)),
        (
            "cyclic",
            pure(Cyclic::new(0.01, 0.1, 20, 30)?.mode(CyclicMode::ExpRange, 0.99)?),
        ),
    ] {
        shown(out, name, &plan);
    }
    Ok(())
}

fn compositions(out: &mut String) -> Result<(), hairpin_core::ConfigError> {
    let cosine = pure(CosineAnnealing::new(0.1, 0.001, 90)?.past(Past::Hold));
    let step = pure(Step::new(1.0, 30, 0.5)?);
    let part = |from, clock, schedule| Part {
        from,
        clock,
        schedule,
    };
    let both = [&cosine, &step];
    let normal = Noise::new(0.67, 1.0, Distribution::Normal, 10, Some(60), 42)?;
    let uniform = Noise::new(0.1, 1.0, Distribution::Uniform, 0, None, 42)?;
    let clamp = Change::Clamp {
        min_lr: f64::NEG_INFINITY,
        max_lr: 0.05,
    };
    let in_place = pure(Constant::new(0.1)?).after_warmup(10, 0.0, 0.1)?;
    for (name, plan) in [
        ("linear_warmup", cosine.clone().after_warmup(10, 0.0, 0.1)?),
        (
            "sequential",
            Plan::sequence(&[part(0, 1, &step), part(50, 50, &cosine)])?,
        ),
        ("product", Plan::combined(Combine::Product, &both)?),
        ("sum", Plan::combined(Combine::Sum, &both)?),
        ("average", Plan::combined(Combine::Average, &both)?),
        ("scale", cosine.clone().changed(Change::Scale(0.3))?),
        ("clamp", cosine.clone().changed(clamp)?),
        ("repeat", cosine.clone().repeated(30)?),
        ("noise", cosine.clone().changed(Change::Noise(normal))?),
        (
            "noise_without_end",
            cosine.clone().changed(Change::Noise(uniform))?,
        ),
        ("in_place", in_place.clone()),
        ("copied", in_place.changed(Change::Scale(0.5))?),
    ] {
        shown(out, name, &plan);
    }
    Ok(())
}

/// What losses lead to.
fn observing(out: &mut String, name: &str, plan: &Plan) {
    let Plan::Feedback(schedule) = plan else {
        unreachable!("{name} has a state")
    };
    let losses = [
        3.0,
        2.0,
        2.5,
        2.5,
        2.5,
        2.5,
        1.0,
        f64::NAN,
        1.0,
        f64::INFINITY,
        1.0,
        0.5,
        0.25,
        0.125,
    ];
    write!(out, "losses {name}").unwrap();
    let mut state: FeedbackState = schedule.start();
    for (step, loss) in (0..).zip(losses) {
        let observed = schedule.observe(&mut state, step, loss);
        let lr = bits_of(schedule.lr(&state, step + 1));
        write!(out, " {}:{lr:08x}", hairpin_observed::from(observed) as i32).unwrap();
    }
    writeln!(out, "\nstate {name} {}", hex(&state.to_bytes())).unwrap();
}

fn feedback(out: &mut String) -> Result<(), hairpin_core::ConfigError> {
    let plateau = reacting(ReduceOnPlateau::new(PlateauConfig::new(0.1))?);
    shown(out, "reduce_on_plateau_defaults", &plateau);
    shown(
        out,
        "greedy_defaults",
        &reacting(Greedy::<50>::new(GreedyConfig::new(0.1))?),
    );
    let plateau = reacting(ReduceOnPlateau::new(PlateauConfig {
        factor: 0.5,
        patience: 1,
        cooldown: 1,
        rules: PlateauRules {
            patience_rule: PatienceRule::GreaterEqual,
            ..PlateauRules::TORCH
        },
        ..PlateauConfig::new(0.1)
    })?);
    let greedy = reacting(Greedy::<50>::new(GreedyConfig {
        patience: 0,
        smooth: true,
        window_size: 3,
        threshold_mode: ThresholdMode::Rel,
        ..GreedyConfig::new(0.1)
    })?);
    let factor = Factor::parse("0.5 if epoch % 2 else 1")?;
    let walked = reacting(Multiplicative::new(0.8, factor)?);
    let function = Multiplicative::new(0.8, Factor::Function(third))?;
    for (name, plan) in [
        ("reduce_on_plateau", plateau.clone()),
        ("greedy", greedy),
        ("multiplicative", walked.changed(Change::Scale(0.5))?),
        ("multiplicative_function", reacting(function)),
        ("plateau_after_warmup", plateau.after_warmup(3, 0.0, 0.1)?),
    ] {
        shown(out, name, &plan);
        observing(out, name, &plan);
    }
    Ok(())
}

fn updates(
    out: &mut String,
    name: &str,
    config: SgdConfig,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut params = [1.0_f32, -2.0, 1e-40, -3.4e38, 0.0, f32::INFINITY, 0.1];
    let grads = [0.5_f32, 1e-45, 1e-38, -3.4e38, -0.0, 1.0, f32::NAN];
    let mut velocity = [9.0_f32; 7];
    let group = Sgd::new(config)?.group(0.3, 0.01)?;
    let mut state = SgdState::default();
    for step in 0..5_u8 {
        let sgd = match step {
            2 if group.needs_velocity() => group.at_momentum(0.85)?,
            _ => group,
        };
        let velocity: &mut [f32] = if group.needs_velocity() {
            &mut velocity
        } else {
            &mut []
        };
        let lr = 0.1_f32 / f32::from(step + 1);
        sgd.step(&mut state, lr, &mut params, &grads, velocity)?;
    }
    write!(out, "updates {name}").unwrap();
    for (p, v) in params.into_iter().zip(velocity) {
        write!(out, " {:08x}:{:08x}", bits_of(p), bits_of(v)).unwrap();
    }
    writeln!(out, "\nbytes {name} {}", hex(&group.to_bytes()))?;
    Ok(())
}

fn sgd(out: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let plain = SgdConfig::default();
    updates(out, "plain", plain)?;
    let plain_fused = SgdConfig {
        rounding: Rounding::Fused,
        ..plain
    };
    updates(out, "plain_fused", plain_fused)?;
    let momentum_fused = SgdConfig {
        momentum: 0.9,
        dampening: 0.1,
        gradient_scale: 0.5,
        ..plain_fused
    };
    updates(out, "momentum_fused", momentum_fused)?;
    let momentum = SgdConfig {
        rounding: Rounding::Separate,
        ..momentum_fused
    };
    updates(out, "momentum", momentum)?;
    let nesterov = SgdConfig {
        dampening: 0.0,
        nesterov: true,
        weight_decay: 1e-4,
        ..momentum
    };
    updates(out, "nesterov", nesterov)
}

/// What is exported: a schedule, its momentum in the opposite direction, the update; in a page with something behind it.
fn recipe() -> Recipe<12> {
    let lr = AnySchedule::from(Linear::new(0.5, 0.0, 70).unwrap());
    let momentum = AnySchedule::from(Linear::new(0.85, 0.95, 70).unwrap());
    let sgd = Sgd::new(SgdConfig {
        momentum: 0.95,
        ..SgdConfig::default()
    });
    let lr = lr.after_warmup(30, 0.02, 0.5).unwrap();
    let momentum = momentum.after_warmup(30, 0.95, 0.85).unwrap();
    Recipe::new(lr, sgd.unwrap(), Some(momentum)).unwrap()
}

fn exported(out: &mut String) {
    let recipe = recipe();
    shown(out, "recipe", recipe.schedule());
    let momentum = Plan::Schedule(recipe.momentum().unwrap().clone());
    shown(out, "recipe_momentum", &momentum);
    writeln!(out, "bytes recipe_sgd {}", hex(&recipe.sgd().to_bytes())).unwrap();
}

/// The lines of rates, updates and records.
pub(crate) fn lines() -> String {
    let mut out = String::new();
    kinds(&mut out).unwrap();
    compositions(&mut out).unwrap();
    feedback(&mut out).unwrap();
    sgd(&mut out).unwrap();
    exported(&mut out);
    out
}

/// What `minimal.c` prints.
pub(crate) fn minimal() -> String {
    let schedule = CosineAnnealing::new(0.1, 0.001, 90)
        .map(|cosine| pure(cosine.past(Past::Hold)))
        .and_then(|cosine| cosine.after_warmup(10, 0.0, 0.1));
    let Ok(Plan::Schedule(schedule)) = schedule else {
        unreachable!("a schedule without a state")
    };
    let sgd = Sgd::new(SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    });
    let sgd = sgd.unwrap();
    let mut state = SgdState::default();
    let (mut params, mut velocity) = ([1.0_f32, -2.0, 0.5], [0.0; 3]);
    let mut out = String::from("rates");
    for step in 0..100 {
        let (grads, lr) = (params, schedule.lr(step));
        sgd.step(&mut state, lr, &mut params, &grads, &mut velocity)
            .unwrap();
        write!(out, " {:08x}", bits_of(lr)).unwrap();
    }
    out.push_str("\nparams");
    for param in params {
        write!(out, " {:08x}", bits_of(param)).unwrap();
    }
    out.push('\n');
    out
}

/// The checksum at the end of a record, as the layout says: CRC-32 (IEEE).
fn sealed(mut record: Vec<u8>) -> Vec<u8> {
    let fields = record.len() - 4;
    let crc = record[..fields].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    record[fields..].copy_from_slice(&(!crc).to_le_bytes());
    record
}

/// A source in C with records that the program cannot make: of a newer version, of more pieces than fit, of a rate that is NaN.
pub(crate) fn records() -> String {
    let mut source = String::from("#include \"output.h\"\n");
    let constant = || pure(Constant::new(0.1).unwrap());
    let bytes = |plan: &Plan| {
        let mut bytes = vec![0; plan.bytes_len().unwrap()];
        plan.to_bytes(&mut bytes).unwrap();
        bytes
    };
    let mut newer = bytes(&constant());
    newer[4] += 1;
    let parts = [constant(), constant(), constant(), constant()];
    let longer = Plan::combined(Combine::Sum, &parts.each_ref()).unwrap();
    let mut impossible = bytes(&constant());
    let rate = impossible.len() - 12;
    impossible[rate..rate + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    let mut page = vec![0xff; 512];
    recipe().to_bytes(&mut page).unwrap();
    for (name, record) in [
        ("newer", sealed(newer)),
        ("longer", bytes(&longer)),
        ("impossible", sealed(impossible)),
        ("recipe", page),
    ] {
        let length = record.len();
        let list: Vec<String> = record.iter().map(u8::to_string).collect();
        let list = list.join(",");
        writeln!(source, "const uint8_t {name}_record[] = {{{list}}};").unwrap();
        writeln!(source, "const size_t {name}_record_length = {length};").unwrap();
    }
    source
}
