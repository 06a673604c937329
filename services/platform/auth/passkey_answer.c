// SPDX-License-Identifier: Apache-2.0
/* No reader of JSON or CBOR: both texts have one spelling, and what is not it is refused. */
#include "services/platform/auth/passkey_answer.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/base64url.h"

enum {
    RP_HASH_SIZE = 32,
    FLAGS_AT = RP_HASH_SIZE,
    COUNTER_AT = FLAGS_AT + 1,
    AUTHENTICATOR_DATA_SIZE = COUNTER_AT + 4, /* nothing more was asked for */
    FLAG_PRESENT = 0x01,
    FLAG_VERIFIED = 0x04,
    FLAGS_MORE = 0xc0 /* a key or extensions follow */
};

const char *passkey_text(enum passkey_outcome outcome)
{
    static const char *const texts[PASSKEY_OUTCOMES] = {
        [PASSKEY_OK] = "it is good",
        [PASSKEY_SHAPE] = "it is no answer of a passkey's",
        [PASSKEY_UNKNOWN] = "the account has no such passkey",
        [PASSKEY_CHALLENGE] = "its challenge was never given, or was used before",
        [PASSKEY_LATE] = "its challenge is too old",
        [PASSKEY_OTHER] = "its challenge was given to another account, or for another purpose",
        [PASSKEY_PURPOSE] = "it was signed for another purpose",
        [PASSKEY_ORIGIN] = "it was signed for another node",
        [PASSKEY_RP_OTHER] = "the passkey was not made for Mu",
        [PASSKEY_ABSENT] = "nobody touched the device",
        [PASSKEY_UNVERIFIED] = "the device did not verify its user",
        [PASSKEY_FORGED] = "the signature does not fit",
        [PASSKEY_DISABLED] = "the account is disabled",
        [PASSKEY_COUNTER] = "its counter went back: there may be a copy of the device",
    };

    CHECK(outcome >= 0 && outcome < PASSKEY_OUTCOMES);
    return texts[outcome];
}

/* ---- reading ---- */

/* Takes `text` off the beginning. */
static bool take(struct span *rest, const char *text)
{
    size_t size = strlen(text);

    if (rest->size < size || memcmp(rest->data, text, size) != 0)
        return false;
    *rest = (struct span){ rest->data + size, rest->size - size };
    return true;
}

/* Takes a string up to its quotation mark; nothing in it is escaped. */
static bool take_string(struct span *rest, struct span *string)
{
    size_t size = 0;

    while (size < rest->size && rest->data[size] != '"') {
        if (rest->data[size] == '\\' || rest->data[size] < 0x20)
            return false;
        size += 1;
    }
    if (size == rest->size)
        return false;
    *string = (struct span){ rest->data, size };
    *rest = (struct span){ rest->data + size + 1, rest->size - size - 1 };
    return true;
}

static bool read_client_data(struct span text, struct passkey_said *said)
{
    struct span challenge;
    size_t size;

    return take(&text, "{\"type\":\"webauthn.get\",\"challenge\":\"") &&
           take_string(&text, &challenge) && take(&text, ",\"origin\":\"") &&
           take_string(&text, &said->origin) &&
           take(&text, ",\"crossOrigin\":false,\"purpose\":\"") &&
           take_string(&text, &said->purpose) && take(&text, "}") && text.size == 0 &&
           base64url_read(challenge, said->challenge, CHALLENGE_SIZE, &size) &&
           size == CHALLENGE_SIZE;
}

enum passkey_outcome passkey_read(struct passkey_said *said, const struct passkey_answer *answer)
{
    const uint8_t *data = answer->authenticator_data.data;
    struct passkey_said read;

    if (answer->authenticator_data.size != AUTHENTICATOR_DATA_SIZE ||
            (data[FLAGS_AT] & FLAGS_MORE) != 0 || answer->id.size == 0 ||
            answer->id.size > PASSKEY_ID_MAX || !read_client_data(answer->client_data, &read))
        return PASSKEY_SHAPE;
    read.rp = data;
    read.flags = data[FLAGS_AT];
    read.counter = (uint32_t)data[COUNTER_AT] << 24 | (uint32_t)data[COUNTER_AT + 1] << 16 |
                   (uint32_t)data[COUNTER_AT + 2] << 8 | (uint32_t)data[COUNTER_AT + 3];
    *said = read;
    return PASSKEY_OK;
}

/* ---- checking ---- */

static bool is_text(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

/* Signed is the device's text, then the hash of ours. */
static bool is_signed(const struct passkey_answer *answer, const struct passkey_key *key)
{
    uint8_t message[AUTHENTICATOR_DATA_SIZE + crypto_hash_sha256_BYTES];

    memcpy(message, answer->authenticator_data.data, AUTHENTICATOR_DATA_SIZE);
    crypto_hash_sha256(
            message + AUTHENTICATOR_DATA_SIZE, answer->client_data.data, answer->client_data.size);
    return passkey_key_verify(key, (struct span){ message, sizeof(message) }, answer->signature);
}

static bool is_for_mu(const struct passkey_said *said)
{
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, (const uint8_t *)PASSKEY_RP, sizeof(PASSKEY_RP) - 1);
    return memcmp(said->rp, hash, sizeof(hash)) == 0;
}

/* A device that counts counts on; one that does not says 0 for ever. */
static bool is_counted(const struct passkey_said *said, const struct passkey *passkey)
{
    return said->counter > passkey->counter || (said->counter == 0 && passkey->counter == 0);
}

static enum passkey_outcome of_challenge(enum challenge_outcome outcome)
{
    switch (outcome) {
    case CHALLENGE_OK:
        return PASSKEY_OK;
    case CHALLENGE_LATE:
        return PASSKEY_LATE;
    case CHALLENGE_OTHER:
        return PASSKEY_OTHER;
    case CHALLENGE_NONE:
    default:
        return PASSKEY_CHALLENGE;
    }
}

enum passkey_outcome passkey_check(const struct passkey_said *said,
        const struct passkey_answer *answer, const struct passkey_expected *expected)
{
    bool fits = is_signed(answer, &expected->passkey->key);
    enum passkey_outcome outcome = of_challenge(expected->challenge);

    if (outcome != PASSKEY_OK)
        return outcome;
    if (!is_text(said->purpose, challenge_purpose_name(expected->purpose)))
        return PASSKEY_PURPOSE;
    if (!is_text(said->origin, expected->origin))
        return PASSKEY_ORIGIN;
    if (!is_for_mu(said))
        return PASSKEY_RP_OTHER;
    if ((said->flags & FLAG_PRESENT) == 0)
        return PASSKEY_ABSENT;
    if ((said->flags & FLAG_VERIFIED) == 0)
        return PASSKEY_UNVERIFIED;
    if (!fits)
        return PASSKEY_FORGED;
    return is_counted(said, expected->passkey) ? PASSKEY_OK : PASSKEY_COUNTER;
}
