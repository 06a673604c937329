// SPDX-License-Identifier: Apache-2.0
/* A thread of its own, since standard input blocks for as long as it likes while answers arrive;
 * poll with an eventfd lets it go when the stream is over before the input is. */
#include "services/interface/mu/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/field.h"

uint32_t feed_bytes_field(const struct request *request)
{
    CLEANUP(field_list_deinit) struct field_list list = { 0 };
    const ProtobufCMessageDescriptor *type = request->method->request;
    const char *name = NULL;

    if (field_list_init(&list, request->description.schema, type) < 0)
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.fields[i].type, "bytes") != 0)
            continue;
        if (name != NULL)
            return 0;
        name = list.fields[i].name;
    }
    for (unsigned i = 0; name != NULL && i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, name) == 0)
            return type->fields[i].id;
    }
    return 0;
}

static size_t feed_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

uint8_t *feed_head(uint8_t *end, uint32_t number, size_t size)
{
    uint8_t head[FEED_HEAD_MAX];
    size_t length = feed_varint(head, (uint64_t)number << 3 | 2); /* 2: length-delimited */

    length += feed_varint(head + length, size);
    memcpy(end - length, head, length);
    return end - length;
}

/* Reads up to `max` bytes. 0 at the end of the input, and when the stream is over. */
static size_t feed_read(struct feed *feed, uint8_t *bytes, size_t max)
{
    struct pollfd sources[] = {
        { .fd = feed->input_fd, .events = POLLIN },
        { .fd = feed->stop_fd, .events = POLLIN },
    };
    ssize_t got;

    do {
        if (poll(sources, 2, -1) < 0 && errno != EINTR)
            return 0;
        if (sources[1].revents != 0)
            return 0;
        got = sources[0].revents != 0 ? read(feed->input_fd, bytes, max) : -1;
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    return got > 0 ? (size_t)got : 0;
}

static bool feed_send(struct feed *feed, const uint8_t *body, size_t size)
{
    return mu_stream_send(feed->stream, (struct mu_bytes){ body, size }) == MU_STREAM_OK;
}

/* What is read goes behind room for its head, so it is never copied. */
static int feed_bytes(struct feed *feed, uint32_t number)
{
    CLEANUP(cleanup_free) uint8_t *buffer = malloc(FEED_HEAD_MAX + FEED_CHUNK);
    uint8_t *chunk;
    size_t size;

    if (buffer == NULL)
        return (int)failure_of_memory(feed->cli);
    chunk = buffer + FEED_HEAD_MAX;
    do {
        uint8_t *body;

        size = feed_read(feed, chunk, FEED_CHUNK);
        body = feed_head(chunk, number, size);
        if (size == 0 || !feed_send(feed, body, (size_t)(chunk - body) + size))
            return EXIT_OK;
    } while (true);
}

static int feed_line(struct feed *feed, unsigned number, const char *line, size_t size, bool *onp)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    size_t body_size = 0;
    char where[32];
    int code;

    if (strspn(line, " \t\r") >= size)
        return EXIT_OK;
    snprintf(where, sizeof(where), "line %u of the input: ", number);
    code = request_json(feed->cli, feed->request, where, line, size, &body, &body_size);
    *onp = code == EXIT_OK && feed_send(feed, body, body_size);
    return code;
}

static int feed_lines(struct feed *feed)
{
    CLEANUP(cleanup_free) char *text = malloc(FEED_CHUNK + 1);
    size_t max = FEED_CHUNK;
    size_t size = 0;
    unsigned number = 0;
    bool on = text != NULL;
    int code = EXIT_OK;

    while (on && code == EXIT_OK) {
        size_t got = feed_read(feed, (uint8_t *)text + size, max - size);
        char *begin = text;
        char *end;

        size += got;
        text[size] = '\0';
        if (got == 0)
            return size > 0 ? feed_line(feed, number + 1, text, size, &on) : EXIT_OK;
        while (on && (end = memchr(begin, '\n', size - (size_t)(begin - text))) != NULL) {
            *end = '\0';
            code = feed_line(feed, ++number, begin, (size_t)(end - begin), &on);
            begin = end + 1;
        }
        size -= (size_t)(begin - text);
        memmove(text, begin, size);
        if (size == max) {
            char *larger = max < FEED_LINE_MAX ? realloc(text, 2 * max + 1) : NULL;

            if (larger == NULL)
                return (int)failure_say(feed->cli, EXIT_USAGE, NULL,
                        "line %u of the input is too long", number + 1);
            text = larger;
            max *= 2;
        }
    }
    return code;
}

static void *feed_run(void *user)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    struct feed *feed = user;
    const struct request *request = feed->request;
    uint32_t number = feed_bytes_field(request);
    bool is_first = (request->word_count > 0 || !request->stream) && feed->input_fd == STDIN_FILENO;
    size_t size = 0;
    int code = EXIT_OK;

    if (is_first) {
        code = request_body(feed->cli, request, &body, &size);
        if (code == EXIT_OK && !feed_send(feed, body, size))
            return NULL;
    }
    if (code == EXIT_OK && request->stream)
        code = number != 0 ? feed_bytes(feed, number) : feed_lines(feed);
    atomic_store(&feed->code, code);
    if (code == EXIT_OK)
        mu_stream_end(feed->stream);
    else
        mu_stream_cancel(feed->stream);
    return NULL;
}

/* The one word `@FILE` of a stream is what to read instead of standard input. */
static int feed_open_file(struct feed *feed)
{
    const struct request *request = feed->request;
    const char *path;

    if (!request->stream || request->word_count != 1 || request->words[0][0] != '@')
        return EXIT_OK;
    path = request->words[0] + 1;
    feed->input_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (feed->input_fd >= 0)
        return EXIT_OK;
    return failure_of_file(feed->cli, path, -errno);
}

int feed_start(struct feed *feed, const struct cli *cli, const struct request *request,
        struct mu_stream *stream)
{
    int code;

    *feed = (struct feed){ .cli = cli,
        .request = request,
        .stream = stream,
        .input_fd = STDIN_FILENO,
        .stop_fd = eventfd(0, EFD_CLOEXEC) };
    code = feed_open_file(feed);
    if (code != EXIT_OK)
        return code;
    if (feed->stop_fd < 0 || pthread_create(&feed->thread, NULL, feed_run, feed) != 0)
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "cannot start a thread: %s", strerror(errno));
    feed->is_running = true;
    return EXIT_OK;
}

int feed_stop(struct feed *feed)
{
    if (feed->is_running) {
        eventfd_write(feed->stop_fd, 1);
        pthread_join(feed->thread, NULL);
    }
    if (feed->stop_fd >= 0)
        close(feed->stop_fd);
    if (feed->input_fd > STDIN_FILENO)
        close(feed->input_fd);
    feed->input_fd = -1;
    feed->is_running = false;
    feed->stop_fd = -1;
    return atomic_load(&feed->code);
}
