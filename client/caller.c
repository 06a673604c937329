// SPDX-License-Identifier: Apache-2.0
#include "client/caller.h"

#include <string.h>

#include "transport/stamp.h"

/* Copies a text behind the others and moves `*roomp` on. */
static const char *caller_text(struct span from, char **roomp)
{
    char *text = *roomp;

    if (from.size == 0)
        return "";
    memcpy(text, from.data, from.size);
    text[from.size] = '\0';
    *roomp += from.size + 1;
    return text;
}

void caller_read(struct mu_caller *caller, struct mu_bytes bytes, char *room)
{
    struct stamp stamp;

    *caller = (struct mu_caller){
        .node = "", .service = "", .owner = "", .client = "", .user = "", .space = ""
    };
    if (stamp_read(&stamp, (struct span){ bytes.data, bytes.size }) != ENVELOPE_OK)
        return;
    caller->node = caller_text(stamp.node, &room);
    caller->service = caller_text(stamp.service, &room);
    caller->owner = caller_text(stamp.owner, &room);
    caller->client = caller_text(stamp.client, &room);
    caller->user = caller_text(stamp.user, &room);
    caller->space = caller_text(stamp.space, &room);
    caller->token = stamp.token.size != 0 ? stamp.token.data : NULL;
    caller->instance = stamp.instance;
    caller->uid = stamp.uid;
    caller->pid = stamp.pid;
    caller->is_operator = stamp.is_operator;
    caller->hops = stamp.hops;
}
