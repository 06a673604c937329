/* transport/frame.h - frames on a byte stream: nng's PAIR0 wire protocol around mu.bus.v1.Frame.
 *
 * A stream opens with 8 bytes each way, `00 'S' 'P' 00 00 10 00 00`. Then messages: on ipc one byte
 * 01, on both a 64-bit big-endian length, then the frame: `0A`, varint length, envelope, as many as
 * there are. docs/protocol.md, "Frames". */
#pragma once

#include "transport/envelope.h"

enum { FRAME_GREETING_SIZE = 8 };

extern const uint8_t frame_greeting[FRAME_GREETING_SIZE];

/* What stands in front of each message. */
enum frame_link {
    FRAME_IPC = 9, /* bytes of a message's head */
    FRAME_TCP = 8,
    FRAME_BARE = 0 /* the transport keeps messages apart by itself: seqpacket */
};

/* Reads envelopes out of whole messages that stand one behind the other. */
struct frame_reader {
    const uint8_t *at;        /* borrowed: the next envelope's tag, or the next message's head */
    const uint8_t *frame_end; /* of the message being read */
    const uint8_t *end;       /* of the last whole message */
    enum frame_link link;
};

enum frame_outcome {
    FRAME_ENVELOPE, /* one was read */
    FRAME_END,      /* no more */
    FRAME_BAD       /* the peer broke the protocol */
};

/* Reads the messages in `bytes`, which hold whole messages only (frame_scan). */
void frame_reader_init(struct frame_reader *reader, struct span bytes, enum frame_link link);

/* The next envelope, its spans borrowed from the reader's bytes. */
enum frame_outcome frame_next(struct frame_reader *reader, struct envelope *envelope);

/* How much of `bytes` is whole messages (`*wholep`), and how many bytes the message behind them
 * takes in all, 0 where not even its head is there (`*neededp`). Returns FRAME_END, or FRAME_BAD
 * for a head that is none or a length of 0 or over MESSAGE_SIZE_MAX. `link` is not FRAME_BARE. */
enum frame_outcome frame_scan(
        struct span bytes, enum frame_link link, size_t *wholep, size_t *neededp);
