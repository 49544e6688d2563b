/* The least that a firmware does with hairpin: a cosine behind a warm-up drives the update of three parameters. What it computes is written
 * to the debugger, in bits. */
#include "hairpin.h"
#include "output.h"

#include <string.h>

#define STEPS 100

static hairpin_schedule schedule;
static hairpin_sgd sgd;
static hairpin_sgd_state state;
static float params[3] = {1.0f, -2.0f, 0.5f}, velocity[3];

static void put_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(" ");
    put_hex(bits, 8);
}

static int failed(hairpin_status status)
{
    put(hairpin_status_text(status));
    put("\n");
    return 1;
}

int main(void)
{
    hairpin_sgd_config config = hairpin_sgd_defaults();
    hairpin_status status;
    uint32_t step;
    int i;

    status = hairpin_cosine_annealing(&schedule, 0.1, 0.001, 90, HAIRPIN_PAST_HOLD, NULL);
    if (status == HAIRPIN_OK)
        status = hairpin_linear_warmup(&schedule, 10, 0.0, 0.1, &schedule, NULL);
    config.momentum = 0.9;
    if (status == HAIRPIN_OK)
        status = hairpin_sgd_init(&sgd, &config, NULL);
    if (status == HAIRPIN_OK)
        status = hairpin_sgd_start(&state);
    if (status != HAIRPIN_OK)
        return failed(status);

    put("rates");
    for (step = 0; step < STEPS; step++) {
        /* The gradient of p^2 / 2 is p. */
        float grads[3], lr;

        memcpy(grads, params, sizeof grads);
        status = hairpin_schedule_lr(&schedule, step, &lr);
        if (status == HAIRPIN_OK)
            status = hairpin_sgd_step(&sgd, &state, lr, params, grads, velocity, 3);
        if (status != HAIRPIN_OK)
            return failed(status);
        put_bits(lr);
    }
    put("\nparams");
    for (i = 0; i < 3; i++)
        put_bits(params[i]);
    put("\n");
    return 0;
}
