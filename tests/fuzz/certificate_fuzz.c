// SPDX-License-Identifier: Apache-2.0
/* Chains as they come from a peer, and chains of real signatures in every wrong order.
 *
 * First byte even: the rest is a chain, read and checked; what is read must be written back the
 * same, and only the fixture's own chain may be believed. Odd: the rest says how to build and sign
 * a chain, and the verdict is held against the rules written down once more, in the plainest way.
 */
#include "base/check.h"
#include "tests/unit/identity_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAN_SIZE = 6 }; /* bytes that say what a certificate is like */

static struct network network;
static struct key *keys[4];

static void prepare(void)
{
    if (keys[0] != NULL)
        return;
    network_init(&network);
    keys[0] = &network.root;
    keys[1] = &network.authority;
    keys[2] = &network.node;
    keys[3] = &network.stranger;
}

static void check_raw(uint32_t count, struct span bytes)
{
    uint8_t again[CHAIN_SIZE_MAX];
    struct identity identity;
    struct chain chain;

    if (chain_read(&chain, count, bytes) != CERTIFICATE_OK)
        return;
    CHECK(chain_size(&chain) == bytes.size);
    CHECK(chain_write(&chain, again) == again + bytes.size);
    CHECK(memcmp(again, bytes.data, bytes.size) == 0);
    if (trust_check(&network.trust, &chain, NOW_S, &identity) == TRUST_OK)
        CHECK(strcmp(identity.name, "desk.alice") == 0 &&
                public_key_equal(&identity.key, &network.node.public));
}

/* Makes the certificate that six bytes describe; every choice is one that a forger has. */
static void certificate_plan(struct certificate *certificate, const uint8_t *plan)
{
    static const char *const names[] = { "desk.alice", "desk.bob", "alice", "bob" };
    const char *name = names[plan[2] & 3];
    const struct key *issuer = keys[plan[1] & 3];

    *certificate = (struct certificate){
        .kind = (enum certificate_kind)(1 + plan[0] % 3),
        .network = network.trust.network,
        .subject = keys[plan[1] >> 2 & 3]->public,
        .not_before_s = NOW_S - 200 + plan[3],
        .not_after_s = NOW_S - 200 + plan[3] + 1 + plan[4],
        .roles = plan[5] & 15,
    };
    if ((plan[2] & 0x80) != 0)
        certificate->network.bytes[3] ^= 1;
    memcpy(certificate->name, name, strlen(name));
    if (certificate_sign(certificate, issuer) != CERTIFICATE_OK)
        certificate->kind = (enum certificate_kind)0; /* nobody can send it */
    else if ((plan[2] & 0x40) != 0)
        certificate->signature[plan[4] % SIGNATURE_SIZE] ^= 4;
}

/* The rules of docs/protocol.md, "Who is believed", one by one. */
static bool is_to_be_believed(const struct chain *chain, const uint8_t *plan)
{
    const struct certificate *last = &chain->certificates[chain->count - 1];

    if (chain->certificates[0].kind != CERTIFICATE_NODE ||
            !public_key_equal(&last->issuer, &network.root.public))
        return false;
    for (uint32_t i = 0; i < chain->count; i++, plan += PLAN_SIZE) {
        const struct certificate *one = &chain->certificates[i];
        const struct certificate *by = i + 1 < chain->count ? one + 1 : NULL;

        if ((plan[2] & 0xc0) != 0 || one->not_before_s > NOW_S + 120 ||
                one->not_after_s + 120 < NOW_S)
            return false;
        if (by == NULL)
            continue;
        if (!public_key_equal(&one->issuer, &by->subject) || by->kind == CERTIFICATE_NODE ||
                (by->kind == CERTIFICATE_AUTHORITY && one->kind != CERTIFICATE_NODE) ||
                (by->kind == CERTIFICATE_ROOT && one->kind == CERTIFICATE_ROOT) ||
                (one->roles & by->roles) != one->roles)
            return false;
        if (by->kind == CERTIFICATE_AUTHORITY && strcmp(strchr(one->name, '.') + 1, by->name) != 0)
            return false;
    }
    return true;
}

static void check_planned(struct span plan)
{
    uint8_t bytes[CHAIN_SIZE_MAX];
    struct chain chain = { .count = (uint32_t)(plan.size / PLAN_SIZE) };
    struct identity identity;
    struct chain back;
    bool believed;

    if (chain.count == 0 || chain.count > CHAIN_MAX)
        return;
    for (uint32_t i = 0; i < chain.count; i++) {
        certificate_plan(&chain.certificates[i], plan.data + (size_t)i * PLAN_SIZE);
        if (chain.certificates[i].kind == (enum certificate_kind)0)
            return;
    }
    chain_write(&chain, bytes);
    CHECK(chain_read(&back, chain.count, (struct span){ bytes, chain_size(&chain) }) ==
            CERTIFICATE_OK);
    believed = trust_check(&network.trust, &back, NOW_S, &identity) == TRUST_OK;
    CHECK(believed == is_to_be_believed(&chain, plan.data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prepare();
    if (size == 0)
        return 0;
    if ((data[0] & 1) != 0)
        check_planned((struct span){ data + 1, size - 1 });
    else
        check_raw(data[0] >> 1, (struct span){ data + 1, size - 1 });
    return 0;
}
