// SPDX-License-Identifier: Apache-2.0
/* Frames as they come from a peer. What the strict reader accepts, protobuf-c must read the same
 * way, and writing it again must give an envelope that reads the same. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "transport/frame.h"
#include "transport/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct span one, struct span two)
{
    return one.size == two.size && (one.size == 0 || memcmp(one.data, two.data, one.size) == 0);
}

static void compare(const struct envelope *envelope, struct span bytes)
{
    Mu__Bus__V1__Envelope *message = mu__bus__v1__envelope__unpack(NULL, bytes.size, bytes.data);

    CHECK(message != NULL);
    CHECK((int)message->kind == (int)envelope->kind && message->id == envelope->id);
    CHECK(message->timeout_ms == envelope->timeout_ms && message->credit == envelope->credit);
    CHECK(message->parent == envelope->parent && (int)message->shape == (int)envelope->shape);
    CHECK(same(envelope->body, (struct span){ message->body.data, message->body.len }));
    CHECK(same(envelope->trace, (struct span){ message->trace.data, message->trace.len }));
    CHECK(same(envelope->key, (struct span){ message->key.data, message->key.len }));
    mu__bus__v1__envelope__free_unpacked(message, NULL);
}

static void check_stamp(struct span caller)
{
    Mu__Bus__V1__Caller *message;
    struct stamp stamp;
    struct stamp back;
    uint8_t room[STAMP_SIZE_MAX];

    if (stamp_read(&stamp, caller) != ENVELOPE_OK)
        return;
    message = mu__bus__v1__caller__unpack(NULL, caller.size, caller.data);
    CHECK(message != NULL);
    CHECK(message->instance == stamp.instance && message->hops == stamp.hops);
    CHECK(message->uid == stamp.uid && message->operator_ == stamp.is_operator);
    mu__bus__v1__caller__free_unpacked(message, NULL);
    if (stamp.node.size > STAMP_TEXT_MAX || stamp.service.size > STAMP_TEXT_MAX ||
            stamp.owner.size > STAMP_TEXT_MAX)
        return;
    CHECK(stamp_read(&back, stamp_write(&stamp, room)) == ENVELOPE_OK);
    CHECK(same(back.node, stamp.node) && same(back.service, stamp.service));
    CHECK(same(back.owner, stamp.owner) && back.hops == stamp.hops && back.pid == stamp.pid);
}

static void check_envelope(const struct envelope *envelope)
{
    size_t size = envelope_size(envelope);
    uint8_t *bytes = malloc(size + 1);
    struct envelope back;
    struct status status;

    CHECK(bytes != NULL && envelope_write(envelope, bytes) == bytes + size);
    CHECK(envelope_read(&back, bytes, size) == ENVELOPE_OK);
    CHECK(back.id == envelope->id && same(back.body, envelope->body));
    CHECK(same(back.endpoint, envelope->endpoint) && same(back.status, envelope->status));
    if (envelope->caller.size == 0 && envelope->status.size == 0)
        compare(envelope, (struct span){ bytes, size }); /* those two are messages of their own */
    if (status_read(&status, envelope->status) == ENVELOPE_OK && envelope->status.size > 0) {
        Mu__Bus__V1__Status *message =
                mu__bus__v1__status__unpack(NULL, envelope->status.size, envelope->status.data);

        CHECK(message != NULL);
        mu__bus__v1__status__free_unpacked(message, NULL);
    }
    check_stamp(envelope->caller);
    endpoint_is_valid(envelope->endpoint);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum frame_link links[] = { FRAME_IPC, FRAME_TCP, FRAME_BARE };
    struct span bytes = { data + 1, size - 1 };
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_link link;
    size_t needed;

    if (size < 2)
        return 0;
    link = links[data[0] % 3];
    if (link != FRAME_BARE && frame_scan(bytes, link, &bytes.size, &needed) != FRAME_END)
        return 0;
    frame_reader_init(&reader, bytes, link);
    while (frame_next(&reader, &envelope) == FRAME_ENVELOPE)
        check_envelope(&envelope);
    return 0;
}
