// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "registry/etcd/messenger.h"
#include "registry/etcd/path.h"
#include "registry/etcd/v3.h"

int upstream_ask(
        struct messenger *messenger, const char *path, char *request, struct mu_bytes *answerp)
{
    int r = request != NULL ? gateway_ask(&messenger->gateway, path, request, answerp)
                            : err_new(-ENOMEM);

    free(request);
    return r;
}

/* ---- hearing ---- */

/* A registration of this node, as it stands in etcd. What this node did not sign is held as
 * nothing, which is enough to have it replaced. */
static int upstream_hear_service(
        struct messenger *messenger, const char *service, const struct v3_pair *pair)
{
    Mu__Etcd__V1__StatementBody *body = NULL;
    struct holding *holding;
    struct mu_bytes manifest = { 0 };
    struct path place;
    int r = 0;

    holding = holdings_find(&messenger->holdings, service);
    if (holding != NULL && pair->revision < holding->revision)
        return 0; /* this node wrote it since then */
    if (pair->deleted)
        return holding != NULL ? holding_hold(holding, manifest, 0) : 0;
    path_of_service(&place, messenger->prefix, messenger->node, service);
    r = statement_read(pair->value, place.text, messenger->key, &body);
    if (r < 0)
        return err_trace(r);
    if (r == STATEMENT_OK && body->what_case == MU__ETCD__V1__STATEMENT_BODY__WHAT_REGISTRATION)
        manifest = (struct mu_bytes){ body->registration->manifest.data,
            body->registration->manifest.len };
    else
        messenger->neighbours
                .counts[r == STATEMENT_FORGED ? NEIGHBOURS_FORGED : NEIGHBOURS_GARBAGE] += 1;
    holding = holdings_obtain(&messenger->holdings, service);
    r = holding != NULL ? holding_hold(holding, manifest, pair->revision) : 0;
    if (body != NULL)
        mu__etcd__v1__statement_body__free_unpacked(body, NULL);
    return r;
}

/* What this node offers, as it stands in etcd: it alone writes there, so anything newer than its
 * own last word is to be replaced. */
static void upstream_hear_own_offers(struct messenger *messenger, const struct v3_pair *pair)
{
    if (pair->revision <= messenger->offers_revision)
        return;
    messenger->offers_revision = pair->deleted ? 0 : pair->revision;
    offers_unpublish(&messenger->offers); /* who took this may have taken the types, too */
}

/* A believed statement is kept for the time when etcd is away. */
static int upstream_hear_offers(
        struct messenger *messenger, const char *node, const struct v3_pair *pair)
{
    int r;

    if (pair->deleted) {
        neighbours_gone(&messenger->neighbours, node);
        return 0;
    }
    r = neighbours_hear(&messenger->neighbours, node, pair->value);
    if (r == NEIGHBOURS_BELIEVED)
        r = cache_put_statement(&messenger->cache, node, pair->value);
    else if (r > NEIGHBOURS_SAME)
        log_debug("what stands in etcd as the offers of %s is not believed (%d)", node, r);
    return r < 0 ? err_trace(r) : 0;
}

static int upstream_hear_pair(const struct v3_pair *pair, void *user)
{
    struct messenger *messenger = user;
    struct path_parts parts = path_read(pair->key, pair->key_size, messenger->prefix);
    bool own = strcmp(parts.node, messenger->node) == 0;
    int r = 0;

    if (parts.kind == PATH_OFFERS && own)
        upstream_hear_own_offers(messenger, pair);
    else if (parts.kind == PATH_OFFERS)
        r = upstream_hear_offers(messenger, parts.node, pair);
    else if (parts.kind == PATH_SERVICE && own)
        r = upstream_hear_service(messenger, parts.service, pair);
    else if (parts.kind == PATH_OTHER && !pair->deleted)
        messenger->neighbours.counts[NEIGHBOURS_GARBAGE] += 1;
    if (pair->revision > messenger->revision)
        messenger->revision = pair->revision;
    return r;
}

/* ---- connecting ---- */

/* Where the next page begins: behind the last key, whatever it is made of. */
struct upstream_page {
    struct messenger *messenger;
    uint8_t *next; /* owned */
    size_t size;
};

static int upstream_turn(struct upstream_page *page, const char *key, size_t size)
{
    uint8_t *next = malloc(size + 1);

    if (next == NULL)
        return err_new(-ENOMEM);
    memcpy(next, key, size);
    next[size] = '\0';
    free(page->next);
    page->next = next;
    page->size = size + 1;
    return 0;
}

static int upstream_hear_listed(const struct v3_pair *pair, void *user)
{
    struct upstream_page *page = user;
    int r = upstream_turn(page, pair->key, pair->key_size);

    return r == 0 ? upstream_hear_pair(pair, page->messenger) : r;
}

/* Asks for `count` keys from page->next on. `*revisionp` is the list's, 0 before the first page. */
static int upstream_list_page(
        struct upstream_page *page, uint32_t count, uint64_t *revisionp, bool *morep)
{
    struct messenger *messenger = page->messenger;
    struct mu_bytes answer = { 0 };
    struct path first;
    struct path behind;
    uint64_t now;
    int r;

    path_of_nodes(&first, &behind, messenger->prefix);
    r = upstream_ask(messenger, V3_RANGE,
            v3_range((struct mu_bytes){ page->next, page->size }, behind.text, count, *revisionp),
            &answer);
    if (r == 0)
        r = v3_read_range(answer, upstream_hear_listed, page, &now, morep);
    if (r == 0 && *revisionp == 0)
        *revisionp = now;
    return r;
}

/* Lists all of it, as of one revision, a page at a time; fewer keys a page where somebody left
 * large ones. */
static int upstream_list(struct messenger *messenger)
{
    struct upstream_page page = { .messenger = messenger };
    uint32_t count = ETCD_PAGE_KEYS;
    uint64_t revision = 0;
    struct path first;
    struct path behind;
    bool more = true;
    int r;

    path_of_nodes(&first, &behind, messenger->prefix);
    r = upstream_turn(&page, first.text, strlen(first.text)); /* nothing is at that very key */
    for (int i = 0; r == 0 && more && i < ETCD_PAGES_MAX; i++) {
        r = upstream_list_page(&page, count, &revision, &more);
        if (r == -E2BIG && count > 1) {
            count = count / 8;
            r = 0;
        }
    }
    free(page.next);
    if (r == 0)
        messenger->revision = revision;
    return r;
}

static int upstream_list_all(struct messenger *messenger)
{
    int r;

    messenger->listed = false;
    messenger->offers_revision = 0;
    neighbours_list_begin(&messenger->neighbours);
    holdings_list_begin(&messenger->holdings, false);
    r = upstream_list(messenger);
    if (r < 0)
        return err_trace(r);
    neighbours_list_end(&messenger->neighbours);
    holdings_list_end(&messenger->holdings, false);
    offers_unpublish(&messenger->offers);
    messenger->listed = true;
    return cache_commit(&messenger->cache);
}

static int upstream_note_revision(const struct v3_pair *pair, void *user)
{
    uint64_t *revisionp = user;

    *revisionp = pair->revision;
    return 0;
}

/* Is etcd still the one that was listed, so that the watch can go on where it ended? It is where
 * this node's own offers stand as it wrote them, and no revision was lost. Returns 0 or -errno. */
static int upstream_can_resume(struct messenger *messenger, bool *resumesp)
{
    struct mu_bytes answer;
    struct path place;
    uint64_t revision = 0;
    uint64_t own = 0;
    bool more;
    int r;

    *resumesp = false;
    if (!messenger->listed || messenger->offers_revision == 0)
        return 0;
    path_of_offers(&place, messenger->prefix, messenger->node);
    r = upstream_ask(messenger, V3_RANGE, v3_get(place.text), &answer);
    if (r == 0)
        r = v3_read_range(answer, upstream_note_revision, &own, &revision, &more);
    if (r < 0)
        return err_trace(r);
    *resumesp = revision >= messenger->revision && own == messenger->offers_revision;
    return 0;
}

static int upstream_open_watch(struct messenger *messenger)
{
    CLEANUP(cleanup_free) char *request = NULL;
    struct path first;
    struct path behind;

    path_of_nodes(&first, &behind, messenger->prefix);
    request = v3_watch(first.text, behind.text, messenger->revision + 1);
    return request != NULL ? gateway_watch(&messenger->gateway, request) : err_new(-ENOMEM);
}

static int upstream_grant(struct messenger *messenger)
{
    struct mu_bytes answer;
    int r = upstream_ask(messenger, V3_GRANT, v3_grant(ETCD_LEASE_S), &answer);

    if (r == 0)
        r = v3_read_grant(answer, &messenger->lease);
    if (r < 0)
        return err_trace(r);
    messenger->renew_ms = clock_ms() + ETCD_RENEW_MS;
    messenger->offers.changed = true;
    return 0;
}

/* ---- renewing ---- */

/* An answer of 200 without a time to live is how etcd says that a lease is over. */
int upstream_renew(struct messenger *messenger)
{
    struct mu_bytes answer;
    bool alive = false;
    int r;

    if (messenger->lease == 0)
        return upstream_grant(messenger);
    if (clock_ms() < messenger->renew_ms)
        return 0;
    r = upstream_ask(messenger, V3_KEEP_ALIVE, v3_lease(messenger->lease), &answer);
    if (r == 0)
        r = v3_read_keep_alive(answer, &alive);
    if (r < 0)
        return err_trace(r);
    messenger->renew_ms = clock_ms() + ETCD_RENEW_MS;
    if (alive)
        return 0;
    messenger->lease = 0;
    return upstream_grant(messenger);
}

int upstream_connect(struct messenger *messenger)
{
    bool resumes;
    int r = upstream_can_resume(messenger, &resumes);

    if (r == 0 && !resumes)
        r = upstream_list_all(messenger);
    if (r == 0)
        r = upstream_renew(messenger);
    if (r == 0)
        r = upstream_open_watch(messenger);
    return r;
}

int upstream_hear(struct messenger *messenger)
{
    char reason[GATEWAY_REASON_MAX];
    struct mu_bytes line;
    enum v3_news news = V3_NEWS_EVENTS;
    bool any = false;
    int r = 1;

    while (r == 1) {
        r = gateway_line(&messenger->gateway, &line);
        if (r != 1)
            break;
        any = true;
        r = v3_read_watch(line, upstream_hear_pair, messenger, &news, reason, sizeof(reason));
        if (r == -EPIPE)
            snprintf(messenger->gateway.reason, sizeof(messenger->gateway.reason), "%s", reason);
        if (r < 0)
            break;
        r = news == V3_NEWS_COMPACTED ? upstream_list_all(messenger) : 0;
        if (r == 0 && news == V3_NEWS_COMPACTED)
            r = upstream_open_watch(messenger);
        r = r == 0 ? 1 : r;
    }
    if (r == 0 && any)
        r = cache_commit(&messenger->cache);
    if (r < 0 && (r != -EPIPE || messenger->gateway.lines.overflowed))
        messenger->listed = false; /* something was heard by half, or is too large to be heard */
    return r;
}

void upstream_leave(struct messenger *messenger)
{
    messenger->connected = false;
    gateway_next(&messenger->gateway);
}

void upstream_close(struct messenger *messenger)
{
    struct mu_bytes answer;

    if (messenger->connected && messenger->lease != 0)
        upstream_ask(messenger, V3_REVOKE, v3_lease(messenger->lease), &answer);
}
