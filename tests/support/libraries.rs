//! The words of PaddlePaddle and PyTorch, translated into plans of the core.
//!
//! The canonical kinds are strict where the libraries are lenient. What they refuse is translated here, by name:
//!
//! * a plain number as the inner schedule of a Paddle warm-up is a `Constant`
//! * Paddle takes surplus values in `PiecewiseDecay` and uses only the last of them
//! * torch sorts its milestones
//! * torch's `PolynomialLR` always ends at 0
//! * lambda texts are written with `e` for the step; `const c` is `c`, and a decimal number stands for its binary32 value

use hairpin_core::{
    AnyFeedback, ConfigError, Constant, CosineAnnealing, Exponential, Factor, InverseTime, Lambda,
    Mode, MultiStep, NaturalExp, Noam, PiecewiseConstant, Plan, PlateauConfig, PlateauRules,
    Polynomial, ReduceOnPlateau, Step, ThresholdMode,
};
use serde_json::{Map, Value};

use crate::rows::{Row, count, number};

/// The parameters of a library's schedule by their names there.
struct Params<'a>(&'a Map<String, Value>);

impl Params<'_> {
    fn get(&self, name: &str) -> &Value {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no parameter {name} in {:?}", self.0))
    }

    fn f64(&self, name: &str) -> f64 {
        number(self.get(name))
    }

    fn u32(&self, name: &str) -> u32 {
        count(self.get(name))
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).as_str().expect("a text")
    }

    fn list<T>(&self, name: &str, item: impl Fn(&Value) -> T) -> Vec<T> {
        let items = self.get(name).as_array().expect("a list");
        items.iter().map(item).collect()
    }
}

/// The plan that a golden row ran.
pub fn plan(row: &Row) -> Result<Plan, ConfigError> {
    let params = Params(&row.params);
    match row.lib.as_str() {
        "paddle" => paddle(&row.schedule, &params, row.raw),
        "torch" => torch(&row.schedule, &params, row.raw),
        "python" => lambda(&params, "learning_rate", row.raw),
        other => panic!("unknown library {other}"),
    }
}

fn paddle(schedule: &str, params: &Params<'_>, raw: bool) -> Result<Plan, ConfigError> {
    let lr = || params.f64("learning_rate");
    let gamma = || params.f64("gamma");
    Ok(match schedule {
        "NoamDecay" => Noam::new(lr(), params.u32("d_model"), params.u32("warmup_steps"))?.into(),
        "PiecewiseDecay" => {
            let boundaries = params.list("boundaries", count);
            let mut values = params.list("values", number);
            let last = values
                .pop()
                .expect("Paddle refuses an empty list of values");
            values.truncate(boundaries.len());
            values.push(last);
            PiecewiseConstant::<16>::new(&boundaries, &values)?.into()
        }
        "NaturalExpDecay" => NaturalExp::new(lr(), gamma())?.into(),
        "InverseTimeDecay" => InverseTime::new(lr(), gamma())?.into(),
        "PolynomialDecay" => Polynomial::new(
            lr(),
            params.f64("end_lr"),
            params.u32("decay_steps"),
            params.f64("power"),
            params.get("cycle").as_bool().expect("a switch"),
        )?
        .into(),
        "ExponentialDecay" => Exponential::new(lr(), gamma())?.into(),
        "MultiStepDecay" => {
            MultiStep::<32>::new(lr(), &params.list("milestones", count), gamma())?.into()
        }
        "StepDecay" => Step::new(lr(), params.u32("step_size"), gamma())?.into(),
        "LambdaDecay" => lambda(params, "learning_rate", raw)?,
        "CosineAnnealingDecay" => {
            CosineAnnealing::new(lr(), params.f64("eta_min"), params.u32("T_max"))?.into()
        }
        "ReduceOnPlateau" => plateau(params, "epsilon", PlateauRules::PADDLE)?,
        "LinearWarmup" => {
            let inner = params.get("learning_rate").as_object().expect("a schedule");
            let inner = Params(inner);
            let inner_params = Params(inner.get("params").as_object().expect("parameters"));
            let after: Plan = match inner.text("schedule") {
                "float" => Constant::new(inner_params.f64("value"))?.into(),
                schedule => paddle(schedule, &inner_params, raw)?,
            };
            after.after_warmup(
                params.u32("warmup_steps"),
                params.f64("start_lr"),
                params.f64("end_lr"),
            )?
        }
        other => panic!("{other} of Paddle is none of the twelve kinds"),
    })
}

fn torch(schedule: &str, params: &Params<'_>, raw: bool) -> Result<Plan, ConfigError> {
    let lr = || params.f64("lr");
    Ok(match schedule {
        "StepLR" => Step::new(lr(), params.u32("step_size"), params.f64("gamma"))?.into(),
        "MultiStepLR" => {
            let mut milestones = params.list("milestones", count);
            milestones.sort_unstable();
            MultiStep::<32>::new(lr(), &milestones, params.f64("gamma"))?.into()
        }
        "ExponentialLR" => Exponential::new(lr(), params.f64("gamma"))?.into(),
        "LambdaLR" => lambda(params, "lr", raw)?,
        "CosineAnnealingLR" => {
            CosineAnnealing::new(lr(), params.f64("eta_min"), params.u32("T_max"))?.into()
        }
        "PolynomialLR" => {
            let (steps, power) = (params.u32("total_iters"), params.f64("power"));
            Polynomial::new(lr(), 0.0, steps, power, false)?.into()
        }
        "ReduceLROnPlateau" => plateau(params, "eps", PlateauRules::TORCH)?,
        other => panic!("{other} of torch is none of the twelve kinds"),
    })
}

fn plateau(params: &Params<'_>, epsilon: &str, rules: PlateauRules) -> Result<Plan, ConfigError> {
    let schedule = ReduceOnPlateau::new(PlateauConfig {
        learning_rate: params.f64("lr"),
        mode: match params.text("mode") {
            "min" => Mode::Min,
            "max" => Mode::Max,
            other => panic!("unknown mode {other}"),
        },
        factor: params.f64("factor"),
        patience: params.u32("patience"),
        threshold: params.f64("threshold"),
        threshold_mode: match params.text("threshold_mode") {
            "rel" => ThresholdMode::Rel,
            "abs" => ThresholdMode::Abs,
            other => panic!("unknown threshold mode {other}"),
        },
        cooldown: params.u32("cooldown"),
        min_lr: params.f64("min_lr"),
        epsilon: params.f64(epsilon),
        rules,
    })?;
    Ok(AnyFeedback::from(schedule).into())
}

fn lambda(params: &Params<'_>, lr: &str, raw: bool) -> Result<Plan, ConfigError> {
    let text = params.text("lr_lambda");
    let text = if raw {
        text.to_owned()
    } else {
        expression(text)
    };
    Ok(Lambda::new(params.f64(lr), Factor::parse(&text)?)?.into())
}

/// A lambda text of a golden file as a Python lambda.
fn expression(text: &str) -> String {
    let body = text.strip_prefix("const ").unwrap_or(text);
    let mut python = String::from("lambda e: ");
    let mut rest = body;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (literal, after) = rest.split_at(digits.unwrap_or(rest.len()));
        if literal.contains('.') {
            let single: f32 = literal.parse().expect("a decimal number");
            python += &f64::from(single).to_string();
        } else {
            python += literal;
        }
        let other = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (between, next) = after.split_at(other.unwrap_or(after.len()));
        python += between;
        rest = next;
    }
    python
}
