// SPDX-License-Identifier: Apache-2.0
/* One JSON text goes to the reader as it was written, so that its own positions stand in what is
 * said and no number is touched on the way; only key=value words go through a tree. */
#include "services/interface/mu/request.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/assignment.h"
#include "base/cleanup.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/trace_id.h"

enum {
    REQUEST_FILE_MAX = 4 * MU_MESSAGE_MAX, /* bytes of JSON: base64 and escapes make it longer */
    REQUEST_FIX_MAX = 2 * MU_ENDPOINT_MAX  /* bytes with the final NUL */
};

void request_deinit(struct request *request)
{
    description_deinit(&request->description);
    *request = (struct request){ 0 };
}

void request_trace(const struct request *request, uint8_t trace[MU_TRACE_SIZE])
{
    static const uint8_t none[MU_TRACE_SIZE];

    trace_id_make(trace);
    if (memcmp(request->parent, none, sizeof(none)) != 0)
        memcpy(trace, request->parent, MU_TRACE_SIZE);
}

static void request_json_free(json_t **rootp)
{
    json_decref(*rootp);
}

static const char *request_fix(const struct request *request, char fix[REQUEST_FIX_MAX])
{
    snprintf(fix, REQUEST_FIX_MAX, "see its fields: mu registry describe %s", request->endpoint);
    return fix;
}

/* What to do about a message that is too large. */
static const char *request_smaller(const struct request *request)
{
    enum mu_shape shape = request->method->shape;

    if (shape == MU_UNARY || shape == MU_SERVER_STREAM)
        return "send less at a time; the method takes one message, no stream";
    return request->stream ? "send it as several items" : "send it as a stream: --stream";
}

int request_json(const struct cli *cli, const struct request *request, const char *where,
        const char *json, size_t json_size, uint8_t **bodyp, size_t *sizep)
{
    struct mu_schema_error error = { "" };
    char fix[REQUEST_FIX_MAX];
    int code = mu_json_to_body(request->description.schema, request->method->request, json,
            json_size, 0, bodyp, sizep, &error);

    if (code == -ENOMEM)
        return (int)failure_of_memory(cli);
    if (code == -E2BIG)
        return (int)failure_say(cli, EXIT_USAGE, request_smaller(request),
                "%s%s: the message is larger than %d bytes", where, request->endpoint,
                MU_MESSAGE_MAX);
    if (code < 0)
        return (int)failure_say(cli, EXIT_USAGE, request_fix(request, fix), "%s%s: %s", where,
                request->endpoint, error.text);
    return EXIT_OK;
}

bool request_is_json(const char *word)
{
    return word[0] == '{' || word[0] == '@' || strcmp(word, "-") == 0;
}

/* The text of a word that is JSON, `@file` or `-`. */
static int request_text(const struct cli *cli, const char *word, char **textp, size_t *sizep)
{
    const char *path = word[0] == '@' ? word + 1 : word;
    int error;

    if (word[0] == '{') {
        *sizep = strlen(word);
        *textp = strdup(word);
        return *textp != NULL ? EXIT_OK : (int)failure_of_memory(cli);
    }
    error = file_read(path, REQUEST_FILE_MAX, textp, sizep);
    return error < 0 ? (int)failure_of_file(cli, path, error) : EXIT_OK;
}

static int request_merge(const struct cli *cli, json_t *root, const char *word)
{
    CLEANUP(cleanup_free) char *text = NULL;
    json_error_t error;
    size_t size = 0;
    json_t *object;
    int code = request_text(cli, word, &text, &size);

    if (code != EXIT_OK)
        return code;
    object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        return (int)failure_say(cli, EXIT_USAGE, NULL, "%s: no JSON object: %s", word,
                error.text[0] != '\0' ? error.text : "it is a list");
    }
    code = json_object_update(root, object);
    json_decref(object);
    return code < 0 ? (int)failure_of_memory(cli) : EXIT_OK;
}

static int request_tree(const struct cli *cli, const struct request *request, json_t *root)
{
    for (int i = 0; i < request->word_count; i++) {
        struct assignment_error error = { "", "" };
        int code;

        if (request_is_json(request->words[i])) {
            code = request_merge(cli, root, request->words[i]);
            if (code != EXIT_OK)
                return code;
            continue;
        }
        code = assignment_apply(root, request->description.schema, request->method->request,
                request->words[i], &error);
        if (code == -ENOMEM)
            return (int)failure_of_memory(cli);
        if (code < 0)
            return (int)failure_say(cli, code == -ENOENT ? EXIT_NOT_FOUND : EXIT_USAGE, error.fix,
                    "%s", error.text);
    }
    return EXIT_OK;
}

int request_body(
        const struct cli *cli, const struct request *request, uint8_t **bodyp, size_t *sizep)
{
    CLEANUP(cleanup_free) char *text = NULL;
    CLEANUP(request_json_free) json_t *root = NULL;
    size_t size = 0;
    int code;

    if (request->word_count == 0)
        return request_json(cli, request, "", "{}", 2, bodyp, sizep);
    if (request->word_count == 1 && request_is_json(request->words[0])) {
        code = request_text(cli, request->words[0], &text, &size);
        if (code != EXIT_OK)
            return code;
        return request_json(cli, request, "", text, size, bodyp, sizep);
    }
    root = json_object();
    code = request_tree(cli, request, root);
    if (code != EXIT_OK)
        return code;
    text = json_dumps(root, JSON_COMPACT);
    if (text == NULL)
        return (int)failure_of_memory(cli);
    return request_json(cli, request, "", text, strlen(text), bodyp, sizep);
}
