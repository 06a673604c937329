// SPDX-License-Identifier: Apache-2.0
#include "transport/scope.h"

#include <string.h>

/* What stands in front of a name of the kind. */
static const char *const scope_prefixes[SCOPE_KINDS] = {
    [SCOPE_NODE] = "node:",
    [SCOPE_CLIENT] = "client:",
    [SCOPE_USER] = "user:",
};

static bool scope_name_is_valid(enum scope_kind kind, const char *name)
{
    size_t size = strlen(name);

    if (kind == SCOPE_SERVICE)
        return service_name_is_valid((struct span){ (const uint8_t *)name, size });
    return size > 0 && size <= SCOPE_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._@-") == size;
}

bool scope_read(struct scope *scope, const char *text)
{
    struct scope read = { .kind = SCOPE_SERVICE, .name = text };

    if (text[0] == '\0') {
        *scope = (struct scope){ .kind = SCOPE_ALL, .name = text };
        return true;
    }
    for (int i = 0; i < SCOPE_KINDS; i++) {
        size_t size = scope_prefixes[i] != NULL ? strlen(scope_prefixes[i]) : 0;

        if (size > 0 && strncmp(text, scope_prefixes[i], size) == 0)
            read = (struct scope){ .kind = (enum scope_kind)i, .name = text + size };
    }
    read.each = strcmp(read.name, "*") == 0;
    if (!read.each && !scope_name_is_valid(read.kind, read.name))
        return false;
    *scope = read;
    return true;
}

bool scope_has(const struct scope *scope, const struct scope_call *call)
{
    struct span name = call->names[scope->kind];
    size_t size;

    if (scope->kind == SCOPE_ALL)
        return true;
    if (scope->each)
        return name.size > 0;
    size = strlen(scope->name);
    if (size > name.size || memcmp(scope->name, name.data, size) != 0)
        return false;
    return size == name.size || (scope->kind == SCOPE_NODE && name.data[size] == '.');
}
