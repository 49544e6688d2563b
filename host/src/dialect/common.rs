//! What the schedulers of several libraries have in common.

use std::f64::consts::PI;

use super::{Argument, Arguments, Canonical, IfAbsent, Refusal, Takes};

/// The shapes of a one-cycle's phases, as PyTorch and PaddlePaddle name them.
pub(super) const ANNEAL_STRATEGIES: Takes = Takes::Word(&["cos", "linear"]);
/// The ways in which a cyclic schedule's amplitude goes on.
pub(super) const CYCLIC_MODES: Takes = Takes::Word(&["triangular", "triangular2", "exp_range"]);
/// What a cyclic schedule's own scaling is a function of.
pub(super) const SCALE_MODES: Takes = Takes::Word(&["cycle", "iterations"]);
/// Whether a plateau's metric should fall or rise.
pub(super) const PLATEAU_MODES: Takes = Takes::Word(PLATEAU_WORDS);
/// The words of [`PLATEAU_MODES`].
pub(super) const PLATEAU_WORDS: &[&str] = &["min", "max"];
/// What a plateau's threshold is measured in.
pub(super) const THRESHOLD_MODES: Takes = Takes::Word(THRESHOLD_WORDS);
/// The words of [`THRESHOLD_MODES`].
pub(super) const THRESHOLD_WORDS: &[&str] = &["rel", "abs"];

/// An argument.
pub(super) const fn argument(
    name: &'static str,
    takes: Takes,
    if_absent: IfAbsent,
    doc: &'static str,
) -> Argument {
    Argument {
        name,
        doc,
        takes,
        if_absent,
    }
}

/// An argument that must be given.
pub(super) const fn required(name: &'static str, takes: Takes, doc: &'static str) -> Argument {
    argument(name, takes, IfAbsent::Required, doc)
}

/// An argument with a number as its default.
pub(super) const fn number(name: &'static str, default: f64, doc: &'static str) -> Argument {
    argument(name, Takes::Number, IfAbsent::Number(default), doc)
}

/// An argument with a whole number as its default.
pub(super) const fn integer(name: &'static str, default: i64, doc: &'static str) -> Argument {
    argument(name, Takes::Integer, IfAbsent::Integer(default), doc)
}

/// A switch that is off unless it is set.
pub(super) const fn off(name: &'static str, doc: &'static str) -> Argument {
    argument(name, Takes::Flag, IfAbsent::Flag(false), doc)
}

/// A word with a default.
pub(super) const fn word(
    name: &'static str,
    takes: Takes,
    default: &'static str,
    doc: &'static str,
) -> Argument {
    argument(name, takes, IfAbsent::Text(default), doc)
}

/// The rate of an optimizer that a scheduler is handed.
pub(super) const OPTIMIZER_LR: Argument =
    required("lr", Takes::Number, "the optimizer's learning rate");

// The arguments of PyTorch's ReduceLROnPlateau, which other libraries have too.

pub(super) const MODE: Argument = word(
    "mode",
    PLATEAU_MODES,
    "min",
    "whether the metric should fall or rise",
);
pub(super) const FACTOR: Argument = number("factor", 0.1, "what a cut multiplies the rate by");
pub(super) const PATIENCE: Argument =
    integer("patience", 10, "how many bad metrics in a row are borne");
pub(super) const THRESHOLD: Argument =
    number("threshold", 1e-4, "by how much a metric must be better");
pub(super) const THRESHOLD_MODE: Argument = word(
    "threshold_mode",
    THRESHOLD_MODES,
    "rel",
    "what the threshold is measured in",
);
pub(super) const COOLDOWN: Argument = integer(
    "cooldown",
    0,
    "how many metrics after a cut are not counted",
);
pub(super) const MIN_LR: Argument = number("min_lr", 0.0, "the lowest rate");
pub(super) const EPS: Argument = number(
    "eps",
    1e-8,
    "a cut that changes the rate by no more than this is not made",
);

/// Refuses an argument unless something holds.
pub(super) fn ensure(
    holds: bool,
    name: &'static str,
    message: &'static str,
) -> Result<(), Refusal> {
    if holds {
        Ok(())
    } else {
        Err(Refusal::of(name, message))
    }
}

/// A number that must not be below 0.
pub(super) fn not_negative(arguments: &Arguments<'_>, name: &'static str) -> Result<f64, Refusal> {
    let number = arguments.number(name);
    ensure(number >= 0.0, name, "must be at least 0")?;
    Ok(number)
}

/// The value of [`OPTIMIZER_LR`]; PyTorch's optimizers refuse negative ones.
pub(super) fn optimizer_lr(arguments: &Arguments<'_>) -> Result<f64, Refusal> {
    not_negative(arguments, "lr")
}

/// Python's `bisect_right`: `slice::partition_point` leaves open what it gives for a list that is not sorted.
pub(super) fn bisect_right(list: &[i64], value: i64) -> usize {
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if list.get(middle).is_some_and(|&there| value < there) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The rate times an expression.
pub(super) fn lambda(learning_rate: f64, factor: impl Into<String>) -> Canonical {
    Canonical::new("lambda")
        .number("learning_rate", learning_rate)
        .text("factor", factor)
}

/// The rate times an expression of every step from 1 on: a plain power where the expression is one number.
pub(super) fn multiplicative(learning_rate: f64, factor: &str) -> Canonical {
    let (_, body) = lambda_parts(factor);
    match body.trim().parse::<f64>() {
        Ok(gamma) if gamma.is_finite() => exponential(learning_rate, gamma),
        Ok(_) | Err(_) => Canonical::new("multiplicative")
            .number("learning_rate", learning_rate)
            .text("factor", factor),
    }
}

/// `learning_rate * gamma^t`.
pub(super) fn exponential(learning_rate: f64, gamma: f64) -> Canonical {
    Canonical::new("exponential")
        .number("learning_rate", learning_rate)
        .number("gamma", gamma)
}

/// The cosine between two rates, rising again after `t_max`.
pub(super) fn cosine_annealing(learning_rate: f64, eta_min: f64, t_max: u32) -> Canonical {
    Canonical::new("cosine_annealing")
        .number("learning_rate", learning_rate)
        .number("eta_min", eta_min)
        .count("t_max", t_max)
}

/// Cosine annealing with warm restarts. PyTorch and PaddlePaddle have these two checks.
pub(super) fn warm_restarts(
    arguments: &Arguments<'_>,
    learning_rate: f64,
) -> Result<Canonical, Refusal> {
    Ok(Canonical::new("warm_restarts")
        .number("learning_rate", learning_rate)
        .number("eta_min", arguments.number("eta_min"))
        .count("t_0", arguments.steps("T_0", 1)?)
        .number("t_mult", f64::from(arguments.steps("T_mult", 1)?)))
}

/// A line of factors. PyTorch and PaddlePaddle have these two checks.
pub(super) fn check_linear_factors(arguments: &Arguments<'_>) -> Result<(f64, f64), Refusal> {
    let (start, end) = (
        arguments.number("start_factor"),
        arguments.number("end_factor"),
    );
    ensure(
        start > 0.0 && start <= 1.0,
        "start_factor",
        "must be above 0 and at most 1",
    )?;
    ensure(
        (0.0..=1.0).contains(&end),
        "end_factor",
        "must be from 0 to 1",
    )?;
    Ok((start, end))
}

/// The rate times a line of factors.
pub(super) fn linear_factor(
    learning_rate: f64,
    (start, end): (f64, f64),
    total_steps: u32,
) -> Canonical {
    Canonical::new("linear_factor")
        .number("learning_rate", learning_rate)
        .number("start_factor", start)
        .number("end_factor", end)
        .count("total_steps", total_steps)
}

/// A plateau by one library's rules. What the libraries accept and what makes no sense is refused: a factor below 0 would turn the
/// sign of the rate, and a patience below 0 is none.
pub(super) fn plateau(
    arguments: &Arguments<'_>,
    learning_rate: f64,
    epsilon: &str,
    rules: &'static str,
) -> Result<Canonical, Refusal> {
    let factor = arguments.number("factor");
    ensure(
        (0.0..1.0).contains(&factor),
        "factor",
        "must be at least 0 and below 1",
    )?;
    let patience = arguments.integer("patience");
    ensure(patience >= 0, "patience", "must be at least 0")?;
    let count = |value: i64| u32::try_from(value.max(0)).unwrap_or(u32::MAX);
    Ok(Canonical::new("reduce_on_plateau")
        .number("learning_rate", learning_rate)
        .text("mode", arguments.text("mode"))
        .number("factor", factor)
        .count("patience", count(patience))
        .number("threshold", arguments.number("threshold"))
        .text("threshold_mode", arguments.text("threshold_mode"))
        // Below 0 there is none, in PyTorch and in PaddlePaddle.
        .count("cooldown", count(arguments.integer("cooldown")))
        .number("min_lr", arguments.number("min_lr"))
        .number("epsilon", arguments.number(epsilon))
        .text("rules", rules))
}

/// A triangle wave with an amplitude that may change: what CyclicLR moves the rate and the momentum on.
pub(super) struct Triangles<'a> {
    pub(super) up: u32,
    /// 0: the wave falls back at once.
    pub(super) down: u32,
    pub(super) mode: &'a str,
    pub(super) gamma: f64,
    /// An expression, and whether it is one of the cycle (counted from 1) or of the step.
    pub(super) scale_fn: Option<(&'a str, &'a str)>,
}

impl Triangles<'_> {
    /// The wave from one value to another and back.
    pub(super) fn between(&self, from: f64, to: f64) -> Canonical {
        if self.scale_fn.is_none() && self.down > 0 {
            let wave = self.plain(from, to).text("mode", self.mode);
            return if self.mode == "exp_range" {
                wave.number("gamma", self.gamma)
            } else {
                wave
            };
        }
        let scale = match (self.scale_fn, self.mode) {
            (Some((text, "iterations")), _) => lambda(1.0, with_argument(text, "step")),
            (Some((text, _)), _) => {
                let period = u64::from(self.up) + u64::from(self.down);
                lambda(1.0, with_argument(text, &format!("(1 + step // {period})")))
            }
            (None, "triangular2") => exponential(1.0, 0.5)
                .count("decay_steps", self.up)
                .flag("staircase", true),
            (None, "exp_range") => exponential(1.0, self.gamma),
            (None, _) => return self.plain(from, to),
        };
        let scaled =
            Canonical::new("product").schedules("schedules", [self.plain(0.0, to - from), scale]);
        Canonical::new("sum").schedules("schedules", [Canonical::constant(from), scaled])
    }

    /// Whether each cycle has half the amplitude of the one before.
    pub(super) fn halves(&self) -> bool {
        self.scale_fn.is_none() && self.mode == "triangular2"
    }

    fn plain(&self, from: f64, to: f64) -> Canonical {
        if self.down == 0 {
            let line = Canonical::new("linear")
                .number("start_lr", from)
                .number("end_lr", to)
                .count("total_steps", self.up);
            return Canonical::new("repeat")
                .count("period", self.up)
                .schedule("schedule", line);
        }
        Canonical::new("cyclic")
            .number("learning_rate", from)
            .number("max_lr", to)
            .count("step_size_up", self.up)
            .count("step_size_down", self.down)
    }
}

/// Up to a peak and down again, once: what OneCycleLR moves the rate and the momentum on.
///
/// The phases end at `pct * total - 1`, with three phases also at `2 * pct * total - 2`, and at `total - 1`.
pub(super) struct OneCycle {
    pub(super) total: u32,
    pub(super) pct: f64,
    pub(super) three_phase: bool,
    pub(super) linear: bool,
}

impl OneCycle {
    /// The same, after the checks that PyTorch and PaddlePaddle have: `pct` names the argument.
    pub(super) fn checked(self, pct: &'static str) -> Result<Self, Refusal> {
        ensure((0.0..=1.0).contains(&self.pct), pct, "must be from 0 to 1")?;
        let divides_by_zero = self.first_edge() == 0.0
            || (!self.three_phase && self.first_edge() == self.last_edge());
        if divides_by_zero {
            return Err(Refusal::of(
                pct,
                format!(
                    "must leave both phases some length: of {} steps, the first phase ends at step {}",
                    self.total,
                    self.first_edge()
                ),
            ));
        }
        Ok(self)
    }

    fn first_edge(&self) -> f64 {
        self.pct * f64::from(self.total) - 1.0
    }

    fn second_edge(&self) -> f64 {
        2.0 * self.pct * f64::from(self.total) - 2.0
    }

    fn last_edge(&self) -> f64 {
        f64::from(self.total) - 1.0
    }

    /// Three phases of which the second ends no sooner than the cycle leave no step to the third.
    fn has_a_last_phase(&self) -> bool {
        !self.three_phase || self.second_edge() < self.last_edge()
    }

    /// The curve through three values.
    pub(super) fn through(&self, start: f64, peak: f64, end: f64) -> Canonical {
        if self.last_edge() == 0.0 {
            return Canonical::constant(end);
        }
        let curve = Canonical::new("one_cycle")
            .number("learning_rate", peak)
            .number("start_lr", start)
            .number("end_lr", end)
            .count("total_steps", self.total)
            .number("pct_start", self.pct);
        let curve = if self.three_phase {
            let total = f64::from(self.total);
            curve.number("pct_final", (2.0 * self.pct * total - 1.0) / total)
        } else {
            curve
        };
        curve.text("shape", if self.linear { "linear" } else { "cosine" })
    }

    /// What a library does after the last step.
    pub(super) fn past_the_end(&self, library: &str, faithful: bool) -> String {
        let total = self.total;
        if faithful && self.has_a_last_phase() {
            return format!(
                "{library} stops with an error after step {total}; here the rate of that step is held."
            );
        }
        format!(
            "At step {total}, one beyond the last, {library} follows the last phase past its end, and then it stops with an \
             error; here the rate of the end is held from that step on."
        )
    }

    /// The same with what the libraries compute one step beyond the end, by the formula of the last phase, held from there on.
    pub(super) fn through_and_beyond(&self, start: f64, peak: f64, end: f64) -> Canonical {
        let curve = self.through(start, peak, end);
        if !self.has_a_last_phase() {
            return curve;
        }
        let (from, since) = if self.three_phase {
            (start, self.second_edge())
        } else {
            (peak, self.first_edge())
        };
        let x = (f64::from(self.total) - since) / (self.last_edge() - since);
        let beyond = if self.linear {
            (end - from) * x + from
        } else {
            end + (from - end) / 2.0 * (libm::cos(PI * x) + 1.0)
        };
        Canonical::new("sequential")
            .schedules("schedules", [curve, Canonical::constant(beyond)])
            .counts("milestones", [self.total])
    }
}

/// The name that a lambda gives its argument, if there is one, and what it computes.
fn lambda_parts(text: &str) -> (Option<&str>, &str) {
    text.trim_start()
        .strip_prefix("lambda")
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .and_then(|rest| rest.split_once(':'))
        .map_or((None, text), |(name, body)| (Some(name.trim()), body))
}

/// An expression of the step with something else in the step's place, and without `lambda` in front.
pub(super) fn with_argument(text: &str, replacement: &str) -> String {
    let (name, body) = lambda_parts(text);
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut replaced = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        // A word, a number or another single character: dots belong to numbers and to names as in `math.e`.
        let len = match rest.find(|c| !belongs(c)) {
            Some(0) => first.len_utf8(),
            Some(len) => len,
            None => rest.len(),
        };
        let (token, after) = rest.split_at(len);
        let is_step = name == Some(token) || matches!(token, "step" | "epoch");
        replaced.push_str(if is_step { replacement } else { token });
        rest = after;
    }
    replaced.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_of_an_expression_is_replaced() {
        for (text, replacement, expected) in [
            ("0.5 ** step", "(step + 1)", "0.5 ** (step + 1)"),
            (
                "lambda x: 1 / (5 ** (x * 0.0001))",
                "step",
                "1 / (5 ** (step * 0.0001))",
            ),
            ("lambda e: math.e ** -e + 1e-3", "n", "math.e ** -n + 1e-3"),
            ("lambda t:exp(t)", "t2", "exp(t2)"),
            ("2.e", "x", "2.e"),
        ] {
            assert_eq!(with_argument(text, replacement), expected);
        }
    }

    #[test]
    fn a_constant_product_is_a_power() {
        for text in ["0.95", " 0.95 ", "lambda epoch: 0.95"] {
            assert_eq!(multiplicative(0.5, text), exponential(0.5, 0.95));
        }
        assert_eq!(
            multiplicative(0.5, "0.9 if step > 3 else 1").kind,
            "multiplicative"
        );
    }
}
