/* client/stream.h - what a connection tells a stream; all with the client's lock. */
#pragma once

#include <stdbool.h>

#include "mu/client.h"
#include "transport/envelope.h"

/* It has its number, and perhaps a connection. */
void stream_opened(struct mu_stream *stream, uint64_t id, bool connected);

/* An item came. False where the stream ended over it, and takes no more. */
bool stream_take_item(struct mu_stream *stream, struct span body);

void stream_take_credit(struct mu_stream *stream, uint32_t credit);

/* The call ended, as a RESULT says. */
void stream_take_result(struct mu_stream *stream, const struct envelope *envelope);

/* The call ended, for a reason of our own. */
void stream_end(struct mu_stream *stream, const struct mu_status *verdict);
