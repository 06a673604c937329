// SPDX-License-Identifier: Apache-2.0
#include "registry/changes.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

int changes_init(struct changes *changes, uint32_t room, uint64_t revision)
{
    CHECK(room > 0);

    *changes = (struct changes){ .room = room, .first = revision, .next = revision };
    changes->slots = calloc(room, sizeof(*changes->slots));
    return changes->slots != NULL ? 0 : err_new(-ENOMEM);
}

void changes_deinit(struct changes *changes)
{
    for (uint64_t revision = changes->first; revision < changes->next; revision++)
        instance_unref(changes->slots[revision % changes->room].instance);
    free(changes->slots);
    *changes = (struct changes){ 0 };
}

uint64_t changes_add(struct changes *changes, enum change_kind kind, const struct service *service,
        struct instance *instance)
{
    struct change *change = &changes->slots[changes->next % changes->room];

    instance_unref(change->instance);
    change->revision = changes->next;
    change->kind = kind;
    change->instance = instance != NULL ? instance_ref(instance) : NULL;
    snprintf(change->service, sizeof(change->service), "%s", service->name);
    snprintf(change->space, sizeof(change->space), "%s", service->space);
    changes->next += 1;
    if (changes->next - changes->first > changes->room)
        changes->first += 1;
    return change->revision;
}

const struct change *changes_get(const struct changes *changes, uint64_t revision)
{
    if (revision < changes->first || revision >= changes->next)
        return NULL;
    return &changes->slots[revision % changes->room];
}
