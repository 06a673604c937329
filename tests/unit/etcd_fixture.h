/* tests/unit/etcd_fixture.h - nodes with keys, and statements of theirs. */
#pragma once

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "registry/etcd/neighbours.h"
#include "registry/etcd/path.h"
#include "tests/unit/cmocka.h"

/* A key pair that is always the same for the same number. */
struct keys {
    uint8_t key[STATEMENT_KEY_SIZE];
    uint8_t secret[STATEMENT_SECRET_SIZE];
    char text[2 * STATEMENT_KEY_SIZE + 1]; /* the public one, in hexadecimal */
};

static inline struct keys make_keys(uint8_t number)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = { number };
    struct keys keys;

    crypto_sign_seed_keypair(keys.key, keys.secret, seed);
    sodium_bin2hex(keys.text, sizeof(keys.text), keys.key, sizeof(keys.key));
    return keys;
}

/* A statement of `count` offers of the service "shop", for the place of that node's offers. The
 * caller frees it. */
static inline struct mu_bytes make_offers(
        const struct keys *keys, const char *node, uint64_t sequence, uint32_t count)
{
    Mu__Etcd__V1__StatementBody body = MU__ETCD__V1__STATEMENT_BODY__INIT;
    Mu__Etcd__V1__Offers offers = MU__ETCD__V1__OFFERS__INIT;
    Mu__Etcd__V1__Offer one[8];
    Mu__Etcd__V1__Offer *each[8];
    struct path place;
    uint8_t *data;
    size_t size;

    for (uint32_t i = 0; i < count; i++) {
        mu__etcd__v1__offer__init(&one[i]);
        one[i].instance = i + 1;
        one[i].service = (char *)(uintptr_t) "shop";
        one[i].version = (char *)(uintptr_t) "1.0.0";
        each[i] = &one[i];
    }
    offers.offers = each;
    offers.n_offers = count;
    body.sequence = sequence;
    body.what_case = MU__ETCD__V1__STATEMENT_BODY__WHAT_OFFERS;
    body.offers = &offers;
    path_of_offers(&place, "/mu", node);
    assert_int_equal(statement_write(&body, place.text, keys->secret, &data, &size), 0);
    return (struct mu_bytes){ data, size };
}
