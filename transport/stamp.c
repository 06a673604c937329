// SPDX-License-Identifier: Apache-2.0
/* By hand, since a call from another node is stamped anew: protobuf-c would allocate four times. */
#include "transport/stamp.h"

#include "base/check.h"
#include "transport/field.h"

/* Field numbers of mu.bus.v1.Caller. */
enum {
    FIELD_NODE = 1,
    FIELD_SERVICE = 2,
    FIELD_INSTANCE = 3,
    FIELD_UID = 4,
    FIELD_PID = 5,
    FIELD_OPERATOR = 6,
    FIELD_OWNER = 7,
    FIELD_HOPS = 8,
    FIELD_CLIENT = 9,
    FIELD_USER = 10,
    FIELD_TOKEN = 11,
    FIELD_SPACE = 12,
    FIELD_LAST = FIELD_SPACE
};

static bool stamp_take_text(struct stamp *stamp, const struct field *field)
{
    if (field->number == FIELD_NODE)
        stamp->node = field->bytes;
    else if (field->number == FIELD_SERVICE)
        stamp->service = field->bytes;
    else if (field->number == FIELD_OWNER)
        stamp->owner = field->bytes;
    else if (field->number == FIELD_CLIENT)
        stamp->client = field->bytes;
    else if (field->number == FIELD_USER)
        stamp->user = field->bytes;
    else if (field->number == FIELD_SPACE)
        stamp->space = field->bytes;
    else {
        stamp->token = field->bytes;
        return field->bytes.size == STAMP_TOKEN_SIZE || field->bytes.size == 0;
    }
    return text_is_valid(field->bytes);
}

static bool stamp_take_number(struct stamp *stamp, const struct field *field)
{
    if (field->number == FIELD_INSTANCE) {
        stamp->instance = field->value;
        return true;
    }
    if (field->number == FIELD_UID)
        stamp->uid = (uint32_t)field->value;
    else if (field->number == FIELD_PID)
        stamp->pid = (uint32_t)field->value;
    else if (field->number == FIELD_OPERATOR)
        stamp->is_operator = field->value != 0;
    else
        stamp->hops = (uint32_t)field->value;
    return field->value <= (field->number == FIELD_OPERATOR ? 1 : UINT32_MAX);
}

enum envelope_outcome stamp_read(struct stamp *stamp, struct span bytes)
{
    enum {
        VARINTS = 1 << FIELD_INSTANCE | 1 << FIELD_UID | 1 << FIELD_PID | 1 << FIELD_OPERATOR |
                  1 << FIELD_HOPS
    };
    struct stamp read = { .instance = 0 };
    const uint8_t *end = bytes.size != 0 ? bytes.data + bytes.size : bytes.data;
    struct field field = { 0 };
    uint32_t seen = 0;

    for (const uint8_t *at = bytes.data; at < end;) {
        at = field_read(&field, at, end);
        if (at == NULL || !field_fits(&field, VARINTS, FIELD_LAST))
            return ENVELOPE_BAD;
        if (field.number > FIELD_LAST)
            continue;
        if ((seen >> field.number & 1) != 0)
            return ENVELOPE_BAD;
        seen |= 1u << field.number;
        if (!(field.wire == WIRE_BYTES ? stamp_take_text(&read, &field)
                                       : stamp_take_number(&read, &field)))
            return ENVELOPE_BAD;
    }
    *stamp = read;
    return ENVELOPE_OK;
}

struct span stamp_write(const struct stamp *stamp, uint8_t room[STAMP_SIZE_MAX])
{
    uint8_t *out = room;

    CHECK(stamp->node.size <= STAMP_TEXT_MAX && stamp->service.size <= STAMP_TEXT_MAX &&
            stamp->owner.size <= STAMP_TEXT_MAX && stamp->client.size <= STAMP_TEXT_MAX &&
            stamp->user.size <= STAMP_TEXT_MAX && stamp->token.size <= STAMP_TOKEN_SIZE &&
            stamp->space.size <= STAMP_TEXT_MAX);
    out = span_write(out, FIELD_NODE, stamp->node);
    out = span_write(out, FIELD_SERVICE, stamp->service);
    out = number_write(out, FIELD_INSTANCE, stamp->instance);
    out = number_write(out, FIELD_UID, stamp->uid);
    out = number_write(out, FIELD_PID, stamp->pid);
    out = number_write(out, FIELD_OPERATOR, stamp->is_operator ? 1 : 0);
    out = span_write(out, FIELD_OWNER, stamp->owner);
    out = number_write(out, FIELD_HOPS, stamp->hops);
    out = span_write(out, FIELD_CLIENT, stamp->client);
    out = span_write(out, FIELD_USER, stamp->user);
    out = span_write(out, FIELD_TOKEN, stamp->token);
    out = span_write(out, FIELD_SPACE, stamp->space);
    return (struct span){ room, (size_t)(out - room) };
}

struct span stamp_add_user(struct span stamp, struct span user, struct span token,
        struct span space, uint8_t room[STAMP_SIZE_MAX])
{
    uint8_t *out = room;

    CHECK(stamp.size + span_size(user) + span_size(token) + span_size(space) <= STAMP_SIZE_MAX);
    memcpy(out, stamp.data, stamp.size);
    out = span_write(out + stamp.size, FIELD_USER, user);
    out = span_write(out, FIELD_TOKEN, token);
    out = span_write(out, FIELD_SPACE, space);
    return (struct span){ room, (size_t)(out - room) };
}
