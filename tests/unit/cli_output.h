/* tests/unit/cli_output.h - what a piece of code writes to standard output or standard error. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUTPUT_TEXT_MAX = 65536 };

struct output {
    FILE *stream;
    FILE *file; /* owned */
    int saved;  /* owned */
    char text[OUTPUT_TEXT_MAX];
};

static inline void output_catch(struct output *output, FILE *stream)
{
    fflush(stream);
    output->stream = stream;
    output->file = tmpfile();
    output->saved = dup(fileno(stream));
    if (output->file == NULL || output->saved < 0)
        abort();
    dup2(fileno(output->file), fileno(stream));
}

/* Lets go, and fills `text`. */
static inline void output_release(struct output *output)
{
    size_t size;

    fflush(output->stream);
    dup2(output->saved, fileno(output->stream));
    close(output->saved);
    rewind(output->file);
    size = fread(output->text, 1, sizeof(output->text) - 1, output->file);
    output->text[size] = '\0';
    fclose(output->file);
}
