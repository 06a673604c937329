// SPDX-License-Identifier: Apache-2.0
/* digest - a client stream: chunks go in, their fingerprint comes out. However long the data, one
 * stream costs the state of one BLAKE2b and what is under way in its window. */
#include <sodium.h>
#include <stdlib.h>

#include "digest.mu.h"

enum { DIGEST_SIZE = crypto_generichash_blake2b_BYTES_MAX }; /* bytes: 512 bits */

struct digest {
    crypto_generichash_blake2b_state blake;
    uint64_t size;
};

static void digest_give_up(struct mu_call *call)
{
    free(mu_call_data(call));
    mu_call_fail(call, MU_CANCELLED, "the caller gave up");
}

static void sum(struct mu_call *call)
{
    struct digest *digest = aligned_alloc(_Alignof(struct digest), sizeof(*digest));

    if (digest == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    crypto_generichash_blake2b_init(&digest->blake, NULL, 0, DIGEST_SIZE);
    digest->size = 0;
    mu_call_set_data(call, digest);
    mu_call_on_over(call, digest_give_up);
}

static void sum_item(struct mu_call *call, const Digest__V1__Chunk *chunk)
{
    struct digest *digest = mu_call_data(call);

    crypto_generichash_blake2b_update(&digest->blake, chunk->data.data, chunk->data.len);
    digest->size += chunk->data.len;
}

static void sum_end(struct mu_call *call)
{
    struct digest *digest = mu_call_data(call);
    Digest__V1__SumReply reply = DIGEST__V1__SUM_REPLY__INIT;
    uint8_t hash[DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];

    crypto_generichash_blake2b_final(&digest->blake, hash, sizeof(hash));
    reply.hex = sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    reply.size = digest->size;
    free(digest);
    digest_sum_reply(call, &reply);
}

int main(int argc, char **argv)
{
    static const struct digest_handlers handlers = {
        .sum = sum,
        .sum_item = sum_item,
        .sum_end = sum_end,
    };
    const struct mu_service service = { .type = &digest_type, .handlers = &handlers };

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return mu_service_main(&service, argc, argv);
}
