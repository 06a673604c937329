// SPDX-License-Identifier: Apache-2.0
/* mu-registry - who is there, and what they offer (mu.registry.v1.Registry). */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "mu/registry/v1/registry.mu.h"
#include "registry/handlers.h"

static int start(void *state, struct mu_client *client, const char *state_dir)
{
    struct shell *shell = state;
    int r;

    log_open(registry_type.name); /* this program's own; libmu has opened its own */
    r = shell_open(shell, state_dir);

    if (r < 0)
        return r;
    publication_publish_own(shell);
    return registration_apply_all(shell, client);
}

static void settle(void *state)
{
    struct shell *shell = state;

    batch_settle(&shell->batch);
    watch_tell_all(shell);
}

static void drain(void *state)
{
    watch_end_all(state);
}

static void stop(void *state)
{
    struct shell *shell = state;

    watch_stop(shell);
    registration_stop(shell);
    shell_close(shell);
}

/* Takes `--backend BACKEND` off the front of the arguments. */
static bool take_backend(struct shell *shell, int *argcp, char **argv)
{
    bool etcd = *argcp >= 3 && strcmp(argv[1], "--backend") == 0;

    if (!etcd)
        return true;
    if (strcmp(argv[2], "etcd") != 0) {
        fprintf(stderr, "mu-registry: --backend %s: there is `etcd`\n", argv[2]);
        return false;
    }
    shell->etcd = true;
    *argcp -= 2;
    memmove(&argv[1], &argv[3], (size_t)*argcp * sizeof(*argv));
    return true;
}

int main(int argc, char **argv)
{
    static const struct registry_handlers handlers = {
        .register_ = registration_register,
        .deregister = registration_deregister,
        .list = lookup_list,
        .show = lookup_show,
        .describe = lookup_describe,
        .watch = watch_open,
        .publish = publication_publish,
        .announce = presence_announce,
        .renew = presence_renew,
        .attach = presence_attach,
        .detach = presence_detach,
        .reset = presence_reset,
        .import = foreign_import,
        .import_types = foreign_import_types,
    };
    static struct shell shell;
    struct mu_service service = {
        .type = &registry_type,
        .handlers = &handlers,
        .version = MU_VERSION,
        .state = &shell,
        .start = start,
        .settle = settle,
        .drain = drain,
        .stop = stop,
    };

    return take_backend(&shell, &argc, argv) ? mu_service_main(&service, argc, argv) : 100;
}
