// SPDX-License-Identifier: Apache-2.0
/* Watch: news waits in the catalog until the stream has credit for it, so that a watcher that does
 * not read costs nothing but its place. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "registry/handlers.h"
#include "registry/message.h"
#include "registry/watcher.h"

struct watch {
    struct list link; /* in shell->watches */
    struct watcher watcher;
    struct mu_call *call; /* owned: to be answered */
    bool blocked;         /* without credit, or over */
};

/* Tells one thing. Returns false where it was not taken. */
static bool watch_send(struct watch *watch, struct mu_arena *arena, const struct news *news)
{
    Mu__Registry__V1__WatchReply item = MU__REGISTRY__V1__WATCH_REPLY__INIT;

    item.revision = news->revision;
    item.kind = (Mu__Registry__V1__ChangeKind)news->kind;
    item.service = (char *)(uintptr_t)news->service;
    if (news->instance != NULL) {
        item.instance = message_of_instance(arena, news->instance, news->service);
        if (item.instance == NULL)
            return false;
    }
    return registry_watch_send(watch->call, &item) == MU_SEND_OK;
}

static void watch_tell(struct watch *watch, struct shell *shell)
{
    struct mu_arena arena;
    struct news news;

    mu_arena_init(&arena, SIZE_MAX);
    while (!watch->blocked && watcher_next(&watch->watcher, &shell->catalog, &news)) {
        if (watch_send(watch, &arena, &news))
            watcher_told(&watch->watcher, &shell->catalog);
        else
            watch->blocked = true;
        mu_arena_reset(&arena, SIZE_MAX);
    }
    mu_arena_deinit(&arena);
}

static void watch_resume(struct mu_call *call)
{
    struct watch *watch = mu_call_data(call);

    watch->blocked = false;
}

static void watch_close(struct watch *watch, struct shell *shell)
{
    watcher_close(&watch->watcher, &shell->catalog);
    list_remove(&watch->link);
    free(watch);
}

static void watch_end(struct mu_call *call)
{
    watch_close(mu_call_data(call), mu_call_state(call));
    mu_call_finish(call);
}

void watch_open(struct mu_call *call, const Mu__Registry__V1__WatchRequest *request)
{
    struct shell *shell = shell_look(call);
    struct watch *watch = calloc(1, sizeof(*watch));
    int r = -ENOMEM;

    if (watch != NULL)
        r = watcher_open(
                &watch->watcher, &shell->catalog, request->prefix, request->after_revision);
    if (r != CATALOG_OK) {
        free(watch);
        if (r == CATALOG_NONE)
            mu_call_refuse(call, MU_INVALID_ARGUMENT,
                    "prefix: a service's name has at most %d bytes", REGISTRY_NAME_MAX);
        else if (r == CATALOG_FULL)
            mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "the registry has %d watchers, and no more",
                    REGISTRY_WATCHERS_MAX);
        else
            shell_fail(call, r, "the watch");
        return;
    }
    watcher_confine(&watch->watcher, mu_call_caller(call)->space);
    watch->call = call;
    list_push(&shell->watches, &watch->link);
    mu_call_set_data(call, watch);
    mu_call_on_credit(call, watch_resume);
    mu_call_on_over(call, watch_end);
}

/* A lease ends: that is told by the settling that follows. */
static void watch_expire(struct mu_call *call)
{
    shell_look(call);
}

/* Somebody watches: then a lease that ends must be told at that time, not when it is noticed. One
 * watcher's timer serves all. */
static void watch_set_timer(struct shell *shell, const struct watch *watch)
{
    uint64_t expiry_ms = catalog_next_expiry(&shell->catalog);
    uint64_t now_ms = clock_ms();

    if (expiry_ms == UINT64_MAX)
        mu_call_after(watch->call, 0, NULL);
    else
        mu_call_after(
                watch->call, expiry_ms > now_ms ? (uint32_t)(expiry_ms - now_ms) : 0, watch_expire);
}

void watch_tell_all(struct shell *shell)
{
    if (list_is_empty(&shell->watches))
        return;
    list_for_each (node, &shell->watches)
        watch_tell(list_entry(node, struct watch, link), shell);
    watch_set_timer(shell, list_entry(shell->watches.next, struct watch, link));
}

void watch_end_all(struct shell *shell)
{
    list_for_each_safe (node, &shell->watches) {
        struct watch *watch = list_entry(node, struct watch, link);
        struct mu_call *call = watch->call;

        watch_close(watch, shell);
        mu_call_fail(call, MU_UNAVAILABLE, "the registry stops; watch again");
    }
}

void watch_stop(struct shell *shell)
{
    list_for_each_safe (node, &shell->watches)
        watch_close(list_entry(node, struct watch, link), shell);
}
