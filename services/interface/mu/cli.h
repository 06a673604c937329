/* cli.h - what every command is handed: where the node is, how to print, how long to wait. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/place.h"
#include "mu/client.h"
#include "mu/token.h"

enum output_format {
    OUTPUT_DEFAULT, /* tables and sentences, for people */
    OUTPUT_JSON,
    OUTPUT_JSONL,
    OUTPUT_NAME,
    OUTPUT_PRETTY,
    OUTPUT_RAW,
    OUTPUT_DOT,        /* a graph's, for Graphviz */
    OUTPUT_PROMETHEUS, /* of meters: Prometheus' text format */
    OUTPUT_OTLP,       /* of traces: OTLP's JSON */
    OUTPUT_WIDE        /* a table's, with all of its columns however narrow the terminal is */
};

struct cli {
    const char *dir;   /* borrowed for good: --dir, or NULL for the default place */
    const char *node;  /* borrowed for good: --node, or MU_NODE: a node elsewhere; NULL: one here */
    const char *token; /* borrowed for good: --token, or NULL */
    bool node_given;   /* by --node */
    struct place place;   /* of a node here */
    char why[MU_WHY_MAX]; /* why the node elsewhere could not be reached, or the user is nobody */
    bool as_owner;        /* presents no user's token, whoever logged in */
    char user[MU_TOKEN_TEXT_SIZE]; /* the access token that is presented; "": none */
    enum output_format format;
    bool quiet;
    bool verbose;
    bool no_color;
    uint32_t timeout_ms;      /* 0: the command's own */
    struct mu_client *client; /* owned; connected by bus_open */
    struct mu_client *nobody; /* owned; where `user` is presented: one that presents no token */
};

/* Takes MU_NODE, where neither --node nor --dir was given. */
static inline void cli_settle_node(struct cli *cli)
{
    const char *node = getenv("MU_NODE");

    if (cli->node == NULL && cli->dir == NULL && node != NULL && node[0] != '\0')
        cli->node = node;
}
