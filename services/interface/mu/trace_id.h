/* trace_id.h - what a call's trace goes by: 32 digits, or the first of them; and W3C's traceparent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/interface/mu/cli.h"

enum {
    TRACE_ID_SIZE = 16,           /* bytes of a trace's id, before those of a span */
    TRACE_ID_SPAN_SIZE = 8,       /* bytes of a span's id */
    TRACE_ID_TEXT_MAX = 33,       /* bytes with the final NUL */
    TRACE_ID_SHORT = 8,           /* digits that people are shown */
    TRACE_ID_TRACEPARENT_MAX = 56 /* bytes with the final NUL */
};

/* Makes a trace that has no span yet: a random id, and a span of zeroes, which is none. */
void trace_id_make(uint8_t trace[MU_TRACE_SIZE]);

/* Writes `size` bytes (16 at most) as digits of 0-9 and a-f into `text`, and returns it. */
char *trace_id_print(const uint8_t *bytes, size_t size, char text[TRACE_ID_TEXT_MAX]);

/* Reads the digits of `text`, two by two, into at most `max` bytes; an odd one is left out. Returns
 * how many bytes. */
size_t trace_id_read_digits(const char *text, uint8_t *bytes, size_t max);

/* True for what may be the beginning of a trace's id: 4 to 32 digits of 0-9 and a-f. */
bool trace_id_is_prefix(const char *text);

/* Says that `text` is no such thing. Returns EXIT_USAGE. */
int trace_id_refuse(const struct cli *cli, const char *text);

/* Reads a W3C traceparent (https://www.w3.org/TR/trace-context/, version 00; of later versions what
 * they share with it) into `trace`. Returns 0, or -EINVAL and leaves it be. */
int trace_id_read_traceparent(const char *text, uint8_t trace[MU_TRACE_SIZE]);

/* Writes one, "sampled", for those who go on with `trace` into `text`, and returns it. A trace
 * without a span gets one: nobody's, since a traceparent must name one. */
char *trace_id_print_traceparent(
        const uint8_t trace[MU_TRACE_SIZE], char text[TRACE_ID_TRACEPARENT_MAX]);
