// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/failure.h"
#include "mu/manifest.h"

int manifest_read(const struct cli *cli, const char *path, Mu__Node__V1__Manifest **manifestp)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    struct mu_schema_error error = { "" };
    size_t size = 0;
    int code = mu_manifest_read(path, &body, &size, &error);

    if (code == -ENOENT || code == -ENOTDIR || code == -EISDIR || code == -EACCES)
        return (int)failure_of_file(cli, path, code);
    if (code < 0)
        return (int)failure_say(cli, EXIT_USAGE,
                "see what a manifest holds: mu registry describe node.Apply", "%s",
                error.text[0] != '\0' ? error.text : strerror(-code));
    *manifestp = mu__node__v1__manifest__unpack(NULL, size, body);
    return *manifestp != NULL ? EXIT_OK : (int)failure_of_memory(cli);
}

int manifest_set_program(const struct cli *cli, Mu__Node__V1__Manifest *manifest, const char *path)
{
    char *program = realpath(path, NULL);

    if (program == NULL)
        return (int)failure_say(
                cli, EXIT_NOT_FOUND, NULL, "there is no program %s: %s", path, strerror(errno));
    if (manifest->program != protobuf_c_empty_string)
        free(manifest->program);
    manifest->program = program;
    return EXIT_OK;
}

static int manifest_is(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 8 && strcmp(entry->d_name + length - 8, ".service") == 0;
}

int manifest_list(const char *dir, struct dirent ***entriesp)
{
    int count = scandir(dir, entriesp, manifest_is, alphasort);

    return count >= 0 ? count : -errno;
}

void manifest_list_free(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

int manifest_find(const struct cli *cli, const char *dir, char path[PATH_MAX])
{
    struct dirent **entries = NULL;
    int count = manifest_list(dir, &entries);
    int code = EXIT_OK;

    if (count < 0)
        return (int)failure_say(
                cli, EXIT_NOT_FOUND, NULL, "cannot read %s: %s", dir, strerror(-count));
    if (count == 1)
        snprintf(path, PATH_MAX, "%s/%s", dir, entries[0]->d_name);
    else if (count == 0)
        code = (int)failure_say(cli, EXIT_NOT_FOUND, "make a service: mu new NAME",
                "%s holds no NAME.service", dir);
    else
        code = (int)failure_say(cli, EXIT_USAGE, "give the folder of one service",
                "%s holds %d *.service files", dir, count);
    manifest_list_free(entries, count);
    return code;
}
