// SPDX-License-Identifier: Apache-2.0
/* Connecting without a thread that waits: an aio with a time limit. What was made for an attempt
 * goes with its callback, in which nothing of nng's may be waited for: the dialer is at rest by
 * then, and the aio is reaped. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "transport/nng.h"

struct stream_dial {
    nng_stream_dialer *dialer; /* owned */
    nng_aio *aio;              /* owned */
    stream_dialled_fn fn;
    void *user; /* borrowed: the owner's, until `fn` returned */
};

static void stream_dial_free(struct stream_dial *dial)
{
    if (dial->dialer != NULL)
        nng_stream_dialer_free(dial->dialer);
    if (dial->aio != NULL)
        nng_aio_reap(dial->aio); /* we may be inside its callback */
    free(dial);
}

static void stream_dial_done(void *user)
{
    struct stream_dial *dial = user;
    int code = nng_to_errno(nng_aio_result(dial->aio));
    struct stream *stream = NULL;

    if (code == 0) {
        nng_stream *nng = nng_aio_get_output(dial->aio, 0);

        code = stream_new(&stream, nng);
        if (code < 0)
            nng_stream_free(nng);
    }
    dial->fn(stream, code, dial->user);
    stream_dial_free(dial);
}

static int stream_dial_prepare(struct stream_dial *dial, const char *address)
{
    int r = nng_stream_dialer_alloc(&dial->dialer, address);

    if (r == 0)
        r = nng_aio_alloc(&dial->aio, stream_dial_done, dial);
    if (r == 0)
        r = nng_stream_dialer_set_bool(dial->dialer, NNG_OPT_TCP_NODELAY, true);
    if (r == 0)
        r = nng_stream_dialer_set_bool(dial->dialer, NNG_OPT_TCP_KEEPALIVE, true);
    return err_trace(nng_to_errno(r));
}

int stream_dial(struct stream_dial **dialp, const char *address, uint32_t timeout_ms,
        stream_dialled_fn fn, void *user)
{
    struct stream_dial *dial;
    int r;

    if (nng_link(address) != FRAME_TCP)
        return err_new(-EINVAL);
    dial = calloc(1, sizeof(*dial));
    if (dial == NULL)
        return err_new(-ENOMEM);
    dial->fn = fn;
    dial->user = user;
    r = stream_dial_prepare(dial, address);
    if (r < 0) {
        stream_dial_free(dial);
        return err_trace(r);
    }
    *dialp = dial;
    nng_aio_set_timeout(dial->aio, (nng_duration)timeout_ms);
    nng_stream_dialer_dial(dial->dialer, dial->aio);
    return 0;
}

void stream_dial_cancel(struct stream_dial *dial)
{
    nng_aio_cancel(dial->aio);
}
