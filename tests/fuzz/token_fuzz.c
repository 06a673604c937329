// SPDX-License-Identifier: Apache-2.0
/* What people type, and the other texts and bytes that a machine which joins brings: whatever is
 * read must be written back the same. The first byte says which; bytes of a token get a right
 * checksum first, as no fuzzer guesses one. */
#include <stdio.h>

#include "base/check.h"
#include "tests/unit/identity_fixture.h"
#include "transport/secure/issue.h"
#include "transport/secure/node_id.h"
#include "transport/secure/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(struct span text)
{
    struct token token;
    char line[TOKEN_TEXT_SIZE_MAX + 1];

    if (token_parse(&token, text, NOW_S) != TOKEN_OK)
        return;
    CHECK(token_print(&token, line) == text.size);
    CHECK(memcmp(line, text.data, text.size) == 0);
}

/* With each kind's prefix: one of them fits the roles. */
static void check_token_bytes(struct span bytes)
{
    static const char prefix[] = "muc1.";
    char line[TOKEN_TEXT_SIZE_MAX + 64] = "mu1.";
    char client[sizeof(line) + 1];
    uint8_t whole[TOKEN_BYTES_MAX + 8];
    uint32_t crc = UINT32_MAX;

    if (bytes.size > sizeof(whole) - 4)
        return;
    for (size_t i = 0; i < bytes.size; i++) {
        whole[i] = bytes.data[i];
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    for (size_t i = 0; i < 4; i++)
        whole[bytes.size + i] = (uint8_t)(~crc >> (24 - 8 * i));
    sodium_bin2base64(line + 4, sizeof(line) - 4, whole, bytes.size + 4,
            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    check_token((struct span){ (const uint8_t *)line, strlen(line) });
    snprintf(client, sizeof(client), "%s%s", prefix, line + 4);
    check_token((struct span){ (const uint8_t *)client, strlen(client) });
}

static void check_node_id(struct span text)
{
    struct public_key key;
    char line[NODE_ID_SIZE + 1];

    if (node_id_parse(&key, text) != NODE_ID_OK)
        return;
    node_id_print(&key, line);
    CHECK(text.size == NODE_ID_SIZE && memcmp(line, text.data, NODE_ID_SIZE) == 0);
}

static void check_request(struct span bytes)
{
    struct request request;
    uint8_t again[REQUEST_SIZE_MAX];

    if (request_read(&request, bytes) != REQUEST_OK)
        return;
    CHECK(request_size(&request) == bytes.size);
    CHECK(request_write(&request, again) == again + bytes.size);
    CHECK(memcmp(again, bytes.data, bytes.size) == 0);
    request_has_possession(&request);
}

static void check_record(struct span bytes)
{
    struct token_record record;
    uint8_t again[TOKEN_RECORD_SIZE];

    if (token_record_read(&record, bytes) != TOKEN_RECORD_OK)
        return;
    token_record_write(&record, again);
    CHECK(memcmp(again, bytes.data, sizeof(again)) == 0);
    if (token_record_use(&record, &record.proof, NOW_S) == TOKEN_USE_OK)
        CHECK(token_record_judge(&record, &record.proof, NOW_S) == TOKEN_USE_AGAIN);
}

static void check_sealed(struct span bytes)
{
    struct public_key key;

    seal_peek(&key, bytes); /* opening it may take half a GiB */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct span) = { check_token, check_token_bytes, check_node_id,
        check_request, check_record, check_sealed };

    CHECK(sodium_init() >= 0);
    if (size > 0)
        checks[data[0] % (sizeof(checks) / sizeof(checks[0]))]((struct span){ data + 1, size - 1 });
    return 0;
}
