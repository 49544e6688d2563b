#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* Paints what is free of the stack. */
void stack_paint(void);

/* How many bytes have been in use since, below the function that had it painted. */
uint32_t stack_depth(void);

#endif
