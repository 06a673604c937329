// SPDX-License-Identifier: Apache-2.0
/* A transcript of good records, changed in ways that the input picks. What stands before the first
 * changed byte opens as it was written, in parts of any size; nothing behind it ever does, and no
 * byte of its plaintext is anywhere. */
#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/record.h"

enum { RECORDS_MAX = 8, BODY_MAX = 700, WIRE_MAX = 16384, MARK_SIZE = 16, MARK = 0x5a };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

struct transcript {
    uint8_t bytes[WIRE_MAX];
    size_t size;
    size_t count;
    struct record records[RECORDS_MAX]; /* their bodies are all the same bytes */
    size_t ends[RECORDS_MAX];
};

static uint8_t marks[BODY_MAX];

static uint8_t take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static size_t take_number(struct input *input)
{
    size_t high = take_byte(input);

    return high << 8 | take_byte(input);
}

static void write_transcript(
        struct transcript *transcript, struct record_writer *writer, struct input *input)
{
    static const enum record_type types[] = { RECORD_DATA, RECORD_DATA_MORE, RECORD_CREDIT,
        RECORD_PING, RECORD_PONG, RECORD_GOAWAY, RECORD_CANCEL, RECORD_CLOSE };
    size_t count = 1 + take_byte(input) % RECORDS_MAX;

    transcript->count = 0;
    transcript->size = 0;
    for (size_t i = 0; i < count; i++) {
        struct record *record = &transcript->records[i];

        *record = (struct record){ .type = types[take_byte(input) % 8] };
        if (record->type != RECORD_CLOSE) {
            record->class = take_byte(input) % (RECORD_CLASS_MAX + 1);
            record->stream = (uint32_t)take_number(input);
            record->body = (struct span){ marks, take_number(input) % (BODY_MAX + 1) };
        }
        if (!record_seal(writer, record, transcript->bytes + transcript->size))
            break;
        transcript->size += record_size(record->body.size);
        transcript->ends[i] = transcript->size;
        transcript->count += 1;
    }
}

/* Flips, drops, repeats or swaps some bytes of `wire`. */
static void change(uint8_t *wire, size_t *sizep, struct input *input)
{
    uint8_t copy[256];
    size_t size = *sizep;
    uint8_t how = take_byte(input);
    size_t at = size > 0 ? take_number(input) % size : 0;
    size_t length = take_byte(input);
    size_t to;

    if (length > size - at)
        length = size - at;
    switch (how % 4) {
    case 0:
        if (size > 0)
            wire[at] ^= (uint8_t)length;
        break;
    case 1:
        memmove(wire + at, wire + at + length, size - at - length);
        *sizep = size - length;
        break;
    case 2:
        if (size + length > WIRE_MAX)
            return;
        memmove(wire + at + length, wire + at, size - at);
        *sizep = size + length;
        break;
    default:
        to = size > length ? take_number(input) % (size - length) : 0;
        memcpy(copy, wire + at, length);
        memmove(wire + at, wire + to, length);
        memcpy(wire + to, copy, length);
        break;
    }
}

static size_t first_difference(
        const struct transcript *transcript, const uint8_t *wire, size_t size)
{
    size_t at = 0;

    while (at < size && at < transcript->size && wire[at] == transcript->bytes[at])
        at += 1;
    return at;
}

static void check_record(const struct record *written, const struct record *read)
{
    CHECK(read->type == written->type && read->class == written->class);
    CHECK(read->stream == written->stream && read->body.size == written->body.size);
    CHECK(read->body.size == 0 || memcmp(read->body.data, marks, read->body.size) == 0);
}

/* Opens what is at `wire`, `part` bytes more each time. Returns how many records opened. */
static size_t open_all(const struct transcript *transcript, struct record_reader *reader,
        uint8_t *wire, size_t size, size_t part)
{
    size_t count = 0;
    size_t taken = 0;

    for (size_t there = 0; there < size;) {
        enum record_outcome outcome = RECORD_OPENED;

        there = size - there < part ? size : there + part;
        while (outcome == RECORD_OPENED) {
            struct record record;
            size_t used;

            outcome = record_open(reader, wire + taken, there - taken, &record, &used);
            if (outcome != RECORD_OPENED)
                break;
            CHECK(count < transcript->count);
            check_record(&transcript->records[count], &record);
            sodium_memzero(wire + taken, used);
            taken += used;
            count += 1;
        }
        CHECK((outcome == RECORD_CLOSED) == (reader->end != RECORD_GOES_ON));
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t counters[] = { 0, RECORD_REKEY_COUNT - 3, RECORD_COUNT_MAX - 4 };
    static struct transcript transcript;
    static uint8_t wire[WIRE_MAX];
    struct input input = { data, data + size };
    struct noise_cipher send = { .key = "the key of one direction" };
    struct noise_cipher receive;
    struct record_writer writer;
    struct record_reader reader;
    size_t wire_size;
    size_t same;
    size_t whole = 0;
    size_t part;

    if (size == 0 || sodium_init() < 0)
        return 0;
    memset(marks, MARK, sizeof(marks));
    send.counter = counters[take_byte(&input) % 3];
    part = 1 + take_number(&input) % 2048;
    receive = send;
    record_writer_init(&writer, &send);
    record_reader_init(&reader, &receive);
    write_transcript(&transcript, &writer, &input);
    memcpy(wire, transcript.bytes, transcript.size);
    wire_size = transcript.size;
    for (int i = 0; i < 8 && input.at < input.end; i++)
        change(wire, &wire_size, &input);
    same = first_difference(&transcript, wire, wire_size);
    while (whole < transcript.count && transcript.ends[whole] <= same)
        whole += 1;
    CHECK(open_all(&transcript, &reader, wire, wire_size, part) == whole);
    CHECK(memmem(wire, wire_size, marks, MARK_SIZE) == NULL);
    record_writer_deinit(&writer);
    record_reader_deinit(&reader);
    return 0;
}
