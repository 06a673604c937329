// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/platform/auth/audit_message.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/follow.h"
#include "services/platform/auth/handlers.h"

/* ---- Audit, FollowAudit ---- */

struct page {
    size_t count;
    Mu__Auth__V1__AuditEntry *list[AUDIT_PAGE_MAX];
    Mu__Auth__V1__AuditEntry messages[AUDIT_PAGE_MAX];
    struct audit_entry entries[AUDIT_PAGE_MAX];
};

/* The first entry from number `next` on that was made at `since_ms` or later; one over the last
 * where there is none. Entries come in the order of time, as long as the clock does. */
static int find_since(
        struct auth *auth, const struct audit_chain *chain, uint64_t since_ms, uint64_t *nextp)
{
    uint64_t low = *nextp;
    uint64_t high = chain->last + 1;

    while (since_ms > 0 && low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct audit_entry entry;
        int r = audit_get(&auth->book, middle, &entry);

        if (r != BOOK_OK)
            return r;
        if (entry.time_ms < since_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *nextp = low;
    return BOOK_OK;
}

/* Where the answer begins, and how many entries it may have. */
static int find_begin(struct auth *auth, const Mu__Auth__V1__AuditRequest *request,
        struct audit_chain *chain, uint64_t *nextp, uint64_t *limitp)
{
    int r = audit_chain(&auth->book, chain);

    if (r != BOOK_OK)
        return r;
    *limitp =
            request->limit > 0 && request->limit < AUDIT_PAGE_MAX ? request->limit : AUDIT_PAGE_MAX;
    *nextp = request->after >= chain->first && request->after < UINT64_MAX ? request->after + 1
                                                                           : chain->first;
    r = find_since(auth, chain, request->since_ms, nextp);
    if (request->latest && chain->last + 1 - chain->first > *limitp &&
            *nextp < chain->last + 1 - *limitp)
        *nextp = chain->last + 1 - *limitp;
    return r;
}

static int fill_page(struct auth *auth, const Mu__Auth__V1__AuditRequest *request,
        struct page *page, bool *morep)
{
    struct audit_chain chain = { .last = 0 };
    uint64_t next = 1;
    uint64_t limit = 0;
    int r = find_begin(auth, request, &chain, &next, &limit);

    for (; r == BOOK_OK && next <= chain.last && page->count < limit; next++) {
        r = audit_get(&auth->book, next, &page->entries[page->count]);
        if (r != BOOK_OK)
            break;
        audit_message(&page->messages[page->count], &page->entries[page->count]);
        page->list[page->count] = &page->messages[page->count];
        page->count += 1;
    }
    *morep = r == BOOK_OK && next <= chain.last;
    return r;
}

/* An entry that is missing or damaged is what verifying is for. */
static void audit_fail(struct mu_call *call, int r)
{
    if (r == BOOK_NONE || r == -EBADMSG)
        mu_call_refuse(call, MU_DATA_LOSS, "an entry of the log is missing or damaged: verify it");
    else
        auth_fail(call, r);
}

void audits_list(struct mu_call *call, const Mu__Auth__V1__AuditRequest *request)
{
    Mu__Auth__V1__AuditReply reply = MU__AUTH__V1__AUDIT_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_AUDITOR);
    CLEANUP(cleanup_free) struct page *page = NULL;
    bool more = false;
    int r = -ENOMEM;

    if (auth == NULL)
        return;
    page = calloc(1, sizeof(*page));
    if (page != NULL)
        r = fill_page(auth, request, page, &more);
    auth_unlock(auth);
    if (r != BOOK_OK) {
        audit_fail(call, r);
        return;
    }
    reply.entries = page->list;
    reply.n_entries = page->count;
    reply.more = more;
    auth_audit_reply(call, &reply);
}

void audits_follow(struct mu_call *call, const Mu__Auth__V1__AuditRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_AUDITOR);
    struct audit_chain chain;
    uint64_t next;
    uint64_t limit;
    int r;

    if (auth == NULL)
        return;
    r = find_begin(auth, request, &chain, &next, &limit);
    if (r == BOOK_OK)
        follow_begin(auth, call, next);
    else
        audit_fail(call, r);
    auth_unlock(auth);
}

/* ---- VerifyAudit ---- */

void audits_verify(struct mu_call *call, const Mu__Auth__V1__VerifyAuditRequest *request)
{
    Mu__Auth__V1__VerifyAuditReply reply = MU__AUTH__V1__VERIFY_AUDIT_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_AUDITOR);
    struct audit_verdict verdict;
    int r;

    if (auth == NULL)
        return;
    r = audit_verify(&auth->book, request->from, AUDIT_VERIFY_MAX, &verdict);
    auth_unlock(auth);
    if (r == BOOK_NONE) {
        mu_call_refuse(call, MU_OUT_OF_RANGE, "there is no entry %" PRIu64, request->from);
        return;
    }
    if (r != BOOK_OK) {
        auth_fail(call, r);
        return;
    }
    reply.verified = verdict.verified;
    reply.broken = verdict.broken;
    reply.why = (char *)(uintptr_t)(verdict.why != NULL ? verdict.why : "");
    reply.next = verdict.next;
    reply.last = verdict.last;
    reply.last_hash.data = verdict.hash;
    reply.last_hash.len = AUDIT_HASH_SIZE;
    auth_verify_audit_reply(call, &reply);
}

/* ---- Note ---- */

static int note(struct auth *auth, const Mu__Router__V1__Note *refusal)
{
    char detail[AUDIT_TEXT_MAX + 1];
    const struct audit_event event = {
        .event = "refused", .by = refusal->by, .about = refusal->endpoint, .detail = detail
    };

    snprintf(detail, sizeof(detail), "%.16s: %.200s", refusal->kind, refusal->reason);
    return audit_append(&auth->book, &event, refusal->time_ms);
}

static int note_left_out(struct auth *auth, uint64_t left_out)
{
    char detail[48];
    const struct audit_event event = {
        .event = "refused", .by = "router", .about = "others", .detail = detail
    };

    snprintf(detail, sizeof(detail), "%" PRIu64 " more in between", left_out);
    return left_out > 0 ? audit_append(&auth->book, &event, auth_now_ms()) : BOOK_OK;
}

void audits_note(struct mu_call *call, const Mu__Router__V1__NoteRequest *request)
{
    Mu__Router__V1__NoteReply reply = MU__ROUTER__V1__NOTE_REPLY__INIT;
    struct auth *auth;
    int r = BOOK_OK;

    if (!caller_is_router(call)) {
        mu_call_refuse(call, MU_PERMISSION_DENIED, "only the router notes what it refused");
        return;
    }
    auth = auth_enter(call, AUTH_ANYBODY);
    if (auth == NULL)
        return;
    for (size_t i = 0; r == BOOK_OK && i < request->n_notes && i < AUDIT_NOTES_MAX; i++)
        r = note(auth, request->notes[i]);
    if (r == BOOK_OK)
        r = note_left_out(auth, request->left_out);
    if (auth_keep(auth, call, r))
        auth_note_reply(call, &reply);
    auth_unlock(auth);
}
