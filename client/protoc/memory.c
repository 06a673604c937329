// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void memory_is_out(void)
{
    fputs("protoc-gen-mu: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

void *memory_get(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    if (memory == NULL)
        memory_is_out();
    return memory;
}

char *memory_print(const char *format, ...)
{
    char *text;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        memory_is_out();
    return text;
}
