// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/auth.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "services/platform/auth/account.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/passkey.h"

uint64_t auth_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t auth_now_s(void)
{
    return auth_now_ms() / 1000u;
}

/* ---- for handlers ---- */

void auth_lock(struct auth *auth)
{
    pthread_mutex_lock(&auth->lock);
}

void auth_unlock(struct auth *auth)
{
    pthread_mutex_unlock(&auth->lock);
}

bool auth_may(struct auth *auth, const struct mu_call *call, enum auth_right right)
{
    const char *user = caller_user(call);
    struct account account;
    uint32_t roles;

    if (right == AUTH_ANYBODY || caller_is_operator(call))
        return true;
    if (user == NULL || account_get(&auth->book, user, &account) != BOOK_OK || account.disabled)
        return false;
    roles = right == AUTH_AUDITOR ? ACCOUNT_AUDITOR | ACCOUNT_ADMIN : ACCOUNT_ADMIN;
    return (account.roles & roles) != 0;
}

struct auth *auth_enter(struct mu_call *call, enum auth_right right)
{
    struct auth *auth = mu_call_state(call);

    auth_lock(auth);
    if (auth_may(auth, call, right))
        return auth;
    auth_unlock(auth);
    mu_call_refuse(call, MU_PERMISSION_DENIED,
            "only the node's owner may do this, and accounts with the role `admin`%s",
            right == AUTH_AUDITOR ? " or `auditor`" : "");
    return NULL;
}

int auth_log(struct auth *auth, const struct mu_call *call, const char *event, const char *about,
        const char *detail)
{
    char by[CALLER_TEXT_SIZE];
    const struct audit_event said = {
        .event = event, .by = caller_print(call, by), .about = about, .detail = detail
    };

    return audit_append(&auth->book, &said, auth_now_ms());
}

void auth_fail(struct mu_call *call, int r)
{
    if (r > 0)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
                "there is no room for it: a limit is reached, or the disk is full");
    else
        mu_call_fail(call, MU_INTERNAL, "it cannot be kept: %s", strerror(-r));
}

bool auth_keep(struct auth *auth, struct mu_call *call, int r)
{
    if (r == BOOK_OK)
        r = book_commit(&auth->book);
    else
        book_abort(&auth->book);
    if (r != BOOK_OK) {
        auth_fail(call, r);
        return false;
    }
    follow_show(auth);
    return true;
}

int auth_reload_signing(struct auth *auth)
{
    struct signing read;
    int r = err_fold(signing_load(&auth->book, &read));

    if (r < 0)
        return r;
    signing_deinit(&auth->signing);
    auth->signing = read;
    return 0;
}

int auth_reload_rules(struct auth *auth)
{
    return rulebook_load(&auth->book, &auth->rules);
}

/* ---- from start to end ---- */

static int make_first_key(struct auth *auth)
{
    const struct audit_event event = {
        .event = "key-rotated", .by = "auth", .about = "the first signing key"
    };
    int r = signing_rotate(&auth->book, &auth->signing, auth_now_s());

    if (r == BOOK_OK)
        r = audit_append(&auth->book, &event, auth_now_ms());
    if (r == BOOK_OK)
        r = book_commit(&auth->book);
    return r == BOOK_OK ? auth_reload_signing(auth) : err_fold(r);
}

static int make_first_secret(struct auth *auth)
{
    bool made = false;
    int r = passkey_make_secret(&auth->book, &made);

    return r == BOOK_OK && made ? book_commit(&auth->book) : r;
}

static int read_all(struct auth *auth)
{
    int r = signing_load(&auth->book, &auth->signing);

    if (r == BOOK_NONE)
        r = make_first_key(auth);
    if (r == 0)
        r = make_first_secret(auth);
    if (r == 0)
        r = auth_reload_rules(auth);
    return err_fold(r);
}

int auth_open(struct auth *auth, struct mu_client *client, const char *folder)
{
    uint8_t key[16];
    int r;

    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    *auth = (struct auth){ .client = client };
    pthread_mutex_init(&auth->lock, NULL);
    pthread_cond_init(&auth->due, NULL);
    pthread_cond_init(&auth->sent, NULL);
    randombytes_buf(key, sizeof(key));
    throttle_init(&auth->throttle, key, clock_ms());
    auth->keys_copy.wanted = 1;
    auth->rules_copy.wanted = 1;
    passwords_init(&auth->passwords);
    r = book_open(&auth->book, folder);
    if (r == 0)
        r = read_all(auth);
    if (r == 0)
        r = upkeep_start(auth);
    return err_trace(r);
}

void auth_drain(struct auth *auth)
{
    auth_lock(auth);
    follow_end(auth);
    auth_unlock(auth);
}

void auth_close(struct auth *auth)
{
    upkeep_stop(auth);
    signing_deinit(&auth->signing);
    book_close(&auth->book);
    passwords_deinit(&auth->passwords);
    pthread_cond_destroy(&auth->sent);
    pthread_cond_destroy(&auth->due);
    pthread_mutex_destroy(&auth->lock);
}
