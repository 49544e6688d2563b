/* How deep a call goes: what it did not touch still has its paint. */
#include "stack.h"

#define PAINT 0x5ca1ab1eu

extern uint32_t bss_end[];

static uintptr_t top;

__attribute__((noinline)) void stack_paint(void)
{
    volatile uint32_t *word;

    top = (uintptr_t)__builtin_frame_address(0);
    /* This function's own frame is above what is painted: it has no array, and keeps a few registers. */
    for (word = bss_end; (uintptr_t)word + 64 < top; word++)
        *word = PAINT;
}

__attribute__((noinline)) uint32_t stack_depth(void)
{
    const volatile uint32_t *word = bss_end;

    while (*word == PAINT)
        word++;
    return (uint32_t)(top - (uintptr_t)word);
}
