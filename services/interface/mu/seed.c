// SPDX-License-Identifier: Apache-2.0
/* First it is registered, then kept in mind: who is interrupted in between finds it registered as
 * it is shipped, which changes nothing, and keeps it in mind then. */
#include "services/interface/mu/seed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/registry.h"
#include "services/interface/mu/shipped.h"

#define SEED_FOLDER "shipped"

enum {
    SEED_MODE = 0700,
    SEED_SIZE_MAX = 1048576, /* bytes of a packed manifest */
    SEED_PATH_MAX = PATH_MAX + sizeof(SEED_FOLDER) + MU_SERVICE_NAME_MAX + 2
};

static void seed_path(const char *state_dir, const char *service, char path[SEED_PATH_MAX])
{
    snprintf(path, SEED_PATH_MAX, "%s/" SEED_FOLDER "/%s", state_dir, service);
}

bool seed_is_known(const char *state_dir, const char *service)
{
    char path[SEED_PATH_MAX];

    seed_path(state_dir, service, path);
    return access(path, F_OK) == 0;
}

static bool seed_is_same(struct mu_bytes a, struct mu_bytes b)
{
    if (a.data == NULL || b.data == NULL)
        return a.size == 0 && b.size == 0;
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

enum seed_verdict seed_judge(
        struct mu_bytes shipped, struct mu_bytes before, struct mu_bytes registered)
{
    if (before.size != 0 && seed_is_same(shipped, before))
        return SEED_SAME;
    return seed_is_same(registered, before) || seed_is_same(registered, shipped) ? SEED_REGISTER
                                                                                 : SEED_KEEP;
}

/* The caller frees it. NULL: out of memory. */
static uint8_t *seed_pack(const Mu__Node__V1__Manifest *manifest, size_t *sizep)
{
    uint8_t *packed = malloc(mu__node__v1__manifest__get_packed_size(manifest) + 1);

    if (packed != NULL)
        *sizep = mu__node__v1__manifest__pack(manifest, packed);
    return packed;
}

/* What is registered under the name, packed; no bytes where nothing is. */
static int seed_ask(struct cli *cli, const char *name, uint8_t **packedp, size_t *sizep)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ShowReply *reply = NULL;
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    struct mu_status status;

    request.service = (char *)name;
    bus_ask(cli, "registry.Show", &request.base, &mu__registry__v1__show_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    if (status.code != MU_OK && status.code != MU_NOT_FOUND)
        return (int)failure_of_call(cli, "registry.Show", &status, bus_fix(cli, &status));
    if (reply == NULL || reply->service == NULL || reply->service->manifest == NULL)
        return EXIT_OK;
    *packedp = seed_pack(reply->service->manifest, sizep);
    return *packedp != NULL ? EXIT_OK : (int)failure_of_memory(cli);
}

static int seed_remember(
        const struct cli *cli, const char *state_dir, const char *path, struct mu_bytes shipped)
{
    char folder[PATH_MAX];
    int error;

    snprintf(folder, sizeof(folder), "%s/" SEED_FOLDER, state_dir);
    error = place_make(folder, SEED_MODE);

    if (error == 0)
        error = file_replace(path, (const char *)shipped.data, shipped.size);
    if (error < 0)
        return (int)failure_say(cli, EXIT_INTERNAL,
                "without it mu up cannot know what it registered before", "cannot write %s: %s",
                path, strerror(-error));
    return EXIT_OK;
}

static int seed_settle(struct cli *cli, const char *state_dir,
        const Mu__Node__V1__Manifest *manifest, struct mu_bytes shipped, bool *newp)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__RegisterReply *reply = NULL;
    CLEANUP(cleanup_free) uint8_t *registered = NULL;
    CLEANUP(cleanup_free) char *before = NULL;
    struct mu_bytes known[2] = { { NULL, 0 }, { NULL, 0 } };
    char path[SEED_PATH_MAX];
    int code;

    seed_path(state_dir, manifest->name, path);
    code = file_read(path, SEED_SIZE_MAX, &before, &known[0].size);
    if (code < 0 && code != -ENOENT)
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "cannot read %s: %s", path, strerror(-code));
    code = seed_ask(cli, manifest->name, &registered, &known[1].size);
    if (code != EXIT_OK)
        return code;
    known[0].data = (const uint8_t *)before;
    known[1].data = registered;
    switch (seed_judge(shipped, known[0], known[1])) {
    case SEED_SAME:
        return EXIT_OK;
    case SEED_REGISTER:
        code = registry_send(cli, manifest, &reply);
        break;
    case SEED_KEEP:
        break;
    }
    if (code != EXIT_OK)
        return code;
    *newp = reply != NULL && !reply->unchanged;
    return seed_remember(cli, state_dir, path, shipped);
}

int seed_service(
        struct cli *cli, const char *state_dir, const Mu__Node__V1__Manifest *manifest, bool *newp)
{
    struct mu_bytes shipped = { NULL, 0 };
    CLEANUP(cleanup_free) uint8_t *packed = seed_pack(manifest, &shipped.size);

    if (packed == NULL)
        return (int)failure_of_memory(cli);
    shipped.data = packed;
    return seed_settle(cli, state_dir, manifest, shipped, newp);
}

struct seed_all {
    struct cli *cli;
    const char *state_dir;
    unsigned count_new;
};

static int seed_one(const Mu__Node__V1__Manifest *manifest, void *user)
{
    struct seed_all *all = user;
    bool is_new = false;
    int code = seed_service(all->cli, all->state_dir, manifest, &is_new);

    all->count_new += is_new;
    return code;
}

int seed_shipped(struct cli *cli, const char *state_dir, unsigned *newp)
{
    struct seed_all all = { cli, state_dir, 0 };
    int code = shipped_each(cli, seed_one, &all);

    *newp = all.count_new;
    return code;
}
