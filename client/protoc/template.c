// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/template.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "client/protoc/memory.h"

static const char *template_look_up(
        const char *name, size_t size, const struct template_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(values[i].name) == size && memcmp(values[i].name, name, size) == 0)
            return values[i].text;
    return NULL;
}

void template_print(
        FILE *out, const char *template, const struct template_value *values, size_t count)
{
    for (;;) {
        size_t plain = strcspn(template, "$");
        const char *text;

        fwrite(template, 1, plain, out);
        template += plain;
        if (*template == '\0')
            return;
        template += 1;
        plain = strcspn(template, "$");
        CHECK(template[plain] == '$');
        text = template_look_up(template, plain, values, count);
        CHECK(text != NULL);
        fputs(text, out);
        template += plain + 1;
    }
}

/* One line, without what would begin or end a C comment. */
static void template_comment_line(FILE *out, const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fputc(line[i], out);
        if (i + 1 < size &&
                ((line[i] == '*' && line[i + 1] == '/') || (line[i] == '/' && line[i + 1] == '*')))
            fputc(' ', out);
    }
}

char *template_comment(const char *text, int indent)
{
    char *comment = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&comment, &size);
    bool first = true;

    CHECK(out != NULL);
    for (const char *line = text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *next = line + length + (line[length] == '\n');

        while (length > 0 && isspace((unsigned char)line[length - 1]))
            length--;
        if (length > 0 || (!first && *next != '\0')) {
            if (!first)
                fputc('\n', out);
            fprintf(out, "%*s%s", indent, "", first ? "/*" : " *");
            if (length > 0 && line[0] != ' ')
                fputc(' ', out);
            template_comment_line(out, line, length);
            first = false;
        }
        line = next;
    }
    if (!first)
        fputs(" */\n", out);
    CHECK(fclose(out) == 0);
    return comment;
}
