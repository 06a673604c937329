// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/authority.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "services/network/link/admissions.h"
#include "transport/secure/big_endian.h"

enum {
    TOKEN_KEPT_S = 604800, /* behind its end, so that who comes late is told so */
    REPLACED_AT_ONCE = 16  /* keys that are revoked in one go */
};

static const char AT_REPLACED[] = "replaced/"; /* and the key: when it is revoked, unix time */

int authority_invite(struct seat *seat, uint32_t uses, uint64_t not_after_s,
        const struct whereabouts *whereabouts, uint64_t now_s, struct token *token)
{
    const char *addresses[TOKEN_ADDRESSES_MAX];
    uint32_t count = whereabouts_dialled(whereabouts, addresses);
    struct token_record record;
    struct token made;
    int r;

    token_init(&made, &seat->membership.root, ROLE_MEMBER, not_after_s);
    for (uint32_t i = 0; i < count; i++)
        token_add_address(&made, addresses[i]);
    r = admissions_sweep_tokens(&seat->vault, now_s > TOKEN_KEPT_S ? now_s - TOKEN_KEPT_S : 0);
    if (r == VAULT_OK)
        r = err_trace(token_record_init(&record, &made, uses));
    if (r == VAULT_OK)
        r = admissions_put_token(&seat->vault, &record);
    if (r == VAULT_OK)
        r = vault_commit(&seat->vault);
    sodium_memzero(&record, sizeof(record));
    if (r == VAULT_OK)
        *token = made;
    token_wipe(&made);
    return r;
}

/* ---- revoking ---- */

/* A list may forget an entry when nothing that it voids could still be renewed. */
static uint64_t forgotten_s(uint64_t now_s)
{
    const uint64_t kept_s = CERTIFICATE_LIFE_S + (uint64_t)RENEWAL_GRACE_S + CLOCK_TOLERANCE_S;

    return now_s > kept_s ? now_s - kept_s : 0;
}

/* Signs the next version of this authority's list, with `subject` in it, and takes it over, with
 * all that was put into the vault before. */
static int revoke_key(struct seat *seat, const struct public_key *subject, uint64_t now_s)
{
    CLEANUP(cleanup_free) struct revocation_list *list = malloc(sizeof(*list));
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(REVOCATION_LIST_SIZE_MAX);
    const struct membership *membership = &seat->membership;
    const struct revocation_list *held = seat_list(seat, &membership->authority_key.public);

    if (list == NULL || bytes == NULL)
        return err_new(-ENOMEM);
    if (held != NULL)
        *list = *held;
    else
        revocation_list_init(list, &membership->network);
    revocation_list_forget(list, forgotten_s(now_s));
    if (revocation_list_add(list, subject, now_s) == REVOCATION_FULL)
        return VAULT_FULL;
    if (revocation_list_sign(list, &membership->authority_key, &membership->authority, now_s) !=
            REVOCATION_OK)
        return err_new(-EPROTO);
    return err_fold(seat_revoke(
            seat, (struct span){ bytes, (size_t)(revocation_list_write(list, bytes) - bytes) }));
}

/* ---- keys that were replaced ---- */

/* Whoever had the key shows another one from now on, and links of both stand for a while. */
static int put_replaced(struct seat *seat, const struct public_key *subject, uint64_t now_s)
{
    struct vault_key key;
    struct mu_bytes where = vault_key(&key, AT_REPLACED, subject->bytes, PUBLIC_KEY_SIZE);
    struct mu_bytes present;
    uint8_t due[sizeof(uint64_t)];
    int r = vault_get(&seat->vault, where, &present);

    if (r != VAULT_NONE)
        return r; /* who asks again, as the answer got lost, has no more time for it */
    be64_write(due, now_s + ROTATION_REVOKE_S);
    return vault_put(&seat->vault, where, (struct mu_bytes){ due, sizeof(due) });
}

struct replaced_search {
    uint64_t now_s;
    uint64_t next_s;
    struct public_key due[REPLACED_AT_ONCE];
    size_t count;
};

static int replaced_look(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct replaced_search *search = user;
    uint64_t due_s;

    if (key.size != sizeof(AT_REPLACED) - 1 + PUBLIC_KEY_SIZE || value.size != sizeof(due_s))
        return err_new(-EBADMSG);
    due_s = be64_read(value.data);
    if (due_s > search->now_s && due_s < search->next_s)
        search->next_s = due_s;
    if (due_s <= search->now_s && search->count < REPLACED_AT_ONCE)
        memcpy(search->due[search->count++].bytes, key.data + sizeof(AT_REPLACED) - 1,
                PUBLIC_KEY_SIZE);
    return 0;
}

bool authority_revoke_replaced(struct seat *seat, uint64_t now_s, uint64_t *next_sp)
{
    struct replaced_search search = { .now_s = now_s, .next_s = UINT64_MAX };
    struct vault_key key;
    size_t done = 0;
    int r = VAULT_OK;

    *next_sp = UINT64_MAX;
    if (!membership_is_authority(&seat->membership))
        return false;
    r = vault_each(&seat->vault, AT_REPLACED, replaced_look, &search);
    while (r == VAULT_OK && done < search.count) {
        r = vault_delete(&seat->vault,
                vault_key(&key, AT_REPLACED, search.due[done].bytes, PUBLIC_KEY_SIZE));
        if (r == VAULT_OK)
            r = revoke_key(seat, &search.due[done], now_s);
        done += r == VAULT_OK;
    }
    if (r != VAULT_OK) {
        vault_abort(&seat->vault);
        log_error("a key that was replaced is not revoked yet: %s",
                r < 0 ? strerror(-r) : "there is no room");
        search.next_s = now_s + ROTATION_REVOKE_S;
    } else if (search.count == REPLACED_AT_ONCE) {
        search.next_s = now_s;
    }
    *next_sp = search.next_s;
    return done > 0;
}

struct holder_search {
    const struct public_key *holder;
    char name[CERTIFICATE_NAME_MAX + 1];
};

static void holder_look(const char *name, const struct public_key *holder, void *user)
{
    struct holder_search *search = user;

    if (public_key_equal(holder, search->holder))
        memcpy(search->name, name, strlen(name) + 1);
}

int authority_revoke(struct seat *seat, const struct public_key *subject, uint64_t now_s)
{
    struct holder_search search = { .holder = subject };
    int r = admissions_each_name(&seat->vault, holder_look, &search);

    if (r == VAULT_OK && search.name[0] != '\0')
        r = admissions_drop_name(&seat->vault, search.name);
    if (r == VAULT_OK)
        r = revoke_key(seat, subject, now_s);
    if (r != VAULT_OK)
        vault_abort(&seat->vault);
    return r;
}

bool authority_issued(const struct seat *seat, const struct certificate *certificate)
{
    return seat->joined && membership_is_authority(&seat->membership) &&
           public_key_equal(&certificate->issuer, &seat->membership.authority_key.public);
}

/* ---- answering ---- */

static bool is_rotation(const struct request *request)
{
    return request->kind == REQUEST_RENEWAL &&
           !public_key_equal(&request->subject, &request->chain.certificates[0].subject);
}

/* Whoever has the name at present; who rotates may hand his own name on. `*namedp` says whether
 * somebody has it. Returns 0 or -errno. */
static int find_holder(
        struct seat *seat, const struct request *request, struct public_key *holder, bool *namedp)
{
    int r = admissions_get_name(&seat->vault, request->name, holder);

    *namedp = r == VAULT_OK;
    if (is_rotation(request) && *namedp &&
            public_key_equal(holder, &request->chain.certificates[0].subject))
        *namedp = false;
    return r == VAULT_NONE ? 0 : err_trace(r);
}

/* Puts what an answer changes, and commits it. */
static int admit(struct seat *seat, const struct request *request,
        const struct token_record *record, uint64_t now_s)
{
    int r = admissions_put_name(&seat->vault, request->name, &request->subject);

    if (r == VAULT_OK && record != NULL)
        r = admissions_put_token(&seat->vault, record);
    if (r == VAULT_OK)
        r = is_rotation(request)
                    ? put_replaced(seat, &request->chain.certificates[0].subject, now_s)
                    : VAULT_OK;
    if (r == VAULT_OK)
        r = vault_commit(&seat->vault);
    if (r != VAULT_OK)
        vault_abort(&seat->vault);
    return r;
}

/* An authority takes back what it gave itself. Another one's certificate it could replace, and not
 * void. */
static bool may_rotate(const struct seat *seat, const struct request *request)
{
    return !is_rotation(request) || authority_issued(seat, &request->chain.certificates[0]);
}

int authority_answer(struct seat *seat, const struct request *request,
        const struct public_key *linked, uint64_t now_s, struct chain *chain)
{
    const struct membership *membership = &seat->membership;
    const struct issuer issuer = { .key = &membership->authority_key,
        .authority = &membership->authority,
        .trust = &seat->trust,
        .linked = linked,
        .life_s = seat->life_s };
    struct token_record record;
    struct token_record *recordp = NULL;
    struct certificate certificate;
    struct public_key holder;
    bool named;
    int r;

    if (!seat->joined || !membership_is_authority(membership) || !may_rotate(seat, request))
        return ISSUE_NOT_AUTHORITY;
    r = find_holder(seat, request, &holder, &named);
    if (r == 0 && request->kind == REQUEST_JOIN) {
        r = admissions_get_token(&seat->vault, &request->token, &record);
        recordp = r == VAULT_OK ? &record : NULL;
    }
    if (r < 0)
        return err_trace(r);
    r = (int)issue_answer(&issuer, request, recordp, named ? &holder : NULL, now_s, &certificate);
    if (r == ISSUE_OK) {
        r = admit(seat, request, recordp, now_s);
        if (r != VAULT_OK)
            r = r == VAULT_FULL ? err_new(-ENOSPC) : err_fold(r);
    }
    if (recordp != NULL)
        sodium_memzero(&record, sizeof(record));
    if (r == 0)
        *chain = (struct chain){ .count = 2,
            .certificates = { certificate, membership->authority } };
    return r;
}
