/* From reset to main: memory, the FPU where there is one, and newlib's way out of the emulator. */
#include <stdint.h>

extern uint32_t data_start[], data_end[], data_in_flash[], bss_start[], bss_end[], stack_top[];

void initialise_monitor_handles(void);
void _exit(int status);
int main(void);
void start(void);

static void stopped(void)
{
    _exit(1);
}

void start(void)
{
    uint32_t *to;
    const uint32_t *from = data_in_flash;

    for (to = data_start; to < data_end; to++)
        *to = *from++;
    for (to = bss_start; to < bss_end; to++)
        *to = 0;
#ifdef __ARM_FP
    /* CPACR: full access to coprocessors 10 and 11. */
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb");
#endif
    initialise_monitor_handles();
    _exit(main());
}

typedef void (*handler)(void);

struct vectors {
    const uint32_t *stack;
    handler handlers[15];
};

/* Reset, then the faults; nothing else is enabled. */
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top, {start, stopped, stopped, stopped, stopped, stopped}
};
