// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/cap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/mirror.h"
#include "kernel/router/say.h"
#include "kernel/router/service.h"

static struct span cap_pattern(const struct cap *cap)
{
    return (struct span){ (const uint8_t *)cap->pattern, cap->size };
}

/* The earlier of two ends, where 0 is never. */
static uint64_t cap_earlier(uint64_t one_us, uint64_t two_us)
{
    if (one_us == 0 || two_us == 0)
        return one_us + two_us;
    return one_us < two_us ? one_us : two_us;
}

int cap_add(struct peer *holder, const struct cap_terms *terms)
{
    struct cap *cap;

    if (holder->cap_count == ROUTER_CAPS_MAX)
        return err_new(-ENOSPC);
    cap = calloc(1, sizeof(*cap));
    if (cap == NULL)
        return err_new(-ENOMEM);
    cap->holder = holder;
    cap->handle = terms->handle;
    cap->ends_us = terms->ends_us;
    cap->source = terms->source;
    cap->size = (uint8_t)terms->pattern.size;
    memcpy(cap->pattern, terms->pattern.data, terms->pattern.size);
    list_init(&cap->children);
    list_init(&cap->by_parent);
    if (terms->parent != NULL) {
        cap->parent = terms->parent;
        cap->giver = terms->parent->holder;
        cap->ends_us = cap_earlier(cap->ends_us, terms->parent->ends_us);
        list_push(&terms->parent->children, &cap->by_parent);
    }
    list_push(&holder->caps, &cap->by_holder);
    holder->cap_count += 1;
    return 0;
}

/* Of two that will do, the one that lasts longer. `best` may be NULL. */
static struct cap *cap_better(struct cap *best, struct cap *cap)
{
    if (best == NULL || (best->ends_us != 0 && (cap->ends_us == 0 || cap->ends_us > best->ends_us)))
        return cap;
    return best;
}

struct cap *cap_covering(const struct peer *holder, struct span pattern, uint64_t now_us)
{
    struct cap *best = NULL;

    list_for_each (node, &holder->caps) {
        struct cap *cap = list_entry(node, struct cap, by_holder);

        if ((cap->ends_us != 0 && cap->ends_us <= now_us) ||
                !pattern_covers(cap_pattern(cap), pattern))
            continue;
        best = cap_better(best, cap);
        if (best->ends_us == 0)
            break;
    }
    return best;
}

struct cap *cap_find(const struct peer *holder, struct span endpoint, uint64_t now_us)
{
    return cap_covering(holder, endpoint, now_us);
}

/* `store.Get`, `store.*`, `store.>`: no wildcard stands for the name. */
static bool cap_names(const struct cap *cap, const char *service)
{
    size_t size = strlen(service);

    return cap->size > size && cap->pattern[size] == '.' &&
           memcmp(cap->pattern, service, size) == 0;
}

static bool cap_reaches(const struct cap *cap, const struct service *service)
{
    for (; cap != NULL; cap = cap->parent) {
        if (cap->source == CAP_OPERATOR && cap_names(cap, service->name))
            return true;
        if (cap->giver != NULL && strcmp(cap->giver->space, service->space) == 0)
            return true;
    }
    return false;
}

struct cap *cap_reaching(const struct peer *holder, struct span endpoint,
        const struct service *service, uint64_t now_us)
{
    struct cap *best = NULL;

    list_for_each (node, &holder->caps) {
        struct cap *cap = list_entry(node, struct cap, by_holder);

        if ((cap->ends_us == 0 || cap->ends_us > now_us) &&
                pattern_matches(cap_pattern(cap), endpoint) && cap_reaches(cap, service))
            best = cap_better(best, cap);
    }
    return best;
}

/* Ends the calls that the capability let through. */
static void cap_end_calls(struct router *router, const struct cap *cap)
{
    static const struct verdict revoked = { CODE_PERMISSION_DENIED, EXECUTED_UNKNOWN, 0,
        "the capability that this call was made by was revoked" };
    bool found;

    do { /* from the start again: the end of a call is the end of those made on its behalf */
        found = false;
        list_for_each (node, &cap->holder->calls_made) {
            struct call *call = list_entry(node, struct call, by_caller);

            if (call->cap != cap)
                continue;
            call_abort(router, call, &revoked);
            found = true;
            break;
        }
    } while (found);
    mirror_end(router, cap->holder, cap);
}

void cap_drop(struct router *router, struct cap *cap)
{
    struct list work;

    list_init(&work);
    list_remove(&cap->by_parent);
    list_push(&work, &cap->by_parent);
    while (!list_is_empty(&work)) { /* a queue, not recursion: it may have been passed on often */
        cap = list_entry(work.next, struct cap, by_parent);
        list_remove(&cap->by_parent);
        while (!list_is_empty(&cap->children)) {
            struct list *child = cap->children.next;

            list_remove(child);
            list_push(&work, child);
        }
        cap_end_calls(router, cap);
        list_remove(&cap->by_holder);
        cap->holder->cap_count -= 1;
        free(cap);
    }
}

void cap_drop_all(struct router *router, struct peer *holder)
{
    while (!list_is_empty(&holder->caps))
        cap_drop(router, list_entry(holder->caps.next, struct cap, by_holder));
}

/* From the start again after each: what goes with one may be the next. */
void cap_sweep(struct router *router, struct peer *holder)
{
    struct cap *over;

    do {
        over = NULL;
        list_for_each (node, &holder->caps) {
            struct cap *cap = list_entry(node, struct cap, by_holder);

            if (cap->ends_us != 0 && cap->ends_us <= router->now_us)
                over = cap;
        }
        if (over != NULL)
            cap_drop(router, over);
    } while (over != NULL);
}

/* One that was made of the giver's under `handle`; NULL where there is none. */
static struct cap *cap_given(const struct peer *giver, uint64_t handle)
{
    list_for_each (node, &giver->caps) {
        const struct cap *cap = list_entry(node, struct cap, by_holder);

        list_for_each (child, &cap->children) {
            struct cap *given = list_entry(child, struct cap, by_parent);

            if (given->handle == handle)
                return given;
        }
    }
    return NULL;
}

/* The same of anybody's. */
static struct cap *cap_given_by_any(const struct router *router, uint64_t handle)
{
    list_for_each (node, &router->peers) {
        struct cap *given = cap_given(list_entry(node, struct peer, link), handle);

        if (given != NULL)
            return given;
    }
    return NULL;
}

uint32_t cap_take_back(struct router *router, const struct peer *giver, uint64_t handle)
{
    struct cap *cap;
    uint32_t count = 0;

    while ((cap = giver != NULL ? cap_given(giver, handle) : cap_given_by_any(router, handle)) !=
            NULL) {
        cap_drop(router, cap);
        count += 1;
    }
    return count;
}
