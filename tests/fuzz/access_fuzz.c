// SPDX-License-Identifier: Apache-2.0
/* Access tokens from anybody: what is believed is a token that was issued, to the byte, or one that
 * its bearer narrowed. The first byte says what the others are: a line, a token's bytes, the bodies
 * of blocks; or the body of a block that the bearer of a real token signs, whatever it says. */
#include <sodium.h>

#include "base/check.h"
#include "tests/unit/access_fixture.h"
#include "tests/unit/access_golden.h"
#include "transport/secure/access_block.h"
#include "transport/secure/access_chain.h"
#include "transport/secure/base64url.h"

enum { PREFIX = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct access_authority authority; /* of the golden tokens */

static bool is_golden(struct span text)
{
    static const char *const golden[] = { GOLDEN_ACCESS_TOKEN, GOLDEN_ACCESS_TOKEN_SEALED };

    for (int i = 0; i < 2; i++)
        if (text.size == strlen(golden[i]) && memcmp(text.data, golden[i], text.size) == 0)
            return true;
    return false;
}

static void check_line(struct span text)
{
    struct access access;
    char line[ACCESS_TEXT_MAX + 1];
    struct access_narrowing less = { .budget = 1 };

    if (access_read(&access, text, &authority, NOW_S) == ACCESS_OK)
        CHECK(is_golden(text));
    if (access_look(&access, text) != ACCESS_OK)
        return;
    CHECK(access.scopes.count > 0 && access.subject[0] != 0 && access.expires_s > 0);
    if (access_narrow(&less, text, line) == ACCESS_OK)
        CHECK(access_look(&access, fixture_text(line)) == ACCESS_OK);
    if (access_seal(text, line) == ACCESS_OK)
        CHECK(access_look(&access, fixture_text(line)) == ACCESS_OK && access.sealed);
}

static void check_bytes(struct span bytes)
{
    char line[PREFIX + ACCESS_BYTES_MAX * 2] = "mut1.";
    uint8_t again[ACCESS_BYTES_MAX];
    struct access_chain chain;

    if (bytes.size > ACCESS_BYTES_MAX)
        return;
    if (access_chain_read(&chain, bytes) == ACCESS_OK) {
        CHECK(access_chain_write(&chain, again, sizeof(again)) == bytes.size);
        CHECK(memcmp(again, bytes.data, bytes.size) == 0);
    }
    base64url_write(bytes, line + PREFIX, sizeof(line) - PREFIX - 1);
    check_line(fixture_text(line));
}

static void check_body(struct span bytes)
{
    uint8_t again[ACCESS_BODY_SIZE_MAX];
    struct access_body body;

    for (int first = 0; first < 2; first++) {
        if (access_body_read(&body, bytes, first == 1) != ACCESS_OK)
            continue;
        CHECK(access_body_write(&body, again) == bytes.size);
        CHECK(memcmp(again, bytes.data, bytes.size) == 0);
    }
}

/* The golden token allows store.Get until NOW_S + 60, a thousand times. */
static void check_narrowing(struct span bytes)
{
    char line[PREFIX + ACCESS_BYTES_MAX * 2] = "mut1.";
    uint8_t golden[ACCESS_BYTES_MAX];
    uint8_t token[ACCESS_BYTES_MAX];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t seed[KEY_SEED_SIZE] = { 8 };
    struct access_chain chain;
    struct access access;
    struct key bearer;
    struct key next;
    size_t size;

    CHECK(base64url_read(
            fixture_text(&GOLDEN_ACCESS_TOKEN[PREFIX]), golden, sizeof(golden), &size));
    CHECK(access_chain_read(&chain, (struct span){ golden, size }) == ACCESS_OK);
    if (bytes.size == 0)
        return;
    CHECK(key_init_seed(&bearer, chain.proof.data) == 0 && key_init_seed(&next, seed) == 0);
    chain.blocks[chain.count].body = bytes;
    chain.blocks[chain.count].next = (struct span){ next.public.bytes, PUBLIC_KEY_SIZE };
    chain.blocks[chain.count].signature = (struct span){ signature, sizeof(signature) };
    chain.count += 1;
    access_chain_hash(&chain);
    access_chain_sign(&chain, &bearer, KEY_FOR_ACCESS, signature);
    chain.proof = (struct span){ seed, sizeof(seed) };
    size = access_chain_write(&chain, token, sizeof(token));
    base64url_write((struct span){ token, size }, line + PREFIX, sizeof(line) - PREFIX - 1);
    if (access_read(&access, fixture_text(line), &authority, NOW_S) == ACCESS_OK) {
        CHECK(access.narrowings == 2 && access.expires_s <= NOW_S + 60);
        CHECK(access.budget_count >= 1 && access.budgets[access.budget_count - 1].calls <= 1000);
        for (uint32_t i = 0; i < access.scopes.count; i++)
            CHECK(strcmp(access.scopes.patterns[i], "store.Get") == 0);
    }
    key_deinit(&bearer);
    key_deinit(&next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(
            struct span) = { check_line, check_bytes, check_body, check_narrowing };
    struct key key;

    CHECK(sodium_init() >= 0);
    if (authority.key_count == 0) {
        fixture_key(&key, 5);
        authority = fixture_authority(&key);
        key_deinit(&key);
    }
    if (size > 0)
        checks[data[0] % (sizeof(checks) / sizeof(checks[0]))]((struct span){ data + 1, size - 1 });
    return 0;
}
