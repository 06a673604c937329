// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/failure.h"

enum { OUTPUT_DIGITS = 6 }; /* of a fraction */

bool output_is_json(const struct cli *cli)
{
    return cli->format == OUTPUT_JSON || cli->format == OUTPUT_JSONL ||
           cli->format == OUTPUT_PRETTY;
}

unsigned output_json_flags(const struct cli *cli)
{
    return MU_JSON_DEFAULTS | (cli->format == OUTPUT_PRETTY ? MU_JSON_PRETTY : MU_JSON_COMPACT);
}

int output_types_open(const struct cli *cli, struct output_types *output, struct mu_bytes types)
{
    struct mu_schema_error error = { "" };

    *output = (struct output_types){ 0 };
    if (mu_schema_new(&output->schema, types, &error) < 0)
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "the types built into mu are broken: %s", error.text);
    return EXIT_OK;
}

void output_types_close(struct output_types *output)
{
    output->schema = mu_schema_free(output->schema);
}

int output_types_print(
        const struct cli *cli, const struct output_types *output, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type =
            mu_schema_message(output->schema, message->descriptor->name);
    size_t size = protobuf_c_message_get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *body = malloc(size + 1);
    CLEANUP(cleanup_free) char *json = NULL;
    struct mu_schema_error error = { "" };

    if (body == NULL)
        return (int)failure_of_memory(cli);
    protobuf_c_message_pack(message, body);
    if (type == NULL || mu_body_to_json(output->schema, type, (struct mu_bytes){ body, size },
                                output_json_flags(cli), &json, &error) < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, NULL, "cannot write a %s as JSON: %s",
                message->descriptor->name, error.text);
    puts(json);
    return EXIT_OK;
}

int output_message(const struct cli *cli, struct mu_bytes types, const ProtobufCMessage *message)
{
    CLEANUP(output_types_close) struct output_types output;
    int code = output_types_open(cli, &output, types);

    return code == EXIT_OK ? output_types_print(cli, &output, message) : code;
}

int output_json(const struct cli *cli, json_t *root)
{
    if (root == NULL)
        return (int)failure_of_memory(cli);
    json_dumpf(root, stdout,
            JSON_REAL_PRECISION(OUTPUT_DIGITS) |
                    (cli->format == OUTPUT_PRETTY ? JSON_INDENT(2) : JSON_COMPACT));
    fputc('\n', stdout);
    json_decref(root);
    return EXIT_OK;
}

int output_flush(const struct cli *cli)
{
    int error;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_OK;
    error = errno != 0 ? errno : EIO; /* an earlier write failed, and left only that */
    __fpurge(stdout);                 /* it would fail again, and be told again */
    clearerr(stdout);
    if (error == ENOSPC || error == EDQUOT)
        return (int)failure_say(cli, EXIT_NO_CREDITS, "make room where the output goes",
                "cannot write the output: %s", strerror(error));
    return (int)failure_say(cli, EXIT_INTERNAL, "see where the output goes",
            "cannot write the output: %s", strerror(error));
}

void output_talk(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
