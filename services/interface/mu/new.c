// SPDX-License-Identifier: Apache-2.0
/* mu new - a service to begin with. The files stand in skeleton/ and are part of this program;
 * `@name@` and the like in them are what is filled in. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/command.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/skeleton.h"

enum { NEW_NAME_MAX = 48 }; /* bytes with the final NUL: C names are made of it */

static const struct skeleton_file new_files[] = {
    { skeleton_proto, &skeleton_proto_size, "@file@.proto" },
    { skeleton_code, &skeleton_code_size, "@file@.c" },
    { skeleton_test, &skeleton_test_size, "@file@_test.c" },
    { skeleton_script, &skeleton_script_size, "test.sh" },
    { skeleton_manifest, &skeleton_manifest_size, "@name@.service" },
    { skeleton_cmake, &skeleton_cmake_size, "CMakeLists.txt" },
    { skeleton_readme, &skeleton_readme_size, "README.md" },
    { skeleton_ignore, &skeleton_ignore_size, ".gitignore" },
};

/* A name that serves as the service's, and in C. */
static int new_check(const struct cli *cli, const char *name)
{
    const char *fix = "begin with a lower-case letter; then letters, digits and -, as in: shop";
    bool is_good = islower((unsigned char)name[0]) != 0;

    for (const char *c = name; *c != '\0'; c++)
        is_good =
                is_good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
    is_good = is_good && strstr(name, "--") == NULL && name[strlen(name) - 1] != '-';
    if (!is_good || strlen(name) >= NEW_NAME_MAX)
        return (int)failure_say(cli, EXIT_USAGE, fix, "\"%s\" cannot be a service's name", name);
    if (builtin_find(name) != NULL || command_find(commands, name) != NULL ||
            strcmp(name, "mu") == 0 || strncmp(name, "mu-", 3) == 0)
        return (int)failure_say(
                cli, EXIT_CONFLICT, "take another", "\"%s\" is a name of Mu's own", name);
    return EXIT_OK;
}

static void new_json_free(json_t **rootp)
{
    json_decref(*rootp);
}

/* Appends to `paths` what was written. */
static int new_write(
        const struct cli *cli, const char *dir, const struct skeleton_words *words, json_t *paths)
{
    for (size_t i = 0; i < sizeof(new_files) / sizeof(new_files[0]); i++) {
        const struct skeleton_file *file = &new_files[i];
        CLEANUP(cleanup_free) char *name = skeleton_fill(file->name, strlen(file->name), words);
        CLEANUP(cleanup_free) char *text =
                skeleton_fill((const char *)file->bytes, *file->size, words);
        CLEANUP(cleanup_free) char *path = NULL;
        int error;

        if (name == NULL || text == NULL || asprintf(&path, "%s/%s", dir, name) < 0)
            return (int)failure_of_memory(cli);
        error = file_write_new(path, text, strlen(text));
        if (error < 0)
            return (int)failure_say(cli, error == -EEXIST ? EXIT_CONFLICT : EXIT_INTERNAL, NULL,
                    "cannot write %s: %s", path, strerror(-error));
        if (cli->format == OUTPUT_NAME)
            puts(path);
        else
            output_talk(cli, "  %s", path);
        json_array_append_new(paths, json_string(path));
    }
    return EXIT_OK;
}

static int new_run(struct cli *cli, const struct arguments *arguments)
{
    const char *name = arguments->words[0];
    CLEANUP(new_json_free) json_t *paths = json_array();
    struct skeleton_words words = { 0 };
    int code = new_check(cli, name);

    if (code != EXIT_OK)
        return code;
    skeleton_name(&words, name);
    if (mkdir(name, 0777) < 0)
        return (int)failure_say(cli, errno == EEXIST ? EXIT_CONFLICT : EXIT_INTERNAL,
                errno == EEXIST ? "take another name, or remove it" : NULL,
                "cannot make the folder %s: %s", name, strerror(errno));
    code = new_write(cli, name, &words, paths);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "next: mu run %s --watch      then: mu call %s.Echo text=hello", name, name);
    if (!output_is_json(cli))
        return EXIT_OK;
    return output_json(cli, json_pack("{s:s, s:O}", "service", name, "files", paths));
}

const struct command new_command = {
    .name = "new",
    .group = "Develop",
    .summary = "make a service to begin with, in folder NAME",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .details = "Writes a .proto with one method, its code, its manifest, a test and a "
               "CMakeLists.txt; it builds\n"
               "and passes its test as it is.",
    .examples =
            (const struct example[]){
                    { "mu new shop && mu run shop", "written, built and running" },
                    { NULL, NULL },
            },
    .run = new_run,
};
