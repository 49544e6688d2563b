#include "output.h"

#include <string.h>
#include <unistd.h>

void emit(const char *start, size_t length)
{
    /* Collected into lines: a chip pays for every call. */
    static char line[256];
    static size_t used;
    size_t i;

    for (i = 0; i < length; i++) {
        line[used++] = start[i];
        if (start[i] == '\n' || used == sizeof line) {
            size_t sent = 0;
            while (sent < used) {
                long more = (long)write(1, line + sent, used - sent);
                if (more <= 0)
                    break;
                sent += (size_t)more;
            }
            used = 0;
        }
    }
}

void put(const char *text)
{
    emit(text, strlen(text));
}

void put_hex(uint32_t value, int digits)
{
    while (digits-- > 0)
        emit(&"0123456789abcdef"[(value >> (4 * digits)) & 15], 1);
}

void put_number(uint32_t value)
{
    char digits[10];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    emit(digits + at, sizeof digits - at);
}
