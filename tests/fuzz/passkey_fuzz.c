// SPDX-License-Identifier: Apache-2.0
/* Passkeys' answers from anybody: none is believed that its key did not sign for this challenge,
 * purpose and node. The first byte says whose it is and what is to be made of the others: a public
 * key; or an answer, in three parts with a size of two bytes in front of each. With its highest bit
 * set the key signs what came, whatever it says. */
#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "services/platform/auth/passkey_answer.h"
#include "tests/unit/authenticator.h"

enum { KIND_KEY = 0x01, KIND_ES256 = 0x02, KIND_SIGNED = 0x80, NOW_MS = 5000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char origin[] = "mu://lamp";
static const char good[] =
        "{\"type\":\"webauthn.get\",\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"origin\":\"mu://lamp\",\"crossOrigin\":false,\"purpose\":\"login\"}";
static struct authenticator_key keys[2];
static struct passkey passkeys[2];

static void make_keys(void)
{
    CHECK(sodium_init() >= 0);
    for (int i = 0; i < 2; i++) {
        authenticator_make(&keys[i], i == 1);
        CHECK(passkey_key_read(&passkeys[i].key, (struct span){ keys[i].cose, keys[i].cose_size }));
    }
}

static struct span take(struct span *rest)
{
    size_t size = rest->size >= 2 ? (size_t)rest->data[0] << 8 | rest->data[1] : 0;
    size_t head = rest->size >= 2 ? 2 : rest->size;
    struct span part;

    if (size > rest->size - head)
        size = rest->size - head;
    part = (struct span){ rest->data + head, size };
    *rest = (struct span){ rest->data + head + size, rest->size - head - size };
    return part;
}

static void check_key(struct span bytes)
{
    struct passkey_key key;

    if (!passkey_key_read(&key, bytes))
        return;
    CHECK(key.algorithm == PASSKEY_ES256 ? bytes.size == 77 : bytes.size == 42);
    CHECK(!passkey_key_verify(&key, bytes, (struct span){ bytes.data, 64 % bytes.size }));
}

/* The key signs the two texts that came. */
static size_t sign(const struct authenticator_key *key, const struct passkey_answer *answer,
        uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX])
{
    uint8_t message[AUTHENTICATOR_DATA_SIZE + 32] = { 0 };

    if (answer->authenticator_data.size == AUTHENTICATOR_DATA_SIZE)
        memcpy(message, answer->authenticator_data.data, AUTHENTICATOR_DATA_SIZE);
    crypto_hash_sha256(
            message + AUTHENTICATOR_DATA_SIZE, answer->client_data.data, answer->client_data.size);
    return authenticator_sign_bytes(key, (struct span){ message, sizeof(message) }, signature);
}

static void check_answer(struct span rest, int index, bool is_signed)
{
    uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX];
    static const uint8_t id[] = { 1 };
    struct passkey_expected expected = { .passkey = &passkeys[index],
        .purpose = CHALLENGE_LOGIN,
        .origin = origin,
        .challenge = CHALLENGE_OK };
    struct passkey_answer answer = { .id = { id, sizeof(id) } };
    struct passkey_said said;
    static const uint8_t zeroes[CHALLENGE_SIZE];

    answer.client_data = take(&rest);
    answer.authenticator_data = take(&rest);
    answer.signature = take(&rest);
    if (is_signed)
        answer.signature = (struct span){ signature, sign(&keys[index], &answer, signature) };
    if (passkey_read(&said, &answer) != PASSKEY_OK)
        return;
    if (memcmp(said.challenge, zeroes, sizeof(zeroes)) != 0)
        expected.challenge = CHALLENGE_NONE;
    if (passkey_check(&said, &answer, &expected) != PASSKEY_OK)
        return;
    CHECK(is_signed && answer.client_data.size == sizeof(good) - 1);
    CHECK(memcmp(answer.client_data.data, good, sizeof(good) - 1) == 0);
    CHECK((said.flags & 0x05) == 0x05);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest;

    if (keys[0].cose_size == 0)
        make_keys();
    if (size < 1)
        return 0;
    rest = (struct span){ data + 1, size - 1 };
    if ((data[0] & KIND_KEY) != 0)
        check_key(rest);
    else
        check_answer(rest, (data[0] & KIND_ES256) != 0, (data[0] & KIND_SIGNED) != 0);
    return 0;
}
