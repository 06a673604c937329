/* assignment.h - `key=value` words into the JSON of a request.
 *
 *     name=World        a field; its type says whether the value is a text, a number or a truth
 *     user.name=Ada     a field of a message, made on the way
 *     tag=a tag=b       a list, one more each time; items.0.name=x counts
 *     labels.env=prod   a key of a map
 *     n:=12  tags:='["a"]'   the value is JSON
 *     body=@file        the value is a file's contents, base64 for bytes
 */
#pragma once

#include <jansson.h>

#include "mu/schema.h"

enum {
    ASSIGNMENT_TEXT_MAX = 512,           /* bytes with the final NUL */
    ASSIGNMENT_FILE_MAX = MU_MESSAGE_MAX /* bytes of a file after @ */
};

/* What is wrong with a word, and what to write instead. */
struct assignment_error {
    char text[ASSIGNMENT_TEXT_MAX];
    char fix[ASSIGNMENT_TEXT_MAX];
};

/* Says whether `word` is an assignment: a name, then `=` or `:=`. */
bool assignment_is(const char *word);

/* Sets in `root` (an object) what `word` says; `type` is the type that `root` is the JSON of.
 * Returns 0; with `error` filled -ENOENT for a file that is not there, else -EINVAL; -ENOMEM. */
int assignment_apply(json_t *root, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *word, struct assignment_error *error);
