/* transport/stream.h - one connection over an nng byte stream, ipc or tcp: bytes in, bytes out,
 * from any thread. What channels (frames of the bus) and links between nodes (records) share.
 *
 * nng calls back on threads of its own. A stream has no lock. A read is always armed, but while
 * `receive` runs and while the stream is paused; one send at a time is under way, which its owner
 * claims before, so that what it wants to send meanwhile gathers:
 *
 *     lock; gather; mine = !sending && stream_claim(); sending |= mine; unlock;
 *     if (mine)
 *         stream_send();              … and `sent` asks for the next one, or sets `sending` false
 */
#pragma once

#include <stdatomic.h>

#include "transport/envelope.h"

struct stream;   /* opaque, counted */
struct listener; /* opaque */

enum { STREAM_ADDRESS_TEXT = 56 }; /* bytes of `[IPv6]:port` with the final NUL */

/* Where a tcp stream comes from. */
struct stream_address {
    uint8_t family; /* 4, 6, or 0: nothing is known */
    uint16_t port;
    uint8_t bytes[16]; /* big-endian; of IPv4 the first 4. IPv4 inside of IPv6 is IPv4 here */
};

/* What came so far and was not used. */
struct stream_input {
    uint8_t *bytes; /* borrowed; may be written to */
    size_t size;
    size_t room;   /* bytes of the buffer, `size` of them filled */
    size_t used;   /* 0; to be set: bytes that are done with, from the front */
    size_t needed; /* 0; to be set: bytes that what stands behind them will have in all, 0 where
                    * that is not known */
};

struct stream_events {
    /* Bytes came; called without a lock, one call at a time for a stream. False closes it. */
    bool (*receive)(struct stream *stream, struct stream_input *input, void *user);
    /* All of it is sent; the owner returns what to send next, borrowed until the next call, or of
     * size 0: nothing, and the claim is given back. Or (`failed`) nothing leaves any more, the
     * claim is given back, and `closed` is to come. */
    struct span (*sent)(struct stream *stream, bool failed, void *user);
    /* It is dead, for whatever reason: called once, and nothing after it. The owner gives its
     * reference back. */
    void (*closed)(struct stream *stream, void *user);
};

/* Sets what an accepted or dialled stream calls; before stream_start. */
void stream_adopt(struct stream *stream, const struct stream_events *events, void *user);

/* Starts reading. Called once. */
void stream_start(struct stream *stream);

struct stream *stream_ref(struct stream *stream);
/* NULL is fine. Returns NULL. The last one out frees; also from a callback. */
struct stream *stream_unref(struct stream *stream);

/* Ends it: `closed` follows, once it was started. Any thread, any number of times. */
void stream_close(struct stream *stream);

/* Reserves the one send. The caller makes sure that no other is reserved or under way. False where
 * the stream is dead; else stream_send follows. With the owner's lock. */
bool stream_claim(struct stream *stream);

/* Sends `bytes`, which are borrowed until `sent`. Without the owner's lock, as `sent` comes on this
 * thread where the socket takes all of them at once. */
void stream_send(struct stream *stream, struct span bytes);

/* Bytes that the socket took so far. Any thread. */
uint64_t stream_taken(const struct stream *stream);

/* The count itself, borrowed: it lives as long as the stream. */
const atomic_uint_least64_t *stream_taken_count(const struct stream *stream);

/* Stops and goes on reading; what was being read already still comes. Any thread. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/* How long a read may take from now on, in ms, before the stream is closed; 0: for ever. Before
 * stream_start or from `receive`. */
void stream_set_patience(struct stream *stream, uint32_t patience_ms);

/* ---- connecting ---- */

struct stream_dial; /* opaque: one attempt, until its callback returned */

/* `stream` is the callee's, to be adopted and started, or given back; NULL where `code` (-errno)
 * says why there is none. On a thread of nng's, without a lock. */
typedef void (*stream_dialled_fn)(struct stream *stream, int code, void *user);

/* Connects to "tcp://HOST:PORT" within `timeout_ms` (a name is looked up on a thread of nng's,
 * too). `fn` comes exactly once where this returns 0; else -EINVAL (address) or -ENOMEM. */
int stream_dial(struct stream_dial **dialp, const char *address, uint32_t timeout_ms,
        stream_dialled_fn fn, void *user);

/* Makes `fn` come now, with -ECANCELED unless it was about to come anyway. */
void stream_dial_cancel(struct stream_dial *dial);

struct stream_listener_events {
    /* Whether a connection from there is wanted; nothing was allocated for it yet. */
    bool (*admit)(const struct stream_address *from, void *user);
    /* Takes it: adopts it and returns true, which hands over the reference; stream_start follows.
     * False closes it. */
    bool (*accepted)(struct stream *stream, const struct stream_address *from, void *user);
    /* The answer to listener_close: nothing comes any more. */
    void (*closed)(struct listener *listener, void *user);
};

/* Listens at "tcp://HOST:PORT", as listener_open of channel.h does for channels; listener_port and
 * listener_close there are for this one, too. */
int stream_listen(struct listener **listenerp, const char *address,
        const struct stream_listener_events *events, void *user);

/* Prints `a.b.c.d:port` or `[…]:port`; `?` where nothing is known. */
void stream_address_print(const struct stream_address *address, char text[STREAM_ADDRESS_TEXT]);
