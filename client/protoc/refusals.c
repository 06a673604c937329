// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/refusals.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/check.h"

void refusals_init(struct refusals *refusals)
{
    *refusals = (struct refusals){ 0 };
    refusals->out = open_memstream(&refusals->text, &refusals->size);
    CHECK(refusals->out != NULL);
}

void refusals_deinit(struct refusals *refusals)
{
    if (refusals->out != NULL)
        fclose(refusals->out);
    free(refusals->text);
    *refusals = (struct refusals){ 0 };
}

static void refusals_add_place(struct refusals *refusals,
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path)
{
    struct source_place place = { 0 };

    if (path != NULL)
        place = source_find(file, path);
    fprintf(refusals->out, "%s:", file->name);
    if (place.line > 0)
        fprintf(refusals->out, "%d:%d:", place.line, place.column);
    fputc(' ', refusals->out);
}

void refusals_add(struct refusals *refusals, const Google__Protobuf__FileDescriptorProto *file,
        const struct source_path *path, const char *format, ...)
{
    va_list arguments;
    FILE *out = refusals->out;

    if (++refusals->count > REFUSALS_MAX)
        return;
    fputc('\n', out); /* protoc puts `--mu_out: ` in front of the first line */
    if (file != NULL)
        refusals_add_place(refusals, file, path);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
}

const char *refusals_text(struct refusals *refusals)
{
    if (refusals->count == 0)
        return NULL;
    if (refusals->count > REFUSALS_MAX)
        fprintf(refusals->out, "\n... and %zu more", refusals->count - REFUSALS_MAX);
    fclose(refusals->out);
    refusals->out = NULL;
    return refusals->text;
}
