// SPDX-License-Identifier: Apache-2.0
#include "transport/frame.h"

#include <string.h>

#include "base/check.h"

enum {
    FRAME_ENVELOPES = 0x0a, /* field 1 of mu.bus.v1.Frame, length-delimited */
    FRAME_IPC_MARK = 0x01
};

const uint8_t frame_greeting[FRAME_GREETING_SIZE] = { 0, 'S', 'P', 0, 0, 0x10, 0, 0 };

/* The length in a message's head, or 0 where it is none that we take. */
static uint64_t frame_length(const uint8_t *head, enum frame_link link)
{
    uint64_t length = 0;

    if (link == FRAME_IPC && *head++ != FRAME_IPC_MARK)
        return 0;
    for (int i = 0; i < 8; i++)
        length = length << 8 | head[i];
    return length <= MESSAGE_SIZE_MAX ? length : 0;
}

enum frame_outcome frame_scan(
        struct span bytes, enum frame_link link, size_t *wholep, size_t *neededp)
{
    size_t whole = 0;

    CHECK(link != FRAME_BARE);
    for (;;) {
        size_t left = bytes.size - whole;
        uint64_t length;

        if (left < link) {
            *neededp = 0;
            break;
        }
        length = frame_length(bytes.data + whole, link);
        if (length == 0)
            return FRAME_BAD;
        if (left - link < length) {
            *neededp = (size_t)length + link;
            break;
        }
        whole += link + (size_t)length;
    }
    *wholep = whole;
    return FRAME_END;
}

void frame_reader_init(struct frame_reader *reader, struct span bytes, enum frame_link link)
{
    const uint8_t *end = bytes.size != 0 ? bytes.data + bytes.size : bytes.data;

    *reader = (struct frame_reader){
        .at = bytes.data,
        .frame_end = link == FRAME_BARE ? end : bytes.data,
        .end = end,
        .link = link,
    };
}

enum frame_outcome frame_next(struct frame_reader *reader, struct envelope *envelope)
{
    const uint8_t *at = reader->at;
    uint64_t size;

    if (at == reader->frame_end) {
        if (at == reader->end)
            return FRAME_END;
        reader->frame_end = at + reader->link + frame_length(at, reader->link);
        at += reader->link;
    }
    if (*at++ != FRAME_ENVELOPES)
        return FRAME_BAD;
    at = varint_read(at, reader->frame_end, &size);
    if (at == NULL || size > (uint64_t)(reader->frame_end - at))
        return FRAME_BAD;
    if (envelope_read(envelope, at, (size_t)size) != ENVELOPE_OK)
        return FRAME_BAD;
    reader->at = at + size;
    return FRAME_ENVELOPE;
}
