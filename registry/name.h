/* registry/name.h - names of services, and the one that was probably meant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A lower-case letter, then lower-case letters, digits and `-`; REGISTRY_NAME_MAX at most. */
bool name_is_valid(const char *name);

/* At least 1 and at most `size_max` bytes, all of them printable ASCII without space. */
bool name_is_word(const char *text, size_t size_max);

/* How many letters must be changed, put in, left out or swapped with their neighbour to make one of
 * the other (optimal string alignment; Boytsov 2011, section 2). Texts over REGISTRY_NAME_MAX bytes
 * are SIZE_MAX apart. */
size_t name_distance(const char *left, const char *right);

/* Is `distance` small enough for a name of this length to be a slip of the hand? */
bool name_is_near(const char *name, size_t distance);
