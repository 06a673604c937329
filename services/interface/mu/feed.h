/* feed.h - standard input, or a file, cut into the items of a stream: bytes in pieces, or JSON by
 * lines. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "services/interface/mu/request.h"

enum {
    FEED_CHUNK = 65536,                /* bytes of one piece */
    FEED_LINE_MAX = 4 * MU_MESSAGE_MAX /* bytes of one line of JSON */
};

struct feed {
    const struct cli *cli; /* borrowed, as the next two, until feed_stop */
    const struct request *request;
    struct mu_stream *stream;
    pthread_t thread;
    int input_fd;    /* standard input, or owned: the file that was named instead */
    int stop_fd;     /* owned: an eventfd */
    atomic_int code; /* EXIT_OK, or what was wrong with the input */
    bool is_running;
};

/* The number of the request's bytes field, where it has exactly one and that is no list; else 0. */
uint32_t feed_bytes_field(const struct request *request);

/* Starts a thread that sends the words (if there are any), with request->stream all of standard
 * input or, where the only word is `@FILE`, of that file, then says that no more comes. Returns
 * EXIT_OK or an exit status. */
int feed_start(struct feed *feed, const struct cli *cli, const struct request *request,
        struct mu_stream *stream);

/* Ends the thread; the stream has ended or was cancelled before. Returns EXIT_OK, or the exit
 * status for input that was no message, which was said. */
int feed_stop(struct feed *feed);

/* Writes the tag and length of bytes field `number` in front of `end`. Returns where they begin; at
 * most FEED_HEAD_MAX bytes earlier. */
enum { FEED_HEAD_MAX = 16 };
uint8_t *feed_head(uint8_t *end, uint32_t number, size_t size);
