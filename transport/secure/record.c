// SPDX-License-Identifier: Apache-2.0
/* Both directions count the same way: record number n is sealed with counter n, and behind every
 * 65536th record both sides run Noise's Rekey(), so neither has to ask for it and nobody can ask
 * too often. The counter goes on across keys and ends at RECORD_COUNT_MAX, long before Noise's
 * own end; a link is replaced every hour anyway. */
#include "transport/secure/record.h"

#include <string.h>

#include "base/check.h"
#include "transport/secure/big_endian.h"

enum {
    RECORD_LENGTH_MIN = RECORD_INNER_SIZE + AEAD_TAG_SIZE,
    RECORD_LENGTH_MAX = RECORD_LENGTH_MIN + RECORD_BODY_MAX
};
_Static_assert(RECORD_LENGTH_MAX == UINT16_MAX, "no length is too long");

static const bool record_types[] = {
    [RECORD_DATA] = true,
    [RECORD_DATA_MORE] = true,
    [RECORD_CREDIT] = true,
    [RECORD_PING] = true,
    [RECORD_PONG] = true,
    [RECORD_CLOSE] = true,
    [RECORD_GOAWAY] = true,
    [RECORD_CANCEL] = true,
};

static void record_take_cipher(struct noise_cipher *own, struct noise_cipher *cipher)
{
    *own = *cipher;
    noise_cipher_deinit(cipher);
}

/* Behind each record of either direction. */
static void record_count(struct noise_cipher *cipher)
{
    if (cipher->counter % RECORD_REKEY_COUNT == 0)
        noise_cipher_rekey(cipher);
}

/* ---- writing ---- */

void record_writer_init(struct record_writer *writer, struct noise_cipher *cipher)
{
    *writer = (struct record_writer){ .closed = false };
    record_take_cipher(&writer->cipher, cipher);
}

void record_writer_deinit(struct record_writer *writer)
{
    noise_cipher_deinit(&writer->cipher);
    writer->closed = true;
}

bool record_seal(struct record_writer *writer, const struct record *record, uint8_t *out)
{
    bool last = record->type == RECORD_CLOSE;
    size_t inner = RECORD_INNER_SIZE + record->body.size;
    uint8_t *at = out;

    CHECK(record->body.size <= RECORD_BODY_MAX && record->class <= RECORD_CLASS_MAX);
    CHECK(!last || (record->body.size == 0 && record->stream == 0));
    if (writer->closed || writer->cipher.counter >= RECORD_COUNT_MAX - !last)
        return false;
    if (record->body.size > 0 && record->body.data != out + RECORD_HEAD_SIZE)
        memmove(out + RECORD_HEAD_SIZE, record->body.data, record->body.size);
    at = be16_write(at, (uint16_t)(inner + AEAD_TAG_SIZE));
    *at++ = (uint8_t)record->type;
    *at++ = record->class;
    at = be16_write(at, 0);
    be32_write(at, record->stream);
    noise_cipher_seal(&writer->cipher, (struct span){ 0 }, out + RECORD_LENGTH_SIZE, inner);
    record_count(&writer->cipher);
    if (last)
        record_writer_deinit(writer);
    return true;
}

/* ---- reading ---- */

void record_reader_init(struct record_reader *reader, struct noise_cipher *cipher)
{
    *reader = (struct record_reader){ .end = RECORD_GOES_ON };
    record_take_cipher(&reader->cipher, cipher);
}

static void record_reader_end(struct record_reader *reader, enum record_end end)
{
    noise_cipher_deinit(&reader->cipher);
    if (reader->end == RECORD_GOES_ON)
        reader->end = end;
}

void record_reader_deinit(struct record_reader *reader)
{
    record_reader_end(reader, RECORD_ENDED);
}

/* Opens the record of `length` bytes behind the length at `bytes`. Returns how the link goes on. */
static enum record_end record_open_whole(
        struct record_reader *reader, uint8_t *bytes, size_t length, struct record *record)
{
    uint8_t *inner = bytes + RECORD_LENGTH_SIZE;
    struct record opened;

    if (reader->cipher.counter >= RECORD_COUNT_MAX)
        return RECORD_EXHAUSTED;
    if (!noise_cipher_open(&reader->cipher, (struct span){ 0 }, inner, length - AEAD_TAG_SIZE))
        return RECORD_FORGED;
    record_count(&reader->cipher);
    if (inner[0] >= sizeof(record_types) || !record_types[inner[0]] ||
            inner[1] > RECORD_CLASS_MAX || be16_read(inner + 2) != 0)
        return RECORD_BAD_HEAD;
    opened = (struct record){ .type = (enum record_type)inner[0],
        .class = inner[1],
        .stream = be32_read(inner + 4),
        .body = { inner + RECORD_INNER_SIZE, length - RECORD_LENGTH_MIN } };
    if (opened.type == RECORD_CLOSE && (opened.stream != 0 || opened.body.size != 0))
        return RECORD_BAD_HEAD;
    *record = opened;
    return opened.type == RECORD_CLOSE ? RECORD_ENDED : RECORD_GOES_ON;
}

enum record_outcome record_open(struct record_reader *reader, uint8_t *bytes, size_t size,
        struct record *record, size_t *usedp)
{
    enum record_end end;
    size_t length;

    if (reader->end != RECORD_GOES_ON)
        return RECORD_CLOSED;
    if (size < RECORD_LENGTH_SIZE)
        return RECORD_MORE;
    length = be16_read(bytes);
    if (length < RECORD_LENGTH_MIN) {
        record_reader_end(reader, RECORD_BAD_LENGTH);
        return RECORD_CLOSED;
    }
    if (size - RECORD_LENGTH_SIZE < length)
        return RECORD_MORE;
    end = record_open_whole(reader, bytes, length, record);
    if (end != RECORD_GOES_ON)
        record_reader_end(reader, end);
    if (end != RECORD_GOES_ON && end != RECORD_ENDED) {
        memset(bytes, 0, RECORD_LENGTH_SIZE + length);
        return RECORD_CLOSED;
    }
    *usedp = RECORD_LENGTH_SIZE + length;
    return RECORD_OPENED;
}

const char *record_end_name(enum record_end end)
{
    static const char *const names[RECORD_ENDS] = {
        [RECORD_GOES_ON] = "goes on",
        [RECORD_ENDED] = "ended",
        [RECORD_BAD_LENGTH] = "bad length",
        [RECORD_FORGED] = "forged record",
        [RECORD_BAD_HEAD] = "bad record head",
        [RECORD_EXHAUSTED] = "too many records",
    };

    return names[end];
}
