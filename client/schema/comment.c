// SPDX-License-Identifier: Apache-2.0
/* SourceCodeInfo lists comments by path (`4, 0, 2, 1`: the second field of the first message). They
 * are sorted once, and found by bisection for every element. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/types.h"

static int comment_compare_paths(const int32_t *a, size_t a_size, const int32_t *b, size_t b_size)
{
    for (size_t i = 0; i < a_size && i < b_size; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return (a_size > b_size) - (a_size < b_size);
}

static int comment_compare(const void *a, const void *b)
{
    const struct comment *left = a;
    const struct comment *right = b;

    return comment_compare_paths(left->path, left->path_size, right->path, right->path_size);
}

/* Drops the blank that stands after `//`, control characters, and blanks at the ends of lines. */
static void comment_clean(char *text)
{
    const char *from = text;
    char *to = text;

    while (*from != '\0') {
        if (*from == ' ')
            from += 1;
        for (; *from != '\0' && *from != '\n'; from++)
            if ((unsigned char)*from >= 0x20 && *from != 0x7f)
                *to++ = *from;
            else if (*from == '\t')
                *to++ = ' ';
        while (to > text && to[-1] == ' ')
            to -= 1;
        if (*from == '\n')
            *to++ = *from++;
    }
    while (to > text && to[-1] == '\n')
        to -= 1;
    *to = '\0';
}

int comment_index(struct mu_schema *schema, struct file *file)
{
    const Google__Protobuf__SourceCodeInfo *info = file->proto->source_code_info;
    size_t count = info != NULL ? info->n_location : 0;

    file->comments = schema_alloc(schema, count, sizeof(*file->comments));
    if (file->comments == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        char *text = location->leading_comments;

        if (text == NULL || *text == '\0')
            text = location->trailing_comments;
        if (text == NULL || *text == '\0')
            continue;
        comment_clean(text);
        file->comments[file->comment_count++] = (struct comment){
            .path = location->path,
            .path_size = location->n_path,
            .text = text,
        };
    }
    if (file->comment_count > 1)
        qsort(file->comments, file->comment_count, sizeof(*file->comments), comment_compare);
    return 0;
}

const char *comment_find(const struct place_in_file *place, int32_t kind, int32_t index)
{
    int32_t path[2 * MU_SCHEMA_DEPTH_MAX + 4];
    size_t size = place->path_size;
    struct comment wanted = { .path = path };
    const struct comment *found;

    memcpy(path, place->path, size * sizeof(*path));
    if (kind != 0) {
        path[size++] = kind;
        path[size++] = index;
    }
    wanted.path_size = size;
    if (place->file->comment_count == 0)
        return "";
    found = bsearch(&wanted, place->file->comments, place->file->comment_count,
            sizeof(*place->file->comments), comment_compare);
    return found != NULL ? found->text : "";
}
