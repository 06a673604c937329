// SPDX-License-Identifier: Apache-2.0
/* One thread does all that takes time, one thing after the other: what it knows needs no locks, and
 * a question to etcd can wait two seconds at most. Calls that wait for etcd wait in its list. */
#include "registry/etcd/messenger.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "mu/node/v1/node.mu.h"
#include "registry/etcd/path.h"

enum {
    MESSENGER_PATH_MAX = 4096, /* bytes with the final NUL */
    MESSENGER_AWAY_MS = 3000   /* etcd is away: nobody waits for it any more */
};

struct job *job_free(struct job *job)
{
    list_remove(&job->link);
    free(job->manifest);
    free(job);
    return NULL;
}

static struct news *news_free(struct news *news)
{
    list_remove(&news->link);
    if (news->told != NULL)
        mu__registry__v1__watch_reply__free_unpacked(news->told, NULL);
    free(news);
    return NULL;
}

/* ---- how it stands ---- */

static void messenger_note(struct messenger *messenger)
{
    struct standing *standing = &messenger->standing;
    const struct holdings *holdings = &messenger->holdings;
    bool fresh = messenger->connected && messenger->registry_lives;

    pthread_mutex_lock(&messenger->lock);
    if (standing->fresh && !fresh) {
        standing->stale_ms = clock_ms();
        standing->stale_since_s = (uint64_t)time(NULL);
    }
    standing->fresh = fresh;
    snprintf(standing->reason, sizeof(standing->reason), "%s",
            messenger->connected ? (fresh ? "" : "the registry does not answer")
                                 : messenger->gateway.reason);
    snprintf(standing->endpoint, sizeof(standing->endpoint), "%s",
            messenger->gateway.endpoints[messenger->gateway.endpoint]);
    standing->revision = messenger->revision;
    standing->registrations = 0;
    standing->registrations_kept = 0;
    for (uint32_t i = 0; i < holdings->count; i++) {
        standing->registrations += holdings->slots[i]->wanted != NULL;
        standing->registrations_kept +=
                holdings->slots[i]->wanted != NULL && holding_is_kept(holdings->slots[i]);
    }
    memcpy(standing->counts, messenger->neighbours.counts, sizeof(standing->counts));
    for (uint32_t i = 0; i < messenger->roster.count; i++) {
        messenger->neighbour_copy[i] = messenger->neighbours.slots[i];
        messenger->neighbour_copy[i].statement = NULL;
    }
    pthread_mutex_unlock(&messenger->lock);
}

/* ---- jobs ---- */

void messenger_add(struct messenger *messenger, struct job *job)
{
    pthread_mutex_lock(&messenger->lock);
    list_push(&messenger->jobs, &job->link);
    pthread_mutex_unlock(&messenger->lock);
    gateway_wake(&messenger->gateway);
}

static void job_answer(struct messenger *messenger, struct job *job, bool done)
{
    Mu__Etcd__V1__KeepReply kept = MU__ETCD__V1__KEEP_REPLY__INIT;
    Mu__Etcd__V1__DropReply dropped = MU__ETCD__V1__DROP_REPLY__INIT;

    if (!done)
        mu_call_fail(job->call, MU_UNAVAILABLE, "etcd does not answer (%s)",
                messenger->gateway.reason[0] != '\0' ? messenger->gateway.reason : "not yet asked");
    else if (job->manifest != NULL)
        mu_call_reply(job->call, &kept.base);
    else
        mu_call_reply(job->call, &dropped.base);
    job_free(job);
}

/* Tells its holding what a job wants. Returns false without memory. */
static bool job_take(struct messenger *messenger, struct job *job)
{
    struct mu_bytes manifest = { job->manifest, job->manifest_size };
    struct holding *holding = holdings_obtain(&messenger->holdings, job->service);

    job->taken =
            holding != NULL && holding_want(holding, manifest, clock_ms() + ETCD_PENDING_MS) == 0;
    return job->taken;
}

/* Answers jobs that are done, and those whose time is over. */
static void messenger_answer(struct messenger *messenger)
{
    uint64_t now_ms = clock_ms();
    bool away = !messenger->connected && messenger->away_ms != 0 &&
                now_ms - messenger->away_ms >= MESSENGER_AWAY_MS;

    list_for_each_safe (node, &messenger->waiting) {
        struct job *job = list_entry(node, struct job, link);
        struct holding *holding = holdings_find(&messenger->holdings, job->service);

        if (messenger->connected && job->taken && (holding == NULL || holding_is_kept(holding))) {
            job_answer(messenger, job, true);
        } else if (away || now_ms >= job->deadline_ms) {
            if (holding != NULL && job->taken)
                holding->pending_ms = 1; /* what became of it, the registry knows */
            job_answer(messenger, job, false);
        }
    }
}

/* ---- the thread ---- */

/* Moves what was handed over to this side. */
static void messenger_collect(struct messenger *messenger, struct list *news, bool *overp)
{
    pthread_mutex_lock(&messenger->lock);
    list_for_each_safe (node, &messenger->jobs) {
        list_remove(node);
        list_push(&messenger->waiting, node);
    }
    list_for_each_safe (node, &messenger->news) {
        list_remove(node);
        list_push(news, node);
    }
    messenger->news_count = 0;
    *overp = messenger->over;
    pthread_cond_broadcast(&messenger->room);
    pthread_mutex_unlock(&messenger->lock);
}

static bool messenger_has_mail(struct messenger *messenger)
{
    bool mail;

    pthread_mutex_lock(&messenger->lock);
    mail = messenger->over || !list_is_empty(&messenger->jobs) || !list_is_empty(&messenger->news);
    pthread_mutex_unlock(&messenger->lock);
    return mail;
}

static void messenger_take(struct messenger *messenger, struct list *news)
{
    list_for_each_safe (node, news) {
        struct news *one = list_entry(node, struct news, link);

        downstream_take(messenger, one->told);
        news_free(one);
    }
    list_for_each (node, &messenger->waiting) {
        struct job *job = list_entry(node, struct job, link);

        if (!job->taken)
            job_take(messenger, job);
    }
}

/* The member that was asked failed: the next one is tried at once, but after all of them there is a
 * pause. */
static void messenger_lose(struct messenger *messenger, int r)
{
    uint64_t now_ms = clock_ms();

    if (messenger->gateway.reason[0] == '\0')
        snprintf(messenger->gateway.reason, sizeof(messenger->gateway.reason), "%s", strerror(-r));
    if (messenger->connected || messenger->away_ms == 0)
        messenger->away_ms = now_ms;
    if (messenger->connected)
        log_warn("etcd is away: %s", messenger->gateway.reason);
    upstream_leave(messenger);
    messenger->failures += 1;
    if (messenger->failures % messenger->gateway.endpoint_count != 0)
        return;
    messenger->retry_ms = now_ms + messenger->backoff_ms;
    messenger->backoff_ms = messenger->backoff_ms * 2 < ETCD_BACKOFF_MAX_MS
                                    ? messenger->backoff_ms * 2
                                    : ETCD_BACKOFF_MAX_MS;
}

/* One round with etcd. */
static void messenger_go_up(struct messenger *messenger)
{
    bool connects = !messenger->connected;
    int r;

    if (connects && clock_ms() < messenger->retry_ms)
        return;
    messenger->gateway.reason[0] = '\0';
    r = connects ? upstream_connect(messenger) : upstream_hear(messenger);
    if (r == 0)
        r = upstream_renew(messenger);
    if (r == 0)
        r = upkeep_tell(messenger);
    if (r < 0) {
        messenger_lose(messenger, r);
        return;
    }
    if (connects)
        log_info("etcd answers at %s", messenger->gateway.endpoints[messenger->gateway.endpoint]);
    messenger->connected = true;
    messenger->away_ms = 0;
    messenger->failures = 0;
    messenger->backoff_ms = ETCD_BACKOFF_FIRST_MS;
}

static uint64_t messenger_sooner(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

/* When something is due, if nothing happens until then. */
static uint32_t messenger_wait_ms(const struct messenger *messenger)
{
    uint64_t now_ms = clock_ms();
    uint64_t due_ms = messenger->connected ? messenger->renew_ms : messenger->retry_ms;

    if (messenger->connected)
        due_ms = messenger_sooner(due_ms, upkeep_due(messenger, now_ms));
    if (messenger->registry_lives) {
        due_ms = messenger_sooner(due_ms, messenger->import_ms);
        if (messenger->registry_ms != 0)
            due_ms = messenger_sooner(due_ms, messenger->registry_ms);
        if (messenger->connected && messenger->holdings.known)
            due_ms = messenger_sooner(due_ms, holdings_due(&messenger->holdings));
    }
    list_for_each (node, &messenger->waiting)
        due_ms = messenger_sooner(due_ms, list_entry(node, struct job, link)->deadline_ms);
    return due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0;
}

static void *messenger_run(void *user)
{
    struct messenger *messenger = user;
    bool over = false;

    while (!over) {
        struct list news;

        list_init(&news);
        messenger_collect(messenger, &news, &over);
        messenger_take(messenger, &news);
        downstream_tell(messenger); /* before etcd, which may take its time */
        messenger_go_up(messenger);
        downstream_tell(messenger);
        messenger_answer(messenger);
        holdings_sweep(&messenger->holdings);
        messenger_note(messenger);
        if (!over && !messenger_has_mail(messenger))
            gateway_wait(&messenger->gateway, messenger_wait_ms(messenger));
    }
    upstream_close(messenger);
    return NULL;
}

/* ---- opening ---- */

static int messenger_find_node(struct messenger *messenger)
{
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;
    Mu__Node__V1__StatusReply *reply = NULL;
    struct mu_status status;

    if (node_status(messenger->client, &request, NULL, &reply, &status) != MU_OK) {
        log_error("the node does not say its name: %s", status.message);
        return err_new(-EAGAIN);
    }
    snprintf(messenger->node, sizeof(messenger->node), "%s", reply->node);
    mu__node__v1__status_reply__free_unpacked(reply, NULL);
    return path_node_is_valid(messenger->node) ? 0 : err_new(-EINVAL);
}

/* Checks the settings and takes from them what is kept. */
static int messenger_obey(
        struct messenger *messenger, const Mu__Node__V1__RegistrySettings *settings)
{
    const char *prefix = settings->prefix[0] != '\0' ? settings->prefix : "/mu";
    char error[ROSTER_ERROR_MAX] = "";
    int r;

    if (settings->n_endpoints == 0 || settings->n_endpoints > ETCD_ENDPOINTS_MAX) {
        log_error("registry.endpoints: 1 to %d of them, each as http://HOST:PORT",
                ETCD_ENDPOINTS_MAX);
        return err_new(-EINVAL);
    }
    for (size_t i = 0; i < settings->n_endpoints; i++) {
        if (gateway_endpoint_is_valid(settings->endpoints[i]))
            continue;
        log_error("registry.endpoints: \"%.80s\" is not http://HOST:PORT", settings->endpoints[i]);
        return err_new(-EINVAL);
    }
    if (!path_prefix_is_valid(prefix)) {
        log_error("registry.prefix: `/`, then letters, digits and `/-._`, no `/` at the end; "
                  "%d bytes at most",
                ETCD_PREFIX_SIZE_MAX);
        return err_new(-EINVAL);
    }
    snprintf(messenger->prefix, sizeof(messenger->prefix), "%s", prefix);
    r = roster_fill(&messenger->roster, settings, messenger->node, error);
    if (r == -EINVAL)
        log_error("%s", error);
    return r;
}

/* Is it the types of something that a neighbour offers? */
static bool messenger_needs_types(const uint8_t types[32], void *user)
{
    struct messenger *messenger = user;
    bool needed = false;

    for (uint32_t i = 0; i < messenger->roster.count && !needed; i++) {
        Mu__Etcd__V1__StatementBody *body = NULL;

        if (neighbours_offers(&messenger->neighbours, i, &body) < 0 || body == NULL)
            continue;
        for (size_t k = 0; k < body->offers->n_offers && !needed; k++)
            needed = body->offers->offers[k]->types.len == 32 &&
                     memcmp(body->offers->offers[k]->types.data, types, 32) == 0;
        mu__etcd__v1__statement_body__free_unpacked(body, NULL);
    }
    return needed;
}

/* What was known when this process ended last: it is there while etcd is away. */
static int messenger_recall(struct messenger *messenger)
{
    int r = neighbours_init(&messenger->neighbours, &messenger->roster, messenger->prefix);

    messenger->neighbour_copy =
            calloc(messenger->roster.count + 1, sizeof(*messenger->neighbour_copy));
    if (messenger->neighbour_copy == NULL)
        r = err_new(-ENOMEM);
    for (uint32_t i = 0; r == 0 && i < messenger->roster.count; i++) {
        const char *node = messenger->roster.nodes[i].node;
        struct mu_bytes statement;

        r = cache_get_statement(&messenger->cache, node, &statement);
        if (r == MU_STORE_OK)
            r = neighbours_hear(&messenger->neighbours, node, statement);
        r = r < 0 ? r : 0;
    }
    memset(messenger->neighbours.counts, 0, sizeof(messenger->neighbours.counts));
    if (r == 0)
        r = cache_get_adopted(&messenger->cache, &messenger->adopted);
    return r == 0 ? cache_prune_types(&messenger->cache, messenger_needs_types, messenger) : r;
}

static int messenger_start(struct messenger *messenger)
{
    if (pthread_create(&messenger->thread, NULL, messenger_run, messenger) != 0)
        return err_new(-EAGAIN);
    messenger->threads = 1;
    if (pthread_create(&messenger->follower, NULL, downstream_follow, messenger) != 0)
        return err_new(-EAGAIN);
    messenger->threads = 2;
    return 0;
}

int messenger_open(struct messenger *messenger, struct mu_client *client,
        const Mu__Node__V1__RegistrySettings *settings, const char *state_dir)
{
    char folder[MESSENGER_PATH_MAX];
    pthread_condattr_t attributes;
    int r;

    memset(messenger, 0, sizeof(*messenger));
    pthread_mutex_init(&messenger->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&messenger->room, &attributes);
    list_init(&messenger->jobs);
    list_init(&messenger->news);
    list_init(&messenger->waiting);
    messenger->client = client;
    messenger->backoff_ms = ETCD_BACKOFF_FIRST_MS;
    snprintf(messenger->standing.reason, sizeof(messenger->standing.reason), "not asked yet");
    messenger->standing.stale_ms = clock_ms();
    messenger->standing.stale_since_s = (uint64_t)time(NULL);
    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    if ((size_t)snprintf(folder, sizeof(folder), "%s/cache", state_dir) >= sizeof(folder))
        return err_new(-ENAMETOOLONG);
    r = messenger_find_node(messenger);
    if (r == 0)
        r = messenger_obey(messenger, settings);
    if (r == 0)
        r = cache_open(&messenger->cache, folder);
    if (r == 0)
        r = cache_keys(&messenger->cache, messenger->secret, messenger->key);
    if (r == 0)
        r = messenger_recall(messenger);
    if (r == 0)
        r = gateway_open(&messenger->gateway, settings->endpoints, settings->n_endpoints);
    return r == 0 ? messenger_start(messenger) : r;
}

/* Tells the threads that it is over, and waits for them. */
static void messenger_stop(struct messenger *messenger)
{
    pthread_mutex_lock(&messenger->lock);
    messenger->over = true;
    if (messenger->stream != NULL)
        mu_stream_cancel(messenger->stream);
    pthread_cond_broadcast(&messenger->room);
    pthread_mutex_unlock(&messenger->lock);
    if (messenger->threads > 0) {
        gateway_wake(&messenger->gateway);
        pthread_join(messenger->thread, NULL);
    }
    if (messenger->threads > 1)
        pthread_join(messenger->follower, NULL);
}

void messenger_close(struct messenger *messenger)
{
    struct list news;
    bool over;

    if (messenger->client == NULL)
        return;
    messenger_stop(messenger);
    list_init(&news);
    messenger_collect(messenger, &news, &over);
    list_for_each_safe (node, &messenger->waiting)
        job_free(list_entry(node, struct job, link));
    list_for_each_safe (node, &news)
        news_free(list_entry(node, struct news, link));
    gateway_close(&messenger->gateway);
    neighbours_deinit(&messenger->neighbours);
    holdings_deinit(&messenger->holdings);
    offers_deinit(&messenger->offers);
    roster_deinit(&messenger->roster);
    cache_close(&messenger->cache);
    free(messenger->neighbour_copy);
    sodium_memzero(messenger->secret, sizeof(messenger->secret));
    pthread_cond_destroy(&messenger->room);
    pthread_mutex_destroy(&messenger->lock);
    messenger->client = NULL;
}
