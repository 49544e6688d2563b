/* What a program in C gets from hairpin.h: a line for every rate, update and record, in bits, and for everything that is refused its code.
 *
 * The same on a desktop and on a chip. It allocates nothing, and writes with nothing but `emit`.
 */
#include "hairpin.h"
#ifdef __arm__
#include "../firmware/c/libc.h"
#include "../firmware/c/stack.h"
#endif
#include "output.h"

#include <math.h>
#include <string.h>

/* Where a list has to be as long as it says. */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const uint32_t steps[] = {
    0, 1, 2, 5, 9, 10, 11, 29, 30, 31, 50, 60, 89, 90, 91, 99, 100, 101, 1000, 65535, 1000000, 4294967295u,
};

static hairpin_schedule schedule;
static hairpin_schedule_state state;
static hairpin_refusal why;
static uint8_t bytes[1024];

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    /* A NaN is a NaN: its payload is not promised. */
    return value != value ? 0x7fc00000u : bits;
}

#ifdef __arm__
/* How much stack calls take at most, by what they do. */
static struct {
    uint32_t make, rate, save, load, observe, update;
} deepest;

static hairpin_status deeper(uint32_t *worst, hairpin_status status)
{
    uint32_t depth = stack_depth();
    if (depth > *worst)
        *worst = depth;
    return status;
}

static void put_depth(const char *name, uint32_t depth)
{
    put("stack ");
    put(name);
    put(" ");
    put_number(depth);
    put("\n");
}

/* The arguments of a call are evaluated before it, and after what stands left of a comma. */
#define MEASURED(what, call) (stack_paint(), deeper(&deepest.what, (call)))
#else
#define MEASURED(what, call) (call)
#endif

static void put_text(hairpin_text text)
{
    emit(text.start, text.length);
}

static void put_bytes(size_t length)
{
    size_t i;
    put(" ");
    for (i = 0; i < length; i++)
        put_hex(bytes[i], 2);
    put("\n");
}

static void refused(hairpin_status status)
{
    put("status ");
    put_number((uint32_t)status);
    put(" ");
    put(hairpin_status_text(status));
    put("\n");
}

/* The rates of `schedule`, and again of what comes back from its bytes. */
static void rates_and_bytes(const char *name)
{
    size_t i, length = 0, told = 0;
    float lr;
    hairpin_schedule again;
    hairpin_status status;

    put("rates ");
    put(name);
    for (i = 0; i < COUNT(steps); i++) {
        lr = -1.0f;
        status = MEASURED(rate, hairpin_schedule_lr(&schedule, steps[i], &lr));
        put(" ");
        if (status == HAIRPIN_OK)
            put_hex(float_bits(lr), 8);
        else
            put_number((uint32_t)status);
    }
    put("\n");

    put("bytes ");
    put(name);
    status = MEASURED(save, hairpin_schedule_save(&schedule, bytes, sizeof bytes, &length));
    if (status != HAIRPIN_OK) {
        put(" ");
        put_number((uint32_t)status);
        put("\n");
        return;
    }
    put_bytes(length);
    if (hairpin_schedule_bytes(&schedule, &told) != HAIRPIN_OK || told != length)
        put("FAILED: another length is told\n");
    status = MEASURED(load, hairpin_schedule_load(&again, bytes, length, &why));
    if (status != HAIRPIN_OK)
        refused(status);
    for (i = 0; i < COUNT(steps); i++) {
        float first = -1.0f, second = -1.0f;
        hairpin_schedule_lr(&schedule, steps[i], &first);
        hairpin_schedule_lr(&again, steps[i], &second);
        if (float_bits(first) != float_bits(second))
            put("FAILED: other rates from its bytes\n");
    }
}

/* Makes `schedule` and tells about it. */
#define SHOW(name, call) \
    do { \
        hairpin_status made = MEASURED(make, call); \
        if (made == HAIRPIN_OK) \
            rates_and_bytes(name); \
        else { \
            put("FAILED: " name " "); \
            refused(made); \
        } \
    } while (0)

static double third(uint32_t step)
{
    return 1.0 / (3.0 + (double)step);
}

static void kinds(void)
{
    static const uint32_t at[] = {10, 30, 100};
    static const double values[] = {1.0, 0.5, 0.1, 0.01};
    static const double scales[] = {0.5, 3.0, 0.1};
    const double floor_lr = 1e-3, amount = 2.0, pct_final = 0.8;

    SHOW("constant", hairpin_constant(&schedule, 0.1, &why));
    SHOW("piecewise_constant", hairpin_piecewise_constant(&schedule, at, COUNT(at), values, COUNT(values),
                                                           HAIRPIN_SWITCH_AFTER, &why));
    SHOW("exponential", hairpin_exponential(&schedule, 0.1, 0.95, 1, false, 0, NULL, &why));
    SHOW("exponential_to_end", hairpin_exponential(&schedule, 0.1, 0.5, 10, true, 5, &floor_lr, &why));
    SHOW("natural_exp", hairpin_natural_exp(&schedule, 0.1, 0.01, &why));
    SHOW("polynomial", hairpin_polynomial(&schedule, 0.1, 1e-4, 30, 1.7, true, &why));
    SHOW("step", hairpin_step(&schedule, 0.1, 30, 0.1, &why));
    SHOW("multi_step", hairpin_multi_step(&schedule, 0.1, at, COUNT(at), 0.1, &why));
    SHOW("inverse_time", hairpin_inverse_time(&schedule, 0.1, 0.5, 10, false, &why));
    SHOW("lambda", hairpin_lambda(&schedule, 0.5, "lambda epoch: 0.95 ** epoch if epoch < 60 else 1_0.5e-3", &why));
    SHOW("lambda_of_functions", hairpin_lambda(&schedule, 0.5, "(1 + cos(epoch)) ** 1.5 + exp(-epoch)", &why));
    SHOW("lambda_function", hairpin_lambda_function(&schedule, 0.5, third, &why));
    SHOW("cosine_annealing", hairpin_cosine_annealing(&schedule, 0.1, 1e-3, 90, HAIRPIN_PAST_PERIODIC, &why));
    SHOW("noam", hairpin_noam(&schedule, 1.0, 512, 30, &why));
    SHOW("linear", hairpin_linear(&schedule, 0.1, 0.01, 90, &why));
    SHOW("constant_factor", hairpin_constant_factor(&schedule, 0.1, 0.25, 10, &why));
    SHOW("linear_factor", hairpin_linear_factor(&schedule, 0.1, 0.25, 1.0, 30, &why));
    SHOW("geometric", hairpin_geometric(&schedule, 1e-5, 1.0, 90, &why));
    SHOW("piecewise_scale", hairpin_piecewise_scale(&schedule, 0.1, at, COUNT(at), scales, COUNT(scales),
                                                     HAIRPIN_SWITCH_AT, &why));
    SHOW("piecewise_scale_without", hairpin_piecewise_scale(&schedule, 0.1, NULL, 0, NULL, 0, HAIRPIN_SWITCH_AT, &why));
    SHOW("piecewise_interpolate", hairpin_piecewise_interpolate(&schedule, 0.1, at, COUNT(at), scales, COUNT(scales),
                                                                 HAIRPIN_INTERPOLATION_COSINE, &why));
    SHOW("k_decay", hairpin_k_decay(&schedule, 0.1, 1e-4, 90, 1.5, 2.0, &why));
    SHOW("cosine_decay", hairpin_cosine_decay(&schedule, 0.1, 1e-4, 90, 1.5, 0.7, &why));
    SHOW("cosine_cycles", hairpin_cosine_cycles(&schedule, 0.1, 1e-4, 100, 2.5, true, &why));
    SHOW("warm_restarts", hairpin_warm_restarts(&schedule, 0.1, 1e-4, 10, 1.5, 0.8, 0, 1.0, &why));
    SHOW("inverse_sqrt", hairpin_inverse_sqrt(&schedule, 0.1, 30.0, 0.5, &why));
    SHOW("tanh", hairpin_tanh(&schedule, 0.1, 1e-4, 90, -6.0, 4.0, &why));
    SHOW("anneal", hairpin_anneal(&schedule, 0.1, 1e-4, 90, HAIRPIN_SHAPE_POWER, &amount, &why));
    SHOW("anneal_sqrt", hairpin_anneal(&schedule, 0.1, 1e-4, 90, HAIRPIN_SHAPE_SQRT, NULL, &why));
    SHOW("warmup_stable_decay", hairpin_warmup_stable_decay(&schedule, 0.1, 0.0, 1e-4, 10, 50, 30, HAIRPIN_SHAPE_LINEAR,
                                                             HAIRPIN_SHAPE_COSINE, NULL, &why));
    SHOW("one_cycle", hairpin_one_cycle(&schedule, 0.1, 4e-3, 1e-5, 100, 0.3, NULL, HAIRPIN_INTERPOLATION_COSINE,
                                         HAIRPIN_EDGES_LAST_STEP, &why));
    SHOW("one_cycle_in_three", hairpin_one_cycle(&schedule, 0.1, 4e-3, 1e-5, 100, 0.3, &pct_final,
                                                  HAIRPIN_INTERPOLATION_LINEAR, HAIRPIN_EDGES_FLOORED, &why));
    SHOW("cyclic", hairpin_cyclic(&schedule, 0.01, 0.1, 20, 30, HAIRPIN_CYCLIC_EXP_RANGE, 0.99, &why));
}

static void compositions(void)
{
    hairpin_schedule cosine, step, halved;
    hairpin_part parts[2];
    const hairpin_schedule *both[2];
    const uint32_t end = 60;

    hairpin_cosine_annealing(&cosine, 0.1, 0.001, 90, HAIRPIN_PAST_HOLD, &why);
    hairpin_step(&step, 1.0, 30, 0.5, &why);
    SHOW("linear_warmup", hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, &cosine, &why));

    parts[0].from = 0;
    parts[0].clock = 1;
    parts[0].schedule = &step;
    parts[1].from = 50;
    parts[1].clock = 50;
    parts[1].schedule = &cosine;
    SHOW("sequential", hairpin_sequential(&schedule, parts, 2, &why));

    both[0] = &cosine;
    both[1] = &step;
    SHOW("product", hairpin_product(&schedule, both, 2, &why));
    SHOW("sum", hairpin_sum(&schedule, both, 2, &why));
    SHOW("average", hairpin_average(&schedule, both, 2, &why));
    SHOW("scale", hairpin_scale(&schedule, 0.3, &cosine, &why));
    SHOW("clamp", hairpin_clamp(&schedule, -INFINITY, 0.05, &cosine, &why));
    SHOW("repeat", hairpin_repeat(&schedule, 30, &cosine, &why));
    SHOW("noise", hairpin_noise(&schedule, 0.67, 1.0, HAIRPIN_DISTRIBUTION_NORMAL, 10, &end, 42, &cosine, &why));
    SHOW("noise_without_end", hairpin_noise(&schedule, 0.1, 1.0, HAIRPIN_DISTRIBUTION_UNIFORM, 0, NULL, 42, &cosine, &why));

    /* The part may be what is made, and a copy is as good as the original. */
    hairpin_constant(&schedule, 0.1, &why);
    SHOW("in_place", hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, &schedule, &why));
    halved = schedule;
    memset(&schedule, 0, sizeof schedule);
    SHOW("copied", hairpin_scale(&schedule, 0.5, &halved, &why));
}

/* A schedule that reacts to losses: after each, what it led to and the rate; half way through from saved bytes. */
static void reacting(const char *name)
{
    static const double losses[] = {3.0, 2.0, 2.5, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.125};
    size_t i, written = 0;
    bool has_state = false;
    hairpin_status status = MEASURED(make, hairpin_schedule_start(&schedule, &state));

    put("losses ");
    put(name);
    for (i = 0; status == HAIRPIN_OK && i < COUNT(losses); i++) {
        hairpin_observed observed = HAIRPIN_OBSERVED_OTHER;
        float lr = -1.0f;
        double loss = i == 7 ? NAN : i == 9 ? INFINITY : losses[i];
        status = MEASURED(observe, hairpin_schedule_observe(&schedule, &state, (uint32_t)i, loss, &observed));
        if (status == HAIRPIN_OK)
            status = MEASURED(rate, hairpin_schedule_lr_after(&schedule, &state, (uint32_t)i + 1, &lr));
        put(" ");
        put_number((uint32_t)observed);
        put(":");
        put_hex(float_bits(lr), 8);
        if (i == 6 && status == HAIRPIN_OK) {
            status = MEASURED(save, hairpin_schedule_state_save(&state, bytes, HAIRPIN_SCHEDULE_STATE_BYTES, &written));
            memset(&state, 0xa5, sizeof state);
            if (status == HAIRPIN_OK)
                status = MEASURED(load, hairpin_schedule_state_load(&state, bytes, written, &why));
        }
    }
    put("\n");
    if (status != HAIRPIN_OK)
        refused(status);
    put("state ");
    put(name);
    hairpin_schedule_state_save(&state, bytes, sizeof bytes, &written);
    put_bytes(written);
    if (hairpin_schedule_has_state(&schedule, &has_state) != HAIRPIN_OK || !has_state)
        put("FAILED: it has a state\n");
}

static void feedback(void)
{
    hairpin_plateau_config plateau = hairpin_plateau_defaults(0.1);
    hairpin_greedy_config greedy = hairpin_greedy_defaults(0.1);

    SHOW("reduce_on_plateau_defaults", hairpin_reduce_on_plateau(&schedule, &plateau, &why));
    SHOW("greedy_defaults", hairpin_greedy(&schedule, &greedy, &why));

    plateau.factor = 0.5;
    plateau.patience = 1;
    plateau.rules = HAIRPIN_RULES_TORCH;
    plateau.patience_rule = HAIRPIN_PATIENCE_GREATER_EQUAL;
    plateau.cooldown = 1;
    SHOW("reduce_on_plateau", hairpin_reduce_on_plateau(&schedule, &plateau, &why));
    reacting("reduce_on_plateau");

    greedy.patience = 0;
    greedy.smooth = 1;
    greedy.window_size = 3;
    greedy.threshold_mode = HAIRPIN_THRESHOLD_REL;
    SHOW("greedy", hairpin_greedy(&schedule, &greedy, &why));
    reacting("greedy");

    hairpin_multiplicative(&schedule, 0.8, "0.5 if epoch % 2 else 1", &why);
    SHOW("multiplicative", hairpin_scale(&schedule, 0.5, &schedule, &why));
    reacting("multiplicative");
    SHOW("multiplicative_function", hairpin_multiplicative_function(&schedule, 0.8, third, &why));
    reacting("multiplicative_function");

    hairpin_reduce_on_plateau(&schedule, &plateau, &why);
    SHOW("plateau_after_warmup", hairpin_linear_warmup(&schedule, 3, 0.0, 0.1, &schedule, &why));
    reacting("plateau_after_warmup");
}

/* Five updates of parameters with subnormals, infinities and NaN; the third with another momentum, the state from saved bytes. */
static void updates(const char *name, const hairpin_sgd_config *config)
{
    float params[] = {1.0f, -2.0f, 1e-40f, -3.4e38f, 0.0f, INFINITY, 0.1f};
    const float grads[] = {0.5f, 1e-45f, 1e-38f, -3.4e38f, -0.0f, 1.0f, NAN};
    float velocity[COUNT(params)] = {9.0f, 9.0f, 9.0f, 9.0f, 9.0f, 9.0f, 9.0f};
    hairpin_sgd sgd, group, now;
    hairpin_sgd_state sgd_state;
    size_t i, written = 0;
    uint32_t step;
    bool has_velocity = false;
    hairpin_status status = hairpin_sgd_init(&sgd, config, &why);

    if (status == HAIRPIN_OK)
        status = hairpin_sgd_group(&group, &sgd, 0.3, 0.01, &why);
    if (status == HAIRPIN_OK)
        status = hairpin_sgd_has_velocity(&group, &has_velocity);
    hairpin_sgd_start(&sgd_state);
    for (step = 0; status == HAIRPIN_OK && step < 5; step++) {
        now = group;
        if (step == 2 && has_velocity)
            status = hairpin_sgd_at_momentum(&now, &group, 0.85f, &why);
        if (status == HAIRPIN_OK)
            status = MEASURED(update, hairpin_sgd_step(&now, &sgd_state, 0.1f / (float)(step + 1), params, grads,
                                                       has_velocity ? velocity : NULL, COUNT(params)));
        hairpin_sgd_state_save(&sgd_state, bytes, HAIRPIN_SGD_STATE_BYTES, &written);
        memset(&sgd_state, 0xa5, sizeof sgd_state);
        if (status == HAIRPIN_OK)
            status = hairpin_sgd_state_load(&sgd_state, bytes, written, &why);
    }
    if (status != HAIRPIN_OK) {
        put("FAILED: ");
        refused(status);
    }
    put("updates ");
    put(name);
    for (i = 0; i < COUNT(params); i++) {
        put(" ");
        put_hex(float_bits(params[i]), 8);
        put(":");
        put_hex(float_bits(velocity[i]), 8);
    }
    put("\nbytes ");
    put(name);
    hairpin_sgd_save(&group, bytes, HAIRPIN_SGD_BYTES, &written);
    put_bytes(written);
    if (hairpin_sgd_load(&sgd, bytes, written, &why) != HAIRPIN_OK)
        refused(why.status);
    hairpin_sgd_save(&sgd, bytes + 512, HAIRPIN_SGD_BYTES, &written);
    if (memcmp(bytes, bytes + 512, HAIRPIN_SGD_BYTES) != 0)
        put("FAILED: another update from its bytes\n");
}

static void sgd(void)
{
    hairpin_sgd_config config = hairpin_sgd_defaults();

    updates("plain", &config);
    config.rounding = HAIRPIN_ROUNDING_FUSED;
    updates("plain_fused", &config);
    config.momentum = 0.9;
    config.dampening = 0.1;
    config.gradient_scale = 0.5;
    updates("momentum_fused", &config);
    config.rounding = HAIRPIN_ROUNDING_SEPARATE;
    updates("momentum", &config);
    config.dampening = 0.0;
    config.nesterov = 1;
    config.weight_decay = 1e-4;
    updates("nesterov", &config);
}

/* Something that has to be refused, and to leave `watched` as it was. */
#define REFUSE(name, watched, call) \
    do { \
        unsigned char before[sizeof(watched)]; \
        hairpin_status found; \
        memset(&why, 0, sizeof why); \
        memcpy(before, &(watched), sizeof(watched)); \
        found = (call); \
        put("refused " name " "); \
        put_number((uint32_t)found); \
        if (why.status != HAIRPIN_OK) { \
            put(" "); \
            put_text(why.field); \
            put(" ["); \
            put_text(why.expected); \
            put("] "); \
            put_number((uint32_t)why.index); \
            put(" "); \
            put_number((uint32_t)why.limit); \
            put(" "); \
            put_number((uint32_t)why.found); \
            if (why.status != found) \
                put(" FAILED: another status in the refusal"); \
        } \
        if (memcmp(before, &(watched), sizeof(watched)) != 0) \
            put(" FAILED: something was changed"); \
        put("\n"); \
    } while (0)

static void bad_parameters(void)
{
    static const uint32_t falling[] = {10, 30, 20};
    static const double values[] = {1.0, 0.5, 0.1, 0.01};
    uint32_t many[17];
    double many_values[18];
    const double not_a_number = NAN;
    hairpin_plateau_config plateau = hairpin_plateau_defaults(0.1);
    hairpin_greedy_config greedy = hairpin_greedy_defaults(0.1);
    hairpin_sgd_config config = hairpin_sgd_defaults();
    hairpin_sgd sgd;
    size_t i;

    for (i = 0; i < COUNT(many); i++) {
        many[i] = 10 * (uint32_t)i;
        many_values[i] = 0.1;
    }
    many_values[17] = 0.1;
    memset(&sgd, 0, sizeof sgd);
    hairpin_constant(&schedule, 0.25, NULL);
    REFUSE("nan", schedule, hairpin_constant(&schedule, NAN, &why));
    REFUSE("infinite", schedule, hairpin_linear(&schedule, 0.1, INFINITY, 10, &why));
    REFUSE("out_of_range", schedule, hairpin_inverse_sqrt(&schedule, 0.1, 0.0, 0.5, &why));
    REFUSE("zero_length", schedule, hairpin_step(&schedule, 0.1, 0, 0.1, &why));
    REFUSE("not_increasing", schedule, hairpin_multi_step(&schedule, 0.1, falling, COUNT(falling), 0.1, &why));
    REFUSE("wrong_count", schedule, hairpin_piecewise_constant(&schedule, falling, 2, values, 2, HAIRPIN_SWITCH_AT, &why));
    REFUSE("empty_list", schedule, hairpin_piecewise_constant(&schedule, NULL, 0, values, 1, HAIRPIN_SWITCH_AT, &why));
    REFUSE("too_many", schedule, hairpin_piecewise_constant(&schedule, many, 17, many_values, 18, HAIRPIN_SWITCH_AT, &why));
    REFUSE("conflict", schedule, hairpin_geometric(&schedule, 0.1, -0.1, 10, &why));
    REFUSE("no_such_word", schedule, hairpin_cosine_annealing(&schedule, 0.1, 0.0, 10, 3, &why));
    REFUSE("negative_word", schedule, hairpin_cosine_annealing(&schedule, 0.1, 0.0, 10, -1, &why));
    REFUSE("optional_nan", schedule, hairpin_exponential(&schedule, 0.1, 0.9, 1, false, 0, &not_a_number, &why));
    REFUSE("expression", schedule, hairpin_lambda(&schedule, 0.1, "0.95 ** stp", &why));
    REFUSE("empty_expression", schedule, hairpin_lambda(&schedule, 0.1, "", &why));
    REFUSE("not_utf8", schedule, hairpin_lambda(&schedule, 0.1, "1 + \xff", &why));
    plateau.factor = 1.0;
    REFUSE("plateau_factor", schedule, hairpin_reduce_on_plateau(&schedule, &plateau, &why));
    plateau.factor = 0.5;
    plateau.cut_gate = 7;
    REFUSE("plateau_word", schedule, hairpin_reduce_on_plateau(&schedule, &plateau, &why));
    greedy.smooth = 7;
    REFUSE("greedy_flag", schedule, hairpin_greedy(&schedule, &greedy, &why));
    greedy.smooth = 1;
    greedy.window_size = 51;
    REFUSE("greedy_window", schedule, hairpin_greedy(&schedule, &greedy, &why));
    config.momentum = -0.5;
    REFUSE("momentum", sgd, hairpin_sgd_init(&sgd, &config, &why));
    config.momentum = 0.0;
    config.nesterov = 1;
    REFUSE("nesterov", sgd, hairpin_sgd_init(&sgd, &config, &why));
    config.nesterov = 2;
    REFUSE("nesterov_flag", sgd, hairpin_sgd_init(&sgd, &config, &why));
    config.nesterov = 0;
    config.rounding = 2;
    REFUSE("rounding", sgd, hairpin_sgd_init(&sgd, &config, &why));
    config.rounding = HAIRPIN_ROUNDING_SEPARATE;
    hairpin_sgd_init(&sgd, &config, &why);
    REFUSE("at_momentum", sgd, hairpin_sgd_at_momentum(&sgd, &sgd, 0.5f, &why));
    REFUSE("group", sgd, hairpin_sgd_group(&sgd, &sgd, NAN, 0.0, &why));
}

static void bad_compositions(void)
{
    hairpin_schedule part, reacts, nothing;
    const hairpin_schedule *several[5];
    hairpin_part parts[5];
    hairpin_plateau_config plateau = hairpin_plateau_defaults(0.1);
    size_t i;

    memset(&nothing, 0, sizeof nothing);
    hairpin_constant(&part, 0.5, NULL);
    hairpin_reduce_on_plateau(&reacts, &plateau, NULL);
    for (i = 0; i < 5; i++) {
        several[i] = &part;
        parts[i].from = 10 * (uint32_t)i;
        parts[i].clock = 0;
        parts[i].schedule = &part;
    }
    hairpin_constant(&schedule, 0.25, NULL);
    REFUSE("warmup_of_nothing", schedule, hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, &nothing, &why));
    REFUSE("warmup_of_null", schedule, hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, NULL, &why));
    REFUSE("warmup_without_steps", schedule, hairpin_linear_warmup(&schedule, 0, 0.0, 0.1, &part, &why));
    REFUSE("four_parts", schedule, hairpin_sum(&schedule, several, 4, &why));
    REFUSE("five_parts", schedule, hairpin_sum(&schedule, several, 5, &why));
    REFUSE("no_parts", schedule, hairpin_sum(&schedule, several, 0, &why));
    REFUSE("null_parts", schedule, hairpin_sum(&schedule, NULL, 2, &why));
    REFUSE("five_in_sequence", schedule, hairpin_sequential(&schedule, parts, 5, &why));
    parts[1].from = 0;
    REFUSE("at_once", schedule, hairpin_sequential(&schedule, parts, 2, &why));
    several[0] = several[1] = &reacts;
    REFUSE("two_that_react", schedule, hairpin_product(&schedule, several, 2, &why));
    several[1] = NULL;
    REFUSE("a_part_is_null", schedule, hairpin_product(&schedule, several, 2, &why));
    REFUSE("limits_crossed", schedule, hairpin_clamp(&schedule, 1.0, 0.0, &part, &why));
    REFUSE("scale_nan", schedule, hairpin_scale(&schedule, NAN, &part, &why));
    REFUSE("no_period", schedule, hairpin_repeat(&schedule, 0, &part, &why));
    REFUSE("no_distribution", schedule, hairpin_noise(&schedule, 0.1, 1.0, 2, 0, NULL, 1, &part, &why));
    REFUSE("noise_std", schedule, hairpin_noise(&schedule, 0.1, 0.0, 0, 0, NULL, 1, &part, &why));
}

static void bad_bytes(void)
{
    static const uint8_t erased[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    size_t length = 0, written = 0, cut;
    uint32_t step = 7;
    int differing = 0;

    hairpin_cosine_annealing(&schedule, 0.1, 0.0, 90, HAIRPIN_PAST_HOLD, NULL);
    hairpin_schedule_save(&schedule, bytes, sizeof bytes, &length);
    hairpin_constant(&schedule, 0.25, NULL);
    REFUSE("no_bytes", schedule, hairpin_schedule_load(&schedule, bytes, 0, &why));
    REFUSE("null_bytes", schedule, hairpin_schedule_load(&schedule, NULL, length, &why));
    REFUSE("a_byte_less", schedule, hairpin_schedule_load(&schedule, bytes, length - 1, &why));
    REFUSE("a_byte_more", schedule, hairpin_schedule_load(&schedule, bytes, length + 1, &why));
    REFUSE("erased", schedule, hairpin_schedule_load(&schedule, erased, sizeof erased, &why));
    bytes[20] ^= 1;
    REFUSE("flipped", schedule, hairpin_schedule_load(&schedule, bytes, length, &why));
    bytes[20] ^= 1;
    for (cut = 0; cut < length; cut++)
        if (hairpin_schedule_load(&schedule, bytes, cut, NULL) == HAIRPIN_OK)
            differing++;
    put("torn and taken ");
    put_number((uint32_t)differing);
    put("\n");
    REFUSE("another_kind", state, hairpin_schedule_state_load(&state, bytes, length, &why));
    REFUSE("sgd_of_schedule", step, hairpin_position_load(&step, bytes, length, &why));
    REFUSE("small_buffer", bytes, hairpin_schedule_save(&schedule, bytes, 10, &written));
    REFUSE("written_unchanged", written, hairpin_schedule_save(&schedule, bytes, 10, &written));

    hairpin_position_save(1234, bytes, sizeof bytes, &written);
    put("position");
    put_bytes(written);
    REFUSE("null_step", schedule, hairpin_position_load(NULL, bytes, written, &why));
    REFUSE("position_small", step, hairpin_position_save(1, bytes, 13, &written));
    if (hairpin_position_load(&step, bytes, written, NULL) != HAIRPIN_OK || step != 1234)
        put("FAILED: another position\n");
    hairpin_lambda_function(&schedule, 0.5, third, NULL);
    REFUSE("function_saved", bytes, hairpin_schedule_save(&schedule, bytes, sizeof bytes, &written));
}

/* Records that the test hands over: of a newer version, of a longer composition. */
static void foreign_bytes(void)
{
    hairpin_constant(&schedule, 0.25, NULL);
    REFUSE("newer", schedule, hairpin_schedule_load(&schedule, newer_record, newer_record_length, &why));
    REFUSE("longer", schedule, hairpin_schedule_load(&schedule, longer_record, longer_record_length, &why));
    REFUSE("impossible", schedule, hairpin_schedule_load(&schedule, impossible_record, impossible_record_length, &why));
}

/* What `hairpin export --format bytes` writes, in a page of flash. */
static void exported(void)
{
    hairpin_recipe recipe;
    hairpin_sgd update;
    size_t written = 0;

    memset(&recipe, 0, sizeof recipe);
    if (hairpin_recipe_find(&recipe, recipe_record, recipe_record_length, &why) != HAIRPIN_OK)
        refused(why.status);
    put("recipe ");
    put_number((uint32_t)recipe.length);
    put("\n");
    SHOW("recipe", hairpin_schedule_load(&schedule, recipe.schedule, recipe.schedule_length, &why));
    SHOW("recipe_momentum", hairpin_schedule_load(&schedule, recipe.momentum, recipe.momentum_length, &why));
    hairpin_sgd_load(&update, recipe.sgd, recipe.sgd_length, &why);
    hairpin_sgd_save(&update, bytes, sizeof bytes, &written);
    put("bytes recipe_sgd");
    put_bytes(written);
    REFUSE("recipe_cut", recipe, hairpin_recipe_find(&recipe, recipe_record, recipe.length - 1, &why));
    REFUSE("recipe_of_another", recipe, hairpin_recipe_find(&recipe, longer_record, longer_record_length, &why));
    REFUSE("recipe_null", schedule, hairpin_recipe_find(NULL, recipe_record, recipe_record_length, &why));
}

static void bad_pointers(void)
{
    static uint64_t room[HAIRPIN_SCHEDULE_WORDS + 1];
    hairpin_schedule *misaligned = (hairpin_schedule *)(void *)((char *)room + 2);
    hairpin_schedule zeroed, reacts;
    hairpin_schedule_state other;
    hairpin_plateau_config plateau = hairpin_plateau_defaults(0.1);
    hairpin_greedy_config greedy = hairpin_greedy_defaults(0.1);
    float lr = -1.0f;
    bool flag = false;
    size_t written = 7;

    memset(&zeroed, 0, sizeof zeroed);
    hairpin_constant(&schedule, 0.25, NULL);
    REFUSE("out_null", schedule, hairpin_constant(NULL, 0.1, &why));
    REFUSE("why_null", schedule, hairpin_constant(&schedule, NAN, NULL));
    REFUSE("factor_null", schedule, hairpin_lambda(&schedule, 0.1, NULL, &why));
    REFUSE("function_null", schedule, hairpin_lambda_function(&schedule, 0.1, NULL, &why));
    REFUSE("list_null", schedule, hairpin_multi_step(&schedule, 0.1, NULL, 3, 0.1, &why));
    REFUSE("list_too_long", schedule, hairpin_multi_step(&schedule, 0.1, (uint32_t *)(void *)room, (size_t)-1, 0.1, &why));
    REFUSE("config_null", schedule, hairpin_greedy(&schedule, NULL, &why));
    REFUSE("lr_null", schedule, hairpin_schedule_lr(&schedule, 0, NULL));
    REFUSE("lr_of_null", lr, hairpin_schedule_lr(NULL, 0, &lr));
    REFUSE("lr_of_zeroed", lr, hairpin_schedule_lr(&zeroed, 0, &lr));
    REFUSE("lr_of_another", lr, hairpin_schedule_lr((hairpin_schedule *)(void *)&other, 0, (memset(&other, 7, sizeof other), &lr)));
    REFUSE("save_zeroed", written, hairpin_schedule_save(&zeroed, bytes, sizeof bytes, &written));
    REFUSE("has_state_of_zeroed", flag, hairpin_schedule_has_state(&zeroed, &flag));
    REFUSE("misaligned_out", room, hairpin_constant(misaligned, 0.1, &why));
    REFUSE("misaligned", lr, hairpin_schedule_lr(misaligned, 0, &lr));
    REFUSE("misaligned_list", schedule, hairpin_multi_step(&schedule, 0.1, (uint32_t *)(void *)((char *)room + 2), 2, 0.1, &why));
    REFUSE("misaligned_why", schedule, hairpin_constant(&schedule, NAN, (hairpin_refusal *)(void *)((char *)room + 2)));
    REFUSE("save_over_itself", schedule, hairpin_schedule_save(&schedule, (uint8_t *)&schedule, sizeof schedule, &written));

    hairpin_reduce_on_plateau(&reacts, &plateau, NULL);
    REFUSE("needs_state", lr, hairpin_schedule_lr(&reacts, 0, &lr));
    REFUSE("has_no_state", other, hairpin_schedule_start(&schedule, &other));
    REFUSE("state_null", schedule, hairpin_schedule_start(&reacts, NULL));
    REFUSE("state_zeroed", lr, hairpin_schedule_lr_after(&reacts, (memset(&other, 0, sizeof other), &other), 0, &lr));
    hairpin_greedy(&schedule, &greedy, NULL);
    hairpin_schedule_start(&schedule, &other);
    REFUSE("state_of_another", lr, hairpin_schedule_lr_after(&reacts, &other, 0, &lr));
    REFUSE("observed_by_another", other, hairpin_schedule_observe(&reacts, &other, 0, 1.0, NULL));
    REFUSE("observe_null_null", lr, hairpin_schedule_observe(NULL, NULL, 0, 1.0, NULL));
    hairpin_schedule_start(&reacts, &other);
    REFUSE("state_save_over_itself", other,
           hairpin_schedule_state_save(&other, (uint8_t *)&other, sizeof other, &written));
    REFUSE("written_is_saved", other,
           hairpin_schedule_state_save(&other, bytes, sizeof bytes, (size_t *)(void *)&other));
    REFUSE("written_among_bytes", room, hairpin_schedule_save(&schedule, (uint8_t *)room, sizeof room, (size_t *)(void *)&room[1]));
    REFUSE("position_among_bytes", room, hairpin_position_save(1, (uint8_t *)room, sizeof room, (size_t *)(void *)room));
    REFUSE("state_is_schedule", reacts, hairpin_schedule_observe(&reacts, (hairpin_schedule_state *)(void *)&reacts, 0, 1.0, NULL));
}

static void bad_updates(void)
{
    float params[8] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f};
    float grads[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    float velocity[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    hairpin_sgd_config config = hairpin_sgd_defaults();
    hairpin_sgd plain, moving, zeroed;
    hairpin_sgd_state begun, zeroed_state;
    size_t written = 7;

    hairpin_sgd_init(&plain, &config, NULL);
    config.momentum = 0.9;
    hairpin_sgd_init(&moving, &config, NULL);
    hairpin_sgd_start(&begun);
    memset(&zeroed, 0, sizeof zeroed);
    memset(&zeroed_state, 0, sizeof zeroed_state);
    REFUSE("sgd_null", params, hairpin_sgd_step(NULL, &begun, 0.1f, params, grads, NULL, 4));
    REFUSE("sgd_zeroed", params, hairpin_sgd_step(&zeroed, &begun, 0.1f, params, grads, NULL, 4));
    REFUSE("sgd_state_null", params, hairpin_sgd_step(&plain, NULL, 0.1f, params, grads, NULL, 4));
    REFUSE("sgd_state_zeroed", params, hairpin_sgd_step(&plain, &zeroed_state, 0.1f, params, grads, NULL, 4));
    REFUSE("params_null", begun, hairpin_sgd_step(&plain, &begun, 0.1f, NULL, grads, NULL, 4));
    REFUSE("grads_null", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, NULL, NULL, 4));
    REFUSE("length_0", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, grads, NULL, 0));
    REFUSE("length_all", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, grads, NULL, (size_t)-1 / 4));
    REFUSE("velocity_missing", params, hairpin_sgd_step(&moving, &begun, 0.1f, params, grads, NULL, 4));
    REFUSE("velocity_unwanted", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, grads, velocity, 4));
    REFUSE("nan_rate", params, hairpin_sgd_step(&moving, &begun, NAN, params, grads, velocity, 4));
    REFUSE("grads_are_params", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, params, NULL, 4));
    REFUSE("grads_overlap", params, hairpin_sgd_step(&plain, &begun, 0.1f, params, params + 3, NULL, 4));
    REFUSE("velocity_overlaps", params, hairpin_sgd_step(&moving, &begun, 0.1f, params, grads, params + 3, 4));
    REFUSE("velocity_is_grads", params, hairpin_sgd_step(&moving, &begun, 0.1f, params, grads, grads, 4));
    REFUSE("params_grads_null", begun, hairpin_sgd_step(&plain, &begun, 0.1f, NULL, NULL, NULL, 4));
    REFUSE("params_are_sgd", plain, hairpin_sgd_step(&plain, &begun, 0.1f, (float *)(void *)&plain, grads, NULL, 4));
    REFUSE("grads_are_state", begun, hairpin_sgd_step(&plain, &begun, 0.1f, params, (float *)(void *)&begun, NULL, 4));
    REFUSE("velocity_is_state", begun, hairpin_sgd_step(&moving, &begun, 0.1f, params, grads, (float *)(void *)&begun, 4));
    REFUSE("sgd_save_over_itself", plain, hairpin_sgd_save(&plain, (uint8_t *)&plain, sizeof plain, &written));
    REFUSE("sgd_state_save_over_itself", begun, hairpin_sgd_state_save(&begun, (uint8_t *)&begun, sizeof begun, &written));
    REFUSE("params_misaligned", params,
           hairpin_sgd_step(&plain, &begun, 0.1f, (float *)(void *)((char *)params + 2), grads, NULL, 4));
    if (hairpin_sgd_step(&plain, &begun, 0.1f, params, params + 4, NULL, 4) != HAIRPIN_OK)
        put("FAILED: neighbours do not overlap\n");
}

int main(void)
{
    size_t code;

    put("version ");
    put(hairpin_version());
    put("\n");
    for (code = 0; code <= 64; code++)
        refused((hairpin_status)code);
    kinds();
    compositions();
    feedback();
    sgd();
    bad_parameters();
    bad_compositions();
    bad_bytes();
    foreign_bytes();
    exported();
    bad_pointers();
    bad_updates();
#ifdef __arm__
    put_depth("make", deepest.make);
    put_depth("rate", deepest.rate);
    put_depth("save", deepest.save);
    put_depth("load", deepest.load);
    put_depth("observe", deepest.observe);
    put_depth("update", deepest.update);
    libc_lines();
#endif
    put("done\n");
    return 0;
}
