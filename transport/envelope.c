// SPDX-License-Identifier: Apache-2.0
/* Read in place, in one pass, with no allocation: the router does this twice for each call, so it
 * is the hottest code there is. Strictness costs nothing here and keeps two readers of the same
 * bytes from seeing two different envelopes. */
#include "transport/envelope.h"

#include <string.h>

#include "transport/field.h"

/* Field numbers of mu.bus.v1.Envelope. */
enum {
    FIELD_KIND = 1,
    FIELD_ID = 2,
    FIELD_ENDPOINT = 3,
    FIELD_TIMEOUT = 4,
    FIELD_CREDIT = 5,
    FIELD_PARENT = 6,
    FIELD_TRACE = 7,
    FIELD_CALLER = 8,
    FIELD_STATUS = 9,
    FIELD_BODY = 10,
    FIELD_SHAPE = 11,
    FIELD_TOKEN = 12,
    FIELD_KEY = 13,
    FIELD_LAST = FIELD_KEY
};

/* Field numbers of mu.bus.v1.Status. */
enum {
    FIELD_CODE = 1,
    FIELD_MESSAGE = 2,
    FIELD_EXECUTED = 3,
    FIELD_RETRY_AFTER = 4,
    FIELD_ORIGIN = 5
};

enum { CODE_UNKNOWN = 2, CODE_LAST = 16, EXECUTED_LAST = 2 };

/* Reads a varint that is mostly one byte long. */
static inline const uint8_t *short_read(const uint8_t *at, const uint8_t *end, uint64_t *valuep)
{
    if (at < end && *at < 0x80) {
        *valuep = *at;
        return at + 1;
    }
    return varint_read(at, end, valuep);
}

static inline const uint8_t *span_read(const uint8_t *at, const uint8_t *end, struct span *spanp)
{
    uint64_t size;

    at = short_read(at, end, &size);
    if (at == NULL || size > (uint64_t)(end - at))
        return NULL;
    *spanp = (struct span){ at, (size_t)size };
    return at + size;
}

/* The numbers of one envelope as they came, before anybody knows whether they fit. */
struct numbers {
    uint64_t kind;
    uint64_t shape;
    uint64_t timeout;
    uint64_t credit;
};

static bool envelope_take_numbers(
        struct envelope *envelope, const struct numbers *numbers, size_t size)
{
    if (numbers->kind == ENVELOPE_NONE || numbers->kind >= ENVELOPE_KINDS ||
            numbers->shape > SHAPE_TWO_WAY || (numbers->timeout | numbers->credit) > UINT32_MAX ||
            envelope->endpoint.size > ENDPOINT_SIZE_MAX ||
            (envelope->trace.size != TRACE_SIZE && envelope->trace.size != 0) ||
            envelope->body.size > BODY_SIZE_MAX || size - envelope->body.size > ENVELOPE_HEAD_MAX)
        return false;
    envelope->kind = (enum envelope_kind)numbers->kind;
    envelope->shape = (enum envelope_shape)numbers->shape;
    envelope->timeout_ms = (uint32_t)numbers->timeout;
    envelope->credit = (uint32_t)numbers->credit;
    return true;
}

/* A field that this version does not know is skipped; one that it knows has another type here. */
static const uint8_t *unknown_skip(const uint8_t *at, const uint8_t *end)
{
    struct field unknown;

    at = field_read(&unknown, at, end);
    return at != NULL && unknown.number > FIELD_LAST ? at : NULL;
}

enum envelope_outcome envelope_read(struct envelope *envelope, const uint8_t *bytes, size_t size)
{
    struct envelope read = { .kind = ENVELOPE_NONE };
    struct numbers numbers = { 0 };
    const uint8_t *end = size != 0 ? bytes + size : bytes;
    uint32_t seen = 0;

    for (const uint8_t *at = bytes; at < end;) {
        uint32_t bit = 1u << (*at >> 3);

        switch (*at) {
        case TAG(FIELD_KIND, WIRE_VARINT):
            at = short_read(at + 1, end, &numbers.kind);
            break;
        case TAG(FIELD_ID, WIRE_VARINT):
            at = short_read(at + 1, end, &read.id);
            break;
        case TAG(FIELD_ENDPOINT, WIRE_BYTES):
            at = span_read(at + 1, end, &read.endpoint);
            break;
        case TAG(FIELD_TIMEOUT, WIRE_VARINT):
            at = short_read(at + 1, end, &numbers.timeout);
            break;
        case TAG(FIELD_CREDIT, WIRE_VARINT):
            at = short_read(at + 1, end, &numbers.credit);
            break;
        case TAG(FIELD_PARENT, WIRE_VARINT):
            at = short_read(at + 1, end, &read.parent);
            break;
        case TAG(FIELD_TRACE, WIRE_BYTES):
            at = span_read(at + 1, end, &read.trace);
            break;
        case TAG(FIELD_CALLER, WIRE_BYTES):
            at = span_read(at + 1, end, &read.caller);
            break;
        case TAG(FIELD_STATUS, WIRE_BYTES):
            at = span_read(at + 1, end, &read.status);
            break;
        case TAG(FIELD_BODY, WIRE_BYTES):
            at = span_read(at + 1, end, &read.body);
            break;
        case TAG(FIELD_SHAPE, WIRE_VARINT):
            at = short_read(at + 1, end, &numbers.shape);
            break;
        case TAG(FIELD_TOKEN, WIRE_BYTES):
            at = span_read(at + 1, end, &read.token);
            break;
        case TAG(FIELD_KEY, WIRE_BYTES):
            at = span_read(at + 1, end, &read.key);
            break;
        default:
            at = unknown_skip(at, end);
            bit = 0;
        }
        if (at == NULL || (seen & bit) != 0)
            return ENVELOPE_BAD;
        seen |= bit;
    }
    if (!envelope_take_numbers(&read, &numbers, size))
        return ENVELOPE_BAD;
    *envelope = read;
    return ENVELOPE_OK;
}

size_t envelope_size(const struct envelope *envelope)
{
    return number_size(envelope->kind) + number_size(envelope->id) + span_size(envelope->endpoint) +
           number_size(envelope->timeout_ms) + number_size(envelope->credit) +
           number_size(envelope->parent) + span_size(envelope->trace) +
           span_size(envelope->caller) + span_size(envelope->status) + span_size(envelope->body) +
           number_size(envelope->shape) + span_size(envelope->token) + span_size(envelope->key);
}

uint8_t *envelope_write(const struct envelope *envelope, uint8_t *out)
{
    out = number_write(out, FIELD_KIND, envelope->kind);
    out = number_write(out, FIELD_ID, envelope->id);
    out = span_write(out, FIELD_ENDPOINT, envelope->endpoint);
    out = number_write(out, FIELD_TIMEOUT, envelope->timeout_ms);
    out = number_write(out, FIELD_CREDIT, envelope->credit);
    out = number_write(out, FIELD_PARENT, envelope->parent);
    out = span_write(out, FIELD_TRACE, envelope->trace);
    out = span_write(out, FIELD_CALLER, envelope->caller);
    out = span_write(out, FIELD_STATUS, envelope->status);
    out = span_write(out, FIELD_BODY, envelope->body);
    out = number_write(out, FIELD_SHAPE, envelope->shape);
    out = span_write(out, FIELD_TOKEN, envelope->token);
    return span_write(out, FIELD_KEY, envelope->key);
}

/* By the table of RFC 3629, section 4. */
bool text_is_valid(struct span text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size != 0 ? at + text.size : at;

    while (at < end) {
        uint8_t lead = *at++;
        uint8_t low = 0x80;
        uint8_t high = 0xbf;
        int more;

        if (lead < 0x80)
            continue;
        if (lead < 0xc2 || lead > 0xf4)
            return false;
        more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        if (lead == 0xe0)
            low = 0xa0;
        else if (lead == 0xed)
            high = 0x9f;
        else if (lead == 0xf0)
            low = 0x90;
        else if (lead == 0xf4)
            high = 0x8f;
        for (; more > 0; more--, low = 0x80, high = 0xbf) {
            if (at == end || *at < low || *at > high)
                return false;
            at++;
        }
    }
    return true;
}

enum envelope_outcome status_read(struct status *status, struct span bytes)
{
    enum { VARINTS = 1 << FIELD_CODE | 1 << FIELD_EXECUTED | 1 << FIELD_RETRY_AFTER };
    struct status read = { 0 };
    const uint8_t *end = bytes.size != 0 ? bytes.data + bytes.size : bytes.data;
    struct field field = { 0 };
    uint32_t seen = 0;

    for (const uint8_t *at = bytes.data; at < end;) {
        at = field_read(&field, at, end);
        if (at == NULL || !field_fits(&field, VARINTS, FIELD_ORIGIN))
            return ENVELOPE_BAD;
        if (field.number > FIELD_ORIGIN)
            continue;
        if ((seen >> field.number & 1) != 0)
            return ENVELOPE_BAD;
        seen |= 1u << field.number;
        if (field.number == FIELD_CODE)
            read.code = field.value <= CODE_LAST ? (uint32_t)field.value : CODE_UNKNOWN;
        else if (field.number == FIELD_EXECUTED)
            read.executed = field.value <= EXECUTED_LAST ? (uint32_t)field.value : 0;
        else if (field.number == FIELD_RETRY_AFTER)
            read.retry_after_ms = field.value <= UINT32_MAX ? (uint32_t)field.value : UINT32_MAX;
        else if (field.number == FIELD_MESSAGE)
            read.message = field.bytes;
        else
            read.origin = field.bytes;
    }
    if (!text_is_valid(read.message) || !text_is_valid(read.origin))
        return ENVELOPE_BAD;
    *status = read;
    return ENVELOPE_OK;
}

size_t status_write(const struct status *status, uint8_t *out, size_t max)
{
    struct span message = status->message;
    uint8_t *start = out;
    size_t fixed = number_size(status->code) + number_size(status->executed) +
                   number_size(status->retry_after_ms) + span_size(status->origin) + 1 +
                   varint_size(message.size);

    if (fixed > max)
        return 0;
    if (message.size > STATUS_TEXT_MAX)
        message.size = STATUS_TEXT_MAX;
    if (message.size > max - fixed)
        message.size = max - fixed;
    while (message.size > 0 && message.size < status->message.size &&
            (message.data[message.size] & 0xc0) == 0x80)
        message.size -= 1; /* cut between characters, not in one */
    out = number_write(out, FIELD_CODE, status->code);
    out = span_write(out, FIELD_MESSAGE, message);
    out = number_write(out, FIELD_EXECUTED, status->executed);
    out = number_write(out, FIELD_RETRY_AFTER, status->retry_after_ms);
    out = span_write(out, FIELD_ORIGIN, status->origin);
    return (size_t)(out - start);
}

bool service_name_is_valid(struct span text)
{
    if (text.size == 0 || text.size > SERVICE_NAME_MAX || text.data[0] < 'a' || text.data[0] > 'z')
        return false;
    for (size_t i = 1; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static bool endpoint_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool endpoint_is_valid(struct span text)
{
    const uint8_t *dot;
    bool part = false;

    if (text.size == 0 || text.size > ENDPOINT_SIZE_MAX)
        return false;
    dot = memchr(text.data, '.', text.size);
    if (dot == NULL ||
            !service_name_is_valid((struct span){ text.data, (size_t)(dot - text.data) }))
        return false;
    for (const uint8_t *at = dot + 1; at < text.data + text.size; at++) {
        if (!endpoint_letter(*at) && !(*at == '.' && part))
            return false;
        part = *at != '.';
    }
    return part;
}
