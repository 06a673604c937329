// SPDX-License-Identifier: Apache-2.0
/* What transport/secure/access.h does, for programs outside of this tree. */
#include "mu/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "transport/secure/access.h"

_Static_assert((int)MU_TOKEN_TEXT_SIZE == (int)ACCESS_TEXT_MAX + 1, "a line fits");
_Static_assert((int)MU_TOKEN_NAME_SIZE == (int)ACCESS_SUBJECT_MAX + 1, "a subject fits");
_Static_assert((int)MU_TOKEN_NAME_SIZE == (int)ACCESS_AUDIENCE_MAX + 1, "an audience fits");
_Static_assert((int)MU_TOKEN_SCOPES_MAX == (int)ACCESS_SCOPES_MAX, "all scopes fit");
_Static_assert((int)MU_TOKEN_SCOPE_SIZE == (int)PATTERN_SIZE_MAX + 1, "a scope fits");
_Static_assert((int)MU_TOKEN_ID_SIZE == (int)ACCESS_ID_SIZE, "an id fits");
_Static_assert((int)MU_TOKEN_NARROWINGS_MAX == (int)ACCESS_NARROWINGS_MAX, "they are as many");

static struct span span_of(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

int mu_token_look(struct mu_token *token, const char *text)
{
    struct access access;

    if (sodium_init() < 0 || access_look(&access, span_of(text)) != ACCESS_OK)
        return err_new(-EINVAL);
    *token = (struct mu_token){
        .issued_s = access.issued_s,
        .expires_s = access.expires_s,
        .narrowings = access.narrowings,
        .sealed = access.sealed,
        .scope_count = access.scopes.count,
    };
    memcpy(token->id, access.id.bytes, sizeof(token->id));
    memcpy(token->subject, access.subject, sizeof(token->subject));
    memcpy(token->audience, access.audience, sizeof(token->audience));
    memcpy(token->scopes, access.scopes.patterns, sizeof(token->scopes));
    for (uint32_t i = 0; i < access.budget_count; i++) {
        if (token->calls == 0 || access.budgets[i].calls < token->calls)
            token->calls = access.budgets[i].calls;
    }
    return 0;
}

static int error_of(enum access_outcome outcome)
{
    switch (outcome) {
    case ACCESS_OK:
        return 0;
    case ACCESS_WIDER:
        return err_new(-EPERM);
    case ACCESS_SEALED:
        return err_new(-EROFS);
    case ACCESS_FULL:
        return err_new(-E2BIG);
    case ACCESS_NO_TOKEN:
    case ACCESS_NO_TEXT:
    case ACCESS_BAD:
    case ACCESS_NETWORK:
    case ACCESS_KEY:
    case ACCESS_FORGED:
    case ACCESS_EARLY:
    case ACCESS_EXPIRED:
    case ACCESS_OUTCOMES:
        break;
    }
    return err_new(-EINVAL);
}

/* False where there are too many scopes, or one is too long. */
static bool read_scopes(struct access_scopes *scopes, const struct mu_token_narrowing *narrowing)
{
    if (narrowing->scope_count > ACCESS_SCOPES_MAX)
        return false;
    *scopes = (struct access_scopes){ .count = narrowing->scope_count };
    for (uint32_t i = 0; i < narrowing->scope_count; i++) {
        if (strlen(narrowing->scopes[i]) > PATTERN_SIZE_MAX)
            return false;
        snprintf(scopes->patterns[i], sizeof(scopes->patterns[i]), "%s", narrowing->scopes[i]);
    }
    return true;
}

int mu_token_narrow(const char *text, const struct mu_token_narrowing *narrowing,
        char narrower[MU_TOKEN_TEXT_SIZE])
{
    struct access_narrowing less = {
        .expires_s = narrowing->expires_s,
        .budget = narrowing->calls,
    };
    char line[ACCESS_TEXT_MAX + 1];
    bool narrows = narrowing->scope_count > 0 || less.expires_s > 0 || less.budget > 0;
    enum access_outcome outcome = ACCESS_OK;

    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    if (!read_scopes(&less.scopes, narrowing) || (!narrows && !narrowing->seal))
        return err_new(-EINVAL);
    if (narrows)
        outcome = access_narrow(&less, span_of(text), line);
    if (outcome == ACCESS_OK && narrowing->seal) {
        char open[ACCESS_TEXT_MAX + 1];

        snprintf(open, sizeof(open), "%s", narrows ? line : "");
        outcome = access_seal(narrows ? span_of(open) : span_of(text), line);
        sodium_memzero(open, sizeof(open));
    }
    if (outcome == ACCESS_OK)
        memcpy(narrower, line, strlen(line) + 1);
    sodium_memzero(line, sizeof(line));
    return error_of(outcome);
}
