// SPDX-License-Identifier: Apache-2.0
/* The folders of several nodes; and mu down --nodes. */
#include "services/interface/mu/nodes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/down.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"

/* Where the node folder number `index` of `dir` is. */
static bool nodes_path(const char *dir, size_t index, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/node%zu", dir, index + 1) < PATH_MAX;
}

static bool nodes_is_one(const char *name)
{
    size_t digits = strncmp(name, "node", 4) == 0 ? strspn(name + 4, "0123456789") : 0;

    return digits > 0 && name[4 + digits] == '\0';
}

/* The folder above the nodes, absolute. */
static int nodes_find_dir(const struct cli *cli, char dir[PATH_MAX])
{
    const char *given = cli->dir != NULL ? cli->dir : getenv("MU_DIR");
    char here[PATH_MAX] = "";
    size_t size;
    char *slash;
    int length;

    if (given == NULL || given[0] == '\0')
        length = snprintf(dir, PATH_MAX, "%s/nodes", cli->place.state);
    else if (given[0] == '/' || getcwd(here, sizeof(here)) == NULL)
        length = snprintf(dir, PATH_MAX, "%s", given);
    else
        length = snprintf(dir, PATH_MAX, "%s/%s", here, given);
    if (length >= PATH_MAX)
        return (int)failure_say(cli, EXIT_USAGE, "take a shorter folder: --dir /tmp/mu",
                "the path of the nodes would be too long");
    size = strlen(dir);
    while (size > 1 && dir[size - 1] == '/')
        dir[--size] = '\0';
    slash = strrchr(dir, '/');
    if (slash != NULL && slash != dir && nodes_is_one(slash + 1))
        *slash = '\0';
    return EXIT_OK;
}

static bool nodes_is_there(const char *dir, size_t index)
{
    char path[PATH_MAX];
    struct stat found;

    return nodes_path(dir, index, path) && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int nodes_add(struct nodes *nodes, const struct cli *cli, size_t index)
{
    struct nodes_one *one = &nodes->all[nodes->count];
    int error;

    if (!nodes_path(nodes->dir, index, one->dir))
        return (int)failure_say(cli, EXIT_USAGE, "take a shorter folder: --dir /tmp/mu",
                "the path of the nodes would be too long");
    snprintf(one->name, sizeof(one->name), "node%zu", index + 1);
    one->cli = *cli;
    one->cli.client = NULL;
    one->cli.dir = one->dir;
    error = place_find(&one->cli.place, one->dir);
    if (error < 0)
        return (int)failure_of_open(cli, error);
    nodes->count += 1;
    return EXIT_OK;
}

int nodes_open(struct nodes *nodes, const struct cli *cli, size_t count)
{
    size_t last = count > 0 ? count : NODES_MAX;
    int code;

    *nodes = (struct nodes){ .all = calloc(NODES_MAX, sizeof(*nodes->all)) };
    if (nodes->all == NULL)
        return (int)failure_of_memory(cli);
    code = nodes_find_dir(cli, nodes->dir);
    for (size_t i = 0; code == EXIT_OK && i < last; i++) {
        if (count > 0 || nodes_is_there(nodes->dir, i))
            code = nodes_add(nodes, cli, i);
    }
    return code;
}

void nodes_close(struct nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++)
        bus_close(&nodes->all[i].cli);
    free(nodes->all);
    *nodes = (struct nodes){ .count = 0 };
}

bool nodes_are_meant(const struct cli *cli)
{
    return cli->dir != NULL && access(cli->place.run, F_OK) < 0 && nodes_is_there(cli->dir, 0);
}

bool nodes_hint(const struct cli *cli, char path[PATH_MAX])
{
    char dir[PATH_MAX];

    return nodes_find_dir(cli, dir) == EXIT_OK && nodes_is_there(dir, 0) &&
           nodes_path(dir, 0, path) &&
           strncmp(path, cli->place.run, strlen(path)) != 0; /* it is meant, and does not run */
}

/* In reverse order: the first is the one that the others dial. */
int nodes_down(struct cli *cli)
{
    CLEANUP(nodes_close) struct nodes nodes = { .count = 0 };
    json_t *stopped;
    int worst = EXIT_OK;
    int code = nodes_open(&nodes, cli, 0);

    if (code != EXIT_OK)
        return code;
    if (nodes.count == 0)
        output_talk(cli, "there are no nodes in %s", nodes.dir);
    stopped = json_array();
    for (size_t i = nodes.count; i > 0; i--) {
        CLEANUP(cleanup_free) char *name = NULL;

        code = down(&nodes.all[i - 1].cli, &name);
        if (code != EXIT_OK)
            worst = code;
        if (name != NULL)
            json_array_append_new(stopped, json_string(name));
    }
    if (output_is_json(cli) && worst == EXIT_OK)
        return output_json(cli, json_pack("{s:o}", "stopped", stopped));
    json_decref(stopped);
    return worst;
}
