/* Just enough JSON to take a CNI configuration apart without changing a byte of what is passed on. */
#ifndef RINGFENCE_JSON_H
#define RINGFENCE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A value inside the text that was read; never owned. */
struct span {
  const char *at;
  size_t length;
};

/* The whole text is one well-formed value, nested no deeper than any configuration is. */
bool json_is_valid(struct span text);
/* Both expect a valid text. A name that comes twice: the last one counts, as for every other reader of the file. */
bool json_member(struct span object, const char *name, struct span *value);
bool json_element(struct span array, size_t index, struct span *value);
/* False when it is no string, does not fit, or contains a NUL. */
bool json_string(struct span value, char *out, size_t size);
void json_print_string(FILE *stream, const char *text);

#endif
