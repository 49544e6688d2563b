//! Who calls a kind what: calls of other libraries' schedulers, translated.

use super::PagesError;
use super::shown::read;
use crate::dialect::{Canonical, Setting};

/// Calls as a user of each library writes them, at least one for each of its schedulers; the arguments that make another kind
/// of it have a call of their own.
const CALLS: &[&str] = &[
    r#"kind = "paddle.NoamDecay", d_model = 512, warmup_steps = 4000"#,
    r#"kind = "paddle.PiecewiseDecay", boundaries = [100, 200], values = [1.0, 0.5, 0.1]"#,
    r#"kind = "paddle.NaturalExpDecay", learning_rate = 0.5, gamma = 0.1"#,
    r#"kind = "paddle.InverseTimeDecay", learning_rate = 0.5, gamma = 0.1"#,
    r#"kind = "paddle.PolynomialDecay", learning_rate = 0.1, decay_steps = 100, power = 2.0"#,
    r#"kind = "paddle.LinearWarmup", learning_rate = 0.1, warmup_steps = 20, start_lr = 0.0, end_lr = 0.1"#,
    r#"kind = "paddle.ExponentialDecay", learning_rate = 0.5, gamma = 0.9"#,
    r#"kind = "paddle.MultiStepDecay", learning_rate = 0.5, milestones = [30, 50], gamma = 0.1"#,
    r#"kind = "paddle.StepDecay", learning_rate = 0.5, step_size = 30, gamma = 0.1"#,
    r#"kind = "paddle.LambdaDecay", learning_rate = 0.5, lr_lambda = "lambda epoch: 0.95 ** epoch""#,
    r#"kind = "paddle.ReduceOnPlateau", learning_rate = 0.1, factor = 0.5, patience = 5"#,
    r#"kind = "paddle.CosineAnnealingDecay", learning_rate = 0.1, T_max = 100"#,
    r#"kind = "paddle.MultiplicativeDecay", learning_rate = 0.5, lr_lambda = "lambda epoch: 0.95""#,
    r#"kind = "paddle.OneCycleLR", max_learning_rate = 0.1, total_steps = 100"#,
    r#"kind = "paddle.CyclicLR", base_learning_rate = 0.001, max_learning_rate = 0.1, step_size_up = 50"#,
    r#"kind = "paddle.LinearLR", learning_rate = 0.1, total_steps = 50"#,
    r#"kind = "paddle.CosineAnnealingWarmRestarts", learning_rate = 0.1, T_0 = 10, T_mult = 2"#,
    r#"kind = "torch.LambdaLR", lr = 0.5, lr_lambda = "lambda epoch: 0.95 ** epoch""#,
    r#"kind = "torch.MultiplicativeLR", lr = 0.5, lr_lambda = "lambda epoch: 0.95""#,
    r#"kind = "torch.StepLR", lr = 0.5, step_size = 30"#,
    r#"kind = "torch.MultiStepLR", lr = 0.5, milestones = [30, 50]"#,
    r#"kind = "torch.ConstantLR", lr = 0.1, factor = 0.25, total_iters = 20"#,
    r#"kind = "torch.LinearLR", lr = 0.1, start_factor = 0.25, total_iters = 50"#,
    r#"kind = "torch.ExponentialLR", lr = 0.5, gamma = 0.9"#,
    r#"kind = "torch.PolynomialLR", lr = 0.1, total_iters = 100, power = 2.0"#,
    r#"kind = "torch.CosineAnnealingLR", lr = 0.1, T_max = 100"#,
    r#"kind = "torch.CosineAnnealingWarmRestarts", lr = 0.1, T_0 = 10, T_mult = 2"#,
    r#"kind = "torch.OneCycleLR", max_lr = 0.1, total_steps = 100"#,
    r#"kind = "torch.CyclicLR", base_lr = 0.001, max_lr = 0.1, step_size_up = 50"#,
    r#"kind = "torch.SequentialLR", lr = 0.1, schedulers = [{ kind = "torch.ConstantLR", factor = 0.1, total_iters = 20 }, { kind = "torch.ExponentialLR", gamma = 0.9 }], milestones = [20]"#,
    r#"kind = "torch.ChainedScheduler", lr = 0.1, schedulers = [{ kind = "torch.ConstantLR", factor = 0.1, total_iters = 20 }, { kind = "torch.ExponentialLR", gamma = 0.9 }]"#,
    r#"kind = "torch.ReduceLROnPlateau", lr = 0.1, factor = 0.5, patience = 5"#,
    r#"kind = "torch.SWALR", lr = 0.1, swa_lr = 0.05"#,
    r#"kind = "optax.constant_schedule", value = 0.1"#,
    r#"kind = "optax.polynomial_schedule", init_value = 0.1, end_value = 0.001, power = 2.0, transition_steps = 100"#,
    r#"kind = "optax.linear_schedule", init_value = 0.0, end_value = 0.1, transition_steps = 50"#,
    r#"kind = "optax.exponential_decay", init_value = 0.1, transition_steps = 20, decay_rate = 0.5"#,
    r#"kind = "optax.cosine_decay_schedule", init_value = 0.1, decay_steps = 100"#,
    r#"kind = "optax.piecewise_constant_schedule", init_value = 0.5, boundaries_and_scales = [[30, 0.1], [60, 0.5]]"#,
    r#"kind = "optax.piecewise_interpolate_schedule", interpolate_type = "cosine", init_value = 0.02, boundaries_and_scales = [[30, 5.0], [90, 0.1]]"#,
    r#"kind = "optax.linear_onecycle_schedule", transition_steps = 100, peak_value = 0.1"#,
    r#"kind = "optax.cosine_onecycle_schedule", transition_steps = 100, peak_value = 0.1"#,
    r#"kind = "optax.warmup_constant_schedule", init_value = 0.0, peak_value = 0.1, warmup_steps = 20"#,
    r#"kind = "optax.warmup_cosine_decay_schedule", init_value = 0.0, peak_value = 0.1, warmup_steps = 20, decay_steps = 100"#,
    r#"kind = "optax.warmup_exponential_decay_schedule", init_value = 0.0, peak_value = 0.1, warmup_steps = 20, transition_steps = 20, decay_rate = 0.5"#,
    r#"kind = "optax.sgdr_schedule", cosine_kwargs = [{ init_value = 0.0, peak_value = 0.1, warmup_steps = 5, decay_steps = 40 }, { init_value = 0.0, peak_value = 0.05, warmup_steps = 5, decay_steps = 60 }]"#,
    r#"kind = "optax.join_schedules", schedules = [{ kind = "optax.linear_schedule", init_value = 0.0, end_value = 0.1, transition_steps = 20 }, { kind = "optax.cosine_decay_schedule", init_value = 0.1, decay_steps = 80 }], boundaries = [20]"#,
    r#"kind = "optax.reduce_on_plateau", lr = 0.1, factor = 0.5, patience = 5"#,
    r#"kind = "keras.ExponentialDecay", initial_learning_rate = 0.1, decay_steps = 20, decay_rate = 0.5"#,
    r#"kind = "keras.PiecewiseConstantDecay", boundaries = [30, 60], values = [1.0, 0.5, 0.1]"#,
    r#"kind = "keras.PolynomialDecay", initial_learning_rate = 0.1, decay_steps = 100, power = 2.0"#,
    r#"kind = "keras.InverseTimeDecay", initial_learning_rate = 0.1, decay_steps = 20, decay_rate = 0.5"#,
    r#"kind = "keras.CosineDecay", initial_learning_rate = 0.1, decay_steps = 100"#,
    r#"kind = "keras.CosineDecay", initial_learning_rate = 0.0, decay_steps = 80, warmup_target = 0.1, warmup_steps = 20"#,
    r#"kind = "keras.CosineDecayRestarts", initial_learning_rate = 0.1, first_decay_steps = 10"#,
    r#"kind = "keras.ReduceLROnPlateau", lr = 0.1, factor = 0.5, patience = 5"#,
    r#"kind = "burn.ConstantLr", lr = 0.1"#,
    r#"kind = "burn.LinearLrScheduler", initial_lr = 0.1, final_lr = 0.01, num_iters = 100"#,
    r#"kind = "burn.CosineAnnealingLrScheduler", initial_lr = 0.1, num_iters = 100"#,
    r#"kind = "burn.ExponentialLrScheduler", initial_lr = 0.5, gamma = 0.9"#,
    r#"kind = "burn.StepLrScheduler", initial_lr = 0.5, step_size = 30"#,
    r#"kind = "burn.NoamLrScheduler", factor = 1.0, warmup_steps = 4000"#,
    r#"kind = "burn.ComposedLrScheduler", schedulers = [{ kind = "burn.CosineAnnealingLrScheduler", initial_lr = 0.1, num_iters = 100 }, { kind = "burn.ExponentialLrScheduler", initial_lr = 1.0, gamma = 0.99 }]"#,
    r#"kind = "burn.ComposedLrScheduler", reduction = "Sum", schedulers = [{ kind = "burn.CosineAnnealingLrScheduler", initial_lr = 0.1, num_iters = 100 }, { kind = "burn.ConstantLr", lr = 0.01 }]"#,
    r#"kind = "burn.ComposedLrScheduler", reduction = "Avg", schedulers = [{ kind = "burn.CosineAnnealingLrScheduler", initial_lr = 0.1, num_iters = 100 }, { kind = "burn.ConstantLr", lr = 0.01 }]"#,
    r#"kind = "burn.SequentialLrScheduler", schedulers = [{ kind = "burn.LinearLrScheduler", initial_lr = 0.01, final_lr = 0.1, num_iters = 20 }, { kind = "burn.CosineAnnealingLrScheduler", initial_lr = 0.1, num_iters = 80 }], milestones = [20]"#,
    r#"kind = "transformers.get_constant_schedule", lr = 0.1"#,
    r#"kind = "transformers.get_constant_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20"#,
    r#"kind = "transformers.get_linear_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100"#,
    r#"kind = "transformers.get_cosine_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100"#,
    r#"kind = "transformers.get_cosine_with_hard_restarts_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100, num_cycles = 3"#,
    r#"kind = "transformers.get_polynomial_decay_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100, power = 2.0"#,
    r#"kind = "transformers.get_cosine_with_min_lr_schedule_with_warmup", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100, min_lr_rate = 0.1"#,
    r#"kind = "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate", lr = 0.1, num_warmup_steps = 20, num_training_steps = 100, min_lr_rate = 0.1"#,
    r#"kind = "transformers.get_inverse_sqrt_schedule", lr = 0.1, num_warmup_steps = 20"#,
    r#"kind = "transformers.get_wsd_schedule", lr = 0.1, num_warmup_steps = 10, num_stable_steps = 50, num_decay_steps = 40"#,
    r#"kind = "transformers.GreedyLR", lr = 0.1, factor = 0.9, patience = 2"#,
    r#"kind = "transformers.get_greedy_schedule", lr = 0.1, factor = 0.9, patience = 2"#,
    r#"kind = "transformers.get_reduce_on_plateau_schedule", lr = 0.1, factor = 0.5, patience = 5"#,
    r#"kind = "timm.CosineLRScheduler", lr = 0.1, t_initial = 100"#,
    r#"kind = "timm.CosineLRScheduler", lr = 0.1, t_initial = 20, cycle_limit = 3, cycle_mul = 2.0, warmup_t = 5"#,
    r#"kind = "timm.PolyLRScheduler", lr = 0.1, t_initial = 100"#,
    r#"kind = "timm.TanhLRScheduler", lr = 0.1, t_initial = 100"#,
    r#"kind = "timm.StepLRScheduler", lr = 0.1, decay_t = 30, decay_rate = 0.5"#,
    r#"kind = "timm.StepLRScheduler", lr = 0.1, decay_t = 30, decay_rate = 0.5, noise_range_t = 60"#,
    r#"kind = "timm.MultiStepLRScheduler", lr = 0.1, decay_t = [30, 60], decay_rate = 0.5"#,
    r#"kind = "timm.PlateauLRScheduler", lr = 0.1, decay_rate = 0.5, patience_t = 5"#,
    r#"kind = "timm.WSDLRScheduler", lr = 0.1, t_initial = 100, decay_t = 30"#,
];

/// A call and what it is here.
pub(super) struct Call {
    pub(super) text: &'static str,
    /// The library's name for its scheduler.
    pub(super) dialect: &'static str,
    /// The kinds that the scheduler itself becomes, the outermost first; not those of schedules handed to it.
    pub(super) kinds: Vec<&'static str>,
    pub(super) remarks: Vec<String>,
}

/// Every call, translated.
pub(super) fn calls() -> Result<Vec<Call>, PagesError> {
    CALLS.iter().map(|text| Call::of(text)).collect()
}

impl Call {
    fn of(text: &'static str) -> Result<Self, PagesError> {
        let template = read(text)?;
        let translation = template
            .fixed()
            .and_then(|(resolved, _)| template.translate(&resolved))
            .map_err(|source| PagesError::Refused {
                text: text.to_owned(),
                source,
            })?;
        let mut kinds = vec![translation.schedule.kind];
        if template.kind.slots.is_empty() {
            inside(&translation.schedule, &mut kinds);
        }
        Ok(Self {
            text,
            dialect: template.kind.name,
            kinds,
            remarks: translation.remarks,
        })
    }
}

/// The kinds inside a schedule; a rate held for a while is no schedule that anyone would look up.
fn inside(schedule: &Canonical, kinds: &mut Vec<&'static str>) {
    for (_, setting) in &schedule.settings {
        let parts = match setting {
            Setting::Schedule(part) => std::slice::from_ref(&**part),
            Setting::Schedules(parts) => parts,
            _ => continue,
        };
        for part in parts {
            if part.kind != "constant" && !kinds.contains(&part.kind) {
                kinds.push(part.kind);
            }
            inside(part, kinds);
        }
    }
}

/// The calls that become this kind, or have it inside.
pub(super) fn callers<'a>(calls: &'a [Call], kind: &str) -> Vec<&'a Call> {
    let uses = |call: &&Call| call.kinds.contains(&kind);
    calls.iter().filter(uses).collect()
}

/// The schedulers of other libraries that become this kind, or have it inside.
pub(crate) fn elsewhere(kind: &str) -> Vec<&'static str> {
    // The calls are our own and tested, so that there is nothing to tell where one of them is refused.
    let calls = calls().unwrap_or_default();
    let mut names: Vec<&'static str> = callers(&calls, kind)
        .iter()
        .map(|call| call.dialect)
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn every_scheduler_of_every_library_is_called() {
        let calls = calls().unwrap();
        for dialect in dialect::all() {
            assert!(
                calls.iter().any(|call| call.dialect == dialect.name),
                "{} has no call",
                dialect.name
            );
        }
    }
}
