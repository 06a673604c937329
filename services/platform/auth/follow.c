// SPDX-License-Identifier: Apache-2.0
/* Who follows the log is sent what stands in it, each from where it is: nothing is kept for one
 * that reads slowly but the number of the entry it has to get next. */
#include "services/platform/auth/follow.h"

#include "services/platform/auth/audit_message.h"

/* Sends what there is for it and room. False where it is over. */
static bool show_one(struct auth *auth, struct auth_follower *follower)
{
    struct audit_entry entry;
    struct audit_chain chain;
    enum mu_send_outcome outcome = MU_SEND_OK;

    if (audit_chain(&auth->book, &chain) != BOOK_OK)
        return false;
    if (follower->next < chain.first)
        follower->next = chain.first;
    while (outcome == MU_SEND_OK && follower->next <= chain.last) {
        Mu__Auth__V1__AuditEntry message;

        if (audit_get(&auth->book, follower->next, &entry) != BOOK_OK)
            return false;
        audit_message(&message, &entry);
        outcome = mu_call_send(follower->call, &message.base);
        follower->next += outcome == MU_SEND_OK;
    }
    return outcome != MU_SEND_OVER;
}

static void let_go(struct auth_follower *follower, enum mu_code code, const char *why)
{
    struct mu_call *call = follower->call;

    follower->call = NULL;
    mu_call_fail(call, code, "%s", why);
}

void follow_show(struct auth *auth)
{
    for (size_t i = 0; i < AUDIT_FOLLOWERS_MAX; i++) {
        struct auth_follower *follower = &auth->followers[i];

        /* one that is over is let go of where it hears of that */
        if (follower->call != NULL && !show_one(auth, follower) && !mu_call_is_over(follower->call))
            let_go(follower, MU_DATA_LOSS, "an entry of the audit log cannot be read");
    }
}

void follow_end(struct auth *auth)
{
    for (size_t i = 0; i < AUDIT_FOLLOWERS_MAX; i++) {
        if (auth->followers[i].call != NULL)
            let_go(&auth->followers[i], MU_UNAVAILABLE, "the service stops");
    }
}

static struct auth_follower *find(struct auth *auth, const struct mu_call *call)
{
    for (size_t i = 0; i < AUDIT_FOLLOWERS_MAX; i++) {
        if (auth->followers[i].call == call)
            return &auth->followers[i];
    }
    return NULL;
}

static void on_credit(struct mu_call *call)
{
    struct auth *auth = mu_call_state(call);

    auth_lock(auth);
    if (find(auth, call) != NULL)
        follow_show(auth);
    auth_unlock(auth);
}

static void on_over(struct mu_call *call)
{
    struct auth *auth = mu_call_state(call);
    struct auth_follower *follower;

    auth_lock(auth);
    follower = find(auth, call);
    if (follower != NULL)
        let_go(follower, MU_CANCELLED, "nobody follows any more");
    auth_unlock(auth);
}

void follow_begin(struct auth *auth, struct mu_call *call, uint64_t next)
{
    struct auth_follower *free = find(auth, NULL);

    if (free == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "%d calls follow the audit log already",
                AUDIT_FOLLOWERS_MAX);
        return;
    }
    *free = (struct auth_follower){ .call = call, .next = next };
    mu_call_on_credit(call, on_credit);
    mu_call_on_over(call, on_over);
    follow_show(auth);
}
