/* tests/unit/identity_fixture.h - a network with fixed keys: a root, an authority named `alice`,
 * her node `desk.alice`, and somebody who is not of it. */
#pragma once

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/token.h"
#include "transport/secure/trust.h"

#define NOW_S UINT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */

enum { YEAR_S = 31536000, DAY_S = 86400 };

struct network {
    struct key root;
    struct key authority;
    struct key node;
    struct key stranger;
    struct certificate root_certificate;
    struct certificate authority_certificate;
    struct certificate node_certificate;
    struct chain chain; /* node, authority, root */
    struct trust trust; /* in this network */
};

/* The key whose seed is 32 times `byte`. */
static inline void fixture_key(struct key *key, uint8_t byte)
{
    uint8_t seed[KEY_SEED_SIZE];

    memset(seed, byte, sizeof(seed));
    CHECK(key_init_seed(key, seed) == 0);
}

static inline void fixture_certificate(struct certificate *certificate, enum certificate_kind kind,
        const struct key *subject, const struct key *issuer, const char *name)
{
    struct certificate made = { .kind = kind,
        .network = certificate->network,
        .subject = subject->public,
        .serial = 7,
        .not_before_s = NOW_S,
        .not_after_s = NOW_S + (kind == CERTIFICATE_NODE ? DAY_S : YEAR_S),
        .roles = kind == CERTIFICATE_NODE ? ROLE_MEMBER : ROLE_MEMBER | ROLE_CLIENT };

    CHECK(strlen(name) <= CERTIFICATE_NAME_MAX);
    memcpy(made.name, name, strlen(name));
    CHECK(certificate_sign(&made, issuer) == CERTIFICATE_OK);
    *certificate = made;
}

static inline void network_init(struct network *network)
{
    CHECK(sodium_init() >= 0);
    *network = (struct network){ 0 };
    fixture_key(&network->root, 1);
    fixture_key(&network->authority, 2);
    fixture_key(&network->node, 3);
    fixture_key(&network->stranger, 4);
    CHECK(certificate_sign_root(&network->root_certificate, &network->root, "home", NOW_S,
                  NOW_S + 10 * (uint64_t)YEAR_S) == CERTIFICATE_OK);
    network->authority_certificate.network = network->root_certificate.network;
    network->node_certificate.network = network->root_certificate.network;
    fixture_certificate(&network->authority_certificate, CERTIFICATE_AUTHORITY, &network->authority,
            &network->root, "alice");
    fixture_certificate(&network->node_certificate, CERTIFICATE_NODE, &network->node,
            &network->authority, "desk.alice");
    network->chain = (struct chain){ .count = 3,
        .certificates = { network->node_certificate, network->authority_certificate,
                network->root_certificate } };
    trust_init(&network->trust, &network->root.public);
}

static inline void network_deinit(struct network *network)
{
    trust_deinit(&network->trust);
    key_deinit(&network->root);
    key_deinit(&network->authority);
    key_deinit(&network->node);
    key_deinit(&network->stranger);
}

/* The token that docs/protocol.md shows, with no addresses yet. */
static inline void fixture_token(struct token *token, const struct network *network)
{
    token_init(token, &network->root.public, ROLE_MEMBER, NOW_S + 3600);
    for (size_t i = 0; i < TOKEN_SECRET_SIZE; i++)
        token->secret[i] = (uint8_t)i;
    for (size_t i = 0; i < TOKEN_ID_SIZE; i++)
        token->id.bytes[i] = (uint8_t)(0xa0 + i);
}
