// SPDX-License-Identifier: Apache-2.0
/* The network in a token stays zeroes: this service's keys are believed by its own node's router
 * alone, whatever network that is in, and a node that joins one keeps its users logged in. */
#include "services/platform/auth/minting.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static void fill_scopes(struct access_scopes *scopes, const struct minting *minting)
{
    const struct account *account = minting->account;

    scopes->count =
            minting->scope_count > 0 ? (uint32_t)minting->scope_count : account->scope_count;
    for (uint32_t i = 0; i < scopes->count; i++)
        snprintf(scopes->patterns[i], sizeof(scopes->patterns[i]), "%s",
                minting->scope_count > 0 ? minting->scopes[i] : account->scopes[i]);
}

_Static_assert(
        (int)ACCOUNT_SCOPES_MAX <= (int)ACCESS_SCOPES_MAX, "a token holds an account's scopes");

int minting_make(struct auth *auth, const struct minting *minting, struct minted *minted)
{
    uint64_t now_s = auth_now_s();
    struct access_grant grant = {
        .issued_s = now_s,
        .expires_s = now_s + (minting->life_s != 0 ? minting->life_s : ACCESS_LIFE_MAX_S),
        .budget = minting->calls,
    };
    const char *audience = minting->audience != NULL ? minting->audience : "";
    enum access_outcome outcome;

    if (strlen(audience) > ACCESS_AUDIENCE_MAX ||
            !access_audience_is_valid((struct span){ (const uint8_t *)audience, strlen(audience) }))
        return MINTING_AUDIENCE;
    fill_scopes(&grant.scopes, minting);
    if (grant.scopes.count == 0)
        return MINTING_NOTHING;
    snprintf(grant.subject, sizeof(grant.subject), "%s", minting->account->name);
    snprintf(grant.audience, sizeof(grant.audience), "%s", audience);
    snprintf(grant.space, sizeof(grant.space), "%s", minting->account->space);
    minted->issued = (struct issued){ .until_s = grant.expires_s };
    outcome = access_issue(&grant, &auth->signing.keys[0].key, minted->line, &minted->issued.id);
    if (outcome == ACCESS_FULL)
        return MINTING_LONG;
    if (outcome != ACCESS_OK)
        return err_new(-EINVAL);
    snprintf(minted->issued.account, sizeof(minted->issued.account), "%s", minting->account->name);
    if (minting->family != NULL)
        memcpy(minted->issued.family, minting->family, FAMILY_ID_SIZE);
    return issued_put(&auth->book, &minted->issued, now_s);
}

void minting_fail(struct mu_call *call, int r)
{
    if (r == MINTING_NOTHING)
        mu_call_refuse(
                call, MU_FAILED_PRECONDITION, "the account may call nothing: it has no scopes");
    else if (r == MINTING_AUDIENCE)
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "audience: expected a node's name, with `*` for a part or `>` for the rest");
    else if (r == MINTING_LONG)
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "the account's scopes are too long for a token of %d characters", ACCESS_TEXT_MAX);
    else
        auth_fail(call, r);
}
