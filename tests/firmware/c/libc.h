#ifndef LIBC_H
#define LIBC_H

/* Prints what newlib's mathematics, memory and the compiler's arithmetic give. */
void libc_lines(void);

#endif
