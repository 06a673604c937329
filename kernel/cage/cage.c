// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/cage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    OPTION_STEPS = 256,
    OPTION_UID,
    OPTION_GID,
    OPTION_NETWORK,
    OPTION_EXECUTABLE_MEMORY,
    OPTION_PROCESSES,
    OPTION_ROUTER,
    OPTION_GROUP,
    OPTION_DATA,
    OPTION_CHANNEL,
    OPTION_READ,
    OPTION_WRITE
};

static const char *const cage_networks[] = {
    [CAGE_NETWORK_NONE] = "none",
    [CAGE_NETWORK_CLIENT] = "client",
    [CAGE_NETWORK_SERVER] = "server",
};

const struct option cage_options[] = {
    { "steps", required_argument, NULL, OPTION_STEPS },
    { "uid", required_argument, NULL, OPTION_UID },
    { "gid", required_argument, NULL, OPTION_GID },
    { "network", required_argument, NULL, OPTION_NETWORK },
    { "executable-memory", no_argument, NULL, OPTION_EXECUTABLE_MEMORY },
    { "processes", no_argument, NULL, OPTION_PROCESSES },
    { "router", no_argument, NULL, OPTION_ROUTER },
    { "group", required_argument, NULL, OPTION_GROUP },
    { "data", required_argument, NULL, OPTION_DATA },
    { "channel", required_argument, NULL, OPTION_CHANNEL },
    { "read", required_argument, NULL, OPTION_READ },
    { "write", required_argument, NULL, OPTION_WRITE },
    { 0 },
};

/* Words as they are put in a row. */
struct cage_writer {
    const char **words;
    size_t count;
    char *text;
    size_t used;
};

static void cage_put_switch(struct cage_writer *writer, const char *option, bool on)
{
    CHECK(writer->count + 1 <= CAGE_WORDS_MAX);

    if (on)
        writer->words[writer->count++] = option;
}

static void cage_put(struct cage_writer *writer, const char *option, const char *value)
{
    CHECK(writer->count + 2 <= CAGE_WORDS_MAX);

    writer->words[writer->count++] = option;
    writer->words[writer->count++] = value;
}

static void cage_put_number(struct cage_writer *writer, const char *option, uint32_t value)
{
    char *at = writer->text + writer->used;

    writer->used += (size_t)snprintf(at, CAGE_TEXT_MAX - writer->used, "%u", value) + 1;
    CHECK(writer->used <= CAGE_TEXT_MAX);
    cage_put(writer, option, at);
}

size_t cage_write(
        const struct cage *cage, const char *words[CAGE_WORDS_MAX], char text[CAGE_TEXT_MAX])
{
    struct cage_writer writer = { .words = words, .text = text };

    cage_put_number(&writer, "--steps", cage->steps);
    cage_put_number(&writer, "--uid", cage->uid);
    cage_put_number(&writer, "--gid", cage->gid);
    cage_put(&writer, "--network", cage_networks[cage->network]);
    cage_put_switch(&writer, "--executable-memory", cage->executable_memory);
    cage_put_switch(&writer, "--processes", cage->processes);
    cage_put_switch(&writer, "--router", cage->router);
    for (size_t i = 0; i < 2 && cage->groups[i] != NULL; i++)
        cage_put(&writer, "--group", cage->groups[i]);
    if (cage->data != NULL)
        cage_put(&writer, "--data", cage->data);
    if (cage->channel != NULL)
        cage_put(&writer, "--channel", cage->channel);
    for (size_t i = 0; i < cage->read_count; i++)
        cage_put(&writer, "--read", cage->read[i]);
    for (size_t i = 0; i < cage->write_count; i++)
        cage_put(&writer, "--write", cage->write[i]);
    return writer.count;
}

static bool cage_add_path(const char *paths[CAGE_PATHS_MAX], size_t *countp, const char *path)
{
    if (*countp == CAGE_PATHS_MAX)
        return false;
    paths[(*countp)++] = path;
    return true;
}

static bool cage_read_network(struct cage *cage, const char *value)
{
    for (size_t i = 0; i < sizeof(cage_networks) / sizeof(cage_networks[0]); i++) {
        if (strcmp(value, cage_networks[i]) != 0)
            continue;
        cage->network = (enum cage_network)i;
        return true;
    }
    return false;
}

static uint32_t cage_number(const char *value)
{
    return (uint32_t)strtoul(value, NULL, 10);
}

bool cage_read(struct cage *cage, int option, const char *value)
{
    switch (option) {
    case OPTION_STEPS:
        cage->steps = cage_number(value);
        return true;
    case OPTION_UID:
        cage->uid = cage_number(value);
        return true;
    case OPTION_GID:
        cage->gid = cage_number(value);
        return true;
    case OPTION_NETWORK:
        return cage_read_network(cage, value);
    case OPTION_EXECUTABLE_MEMORY:
        return cage->executable_memory = true;
    case OPTION_PROCESSES:
        return cage->processes = true;
    case OPTION_ROUTER:
        return cage->router = true;
    case OPTION_GROUP:
        cage->groups[cage->groups[0] != NULL] = value;
        return true;
    case OPTION_DATA:
        cage->data = value;
        return true;
    case OPTION_CHANNEL:
        cage->channel = value;
        return true;
    case OPTION_READ:
        return cage_add_path(cage->read, &cage->read_count, value);
    case OPTION_WRITE:
        return cage_add_path(cage->write, &cage->write_count, value);
    default:
        return false;
    }
}
