// SPDX-License-Identifier: Apache-2.0
#include "client/schema/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/text.h"

enum { VALUE_SHOWN_MAX = 40 }; /* bytes of a text in an error */

struct value *value_new(struct mu_arena *arena, enum value_kind kind, size_t line, size_t column)
{
    struct value *value = mu_arena_alloc(arena, sizeof(*value));

    if (value != NULL)
        *value = (struct value){
            .kind = kind,
            .line = (uint32_t)line,
            .column = (uint32_t)column,
        };
    return value;
}

char *value_keep(struct mu_arena *arena, const char *text, size_t size)
{
    char *kept = mu_arena_alloc(arena, size + 1);

    if (kept != NULL) {
        memcpy(kept, text, size);
        kept[size] = '\0';
    }
    return kept;
}

int value_fail(struct mu_schema_error *error, size_t line, size_t column, const char *what)
{
    return text_fail(error, "line %zu column %zu: %s", line, column, what);
}

static int value_compare_keys(const void *a, const void *b)
{
    const struct value *left = *(const struct value *const *)a;
    const struct value *right = *(const struct value *const *)b;

    return strcmp(left->key, right->key);
}

int value_check_keys(
        struct mu_arena *arena, const struct value *object, struct mu_schema_error *error)
{
    const struct value **members = mu_arena_alloc(arena, object->count * sizeof(*members));
    size_t count = 0;

    if (members == NULL)
        return -ENOMEM;
    for (const struct value *member = object->first; member != NULL; member = member->next)
        members[count++] = member;
    if (count > 1)
        qsort(members, count, sizeof(*members), value_compare_keys);
    for (size_t i = 1; i < count; i++)
        if (strcmp(members[i - 1]->key, members[i]->key) == 0)
            return text_fail(error, "line %u column %u: \"%.*s\" stands here twice",
                    members[i]->line, members[i]->column, VALUE_SHOWN_MAX, members[i]->key);
    return 0;
}

const char *value_describe(const struct value *value, char *text, size_t size)
{
    bool is_long = value->size > VALUE_SHOWN_MAX;
    int shown = is_long ? VALUE_SHOWN_MAX : (int)value->size;

    switch (value->kind) {
    case VALUE_NULL:
        snprintf(text, size, "null");
        break;
    case VALUE_LIST:
        snprintf(text, size, "a list");
        break;
    case VALUE_OBJECT:
        snprintf(text, size, "an object");
        break;
    case VALUE_STRING:
        while (is_long && ((unsigned char)value->text[shown] & 0xc0) == 0x80)
            shown -= 1;
        snprintf(text, size, "\"%.*s%s\"", shown, value->text, is_long ? "…" : "");
        break;
    case VALUE_BOOL:
    case VALUE_NUMBER:
    case VALUE_PLAIN:
        while (is_long && ((unsigned char)value->text[shown] & 0xc0) == 0x80)
            shown -= 1;
        snprintf(text, size, "%.*s%s", shown, value->text, is_long ? "…" : "");
        break;
    }
    return text;
}
