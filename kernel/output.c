// SPDX-License-Identifier: Apache-2.0
#include "kernel/output.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

enum {
    OUTPUT_READ_SIZE = 16384,
    /* a byte may become six: "\u0001" */
    OUTPUT_WRAPPED_MAX = LOG_LINE_HEAD_MAX + 6 * OUTPUT_LINE_MAX,
    OUTPUT_BLOCK_SIZE = 65536
};

/* Lines on their way to the log, which takes many at once. */
struct output_block {
    struct logfile *log; /* borrowed */
    struct timespec now; /* of all of them: they were read together */
    size_t size;
    char text[OUTPUT_BLOCK_SIZE];
};

static void output_begin(struct output_block *block, struct logfile *log)
{
    block->log = log;
    block->size = 0;
    clock_gettime(CLOCK_REALTIME, &block->now);
}

static void output_write(struct output_block *block)
{
    struct iovec piece = { block->text, block->size };

    if (block->size > 0)
        logfile_write(block->log, &piece, 1);
    block->size = 0;
}

/* A line that says itself when it was written is taken as it is; any other is given a time and the
 * service's name, so that it has its place among those of others. */
static void output_put(struct output_block *block, const char *line, size_t size)
{
    if (sizeof(block->text) - block->size < OUTPUT_WRAPPED_MAX)
        output_write(block);
    if (size >= strlen(LOG_LINE_START) &&
            memcmp(line, LOG_LINE_START, strlen(LOG_LINE_START)) == 0) {
        memcpy(block->text + block->size, line, size);
        block->size += size;
        block->text[block->size++] = '\n';
        return;
    }
    size -= size > 0 && line[size - 1] == '\r';
    block->size += log_print(block->text + block->size, OUTPUT_WRAPPED_MAX, &block->now, LOG_INFO,
            block->log->name, line, size);
}

/* Takes a piece of output: what is a whole line now goes into the block, the rest is held. */
static void output_take(
        struct output *output, struct output_block *block, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t left = end != NULL ? (size_t)(end - text) : size;
        size_t room = sizeof(output->line) - output->held;
        size_t taken = left < room ? left : room;

        memcpy(output->line + output->held, text, taken);
        output->held += taken;
        text += taken;
        size -= taken;
        if (taken < left || end != NULL) { /* too long, or whole */
            output_put(block, output->line, output->held);
            output->held = 0;
        }
        if (taken == left && end != NULL) {
            text += 1;
            size -= 1;
        }
    }
}

/* Its last words need no newline. */
static void output_finish(struct output *output)
{
    struct output_block block;

    if (output->held == 0)
        return;
    output_begin(&block, output->log);
    output_put(&block, output->line, output->held);
    output_write(&block);
    output->held = 0;
}

/* Reads up to `size_max` bytes. Returns how many; `*endp` where no more will come. */
static size_t output_read(struct output *output, size_t size_max, bool *endp)
{
    struct output_block block;
    char text[OUTPUT_READ_SIZE];
    size_t size = 0;
    ssize_t got;

    *endp = false;
    output_begin(&block, output->log);
    while (size < size_max) {
        got = read(output->source.fd, text, sizeof(text));
        if (got > 0)
            output_take(output, &block, text, (size_t)got);
        if (got <= 0) {
            *endp = got == 0 || (errno != EAGAIN && errno != EINTR);
            break;
        }
        size += (size_t)got;
    }
    output_write(&block);
    return size;
}

static void output_pause(struct output *output)
{
    loop_remove(output->loop, &output->source);
    output->watched = false;
}

static void output_ready(struct loop_source *source, uint32_t events)
{
    struct output *output = list_entry(source, struct output, source);
    uint64_t now_ms = clock_ms();
    bool end;

    (void)events;
    if (now_ms >= output->window_end_ms) {
        output->window_end_ms = now_ms + OUTPUT_RATE_MS;
        output->window_size = 0;
    }
    output->window_size += output_read(output, OUTPUT_TURN_MAX, &end);
    if (end) {
        output->window_end_ms = UINT64_MAX; /* closed by all who had it: nothing is due any more */
        output_pause(output);
    } else if (output->window_size >= OUTPUT_RATE_MAX) {
        output_pause(output);
    }
}

int output_open(struct output *output, struct loop *loop, int fd, struct logfile *log)
{
    int r;

    *output = (struct output){ .source = { .fd = fd, .fn = output_ready }, .loop = loop };
    r = loop_add(loop, &output->source, EPOLLIN);
    if (r < 0)
        return err_trace(r);
    output->watched = true;
    output->log = log;
    return 0;
}

void output_close(struct output *output)
{
    bool end;

    if (output->log == NULL)
        return;
    output_read(output, OUTPUT_LAST_MAX, &end);
    output_finish(output);
    if (output->watched)
        output_pause(output);
    close(output->source.fd);
    output->log = logfile_close(output->log);
}

uint64_t output_due(const struct output *output)
{
    return output->watched ? UINT64_MAX : output->window_end_ms;
}

void output_tick(struct output *output, uint64_t now_ms)
{
    if (output_due(output) > now_ms)
        return;
    output->window_end_ms = 0;
    output->watched = loop_add(output->loop, &output->source, EPOLLIN) == 0;
    if (!output->watched)
        output->window_end_ms = now_ms + OUTPUT_RATE_MS;
}
