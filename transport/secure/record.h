/* transport/secure/record.h - what a link carries once its handshake is done: records, sealed and
 * opened in place (docs/protocol.md, "Records").
 *
 * A record has no number on the wire: both sides count. So one that was changed, dropped, repeated
 * or moved does not open, and a reader to which that happens forgets its key: it never gives
 * plaintext again. The orderly end is a CLOSE; bytes that end without one were cut off. */
#pragma once

#include "transport/secure/link_limits.h"
#include "transport/secure/noise.h"

enum {
    RECORD_LENGTH_SIZE = 2, /* bytes */
    RECORD_INNER_SIZE = 8,  /* type, class, flags, stream */
    RECORD_HEAD_SIZE = RECORD_LENGTH_SIZE + RECORD_INNER_SIZE,
    RECORD_SIZE_MAX = RECORD_HEAD_SIZE + RECORD_BODY_MAX + AEAD_TAG_SIZE
};

/* As on the wire. 5 is not used: keys are replaced by count, nobody asks for it. */
enum record_type {
    RECORD_DATA = 0,
    RECORD_DATA_MORE = 1, /* the same, and the next one of its stream continues it */
    RECORD_CREDIT = 2,
    RECORD_PING = 3,
    RECORD_PONG = 4,
    RECORD_CLOSE = 6, /* the last one of its direction; no stream, no body */
    RECORD_GOAWAY = 7,
    RECORD_CANCEL = 8
};

struct record {
    enum record_type type;
    uint8_t class; /* 0, the most urgent, to RECORD_CLASS_MAX */
    uint32_t stream;
    struct span body; /* what is read: borrowed from the buffer it was opened in */
};

/* ---- writing ---- */

struct record_writer {
    struct noise_cipher cipher; /* its counter is the number of records written */
    bool closed;                /* CLOSE was written */
};

/* Takes the cipher over; the caller's copy is wiped. */
void record_writer_init(struct record_writer *writer, struct noise_cipher *cipher);

/* Wipes the key. Safe on zeroes, and safe twice. */
void record_writer_deinit(struct record_writer *writer);

/* What a record with a body of `body_size` bytes takes on the wire. */
static inline size_t record_size(size_t body_size)
{
    return RECORD_HEAD_SIZE + body_size + AEAD_TAG_SIZE;
}

/* Writes record_size(record->body.size) bytes to `out`. A body that stands at
 * `out + RECORD_HEAD_SIZE` already is sealed there, any other is copied. False where the link is at
 * its end: after a CLOSE nothing, and of RECORD_COUNT_MAX records the last can only be a CLOSE. */
bool record_seal(struct record_writer *writer, const struct record *record, uint8_t *out);

/* ---- reading ---- */

/* Why a reader gives no more records; for the log, never for the peer. */
enum record_end {
    RECORD_GOES_ON,
    RECORD_ENDED,      /* CLOSE came: the orderly end */
    RECORD_BAD_LENGTH, /* shorter than any record */
    RECORD_FORGED,     /* changed, dropped, repeated, moved, or under another key */
    RECORD_BAD_HEAD,   /* an unknown type or class, or a bit that is none */
    RECORD_EXHAUSTED,  /* more than RECORD_COUNT_MAX */
    RECORD_ENDS
};

struct record_reader {
    struct noise_cipher cipher; /* its counter is the number of records read */
    enum record_end end;
};

enum record_outcome {
    RECORD_OPENED,
    RECORD_MORE,  /* `bytes` do not hold a whole record yet; a buffer of RECORD_SIZE_MAX does */
    RECORD_CLOSED /* no record, now and for ever; `reader->end` says why. No plaintext is left of
                   * the one that closed it */
};

/* Takes the cipher over; the caller's copy is wiped. */
void record_reader_init(struct record_reader *reader, struct noise_cipher *cipher);

/* Wipes the key; the reader is closed then. Safe on zeroes, and safe twice. */
void record_reader_deinit(struct record_reader *reader);

/* Opens the record that the `size` bytes begin with, where it stands. On RECORD_OPENED `*record` is
 * set and `*usedp` is what it took; the next record follows there. */
enum record_outcome record_open(struct record_reader *reader, uint8_t *bytes, size_t size,
        struct record *record, size_t *usedp);

/* The name of an end, for the log. */
const char *record_end_name(enum record_end end);
