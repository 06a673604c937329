// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/trace_id.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "services/interface/mu/failure.h"

enum {
    TRACE_ID_PREFIX_MIN = 4, /* digits: fewer are a slip */
    TRACEPARENT_SIZE = 55,   /* 00-<32>-<16>-<2> */
    TRACEPARENT_TRACE = 3,   /* where its parts begin */
    TRACEPARENT_SPAN = 36,
    TRACEPARENT_FLAGS = 53
};

void trace_id_make(uint8_t trace[MU_TRACE_SIZE])
{
    uint64_t now_us = clock_us();

    memset(trace, 0, MU_TRACE_SIZE);
    if (getrandom(trace, TRACE_ID_SIZE, 0) != TRACE_ID_SIZE) /* an id need not be a secret */
        memcpy(trace, &now_us, sizeof(now_us));
}

char *trace_id_print(const uint8_t *bytes, size_t size, char text[TRACE_ID_TEXT_MAX])
{
    text[0] = '\0';
    for (size_t i = 0; i < size && 2 * i + 2 < TRACE_ID_TEXT_MAX; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static bool trace_id_is_hex(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") >= size;
}

bool trace_id_is_prefix(const char *text)
{
    size_t size = strlen(text);

    return size >= TRACE_ID_PREFIX_MIN && size < TRACE_ID_TEXT_MAX && trace_id_is_hex(text, size);
}

int trace_id_refuse(const struct cli *cli, const char *text)
{
    char word[FAILURE_WORD_MAX];

    return (int)failure_say(cli, EXIT_USAGE,
            "it is what mu call --trace says, or its first digits; see: mu trace list",
            "\"%s\" is no trace id: those are %d digits of 0-9 and a-f", failure_word(text, word),
            TRACE_ID_TEXT_MAX - 1);
}

size_t trace_id_read_digits(const char *text, uint8_t *bytes, size_t max)
{
    size_t count = 0;

    while (count < max && trace_id_is_hex(text + 2 * count, 2)) {
        char pair[3] = { text[2 * count], text[2 * count + 1], '\0' };

        bytes[count++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return count;
}

/* Reads `size` bytes; false where they are none, or all zero. */
static bool trace_id_read(const char *text, uint8_t *bytes, size_t size)
{
    static const uint8_t none[TRACE_ID_SIZE];

    return trace_id_read_digits(text, bytes, size) == size && memcmp(bytes, none, size) != 0;
}

int trace_id_read_traceparent(const char *text, uint8_t trace[MU_TRACE_SIZE])
{
    uint8_t read[MU_TRACE_SIZE];
    size_t size = strlen(text);
    bool is_first = strncmp(text, "00", 2) == 0;

    if (size < TRACEPARENT_SIZE || (is_first && size != TRACEPARENT_SIZE) ||
            (!is_first && size > TRACEPARENT_SIZE && text[TRACEPARENT_SIZE] != '-'))
        return err_new(-EINVAL);
    if (!trace_id_is_hex(text, 2) || strncmp(text, "ff", 2) == 0 ||
            text[TRACEPARENT_TRACE - 1] != '-' || text[TRACEPARENT_SPAN - 1] != '-' ||
            text[TRACEPARENT_FLAGS - 1] != '-' || !trace_id_is_hex(text + TRACEPARENT_FLAGS, 2))
        return err_new(-EINVAL);
    if (!trace_id_read(text + TRACEPARENT_TRACE, read, TRACE_ID_SIZE) ||
            !trace_id_read(text + TRACEPARENT_SPAN, read + TRACE_ID_SIZE, TRACE_ID_SPAN_SIZE))
        return err_new(-EINVAL);
    memcpy(trace, read, sizeof(read));
    return 0;
}

char *trace_id_print_traceparent(
        const uint8_t trace[MU_TRACE_SIZE], char text[TRACE_ID_TRACEPARENT_MAX])
{
    static const uint8_t none[TRACE_ID_SPAN_SIZE];
    const uint8_t *span = trace + TRACE_ID_SIZE;
    char id[TRACE_ID_TEXT_MAX];
    char span_id[TRACE_ID_TEXT_MAX];

    if (memcmp(span, none, sizeof(none)) == 0)
        span = trace; /* as random as any */
    snprintf(text, TRACE_ID_TRACEPARENT_MAX, "00-%s-%.16s-01",
            trace_id_print(trace, TRACE_ID_SIZE, id),
            trace_id_print(span, TRACE_ID_SPAN_SIZE, span_id));
    return text;
}
