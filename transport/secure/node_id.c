// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/node_id.h"

#include <string.h>

static const char prefix[] = { 'm', 'u', ':' };
static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

enum { DIGITS = NODE_ID_SIZE - sizeof(prefix), DIGIT_BITS = 5 };

static void digits_print(const struct public_key *key, char *text, size_t count)
{
    uint32_t bits = 0; /* those not printed yet, the next one highest */
    unsigned held = 0;
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        if (held < DIGIT_BITS) {
            bits = bits << 8 | (at < PUBLIC_KEY_SIZE ? key->bytes[at] : 0);
            at += 1;
            held += 8;
        }
        held -= DIGIT_BITS;
        text[i] = digits[bits >> held & 31];
    }
    text[count] = '\0';
}

void node_id_print(const struct public_key *key, char text[NODE_ID_SIZE + 1])
{
    memcpy(text, prefix, sizeof(prefix));
    digits_print(key, text + sizeof(prefix), DIGITS);
}

void node_id_print_short(const struct public_key *key, char text[NODE_ID_SHORT_SIZE + 1])
{
    digits_print(key, text, NODE_ID_SHORT_SIZE);
}

enum node_id_outcome node_id_parse(struct public_key *key, struct span text)
{
    struct public_key read;
    uint32_t bits = 0; /* those read that made no byte yet */
    unsigned held = 0;
    size_t size = 0;

    if (text.size != NODE_ID_SIZE || memcmp(text.data, prefix, sizeof(prefix)) != 0)
        return NODE_ID_BAD;
    for (size_t i = sizeof(prefix); i < NODE_ID_SIZE; i++) {
        const char *digit = memchr(digits, text.data[i], sizeof(digits) - 1);

        if (digit == NULL)
            return NODE_ID_BAD;
        bits = (bits << DIGIT_BITS | (uint32_t)(digit - digits)) & 0xfff;
        held += DIGIT_BITS;
        if (held >= 8) {
            held -= 8;
            read.bytes[size++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return NODE_ID_BAD; /* the last digit has bits to spare: they are zero */
    *key = read;
    return NODE_ID_OK;
}
