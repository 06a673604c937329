/* client/protoc/refusals.h - what is wrong with the .proto files: where, why, and how to set it
 * right. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "client/protoc/source.h"

enum { REFUSALS_MAX = 20 }; /* printed; the rest is counted */

struct refusals {
    FILE *out;  /* owned; writes to `text` */
    char *text; /* owned: a line each; complete after refusals_text */
    size_t size;
    size_t count;
};

void refusals_init(struct refusals *refusals);

/* Safe on zeroes, and safe twice. */
void refusals_deinit(struct refusals *refusals);

/* Adds `file:line:column: ` and the text. `path` may be NULL: the file as a whole; `file` too:
 * none. */
void refusals_add(struct refusals *refusals, const Google__Protobuf__FileDescriptorProto *file,
        const struct source_path *path, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* All of them, as one text, a line break in front of each, borrowed; NULL where nothing was
 * refused. */
const char *refusals_text(struct refusals *refusals);
