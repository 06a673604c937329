/* transport/nng.h - what channels and streams share of nng. Included by their .c files alone. */
#pragma once

#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>

#include "transport/channel.h"

/* Makes a stream of `nng`, which it owns from success on. Returns 0 or -ENOMEM. */
int stream_new(struct stream **streamp, nng_stream *nng);

/* Makes a channel of `stream`, which it owns from success on. Returns 0 or -ENOMEM. */
int channel_new(struct channel **channelp, nng_stream *stream, enum frame_link link);

/* For accepted channels: the greeting leaves with the first send, and the peer is not read from
 * while too much waits for it. Returns 0 or -ENOMEM. */
int channel_greet_later(struct channel *channel);

/* Marks a dialled channel as greeted. */
void channel_set_greeted(struct channel *channel);

/* FRAME_IPC or FRAME_TCP by the address's scheme; FRAME_BARE for any other. */
enum frame_link nng_link(const char *address);

/* An nng code as 0 or -errno. */
int nng_to_errno(int code);
