//! The words that parameters are chosen by, as numbers in the order in which the core declares them.
//!
//! They are numbers, not `enum`s: C hands over any number, and one that is no word is refused by name.

/// In hairpin_plateau_config: what `rules` says.
pub const HAIRPIN_BY_RULES: i32 = -1;

/// When a boundary counts as passed.
pub type hairpin_switch = i32;
/// At the boundary itself: from `t >= b` on.
pub const HAIRPIN_SWITCH_AT: hairpin_switch = 0;
/// One step after it: from `t > b` on.
pub const HAIRPIN_SWITCH_AFTER: hairpin_switch = 1;

/// What a cosine does past its end.
pub type hairpin_past = i32;
/// It rises again, and goes on swinging.
pub const HAIRPIN_PAST_PERIODIC: hairpin_past = 0;
/// It stays at the lowest rate.
pub const HAIRPIN_PAST_HOLD: hairpin_past = 1;
/// It starts again from the highest rate, at t_max itself.
pub const HAIRPIN_PAST_RESTART: hairpin_past = 2;

/// How the triangles of hairpin_cyclic() change.
pub type hairpin_cyclic_mode = i32;
/// They do not.
pub const HAIRPIN_CYCLIC_TRIANGULAR: hairpin_cyclic_mode = 0;
/// Each is half as high as the one before.
pub const HAIRPIN_CYCLIC_TRIANGULAR2: hairpin_cyclic_mode = 1;
/// They shrink by gamma a step.
pub const HAIRPIN_CYCLIC_EXP_RANGE: hairpin_cyclic_mode = 2;

/// Where the phases of hairpin_one_cycle() end.
pub type hairpin_edges = i32;
/// At `pct * total_steps - 1`, whole or not; the last at `total_steps - 1`.
pub const HAIRPIN_EDGES_LAST_STEP: hairpin_edges = 0;
/// At `floor(pct * total_steps)`; the last at `total_steps`.
pub const HAIRPIN_EDGES_FLOORED: hairpin_edges = 1;

/// The curve between two rates, where only these two are known.
pub type hairpin_interpolation = i32;
/// A straight line.
pub const HAIRPIN_INTERPOLATION_LINEAR: hairpin_interpolation = 0;
/// Half a wave of a cosine: slow at both ends.
pub const HAIRPIN_INTERPOLATION_COSINE: hairpin_interpolation = 1;

/// The curve between two rates. With `x` from 0 to 1 along the way and `a` the amount, the weight of the first rate is:
pub type hairpin_shape = i32;
/// `1 - x`
pub const HAIRPIN_SHAPE_LINEAR: hairpin_shape = 0;
/// `(1 + cos(pi * x)) / 2`: slow at both ends.
pub const HAIRPIN_SHAPE_COSINE: hairpin_shape = 1;
/// `1 - sqrt(x)`: fast first, slow at the end.
pub const HAIRPIN_SHAPE_SQRT: hairpin_shape = 2;
/// `sqrt(1 - x)`: slow first, fast at the end.
pub const HAIRPIN_SHAPE_REVERSE_SQRT: hairpin_shape = 3;
/// `1 - x^a`, `a` above 0.
pub const HAIRPIN_SHAPE_POWER: hairpin_shape = 4;
/// `(a^x - a) / (1 - a)`, `a` above 0 and not 1.
pub const HAIRPIN_SHAPE_EXPONENTIAL: hairpin_shape = 5;
/// `(1 + cos(2 * pi * a * x)) / 2`: `a` full waves, and 0 from the end on.
pub const HAIRPIN_SHAPE_CYCLES: hairpin_shape = 6;

/// How noise is distributed.
pub type hairpin_distribution = i32;
/// Normal, drawn again where it is not within the limit.
pub const HAIRPIN_DISTRIBUTION_NORMAL: hairpin_distribution = 0;
/// Even between the limits.
pub const HAIRPIN_DISTRIBUTION_UNIFORM: hairpin_distribution = 1;

/// Whether a loss should fall or a score should rise.
pub type hairpin_mode = i32;
/// Smaller is better.
pub const HAIRPIN_MODE_MIN: hairpin_mode = 0;
/// Larger is better.
pub const HAIRPIN_MODE_MAX: hairpin_mode = 1;

/// What a threshold is measured in.
pub type hairpin_threshold_mode = i32;
/// A share of the best so far.
pub const HAIRPIN_THRESHOLD_REL: hairpin_threshold_mode = 0;
/// The metric's own unit.
pub const HAIRPIN_THRESHOLD_ABS: hairpin_threshold_mode = 1;
/// A share of the best so far, and `atol` in the metric's own unit beside it.
pub const HAIRPIN_THRESHOLD_BOTH: hairpin_threshold_mode = 2;

/// Whose rules hold for hairpin_reduce_on_plateau() where the frameworks differ.
pub type hairpin_rules = i32;
/// PaddlePaddle's.
pub const HAIRPIN_RULES_PADDLE: hairpin_rules = 0;
/// PyTorch's.
pub const HAIRPIN_RULES_TORCH: hairpin_rules = 1;
/// Keras'.
pub const HAIRPIN_RULES_KERAS: hairpin_rules = 2;
/// Optax'.
pub const HAIRPIN_RULES_OPTAX: hairpin_rules = 3;

/// What the first loss has to beat.
pub type hairpin_first_loss = i32;
/// Nothing: it is the best, even NaN or infinity.
pub const HAIRPIN_FIRST_LOSS_ACCEPTED: hairpin_first_loss = 0;
/// The worst infinity: NaN and that infinity count as bad.
pub const HAIRPIN_FIRST_LOSS_BEATS_INFINITY: hairpin_first_loss = 1;

/// What becomes of the losses of a cool-down.
pub type hairpin_cooldown_losses = i32;
/// They are not looked at.
pub const HAIRPIN_COOLDOWN_IGNORED: hairpin_cooldown_losses = 0;
/// They can become the best, but are not counted as bad.
pub const HAIRPIN_COOLDOWN_TRACKED: hairpin_cooldown_losses = 1;
/// As tracked, but the observation that ends the cool-down is counted.
pub const HAIRPIN_COOLDOWN_TRACKED_BUT_LAST: hairpin_cooldown_losses = 2;

/// How a relative margin is formed.
pub type hairpin_relative_margin = i32;
/// `best -+ best * threshold`
pub const HAIRPIN_RELATIVE_MARGIN_DIFFERENCE: hairpin_relative_margin = 0;
/// `best * (1 -+ threshold)`
pub const HAIRPIN_RELATIVE_MARGIN_PRODUCT: hairpin_relative_margin = 1;

/// Where an absolute margin is put.
pub type hairpin_absolute_margin = i32;
/// `loss` against `best -+ threshold`
pub const HAIRPIN_ABSOLUTE_MARGIN_ON_BEST: hairpin_absolute_margin = 0;
/// `loss +- threshold` against `best`
pub const HAIRPIN_ABSOLUTE_MARGIN_ON_LOSS: hairpin_absolute_margin = 1;

/// When patience has run out.
pub type hairpin_patience_rule = i32;
/// When more than `patience` bad losses came in a row.
pub const HAIRPIN_PATIENCE_GREATER: hairpin_patience_rule = 0;
/// When `patience` bad losses came in a row, or one if `patience` is 0.
pub const HAIRPIN_PATIENCE_GREATER_EQUAL: hairpin_patience_rule = 1;
/// When the count of bad losses is `patience`.
pub const HAIRPIN_PATIENCE_EQUAL: hairpin_patience_rule = 2;

/// What a cut must be for it to be made.
pub type hairpin_cut_gate = i32;
/// It lowers the rate by more than `epsilon`.
pub const HAIRPIN_CUT_GATE_EPSILON: hairpin_cut_gate = 0;
/// The rate before it is above `min_lr`, both rounded to float.
pub const HAIRPIN_CUT_GATE_ABOVE_MIN: hairpin_cut_gate = 1;
/// It lowers the rate.
pub const HAIRPIN_CUT_GATE_LOWER: hairpin_cut_gate = 2;

/// What follows when patience has run out, but the cut is not made.
pub type hairpin_blocked_cut = i32;
/// As after a cut: the count starts again, and a cool-down begins.
pub const HAIRPIN_BLOCKED_CUT_STARTS_AGAIN: hairpin_blocked_cut = 0;
/// Nothing: the count goes on, and the next bad loss tries again.
pub const HAIRPIN_BLOCKED_CUT_GOES_ON: hairpin_blocked_cut = 1;

/// What happens to a rate that was below `min_lr` from the start.
pub type hairpin_below_min = i32;
/// It stays.
pub const HAIRPIN_BELOW_MIN_STAYS: hairpin_below_min = 0;
/// It is raised to `min_lr` at the first observation outside a cool-down.
pub const HAIRPIN_BELOW_MIN_RAISED: hairpin_below_min = 1;

/// How products and sums of the update are rounded.
pub type hairpin_rounding = i32;
/// Every product and every sum is rounded.
pub const HAIRPIN_ROUNDING_SEPARATE: hairpin_rounding = 0;
/// A product is fused into the sum that follows it, with one rounding.
pub const HAIRPIN_ROUNDING_FUSED: hairpin_rounding = 1;
