//! The kinds: a function each, with the parameters in the order in which the kind declares them.
//!
//! What a kind computes, its accuracy and its pitfalls are on its page in `docs/schedules`.

use core::ffi::c_char;

use hairpin_core::{
    Anneal, Composed, ComposedFeedback, Constant, ConstantFactor, CosineAnnealing, CosineCycles,
    CosineDecay, Cyclic, Exponential, Factor, Geometric, Greedy, GreedyConfig, InverseSqrt,
    InverseTime, KDecay, Lambda, Linear, LinearFactor, MultiStep, Multiplicative, NaturalExp, Noam,
    OneCycle, PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale, PlateauConfig, Polynomial,
    ReduceOnPlateau, Step, Tanh, WarmRestarts, WarmupStableDecay,
};

use crate::arguments::Argument::{self, Absent, Count, Counts, Flag, Number, Numbers, Word};
use crate::arguments::make;
use crate::memory;
use crate::objects::{HAIRPIN_PIECES, hairpin_schedule};
use crate::status::hairpin_status::HAIRPIN_NULL_POINTER;
use crate::status::{Answer, hairpin_refusal, hairpin_status, none_of};
use crate::words::*;

/// A kind that needs nothing but the step.
type Pure = Composed<HAIRPIN_PIECES>;
/// A kind that has a state.
type Reacting = ComposedFeedback<HAIRPIN_PIECES>;

/// A function of the step that belongs to the program. It has to give the same number for the same step, to return, and to leave alone what
/// the call that asks it works on.
pub type hairpin_factor = Option<extern "C" fn(step: u32) -> f64>;

/// `learning_rate`, for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_constant(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Constant, Pure, _>(out, why, || Ok([Number(learning_rate)]))
}

/// `values[number of boundaries passed]`: one value more than boundaries, of which there are at most 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_piecewise_constant(
    out: *mut hairpin_schedule,
    boundaries: *const u32,
    boundaries_count: usize,
    values: *const f64,
    values_count: usize,
    switch_: hairpin_switch,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<PiecewiseConstant<16>, Pure, _>(out, why, || {
        Ok([
            Counts(memory::list(boundaries, boundaries_count)?),
            Numbers(memory::list(values, values_count)?),
            Word(switch_),
        ])
    })
}

/// `learning_rate * gamma^(max(t - begin, 0) / decay_steps)`, not beyond `end_lr`, which is NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_exponential(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    gamma: f64,
    decay_steps: u32,
    staircase: bool,
    begin: u32,
    end_lr: *const f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Exponential, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(gamma),
            Count(decay_steps),
            Flag(staircase),
            Count(begin),
            memory::read_if_given(end_lr)?.into(),
        ])
    })
}

/// `learning_rate * exp(-gamma * t)`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_natural_exp(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    gamma: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<NaturalExp, Pure, _>(out, why, || Ok([Number(learning_rate), Number(gamma)]))
}

/// `end_lr + (learning_rate - end_lr) * ((T - t) / T)^power`, `T` being `decay_steps`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_polynomial(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    end_lr: f64,
    decay_steps: u32,
    power: f64,
    cycle: bool,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Polynomial, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(end_lr),
            Count(decay_steps),
            Number(power),
            Flag(cycle),
        ])
    })
}

/// `learning_rate * gamma^floor(t / step_size)`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_step(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    step_size: u32,
    gamma: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Step, Pure, _>(out, why, || {
        Ok([Number(learning_rate), Count(step_size), Number(gamma)])
    })
}

/// `learning_rate * gamma^(number of milestones m with m <= t)`; there are at most 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_multi_step(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    milestones: *const u32,
    milestones_count: usize,
    gamma: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<MultiStep<32>, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Counts(memory::list(milestones, milestones_count)?),
            Number(gamma),
        ])
    })
}

/// `learning_rate / (1 + gamma * t / decay_steps)`, with `staircase` the quotient rounded down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_inverse_time(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    gamma: f64,
    decay_steps: u32,
    staircase: bool,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<InverseTime, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(gamma),
            Count(decay_steps),
            Flag(staircase),
        ])
    })
}

/// `learning_rate * factor(t)`, `factor` being an expression of `step`, written as in Python: `"0.95 ** step"`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_lambda(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    factor: *const c_char,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Lambda, Pure, _>(out, why, || {
        Ok([Number(learning_rate), expression(factor)?])
    })
}

/// `learning_rate * factor(t)`, `factor` being a function of the program. Such a schedule cannot be saved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_lambda_function(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    factor: hairpin_factor,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Lambda, Pure, _>(out, why, || Ok([Number(learning_rate), function(factor)?]))
}

/// `eta_min + (learning_rate - eta_min) * (1 + cos(pi * t / t_max)) / 2`; `past` says what follows `t_max`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cosine_annealing(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    eta_min: f64,
    t_max: u32,
    past: hairpin_past,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<CosineAnnealing, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(eta_min),
            Count(t_max),
            Word(past),
        ])
    })
}

/// `learning_rate * d_model^-0.5 * min(t^-0.5, t * warmup_steps^-1.5)`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_noam(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    d_model: u32,
    warmup_steps: u32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Noam, Pure, _>(out, why, || {
        Ok([Number(learning_rate), Count(d_model), Count(warmup_steps)])
    })
}

/// A line from `start_lr` to `end_lr` over `total_steps`, and `end_lr` from then on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_linear(
    out: *mut hairpin_schedule,
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Linear, Pure, _>(out, why, || {
        Ok([Number(start_lr), Number(end_lr), Count(total_steps)])
    })
}

/// `learning_rate * factor` while `t < total_steps`, then `learning_rate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_constant_factor(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    factor: f64,
    total_steps: u32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<ConstantFactor, Pure, _>(out, why, || {
        Ok([Number(learning_rate), Number(factor), Count(total_steps)])
    })
}

/// `learning_rate` times a line from `start_factor` to `end_factor` over `total_steps`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_linear_factor(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    start_factor: f64,
    end_factor: f64,
    total_steps: u32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<LinearFactor, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(start_factor),
            Number(end_factor),
            Count(total_steps),
        ])
    })
}

/// `start_lr * (end_lr / start_lr)^(min(t, total_steps) / total_steps)`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_geometric(
    out: *mut hairpin_schedule,
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Geometric, Pure, _>(out, why, || {
        Ok([Number(start_lr), Number(end_lr), Count(total_steps)])
    })
}

/// `learning_rate` times the scales whose boundary is passed: as many scales as boundaries, at most 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_piecewise_scale(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    boundaries: *const u32,
    boundaries_count: usize,
    scales: *const f64,
    scales_count: usize,
    switch_: hairpin_switch,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<PiecewiseScale<16>, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Counts(memory::list(boundaries, boundaries_count)?),
            Numbers(memory::list(scales, scales_count)?),
            Word(switch_),
        ])
    })
}

/// `learning_rate` times the scales whose boundary is reached, on a curve in between; at most 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_piecewise_interpolate(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    boundaries: *const u32,
    boundaries_count: usize,
    scales: *const f64,
    scales_count: usize,
    shape: hairpin_interpolation,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<PiecewiseInterpolate<16>, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Counts(memory::list(boundaries, boundaries_count)?),
            Numbers(memory::list(scales, scales_count)?),
            Word(shape),
        ])
    })
}

/// `end_lr + (learning_rate - end_lr) * (1 - min(t / decay_steps, 1)^k)^power`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_k_decay(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    end_lr: f64,
    decay_steps: u32,
    power: f64,
    k: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<KDecay, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(end_lr),
            Count(decay_steps),
            Number(power),
            Number(k),
        ])
    })
}

/// `eta_min + (learning_rate - eta_min) * ((1 + cos(pi * min(t / decay_steps, 1)^k)) / 2)^exponent`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cosine_decay(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    eta_min: f64,
    decay_steps: u32,
    exponent: f64,
    k: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<CosineDecay, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(eta_min),
            Count(decay_steps),
            Number(exponent),
            Number(k),
        ])
    })
}

/// `eta_min + (learning_rate - eta_min) * (1 + cos(2 * pi * num_cycles * t / total_steps)) / 2`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cosine_cycles(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    eta_min: f64,
    total_steps: u32,
    num_cycles: f64,
    hard_restarts: bool,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<CosineCycles, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(eta_min),
            Count(total_steps),
            Number(num_cycles),
            Flag(hard_restarts),
        ])
    })
}

/// Half cosines from `learning_rate * peak_mult^i` down to `eta_min`; cycle `i` takes `t_0 * t_mult^i` steps. `cycle_limit` is 0 for no end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_warm_restarts(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    eta_min: f64,
    t_0: u32,
    t_mult: f64,
    peak_mult: f64,
    cycle_limit: u32,
    k: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<WarmRestarts, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(eta_min),
            Count(t_0),
            Number(t_mult),
            Number(peak_mult),
            Count(cycle_limit),
            Number(k),
        ])
    })
}

/// `learning_rate * (1 + t / timescale)^-power`; a power of 1/2 is the inverse square root.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_inverse_sqrt(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    timescale: f64,
    power: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<InverseSqrt, Pure, _>(out, why, || {
        Ok([Number(learning_rate), Number(timescale), Number(power)])
    })
}

/// `eta_min + (learning_rate - eta_min) / 2 * (1 - tanh(lb * (1 - x) + ub * x))`, `x` being `t / decay_steps`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_tanh(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    eta_min: f64,
    decay_steps: u32,
    lb: f64,
    ub: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Tanh, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(eta_min),
            Count(decay_steps),
            Number(lb),
            Number(ub),
        ])
    })
}

/// From `start_lr` to `end_lr` on a curve; `amount` belongs to the shapes that have one, and is NULL for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_anneal(
    out: *mut hairpin_schedule,
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    shape: hairpin_shape,
    amount: *const f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Anneal, Pure, _>(out, why, || {
        Ok([
            Number(start_lr),
            Number(end_lr),
            Count(total_steps),
            Word(shape),
            memory::read_if_given(amount)?.into(),
        ])
    })
}

/// `start_lr` to `learning_rate` in `warmup_steps`, held for `stable_steps`, to `end_lr` in `decay_steps`; `amount` as in hairpin_anneal().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_warmup_stable_decay(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    start_lr: f64,
    end_lr: f64,
    warmup_steps: u32,
    stable_steps: u32,
    decay_steps: u32,
    warmup_shape: hairpin_shape,
    decay_shape: hairpin_shape,
    amount: *const f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<WarmupStableDecay, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(start_lr),
            Number(end_lr),
            Count(warmup_steps),
            Count(stable_steps),
            Count(decay_steps),
            Word(warmup_shape),
            Word(decay_shape),
            memory::read_if_given(amount)?.into(),
        ])
    })
}

/// `start_lr` to `learning_rate` at `pct_start` of `total_steps`, then to `end_lr`; by way of `start_lr` at `pct_final` unless that is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_one_cycle(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    pct_start: f64,
    pct_final: *const f64,
    shape: hairpin_interpolation,
    edges: hairpin_edges,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<OneCycle, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(start_lr),
            Number(end_lr),
            Count(total_steps),
            Number(pct_start),
            memory::read_if_given(pct_final)?.into(),
            Word(shape),
            Word(edges),
        ])
    })
}

/// Triangles from `learning_rate` up to `max_lr` and back; `gamma` is 1 but with HAIRPIN_CYCLIC_EXP_RANGE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cyclic(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    max_lr: f64,
    step_size_up: u32,
    step_size_down: u32,
    mode: hairpin_cyclic_mode,
    gamma: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Cyclic, Pure, _>(out, why, || {
        Ok([
            Number(learning_rate),
            Number(max_lr),
            Count(step_size_up),
            Count(step_size_down),
            Word(mode),
            Number(gamma),
        ])
    })
}

/// `learning_rate * factor(1) * ... * factor(t)`, `factor` as in hairpin_lambda(). It is walked step by step and has a state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_multiplicative(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    factor: *const c_char,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Multiplicative, Reacting, _>(out, why, || {
        Ok([Number(learning_rate), expression(factor)?])
    })
}

/// `learning_rate * factor(1) * ... * factor(t)`, `factor` as in hairpin_lambda_function().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_multiplicative_function(
    out: *mut hairpin_schedule,
    learning_rate: f64,
    factor: hairpin_factor,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Multiplicative, Reacting, _>(out, why, || Ok([Number(learning_rate), function(factor)?]))
}

/// The parameters of hairpin_reduce_on_plateau(). Begin with hairpin_plateau_defaults() and change what is to be different.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_plateau_config {
    /// The rate before any cut.
    pub learning_rate: f64,
    /// Whether smaller or larger is better.
    pub mode: hairpin_mode,
    /// The factor of each cut, at least 0 and below 1.
    pub factor: f64,
    /// How many bad losses in a row are borne.
    pub patience: u32,
    /// By how much a loss must be better.
    pub threshold: f64,
    /// What `threshold` is measured in.
    pub threshold_mode: hairpin_threshold_mode,
    /// By how much more, with HAIRPIN_THRESHOLD_BOTH.
    pub atol: f64,
    /// How many losses after a cut are not counted.
    pub cooldown: u32,
    /// No cut goes below this rate.
    pub min_lr: f64,
    /// A cut smaller than this is not made, with HAIRPIN_CUT_GATE_EPSILON.
    pub epsilon: f64,
    /// How many losses are averaged before they count, at least 1.
    pub accumulation: u32,
    /// Whose rules hold where they differ. Each of the fields that follow may be HAIRPIN_BY_RULES, or say otherwise.
    pub rules: hairpin_rules,
    /// What the first loss has to beat.
    pub first_loss: hairpin_first_loss,
    /// What becomes of the losses of a cool-down.
    pub cooldown_losses: hairpin_cooldown_losses,
    /// How a relative margin is formed.
    pub relative_margin: hairpin_relative_margin,
    /// Where an absolute margin is put.
    pub absolute_margin: hairpin_absolute_margin,
    /// How many bad losses cut, against `patience`.
    pub patience_rule: hairpin_patience_rule,
    /// What a cut must be to be made.
    pub cut_gate: hairpin_cut_gate,
    /// What follows when a cut is not made.
    pub blocked_cut: hairpin_blocked_cut,
    /// What happens to a rate below `min_lr`.
    pub below_min: hairpin_below_min,
}

/// The parameters that PaddlePaddle's ReduceOnPlateau has unless told otherwise, and its rules.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_plateau_defaults(learning_rate: f64) -> hairpin_plateau_config {
    let usual = PlateauConfig::new(learning_rate);
    hairpin_plateau_config {
        learning_rate,
        mode: HAIRPIN_MODE_MIN,
        factor: usual.factor,
        patience: usual.patience,
        threshold: usual.threshold,
        threshold_mode: HAIRPIN_THRESHOLD_REL,
        atol: usual.atol,
        cooldown: usual.cooldown,
        min_lr: usual.min_lr,
        epsilon: usual.epsilon,
        accumulation: usual.accumulation,
        rules: HAIRPIN_RULES_PADDLE,
        first_loss: HAIRPIN_BY_RULES,
        cooldown_losses: HAIRPIN_BY_RULES,
        relative_margin: HAIRPIN_BY_RULES,
        absolute_margin: HAIRPIN_BY_RULES,
        patience_rule: HAIRPIN_BY_RULES,
        cut_gate: HAIRPIN_BY_RULES,
        blocked_cut: HAIRPIN_BY_RULES,
        below_min: HAIRPIN_BY_RULES,
    }
}

/// `learning_rate`, times `factor` whenever the loss stops improving. It has a state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_reduce_on_plateau(
    out: *mut hairpin_schedule,
    config: *const hairpin_plateau_config,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<ReduceOnPlateau, Reacting, _>(out, why, || {
        let config = memory::read(config)?;
        Ok([
            Number(config.learning_rate),
            Word(config.mode),
            Number(config.factor),
            Count(config.patience),
            Number(config.threshold),
            Word(config.threshold_mode),
            Number(config.atol),
            Count(config.cooldown),
            Number(config.min_lr),
            Number(config.epsilon),
            Count(config.accumulation),
            Word(config.rules),
            own_rule(config.first_loss),
            own_rule(config.cooldown_losses),
            own_rule(config.relative_margin),
            own_rule(config.absolute_margin),
            own_rule(config.patience_rule),
            own_rule(config.cut_gate),
            own_rule(config.blocked_cut),
            own_rule(config.below_min),
        ])
    })
}

/// The parameters of hairpin_greedy(). Begin with hairpin_greedy_defaults() and change what is to be different.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_greedy_config {
    /// The rate before any change, and after a reset.
    pub learning_rate: f64,
    /// Whether smaller or larger is better.
    pub mode: hairpin_mode,
    /// What a cut multiplies with and a raise divides by, above 0 and below 1.
    pub factor: f64,
    /// How many bad, or good, losses in a row are borne.
    pub patience: u32,
    /// By how much a loss must be better.
    pub threshold: f64,
    /// What `threshold` is measured in: HAIRPIN_THRESHOLD_REL or HAIRPIN_THRESHOLD_ABS.
    pub threshold_mode: hairpin_threshold_mode,
    /// How many losses after a cut are passed over.
    pub cooldown: u32,
    /// How many losses after a raise are passed over.
    pub warmup: u32,
    /// No cut goes below this rate.
    pub min_lr: f64,
    /// No raise goes above this rate.
    pub max_lr: f64,
    /// A change smaller than this is not made.
    pub eps: f64,
    /// 1 to look at the mean of the last losses, else 0.
    pub smooth: u8,
    /// How many losses that mean is taken over, with `smooth` 1 to 50.
    pub window_size: u32,
    /// How many cuts at the minimum it takes to start all over.
    pub reset_start: u32,
}

/// The parameters that GreedyLR of Transformers has unless told otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_greedy_defaults(learning_rate: f64) -> hairpin_greedy_config {
    let usual = GreedyConfig::new(learning_rate);
    hairpin_greedy_config {
        learning_rate,
        mode: HAIRPIN_MODE_MIN,
        factor: usual.factor,
        patience: usual.patience,
        threshold: usual.threshold,
        threshold_mode: HAIRPIN_THRESHOLD_ABS,
        cooldown: usual.cooldown,
        warmup: usual.warmup,
        min_lr: usual.min_lr,
        max_lr: usual.max_lr,
        eps: usual.eps,
        smooth: u8::from(usual.smooth),
        window_size: usual.window_size,
        reset_start: usual.reset_start,
    }
}

/// Times `factor` when losses get worse, divided by it when they get better. It has a state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_greedy(
    out: *mut hairpin_schedule,
    config: *const hairpin_greedy_config,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make::<Greedy<50>, Reacting, _>(out, why, || {
        let config = memory::read(config)?;
        Ok([
            Number(config.learning_rate),
            Word(config.mode),
            Number(config.factor),
            Count(config.patience),
            Number(config.threshold),
            Word(config.threshold_mode),
            Count(config.cooldown),
            Count(config.warmup),
            Number(config.min_lr),
            Number(config.max_lr),
            Number(config.eps),
            Flag(flag("smooth", config.smooth)?),
            Count(config.window_size),
            Count(config.reset_start),
        ])
    })
}

/// One of the switches of a plateau, or what its rules say.
fn own_rule(word: i32) -> Argument<'static> {
    if word == HAIRPIN_BY_RULES {
        Absent
    } else {
        Word(word)
    }
}

/// A flag in a struct: not a `bool`, as one that was never written may be neither 0 nor 1.
pub(crate) fn flag(field: &'static str, value: u8) -> Answer<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(none_of(field, value.into(), "0 or 1")),
    }
}

/// The factor that a text says.
///
/// # Safety
/// As the crate says.
unsafe fn expression<'a>(text: *const c_char) -> Answer<Argument<'a>> {
    Ok(Argument::Factor(Factor::parse(memory::text(text)?)?))
}

/// The factor that a function of the program is.
fn function<'a>(factor: hairpin_factor) -> Answer<Argument<'a>> {
    let function = factor.ok_or(HAIRPIN_NULL_POINTER)?;
    Ok(Argument::Factor(Factor::External(function)))
}
