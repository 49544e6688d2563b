//! The update against trajectories of the real `torch.optim.SGD`, bit by bit.
//!
//! `tests/golden/README.md` says how the file was printed and what it leaves out. Both roundings are compared, and in the fused
//! one both a software fma and the processor's.

use hairpin_core::{
    CosineAnnealing, Exponential, Fma, LibmFma, Rounding, Schedule, Sgd, SgdConfig, SgdState, Step,
};
use serde_json::Value;

const FILE: &str = include_str!("golden/sgd_torch.jsonl");

/// The processor's own, or the standard library's: correctly rounded either way.
struct StdFma;

impl Fma for StdFma {
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// Floats as they are written in the file: 8 hex digits each.
fn floats(value: &Value) -> Vec<f32> {
    let text = value.as_str().expect("hex digits");
    text.as_bytes()
        .chunks(8)
        .map(|digits| {
            let digits = std::str::from_utf8(digits).expect("ASCII");
            f32::from_bits(u32::from_str_radix(digits, 16).expect("hex digits"))
        })
        .collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Bits with every NaN the same: its payload is not promised.
fn bits(values: &[f32]) -> Vec<u32> {
    let canonical = |x: &f32| if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
    values.iter().map(canonical).collect()
}

/// The core's schedule for the torch scheduler that drove a run.
fn schedule(scheduler: &Value) -> Box<dyn Schedule> {
    let (name, with) = (scheduler[0].as_str().expect("a name"), &scheduler[1]);
    let lr = number(&scheduler[2]);
    let steps = |name: &str| {
        with[name]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .expect(name)
    };
    match name {
        "StepLR" => Box::new(Step::new(lr, steps("step_size"), number(&with["gamma"])).unwrap()),
        "ExponentialLR" => Box::new(Exponential::new(lr, number(&with["gamma"])).unwrap()),
        "CosineAnnealingLR" => {
            Box::new(CosineAnnealing::new(lr, number(&with["eta_min"]), steps("T_max")).unwrap())
        }
        other => panic!("unknown scheduler {other}"),
    }
}

/// Runs a case with the core and compares what the file keeps; gives how many numbers were compared.
fn run<F: Fma>(
    case: &Value,
    inputs: &Value,
    kept: &[usize],
    rounding: Rounding,
    mode: &str,
) -> usize {
    let name = &case["case"];
    let config = &case["config"];
    let sgd = Sgd::new(SgdConfig {
        momentum: number(&config["momentum"]),
        dampening: number(&config["dampening"]),
        nesterov: config["nesterov"].as_bool().expect("a switch"),
        rounding,
        ..SgdConfig::default()
    })
    .unwrap();
    let mut params: Vec<Vec<f32>> = array(&inputs["params"]).iter().map(floats).collect();
    let mut velocity: Vec<Vec<f32>> = match sgd.needs_velocity() {
        true => params.iter().map(|p| vec![0.0; p.len()]).collect(),
        false => vec![Vec::new(); params.len()],
    };
    let mut states = vec![SgdState::default(); params.len()];
    let expected = &case["results"][mode];
    let mut snapshots = array(&expected["params"]).iter();
    let mut compared = 0;
    let mut compare = |what: &str, ours: &[Vec<f32>], theirs: &Value| {
        for (ours, theirs) in ours.iter().zip(array(theirs)) {
            let theirs = floats(theirs);
            assert_eq!(
                bits(ours),
                bits(&theirs),
                "{name} {mode}: {what}, tensor of {}",
                ours.len()
            );
            compared += ours.len();
        }
    };
    let momenta = case["momentum"]
        .is_string()
        .then(|| floats(&case["momentum"]));
    for (step, &lr) in floats(&case["lr"]).iter().enumerate() {
        let sgd = match &momenta {
            Some(momenta) => sgd.at_momentum(momenta[step]).unwrap(),
            None => sgd,
        };
        for group in array(&case["groups"]) {
            let sgd = sgd
                .group(
                    number(&group["lr_multiplier"]),
                    number(&group["weight_decay"]),
                )
                .unwrap();
            for tensor in array(&group["tensors"]) {
                let k = tensor.as_u64().expect("an index") as usize;
                let grad = &inputs["grads"][step][k];
                if grad.is_null() {
                    continue;
                }
                sgd.step_with::<F>(
                    &mut states[k],
                    lr,
                    &mut params[k],
                    &floats(grad),
                    &mut velocity[k],
                )
                .unwrap();
            }
        }
        if kept.contains(&step) {
            compare(
                &format!("step {step}"),
                &params,
                snapshots.next().expect("a kept step"),
            );
        }
    }
    assert!(
        snapshots.next().is_none(),
        "{name}: every kept step was compared"
    );
    compare("velocity", &velocity, &expected["velocity"]);
    compared
}

#[test]
fn trajectories_equal_torch_bit_by_bit() {
    let lines: Vec<Value> = FILE
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let header = &lines[0]["header"];
    let kept: Vec<usize> = array(&header["kept_steps"])
        .iter()
        .map(|step| step.as_u64().expect("a step") as usize)
        .collect();
    let inputs = |name: &Value| {
        lines
            .iter()
            .find(|line| &line["inputs"] == name && line["case"].is_null())
    };
    let (mut cases, mut compared) = (0, 0);
    for case in lines.iter().filter(|line| line["case"].is_string()) {
        let inputs = inputs(&case["inputs"]).expect("the inputs of the case");
        compared += run::<LibmFma>(case, inputs, &kept, Rounding::Separate, "separate");
        compared += run::<LibmFma>(case, inputs, &kept, Rounding::Fused, "fused");
        compared += run::<StdFma>(case, inputs, &kept, Rounding::Fused, "fused");
        cases += 1;
    }
    println!(
        "torch {}: {cases} cases, {compared} numbers equal",
        header["torch"]
    );
    assert_eq!(cases, 35, "every case of the file ran");
}

/// A torch scheduler drove these runs: the core's schedule gives the same rates, so that the whole loop is the same.
#[test]
fn scheduled_rates_equal_torch_bit_by_bit() {
    let mut driven = 0;
    for line in FILE.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if case["scheduler"].is_array() {
            let schedule = schedule(&case["scheduler"]);
            let theirs = floats(&case["lr"]);
            let ours: Vec<f32> = (0..)
                .map(|step| schedule.lr(step))
                .take(theirs.len())
                .collect();
            assert_eq!(bits(&ours), bits(&theirs), "{}", case["case"]);
            driven += 1;
        }
    }
    assert_eq!(driven, 3, "every scheduled case was compared");
}

/// torch has no gradient scale; scaling is one rounded product before anything else, in both modes.
#[test]
fn a_scaled_gradient_is_the_rounded_product() {
    let grads: Vec<f32> = (0..257)
        .map(|i| (i as f32 - 128.0) * 1.1 + 0.3)
        .chain([
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            f32::MAX,
            f32::MIN_POSITIVE,
            1e-45,
            -0.0,
            0.0,
        ])
        .collect();
    for scale in [1.0, 1.0 / 3.0, 1.0 / 1024.0, -2.0, 0.0, 1e-30, 3e38] {
        let scaled: Vec<f32> = grads.iter().map(|g| (scale as f32) * g).collect();
        for rounding in [Rounding::Separate, Rounding::Fused] {
            let plain = SgdConfig {
                momentum: 0.9,
                weight_decay: 0.01,
                rounding,
                ..SgdConfig::default()
            };
            let update = Sgd::new(SgdConfig {
                gradient_scale: scale,
                ..plain
            })
            .unwrap();
            let plain = Sgd::new(plain).unwrap();
            let start: Vec<f32> = grads
                .iter()
                .map(|g| if g.is_finite() { 0.7 * g + 1.0 } else { 1.0 })
                .collect();
            let (mut ours, mut theirs) = (start.clone(), start);
            let (mut our_velocity, mut their_velocity) =
                (vec![0.0; ours.len()], vec![0.0; ours.len()]);
            let (mut our_state, mut their_state) = (SgdState::default(), SgdState::default());
            for step in 0..4 {
                let lr = 0.1 / (step as f32 + 1.0);
                update
                    .step(&mut our_state, lr, &mut ours, &grads, &mut our_velocity)
                    .unwrap();
                plain
                    .step(
                        &mut their_state,
                        lr,
                        &mut theirs,
                        &scaled,
                        &mut their_velocity,
                    )
                    .unwrap();
            }
            assert_eq!(bits(&ours), bits(&theirs), "scale {scale} {rounding:?}");
            assert_eq!(
                bits(&our_velocity),
                bits(&their_velocity),
                "scale {scale} {rounding:?}"
            );
        }
    }
}
