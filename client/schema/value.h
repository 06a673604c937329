/* client/schema/value.h - what a JSON or YAML text says, before a type tells what it means.
 *
 * Numbers stay as they were written: a uint64 above INT64_MAX is legal in protobuf's JSON and lost
 * in most readers of JSON (jansson refuses it), and `version: 1.0` in YAML is a string where the
 * field is one. Every value knows where it stood. All of it lives in an arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mu/schema.h"

enum {
    VALUE_DEPTH_MAX = 100,       /* lists and objects in each other */
    VALUE_MEMORY_MAX = 67108864, /* bytes that a text may become */
};

enum value_kind {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_NUMBER, /* by the grammar of JSON */
    VALUE_STRING,
    VALUE_PLAIN, /* a scalar of YAML without quotes: what it is, its type will tell */
    VALUE_LIST,
    VALUE_OBJECT
};

struct value {
    enum value_kind kind;
    uint32_t line; /* from 1 */
    uint32_t column;
    uint32_t size;       /* of `text` */
    const char *text;    /* of a scalar, with a NUL after it and none in it */
    const char *key;     /* of a member of an object, the same */
    struct value *first; /* of a list or object */
    struct value *next;  /* its neighbour there */
    size_t count;        /* members of a list or object */
};

/* A new value without members, or NULL for no memory. */
struct value *value_new(struct mu_arena *arena, enum value_kind kind, size_t line, size_t column);

/* A text as a value keeps it, or NULL for no memory. */
char *value_keep(struct mu_arena *arena, const char *text, size_t size);

/* Says "line L column C: …" in `error`. Returns -EINVAL. */
int value_fail(struct mu_schema_error *error, size_t line, size_t column, const char *what);

/* Refuses an object with two members of one name. Returns 0, -EINVAL with `error`, or -ENOMEM. */
int value_check_keys(
        struct mu_arena *arena, const struct value *object, struct mu_schema_error *error);

/* Says what it is, for an error: `"x"`, `12`, `a list`. Fills and returns `text` (size bytes). */
const char *value_describe(const struct value *value, char *text, size_t size);

/* Each reads a whole text, which is borrowed during the call, into `*valuep`. Returns 0, -EINVAL
 * with `error`, or -ENOMEM. */
int json_read(struct mu_arena *arena, const char *text, size_t size, const struct value **valuep,
        struct mu_schema_error *error);
int yaml_read(struct mu_arena *arena, const char *text, size_t size, const struct value **valuep,
        struct mu_schema_error *error);
