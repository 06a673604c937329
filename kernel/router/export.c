// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/peer.h"
#include "kernel/router/service.h"
#include "transport/pattern.h"

/* Takes the next text off `*rest`. */
static struct span export_next(struct span *rest)
{
    struct span text = { rest->data, strlen((const char *)rest->data) };

    rest->data += text.size + 1;
    rest->size -= text.size + 1;
    return text;
}

static bool export_is(struct span text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* Texts in pairs, the first of each a pattern. */
static bool export_is_sound(struct span exports)
{
    if (exports.data[exports.size - 1] != '\0')
        return false;
    while (exports.size > 0) {
        if (!pattern_is_valid(export_next(&exports)) || exports.size == 0)
            return false;
        export_next(&exports);
    }
    return true;
}

int export_equip(struct peer *peer, struct span exports)
{
    if (exports.size == 0)
        return 0;
    if (!export_is_sound(exports))
        return err_new(-EINVAL);
    peer->exports = malloc(exports.size);
    if (peer->exports == NULL)
        return err_new(-ENOMEM);
    memcpy(peer->exports, exports.data, exports.size);
    peer->exports_size = exports.size;
    return 0;
}

static bool export_is_same(const char *space, const struct peer *caller)
{
    return space[0] != '\0' && strcmp(space, caller->space) == 0;
}

/* Who the caller is, is what the supervisor admitted, or that it is another node or a client. */
static bool export_is_to(struct span to, const char *space, const struct peer *caller)
{
    if (caller->neighbour != NULL)
        return export_is(to, "@network");
    if (caller->visitor != NULL)
        return export_is(to, "@clients");
    if (export_is(to, "@namespace"))
        return export_is_same(space, caller);
    return export_is(to, "@node") || export_is(to, caller->admitted);
}

/* From one namespace into another: it has a capability that reaches there, or it would not have
 * come this far (tenant.c). That is the exception from all that the callee exports. */
static bool export_is_across(const char *space, const struct peer *caller)
{
    return space[0] != '\0' && caller->space[0] != '\0' && strcmp(space, caller->space) != 0;
}

/* A process that the node's owner started by hand, or a part of the node itself. */
static bool export_is_owner(const struct peer *caller)
{
    return !caller->bound && caller->neighbour == NULL && caller->visitor == NULL;
}

bool export_has(const struct peer *callee, const char *word)
{
    struct span rest = { (const uint8_t *)callee->exports, callee->exports_size };

    while (rest.size > 0) {
        export_next(&rest);
        if (export_is(export_next(&rest), word))
            return true;
    }
    return false;
}

bool export_allows(const struct peer *callee, const struct peer *caller, struct span endpoint)
{
    struct span rest = { (const uint8_t *)callee->exports, callee->exports_size };
    const char *space = callee->service->space;

    if (export_is_owner(caller) || export_is_across(space, caller))
        return true;
    if (rest.size == 0)
        return space[0] == '\0' || (caller->neighbour == NULL && caller->visitor == NULL);
    while (rest.size > 0) {
        struct span pattern = export_next(&rest);
        struct span to = export_next(&rest);

        if (export_is_to(to, space, caller) && pattern_matches(pattern, endpoint))
            return true;
    }
    return false;
}
