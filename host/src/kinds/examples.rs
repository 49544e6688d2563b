//! One example a kind: what is drawn of it, and what a reader can paste.

/// How many steps the examples are made for.
pub const STEPS: u32 = 100;

/// The example of a kind of our own, as the inside of a TOML table: what `hairpin lr --schedule` takes.
///
/// It shows within [`STEPS`] steps what the kind is about. A feedback schedule is shown with the losses of [`loss`].
#[must_use]
pub fn example(name: &str) -> Option<&'static str> {
    EXAMPLES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, table)| *table)
}

/// The losses that the examples of feedback schedules observe: falling, at rest, falling again and at rest for good.
#[must_use]
pub fn loss(step: u32) -> f64 {
    match step {
        0..30 => 2.0 - 0.04 * f64::from(step),
        30..55 => 0.8,
        55..70 => 0.8 - 0.03 * f64::from(step - 55),
        _ => 0.35,
    }
}

const EXAMPLES: &[(&str, &str)] = &[
    ("constant", r#"kind = "constant", learning_rate = 0.1"#),
    (
        "constant_factor",
        r#"kind = "constant_factor", learning_rate = 0.1, factor = 0.25, total_steps = 20"#,
    ),
    (
        "linear",
        r#"kind = "linear", start_lr = 0.1, end_lr = 0.01, total_steps = 80"#,
    ),
    (
        "linear_factor",
        r#"kind = "linear_factor", learning_rate = 0.1, start_factor = 0.1, end_factor = 1.0, total_steps = 60"#,
    ),
    (
        "geometric",
        r#"kind = "geometric", start_lr = 0.1, end_lr = 0.001, total_steps = 80"#,
    ),
    (
        "piecewise_constant",
        r#"kind = "piecewise_constant", boundaries = [30, 60], values = [0.1, 0.04, 0.01]"#,
    ),
    (
        "piecewise_scale",
        r#"kind = "piecewise_scale", learning_rate = 0.1, boundaries = [30, 60], scales = [0.5, 0.2]"#,
    ),
    (
        "piecewise_interpolate",
        r#"kind = "piecewise_interpolate", learning_rate = 0.02, boundaries = [30, 50, 90], scales = [5.0, 0.8, 0.1], shape = "cosine""#,
    ),
    (
        "exponential",
        r#"kind = "exponential", learning_rate = 0.1, gamma = 0.96"#,
    ),
    (
        "natural_exp",
        r#"kind = "natural_exp", learning_rate = 0.1, gamma = 0.03"#,
    ),
    (
        "inverse_time",
        r#"kind = "inverse_time", learning_rate = 0.1, gamma = 0.1"#,
    ),
    (
        "inverse_sqrt",
        r#"kind = "inverse_sqrt", learning_rate = 0.1, timescale = 5.0"#,
    ),
    (
        "polynomial",
        r#"kind = "polynomial", learning_rate = 0.1, end_lr = 0.001, decay_steps = 80, power = 2.0"#,
    ),
    (
        "k_decay",
        r#"kind = "k_decay", learning_rate = 0.1, end_lr = 0.001, decay_steps = 90, k = 3.0"#,
    ),
    (
        "step",
        r#"kind = "step", learning_rate = 0.1, step_size = 25, gamma = 0.5"#,
    ),
    (
        "multi_step",
        r#"kind = "multi_step", learning_rate = 0.1, milestones = [40, 60, 90], gamma = 0.5"#,
    ),
    (
        "lambda",
        r#"kind = "lambda", learning_rate = 0.1, factor = "0.95 ** step * (1 + 0.3 * sin(step))""#,
    ),
    (
        "cosine_annealing",
        r#"kind = "cosine_annealing", learning_rate = 0.1, t_max = 40"#,
    ),
    (
        "cosine_decay",
        r#"kind = "cosine_decay", learning_rate = 0.1, eta_min = 0.005, decay_steps = 80"#,
    ),
    (
        "cosine_cycles",
        r#"kind = "cosine_cycles", learning_rate = 0.1, total_steps = 90, num_cycles = 3.0, hard_restarts = true"#,
    ),
    (
        "warm_restarts",
        r#"kind = "warm_restarts", learning_rate = 0.1, t_0 = 14, t_mult = 2.0, peak_mult = 0.8"#,
    ),
    (
        "noam",
        r#"kind = "noam", learning_rate = 1.0, d_model = 64, warmup_steps = 20"#,
    ),
    (
        "tanh",
        r#"kind = "tanh", learning_rate = 0.1, eta_min = 0.001, decay_steps = 90"#,
    ),
    (
        "anneal",
        r#"kind = "anneal", start_lr = 0.1, end_lr = 0.0, total_steps = 80, shape = "sqrt""#,
    ),
    (
        "warmup_stable_decay",
        r#"kind = "warmup_stable_decay", learning_rate = 0.1, warmup_steps = 15, stable_steps = 50, decay_steps = 30"#,
    ),
    (
        "one_cycle",
        r#"kind = "one_cycle", learning_rate = 0.1, start_lr = 0.004, end_lr = 0.00004, total_steps = 100"#,
    ),
    (
        "cyclic",
        r#"kind = "cyclic", learning_rate = 0.01, max_lr = 0.1, step_size_up = 15, step_size_down = 15, mode = "triangular2""#,
    ),
    (
        "reduce_on_plateau",
        r#"kind = "reduce_on_plateau", learning_rate = 0.1, factor = 0.5, patience = 5"#,
    ),
    (
        "greedy",
        r#"kind = "greedy", learning_rate = 0.05, factor = 0.9, patience = 2"#,
    ),
    (
        "multiplicative",
        r#"kind = "multiplicative", learning_rate = 0.1, factor = "0.99 if step < 50 else 0.94""#,
    ),
    (
        "linear_warmup",
        r#"kind = "linear_warmup", warmup_steps = 20, start_lr = 0.0, end_lr = 0.1, after = { kind = "exponential", learning_rate = 0.1, gamma = 0.96 }"#,
    ),
    (
        "warmup",
        r#"kind = "warmup", warmup_steps = 25, start_lr = 0.0, end_lr = 0.1, shape = "cosine", after = { kind = "cosine_decay", learning_rate = 0.1, decay_steps = 70 }"#,
    ),
    (
        "sequential",
        r#"kind = "sequential", milestones = [20, 60], schedules = [{ kind = "linear", start_lr = 0.02, end_lr = 0.1, total_steps = 20 }, 0.1, { kind = "exponential", learning_rate = 0.05, gamma = 0.95 }]"#,
    ),
    (
        "product",
        r#"kind = "product", schedules = [{ kind = "cosine_annealing", learning_rate = 0.1, eta_min = 0.02, t_max = 12 }, { kind = "exponential", learning_rate = 1.0, gamma = 0.98 }]"#,
    ),
    (
        "sum",
        r#"kind = "sum", schedules = [{ kind = "exponential", learning_rate = 0.08, gamma = 0.95 }, { kind = "step", learning_rate = 0.02, step_size = 50, gamma = 0.5 }]"#,
    ),
    (
        "average",
        r#"kind = "average", schedules = [{ kind = "linear", start_lr = 0.1, end_lr = 0.0, total_steps = 100 }, { kind = "step", learning_rate = 0.1, step_size = 25, gamma = 0.5 }]"#,
    ),
    (
        "scale",
        r#"kind = "scale", factor = 0.1, schedule = { kind = "cosine_annealing", learning_rate = 0.1, t_max = 100 }"#,
    ),
    (
        "clamp",
        r#"kind = "clamp", min_lr = 0.02, max_lr = 0.08, schedule = { kind = "cosine_annealing", learning_rate = 0.1, t_max = 50 }"#,
    ),
    (
        "repeat",
        r#"kind = "repeat", period = 25, schedule = { kind = "exponential", learning_rate = 0.1, gamma = 0.9 }"#,
    ),
    (
        "noise",
        r#"kind = "noise", amount = 0.3, begin = 40, schedule = { kind = "step", learning_rate = 0.1, step_size = 30, gamma = 0.5 }"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Source};
    use crate::spec::{KINDS, ScheduleTemplate};

    #[test]
    fn every_kind_of_our_own_has_an_example_that_builds() {
        for kind in KINDS.iter().filter(|kind| kind.library().is_none()) {
            let text = example(kind.name).unwrap_or_else(|| panic!("{} has none", kind.name));
            let document = Document::parse_inline(Source::new("example", text)).expect("TOML");
            let built = ScheduleTemplate::read(&document.at()).and_then(|read| read.fixed());
            let (resolved, _) = built.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(resolved.kind.name, kind.name);
        }
    }

    #[test]
    fn no_kind_has_two_examples() {
        for (index, (name, _)) in EXAMPLES.iter().enumerate() {
            let first = EXAMPLES.iter().position(|(known, _)| known == name);
            assert_eq!(first, Some(index), "{name}");
        }
    }
}
