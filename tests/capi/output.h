/* Lines without printf, which may allocate. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes `length` bytes to the standard output. */
void emit(const char *start, size_t length);

void put(const char *text);
void put_hex(uint32_t value, int digits);
void put_number(uint32_t value);

/* Records that the program cannot make itself. */
extern const uint8_t newer_record[], longer_record[], impossible_record[], recipe_record[];
extern const size_t newer_record_length, longer_record_length, impossible_record_length, recipe_record_length;

#ifdef __cplusplus
}
#endif

#endif
