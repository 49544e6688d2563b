/* What a program gets from newlib and libgcc by itself: it has to be the same with hairpin linked beside it. */
#include "libc.h"
#include "output.h"

#include <math.h>
#include <string.h>

static void put_double(const char *name, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(" ");
    put(name);
    put(":");
    put_hex((uint32_t)(bits >> 32), 8);
    put_hex((uint32_t)bits, 8);
}

void libc_lines(void)
{
    /* Read at run time, so that the compiler leaves the work to the libraries. */
    static volatile double inputs[] = {0.1, 0.7, 3.0, -2.5, 1e5, 1e300, 5e-324};
    static volatile int places = 5;
    char text[32], copy[32];
    size_t i;

    for (i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        double x = inputs[i], y = inputs[(i + 3) % 7];
        put("libc");
        put_double("sin", sin(x));
        put_double("cos", cos(x));
        put_double("exp", exp(x));
        put_double("log", log(fabs(x)));
        put_double("pow", pow(fabs(x), y));
        put_double("tanh", tanh(x));
        put_double("sqrt", sqrt(fabs(x)));
        put_double("fma", fma(x, y, x));
        put_double("fmod", fmod(x, y));
        put_double("add", x + y);
        put_double("mul", x * y);
        put_double("div", x / y);
        put_double("float", (double)(float)x);
        put_double("int", (double)(int64_t)(x / 1e290));
        put("\n");
    }
    memset(text, 'a', sizeof text);
    memmove(text, "memory", 6);
    text[31] = '\0';
    memcpy(copy, text, sizeof copy);
    memmove(copy + places, copy, 20);
    put("libc ");
    emit(copy, strlen(copy));
    put_hex((uint32_t)strlen(copy), 4);
    put_hex((uint32_t)(memcmp(copy, text, sizeof copy) > 0), 1);
    put("\n");
}
