// SPDX-License-Identifier: Apache-2.0
#include "client/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "mu/schema.h"
#include "transport/envelope.h"

enum { BOOTSTRAP_SIZE_MAX = 65536 }; /* bytes */

enum bootstrap_wish bootstrap_read_arguments(
        struct bootstrap *bootstrap, const struct mu_service *service, int argc, char **argv)
{
    static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { "dir", required_argument, NULL, 'd' },
        { "name", required_argument, NULL, 'n' },
        { 0 },
    };
    enum bootstrap_wish wish = BOOTSTRAP_RUN;
    int option;

    *bootstrap = (struct bootstrap){ .name = service->name != NULL ? service->name
                                                                   : service->type->name };
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'd')
            bootstrap->dir = optarg;
        else if (option == 'n')
            bootstrap->name = optarg;
        else if (option == 'h')
            wish = BOOTSTRAP_HELP;
        else if (option == 'v')
            wish = BOOTSTRAP_VERSION;
        else
            return BOOTSTRAP_WRONG;
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument \"%s\"; see --help\n", argv[0], argv[optind]);
        return BOOTSTRAP_WRONG;
    }
    return wish;
}

void bootstrap_print(
        enum bootstrap_wish wish, const struct mu_service *service, const char *program)
{
    static const char *const arrows[] = {
        [MU_UNARY] = "",
        [MU_CLIENT_STREAM] = "  (a stream in)",
        [MU_SERVER_STREAM] = "  (a stream out)",
        [MU_TWO_WAY] = "  (streams both ways)",
    };
    const struct mu_service_type *type = service->type;

    if (wish == BOOTSTRAP_VERSION) {
        printf("%s %s (mu %s)\n", type->name, service->version != NULL ? service->version : "0.0.0",
                MU_VERSION);
        return;
    }
    printf("usage: %s [--dir DIR] [--name NAME]\n\n"
           "The service %s (%s). A node runs it by itself once it is registered; by hand it\n"
           "connects to the node that is running.\n\n"
           "  --dir DIR    the node's folder, instead of the default place\n"
           "  --name NAME  the name on the bus, instead of %s\n"
           "  --version    prints the version\n"
           "  -h, --help   prints this\n\n"
           "Methods:\n",
            program, type->name, type->proto_name, type->name);
    for (size_t i = 0; i < type->method_count; i++)
        printf("  %s.%s%s\n", type->name, type->methods[i].name, arrows[type->methods[i].shape]);
}

/* Reads the word, where `fd` is a sealed memfd. `*wordp` stays NULL where it is none. */
static int bootstrap_read_word(Mu__Node__V1__Bootstrap **wordp, int fd)
{
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    struct mu_schema_error error;
    struct stat stat;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & F_SEAL_WRITE) == 0 || fstat(fd, &stat) < 0)
        return 0;
    if (stat.st_size <= 0 || stat.st_size > BOOTSTRAP_SIZE_MAX)
        return err_new(-EINVAL);
    bytes = malloc((size_t)stat.st_size);
    if (bytes == NULL)
        return err_new(-ENOMEM);
    if (pread(fd, bytes, (size_t)stat.st_size, 0) != stat.st_size)
        return err_new(-EIO);
    close(fd);
    if (mu_body_check(&mu__node__v1__bootstrap__descriptor,
                (struct mu_bytes){ bytes, (size_t)stat.st_size }, &error) < 0)
        return err_new(-EINVAL);
    *wordp = mu__node__v1__bootstrap__unpack(NULL, (size_t)stat.st_size, bytes);
    return *wordp != NULL ? 0 : err_new(-ENOMEM);
}

/* What the supervisor says wins, but for what the program knows for sure. */
static int bootstrap_obey(struct bootstrap *bootstrap, const struct mu_service *service)
{
    const Mu__Node__V1__Bootstrap *word = bootstrap->word;
    size_t size = sizeof(bootstrap->address);

    bootstrap->name = word->service;
    bootstrap->version = service->version != NULL ? service->version : word->version;
    if ((size_t)snprintf(bootstrap->address, size, "ipc://%s", word->path) >= size ||
            (size_t)snprintf(bootstrap->state_dir, sizeof(bootstrap->state_dir), "%s",
                    word->state_dir) >= sizeof(bootstrap->state_dir))
        return err_new(-ENAMETOOLONG);
    return 0;
}

static int bootstrap_look(struct bootstrap *bootstrap, const struct mu_service *service)
{
    struct place place;
    int r = place_find(&place, bootstrap->dir);

    if (r < 0)
        return err_trace(r);
    bootstrap->version = service->version;
    snprintf(bootstrap->address, sizeof(bootstrap->address), "ipc://%s", place.bus);
    snprintf(bootstrap->state_dir, sizeof(bootstrap->state_dir), "%s/by-hand/%.64s", place.state,
            bootstrap->name);
    return 0;
}

int bootstrap_find(struct bootstrap *bootstrap, const struct mu_service *service, int fd)
{
    int r = bootstrap_read_word(&bootstrap->word, fd);

    if (r == 0)
        r = bootstrap->word != NULL ? bootstrap_obey(bootstrap, service)
                                    : bootstrap_look(bootstrap, service);
    if (r < 0)
        return err_trace(r);
    if (bootstrap->version == NULL || bootstrap->version[0] == '\0')
        bootstrap->version = "0.0.0";
    if (!service_name_is_valid(
                (struct span){ (const uint8_t *)bootstrap->name, strlen(bootstrap->name) }))
        return err_new(-EINVAL);
    return 0;
}

void bootstrap_deinit(struct bootstrap *bootstrap)
{
    if (bootstrap->word != NULL)
        mu__node__v1__bootstrap__free_unpacked(bootstrap->word, NULL);
    bootstrap->word = NULL;
}
