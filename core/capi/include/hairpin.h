/*
 * hairpin: learning-rate schedules and the SGD update they drive, the same 32 bits on every target.
 *
 * Made from core/capi/src; do not edit.
 *
 *     hairpin_schedule cosine, schedule;
 *     hairpin_refusal why;
 *     float lr;
 *
 *     if (hairpin_cosine_annealing(&cosine, 0.1, 0.001, 90, HAIRPIN_PAST_HOLD, &why) ||
 *         hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, &cosine, &why)) {
 *         printf("%s: %.*s\n", hairpin_status_text(why.status), (int)why.field.length, why.field.start);
 *     } else if (hairpin_schedule_lr(&schedule, 42, &lr) == HAIRPIN_OK) {
 *         ...
 *     }
 *
 * - The caller owns every struct; the library allocates nothing and keeps nothing between calls. A struct is made by a function that
 *   takes it as `out`, may be copied as a whole by = or memcpy, and needs no end. One that is zeroed is refused, not used;
 *   one that something else was written into is worthless, and the library cannot always tell.
 * - Every function returns a status, HAIRPIN_OK (0) where all is well. What is refused changes nothing. `why`, which may be NULL, is
 *   written when something is refused, and only then.
 * - A pointer must not be NULL unless it is said to, must be aligned as its type has to be, and must lead to memory of its type and of the
 *   length given with it. A list of numbers, parts or schedules may be NULL where its length is 0; bytes to be loaded may not, and an
 *   update of 0 parameters is refused. `out` may be one of the structs that it is made from; what a record is saved to may not.
 * - On Cortex-M a rate takes up to 2 KB of stack, making or loading a schedule up to 10, anything else up to 2.5.
 * - Functions may be called from several threads or interrupts at once, as long as nobody writes a struct that another one reads.
 * - A function of the program that a schedule calls (hairpin_factor) must not write a struct or a list of the call under way, nor leave by
 *   longjmp or by an exception. It may call this library on other structs.
 */


#ifndef HAIRPIN_H
#define HAIRPIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How many pieces a schedule is composed of at most: a kind is one, and what joins or changes schedules is one more. A kind behind a warm-up has
 * three.
 */
#define HAIRPIN_PIECES 4

/**
 * How large a hairpin_schedule is, in words of 8 bytes.
 */
#define HAIRPIN_SCHEDULE_WORDS 160

/**
 * How large a hairpin_schedule_state is, in words of 8 bytes.
 */
#define HAIRPIN_SCHEDULE_STATE_WORDS 64

/**
 * How large a hairpin_sgd is, in words of 8 bytes.
 */
#define HAIRPIN_SGD_WORDS 10

/**
 * In hairpin_plateau_config: what `rules` says.
 */
#define HAIRPIN_BY_RULES -1

/**
 * How many bytes a saved hairpin_schedule_state takes.
 */
#define HAIRPIN_SCHEDULE_STATE_BYTES 459

/**
 * How many bytes a saved hairpin_sgd takes.
 */
#define HAIRPIN_SGD_BYTES 52

/**
 * How many bytes a saved hairpin_sgd_state takes.
 */
#define HAIRPIN_SGD_STATE_BYTES 11

/**
 * How many bytes a saved position takes.
 */
#define HAIRPIN_POSITION_BYTES 14

/**
 * How a call went: 0, or why it was refused. What is refused changes nothing.
 */
enum hairpin_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done.
     */
    HAIRPIN_OK = 0,
    /**
     * A pointer is NULL that may not be.
     */
    HAIRPIN_NULL_POINTER = 1,
    /**
     * A pointer is not aligned as its type has to be.
     */
    HAIRPIN_MISALIGNED = 2,
    /**
     * Two areas of memory overlap that may not.
     */
    HAIRPIN_OVERLAP = 3,
    /**
     * A length is 0 where there has to be something.
     */
    HAIRPIN_EMPTY = 4,
    /**
     * A length goes beyond the end of the memory.
     */
    HAIRPIN_TOO_LONG = 5,
    /**
     * A struct was not made by this library, or it is of another type.
     */
    HAIRPIN_NOT_MADE = 6,
    /**
     * A parameter is NaN or infinite.
     */
    HAIRPIN_NOT_FINITE = 16,
    /**
     * A parameter lies outside what the formula allows, or is none of its constants.
     */
    HAIRPIN_OUT_OF_RANGE = 17,
    /**
     * A length in steps is 0; for a rate that never changes use hairpin_constant().
     */
    HAIRPIN_ZERO_LENGTH = 18,
    /**
     * A list of steps does not strictly increase.
     */
    HAIRPIN_NOT_INCREASING = 19,
    /**
     * A list has the wrong number of elements.
     */
    HAIRPIN_WRONG_COUNT = 20,
    /**
     * A list, or a composition, is longer than the library was built for.
     */
    HAIRPIN_OVER_CAPACITY = 21,
    /**
     * Two parameters exclude each other.
     */
    HAIRPIN_CONFLICT = 22,
    /**
     * The text of an expression does not compile.
     */
    HAIRPIN_EXPRESSION = 23,
    /**
     * There are more or fewer bytes than the record has.
     */
    HAIRPIN_BYTES_LENGTH = 32,
    /**
     * The bytes are no record of hairpin's: erased flash, or something else.
     */
    HAIRPIN_BYTES_FOREIGN = 33,
    /**
     * The record is of another version of the layout.
     */
    HAIRPIN_BYTES_VERSION = 34,
    /**
     * It is a record of something else.
     */
    HAIRPIN_BYTES_KIND = 35,
    /**
     * The record is torn or damaged: its checksum is wrong.
     */
    HAIRPIN_BYTES_DAMAGED = 36,
    /**
     * The record is whole, but holds what is never written.
     */
    HAIRPIN_BYTES_CONTENT = 37,
    /**
     * The record holds a composition of more pieces than the library was built for.
     */
    HAIRPIN_BYTES_CAPACITY = 38,
    /**
     * There is not enough room for the record.
     */
    HAIRPIN_BUFFER_TOO_SMALL = 39,
    /**
     * A function of the program cannot be saved; an expression can.
     */
    HAIRPIN_FUNCTION = 40,
    /**
     * The schedule reacts to losses, or is walked step by step: ask hairpin_schedule_lr_after().
     */
    HAIRPIN_NEEDS_STATE = 48,
    /**
     * The schedule is a function of the step alone and has no state.
     */
    HAIRPIN_NO_STATE = 49,
    /**
     * The state is one of another kind of schedule.
     */
    HAIRPIN_OTHER_STATE = 50,
    /**
     * With momentum there has to be a velocity, without momentum it has to be NULL.
     */
    HAIRPIN_VELOCITY = 51,
    /**
     * The rate is NaN: an update with it would erase every parameter.
     */
    HAIRPIN_NAN_RATE = 52,
    /**
     * Refused for a reason that this header has no name for.
     */
    HAIRPIN_REFUSED = 64,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hairpin_status hairpin_status;
#else
typedef int32_t hairpin_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an observed loss led to.
 */
enum hairpin_observed
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The loss was not looked at: a warm-up is still running, or the schedule needs none.
     */
    HAIRPIN_OBSERVED_IGNORED = 0,
    /**
     * It was taken into a mean that waits for more of them.
     */
    HAIRPIN_OBSERVED_COLLECTED = 1,
    /**
     * It fell into the pause after a cut or a raise.
     */
    HAIRPIN_OBSERVED_COOLING_DOWN = 2,
    /**
     * It is a new best.
     */
    HAIRPIN_OBSERVED_IMPROVED = 3,
    /**
     * It is not better, and patience lasts.
     */
    HAIRPIN_OBSERVED_WAITING = 4,
    /**
     * Patience ran out and the rate was cut.
     */
    HAIRPIN_OBSERVED_REDUCED = 5,
    /**
     * Patience ran out, but the cut is one that is not made.
     */
    HAIRPIN_OBSERVED_EXHAUSTED = 6,
    /**
     * The rate was raised.
     */
    HAIRPIN_OBSERVED_RAISED = 7,
    /**
     * Everything starts again.
     */
    HAIRPIN_OBSERVED_RESET = 8,
    /**
     * Something that this header has no name for.
     */
    HAIRPIN_OBSERVED_OTHER = 64,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hairpin_observed hairpin_observed;
#else
typedef int32_t hairpin_observed;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Any schedule: a kind, or a composition of up to HAIRPIN_PIECES pieces.
 *
 * Made by the functions that take one as `out`. It is not changed by being used, may be copied as a whole, and needs no end.
 * To keep it beyond a reset save it with hairpin_schedule_save(): the words themselves mean something to this build of the library only.
 */
typedef struct hairpin_schedule {
    /**
     * The library's own.
     */
    uint64_t opaque[HAIRPIN_SCHEDULE_WORDS];
} hairpin_schedule;

/**
 * A text of the library's: not terminated, never freed, empty where there is nothing to say.
 *
 * Print it with `printf("%.*s", (int)text.length, text.start)`.
 */
typedef struct hairpin_text {
    /**
     * Its first character.
     */
    const char *start;
    /**
     * How many bytes it has.
     */
    size_t length;
} hairpin_text;

/**
 * Why something was refused. Whoever does not want to know passes NULL. It is written only when something is refused.
 */
typedef struct hairpin_refusal {
    /**
     * What the function returned.
     */
    hairpin_status status;
    /**
     * The parameter, or the field of a record, that was refused.
     */
    struct hairpin_text field;
    /**
     * What would be accepted, or what the field cannot be combined with.
     */
    struct hairpin_text expected;
    /**
     * The number that was refused, else 0.
     */
    double value;
    /**
     * The first element of a list that is not above the one before it; the byte at which an expression goes wrong; else 0.
     */
    size_t index;
    /**
     * How many elements, pieces or bytes there have to be, or there is room for; else 0.
     */
    size_t limit;
    /**
     * How many there are, or which version or kind of record there is; else 0.
     */
    size_t found;
} hairpin_refusal;

/**
 * When a boundary counts as passed.
 */
typedef int32_t hairpin_switch;

/**
 * A function of the step that belongs to the program. It has to give the same number for the same step, to return, and to leave alone what
 * the call that asks it works on.
 */
typedef double (*hairpin_factor)(uint32_t step);

/**
 * What a cosine does past its end.
 */
typedef int32_t hairpin_past;

/**
 * The curve between two rates, where only these two are known.
 */
typedef int32_t hairpin_interpolation;

/**
 * The curve between two rates. With `x` from 0 to 1 along the way and `a` the amount, the weight of the first rate is:
 */
typedef int32_t hairpin_shape;

/**
 * Where the phases of hairpin_one_cycle() end.
 */
typedef int32_t hairpin_edges;

/**
 * How the triangles of hairpin_cyclic() change.
 */
typedef int32_t hairpin_cyclic_mode;

/**
 * Whether a loss should fall or a score should rise.
 */
typedef int32_t hairpin_mode;

/**
 * What a threshold is measured in.
 */
typedef int32_t hairpin_threshold_mode;

/**
 * Whose rules hold for hairpin_reduce_on_plateau() where the frameworks differ.
 */
typedef int32_t hairpin_rules;

/**
 * What the first loss has to beat.
 */
typedef int32_t hairpin_first_loss;

/**
 * What becomes of the losses of a cool-down.
 */
typedef int32_t hairpin_cooldown_losses;

/**
 * How a relative margin is formed.
 */
typedef int32_t hairpin_relative_margin;

/**
 * Where an absolute margin is put.
 */
typedef int32_t hairpin_absolute_margin;

/**
 * When patience has run out.
 */
typedef int32_t hairpin_patience_rule;

/**
 * What a cut must be for it to be made.
 */
typedef int32_t hairpin_cut_gate;

/**
 * What follows when patience has run out, but the cut is not made.
 */
typedef int32_t hairpin_blocked_cut;

/**
 * What happens to a rate that was below `min_lr` from the start.
 */
typedef int32_t hairpin_below_min;

/**
 * The parameters of hairpin_reduce_on_plateau(). Begin with hairpin_plateau_defaults() and change what is to be different.
 */
typedef struct hairpin_plateau_config {
    /**
     * The rate before any cut.
     */
    double learning_rate;
    /**
     * Whether smaller or larger is better.
     */
    hairpin_mode mode;
    /**
     * The factor of each cut, at least 0 and below 1.
     */
    double factor;
    /**
     * How many bad losses in a row are borne.
     */
    uint32_t patience;
    /**
     * By how much a loss must be better.
     */
    double threshold;
    /**
     * What `threshold` is measured in.
     */
    hairpin_threshold_mode threshold_mode;
    /**
     * By how much more, with HAIRPIN_THRESHOLD_BOTH.
     */
    double atol;
    /**
     * How many losses after a cut are not counted.
     */
    uint32_t cooldown;
    /**
     * No cut goes below this rate.
     */
    double min_lr;
    /**
     * A cut smaller than this is not made, with HAIRPIN_CUT_GATE_EPSILON.
     */
    double epsilon;
    /**
     * How many losses are averaged before they count, at least 1.
     */
    uint32_t accumulation;
    /**
     * Whose rules hold where they differ. Each of the fields that follow may be HAIRPIN_BY_RULES, or say otherwise.
     */
    hairpin_rules rules;
    /**
     * What the first loss has to beat.
     */
    hairpin_first_loss first_loss;
    /**
     * What becomes of the losses of a cool-down.
     */
    hairpin_cooldown_losses cooldown_losses;
    /**
     * How a relative margin is formed.
     */
    hairpin_relative_margin relative_margin;
    /**
     * Where an absolute margin is put.
     */
    hairpin_absolute_margin absolute_margin;
    /**
     * How many bad losses cut, against `patience`.
     */
    hairpin_patience_rule patience_rule;
    /**
     * What a cut must be to be made.
     */
    hairpin_cut_gate cut_gate;
    /**
     * What follows when a cut is not made.
     */
    hairpin_blocked_cut blocked_cut;
    /**
     * What happens to a rate below `min_lr`.
     */
    hairpin_below_min below_min;
} hairpin_plateau_config;

/**
 * The parameters of hairpin_greedy(). Begin with hairpin_greedy_defaults() and change what is to be different.
 */
typedef struct hairpin_greedy_config {
    /**
     * The rate before any change, and after a reset.
     */
    double learning_rate;
    /**
     * Whether smaller or larger is better.
     */
    hairpin_mode mode;
    /**
     * What a cut multiplies with and a raise divides by, above 0 and below 1.
     */
    double factor;
    /**
     * How many bad, or good, losses in a row are borne.
     */
    uint32_t patience;
    /**
     * By how much a loss must be better.
     */
    double threshold;
    /**
     * What `threshold` is measured in: HAIRPIN_THRESHOLD_REL or HAIRPIN_THRESHOLD_ABS.
     */
    hairpin_threshold_mode threshold_mode;
    /**
     * How many losses after a cut are passed over.
     */
    uint32_t cooldown;
    /**
     * How many losses after a raise are passed over.
     */
    uint32_t warmup;
    /**
     * No cut goes below this rate.
     */
    double min_lr;
    /**
     * No raise goes above this rate.
     */
    double max_lr;
    /**
     * A change smaller than this is not made.
     */
    double eps;
    /**
     * 1 to look at the mean of the last losses, else 0.
     */
    uint8_t smooth;
    /**
     * How many losses that mean is taken over, with `smooth` 1 to 50.
     */
    uint32_t window_size;
    /**
     * How many cuts at the minimum it takes to start all over.
     */
    uint32_t reset_start;
} hairpin_greedy_config;

/**
 * A part of hairpin_sequential().
 */
typedef struct hairpin_part {
    /**
     * The step at which it begins: 0 for the first, later and later for the others.
     */
    uint32_t from;
    /**
     * What its own clock reads at that step: 0 to start afresh, `from` to have counted all along.
     */
    uint32_t clock;
    /**
     * The schedule.
     */
    const struct hairpin_schedule *schedule;
} hairpin_part;

/**
 * How noise is distributed.
 */
typedef int32_t hairpin_distribution;

/**
 * What a schedule that reacts to losses remembers; see hairpin_schedule_start().
 */
typedef struct hairpin_schedule_state {
    /**
     * The library's own.
     */
    uint64_t opaque[HAIRPIN_SCHEDULE_STATE_WORDS];
} hairpin_schedule_state;

/**
 * How products and sums of the update are rounded.
 */
typedef int32_t hairpin_rounding;

/**
 * The hyperparameters of the update. Begin with hairpin_sgd_defaults() and change what is to be different.
 */
typedef struct hairpin_sgd_config {
    /**
     * Share of the velocity kept from step to step, at least 0; 0 means that there is no velocity.
     */
    double momentum;
    /**
     * Share of the gradient kept out of the velocity after the first step.
     */
    double dampening;
    /**
     * L2 penalty: `weight_decay * p` is added to the gradient.
     */
    double weight_decay;
    /**
     * Factor on the gradient before anything else.
     */
    double gradient_scale;
    /**
     * How products and sums are rounded.
     */
    hairpin_rounding rounding;
    /**
     * 1 to look ahead along the velocity, else 0. Needs momentum above 0 and dampening 0.
     */
    uint8_t nesterov;
} hairpin_sgd_config;

/**
 * The SGD update with its hyperparameters; see hairpin_sgd_init().
 */
typedef struct hairpin_sgd {
    /**
     * The library's own.
     */
    uint64_t opaque[HAIRPIN_SGD_WORDS];
} hairpin_sgd;

/**
 * What an update remembers beside the velocity: whether its first step was taken; see hairpin_sgd_start().
 */
typedef struct hairpin_sgd_state {
    /**
     * The library's own.
     */
    uint64_t opaque[2];
} hairpin_sgd_state;

/**
 * The records of a trial, each where it stands among the bytes they were found in: for hairpin_schedule_load() and hairpin_sgd_load().
 */
typedef struct hairpin_recipe {
    /**
     * The schedule.
     */
    const uint8_t *schedule;
    /**
     * How many bytes it has.
     */
    size_t schedule_length;
    /**
     * The update.
     */
    const uint8_t *sgd;
    /**
     * How many bytes it has.
     */
    size_t sgd_length;
    /**
     * The schedule of the momentum where it goes with the step, for hairpin_sgd_at_momentum(), else NULL.
     */
    const uint8_t *momentum;
    /**
     * How many bytes it has, else 0.
     */
    size_t momentum_length;
    /**
     * How many bytes the whole takes. What stands behind it, as the rest of a page of flash, is not looked at.
     */
    size_t length;
} hairpin_recipe;

/**
 * At the boundary itself: from `t >= b` on.
 */
#define HAIRPIN_SWITCH_AT 0

/**
 * One step after it: from `t > b` on.
 */
#define HAIRPIN_SWITCH_AFTER 1

/**
 * It rises again, and goes on swinging.
 */
#define HAIRPIN_PAST_PERIODIC 0

/**
 * It stays at the lowest rate.
 */
#define HAIRPIN_PAST_HOLD 1

/**
 * It starts again from the highest rate, at t_max itself.
 */
#define HAIRPIN_PAST_RESTART 2

/**
 * They do not.
 */
#define HAIRPIN_CYCLIC_TRIANGULAR 0

/**
 * Each is half as high as the one before.
 */
#define HAIRPIN_CYCLIC_TRIANGULAR2 1

/**
 * They shrink by gamma a step.
 */
#define HAIRPIN_CYCLIC_EXP_RANGE 2

/**
 * At `pct * total_steps - 1`, whole or not; the last at `total_steps - 1`.
 */
#define HAIRPIN_EDGES_LAST_STEP 0

/**
 * At `floor(pct * total_steps)`; the last at `total_steps`.
 */
#define HAIRPIN_EDGES_FLOORED 1

/**
 * A straight line.
 */
#define HAIRPIN_INTERPOLATION_LINEAR 0

/**
 * Half a wave of a cosine: slow at both ends.
 */
#define HAIRPIN_INTERPOLATION_COSINE 1

/**
 * `1 - x`
 */
#define HAIRPIN_SHAPE_LINEAR 0

/**
 * `(1 + cos(pi * x)) / 2`: slow at both ends.
 */
#define HAIRPIN_SHAPE_COSINE 1

/**
 * `1 - sqrt(x)`: fast first, slow at the end.
 */
#define HAIRPIN_SHAPE_SQRT 2

/**
 * `sqrt(1 - x)`: slow first, fast at the end.
 */
#define HAIRPIN_SHAPE_REVERSE_SQRT 3

/**
 * `1 - x^a`, `a` above 0.
 */
#define HAIRPIN_SHAPE_POWER 4

/**
 * `(a^x - a) / (1 - a)`, `a` above 0 and not 1.
 */
#define HAIRPIN_SHAPE_EXPONENTIAL 5

/**
 * `(1 + cos(2 * pi * a * x)) / 2`: `a` full waves, and 0 from the end on.
 */
#define HAIRPIN_SHAPE_CYCLES 6

/**
 * Normal, drawn again where it is not within the limit.
 */
#define HAIRPIN_DISTRIBUTION_NORMAL 0

/**
 * Even between the limits.
 */
#define HAIRPIN_DISTRIBUTION_UNIFORM 1

/**
 * Smaller is better.
 */
#define HAIRPIN_MODE_MIN 0

/**
 * Larger is better.
 */
#define HAIRPIN_MODE_MAX 1

/**
 * A share of the best so far.
 */
#define HAIRPIN_THRESHOLD_REL 0

/**
 * The metric's own unit.
 */
#define HAIRPIN_THRESHOLD_ABS 1

/**
 * A share of the best so far, and `atol` in the metric's own unit beside it.
 */
#define HAIRPIN_THRESHOLD_BOTH 2

/**
 * PaddlePaddle's.
 */
#define HAIRPIN_RULES_PADDLE 0

/**
 * PyTorch's.
 */
#define HAIRPIN_RULES_TORCH 1

/**
 * Keras'.
 */
#define HAIRPIN_RULES_KERAS 2

/**
 * Optax'.
 */
#define HAIRPIN_RULES_OPTAX 3

/**
 * Nothing: it is the best, even NaN or infinity.
 */
#define HAIRPIN_FIRST_LOSS_ACCEPTED 0

/**
 * The worst infinity: NaN and that infinity count as bad.
 */
#define HAIRPIN_FIRST_LOSS_BEATS_INFINITY 1

/**
 * They are not looked at.
 */
#define HAIRPIN_COOLDOWN_IGNORED 0

/**
 * They can become the best, but are not counted as bad.
 */
#define HAIRPIN_COOLDOWN_TRACKED 1

/**
 * As tracked, but the observation that ends the cool-down is counted.
 */
#define HAIRPIN_COOLDOWN_TRACKED_BUT_LAST 2

/**
 * `best -+ best * threshold`
 */
#define HAIRPIN_RELATIVE_MARGIN_DIFFERENCE 0

/**
 * `best * (1 -+ threshold)`
 */
#define HAIRPIN_RELATIVE_MARGIN_PRODUCT 1

/**
 * `loss` against `best -+ threshold`
 */
#define HAIRPIN_ABSOLUTE_MARGIN_ON_BEST 0

/**
 * `loss +- threshold` against `best`
 */
#define HAIRPIN_ABSOLUTE_MARGIN_ON_LOSS 1

/**
 * When more than `patience` bad losses came in a row.
 */
#define HAIRPIN_PATIENCE_GREATER 0

/**
 * When `patience` bad losses came in a row, or one if `patience` is 0.
 */
#define HAIRPIN_PATIENCE_GREATER_EQUAL 1

/**
 * When the count of bad losses is `patience`.
 */
#define HAIRPIN_PATIENCE_EQUAL 2

/**
 * It lowers the rate by more than `epsilon`.
 */
#define HAIRPIN_CUT_GATE_EPSILON 0

/**
 * The rate before it is above `min_lr`, both rounded to float.
 */
#define HAIRPIN_CUT_GATE_ABOVE_MIN 1

/**
 * It lowers the rate.
 */
#define HAIRPIN_CUT_GATE_LOWER 2

/**
 * As after a cut: the count starts again, and a cool-down begins.
 */
#define HAIRPIN_BLOCKED_CUT_STARTS_AGAIN 0

/**
 * Nothing: the count goes on, and the next bad loss tries again.
 */
#define HAIRPIN_BLOCKED_CUT_GOES_ON 1

/**
 * It stays.
 */
#define HAIRPIN_BELOW_MIN_STAYS 0

/**
 * It is raised to `min_lr` at the first observation outside a cool-down.
 */
#define HAIRPIN_BELOW_MIN_RAISED 1

/**
 * Every product and every sum is rounded.
 */
#define HAIRPIN_ROUNDING_SEPARATE 0

/**
 * A product is fused into the sum that follows it, with one rounding.
 */
#define HAIRPIN_ROUNDING_FUSED 1

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What a status means, as a terminated text in English. Any number is understood, one that is no status too.
 */
const char *hairpin_status_text(int32_t status);

/**
 * The version of the library, as a terminated text.
 */
const char *hairpin_version(void);

/**
 * `learning_rate`, for ever.
 */
hairpin_status hairpin_constant(struct hairpin_schedule *out,
                                double learning_rate,
                                struct hairpin_refusal *why);

/**
 * `values[number of boundaries passed]`: one value more than boundaries, of which there are at most 16.
 */
hairpin_status hairpin_piecewise_constant(struct hairpin_schedule *out,
                                          const uint32_t *boundaries,
                                          size_t boundaries_count,
                                          const double *values,
                                          size_t values_count,
                                          hairpin_switch switch_,
                                          struct hairpin_refusal *why);

/**
 * `learning_rate * gamma^(max(t - begin, 0) / decay_steps)`, not beyond `end_lr`, which is NULL for none.
 */
hairpin_status hairpin_exponential(struct hairpin_schedule *out,
                                   double learning_rate,
                                   double gamma,
                                   uint32_t decay_steps,
                                   bool staircase,
                                   uint32_t begin,
                                   const double *end_lr,
                                   struct hairpin_refusal *why);

/**
 * `learning_rate * exp(-gamma * t)`
 */
hairpin_status hairpin_natural_exp(struct hairpin_schedule *out,
                                   double learning_rate,
                                   double gamma,
                                   struct hairpin_refusal *why);

/**
 * `end_lr + (learning_rate - end_lr) * ((T - t) / T)^power`, `T` being `decay_steps`.
 */
hairpin_status hairpin_polynomial(struct hairpin_schedule *out,
                                  double learning_rate,
                                  double end_lr,
                                  uint32_t decay_steps,
                                  double power,
                                  bool cycle,
                                  struct hairpin_refusal *why);

/**
 * `learning_rate * gamma^floor(t / step_size)`
 */
hairpin_status hairpin_step(struct hairpin_schedule *out,
                            double learning_rate,
                            uint32_t step_size,
                            double gamma,
                            struct hairpin_refusal *why);

/**
 * `learning_rate * gamma^(number of milestones m with m <= t)`; there are at most 32.
 */
hairpin_status hairpin_multi_step(struct hairpin_schedule *out,
                                  double learning_rate,
                                  const uint32_t *milestones,
                                  size_t milestones_count,
                                  double gamma,
                                  struct hairpin_refusal *why);

/**
 * `learning_rate / (1 + gamma * t / decay_steps)`, with `staircase` the quotient rounded down.
 */
hairpin_status hairpin_inverse_time(struct hairpin_schedule *out,
                                    double learning_rate,
                                    double gamma,
                                    uint32_t decay_steps,
                                    bool staircase,
                                    struct hairpin_refusal *why);

/**
 * `learning_rate * factor(t)`, `factor` being an expression of `step`, written as in Python: `"0.95 ** step"`.
 */
hairpin_status hairpin_lambda(struct hairpin_schedule *out,
                              double learning_rate,
                              const char *factor,
                              struct hairpin_refusal *why);

/**
 * `learning_rate * factor(t)`, `factor` being a function of the program. Such a schedule cannot be saved.
 */
hairpin_status hairpin_lambda_function(struct hairpin_schedule *out,
                                       double learning_rate,
                                       hairpin_factor factor,
                                       struct hairpin_refusal *why);

/**
 * `eta_min + (learning_rate - eta_min) * (1 + cos(pi * t / t_max)) / 2`; `past` says what follows `t_max`.
 */
hairpin_status hairpin_cosine_annealing(struct hairpin_schedule *out,
                                        double learning_rate,
                                        double eta_min,
                                        uint32_t t_max,
                                        hairpin_past past,
                                        struct hairpin_refusal *why);

/**
 * `learning_rate * d_model^-0.5 * min(t^-0.5, t * warmup_steps^-1.5)`
 */
hairpin_status hairpin_noam(struct hairpin_schedule *out,
                            double learning_rate,
                            uint32_t d_model,
                            uint32_t warmup_steps,
                            struct hairpin_refusal *why);

/**
 * A line from `start_lr` to `end_lr` over `total_steps`, and `end_lr` from then on.
 */
hairpin_status hairpin_linear(struct hairpin_schedule *out,
                              double start_lr,
                              double end_lr,
                              uint32_t total_steps,
                              struct hairpin_refusal *why);

/**
 * `learning_rate * factor` while `t < total_steps`, then `learning_rate`.
 */
hairpin_status hairpin_constant_factor(struct hairpin_schedule *out,
                                       double learning_rate,
                                       double factor,
                                       uint32_t total_steps,
                                       struct hairpin_refusal *why);

/**
 * `learning_rate` times a line from `start_factor` to `end_factor` over `total_steps`.
 */
hairpin_status hairpin_linear_factor(struct hairpin_schedule *out,
                                     double learning_rate,
                                     double start_factor,
                                     double end_factor,
                                     uint32_t total_steps,
                                     struct hairpin_refusal *why);

/**
 * `start_lr * (end_lr / start_lr)^(min(t, total_steps) / total_steps)`
 */
hairpin_status hairpin_geometric(struct hairpin_schedule *out,
                                 double start_lr,
                                 double end_lr,
                                 uint32_t total_steps,
                                 struct hairpin_refusal *why);

/**
 * `learning_rate` times the scales whose boundary is passed: as many scales as boundaries, at most 16.
 */
hairpin_status hairpin_piecewise_scale(struct hairpin_schedule *out,
                                       double learning_rate,
                                       const uint32_t *boundaries,
                                       size_t boundaries_count,
                                       const double *scales,
                                       size_t scales_count,
                                       hairpin_switch switch_,
                                       struct hairpin_refusal *why);

/**
 * `learning_rate` times the scales whose boundary is reached, on a curve in between; at most 16.
 */
hairpin_status hairpin_piecewise_interpolate(struct hairpin_schedule *out,
                                             double learning_rate,
                                             const uint32_t *boundaries,
                                             size_t boundaries_count,
                                             const double *scales,
                                             size_t scales_count,
                                             hairpin_interpolation shape,
                                             struct hairpin_refusal *why);

/**
 * `end_lr + (learning_rate - end_lr) * (1 - min(t / decay_steps, 1)^k)^power`
 */
hairpin_status hairpin_k_decay(struct hairpin_schedule *out,
                               double learning_rate,
                               double end_lr,
                               uint32_t decay_steps,
                               double power,
                               double k,
                               struct hairpin_refusal *why);

/**
 * `eta_min + (learning_rate - eta_min) * ((1 + cos(pi * min(t / decay_steps, 1)^k)) / 2)^exponent`
 */
hairpin_status hairpin_cosine_decay(struct hairpin_schedule *out,
                                    double learning_rate,
                                    double eta_min,
                                    uint32_t decay_steps,
                                    double exponent,
                                    double k,
                                    struct hairpin_refusal *why);

/**
 * `eta_min + (learning_rate - eta_min) * (1 + cos(2 * pi * num_cycles * t / total_steps)) / 2`
 */
hairpin_status hairpin_cosine_cycles(struct hairpin_schedule *out,
                                     double learning_rate,
                                     double eta_min,
                                     uint32_t total_steps,
                                     double num_cycles,
                                     bool hard_restarts,
                                     struct hairpin_refusal *why);

/**
 * Half cosines from `learning_rate * peak_mult^i` down to `eta_min`; cycle `i` takes `t_0 * t_mult^i` steps. `cycle_limit` is 0 for no end.
 */
hairpin_status hairpin_warm_restarts(struct hairpin_schedule *out,
                                     double learning_rate,
                                     double eta_min,
                                     uint32_t t_0,
                                     double t_mult,
                                     double peak_mult,
                                     uint32_t cycle_limit,
                                     double k,
                                     struct hairpin_refusal *why);

/**
 * `learning_rate * (1 + t / timescale)^-power`; a power of 1/2 is the inverse square root.
 */
hairpin_status hairpin_inverse_sqrt(struct hairpin_schedule *out,
                                    double learning_rate,
                                    double timescale,
                                    double power,
                                    struct hairpin_refusal *why);

/**
 * `eta_min + (learning_rate - eta_min) / 2 * (1 - tanh(lb * (1 - x) + ub * x))`, `x` being `t / decay_steps`.
 */
hairpin_status hairpin_tanh(struct hairpin_schedule *out,
                            double learning_rate,
                            double eta_min,
                            uint32_t decay_steps,
                            double lb,
                            double ub,
                            struct hairpin_refusal *why);

/**
 * From `start_lr` to `end_lr` on a curve; `amount` belongs to the shapes that have one, and is NULL for the others.
 */
hairpin_status hairpin_anneal(struct hairpin_schedule *out,
                              double start_lr,
                              double end_lr,
                              uint32_t total_steps,
                              hairpin_shape shape,
                              const double *amount,
                              struct hairpin_refusal *why);

/**
 * `start_lr` to `learning_rate` in `warmup_steps`, held for `stable_steps`, to `end_lr` in `decay_steps`; `amount` as in hairpin_anneal().
 */
hairpin_status hairpin_warmup_stable_decay(struct hairpin_schedule *out,
                                           double learning_rate,
                                           double start_lr,
                                           double end_lr,
                                           uint32_t warmup_steps,
                                           uint32_t stable_steps,
                                           uint32_t decay_steps,
                                           hairpin_shape warmup_shape,
                                           hairpin_shape decay_shape,
                                           const double *amount,
                                           struct hairpin_refusal *why);

/**
 * `start_lr` to `learning_rate` at `pct_start` of `total_steps`, then to `end_lr`; by way of `start_lr` at `pct_final` unless that is NULL.
 */
hairpin_status hairpin_one_cycle(struct hairpin_schedule *out,
                                 double learning_rate,
                                 double start_lr,
                                 double end_lr,
                                 uint32_t total_steps,
                                 double pct_start,
                                 const double *pct_final,
                                 hairpin_interpolation shape,
                                 hairpin_edges edges,
                                 struct hairpin_refusal *why);

/**
 * Triangles from `learning_rate` up to `max_lr` and back; `gamma` is 1 but with HAIRPIN_CYCLIC_EXP_RANGE.
 */
hairpin_status hairpin_cyclic(struct hairpin_schedule *out,
                              double learning_rate,
                              double max_lr,
                              uint32_t step_size_up,
                              uint32_t step_size_down,
                              hairpin_cyclic_mode mode,
                              double gamma,
                              struct hairpin_refusal *why);

/**
 * `learning_rate * factor(1) * ... * factor(t)`, `factor` as in hairpin_lambda(). It is walked step by step and has a state.
 */
hairpin_status hairpin_multiplicative(struct hairpin_schedule *out,
                                      double learning_rate,
                                      const char *factor,
                                      struct hairpin_refusal *why);

/**
 * `learning_rate * factor(1) * ... * factor(t)`, `factor` as in hairpin_lambda_function().
 */
hairpin_status hairpin_multiplicative_function(struct hairpin_schedule *out,
                                               double learning_rate,
                                               hairpin_factor factor,
                                               struct hairpin_refusal *why);

/**
 * The parameters that PaddlePaddle's ReduceOnPlateau has unless told otherwise, and its rules.
 */
struct hairpin_plateau_config hairpin_plateau_defaults(double learning_rate);

/**
 * `learning_rate`, times `factor` whenever the loss stops improving. It has a state.
 */
hairpin_status hairpin_reduce_on_plateau(struct hairpin_schedule *out,
                                         const struct hairpin_plateau_config *config,
                                         struct hairpin_refusal *why);

/**
 * The parameters that GreedyLR of Transformers has unless told otherwise.
 */
struct hairpin_greedy_config hairpin_greedy_defaults(double learning_rate);

/**
 * Times `factor` when losses get worse, divided by it when they get better. It has a state.
 */
hairpin_status hairpin_greedy(struct hairpin_schedule *out,
                              const struct hairpin_greedy_config *config,
                              struct hairpin_refusal *why);

/**
 * A line from `start_lr` to `end_lr` over `warmup_steps`, then `after` from its step 0 on.
 */
hairpin_status hairpin_linear_warmup(struct hairpin_schedule *out,
                                     uint32_t warmup_steps,
                                     double start_lr,
                                     double end_lr,
                                     const struct hairpin_schedule *after,
                                     struct hairpin_refusal *why);

/**
 * One schedule after another. (A warm-up on a curve is hairpin_anneal() in front of the schedule it leads to.)
 */
hairpin_status hairpin_sequential(struct hairpin_schedule *out,
                                  const struct hairpin_part *parts,
                                  size_t part_count,
                                  struct hairpin_refusal *why);

/**
 * The product of the rates of several schedules.
 */
hairpin_status hairpin_product(struct hairpin_schedule *out,
                               const struct hairpin_schedule *const *schedules,
                               size_t schedule_count,
                               struct hairpin_refusal *why);

/**
 * The sum of the rates of several schedules.
 */
hairpin_status hairpin_sum(struct hairpin_schedule *out,
                           const struct hairpin_schedule *const *schedules,
                           size_t schedule_count,
                           struct hairpin_refusal *why);

/**
 * The mean of the rates of several schedules.
 */
hairpin_status hairpin_average(struct hairpin_schedule *out,
                               const struct hairpin_schedule *const *schedules,
                               size_t schedule_count,
                               struct hairpin_refusal *why);

/**
 * `factor * schedule(t)`: a layer's or a group's multiple.
 */
hairpin_status hairpin_scale(struct hairpin_schedule *out,
                             double factor,
                             const struct hairpin_schedule *schedule,
                             struct hairpin_refusal *why);

/**
 * `schedule(t)`, no lower than `min_lr` and no higher than `max_lr`; `-INFINITY` and `INFINITY` are no limits.
 */
hairpin_status hairpin_clamp(struct hairpin_schedule *out,
                             double min_lr,
                             double max_lr,
                             const struct hairpin_schedule *schedule,
                             struct hairpin_refusal *why);

/**
 * `schedule(t mod period)`
 */
hairpin_status hairpin_repeat(struct hairpin_schedule *out,
                              uint32_t period,
                              const struct hairpin_schedule *schedule,
                              struct hairpin_refusal *why);

/**
 * `(1 + e) * schedule(t)` for `begin <= t < end`, with `|e|` below `amount`, drawn from `seed` and the step; `end` is NULL for none, and
 * `std` the deviation of a normal `e` before the limit.
 */
hairpin_status hairpin_noise(struct hairpin_schedule *out,
                             double amount,
                             double std,
                             hairpin_distribution distribution,
                             uint32_t begin,
                             const uint32_t *end,
                             uint32_t seed,
                             const struct hairpin_schedule *schedule,
                             struct hairpin_refusal *why);

/**
 * The rate of a schedule at a step, for every step there is. One that has a state answers HAIRPIN_NEEDS_STATE.
 */
hairpin_status hairpin_schedule_lr(const struct hairpin_schedule *schedule,
                                   uint32_t step,
                                   float *lr);

/**
 * Whether a schedule has a state, because it reacts to losses or is walked step by step.
 */
hairpin_status hairpin_schedule_has_state(const struct hairpin_schedule *schedule, bool *has_state);

/**
 * Makes the state of a schedule that has one, before any loss.
 */
hairpin_status hairpin_schedule_start(const struct hairpin_schedule *schedule,
                                      struct hairpin_schedule_state *state);

/**
 * Takes notice of the loss seen at a step. NaN and infinities are data. `observed` says what it led to, and may be NULL.
 */
hairpin_status hairpin_schedule_observe(const struct hairpin_schedule *schedule,
                                        struct hairpin_schedule_state *state,
                                        uint32_t step,
                                        double loss,
                                        hairpin_observed *observed);

/**
 * The rate at a step of a schedule that has a state, after the losses observed so far.
 */
hairpin_status hairpin_schedule_lr_after(const struct hairpin_schedule *schedule,
                                         const struct hairpin_schedule_state *state,
                                         uint32_t step,
                                         float *lr);

/**
 * How many bytes a schedule takes when it is saved.
 */
hairpin_status hairpin_schedule_bytes(const struct hairpin_schedule *schedule, size_t *length);

/**
 * Writes a schedule to the front of `bytes`, of which there are `capacity`, and how many it took to `written`.
 */
hairpin_status hairpin_schedule_save(const struct hairpin_schedule *schedule,
                                     uint8_t *bytes,
                                     size_t capacity,
                                     size_t *written);

/**
 * Makes the schedule that was saved as these bytes: by this function's counterpart, by Rust, or by `hairpin export`.
 */
hairpin_status hairpin_schedule_load(struct hairpin_schedule *out,
                                     const uint8_t *bytes,
                                     size_t length,
                                     struct hairpin_refusal *why);

/**
 * Writes a state to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SCHEDULE_STATE_BYTES.
 */
hairpin_status hairpin_schedule_state_save(const struct hairpin_schedule_state *state,
                                           uint8_t *bytes,
                                           size_t capacity,
                                           size_t *written);

/**
 * Makes the state that was saved as these bytes. Whether it is one of a schedule shows when the two meet.
 */
hairpin_status hairpin_schedule_state_load(struct hairpin_schedule_state *out,
                                           const uint8_t *bytes,
                                           size_t length,
                                           struct hairpin_refusal *why);

/**
 * Plain gradient descent: no momentum, no weight decay, a gradient scale of 1, every product and every sum rounded.
 */
struct hairpin_sgd_config hairpin_sgd_defaults(void);

/**
 * Makes an update from its hyperparameters.
 */
hairpin_status hairpin_sgd_init(struct hairpin_sgd *out,
                                const struct hairpin_sgd_config *config,
                                struct hairpin_refusal *why);

/**
 * Makes the update of a group of parameters with a weight decay of its own, at `lr_multiplier` times the schedule's rate. `out` may be `sgd`.
 */
hairpin_status hairpin_sgd_group(struct hairpin_sgd *out,
                                 const struct hairpin_sgd *sgd,
                                 double lr_multiplier,
                                 double weight_decay,
                                 struct hairpin_refusal *why);

/**
 * Makes the update with the momentum of a step, where a schedule gives one beside the rate. `out` may be `sgd`.
 */
hairpin_status hairpin_sgd_at_momentum(struct hairpin_sgd *out,
                                       const struct hairpin_sgd *sgd,
                                       float momentum,
                                       struct hairpin_refusal *why);

/**
 * Makes the state of an update whose first step is still to come.
 */
hairpin_status hairpin_sgd_start(struct hairpin_sgd_state *state);

/**
 * Whether an update has a velocity, because it has a momentum.
 */
hairpin_status hairpin_sgd_has_velocity(const struct hairpin_sgd *sgd, bool *has_velocity);

/**
 * Applies one update at the rate `lr` to `count` parameters.
 *
 * `grads` and, with momentum, `velocity` have as many elements; without momentum `velocity` is NULL. What the velocity holds before the
 * first step does not matter. The three areas must not overlap, nor lie in `sgd` or `state`.
 */
hairpin_status hairpin_sgd_step(const struct hairpin_sgd *sgd,
                                struct hairpin_sgd_state *state,
                                float lr,
                                float *params,
                                const float *grads,
                                float *velocity,
                                size_t count);

/**
 * Writes an update to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SGD_BYTES.
 */
hairpin_status hairpin_sgd_save(const struct hairpin_sgd *sgd,
                                uint8_t *bytes,
                                size_t capacity,
                                size_t *written);

/**
 * Makes the update that was saved as these bytes.
 */
hairpin_status hairpin_sgd_load(struct hairpin_sgd *out,
                                const uint8_t *bytes,
                                size_t length,
                                struct hairpin_refusal *why);

/**
 * Writes a state to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SGD_STATE_BYTES.
 */
hairpin_status hairpin_sgd_state_save(const struct hairpin_sgd_state *state,
                                      uint8_t *bytes,
                                      size_t capacity,
                                      size_t *written);

/**
 * Makes the state that was saved as these bytes.
 */
hairpin_status hairpin_sgd_state_load(struct hairpin_sgd_state *out,
                                      const uint8_t *bytes,
                                      size_t length,
                                      struct hairpin_refusal *why);

/**
 * Writes the next step to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_POSITION_BYTES.
 */
hairpin_status hairpin_position_save(uint32_t step,
                                     uint8_t *bytes,
                                     size_t capacity,
                                     size_t *written);

/**
 * Reads the next step from the bytes it was saved as.
 */
hairpin_status hairpin_position_load(uint32_t *step,
                                     const uint8_t *bytes,
                                     size_t length,
                                     struct hairpin_refusal *why);

/**
 * Finds the records of a trial at the front of `bytes`, under one checksum. Nothing is copied: they are in force as long as the bytes are.
 */
hairpin_status hairpin_recipe_find(struct hairpin_recipe *out,
                                   const uint8_t *bytes,
                                   size_t length,
                                   struct hairpin_refusal *why);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HAIRPIN_H */
