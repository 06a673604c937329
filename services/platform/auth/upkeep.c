// SPDX-License-Identifier: Apache-2.0
/* The router is told on a thread of its own and not by handlers: a call that a handler makes is
 * made on behalf of the user whom it serves, and keys and rules are nobody's. The lock is let go of
 * meanwhile; what changes then is sent again behind it, so the router's copy is never an old one
 * for long. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "mu/router/v1/router.mu.h"
#include "services/platform/auth/auth.h"
#include "services/platform/auth/issued.h"

/* ---- what the router is told ---- */

struct revocations {
    uint64_t now_s;
    size_t count;
    bool full;
    struct issued each[REVOKED_MAX];
};

static int gather_revoked(const struct issued *issued, void *user)
{
    struct revocations *revocations = user;

    if (!issued->revoked || issued->until_s + CLOCK_TOLERANCE_S <= revocations->now_s)
        return 0;
    if (revocations->count == REVOKED_MAX) {
        revocations->full = true;
        return 1;
    }
    revocations->each[revocations->count++] = *issued;
    return 0;
}

/* Of more void tokens than the router can be told, whole accounts are void: what is revoked must
 * not come back, and who loses a token by that gets another one. */
static int gather_accounts(const struct issued *issued, void *user)
{
    struct revocations *revocations = user;
    const struct issued *last = &revocations->each[revocations->count - 1];

    if (!issued->revoked || issued->until_s + CLOCK_TOLERANCE_S <= revocations->now_s)
        return 0;
    if (revocations->count > 0 && strcmp(last->account, issued->account) == 0)
        return 0;
    revocations->each[revocations->count++] = *issued;
    return 0;
}

_Static_assert(ACCOUNTS_MAX <= REVOKED_MAX, "each account can be void");

static int gather(struct auth *auth, struct revocations *revocations)
{
    int r;

    revocations->now_s = auth_now_s();
    r = issued_each(&auth->book, gather_revoked, revocations);
    if (r >= 0 && revocations->full) {
        revocations->count = 0;
        r = issued_each(&auth->book, gather_accounts, revocations);
    }
    return r < 0 ? r : 0;
}

/* Fills one revocation; texts and bytes are borrowed from `issued`. */
static void fill(Mu__Router__V1__Revocation *one, struct issued *issued, bool whole_account)
{
    mu__router__v1__revocation__init(one);
    if (whole_account) {
        one->subject = issued->account;
    } else {
        one->token.data = issued->id.bytes;
        one->token.len = ACCESS_ID_SIZE;
    }
}

struct keys_message {
    struct revocations revocations;
    struct public_key keys[ACCESS_KEYS_MAX];
    ProtobufCBinaryData key_bytes[ACCESS_KEYS_MAX];
    Mu__Router__V1__Revocation revoked[REVOKED_MAX];
    Mu__Router__V1__Revocation *revoked_each[REVOKED_MAX];
    Mu__Router__V1__KeysRequest request;
};

/* With the lock. */
static int make_keys(struct auth *auth, struct keys_message *message)
{
    struct revocations *revocations = &message->revocations;
    int r = gather(auth, revocations);

    if (r < 0)
        return r;
    mu__router__v1__keys_request__init(&message->request);
    for (uint32_t i = 0; i < auth->signing.count; i++) {
        message->keys[i] = auth->signing.keys[i].key.public;
        message->key_bytes[i].data = message->keys[i].bytes;
        message->key_bytes[i].len = PUBLIC_KEY_SIZE;
    }
    for (size_t i = 0; i < revocations->count; i++) {
        fill(&message->revoked[i], &revocations->each[i], revocations->full);
        message->revoked_each[i] = &message->revoked[i];
    }
    message->request.keys = message->key_bytes;
    message->request.n_keys = auth->signing.count;
    message->request.revoked = message->revoked_each;
    message->request.n_revoked = revocations->count;
    return 0;
}

/* Calls the router, without the lock. */
static bool tell(struct auth *auth, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type)
{
    const struct mu_call_options options = { .timeout_ms = PUSH_MS };
    ProtobufCMessage *reply = NULL;
    struct mu_status status;

    auth_unlock(auth);
    if (mu_call_message(auth->client, endpoint, request, reply_type, &options, &reply, &status) ==
            MU_OK)
        protobuf_c_message_free_unpacked(reply, NULL);
    else
        log_error("the router does not take %s: %s", endpoint, status.message);
    auth_lock(auth);
    return status.code == MU_OK;
}

static bool send_keys(struct auth *auth)
{
    CLEANUP(cleanup_free) struct keys_message *message = calloc(1, sizeof(*message));
    uint64_t wanted = auth->keys_copy.wanted;
    int r = message != NULL ? make_keys(auth, message) : -ENOMEM;

    if (r < 0) {
        log_error("the router is not told which tokens are void: %s", strerror(-r));
        return false;
    }
    if (!tell(auth, "router.Keys", &message->request.base, &mu__router__v1__keys_reply__descriptor))
        return false;
    auth->keys_copy.sent = wanted;
    return true;
}

struct rules_message {
    struct rulebook rules;
    Mu__Router__V1__Rule each[RULES_MAX];
    Mu__Router__V1__Rule *list[RULES_MAX];
    Mu__Router__V1__RulesRequest request;
};

static void make_rules(const struct auth *auth, struct rules_message *message)
{
    message->rules = auth->rules;
    mu__router__v1__rules_request__init(&message->request);
    for (uint32_t i = 0; i < message->rules.count; i++) {
        struct rule *rule = &message->rules.each[i];
        Mu__Router__V1__Rule *one = &message->each[i];

        mu__router__v1__rule__init(one);
        one->id = rule->id;
        one->priority = rule->priority;
        one->who = rule->who;
        one->endpoints = rule->endpoints;
        one->effect = rule->deny ? MU__ROUTER__V1__EFFECT__EFFECT_DENY
                                 : MU__ROUTER__V1__EFFECT__EFFECT_ALLOW;
        one->reason = rule->reason;
        message->list[i] = one;
    }
    message->request.rules = message->list;
    message->request.n_rules = message->rules.count;
}

static bool send_rules(struct auth *auth)
{
    CLEANUP(cleanup_free) struct rules_message *message = calloc(1, sizeof(*message));
    uint64_t wanted = auth->rules_copy.wanted;

    if (message == NULL)
        return false;
    make_rules(auth, message);
    if (!tell(auth, "router.Rules", &message->request.base,
                &mu__router__v1__rules_reply__descriptor))
        return false;
    auth->rules_copy.sent = wanted;
    return true;
}

/* ---- what ends by itself ---- */

/* Forgets keys and tokens that ended. */
static void sweep(struct auth *auth)
{
    uint32_t gone = 0;
    int r = issued_sweep(&auth->book, auth_now_s() - CLOCK_TOLERANCE_S);

    if (r == 0)
        r = signing_sweep(&auth->book, &auth->signing, auth_now_s(), &gone);
    if (r == 0)
        r = book_commit(&auth->book);
    else
        book_abort(&auth->book);
    if (r == 0 && gone > 0) {
        r = auth_reload_signing(auth);
        auth->keys_copy.wanted += 1;
    }
    if (r != 0)
        log_error("tokens that ended are still kept: %s", r < 0 ? strerror(-r) : "no room");
}

/* When the next key ends, or tokens may have. */
static uint64_t next_sweep_ms(const struct auth *auth)
{
    uint64_t now_s = auth_now_s();
    uint64_t next_s = now_s + ACCESS_LIFE_MAX_S;

    for (uint32_t i = 0; i < auth->signing.count; i++) {
        uint64_t until_s = auth->signing.keys[i].until_s;

        if (until_s != 0 && until_s < next_s)
            next_s = until_s > now_s ? until_s : now_s + 1;
    }
    return clock_ms() + (next_s - now_s) * 1000;
}

/* ---- the thread ---- */

static struct timespec in_ms(uint64_t wait_ms)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += (time_t)(wait_ms / 1000);
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec += 1;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool is_due(const struct auth_copy *copy)
{
    return copy->sent != copy->wanted;
}

/* Sends what is due. False where some of it could not be. */
static bool send_all(struct auth *auth)
{
    bool taken = true;

    if (is_due(&auth->keys_copy))
        taken = send_keys(auth) && taken;
    if (is_due(&auth->rules_copy) && !auth->ending)
        taken = send_rules(auth) && taken;
    pthread_cond_broadcast(&auth->sent);
    return taken;
}

static void *upkeep_run(void *user)
{
    struct auth *auth = user;
    uint64_t sweep_ms = 0;

    auth_lock(auth);
    while (!auth->ending) {
        uint64_t wait_ms;
        struct timespec until;

        if (clock_ms() >= sweep_ms) {
            sweep(auth);
            sweep_ms = next_sweep_ms(auth);
        }
        wait_ms = !send_all(auth)          ? PUSH_AGAIN_MS
                  : clock_ms() >= sweep_ms ? 0
                                           : sweep_ms - clock_ms();
        if (wait_ms != PUSH_AGAIN_MS && (is_due(&auth->keys_copy) || is_due(&auth->rules_copy)))
            continue;
        until = in_ms(wait_ms);
        if (!auth->ending)
            pthread_cond_timedwait(&auth->due, &auth->lock, &until);
    }
    auth_unlock(auth);
    return NULL;
}

int upkeep_start(struct auth *auth)
{
    sigset_t all;
    sigset_t before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&auth->upkeep, NULL, upkeep_run, auth);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    auth->upkeep_runs = error == 0;
    return error == 0 ? 0 : err_new(-error);
}

void upkeep_await(struct auth *auth)
{
    struct timespec until = in_ms(PUSH_MS);
    bool in_time = true;

    auth_lock(auth);
    while (in_time && (is_due(&auth->keys_copy) || is_due(&auth->rules_copy)))
        in_time = pthread_cond_timedwait(&auth->sent, &auth->lock, &until) == 0;
    auth_unlock(auth);
}

void upkeep_stop(struct auth *auth)
{
    if (!auth->upkeep_runs)
        return;
    auth_lock(auth);
    auth->ending = true;
    pthread_cond_signal(&auth->due);
    auth_unlock(auth);
    pthread_join(auth->upkeep, NULL);
    auth->upkeep_runs = false;
}

static void push(struct auth *auth, struct auth_copy *copy)
{
    struct timespec until = in_ms(PUSH_MS);
    uint64_t wanted = ++copy->wanted;

    pthread_cond_signal(&auth->due);
    while (copy->sent < wanted && !auth->ending) {
        if (pthread_cond_timedwait(&auth->sent, &auth->lock, &until) != 0)
            return;
    }
}

void auth_push_keys(struct auth *auth)
{
    push(auth, &auth->keys_copy);
}

void auth_push_rules(struct auth *auth)
{
    push(auth, &auth->rules_copy);
}
