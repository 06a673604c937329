/* tests/unit/secure_direction.h - both ends of one direction of a link. */
#pragma once

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/record.h"

/* At record number `counter`, with a fixed key. */
static inline void start_both(
        struct record_writer *writer, struct record_reader *reader, uint64_t counter)
{
    struct noise_cipher send = { .counter = counter, .key = "the key of one direction" };
    struct noise_cipher receive = send;

    record_writer_init(writer, &send);
    record_reader_init(reader, &receive);
    CHECK(sodium_is_zero((const uint8_t *)&send, sizeof(send)));
    CHECK(sodium_is_zero((const uint8_t *)&receive, sizeof(receive)));
}

static inline struct record data(const char *body)
{
    return (struct record){ .type = RECORD_DATA,
        .class = 2,
        .stream = 7,
        .body = { (const uint8_t *)body, strlen(body) } };
}
