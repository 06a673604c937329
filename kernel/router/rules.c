// SPDX-License-Identifier: Apache-2.0
/* A verdict is found by a hash of the caller's and the endpoint's names. It is keyed, and of 128
 * bits, so that nobody finds a call which another one's verdict fits. */
#include "kernel/router/rules.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { KEY_TEXT_MAX = 1 + 2 * (RULE_WHO_MAX + 1) + ENDPOINT_SIZE_MAX };

_Static_assert((int)RULES_KEY_SIZE == crypto_shorthash_siphashx24_BYTES, "a verdict's key");
_Static_assert((int)RULES_KEY_SIZE == crypto_shorthash_siphashx24_KEYBYTES, "and its secret");

int rules_set(struct rules *table, struct rule *rules, size_t count)
{
    struct rules_verdict *verdicts = NULL;
    uint64_t number = table->number + 1;

    if (count > 0) {
        verdicts = calloc(RULES_VERDICTS, sizeof(*verdicts));
        if (verdicts == NULL)
            return err_new(-ENOMEM);
    }
    rules_deinit(table);
    *table = (struct rules){
        .number = number, .rules = rules, .count = count, .verdicts = verdicts
    };
    randombytes_buf(table->secret, sizeof(table->secret));
    return 0;
}

void rules_deinit(struct rules *table)
{
    free(table->rules);
    free(table->verdicts);
    *table = (struct rules){ 0 };
}

static size_t rules_append(uint8_t *text, size_t at, const char *name)
{
    size_t size = strnlen(name, RULE_WHO_MAX);

    memcpy(text + at, name, size);
    text[at + size] = '\0';
    return at + size + 1;
}

static void rules_key(
        const struct rules *table, const struct rule_call *call, uint8_t key[RULES_KEY_SIZE])
{
    uint8_t text[KEY_TEXT_MAX];
    size_t size = 1;

    text[0] = call->is_foreign;
    size = rules_append(text, size, call->subject);
    size = rules_append(text, size, call->service);
    memcpy(text + size, call->endpoint.data, call->endpoint.size);
    crypto_shorthash_siphashx24(key, text, size + call->endpoint.size, table->secret);
}

const struct rule *rules_find(struct rules *table, const struct rule_call *call)
{
    struct rules_verdict *verdict;
    uint8_t key[RULES_KEY_SIZE];

    if (table->count == 0)
        return NULL;
    rules_key(table, call, key);
    verdict = &table->verdicts[(key[0] | key[1] << 8) % RULES_VERDICTS];
    if (!verdict->known || memcmp(verdict->key, key, sizeof(key)) != 0) {
        memcpy(verdict->key, key, sizeof(key));
        verdict->rule = rules_decide(table->rules, table->count, call);
        verdict->known = true;
    }
    return verdict->rule;
}
