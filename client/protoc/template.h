/* client/protoc/template.h - text with places in it: `$name$` stands for a value. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct template_value {
    const char *name;
    const char *text; /* borrowed */
};

/* Writes `template` to `out` with the `count` values in their places. Every place must have one. */
void template_print(
        FILE *out, const char *template, const struct template_value *values, size_t count);

/* A C comment of the text of a .proto comment, indented by `indent` spaces, ending in a line break;
 * "" for NULL. The caller frees it. */
char *template_comment(const char *text, int indent);
