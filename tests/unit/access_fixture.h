/* tests/unit/access_fixture.h - access tokens of an authority whose key is 32 times 5. */
#pragma once

#include "tests/unit/identity_fixture.h"
#include "transport/secure/access.h"

#define ACCESS_NETWORK_BYTE 0x77 /* the network's id is 16 times it */

static inline struct span fixture_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static inline void fixture_scope(struct access_scopes *scopes, const char *pattern)
{
    size_t size = strlen(pattern);

    CHECK(scopes->count < ACCESS_SCOPES_MAX && size <= PATTERN_SIZE_MAX);
    memcpy(scopes->patterns[scopes->count++], pattern, size + 1);
}

/* For alice, from NOW_S on, for 900 s: greeter.Hello and store.*. */
static inline struct access_grant fixture_grant(void)
{
    struct access_grant grant = {
        .subject = "alice", .issued_s = NOW_S, .expires_s = NOW_S + ACCESS_LIFE_MAX_S
    };

    memset(grant.network.bytes, ACCESS_NETWORK_BYTE, sizeof(grant.network.bytes));
    fixture_scope(&grant.scopes, "greeter.Hello");
    fixture_scope(&grant.scopes, "store.*");
    return grant;
}

static inline struct access_authority fixture_authority(const struct key *key)
{
    struct access_authority authority = { .key_count = 1, .keys = { key->public } };

    memset(authority.network.bytes, ACCESS_NETWORK_BYTE, sizeof(authority.network.bytes));
    return authority;
}
