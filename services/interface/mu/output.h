/* output.h - data to standard output, in the form that was asked for. */
#pragma once

#include <jansson.h>

#include "services/interface/mu/cli.h"
#include "mu/schema.h"

/* -o json, jsonl or pretty. */
bool output_is_json(const struct cli *cli);

/* The flags for mu_body_to_json: indented for pretty. */
unsigned output_json_flags(const struct cli *cli);

/* Prints a message of one of the node's own services (`types`: their FileDescriptorSet) as JSON, by
 * the proto3 mapping. Returns EXIT_OK or an exit status. */
int output_message(const struct cli *cli, struct mu_bytes types, const ProtobufCMessage *message);

/* A schema for more than one message. */
struct output_types {
    struct mu_schema *schema; /* owned */
};

int output_types_open(const struct cli *cli, struct output_types *output, struct mu_bytes types);
void output_types_close(struct output_types *output);
int output_types_print(
        const struct cli *cli, const struct output_types *output, const ProtobufCMessage *message);

/* Prints `root`, and frees it: on one line, indented for pretty. NULL is no memory. Returns EXIT_OK
 * or an exit status. */
int output_json(const struct cli *cli, json_t *root);

/* Lets go of what is written so far. Says what is wrong where it cannot be written. Returns EXIT_OK
 * or an exit status. */
int output_flush(const struct cli *cli);

/* A line of talk on standard error; nothing with -q. */
void output_talk(const struct cli *cli, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
