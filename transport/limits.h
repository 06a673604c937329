/* transport/limits.h - every limit of the wire, by name. docs/limits.md quotes them. */
#pragma once

enum {
    BODY_SIZE_MAX = 1048576,    /* bytes of one body */
    ENVELOPE_HEAD_MAX = 4096,   /* bytes of an envelope besides its body */
    MESSAGE_SIZE_MAX = 1056768, /* bytes of one frame: a whole envelope of the largest kind */
    BATCH_SIZE_MAX = 65536,     /* bytes: a frame takes further envelopes up to this */
    ENDPOINT_SIZE_MAX = 127,    /* bytes of `service.Method` */
    SERVICE_NAME_MAX = 63,      /* bytes of its first part */
    TRACE_SIZE = 24,            /* bytes: trace id 16, span id 8 */
    KEY_SIZE_MAX = 64,          /* bytes of a call's key */
    STATUS_TEXT_MAX = 511,      /* bytes of a status's message; longer ones are cut */
    TIMEOUT_DEFAULT_MS = 5000,  /* of a unary call that names none */
    TIMEOUT_MAX_MS = 600000,    /* longer ones are cut to it */
    STREAM_WINDOW = 262144,     /* bytes of items a sender may have under way in a stream */
    STREAM_ITEM_COST = 64,      /* bytes that an item costs besides its body */
    OUTBOX_QUANTUM = 16384,     /* bytes that one sender has in a round, where several wait */
    OUTBOX_SOFT_MAX = 262144,   /* bytes that a peer made wait for it above which it is not read */
    OUTBOX_HARD_MAX = 16777216, /* bytes waiting for a peer above which calls to it are refused */
    OUTBOX_RESERVE = 1048576,   /* bytes above that for results, credits and cancels */
    READ_SIZE = 65536,          /* bytes of a channel's read buffer while frames are small */
    GREETING_MS = 3000          /* a peer that has not greeted by then is closed */
};
